//! A vector environment of landers.

use std::marker::PhantomData;

use pulp::Arch;
use serde::{Deserialize, Serialize};

use super::side_by_side::{SideBySide, WORLDS};
use super::{Engines, LanderAction, LanderOptions, OBS_LEN, State, observation_space};
use crate::error::EnvError;
use crate::lanes::Rows;
use crate::saved_state::{self, decode_state, encode_state};
use crate::space::Space;
use crate::vec_env::{VecEnv, VecStep};

/// A vector environment of landers with a time limit, with the bits of a [`SyncVec`](crate::SyncVec) of
/// [`TimeLimit`](crate::TimeLimit) of [`Lander`](super::Lander), several times as fast.
///
/// Sixteen worlds at a time are solved side by side, so that the processor's vectors are full; a number of lanes that
/// is a multiple of 16 uses them best. The numbers of a lane depend neither on the number of lanes nor on other lanes.
///
/// An illegal action (a choice above 3, a NaN throttle) is [`EnvError::Lane`]. Then no lane has stepped, and a reset is
/// needed before the next step.
///
/// ```
/// use agilerl_env::{LanderOptions, LanderVec, VecEnv};
/// let mut envs = LanderVec::<u32>::new(32, LanderOptions::default(), 1000);
/// envs.reset(Some(7));
/// let step = envs.step(&[2; 32])?;
/// assert_eq!(step.obs.len(), 32 * 8);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
pub struct LanderVec<A> {
    options: LanderOptions,
    max_episode_steps: u64,
    observation_space: Space,
    action_space: Space,
    states: Vec<State>,
    progress: Vec<Progress>,
    rows: Rows<f32>,
    /// The engines that the actions of this step fire.
    engines: Vec<Engines>,
    solver: Box<SideBySide>,
    started: bool,
    failure: Option<EnvError>,
    action: PhantomData<A>,
}

/// Position of a lane in its episodes.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Progress {
    seed: Option<u64>,
    /// Episodes since that seed, and steps of this one.
    episode: u64,
    step: u64,
}

/// The saved state.
#[derive(Serialize, Deserialize)]
struct Saved {
    states: Vec<State>,
    progress: Vec<Progress>,
    obs: Vec<f32>,
}

impl<A: LanderAction> LanderVec<A> {
    /// Returns `num_envs` landers. Episodes are truncated after `max_episode_steps` steps (Gymnasium: 1000).
    ///
    /// # Panics
    /// If there is no lander or no step, or as [`Lander::new`](super::Lander::new) does.
    pub fn new(num_envs: usize, options: LanderOptions, max_episode_steps: u64) -> Self {
        Self::on(Arch::new(), num_envs, options, max_episode_steps)
    }

    /// On the vectors of `arch`; all give the same bits.
    fn on(arch: Arch, num_envs: usize, options: LanderOptions, max_episode_steps: u64) -> Self {
        assert!(num_envs > 0, "a vector environment needs at least one lane");
        assert!(max_episode_steps > 0, "an episode needs at least one step");
        options.check();
        let action_space = A::space();
        Self {
            options,
            max_episode_steps,
            observation_space: observation_space(),
            states: vec![State::new(); num_envs],
            progress: vec![Progress::default(); num_envs],
            rows: Rows::new(num_envs, OBS_LEN, action_space.choices().unwrap_or(0)),
            action_space,
            engines: vec![Engines::OFF; num_envs],
            solver: Box::new(SideBySide::new(arch)),
            started: false,
            failure: None,
            action: PhantomData,
        }
    }

    fn reset_lanes(&mut self, seed: impl Fn(usize) -> Option<u64>) -> &[f32] {
        for (lane, state) in self.states.iter_mut().enumerate() {
            let seed = seed(lane);
            match seed {
                Some(_) => self.progress[lane] = Progress { seed, ..Progress::default() },
                None => self.progress[lane].step = 0,
            }
            state.reset(&self.options, seed, row(&mut self.rows.obs, lane));
        }
        self.rows.next_obs.copy_from_slice(&self.rows.obs);
        self.started = true;
        self.failure = None;
        &self.rows.obs
    }

    /// Reads all actions before any lane steps.
    fn read(&mut self, actions: &[A]) -> Result<(), EnvError> {
        let len = self.action_space.row_len();
        assert_eq!(actions.len(), self.states.len() * len, "one action row for each lane");
        for (lane, action) in actions.chunks_exact(len).enumerate() {
            self.engines[lane] = A::engines(action).map_err(|message| {
                let Progress { seed, episode, step } = self.progress[lane];
                EnvError::Lane { env: A::NAME.to_owned(), lane, seed, episode, step, message }
            })?;
        }
        Ok(())
    }

    fn step_lanes(&mut self) {
        for (state, &engines) in self.states.iter_mut().zip(&self.engines) {
            state.act(&self.options, engines);
        }
        for group in self.states.chunks_mut(WORLDS) {
            self.solver.step(group, State::world);
        }
        let Rows { obs, next_obs, rewards, terminated, truncated, .. } = &mut self.rows;
        for (lane, state) in self.states.iter_mut().enumerate() {
            let progress = &mut self.progress[lane];
            let (obs, next_obs) = (row(obs, lane), row(next_obs, lane));
            let step = state.outcome(self.engines[lane], next_obs);
            progress.step += 1;
            rewards[lane] = step.reward;
            terminated[lane] = step.terminated;
            truncated[lane] = progress.step == self.max_episode_steps;
            if terminated[lane] || truncated[lane] {
                progress.episode += 1;
                progress.step = 0;
                // No seed: the generator continues its sequence, as in Gymnasium's autoreset.
                state.reset(&self.options, None, obs);
            } else {
                obs.copy_from_slice(next_obs);
            }
        }
    }
}

impl<A: LanderAction> VecEnv for LanderVec<A> {
    type Obs = f32;
    type Action = A;

    fn name(&self) -> &str {
        A::NAME
    }

    fn num_envs(&self) -> usize {
        self.states.len()
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

    fn step(&mut self, actions: &[A]) -> Result<VecStep<'_, f32>, EnvError> {
        assert!(self.started, "reset was never called: there is no episode to step");
        if self.failure.is_none() {
            self.failure = self.read(actions).err();
        }
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.step_lanes();
        Ok(self.rows.as_step())
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let saved = Saved { states: self.states.clone(), progress: self.progress.clone(), obs: self.rows.obs.clone() };
        encode_state(A::NAME, &saved)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let saved: Saved = decode_state(A::NAME, state)?;
        let lanes = self.num_envs();
        if (saved.states.len(), saved.progress.len(), saved.obs.len()) != (lanes, lanes, lanes * OBS_LEN) {
            let why = format!("{} lanes instead of {lanes}", saved.states.len());
            return Err(saved_state::bad(A::NAME, state.len(), why));
        }
        self.started = saved.states.iter().all(|state| state.world.is_some());
        self.states = saved.states;
        self.progress = saved.progress;
        self.rows.obs.copy_from_slice(&saved.obs);
        self.rows.next_obs.copy_from_slice(&saved.obs);
        self.failure = None;
        Ok(())
    }
}

fn row(rows: &mut [f32], lane: usize) -> &mut [f32] {
    &mut rows[lane * OBS_LEN..][..OBS_LEN]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numpy_rng::NumpyRng;

    /// Flight, impacts, landings and sleep on every kind of vectors that this processor has, and on none. The saved
    /// states hold every number of every world.
    #[test]
    fn the_processors_vectors_change_no_bit() {
        #[cfg(target_arch = "x86_64")]
        let others = pulp::x86::V3::try_new().map(Arch::V3).into_iter().chain([Arch::Scalar]);
        #[cfg(not(target_arch = "x86_64"))]
        let others = [Arch::Scalar].into_iter();
        let with = |arch| LanderVec::<u32>::on(arch, 21, LanderOptions::default(), 400);
        let (mut widest, mut others) = (with(Arch::new()), others.map(with).collect::<Vec<_>>());
        widest.reset(Some(3));
        for other in &mut others {
            other.reset(Some(3));
        }
        let mut noise = NumpyRng::new(1);
        let mut landed = 0;
        for t in 0..1200 {
            // Brakes the fall and keeps upright, more or less.
            let mut policy = |&[_, y, _, vy, angle, spin, ..]: &[f32; 8]| match angle + spin {
                _ if noise.random() < 0.1 => noise.integers(0, 4) as u32,
                _ if vy < -0.1 - 0.3 * y.max(0.0) => 2,
                tilt if tilt > 0.1 => 3,
                tilt if tilt < -0.1 => 1,
                _ => 0,
            };
            let actions: Vec<u32> = widest.obs().as_chunks().0.iter().map(&mut policy).collect();
            landed += widest.step(&actions).unwrap().rewards.iter().filter(|&&reward| reward == 100.0).count();
            for other in &mut others {
                other.step(&actions).unwrap();
                assert!(other.save().unwrap() == widest.save().unwrap(), "step {t}");
            }
        }
        assert!(landed > 0);
    }
}
