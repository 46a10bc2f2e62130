//! Shapes and bounds of observations and actions.

use serde::{Deserialize, Serialize};

/// The set of observations or actions: two of Gymnasium's spaces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Space {
    /// One of `n` choices, `0..n`.
    Discrete {
        /// Number of choices.
        n: usize,
    },
    /// A box of real numbers or pixels, with one interval for each element. Bounds may be infinite.
    Box {
        /// Shape, row-major: `[8]` for features, `[channels, height, width]` for pixels.
        shape: Vec<usize>,
        /// Lower bounds, one for each element.
        low: Vec<f32>,
        /// Upper bounds, one for each element.
        high: Vec<f32>,
    },
}

impl Space {
    /// Returns the space of a choice among `n`.
    ///
    /// # Panics
    /// If `n` is zero.
    pub fn discrete(n: usize) -> Self {
        assert!(n > 0, "a discrete space needs at least one choice");
        Self::Discrete { n }
    }

    /// Returns a flat box with one interval for each element.
    ///
    /// # Panics
    /// If the bounds differ in length or are empty, if a lower bound is above its upper bound, or if a bound is NaN.
    pub fn bounded(low: &[f32], high: &[f32]) -> Self {
        assert!(!low.is_empty(), "a box needs at least one element");
        assert_eq!(low.len(), high.len(), "lower and upper bounds differ in length");
        assert!(low.iter().zip(high).all(|(l, h)| l <= h), "a lower bound is above its upper bound");
        Self::Box { shape: vec![low.len()], low: low.to_vec(), high: high.to_vec() }
    }

    /// Returns the numbers in one row: 1 for a discrete space, the product of the shape for a box.
    pub fn row_len(&self) -> usize {
        match self {
            Self::Discrete { .. } => 1,
            Self::Box { shape, .. } => shape.iter().product(),
        }
    }

    /// Returns the number of choices; `None` for a box.
    pub fn choices(&self) -> Option<usize> {
        match self {
            Self::Discrete { n } => Some(*n),
            Self::Box { .. } => None,
        }
    }
}
