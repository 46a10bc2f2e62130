//! Many environments stepped together.

use crate::error::EnvError;
use crate::number::{ActionElement, Element};
use crate::space::Space;

/// What one step of all lanes returned. Row `i` of every field belongs to lane `i`.
///
/// Nothing is lost where an episode ends: `next_obs` is the true successor, the last observation of the episode,
/// while `obs` is already the first observation of the next one.
#[derive(Clone, Copy, Debug)]
pub struct VecStep<'a, O = f32> {
    /// `[lanes, row_len]`: what to act on next.
    pub obs: &'a [O],
    /// `[lanes, row_len]`: what to store and to bootstrap from. Differs from `obs` only in lanes whose episode ended.
    pub next_obs: &'a [O],
    /// `[lanes]`.
    pub rewards: &'a [f64],
    /// `[lanes]`: the task ended, the bootstrap is cut.
    pub terminated: &'a [bool],
    /// `[lanes]`: a limit stopped the episode, the bootstrap is not cut.
    pub truncated: &'a [bool],
    /// `[lanes, n]`: which choices are legal in `next_obs`, for a bootstrap that may only take the maximum over those;
    /// `None` if all always are. The masks to act with now are [`VecEnv::action_masks`].
    pub next_action_masks: Option<&'a [bool]>,
}

/// Several lanes of one environment, reset by themselves when an episode ends.
///
/// An ended lane is reset within the same step (its generator goes on), so every call of
/// [`step`](VecEnv::step) is one transition in every lane and no reset row exists that could reach a memory.
/// The same seeds and actions give the same bits whatever the number of lanes beside it or threads behind it.
pub trait VecEnv: Send {
    /// Number type of an observation.
    type Obs: Element;
    /// Number type of an action.
    type Action: ActionElement;

    /// Name of the environment in the lanes.
    fn name(&self) -> &str;

    /// Number of lanes.
    fn num_envs(&self) -> usize;

    /// Observation space of one lane.
    fn observation_space(&self) -> &Space;

    /// Action space of one lane.
    fn action_space(&self) -> &Space;

    /// Starts an episode in every lane and returns the first observations, `[lanes, row_len]`.
    ///
    /// `Some(s)` seeds lane `i` with `s + i` (wrapping), as Gymnasium does; `None` goes on from where the generators
    /// stand. A lane that panics here keeps its old observation, and the next [`step`](VecEnv::step) is the error.
    fn reset(&mut self, seed: Option<u64>) -> &[Self::Obs];

    /// Starts an episode in every lane, lane `i` with `seeds[i]`, and returns the first observations.
    ///
    /// # Panics
    /// If `seeds` does not have one entry for each lane.
    fn reset_each(&mut self, seeds: &[u64]) -> &[Self::Obs];

    /// The observations to act on, `[lanes, row_len]`, as the last reset or step left them.
    fn obs(&self) -> &[Self::Obs];

    /// Takes one action in every lane, `[lanes, action row_len]`.
    ///
    /// # Errors
    /// [`EnvError::Lane`] if an environment panicked, [`EnvError::Mask`] if its mask has another length than its choices or
    /// leaves none in a task that goes on; either names lane, seed and step (the first lane, if there are several). The
    /// other lanes have taken their step, but its outcome is lost; every further step is the same error, until a reset
    /// or a restore puts the lanes in order.
    ///
    /// # Panics
    /// If `actions` has the wrong length, or if [`reset`](VecEnv::reset) was never called.
    fn step(&mut self, actions: &[Self::Action]) -> Result<VecStep<'_, Self::Obs>, EnvError>;

    /// Which choices are legal now, `[lanes, n]`; `None` if all always are.
    fn action_masks(&self) -> Option<&[bool]> {
        None
    }

    /// The whole state of all lanes, as bytes that [`restore`](VecEnv::restore) of the same build reads back.
    ///
    /// # Errors
    /// [`EnvError::StateNotSaved`] if the environment in the lanes does not implement it; the error of the last step, if it
    /// was one.
    fn save(&self) -> Result<Vec<u8>, EnvError>;

    /// Goes back to a state from [`save`](VecEnv::save), of as many lanes.
    ///
    /// # Errors
    /// [`EnvError::StateNotSaved`] or [`EnvError::BadState`]; the lanes must then be reset before the next step.
    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError>;
}

/// A vector environment behind a pointer, with actions of `C` and observations of `O`.
pub type BoxVecEnv<C = u32, O = f32> = Box<dyn VecEnv<Obs = O, Action = C>>;

impl<V: VecEnv + ?Sized> VecEnv for Box<V> {
    type Obs = V::Obs;
    type Action = V::Action;

    forward_vec_env!(self => (**self);
        name num_envs observation_space action_space reset reset_each obs step action_masks save restore);
}

/// Implements the named methods of [`VecEnv`] by those of another vector environment, as `forward_env!` does for one.
macro_rules! forward_vec_env {
    ($self:ident => $envs:expr; $($method:ident)*) => {
        $($crate::vec_env::forward_vec_env!(@ $method $self $envs);)*
    };
    (@ name $self:ident $envs:expr) => {
        fn name(&$self) -> &str {
            $envs.name()
        }
    };
    (@ num_envs $self:ident $envs:expr) => {
        fn num_envs(&$self) -> usize {
            $envs.num_envs()
        }
    };
    (@ observation_space $self:ident $envs:expr) => {
        fn observation_space(&$self) -> &$crate::space::Space {
            $envs.observation_space()
        }
    };
    (@ action_space $self:ident $envs:expr) => {
        fn action_space(&$self) -> &$crate::space::Space {
            $envs.action_space()
        }
    };
    (@ reset $self:ident $envs:expr) => {
        fn reset(&mut $self, seed: Option<u64>) -> &[Self::Obs] {
            $envs.reset(seed)
        }
    };
    (@ reset_each $self:ident $envs:expr) => {
        fn reset_each(&mut $self, seeds: &[u64]) -> &[Self::Obs] {
            $envs.reset_each(seeds)
        }
    };
    (@ obs $self:ident $envs:expr) => {
        fn obs(&$self) -> &[Self::Obs] {
            $envs.obs()
        }
    };
    (@ step $self:ident $envs:expr) => {
        fn step(
            &mut $self,
            actions: &[Self::Action],
        ) -> Result<$crate::vec_env::VecStep<'_, Self::Obs>, $crate::error::EnvError> {
            $envs.step(actions)
        }
    };
    (@ action_masks $self:ident $envs:expr) => {
        fn action_masks(&$self) -> Option<&[bool]> {
            $envs.action_masks()
        }
    };
    (@ save $self:ident $envs:expr) => {
        fn save(&$self) -> Result<Vec<u8>, $crate::error::EnvError> {
            $envs.save()
        }
    };
    (@ restore $self:ident $envs:expr) => {
        fn restore(&mut $self, state: &[u8]) -> Result<(), $crate::error::EnvError> {
            $envs.restore(state)
        }
    };
}
pub(crate) use forward_vec_env;
