//! The numbers of a round and of an evaluation.

use serde::{Deserialize, Serialize};

use crate::run::metrics::MetricSums;

/// The numbers of an individual's round.
///
/// Serialised with the metrics as fields of its own, `<name>_sum`, behind `return_sum`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundStats {
    /// Transitions taken, over all environments.
    pub env_steps: u64,
    /// Gradient updates made.
    pub updates: u64,
    /// Complete training episodes.
    pub episodes: u64,
    /// Sum of their returns.
    pub return_sum: f64,
    /// Sums over the updates of the numbers that each update reports: its loss, the norm of its gradient.
    #[serde(flatten)]
    pub metrics: MetricSums,
}

impl RoundStats {
    /// Adds another round's numbers.
    pub fn add(&mut self, other: &Self) {
        self.env_steps += other.env_steps;
        self.updates += other.updates;
        self.episodes += other.episodes;
        self.return_sum += other.return_sum;
        self.metrics.merge(&other.metrics);
    }
}

/// The score of an individual.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Return of each episode, in the order of the seeds.
    pub returns: Vec<f64>,
    /// Transitions that it took, counted apart from training.
    pub env_steps: u64,
    /// The number of episodes that a limit of steps cut before their end; they score the return collected by then.
    // Left out if 0, so that runs without a limit keep their signature.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Evaluation {
    /// Returns the mean return: the fitness. NaN without episodes.
    pub fn mean(&self) -> f64 {
        self.returns.iter().sum::<f64>() / self.returns.len() as f64
    }

    /// Returns the standard deviation of the returns.
    pub fn spread(&self) -> f64 {
        let mean = self.mean();
        let squares = self.returns.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        (squares / self.returns.len() as f64).sqrt()
    }
}
