//! The range and the steps of a hyperparameter.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{HpoError, out_of_range};
use crate::streams::StreamRng;

/// The range of a hyperparameter, and the size of the step that one mutation makes.
///
/// A mutation multiplies or divides by `factor`, so that a step up and a step down undo each other and nothing drifts
/// unless selection pulls. (AgileRL multiplies by 1.2 or 0.8: a hundred such steps take the median learning rate to an
/// eighth.) A step across a bound is reflected at it; clamping would accumulate values at the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Least value, above 0.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// The factor by which one mutation multiplies or divides, above 1.
    pub factor: f64,
}

impl Bounds {
    /// Checks the bounds of hyperparameter `name`.
    ///
    /// # Errors
    /// Names the setting, its value and its range.
    pub fn validate(&self, name: &str) -> Result<(), HpoError> {
        let field = |part: &str| format!("mutation.bounds.{name}.{part}");
        if !(self.min.is_finite() && self.min > 0.0) {
            return Err(out_of_range(&field("min"), self.min, "a number above 0: steps are factors"));
        }
        if !(self.min..=LARGEST).contains(&self.max) {
            let expected = format!("a number from min, {}, to 2^53", self.min);
            return Err(out_of_range(&field("max"), self.max, expected));
        }
        if !(self.factor.is_finite() && self.factor > 1.0) {
            return Err(out_of_range(&field("factor"), self.factor, "a number above 1"));
        }
        Ok(())
    }

    /// Returns whether a value lies within the bounds.
    pub fn contains(&self, value: f64) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// Returns the value one mutation away. It is the same value only if the bounds leave no room for a step.
    ///
    /// ```
    /// use agilerl_hpo::Bounds;
    ///
    /// let batch_size = Bounds { min: 8.0, max: 512.0, factor: 1.2 };
    /// assert_eq!(batch_size.step(64.0, true, true), 77.0);
    /// assert_eq!(batch_size.step(77.0, true, false), 64.0);
    /// assert_eq!(batch_size.step(8.0, true, false), 10.0); // reflected
    /// ```
    pub fn step(&self, value: f64, integer: bool, up: bool) -> f64 {
        if integer { self.step_integer(value, up) } else { self.step_float(value, up) }
    }

    /// Draws a value log-uniformly.
    pub fn draw(&self, integer: bool, rng: &mut StreamRng) -> f64 {
        let (low, high) = if integer { (self.min.ceil(), self.max.floor()) } else { (self.min, self.max) };
        // libm's, so that a run draws the same on every system.
        let value = libm::exp(libm::log(low) + rng.random::<f64>() * (libm::log(high) - libm::log(low)));
        let value = if integer { value.round() } else { value };
        // `exp` may miss an end by one bit.
        value.max(low).min(high)
    }

    fn step_float(&self, value: f64, up: bool) -> f64 {
        let moved = if up { value * self.factor } else { value / self.factor };
        // Mirrored in log space, as far inside as it would have gone outside, so that this step can be undone too.
        let reflected = match moved {
            moved if moved > self.max => self.max / moved * self.max,
            moved if moved < self.min => self.min / moved * self.min,
            moved => moved,
        };
        reflected.max(self.min).min(self.max)
    }

    /// Steps between whole numbers. A mirror image need not be a value that steps reach, so a step that would leave the
    /// bounds goes the other way.
    fn step_integer(&self, value: f64, up: bool) -> f64 {
        let (higher, lower) = (self.rung_above(value), self.rung_below(value));
        let (wanted, otherwise) = if up { (higher, lower) } else { (lower, higher) };
        [wanted, otherwise].into_iter().find(|&moved| self.contains(moved)).unwrap_or(value)
    }

    fn rung_above(&self, value: f64) -> f64 {
        (value * self.factor).round().max(value + 1.0)
    }

    /// Returns the greatest whole number from which a step up leads no further than `value`. So a step down undoes
    /// every step up, and rounding does not make small numbers drift down.
    fn rung_below(&self, value: f64) -> f64 {
        let mut lower = (value / self.factor).ceil().min(value - 1.0).max(0.0);
        while self.rung_above(lower) > value && lower > 0.0 {
            lower -= 1.0;
        }
        while lower + 1.0 < value && self.rung_above(lower + 1.0) <= value {
            lower += 1.0;
        }
        lower
    }
}

/// 2^53: up to it, every whole number is an `f64`.
const LARGEST: f64 = 9_007_199_254_740_992.0;
