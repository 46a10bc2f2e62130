//! The report of an update.

use std::borrow::Cow;

use agilerl_hpo::MetricSums;

/// The report of an update: named metrics, and the error of every row of the batch.
#[derive(Clone, Debug)]
pub struct Learned<'a> {
    /// Names of the metrics, the same in every update of an agent.
    pub names: &'static [&'static str],
    /// `[names]`: their values.
    pub metrics: Numbers<'a>,
    /// `[rows]`: the temporal-difference error of each row, prediction minus target.
    pub td_errors: Numbers<'a>,
}

/// Numbers that stay where they were computed until they are [read](Self::read): fetching them after every update would
/// make a GPU wait for the host each time.
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "burn",
    expect(clippy::large_enum_variant, reason = "a box would be an allocation in every update")
)]
pub enum Numbers<'a> {
    /// On the host, in a buffer of the agent.
    Host(&'a [f32]),
    /// On a device.
    #[cfg(feature = "burn")]
    Device(burn::tensor::Tensor<1>),
}

impl<'a> Numbers<'a> {
    /// The numbers on the host.
    pub fn read(self) -> Cow<'a, [f32]> {
        match self {
            Self::Host(numbers) => Cow::Borrowed(numbers),
            #[cfg(feature = "burn")]
            Self::Device(numbers) => Cow::Owned(numbers.into_data().try_into_vec().expect("learners report f32")),
        }
    }
}

/// Sums of the metrics of many updates.
#[derive(Clone, Debug)]
pub struct LearnedSum {
    updates: u64,
    names: &'static [&'static str],
    host: Vec<f64>,
    #[cfg(feature = "burn")]
    device: Option<burn::tensor::Tensor<1>>,
}

impl LearnedSum {
    /// Returns the sums of no update: 0 for each name.
    pub fn new(names: &'static [&'static str]) -> Self {
        Self::of(0, names, vec![0.0; names.len()])
    }

    /// Returns the sums of a number of updates.
    ///
    /// # Panics
    /// If there is not one sum for each name.
    pub fn of(updates: u64, names: &'static [&'static str], sums: Vec<f64>) -> Self {
        assert_eq!(names.len(), sums.len(), "one sum for each name");
        Self {
            updates,
            names,
            host: sums,
            #[cfg(feature = "burn")]
            device: None,
        }
    }

    /// Adds one update.
    ///
    /// # Panics
    /// If its metrics have other names.
    pub fn add(&mut self, learned: Learned<'_>) {
        assert_eq!(self.names, learned.names, "metrics of another algorithm");
        self.updates += 1;
        match learned.metrics {
            Numbers::Host(values) => {
                for (sum, value) in self.host.iter_mut().zip(values) {
                    *sum += f64::from(*value);
                }
            }
            #[cfg(feature = "burn")]
            Numbers::Device(values) => {
                self.device = Some(match self.device.take() {
                    Some(sum) => sum + values,
                    None => values,
                });
            }
        }
    }

    /// Returns the number of updates, and the sum of each metric.
    pub fn read(self) -> (u64, MetricSums) {
        let sums: MetricSums = self.names.iter().copied().zip(self.host).collect();
        #[cfg(feature = "burn")]
        let mut sums = sums;
        #[cfg(feature = "burn")]
        if let Some(device) = self.device {
            for (name, value) in self.names.iter().zip(Numbers::Device(device).read().iter()) {
                sums.add(*name, f64::from(*value));
            }
        }
        (self.updates, sums)
    }
}
