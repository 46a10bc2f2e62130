//! Mean and variance of what has been seen so far.

use serde::{Deserialize, Serialize};

/// Count, mean and variance of each element of the observations seen so far: plain data, to be saved beside a policy
/// that was trained on normalised observations.
///
/// The sums are Gymnasium's `RunningMeanStd` in `f64` (Chan's parallel algorithm, population variance, a prior of mean
/// 0 and variance 1 that weighs 1e-4 observations), to the last bit. Gymnasium's wrapper runs them in `f32`, where each
/// further observation weighs less beside the rounding; hence `f64` here.
///
/// ```
/// use agilerl_env::RunningStatistics;
/// let mut statistics = RunningStatistics::new(1);
/// statistics.update(&[1.0, 2.0, 3.0, 4.0]);               // four observations of one element
/// assert!((statistics.mean[0] - 2.5).abs() < 1e-3);
/// assert!((statistics.variance[0] - 1.25).abs() < 1e-3);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunningStatistics {
    /// Observations seen, and the weight of the prior.
    pub count: f64,
    /// Mean of each element.
    pub mean: Vec<f64>,
    /// Variance of each element, that of the observations themselves: divided by their number, not by one less.
    pub variance: Vec<f64>,
}

/// Keeps the division away from zero; Gymnasium's default.
const EPSILON: f64 = 1e-8;

impl RunningStatistics {
    /// Of nothing yet: mean 0, variance 1, at a weight of 1e-4 observations.
    pub fn new(elements: usize) -> Self {
        Self { count: 1e-4, mean: vec![0.0; elements], variance: vec![1.0; elements] }
    }

    /// Takes in observations `[rows, elements]` as one batch; in which order they lie decides about the last bits.
    ///
    /// # Panics
    /// If these are not whole rows.
    pub fn update(&mut self, rows: &[f32]) {
        assert_eq!(rows.len() % self.mean.len(), 0, "rows of another length than {}", self.mean.len());
        self.update_rows(rows.chunks_exact(self.mean.len()));
    }

    /// [`update`](Self::update) with rows that need not lie together.
    pub(crate) fn update_rows<'a>(&mut self, rows: impl Iterator<Item = &'a [f32]> + Clone) {
        let batch = rows.clone().count() as f64;
        if batch == 0.0 {
            return;
        }
        let total = self.count + batch;
        for (element, (mean, variance)) in self.mean.iter_mut().zip(&mut self.variance).enumerate() {
            let values = rows.clone().map(|row| f64::from(row[element]));
            let batch_mean = values.clone().sum::<f64>() / batch;
            let batch_variance = values.map(|value| (value - batch_mean).powi(2)).sum::<f64>() / batch;
            // The order of every operation is Gymnasium's `update_mean_var_count_from_moments`.
            let delta = batch_mean - *mean;
            let squares = *variance * self.count + batch_variance * batch + delta * delta * self.count * batch / total;
            *mean += delta * batch / total;
            *variance = squares / total;
        }
        self.count = total;
    }

    /// Centres observations `[rows, elements]` at the mean and scales them to unit variance.
    ///
    /// # Panics
    /// If these are not whole rows.
    pub fn normalize(&self, rows: &mut [f32]) {
        assert_eq!(rows.len() % self.mean.len(), 0, "rows of another length than {}", self.mean.len());
        for row in rows.chunks_exact_mut(self.mean.len()) {
            for ((value, mean), variance) in row.iter_mut().zip(&self.mean).zip(&self.variance) {
                *value = ((f64::from(*value) - mean) / (variance + EPSILON).sqrt()) as f32;
            }
        }
    }

    /// What is wrong with them as statistics of so many elements, if something is: they may come from a file.
    pub(crate) fn fault(&self, elements: usize) -> Option<String> {
        let (means, variances) = (self.mean.len(), self.variance.len());
        if (means, variances) != (elements, elements) {
            return Some(format!("{means} means and {variances} variances instead of {elements}"));
        }
        if !(self.count.is_finite() && self.count > 0.0) {
            return Some(format!("the count is {}", self.count));
        }
        if let Some(mean) = self.mean.iter().find(|mean| !mean.is_finite()) {
            return Some(format!("a mean is {mean}"));
        }
        let variance = self.variance.iter().find(|&&variance| !(variance.is_finite() && variance >= 0.0));
        variance.map(|variance| format!("a variance is {variance}"))
    }
}
