//! Scaled or clipped rewards.

use crate::env::{Env, Step, forward_env};
use crate::error::EnvError;
use crate::vec_env::{VecEnv, VecStep, forward_vec_env};

/// An environment whose rewards are scaled or clipped, for a learner that needs another range of rewards.
///
/// This changes the task. Evaluate without the wrapper, because returns are comparable only on the rewards of the
/// environment itself. Gymnasium's `TransformReward` and `ClipReward`.
///
/// ```
/// use agilerl_env::{CliffWalking, Env, RewardTransform};
/// let env = RewardTransform::scale(CliffWalking::new(false), 0.1);
/// let mut env = RewardTransform::clip(env, -1.0, 1.0);
/// let mut obs = [0.0];
/// env.reset(Some(1), &mut obs);
/// assert_eq!(env.step(&[0], &mut obs).reward, -0.1);      // up, at -1 a step
/// assert_eq!(env.step(&[2], &mut obs).reward, -0.1);      // and down again
/// assert_eq!(env.step(&[1], &mut obs).reward, -1.0);      // -100 over the cliff, -10 scaled
/// ```
#[derive(Clone, Debug)]
pub struct RewardTransform<E> {
    env: E,
    transform: Transform,
}

impl<E: Env> RewardTransform<E> {
    /// Multiplies the rewards by `factor`.
    ///
    /// # Panics
    /// If `factor` is not finite.
    pub fn scale(env: E, factor: f64) -> Self {
        Self { env, transform: Transform::scale(factor) }
    }

    /// Replaces rewards outside of `low..=high` by the nearer bound. A bound may be infinite.
    ///
    /// # Panics
    /// If `low` is above `high`, or one of them is not a number.
    pub fn clip(env: E, low: f64, high: f64) -> Self {
        Self { env, transform: Transform::clip(low, high) }
    }

    /// Returns the wrapped environment.
    pub fn inner(&self) -> &E {
        &self.env
    }
}

impl<E: Env> Env for RewardTransform<E> {
    type Obs = E::Obs;
    type Action = E::Action;

    forward_env!(self => self.env; name observation_space action_space reset action_mask save restore);

    fn step(&mut self, action: &[E::Action], obs: &mut [E::Obs]) -> Step {
        let step = self.env.step(action, obs);
        Step { reward: self.transform.apply(step.reward), ..step }
    }
}

/// [`RewardTransform`] for all lanes of a vector environment at once.
///
/// [`EpisodeStats`](crate::EpisodeStats) of its steps add up the changed rewards.
///
/// ```
/// use agilerl_env::{RewardTransformVec, VecEnv, make_vec};
/// let mut envs = RewardTransformVec::scale(make_vec::<f32, u32>("MountainCar-v0", 2)?, 0.01);
/// envs.reset(Some(1));
/// assert_eq!(envs.step(&[0, 2])?.rewards, [-0.01, -0.01]);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RewardTransformVec<V> {
    envs: V,
    transform: Transform,
    rewards: Vec<f64>,
}

impl<V: VecEnv> RewardTransformVec<V> {
    /// Multiplies the rewards by `factor`.
    ///
    /// # Panics
    /// If `factor` is not finite.
    pub fn scale(envs: V, factor: f64) -> Self {
        Self::with_transform(envs, Transform::scale(factor))
    }

    /// Replaces rewards outside of `low..=high` by the nearer bound. A bound may be infinite.
    ///
    /// # Panics
    /// If `low` is above `high`, or one of them is not a number.
    pub fn clip(envs: V, low: f64, high: f64) -> Self {
        Self::with_transform(envs, Transform::clip(low, high))
    }

    fn with_transform(envs: V, transform: Transform) -> Self {
        let rewards = vec![0.0; envs.num_envs()];
        Self { envs, transform, rewards }
    }

    /// Returns the wrapped vector environment.
    pub fn inner(&self) -> &V {
        &self.envs
    }
}

impl<V: VecEnv> VecEnv for RewardTransformVec<V> {
    type Obs = V::Obs;
    type Action = V::Action;

    forward_vec_env!(self => self.envs; name num_envs observation_space action_space reset reset_each obs action_masks save restore);

    fn step(&mut self, actions: &[V::Action]) -> Result<VecStep<'_, V::Obs>, EnvError> {
        let step = self.envs.step(actions)?;
        for (reward, &original) in self.rewards.iter_mut().zip(step.rewards) {
            *reward = self.transform.apply(original);
        }
        Ok(VecStep { rewards: &self.rewards, ..step })
    }
}

#[derive(Clone, Copy, Debug)]
enum Transform {
    Scale { factor: f64 },
    Clip { low: f64, high: f64 },
}

impl Transform {
    fn scale(factor: f64) -> Self {
        assert!(factor.is_finite(), "rewards cannot be scaled by {factor}");
        Self::Scale { factor }
    }

    fn clip(low: f64, high: f64) -> Self {
        assert!(low <= high, "rewards cannot be clipped to {low}..={high}");
        Self::Clip { low, high }
    }

    fn apply(self, reward: f64) -> f64 {
        match self {
            Self::Scale { factor } => reward * factor,
            Self::Clip { low, high } => reward.clamp(low, high),
        }
    }
}
