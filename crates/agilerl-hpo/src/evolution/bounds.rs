//! How a hyperparameter moves.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{HpoError, out_of_range};
use crate::streams::StreamRng;

/// Where a hyperparameter may go, and how far one mutation takes it.
///
/// A mutation multiplies or divides by `factor`, so that a step up and a step down undo each other and nothing drifts
/// unless selection pulls. (AgileRL multiplies by 1.2 or 0.8: a hundred such steps take the median learning rate to
/// an eighth.) What would leave the bounds is reflected at them, because stopping there would pile values up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Least value, above 0.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// What one mutation multiplies or divides by, above 1.
    pub factor: f64,
}

impl Bounds {
    /// Whether the bounds of hyperparameter `name` make sense.
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

    /// Whether a value lies inside.
    pub fn contains(&self, value: f64) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// The value one mutation away. The same value only where the bounds leave no room for a step.
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

    /// A value drawn log-uniformly.
    pub fn draw(&self, integer: bool, rng: &mut StreamRng) -> f64 {
        let (low, high) = if integer { (self.min.ceil(), self.max.floor()) } else { (self.min, self.max) };
        let value = (low.ln() + rng.random::<f64>() * (high.ln() - low.ln())).exp();
        let value = if integer { value.round() } else { value };
        // `exp` may miss an end by one bit.
        value.max(low).min(high)
    }

    fn step_float(&self, value: f64, up: bool) -> f64 {
        let moved = if up { value * self.factor } else { value / self.factor };
        // Mirrored in log space: as far inside as it would have gone outside, so that this step can be undone too.
        let reflected = match moved {
            moved if moved > self.max => self.max / moved * self.max,
            moved if moved < self.min => self.min / moved * self.min,
            moved => moved,
        };
        reflected.max(self.min).min(self.max)
    }

    /// On whole numbers a mirror image need not be a rung of the ladder: there a step that would leave the bounds
    /// goes the other way.
    fn step_integer(&self, value: f64, up: bool) -> f64 {
        let (higher, lower) = (self.rung_above(value), self.rung_below(value));
        let (wanted, otherwise) = if up { (higher, lower) } else { (lower, higher) };
        [wanted, otherwise].into_iter().find(|&moved| self.contains(moved)).unwrap_or(value)
    }

    fn rung_above(&self, value: f64) -> f64 {
        (value * self.factor).round().max(value + 1.0)
    }

    /// The greatest whole number from which a step up leads no further than here: so it undoes every step up, and
    /// truncation cannot make small numbers fall for ever.
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

/// Up to here, 2^53, every whole number is an `f64`.
const LARGEST: f64 = 9_007_199_254_740_992.0;
