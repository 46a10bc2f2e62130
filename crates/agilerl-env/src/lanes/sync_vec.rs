//! A vector environment on the caller's thread.

use super::{Lanes, SavedLanes};
use crate::env::Env;
use crate::error::EnvError;
use crate::space::Space;
use crate::vec_env::{VecEnv, VecStep};

/// A vector environment that steps its lanes one after another, on the caller's thread.
///
/// Use it where individuals already train in parallel, and where a step takes less than a few microseconds. A step
/// allocates nothing.
///
/// A panic of an environment becomes [`EnvError::Lane`] and prints nothing (see [`catch_panic`](crate::catch_panic)). A
/// program built with `panic = "abort"` ends.
///
/// ```
/// use agilerl_env::{CartPole, SyncVec, VecEnv};
/// let mut envs = SyncVec::from_fn(3, |_lane| CartPole::new());
/// envs.reset(Some(7)); // lanes 0, 1, 2 begin Gymnasium's episodes of seeds 7, 8, 9
/// let step = envs.step(&[0, 1, 1])?;
/// assert_eq!(step.obs.len(), 3 * 4);
/// assert_eq!(step.rewards, [1.0, 1.0, 1.0]);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
pub struct SyncVec<E: Env> {
    lanes: Lanes<E>,
}

impl<E: Env> SyncVec<E> {
    /// Returns a vector environment with one lane for each of `envs`, in their order.
    ///
    /// # Panics
    /// If `envs` is empty, or if their spaces differ.
    pub fn new(envs: Vec<E>) -> Self {
        Self { lanes: Lanes::new(envs, 0) }
    }

    /// Returns a vector environment of `lanes` lanes. `build` makes an environment from the index of its lane.
    ///
    /// # Panics
    /// If `lanes` is 0, or if their spaces differ.
    pub fn from_fn(lanes: usize, build: impl FnMut(usize) -> E) -> Self {
        Self::new((0..lanes).map(build).collect())
    }
}

impl<E: Env> VecEnv for SyncVec<E> {
    type Obs = E::Obs;
    type Action = E::Action;

    fn name(&self) -> &str {
        self.lanes.env().name()
    }

    fn num_envs(&self) -> usize {
        self.lanes.len()
    }

    fn observation_space(&self) -> &Space {
        self.lanes.env().observation_space()
    }

    fn action_space(&self) -> &Space {
        self.lanes.env().action_space()
    }

    fn reset(&mut self, seed: Option<u64>) -> &[E::Obs] {
        self.lanes.reset(|lane| seed.map(|seed| seed.wrapping_add(lane as u64)));
        self.obs()
    }

    fn reset_each(&mut self, seeds: &[u64]) -> &[E::Obs] {
        assert_eq!(seeds.len(), self.num_envs(), "one seed for each lane");
        self.lanes.reset(|lane| Some(seeds[lane]));
        self.obs()
    }

    fn obs(&self) -> &[E::Obs] {
        &self.lanes.rows.obs
    }

    fn step(&mut self, actions: &[E::Action]) -> Result<VecStep<'_, E::Obs>, EnvError> {
        assert_eq!(actions.len(), self.lanes.actions.len(), "one action row for each lane");
        if self.lanes.failure().is_none() {
            self.lanes.actions.copy_from_slice(actions);
            self.lanes.step();
        }
        match self.lanes.failure() {
            Some(failure) => Err(failure.clone()),
            None => Ok(self.lanes.rows.as_step()),
        }
    }

    fn action_masks(&self) -> Option<&[bool]> {
        self.lanes.rows.masks()
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        let mut saved = SavedLanes::empty();
        self.lanes.save(&mut saved)?;
        saved.encode(self.name())
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let saved = SavedLanes::decode(self.name(), self.num_envs(), state)?;
        self.lanes.restore(&saved)
    }
}
