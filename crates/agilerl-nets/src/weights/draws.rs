//! Random draws of initial weights.

use rand::{Rng, RngExt};

pub(crate) fn fill_uniform(weights: &mut [f32], bound: f32, rng: &mut impl Rng) {
    for weight in weights {
        *weight = bound * (2.0 * rng.random::<f32>() - 1.0);
    }
}
