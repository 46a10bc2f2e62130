//! What the benchmarks measured.

use std::fmt::Write as _;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// One benchmark.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measurement {
    /// Group and benchmark: `learn/64x64`.
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) time: Option<Time>,
    /// Instructions of one iteration, where they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) instructions: Option<u64>,
}

/// What criterion measured.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Time {
    /// Seconds of one iteration.
    pub(crate) seconds: f64,
    /// Lower and upper end of criterion's 95 % interval for it.
    pub(crate) interval: (f64, f64),
    /// What one iteration does: environment steps, updates, actions.
    pub(crate) elements: u64,
    /// Elements in a second.
    pub(crate) per_second: f64,
}

/// Reads all times under criterion's folder that were made after `since`, by name.
///
/// Criterion keeps the results of benchmarks that did not run this time; hence the time.
pub(crate) fn read(folder: &Path, since: SystemTime) -> Result<Vec<Measurement>> {
    let mut measurements = Vec::new();
    visit(folder, since, &mut measurements)
        .with_context(|| format!("cannot read the results in {}", folder.display()))?;
    measurements.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(measurements)
}

/// Enters counts of instructions beside the times, by name.
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

/// A table in Markdown that is readable as it is: names to the left, numbers to the right.
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

/// Looks for the folders named `new`: criterion's newest result of a benchmark.
fn visit(folder: &Path, since: SystemTime, measurements: &mut Vec<Measurement>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        if path.file_name().is_some_and(|name| name == "new") {
            let estimates = path.join("estimates.json");
            if std::fs::metadata(&estimates)?.modified()? >= since {
                measurements.push(Measurement::read(&path)?);
            }
        } else {
            visit(&path, since, measurements)?;
        }
    }
    Ok(())
}

impl Measurement {
    fn read(folder: &Path) -> Result<Self> {
        let benchmark: Benchmark = read_json(&folder.join("benchmark.json"))?;
        let estimates: Estimates = read_json(&folder.join("estimates.json"))?;
        // Criterion's own choice: the slope over samples of growing length, or the mean where all have one length.
        let estimate = estimates.slope.unwrap_or(estimates.mean);
        let seconds = |nanoseconds: f64| nanoseconds * 1e-9;
        let elements = match benchmark.throughput {
            Some(Throughput { elements: Some(elements) }) => elements,
            _ => 1,
        };
        let time = Time {
            seconds: seconds(estimate.point_estimate),
            interval: (
                seconds(estimate.confidence_interval.lower_bound),
                seconds(estimate.confidence_interval.upper_bound),
            ),
            elements,
            per_second: elements as f64 / seconds(estimate.point_estimate),
        };
        Ok(Self { name: benchmark.full_id, time: Some(time), instructions: None })
    }
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not what criterion 0.8 writes", path.display()))
}

#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
struct Throughput {
    #[serde(rename = "Elements")]
    elements: Option<u64>,
}

#[derive(Deserialize)]
struct Estimates {
    mean: Estimate,
    slope: Option<Estimate>,
}

/// In nanoseconds.
#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
    confidence_interval: Interval,
}

#[derive(Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

/// Three or four digits and a unit.
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

/// Whole thousands apart; one decimal where the number is small.
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

    fn fixture() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/criterion")
    }

    #[test]
    fn criterions_files_are_read() {
        let measurements = read(&fixture(), SystemTime::UNIX_EPOCH).unwrap();
        let rounded: Vec<_> = measurements
            .iter()
            .map(|m| {
                let time = m.time.as_ref().unwrap();
                let seconds = [time.seconds, time.interval.0, time.interval.1];
                let nanoseconds = seconds.map(|seconds| (seconds * 1e9).round());
                (m.name.as_str(), nanoseconds, time.elements, time.per_second.round())
            })
            .collect();
        let expected = [
            // Flat sampling has no slope: the mean. 16 elements in 3.2 microseconds.
            ("env/lander", [3_200.0, 3_100.0, 3_300.0], 16, 5_000_000.0),
            // Linear sampling: the slope, not the mean. One element in 50 microseconds.
            ("learn/32x32", [50_000.0, 49_000.0, 52_000.0], 1, 20_000.0),
        ];
        assert_eq!(rounded, expected);
    }

    #[test]
    fn results_of_an_earlier_run_are_left_out() {
        let tomorrow = SystemTime::now() + std::time::Duration::from_secs(86_400);
        assert_eq!(read(&fixture(), tomorrow).unwrap(), []);
    }

    #[test]
    fn a_folder_that_does_not_exist_is_named() {
        let error = read(Path::new("no/such/folder"), SystemTime::UNIX_EPOCH).unwrap_err();
        assert!(error.to_string().contains("no/such/folder"), "{error}");
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
