//! Several environments stepped together.

use crate::error::EnvError;
use crate::number::{ActionElement, Element};
use crate::space::Space;

/// The result of one step of all lanes. Row `i` of every field belongs to lane `i`.
///
/// When an episode ends, `next_obs` is the true successor, the last observation of that episode, while `obs` is already
/// the first observation of the next one.
#[derive(Clone, Copy, Debug)]
pub struct VecStep<'a, O = f32> {
    /// `[lanes, row_len]`: the observations to act on next.
    pub obs: &'a [O],
    /// `[lanes, row_len]`: the successors, to be stored and bootstrapped from. They differ from `obs` only in lanes whose
    /// episode ended.
    pub next_obs: &'a [O],
    /// `[lanes]`: the rewards of the step.
    pub rewards: &'a [f64],
    /// `[lanes]`: the task ended, so a target has no bootstrap.
    pub terminated: &'a [bool],
    /// `[lanes]`: a limit stopped the episode, so a target keeps its bootstrap.
    pub truncated: &'a [bool],
    /// `[lanes, n]`: which choices are legal in `next_obs`, for a bootstrap that takes the maximum over legal choices only;
    /// `None` if all are at any time. The masks of `obs` are [`VecEnv::action_masks`].
    pub next_action_masks: Option<&'a [bool]>,
}

/// Several environments of one kind, called lanes, which reset themselves when an episode ends.
///
/// An ended lane is reset within the same step, and its generator continues its sequence. So every call of
/// [`step`](VecEnv::step) is one transition in every lane, and the row of a reset is never a transition. The same seeds and
/// actions give the same bits in a lane, for any number of lanes and of threads.
pub trait VecEnv: Send {
    /// Number type of an observation.
    type Obs: Element;
    /// Number type of an action.
    type Action: ActionElement;

    /// Returns the name of the environment in the lanes.
    fn name(&self) -> &str;

    /// Returns the number of lanes.
    fn num_envs(&self) -> usize;

    /// Returns the observation space of one lane.
    fn observation_space(&self) -> &Space;

    /// Returns the action space of one lane.
    fn action_space(&self) -> &Space;

    /// Starts an episode in every lane and returns the first observations, `[lanes, row_len]`.
    ///
    /// `Some(s)` seeds lane `i` with `s + i` (wrapping), as Gymnasium does; `None` continues the sequences of the generators.
    /// If a lane panics, it keeps its old observation, and the next [`step`](VecEnv::step) returns the error.
    fn reset(&mut self, seed: Option<u64>) -> &[Self::Obs];

    /// Starts an episode in every lane, lane `i` with `seeds[i]`, and returns the first observations.
    ///
    /// # Panics
    /// If `seeds` does not have one entry for each lane.
    fn reset_each(&mut self, seeds: &[u64]) -> &[Self::Obs];

    /// Returns the observations to act on, `[lanes, row_len]`, of the last reset or step.
    fn obs(&self) -> &[Self::Obs];

    /// Takes one action in every lane, `[lanes, action row_len]`.
    ///
    /// # Errors
    /// [`EnvError::Lane`] if an environment panicked; [`EnvError::Mask`] if a mask does not have one flag for each choice, or
    /// leaves no choice in a task that continues. Both name lane, seed and step, of the first lane if there are several. The
    /// other lanes have taken their step, but its result is lost. Every further step returns the same error until a reset
    /// or a restore.
    ///
    /// # Panics
    /// If `actions` has the wrong length, or if [`reset`](VecEnv::reset) was never called.
    fn step(&mut self, actions: &[Self::Action]) -> Result<VecStep<'_, Self::Obs>, EnvError>;

    /// Returns which choices are legal now, `[lanes, n]`; `None` if all are at any time.
    fn action_masks(&self) -> Option<&[bool]> {
        None
    }

    /// Returns the whole state of all lanes as bytes that [`restore`](VecEnv::restore) of the same build reads.
    ///
    /// # Errors
    /// [`EnvError::StateNotSaved`] if the environment in the lanes does not implement it; the error of the last step if it
    /// failed.
    fn save(&self) -> Result<Vec<u8>, EnvError>;

    /// Restores a state from [`save`](VecEnv::save) of the same number of lanes.
    ///
    /// # Errors
    /// [`EnvError::StateNotSaved`] or [`EnvError::BadState`]; after an error the lanes must be reset before the next step.
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
