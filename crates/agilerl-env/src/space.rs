//! Shapes and bounds of observations and actions.

use serde::{Deserialize, Serialize};

/// Gymnasium's two spaces that this crate needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Space {
    /// One of `n` choices, `0..n`.
    Discrete {
        /// Number of choices.
        n: usize,
    },
    /// A box of real numbers (or of pixels), one interval for each element; infinite bounds are allowed.
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
    /// A choice among `n`.
    ///
    /// # Panics
    /// If `n` is zero.
    pub fn discrete(n: usize) -> Self {
        assert!(n > 0, "a discrete space needs at least one choice");
        Self::Discrete { n }
    }

    /// A flat box with one interval for each element.
    ///
    /// # Panics
    /// If the bounds differ in length or are empty, or one is reversed or not a number.
    pub fn bounded(low: &[f32], high: &[f32]) -> Self {
        assert!(!low.is_empty(), "a box needs at least one element");
        assert_eq!(low.len(), high.len(), "lower and upper bounds differ in length");
        assert!(low.iter().zip(high).all(|(l, h)| l <= h), "a lower bound is above its upper bound");
        Self::Box { shape: vec![low.len()], low: low.to_vec(), high: high.to_vec() }
    }

    /// Numbers in one row: 1 for a discrete space, the product of the shape for a box.
    pub fn row_len(&self) -> usize {
        match self {
            Self::Discrete { .. } => 1,
            Self::Box { shape, .. } => shape.iter().product(),
        }
    }

    /// Number of choices, if the space is discrete.
    pub fn choices(&self) -> Option<usize> {
        match self {
            Self::Discrete { n } => Some(*n),
            Self::Box { .. } => None,
        }
    }
}
