//! Episodes that are truncated after a number of steps.

use crate::env::{Env, Step, forward_env};
use crate::error::EnvError;
use crate::saved_state::{decode_state, encode_state};

/// An environment whose episodes are truncated after `max_episode_steps` steps.
///
/// As in Gymnasium's `TimeLimit`, the last step that the limit allows is `truncated` even if the task ends in it. Both flags
/// are then true, and [`terminated`](Step::terminated) decides about the bootstrap.
///
/// ```
/// use agilerl_env::{Env, FrozenLake, TimeLimit};
/// let mut env = TimeLimit::new(FrozenLake::new(false), 2);
/// let mut obs = [0.0];
/// env.reset(Some(1), &mut obs);
/// assert!(!env.step(&[0], &mut obs).truncated);
/// let last = env.step(&[0], &mut obs);
/// assert!(last.truncated && !last.terminated);
/// ```
#[derive(Clone, Debug)]
pub struct TimeLimit<E> {
    env: E,
    max_episode_steps: u64,
    elapsed: u64,
}

impl<E: Env> TimeLimit<E> {
    /// Limits the episodes of `env`.
    ///
    /// # Panics
    /// If `max_episode_steps` is 0.
    pub fn new(env: E, max_episode_steps: u64) -> Self {
        assert!(max_episode_steps > 0, "an episode needs at least one step");
        Self { env, max_episode_steps, elapsed: 0 }
    }

    /// Returns the wrapped environment.
    pub fn inner(&self) -> &E {
        &self.env
    }

    /// Returns the limit.
    pub fn max_episode_steps(&self) -> u64 {
        self.max_episode_steps
    }
}

impl<E: Env> Env for TimeLimit<E> {
    type Obs = E::Obs;
    type Action = E::Action;

    forward_env!(self => self.env; name observation_space action_space action_mask);

    fn reset(&mut self, seed: Option<u64>, obs: &mut [E::Obs]) {
        self.elapsed = 0;
        self.env.reset(seed, obs);
    }

    fn step(&mut self, action: &[E::Action], obs: &mut [E::Obs]) -> Step {
        let step = self.env.step(action, obs);
        self.elapsed += 1;
        Step { truncated: step.truncated || self.elapsed >= self.max_episode_steps, ..step }
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &(self.elapsed, self.env.save()?))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (elapsed, inner): (u64, Vec<u8>) = decode_state(self.name(), state)?;
        self.env.restore(&inner)?;
        self.elapsed = elapsed;
        Ok(())
    }
}
