//! The numbers that observations and actions are made of.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A number of an observation or an action: plain data that can be sent, saved and compared with bounds.
pub trait Number:
    Copy + Default + PartialEq + Send + Sync + std::fmt::Debug + Serialize + DeserializeOwned + 'static
{
    /// Returns the same number as `f64`, which holds every number of these types exactly.
    fn to_f64(self) -> f64;

    /// Returns the nearest number of this type.
    fn from_f64(value: f64) -> Self;
}

/// A number of an observation: `f32` for rows of features, `u8` for pixels.
pub trait Element: Number {
    /// The kind of observations that consist of these numbers.
    const OBSERVATIONS: Observations;
}

/// A number of an action: `u32` for a choice among `n`, `f32` for a component of a vector.
///
/// It is an associated type of the environment, so that an agent which chooses among `n` cannot be built for an
/// environment that takes a torque.
pub trait ActionElement: Number {
    /// The kind of actions that consist of these numbers.
    const ACTIONS: Actions;
}

/// Kind of an environment's observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observations {
    /// A row of `f32` numbers; a discrete observation is one number, its index.
    Numbers,
    /// Channels of `u8` pixels.
    Pixels,
}

/// Kind of an environment's actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actions {
    /// A choice among `n`, a `u32`.
    Choice,
    /// A vector of `f32` numbers.
    Continuous,
}

impl Element for f32 {
    const OBSERVATIONS: Observations = Observations::Numbers;
}

impl Element for u8 {
    const OBSERVATIONS: Observations = Observations::Pixels;
}

impl ActionElement for u32 {
    const ACTIONS: Actions = Actions::Choice;
}

impl ActionElement for f32 {
    const ACTIONS: Actions = Actions::Continuous;
}

macro_rules! number {
    ($($type:ty)*) => {$(
        impl Number for $type {
            #[inline]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline]
            fn from_f64(value: f64) -> Self {
                value as $type
            }
        }
    )*};
}

number!(f32 u8 u32);
