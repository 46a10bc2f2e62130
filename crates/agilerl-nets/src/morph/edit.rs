//! Edits of weights before they are transplanted.

use crate::morph::statistics::{Line, mean_row};
use crate::weights::weights::Weights;

/// A change of one block's parameters, in place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Edit {
    /// Adds the mean contribution of removed inputs to the bias.
    FoldMeans {
        block: String,
        /// Mean of each input; zero for an input that stays.
        means: Vec<f32>,
    },
    /// Scales the rows of a normalised layer up and its gains down: the function stays.
    Spread { block: String, factor: f32 },
    /// Corrects gains and shifts for normalisation over other nodes. Each line gives the old normal value, given the
    /// new one.
    Renormalise { block: String, lines: Vec<Line> },
    /// Multiplies the normalisation into the rows. Each line gives the normal value, given the centred sum.
    AbsorbNorm { block: String, lines: Vec<Line> },
}

impl Edit {
    pub(crate) fn apply(&self, weights: &mut Weights) {
        match self {
            Self::FoldMeans { block, means } => {
                let matrix = part(weights, block, "weight").to_vec();
                let bias = part(weights, block, "bias");
                for (bias, row) in bias.iter_mut().zip(matrix.chunks_exact(means.len())) {
                    *bias += row.iter().zip(means).map(|(weight, mean)| weight * mean).sum::<f32>();
                }
            }
            Self::Spread { block, factor } => {
                let mut scale =
                    |name: &str, factor: f32| part(weights, block, name).iter_mut().for_each(|x| *x *= factor);
                scale("weight", *factor);
                scale("bias", *factor);
                scale("norm.weight", 1.0 / factor);
            }
            Self::Renormalise { block, lines } => {
                let gains = part(weights, block, "norm.weight").to_vec();
                let shifts = part(weights, block, "norm.bias").iter_mut();
                shifts.zip(&gains).zip(lines).for_each(|((shift, gain), line)| *shift += gain * line.shift);
                let gains = part(weights, block, "norm.weight").iter_mut();
                gains.zip(lines).for_each(|(gain, line)| *gain *= line.slope);
            }
            Self::AbsorbNorm { block, lines } => {
                let gains = part(weights, block, "norm.weight").to_vec();
                let shifts = part(weights, block, "norm.bias").to_vec();
                for name in ["weight", "bias"] {
                    let values = part(weights, block, name);
                    let width = values.len() / lines.len();
                    let mean = mean_row(values, width);
                    for ((row, line), gain) in values.chunks_exact_mut(width).zip(lines).zip(&gains) {
                        row.iter_mut().zip(&mean).for_each(|(x, mean)| *x = gain * line.slope * (*x - mean));
                    }
                }
                let biases = part(weights, block, "bias").iter_mut();
                for (((bias, line), gain), shift) in biases.zip(lines).zip(&gains).zip(&shifts) {
                    *bias += gain * line.shift + shift;
                }
            }
        }
    }
}

fn part<'a>(weights: &'a mut Weights, block: &str, name: &str) -> &'a mut [f32] {
    weights.get_mut(&format!("{block}.{name}")).expect("laid out")
}
