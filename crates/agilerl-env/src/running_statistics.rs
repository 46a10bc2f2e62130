//! Running mean and variance of observations.

use serde::{Deserialize, Serialize};

/// Count, mean and variance of each element of the observations seen so far, as plain data. A policy that was trained on
/// normalised observations can only be used with the statistics of its training, so they are saved with it.
///
/// The sums are those of Gymnasium's `RunningMeanStd` in `f64`, to the last bit: Chan's parallel algorithm, population
/// variance, a prior of mean 0 and variance 1 with the weight of 1e-4 observations. Gymnasium's wrapper computes them in
/// `f32`, where rounding soon outweighs a further observation; hence `f64` here.
///
/// ```
/// use agilerl_env::RunningStatistics;
/// let mut statistics = RunningStatistics::new(1);
/// statistics.update(&[1.0, 2.0, 3.0, 4.0]);               // four observations of one element
/// assert!((statistics.mean[0] - 2.5).abs() < 1e-3);
/// assert!((statistics.variance[0] - 1.25).abs() < 1e-3);
/// let mut row = [2.5];
/// statistics.normalize(&mut row);
/// assert!(row[0].abs() < 1e-3);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunningStatistics {
    /// Number of observations seen, plus the weight of the prior.
    pub count: f64,
    /// Mean of each element.
    pub mean: Vec<f64>,
    /// Variance of each element: the sum of squares divided by the number of observations, not by one less.
    pub variance: Vec<f64>,
}

/// Keeps the division away from zero; Gymnasium's default.
const EPSILON: f64 = 1e-8;

impl RunningStatistics {
    /// Returns statistics without observations: mean 0 and variance 1, with the weight of 1e-4 observations.
    pub fn new(elements: usize) -> Self {
        Self { count: 1e-4, mean: vec![0.0; elements], variance: vec![1.0; elements] }
    }

    /// Counts the observations `rows`, `[rows, elements]`, as one batch. The last bits depend on the order of the rows.
    ///
    /// # Panics
    /// If `rows` does not consist of whole rows.
    pub fn update(&mut self, rows: &[f32]) {
        assert_eq!(rows.len() % self.mean.len(), 0, "the observations are not rows of {} elements", self.mean.len());
        self.update_rows(rows.chunks_exact(self.mean.len()));
    }

    /// [`update`](Self::update) with rows that need not be contiguous.
    pub(crate) fn update_rows<'a>(&mut self, rows: impl Iterator<Item = &'a [f32]> + Clone) {
        let batch = rows.clone().count() as f64;
        if batch == 0.0 {
            return;
        }
        let total = self.count + batch;
        for (element, (mean, variance)) in self.mean.iter_mut().zip(&mut self.variance).enumerate() {
            let values = rows.clone().map(|row| f64::from(row[element]));
            let batch_mean = values.clone().sum::<f64>() / batch;
            let squared_deviations = values.map(|value| (value - batch_mean) * (value - batch_mean));
            let batch_variance = squared_deviations.sum::<f64>() / batch;
            // The order of every operation is Gymnasium's `update_mean_var_count_from_moments`.
            let delta = batch_mean - *mean;
            let squares = *variance * self.count + batch_variance * batch + delta * delta * self.count * batch / total;
            *mean += delta * batch / total;
            *variance = squares / total;
        }
        self.count = total;
    }

    /// Subtracts the mean from the observations `rows`, `[rows, elements]`, and divides them by the standard deviation.
    ///
    /// # Panics
    /// If `rows` does not consist of whole rows.
    pub fn normalize(&self, rows: &mut [f32]) {
        assert_eq!(rows.len() % self.mean.len(), 0, "the observations are not rows of {} elements", self.mean.len());
        for row in rows.chunks_exact_mut(self.mean.len()) {
            for ((value, mean), variance) in row.iter_mut().zip(&self.mean).zip(&self.variance) {
                *value = ((f64::from(*value) - mean) / (variance + EPSILON).sqrt()) as f32;
            }
        }
    }

    /// Returns why these cannot be statistics of observations of `elements` elements; `None` if they can. To be asked of
    /// statistics that come from a file.
    ///
    /// ```
    /// use agilerl_env::RunningStatistics;
    /// let mut statistics = RunningStatistics::new(1);
    /// assert_eq!(statistics.fault(1), None);
    /// statistics.variance[0] = -1.0;
    /// assert_eq!(statistics.fault(1).unwrap(), "a variance is -1");
    /// ```
    pub fn fault(&self, elements: usize) -> Option<String> {
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
