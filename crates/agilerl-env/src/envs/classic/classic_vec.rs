//! A vector environment of classic control.

use std::marker::PhantomData;

use super::{Dynamics, Inside, Outcome, decode_inside, encode_inside, refusal};
use crate::error::EnvError;
use crate::lanes::{Progress, Rows, SavedLane, SavedLanes};
use crate::numpy_rng::NumpyRng;
use crate::saved_state::{self, decode_state, encode_state};
use crate::space::Space;
use crate::vec_env::{VecEnv, VecStep};

/// A vector environment of classic control with a time limit. It has the bits and the saved states of a
/// [`SyncVec`](crate::SyncVec) of [`TimeLimit`](crate::TimeLimit) of [`Classic`](super::Classic), and is several times as
/// fast.
///
/// The numbers of a state lie in columns, 64 lanes side by side, and a step is a plain loop over them that the compiler
/// turns into vector instructions. The numbers of a lane depend neither on the number of lanes nor on
/// other lanes.
///
/// An illegal action (a choice out of range, a NaN torque) is [`EnvError::Lane`]. Then no lane has stepped, and a reset is
/// needed before the next step.
///
/// ```
/// use agilerl_env::{CartPole, VecEnv};
/// let mut envs = CartPole::lanes(1024, 500);
/// envs.reset(Some(7));
/// let step = envs.step(&[1; 1024])?;
/// assert_eq!(step.obs.len(), 1024 * 4);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
pub struct ClassicVec<D, const STATE: usize, const OBS: usize> {
    max_episode_steps: u64,
    observation_space: Space,
    action_space: Space,
    /// The state, in columns of 64 lanes. The last columns may be longer than there are lanes.
    blocks: Vec<Block<STATE>>,
    rngs: Vec<NumpyRng>,
    /// Steps of the running episode of each lane.
    steps: Vec<u64>,
    /// Seed of the last seeded reset, and episodes since.
    seeds: Vec<Option<u64>>,
    episodes: Vec<u64>,
    rows: Rows<f32>,
    started: bool,
    failure: Option<EnvError>,
    dynamics: PhantomData<D>,
}

/// One column for each number of the state.
type Block<const STATE: usize> = [[f64; WIDTH]; STATE];

/// Lanes in a block: enough to fill any vector, few enough for the block to stay in the nearest cache.
const WIDTH: usize = 64;

impl<D: Dynamics<STATE, OBS>, const STATE: usize, const OBS: usize> ClassicVec<D, STATE, OBS> {
    /// Returns `num_envs` environments. Episodes are truncated after `max_episode_steps` steps.
    ///
    /// # Panics
    /// If there is no environment or no step.
    pub fn new(num_envs: usize, max_episode_steps: u64) -> Self {
        assert!(num_envs > 0, "a vector environment needs at least one lane");
        assert!(max_episode_steps > 0, "an episode needs at least one step");
        let (observation_space, action_space) = D::spaces();
        Self {
            max_episode_steps,
            rows: Rows::new(num_envs, OBS, action_space.choices().unwrap_or(0)),
            observation_space,
            action_space,
            blocks: vec![[[0.0; WIDTH]; STATE]; num_envs.div_ceil(WIDTH)],
            rngs: vec![NumpyRng::new(0); num_envs],
            steps: vec![0; num_envs],
            seeds: vec![None; num_envs],
            episodes: vec![0; num_envs],
            started: false,
            failure: None,
            dynamics: PhantomData,
        }
    }

    fn reset_lanes(&mut self, seed: impl Fn(usize) -> Option<u64>) -> &[f32] {
        for lane in 0..self.rngs.len() {
            if let Some(seed) = seed(lane) {
                self.rngs[lane] = NumpyRng::new(seed);
                self.seeds[lane] = Some(seed);
                self.episodes[lane] = 0;
            }
            self.begin_episode(lane);
        }
        self.rows.next_obs.copy_from_slice(&self.rows.obs);
        self.started = true;
        self.failure = None;
        &self.rows.obs
    }

    /// Starts an episode with the next draws of the lane's generator.
    fn begin_episode(&mut self, lane: usize) {
        let start = D::start(&mut self.rngs[lane]);
        self.steps[lane] = 0;
        self.set_state(lane, start);
        self.rows.obs.as_chunks_mut().0[lane] = D::observe_start(start);
    }

    fn state(&self, lane: usize) -> [f64; STATE] {
        self.blocks[lane / WIDTH].map(|column| column[lane % WIDTH])
    }

    fn set_state(&mut self, lane: usize, state: [f64; STATE]) {
        for (column, value) in self.blocks[lane / WIDTH].iter_mut().zip(state) {
            column[lane % WIDTH] = value;
        }
    }

    /// Checks all actions before any lane steps.
    fn check(&self, actions: &[D::Action]) -> Result<(), EnvError> {
        // Without an early exit, so that the compiler can use vector instructions.
        if actions.iter().fold(true, |legal, &action| legal & D::is_legal(action)) {
            return Ok(());
        }
        let lane = actions.iter().position(|&action| !D::is_legal(action)).expect("one of them is not legal");
        Err(EnvError::Lane {
            env: D::NAME.to_owned(),
            lane,
            seed: self.seeds[lane],
            episode: self.episodes[lane],
            step: self.steps[lane],
            message: refusal::<D, STATE, OBS>(actions[lane]),
        })
    }

    fn step_lanes(&mut self, actions: &[D::Action]) {
        let Rows { obs, next_obs, rewards, terminated, truncated, .. } = &mut self.rows;
        let ends = rewards.chunks_mut(WIDTH).zip(terminated.chunks_mut(WIDTH));
        let rows = next_obs.as_chunks_mut().0.chunks_mut(WIDTH);
        for (((block, actions), (rewards, terminated)), rows) in
            self.blocks.iter_mut().zip(actions.chunks(WIDTH)).zip(ends).zip(rows)
        {
            advance::<D, STATE, OBS>(block, actions, rewards, terminated, rows);
        }
        obs.copy_from_slice(next_obs);
        for (steps, truncated) in self.steps.iter_mut().zip(truncated) {
            *steps += 1;
            *truncated = *steps >= self.max_episode_steps;
        }
        for lane in 0..self.steps.len() {
            if self.rows.terminated[lane] | self.rows.truncated[lane] {
                self.episodes[lane] += 1;
                // No seed: the generator continues its sequence, as in Gymnasium's autoreset.
                self.begin_episode(lane);
            }
        }
    }
}

/// One step of up to 64 lanes.
#[inline(never)]
fn advance<D: Dynamics<STATE, OBS>, const STATE: usize, const OBS: usize>(
    block: &mut Block<STATE>,
    actions: &[D::Action],
    rewards: &mut [f64],
    terminated: &mut [bool],
    rows: &mut [[f32; OBS]],
) {
    let lanes = actions.len();
    assert!(lanes <= WIDTH && rewards.len() == lanes && terminated.len() == lanes && rows.len() == lanes);
    let mut seen = [[0.0; WIDTH]; OBS];
    for lane in 0..lanes {
        let state = std::array::from_fn(|i| block[i][lane]);
        let outcome: Outcome<STATE> = D::step(state, actions[lane]);
        let obs = D::observe(outcome.state);
        for (column, value) in block.iter_mut().zip(outcome.state) {
            column[lane] = value;
        }
        for (column, value) in seen.iter_mut().zip(obs) {
            column[lane] = value;
        }
        rewards[lane] = outcome.reward;
        terminated[lane] = outcome.terminated;
    }
    // Columns into rows, in a loop of its own so that it keeps no vector of the other from being filled.
    for (lane, row) in rows.iter_mut().enumerate() {
        *row = std::array::from_fn(|i| seen[i][lane]);
    }
}

impl<D: Dynamics<STATE, OBS>, const STATE: usize, const OBS: usize> VecEnv for ClassicVec<D, STATE, OBS> {
    type Obs = f32;
    type Action = D::Action;

    fn name(&self) -> &str {
        D::NAME
    }

    fn num_envs(&self) -> usize {
        self.rngs.len()
    }

    fn observation_space(&self) -> &Space {
        &self.observation_space
    }

    fn action_space(&self) -> &Space {
        &self.action_space
    }

    fn reset(&mut self, seed: Option<u64>) -> &[f32] {
        self.reset_lanes(|lane| seed.map(|seed| seed.wrapping_add(lane as u64)))
    }

    fn reset_each(&mut self, seeds: &[u64]) -> &[f32] {
        assert_eq!(seeds.len(), self.num_envs(), "one seed for each lane");
        self.reset_lanes(|lane| Some(seeds[lane]))
    }

    fn obs(&self) -> &[f32] {
        &self.rows.obs
    }

    fn step(&mut self, actions: &[D::Action]) -> Result<VecStep<'_, f32>, EnvError> {
        assert_eq!(actions.len(), self.num_envs(), "one action row for each lane");
        assert!(self.started, "reset was never called: there is no episode to step");
        if self.failure.is_none() {
            self.failure = self.check(actions).err();
        }
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.step_lanes(actions);
        Ok(self.rows.as_step())
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let mut saved = SavedLanes::empty();
        for (lane, obs) in self.rows.obs.chunks_exact(OBS).enumerate() {
            let state = self.started.then(|| self.state(lane));
            // An ended lane has been reset within the step, so no episode is over.
            let inside = Inside { rng: self.rngs[lane].clone(), state, over: false };
            let step = self.steps[lane];
            saved.lanes.push(SavedLane {
                // As `TimeLimit` has it.
                env: encode_state(D::NAME, &(step, encode_inside(D::NAME, &inside)?))?,
                obs: obs.to_vec(),
                progress: Progress { seed: self.seeds[lane], episode: self.episodes[lane], step },
            });
        }
        saved.encode(D::NAME)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let saved = SavedLanes::<f32>::decode(D::NAME, self.num_envs(), state)?;
        // A half restored state must not be stepped.
        self.started = false;
        self.failure = None;
        let mut started = true;
        for (lane, saved) in saved.lanes.iter().enumerate() {
            let (steps, inside): (u64, Vec<u8>) = decode_state(D::NAME, &saved.env)?;
            let inside: Inside<STATE> = decode_inside(D::NAME, &inside)?;
            let Ok(obs) = <[f32; OBS]>::try_from(saved.obs.as_slice()) else {
                let why = format!("an observation of {} elements instead of {OBS}", saved.obs.len());
                return Err(saved_state::bad(D::NAME, state.len(), why));
            };
            self.rngs[lane] = inside.rng;
            match inside.state {
                Some(state) => self.set_state(lane, state),
                None => started = false,
            }
            self.steps[lane] = steps;
            (self.seeds[lane], self.episodes[lane]) = (saved.progress.seed, saved.progress.episode);
            self.rows.obs.as_chunks_mut().0[lane] = obs;
        }
        self.rows.next_obs.copy_from_slice(&self.rows.obs);
        self.started = started;
        Ok(())
    }
}
