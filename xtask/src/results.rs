//! The results of the benchmarks.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// One benchmark.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measurement {
    /// Group and benchmark: `learn/64x64`.
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) time: Option<Time>,
    /// Instructions of one iteration, if they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) instructions: Option<u64>,
}

/// The time of one benchmark.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Time {
    /// Seconds of one iteration, the median of all samples.
    pub(crate) seconds: f64,
    /// Lower and upper end of the 95 % interval of the median.
    pub(crate) interval: (f64, f64),
    /// The number of environment steps, updates or actions of one iteration.
    pub(crate) elements: u64,
    /// Elements in a second.
    pub(crate) per_second: f64,
}

impl Measurement {
    /// Reads a line of the benchmark `speed`: name, elements, seconds and the interval's two ends, separated by tabs.
    pub(crate) fn parse(line: &str) -> Result<Self> {
        let fields: Vec<_> = line.split('\t').collect();
        let [name, elements, numbers @ ..] = &fields[..] else { bail!("{line:?} is not a result") };
        let seconds: Vec<f64> = numbers.iter().map(|number| number.parse()).collect::<Result<_, _>>()?;
        let [seconds, low, high] = seconds[..] else { bail!("{line:?} has not three times") };
        let elements: u64 = elements.parse().with_context(|| format!("the number of elements in {line:?}"))?;
        let time = Time { seconds, interval: (low, high), elements, per_second: elements as f64 / seconds };
        Ok(Self { name: (*name).to_owned(), time: Some(time), instructions: None })
    }
}

/// Enters counts of instructions beside the times and sorts all by name.
pub(crate) fn add_instructions(measurements: &mut Vec<Measurement>, counts: Vec<(String, u64)>) {
    for (name, count) in counts {
        match measurements.iter_mut().find(|measurement| measurement.name == name) {
            Some(measurement) => measurement.instructions = Some(count),
            None => measurements.push(Measurement { name, time: None, instructions: Some(count) }),
        }
    }
    measurements.sort_by(|a, b| a.name.cmp(&b.name));
}

/// All measurements in one table.
pub(crate) fn table(measurements: &[Measurement]) -> String {
    let rows = measurements.iter().map(|measurement| {
        let time = measurement.time.as_ref();
        let spread = |time: &Time| format!("{:.1} %", 100.0 * time.half_width() / time.seconds);
        [
            measurement.name.clone(),
            time.map_or_else(String::new, |time| duration(time.seconds)),
            time.map_or_else(String::new, spread),
            time.map_or_else(String::new, |time| grouped(time.per_second)),
            measurement.instructions.map_or_else(String::new, |count| grouped(count as f64)),
        ]
    });
    markdown(["benchmark", "time", "+-", "per second", "instructions"], rows)
}

/// A table in Markdown with aligned columns: names to the left, numbers to the right.
pub(crate) fn markdown<const COLUMNS: usize>(
    head: [&str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> String {
    let (head, rows) = (head.map(str::to_owned), rows.collect::<Vec<_>>());
    let width = |column: usize| rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let mut table = String::new();
    let mut line = |row: &[String; COLUMNS]| {
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let cell = if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
            write!(table, "| {cell} ").expect("strings take all text");
        }
        table.push_str("|\n");
    };
    line(&head);
    let rule = |column: usize| "-".repeat(widths[column] - 1) + if column == 0 { "-" } else { ":" };
    line(&std::array::from_fn(rule));
    rows.iter().for_each(line);
    table
}

impl Time {
    /// Half of the interval.
    fn half_width(&self) -> f64 {
        (self.interval.1 - self.interval.0) / 2.0
    }
}

/// Formats a duration with three or four digits and a unit.
pub(crate) fn duration(seconds: f64) -> String {
    let (number, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s if s >= 1e-6 => (s * 1e6, "µs"),
        s => (s * 1e9, "ns"),
    };
    let decimals = if number >= 100.0 {
        0
    } else if number >= 10.0 {
        1
    } else {
        2
    };
    format!("{number:.decimals$} {unit}")
}

/// Formats a number with groups of three digits, and a small number with one decimal.
pub(crate) fn grouped(number: f64) -> String {
    if number < 100.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    groups.iter().map(|group| String::from_utf8_lossy(group)).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_benchmark_is_read() {
        // 16 elements in 3.2 microseconds.
        let measurement = Measurement::parse("env/lander\t16\t3.2e-6\t3.1e-6\t3.3e-6").unwrap();
        let time = Time { seconds: 3.2e-6, interval: (3.1e-6, 3.3e-6), elements: 16, per_second: 5e6 };
        assert_eq!(measurement, Measurement { name: "env/lander".to_owned(), time: Some(time), instructions: None });
        for line in ["", "learn", "learn\t1\t2\t3", "learn\t1.5\t1\t1\t1", "learn\t1\tfast\t1\t1"] {
            assert!(Measurement::parse(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn the_table_gives_time_spread_rate_and_instructions() {
        let measurement = |name: &str, seconds: f64, elements: u64| {
            let interval = (0.99 * seconds, 1.01 * seconds);
            let time = Time { seconds, interval, elements, per_second: elements as f64 / seconds };
            Measurement { name: name.to_owned(), time: Some(time), instructions: None }
        };
        let mut measurements =
            vec![measurement("env/lander", 12.8e-6, 16), measurement("generation/1-thread", 2.0, 100)];
        add_instructions(&mut measurements, vec![("env/lander".to_owned(), 123_456), ("act".to_owned(), 7)]);
        let expected = "\
| benchmark           |    time |    +- | per second | instructions |
| ------------------- | ------: | ----: | ---------: | -----------: |
| act                 |         |       |            |          7.0 |
| env/lander          | 12.8 µs | 1.0 % |  1,250,000 |      123,456 |
| generation/1-thread |  2.00 s | 1.0 % |       50.0 |              |
";
        assert_eq!(table(&measurements), expected);
        let text = serde_json::to_string(&measurements).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Measurement>>(&text).unwrap(), measurements);
    }
}
