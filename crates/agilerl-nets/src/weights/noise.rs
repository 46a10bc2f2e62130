//! Random mutation of weights.

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::weights::layout::Entry;
use crate::weights::normal::standard_normal;
use crate::weights::weights::Weights;

/// Gaussian noise on some of a network's weights, relative to the size of each weight.
///
/// AgileRL's scheme (that of SEARL, from Lehman et al.), applied to every parameter including biases: some parameters
/// are chosen, and in each a share of the weights. A few of these weights take large noise, a few are redrawn, and the
/// rest take noise of `sd` times their own size. A redrawn weight has the root mean square of its parameter as standard
/// deviation; AgileRL's N(0, 1) would be twenty times a typical weight of a trained layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ParameterNoise {
    /// Share of the weights of a chosen parameter that change (0.1).
    pub share: f64,
    /// Share of the changed weights that take large noise (0.05).
    pub super_share: f64,
    /// Standard deviation of the large noise, as a multiple of the weight's size (10).
    pub super_sd: f64,
    /// Share of the changed weights that are redrawn (0.05).
    pub reset_share: f64,
}

impl Default for ParameterNoise {
    fn default() -> Self {
        Self { share: 0.1, super_share: 0.05, super_sd: 10.0, reset_share: 0.05 }
    }
}

impl ParameterNoise {
    /// Adds noise with standard deviation `sd`, relative to each weight's size (AgileRL's `mutation_sd`: 0.1). Returns
    /// the number of changed weights.
    pub fn apply(&self, sd: f64, weights: &mut Weights, rng: &mut impl Rng) -> usize {
        let ranges: Vec<_> = weights.layout().entries().iter().map(Entry::range).collect();
        // As in AgileRL: first the number of parameters is drawn, uniformly, then the parameters.
        let chosen = rng.random_range(1..=ranges.len() as u32) as usize;
        let mut changed = 0;
        for index in rand::seq::index::sample(rng, ranges.len(), chosen).into_iter() {
            let values = &mut weights.values_mut()[ranges[index].clone()];
            let rms = (values.iter().map(|w| w * w).sum::<f32>() / values.len() as f32).sqrt();
            for weight in values {
                if !rng.random_bool(self.share) {
                    continue;
                }
                let (coin, normal) = (rng.random::<f64>(), standard_normal(rng));
                let before = *weight;
                *weight = if coin < self.super_share {
                    before + (normal * self.super_sd * f64::from(before.abs())) as f32
                } else if coin < self.super_share + self.reset_share {
                    (normal * f64::from(rms)) as f32
                } else {
                    before + (normal * sd * f64::from(before.abs())) as f32
                };
                changed += usize::from(*weight != before);
            }
        }
        changed
    }
}
