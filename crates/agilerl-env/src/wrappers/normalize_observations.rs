//! Observations of mean 0 and variance 1.

use serde::{Deserialize, Serialize};

use crate::env::{Env, Step, forward_env};
use crate::error::EnvError;
use crate::running_statistics::RunningStatistics;
use crate::saved_state::{self, decode_state, encode_state};
use crate::space::Space;
use crate::vec_env::{VecEnv, VecStep, forward_vec_env};

/// An environment whose observations are centred and scaled by the statistics of all its observations so far.
///
/// Gymnasium's `NormalizeObservation`: every observation, also that of a reset, is counted first and then normalised, and
/// the statistics persist over episodes and seeds. So one seed gives different episodes while the statistics change, which
/// [`check_env`](crate::check_env) reports; once they are [frozen](Self::set_frozen) it gives the same one.
///
/// A policy can only be used with the statistics of its training: save them with it, and evaluate it on an environment
/// with a frozen copy, as below. Where several policies meet the same environments, let each own a [`RunningStatistics`]
/// and normalise the observations itself.
///
/// ```
/// use agilerl_env::{CartPole, Env, NormalizeObservations, RunningStatistics};
/// let mut training = NormalizeObservations::new(CartPole::new());
/// let mut obs = [0.0; 4];
/// training.reset(Some(1), &mut obs);
/// training.step(&[1], &mut obs);
///
/// let mut evaluation = NormalizeObservations::new(CartPole::new());
/// evaluation.set_statistics(training.statistics().clone())?;
/// evaluation.set_frozen(true);
/// evaluation.reset(Some(2), &mut obs);
/// assert_eq!(evaluation.statistics(), training.statistics());
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
#[derive(Clone, Debug)]
pub struct NormalizeObservations<E> {
    env: E,
    space: Space,
    normalizer: Normalizer,
}

impl<E: Env<Obs = f32>> NormalizeObservations<E> {
    /// Normalises the observations of `env`, starting with empty statistics.
    ///
    /// # Panics
    /// If the observations are discrete.
    pub fn new(env: E) -> Self {
        let space = unbounded_space(env.name(), env.observation_space());
        let normalizer = Normalizer::new(space.row_len());
        Self { env, space, normalizer }
    }

    /// Returns the statistics of the observations so far.
    pub fn statistics(&self) -> &RunningStatistics {
        &self.normalizer.statistics
    }

    /// Replaces the statistics, by those of a file or another environment.
    ///
    /// # Errors
    /// [`EnvError::BadStatistics`] if they have another number of elements or impossible values.
    pub fn set_statistics(&mut self, statistics: RunningStatistics) -> Result<(), EnvError> {
        self.normalizer.set_statistics(self.env.name(), statistics)
    }

    /// Returns whether the statistics are frozen.
    pub fn is_frozen(&self) -> bool {
        self.normalizer.frozen
    }

    /// Freezes the statistics, as for an evaluation, or lets them change again. The flag is part of the saved state.
    pub fn set_frozen(&mut self, frozen: bool) {
        self.normalizer.frozen = frozen;
    }

    /// Returns the wrapped environment.
    pub fn inner(&self) -> &E {
        &self.env
    }
}

impl<E: Env<Obs = f32>> Env for NormalizeObservations<E> {
    type Obs = f32;
    type Action = E::Action;

    forward_env!(self => self.env; name action_space action_mask);

    fn observation_space(&self) -> &Space {
        &self.space
    }

    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        self.env.reset(seed, obs);
        self.normalizer.take_in(obs);
    }

    fn step(&mut self, action: &[E::Action], obs: &mut [f32]) -> Step {
        let step = self.env.step(action, obs);
        self.normalizer.take_in(obs);
        step
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &(&self.normalizer, self.env.save()?))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (normalizer, inner): (Normalizer, Vec<u8>) = decode_state(self.name(), state)?;
        normalizer.check(self.name(), state, self.space.row_len())?;
        self.env.restore(&inner)?;
        self.normalizer = normalizer;
        Ok(())
    }
}

/// [`NormalizeObservations`] for all lanes of a vector environment at once, with one set of statistics over all of
/// them.
///
/// A step counts all successors as one batch, and then the first observations of new episodes as a second one, each in the
/// order of the lanes. While no episode ends, this equals Gymnasium's vector wrapper; there a reset takes a step of its
/// own. One lane equals [`NormalizeObservations`].
///
/// ```
/// use agilerl_env::{NormalizeObservationsVec, VecEnv, make_vec};
/// let mut envs = NormalizeObservationsVec::new(make_vec::<f32, u32>("CartPole-v1", 16)?);
/// envs.reset(Some(1));
/// envs.step(&[1; 16])?;
/// assert_eq!(envs.statistics().count.round(), 32.0);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
#[derive(Clone, Debug)]
pub struct NormalizeObservationsVec<V> {
    envs: V,
    space: Space,
    normalizer: Normalizer,
    obs: Vec<f32>,
    next_obs: Vec<f32>,
}

impl<V: VecEnv<Obs = f32>> NormalizeObservationsVec<V> {
    /// Normalises the observations of `envs`, starting with empty statistics.
    ///
    /// # Panics
    /// If the observations are discrete.
    pub fn new(envs: V) -> Self {
        let space = unbounded_space(envs.name(), envs.observation_space());
        let normalizer = Normalizer::new(space.row_len());
        let rows = vec![0.0; envs.num_envs() * space.row_len()];
        Self { envs, space, normalizer, obs: rows.clone(), next_obs: rows }
    }

    /// Returns the statistics of the observations of all lanes so far.
    pub fn statistics(&self) -> &RunningStatistics {
        &self.normalizer.statistics
    }

    /// Replaces the statistics, by those of a file or another environment. [`obs`](VecEnv::obs) keeps its values.
    ///
    /// # Errors
    /// [`EnvError::BadStatistics`] if they have another number of elements or impossible values.
    pub fn set_statistics(&mut self, statistics: RunningStatistics) -> Result<(), EnvError> {
        self.normalizer.set_statistics(self.envs.name(), statistics)
    }

    /// Returns whether the statistics are frozen.
    pub fn is_frozen(&self) -> bool {
        self.normalizer.frozen
    }

    /// Freezes the statistics, as for an evaluation, or lets them change again. The flag is part of the saved state.
    pub fn set_frozen(&mut self, frozen: bool) {
        self.normalizer.frozen = frozen;
    }

    /// Returns the wrapped vector environment.
    pub fn inner(&self) -> &V {
        &self.envs
    }
}

impl<V: VecEnv<Obs = f32>> VecEnv for NormalizeObservationsVec<V> {
    type Obs = f32;
    type Action = V::Action;

    forward_vec_env!(self => self.envs; name num_envs action_space action_masks);

    fn observation_space(&self) -> &Space {
        &self.space
    }

    fn reset(&mut self, seed: Option<u64>) -> &[f32] {
        self.obs.copy_from_slice(self.envs.reset(seed));
        self.normalizer.take_in(&mut self.obs);
        &self.obs
    }

    fn reset_each(&mut self, seeds: &[u64]) -> &[f32] {
        self.obs.copy_from_slice(self.envs.reset_each(seeds));
        self.normalizer.take_in(&mut self.obs);
        &self.obs
    }

    fn obs(&self) -> &[f32] {
        &self.obs
    }

    fn step(&mut self, actions: &[V::Action]) -> Result<VecStep<'_, f32>, EnvError> {
        let step = self.envs.step(actions)?;
        let row_len = self.space.row_len();
        self.next_obs.copy_from_slice(step.next_obs);
        self.normalizer.take_in(&mut self.next_obs);
        let ended = |lane: &usize| step.terminated[*lane] || step.truncated[*lane];
        let ended_lanes = (0..step.rewards.len()).filter(ended);
        self.normalizer.count(ended_lanes.clone().map(|lane| &step.obs[lane * row_len..][..row_len]));
        // In lanes that continue, the observation to act on is the successor itself, to the last bit.
        self.obs.copy_from_slice(&self.next_obs);
        for lane in ended_lanes {
            let row = lane * row_len..(lane + 1) * row_len;
            self.obs[row.clone()].copy_from_slice(&step.obs[row.clone()]);
            self.normalizer.statistics.normalize(&mut self.obs[row]);
        }
        Ok(VecStep { obs: &self.obs, next_obs: &self.next_obs, ..step })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &(&self.normalizer, &self.obs, self.envs.save()?))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (normalizer, obs, inner): (Normalizer, Vec<f32>, Vec<u8>) = decode_state(self.name(), state)?;
        normalizer.check(self.name(), state, self.space.row_len())?;
        if obs.len() != self.obs.len() {
            let why = format!("observations of {} numbers instead of {}", obs.len(), self.obs.len());
            return Err(saved_state::bad(self.name(), state.len(), why));
        }
        self.envs.restore(&inner)?;
        // Not the wrapped observations: these were normalised by the statistics of their time.
        (self.normalizer, self.obs) = (normalizer, obs);
        Ok(())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Normalizer {
    statistics: RunningStatistics,
    frozen: bool,
}

impl Normalizer {
    fn new(elements: usize) -> Self {
        Self { statistics: RunningStatistics::new(elements), frozen: false }
    }

    /// Counts the rows as one batch and normalises them.
    fn take_in(&mut self, rows: &mut [f32]) {
        self.count(rows.chunks_exact(self.statistics.mean.len()));
        self.statistics.normalize(rows);
    }

    fn count<'a>(&mut self, rows: impl Iterator<Item = &'a [f32]> + Clone) {
        if !self.frozen {
            self.statistics.update_rows(rows);
        }
    }

    fn set_statistics(&mut self, env: &str, statistics: RunningStatistics) -> Result<(), EnvError> {
        if let Some(why) = statistics.fault(self.statistics.mean.len()) {
            return Err(EnvError::BadStatistics { env: env.to_owned(), why });
        }
        self.statistics = statistics;
        Ok(())
    }

    fn check(&self, env: &str, state: &[u8], elements: usize) -> Result<(), EnvError> {
        self.statistics.fault(elements).map_or(Ok(()), |why| Err(saved_state::bad(env, state.len(), why)))
    }
}

/// Returns the space without bounds, since the scale changes with the statistics.
fn unbounded_space(name: &str, space: &Space) -> Space {
    let Space::Box { shape, low, .. } = space else {
        panic!("{name} has discrete observations, which have no mean: make them one-hot first")
    };
    let len = low.len();
    Space::Box { shape: shape.clone(), low: vec![f32::NEG_INFINITY; len], high: vec![f32::INFINITY; len] }
}
