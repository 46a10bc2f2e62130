//! Normalisation of observations by statistics that belong to a policy.

use agilerl_env::RunningStatistics;
use agilerl_nets::InputNumber;
use serde::{Deserialize, Serialize};

/// Scales every component of an observation to mean 0 and variance 1, as far as its policy has seen it, and clips it.
///
/// The statistics belong to the individual: a child inherits its parent's, and an elite is saved with its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalizer {
    statistics: RunningStatistics,
}

/// Largest size of a normalised component (stable-baselines3's `VecNormalize`: 10).
const CLIP: f64 = 10.0;
/// Added to the variance, as in Gymnasium's `NormalizeObservation`.
const EPSILON: f64 = 1e-8;

impl Normalizer {
    /// Returns a normaliser that has seen nothing, for rows of `obs_len` numbers.
    pub fn new(obs_len: usize) -> Self {
        Self { statistics: RunningStatistics::new(obs_len) }
    }

    /// Takes rows, `[rows, obs_len]`, into the statistics.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows.
    pub fn observe<O: InputNumber>(&mut self, rows: &[O], buffer: &mut Vec<f32>) {
        self.statistics.update(O::widen(rows, buffer));
    }

    /// Writes the normalised rows into `buffer` and returns them.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows.
    pub fn apply<'a, O: InputNumber>(&self, rows: &[O], buffer: &'a mut Vec<f32>) -> &'a [f32] {
        let RunningStatistics { mean, variance, .. } = &self.statistics;
        assert_eq!(rows.len() % mean.len(), 0, "{} numbers are no rows of {}", rows.len(), mean.len());
        buffer.clear();
        for row in rows.chunks_exact(mean.len()) {
            buffer.extend(row.iter().zip(mean.iter().zip(variance)).map(|(x, (mean, variance))| {
                let x = (f64::from(x.to_f32()) - mean) / (variance + EPSILON).sqrt();
                x.clamp(-CLIP, CLIP) as f32
            }));
        }
        buffer
    }

    /// Mean, standard deviation and largest size of each component: `(x - mean) / sd`, clipped.
    pub fn scale(&self) -> (Vec<f64>, Vec<f64>, f64) {
        let sd = self.statistics.variance.iter().map(|variance| (variance + EPSILON).sqrt()).collect();
        (self.statistics.mean.clone(), sd, CLIP)
    }

    /// Why these statistics are of no use for rows of `obs_len` numbers, if so.
    pub(crate) fn fault(&self, obs_len: usize) -> Option<String> {
        self.statistics.fault(obs_len)
    }
}
