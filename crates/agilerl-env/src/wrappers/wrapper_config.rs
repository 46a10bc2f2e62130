//! Wrappers that a configuration names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::frame_stack::{FrameStack, FrameStackVec};
use super::reward_transform::{RewardTransform, RewardTransformVec};
use crate::env::BoxEnv;
use crate::error::EnvError;
use crate::number::{ActionElement, Element};
#[cfg(feature = "render")]
use crate::render::BoxRenderEnv;
use crate::space::Space;
use crate::vec_env::BoxVecEnv;

/// A wrapper as a setting: a table whose `kind` names it. A list of them is applied in its order, the first one innermost.
///
/// ```
/// use agilerl_env::{VecEnv, WrapperConfig, make_vec, wrap_vec_env};
/// let wrappers = [WrapperConfig::FrameStack { frames: 4 }, WrapperConfig::RewardClip { low: -1.0, high: 1.0 }];
/// let mut envs = wrap_vec_env(make_vec::<u8, u32>("MinAtar/Breakout-v1", 16)?, &wrappers)?;
/// assert_eq!(envs.reset(Some(1)).len(), 16 * 4 * 400);
/// let toml_or_json = serde_json::to_string(&wrappers[0]).unwrap();
/// assert_eq!(toml_or_json, r#"{"kind":"frame_stack","frames":4}"#);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum WrapperConfig {
    /// Shows the last observations, oldest first: a [`FrameStack`]. Images `[channels, height, width]` are stacked along the
    /// channels, other observations along a new first axis.
    FrameStack {
        /// Number of observations, 1 to 256.
        frames: usize,
    },
    /// Multiplies the rewards: [`RewardTransform::scale`].
    RewardScale {
        /// The factor, above 0.
        factor: f64,
    },
    /// Moves rewards to the nearest number within bounds: [`RewardTransform::clip`].
    RewardClip {
        /// Lower bound; may be infinite.
        low: f64,
        /// Upper bound, above the lower one; may be infinite.
        high: f64,
    },
}

impl WrapperConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`EnvError::Config`], which names the setting, its value and its range.
    pub fn validate(&self) -> Result<(), EnvError> {
        let out_of_range = |field: &str, value: String, expected: &str| {
            Err(EnvError::Config { field: field.to_owned(), value, expected: expected.to_owned() })
        };
        match *self {
            Self::FrameStack { frames } if !(1..=256).contains(&frames) => {
                out_of_range("frame_stack.frames", frames.to_string(), "from 1 to 256")
            }
            Self::RewardScale { factor } if !(factor.is_finite() && factor > 0.0) => {
                out_of_range("reward_scale.factor", factor.to_string(), "a number above 0")
            }
            Self::RewardClip { low, .. } if low.is_nan() => {
                out_of_range("reward_clip.low", low.to_string(), "a number")
            }
            Self::RewardClip { low, high } if high.is_nan() || high <= low => {
                out_of_range("reward_clip.high", high.to_string(), &format!("above reward_clip.low, which is {low}"))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether the wrapper changes rewards. Leave such wrappers out where returns are compared: fitness is the
    /// return of the environment itself.
    pub fn changes_rewards(&self) -> bool {
        match self {
            Self::RewardScale { .. } | Self::RewardClip { .. } => true,
            Self::FrameStack { .. } => false,
        }
    }

    /// Returns whether the wrapper changes observations, the input of a policy. A policy must be evaluated with
    /// the wrappers of this kind that it was trained with.
    pub fn changes_observations(&self) -> bool {
        match self {
            Self::FrameStack { .. } => true,
            Self::RewardScale { .. } | Self::RewardClip { .. } => false,
        }
    }

    /// Checks the settings, and whether observations of this space can be wrapped.
    fn check(&self, env: &str, observations: &Space) -> Result<(), EnvError> {
        self.validate()?;
        match (self, observations) {
            (Self::FrameStack { .. }, Space::Discrete { .. }) => Err(EnvError::DiscreteFrames { name: env.to_owned() }),
            _ => Ok(()),
        }
    }
}

/// Wraps an environment in all of `wrappers`, the first one innermost.
///
/// ```
/// use agilerl_env::{Env, WrapperConfig, make, wrap_env};
/// let wrappers = [WrapperConfig::FrameStack { frames: 3 }, WrapperConfig::RewardScale { factor: 0.1 }];
/// // An evaluation keeps the observations of training and the rewards of the environment.
/// let evaluated = wrappers.iter().filter(|wrapper| !wrapper.changes_rewards());
/// let mut env = wrap_env(make::<f32, u32>("CartPole-v1")?, evaluated)?;
/// let mut obs = [0.0; 3 * 4];
/// env.reset(Some(1), &mut obs);
/// assert_eq!(env.step(&[1], &mut obs).reward, 1.0);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
///
/// # Errors
/// [`EnvError::Config`] for a setting out of its range, [`EnvError::DiscreteFrames`] for a frame stack of discrete
/// observations.
pub fn wrap_env<'a, O: Element, C: ActionElement>(
    env: BoxEnv<C, O>,
    wrappers: impl IntoIterator<Item = &'a WrapperConfig>,
) -> Result<BoxEnv<C, O>, EnvError> {
    wrappers.into_iter().try_fold(env, |env, wrapper| wrapped!(wrapper, env, BoxEnv<C, O>, FrameStack, RewardTransform))
}

/// Wraps a vector environment in all of `wrappers`: the bits of [`wrap_env`] in every lane.
///
/// # Errors
/// As [`wrap_env`].
pub fn wrap_vec_env<'a, O: Element, C: ActionElement>(
    envs: BoxVecEnv<C, O>,
    wrappers: impl IntoIterator<Item = &'a WrapperConfig>,
) -> Result<BoxVecEnv<C, O>, EnvError> {
    wrappers
        .into_iter()
        .try_fold(envs, |envs, wrapper| wrapped!(wrapper, envs, BoxVecEnv<C, O>, FrameStackVec, RewardTransformVec))
}

/// [`wrap_env`] for an environment with a picture, which stays as it is.
///
/// # Errors
/// As [`wrap_env`].
#[cfg(feature = "render")]
pub fn wrap_rendered<'a, O: Element, C: ActionElement>(
    env: BoxRenderEnv<C, O>,
    wrappers: impl IntoIterator<Item = &'a WrapperConfig>,
) -> Result<BoxRenderEnv<C, O>, EnvError> {
    wrappers
        .into_iter()
        .try_fold(env, |env, wrapper| wrapped!(wrapper, env, BoxRenderEnv<C, O>, FrameStack, RewardTransform))
}

/// Puts an environment or a vector environment of type `$whole` into one wrapper.
macro_rules! wrapped {
    ($wrapper:expr, $env:expr, $whole:ty, $frame_stack:ident, $reward_transform:ident) => {{
        $wrapper.check($env.name(), $env.observation_space())?;
        let is_image = matches!($env.observation_space(), Space::Box { shape, .. } if shape.len() == 3);
        let wrapped: $whole = match *$wrapper {
            WrapperConfig::FrameStack { frames } if is_image => Box::new($frame_stack::along_channels($env, frames)),
            WrapperConfig::FrameStack { frames } => Box::new($frame_stack::new($env, frames)),
            WrapperConfig::RewardScale { factor } => Box::new($reward_transform::scale($env, factor)),
            WrapperConfig::RewardClip { low, high } => Box::new($reward_transform::clip($env, low, high)),
        };
        Ok(wrapped)
    }};
}
use wrapped;
