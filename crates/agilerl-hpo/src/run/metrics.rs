//! Named sums of the numbers that updates report.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
    ser::SerializeMap as _,
};

/// Sums over the updates of a round, by name, in the order in which the names came first: `loss`, `value`, `grad_norm`.
///
/// Serialised as a map with one field `<name>_sum` for each name. A task should add every name in every round, with 0
/// where it made no update, so that all records of a run have the same fields.
///
/// ```
/// use agilerl_hpo::MetricSums;
///
/// let mut metrics = MetricSums::default();
/// metrics.add("loss", 0.5);
/// metrics.add("grad_norm", 2.0);
/// metrics.add("loss", 0.25);
/// assert_eq!(metrics.iter().collect::<Vec<_>>(), [("loss", 0.75), ("grad_norm", 2.0)]);
/// assert_eq!(serde_json::to_string(&metrics)?, r#"{"loss_sum":0.75,"grad_norm_sum":2.0}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricSums(Vec<(Cow<'static, str>, f64)>);

impl MetricSums {
    /// Adds a value to the sum of this name; a new name starts at 0 behind the others.
    pub fn add(&mut self, name: impl Into<Cow<'static, str>>, value: f64) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += value,
            // 0 + -0 is 0, so that a sum does not depend on its first term.
            None => self.0.push((name, 0.0 + value)),
        }
    }

    /// Adds each sum of another round to the sum of the same name.
    pub fn merge(&mut self, other: &Self) {
        for (name, sum) in &other.0 {
            self.add(name.clone(), *sum);
        }
    }

    /// Returns the sum of this name, if there is one.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, sum)| *sum)
    }

    /// Returns all names and sums, in the order in which the names came first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, sum)| (name.as_ref(), *sum))
    }
}

impl<N: Into<Cow<'static, str>>> FromIterator<(N, f64)> for MetricSums {
    fn from_iter<I: IntoIterator<Item = (N, f64)>>(sums: I) -> Self {
        let mut metrics = Self::default();
        for (name, sum) in sums {
            metrics.add(name, sum);
        }
        metrics
    }
}

impl<N: Into<Cow<'static, str>>, const M: usize> From<[(N, f64); M]> for MetricSums {
    fn from(sums: [(N, f64); M]) -> Self {
        sums.into_iter().collect()
    }
}

/// The end of the name of a field.
const SUFFIX: &str = "_sum";

impl Serialize for MetricSums {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, sum) in &self.0 {
            map.serialize_entry(&format!("{name}{SUFFIX}"), sum)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for MetricSums {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = MetricSums;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fields that end in _sum")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<MetricSums, M::Error> {
        let mut sums = MetricSums::default();
        while let Some((field, sum)) = map.next_entry::<String, f64>()? {
            let Some(name) = field.strip_suffix(SUFFIX) else {
                return Err(M::Error::custom(format!("unknown field {field:?}; sums are named <name>_sum")));
            };
            sums.0.push((Cow::Owned(name.to_owned()), sum));
        }
        Ok(sums)
    }
}
