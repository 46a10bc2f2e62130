//! One environment, stepped by hand.

use crate::error::EnvError;
use crate::number::{ActionElement, Element};
use crate::space::Space;

/// Reward and end flags of one step of one environment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Step {
    /// Reward of the transition, in `f64` as Gymnasium computes it; memories may narrow it.
    pub reward: f64,
    /// The task ended: there is no future, so a target has no bootstrap.
    pub terminated: bool,
    /// A limit stopped the episode: the future exists, so a target keeps its bootstrap.
    pub truncated: bool,
}

impl Step {
    /// Returns whether the episode is over, for either reason.
    pub fn ended(&self) -> bool {
        self.terminated || self.truncated
    }
}

/// One environment, which owns its random generator and its whole state.
///
/// The semantics are Gymnasium's. An episode starts with [`reset`](Env::reset) and continues with [`step`](Env::step) until
/// a step is [`ended`](Step::ended); a further step is a bug of the caller. Observations are written into the caller's
/// slice, and a step allocates nothing.
///
/// A user's own environment implements the six required methods; [`check_env`](crate::check_env) checks their contract.
pub trait Env: Send {
    /// Number type of an observation.
    type Obs: Element;
    /// Number type of an action.
    type Action: ActionElement;

    /// Returns the name of the environment, Gymnasium's or the user's own: `"CartPole-v1"`.
    fn name(&self) -> &str;

    /// Returns shape and bounds of an observation. A row of a discrete space is one number, the index.
    fn observation_space(&self) -> &Space;

    /// Returns shape and bounds of an action. A row of a discrete space is one number, the choice.
    fn action_space(&self) -> &Space;

    /// Starts an episode and writes its first observation, `[observation_space().row_len()]`.
    ///
    /// `Some(seed)` starts the same episode as Gymnasium's `reset(seed=seed)`; `None` continues the sequence of the
    /// generator.
    ///
    /// # Panics
    /// If `obs` has the wrong length.
    fn reset(&mut self, seed: Option<u64>, obs: &mut [Self::Obs]);

    /// Takes one action, `[action_space().row_len()]`, and writes the observation that follows it. At the end of an episode
    /// it is the last observation of this episode, never the first of the next.
    ///
    /// # Panics
    /// If `action` or `obs` has the wrong length, if a discrete action is out of range or masked, or if no episode was
    /// started.
    fn step(&mut self, action: &[Self::Action], obs: &mut [Self::Obs]) -> Step;

    /// Returns which choices are legal now, one flag for each of the `n` discrete actions; `None` if all are at any time.
    fn action_mask(&self) -> Option<&[bool]> {
        None
    }

    /// Returns the whole state, including the generator, as bytes that [`restore`](Env::restore) of the same build reads.
    /// [`encode_state`](crate::encode_state) makes them from any value that serde can write.
    ///
    /// # Errors
    /// [`EnvError::StateNotSaved`] if this environment does not implement it, which is the default.
    fn save(&self) -> Result<Vec<u8>, EnvError> {
        Err(EnvError::StateNotSaved { env: self.name().to_owned() })
    }

    /// Restores a state from [`save`](Env::save): every later step is the step that the saved environment would take.
    ///
    /// # Errors
    /// [`EnvError::StateNotSaved`] if this environment does not implement it, [`EnvError::BadState`] if the bytes
    /// are not such a state.
    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let _ = state;
        Err(EnvError::StateNotSaved { env: self.name().to_owned() })
    }
}

/// An environment behind a pointer, with actions of `C` and observations of `O`.
pub type BoxEnv<C = u32, O = f32> = Box<dyn Env<Obs = O, Action = C>>;

impl<E: Env + ?Sized> Env for Box<E> {
    type Obs = E::Obs;
    type Action = E::Action;

    forward_env!(self => (**self); name observation_space action_space reset step action_mask save restore);
}

/// Implements the named methods of [`Env`] by those of another environment: `forward_env!(self => self.env; name reset)`.
macro_rules! forward_env {
    ($self:ident => $env:expr; $($method:ident)*) => {
        $($crate::env::forward_env!(@ $method $self $env);)*
    };
    (@ name $self:ident $env:expr) => {
        fn name(&$self) -> &str {
            $env.name()
        }
    };
    (@ observation_space $self:ident $env:expr) => {
        fn observation_space(&$self) -> &$crate::space::Space {
            $env.observation_space()
        }
    };
    (@ action_space $self:ident $env:expr) => {
        fn action_space(&$self) -> &$crate::space::Space {
            $env.action_space()
        }
    };
    (@ reset $self:ident $env:expr) => {
        fn reset(&mut $self, seed: Option<u64>, obs: &mut [Self::Obs]) {
            $env.reset(seed, obs);
        }
    };
    (@ step $self:ident $env:expr) => {
        fn step(&mut $self, action: &[Self::Action], obs: &mut [Self::Obs]) -> $crate::env::Step {
            $env.step(action, obs)
        }
    };
    (@ action_mask $self:ident $env:expr) => {
        fn action_mask(&$self) -> Option<&[bool]> {
            $env.action_mask()
        }
    };
    (@ save $self:ident $env:expr) => {
        fn save(&$self) -> Result<Vec<u8>, $crate::error::EnvError> {
            $env.save()
        }
    };
    (@ restore $self:ident $env:expr) => {
        fn restore(&mut $self, state: &[u8]) -> Result<(), $crate::error::EnvError> {
            $env.restore(state)
        }
    };
}
pub(crate) use forward_env;
