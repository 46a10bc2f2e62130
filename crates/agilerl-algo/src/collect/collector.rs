//! Environments in the middle of their episodes.

use agilerl_buffer::{RowLayout, Stored, Transitions};
use agilerl_env::{ActionElement, BoxVecEnv, Element, Episode, EpisodeStats, VecEnv, decode_state, encode_state};
use agilerl_hpo::{BoxError, StreamRng};

use crate::agent::{ActRequest, Mode};
use crate::collect::step_check::{check_choices, check_masks, check_reset, check_step};
use crate::error::AlgoError;

/// The environments that an individual steps together, what it acts on next, and its running episodes. Everything that an
/// environment returns is checked before anyone sees it.
pub struct Collector<O: Element, C: ActionElement> {
    envs: BoxVecEnv<C, O>,
    /// Name of the environments, and the seed that they were first reset with: for errors.
    name: String,
    seed: u64,
    rows: RowLayout,
    /// The observations to act on, as they are stored; kept because a step overwrites the environments' own.
    obs: Vec<O>,
    /// The same as the agent reads them: one-hot where they are indices.
    inputs: Vec<O>,
    actions: Vec<C>,
    episodes: EpisodeStats,
}

/// The saved state of a collector: its environments, the observations to act on, and the running episodes.
type State<O> = (Vec<u8>, Vec<O>, EpisodeStats);

/// Marks the bytes of a saved collector.
const COLLECTOR: &str = "collector";

impl<O: Element + Stored, C: ActionElement> Collector<O, C> {
    /// Resets the environments with this seed: lane i gets `seed + i`.
    ///
    /// # Errors
    /// If the first observations do not fit the rows, are not finite, or leave no choice.
    pub fn new(mut envs: BoxVecEnv<C, O>, rows: RowLayout, seed: u64) -> Result<Self, AlgoError> {
        let (lanes, name) = (envs.num_envs(), envs.name().to_owned());
        let obs = envs.reset(Some(seed)).to_vec();
        check_reset(&name, &obs, &rows, lanes, seed)?;
        check_choices(&name, &obs, "first observation", &rows)?;
        let episodes = EpisodeStats::new(lanes, 1);
        check_masks(&name, envs.action_masks(), &rows, &episodes, seed)?;
        Ok(Self {
            envs,
            name,
            seed,
            rows,
            obs,
            inputs: Vec::with_capacity(lanes * rows.input_len()),
            actions: vec![C::default(); lanes * rows.action_len],
            episodes,
        })
    }

    /// Number of lanes.
    pub fn lanes(&self) -> usize {
        self.episodes.lanes()
    }

    /// Asks for an action in every lane; the answer is what the next [`step`](Self::step) does.
    pub fn request<'a>(&'a mut self, mode: Mode, rng: &'a mut StreamRng) -> ActRequest<'a, O, C> {
        let Self { envs, rows, obs, inputs, actions, .. } = self;
        inputs.clear();
        rows.put_inputs(obs, inputs);
        ActRequest { obs: inputs, masks: envs.action_masks(), mode, rng, actions }
    }

    /// Steps every lane once, gives the transitions to `take`, and returns the episodes that ended.
    ///
    /// # Errors
    /// If an environment fails, or returns something that cannot be learnt from; then `take` was not called.
    pub fn step(&mut self, take: impl FnOnce(&Transitions<'_, O, C>)) -> Result<&[Episode], AlgoError> {
        let Self { envs, name, seed, rows, obs, actions, episodes, .. } = self;
        let step = envs.step(actions)?;
        check_step(name, &step, rows, episodes, *seed)?;
        check_choices(name, step.next_obs, "observation", rows)?;
        check_choices(name, step.obs, "first observation after a reset", rows)?;
        take(&Transitions {
            obs,
            actions,
            rewards: step.rewards,
            // The true successor, not the first observation of the next episode: bootstrapping needs s'.
            next_obs: step.next_obs,
            terminated: step.terminated,
            truncated: step.truncated,
            next_masks: step.next_action_masks,
        });
        episodes.record(&step);
        obs.copy_from_slice(step.obs);
        check_masks(name, envs.action_masks(), rows, episodes, *seed)?;
        Ok(episodes.ended())
    }

    /// The state between two steps.
    ///
    /// # Errors
    /// If an environment cannot be saved.
    pub fn save(&self) -> Result<Vec<u8>, BoxError> {
        let state: State<O> = (self.envs.save()?, self.obs.clone(), self.episodes.clone());
        Ok(encode_state(COLLECTOR, &state)?)
    }

    /// Goes on from a state of [`save`](Self::save).
    ///
    /// # Errors
    /// If the bytes are no state of such lanes.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), BoxError> {
        let (envs, obs, episodes): State<O> = decode_state(COLLECTOR, bytes)?;
        if obs.len() != self.obs.len() || episodes.lanes() != self.lanes() || self.rows.no_choice(&obs).is_some() {
            let (found, expected) = (obs.len(), self.obs.len());
            return Err(format!("a slot of other lanes: it acts on {found} numbers, and these on {expected}").into());
        }
        self.envs.restore(&envs)?;
        (self.obs, self.episodes) = (obs, episodes);
        Ok(())
    }
}
