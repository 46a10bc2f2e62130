//! How much an agent explores.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::AlgoError;

/// The probability of a random action: it falls linearly, and is a function of the clock, not a stored counter.
///
/// ```
/// let epsilon = agilerl_algo::Epsilon { start: 1.0, end: 0.1, decay_steps: 1000 };
/// assert_eq!(epsilon.at(0), 1.0);
/// assert_eq!(epsilon.at(500), 0.55);
/// assert_eq!(epsilon.at(5000), 0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Epsilon {
    /// At the first step.
    pub start: f64,
    /// After the decay.
    pub end: f64,
    /// Environment steps of an individual and its ancestors from `start` to `end`.
    pub decay_steps: u64,
}

impl Default for Epsilon {
    fn default() -> Self {
        Self { start: 1.0, end: 0.1, decay_steps: 50_000 }
    }
}

impl Epsilon {
    /// The probability after `clock` environment steps.
    pub fn at(&self, clock: u64) -> f64 {
        if clock >= self.decay_steps {
            return self.end;
        }
        self.start + (self.end - self.start) * (clock as f64 / self.decay_steps as f64)
    }

    pub(crate) fn validate(&self) -> Result<(), AlgoError> {
        for (field, value) in [("epsilon.start", self.start), ("epsilon.end", self.end)] {
            if !(0.0..=1.0).contains(&value) {
                let expected = "a probability, 0 to 1".to_owned();
                return Err(AlgoError::Config { field: field.into(), value: value.to_string(), expected });
            }
        }
        Ok(())
    }
}
