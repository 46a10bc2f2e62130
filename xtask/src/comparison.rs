//! Compares benchmark results with a saved run.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::results::{Measurement, Time, duration, grouped, markdown};

/// Times that differ by less count as equal, even if their intervals do not overlap: the position of a tight loop in memory
/// alone changes its time by a few per cent, and so does the state of the machine.
const TIME_NOISE: f64 = 0.05;

/// The same for instructions. Between two runs of one program their number differs only through calls for the time, for
/// memory, or for a random number.
const INSTRUCTIONS_NOISE: f64 = 0.005;

/// A saved run.
pub(crate) struct Comparison {
    /// The name of its folder.
    run: String,
    results: Results,
}

#[derive(Deserialize)]
struct Results {
    processor: String,
    /// The mean number of runnable processes. If it exceeds the number of cores, times mean little.
    #[serde(default)]
    load: Option<f64>,
    measurements: Vec<Measurement>,
}

impl Comparison {
    /// Reads the run in the folder `run`, or the one in `runs` whose name begins with `run`: `2026-11-22-1317`.
    pub(crate) fn with(run: &str, runs: &Path) -> Result<Self> {
        let folder = if Path::new(run).is_dir() { PathBuf::from(run) } else { last(run, runs)? };
        let path = folder.join("results.json");
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let results = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a file that `bench --save` wrote", path.display()))?;
        let run = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { run, results })
    }

    /// A table of the benchmarks that were measured both times: before, now, and the ratio of now to before.
    pub(crate) fn table(&self, now: &[Measurement]) -> String {
        let rows = now.iter().filter_map(|now| {
            let before = self.results.measurements.iter().find(|before| before.name == now.name)?;
            let mut cells: [String; 7] = Default::default();
            let mut changes = Vec::new();
            if let (Some(before), Some(now)) = (&before.time, &now.time) {
                let ratio = now.seconds / before.seconds;
                cells[1..4].clone_from_slice(&[duration(before.seconds), duration(now.seconds), times(ratio)]);
                changes.extend(time_change(before, now));
            }
            if let (Some(before), Some(now)) = (before.instructions, now.instructions) {
                let ratio = now as f64 / before as f64;
                cells[4..6].clone_from_slice(&[grouped(now as f64), times(ratio)]);
                let is_change = (ratio - 1.0).abs() > INSTRUCTIONS_NOISE;
                changes.extend(is_change.then_some(if ratio > 1.0 { "more" } else { "fewer" }));
            }
            // One run has only times, the other only instructions: there is nothing to compare.
            if cells.iter().all(String::is_empty) {
                return None;
            }
            cells[0].clone_from(&now.name);
            cells[6] = changes.join(", ");
            Some(cells)
        });
        let head = ["benchmark", "before", "now", "ratio", "instructions", "ratio", "change"];
        let Self { run, results: Results { processor, load, .. } } = self;
        let load = load.map(|load| format!(" at load {load}")).unwrap_or_default();
        format!("Compared with {run}, on {processor}{load}:\n\n{}", markdown(head, rows))
    }
}

/// Finds the only folder whose name begins with `beginning`. Names begin with the date, and a day can have several runs.
fn last(beginning: &str, runs: &Path) -> Result<PathBuf> {
    let entries = std::fs::read_dir(runs).with_context(|| format!("cannot read {}", runs.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        // The folder holds other results too, which are not comparable.
        if entry.path().join("results.json").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    let mut found = names.iter().filter(|name| name.starts_with(beginning));
    match (found.next(), found.next()) {
        (Some(name), None) => Ok(runs.join(name)),
        (Some(_), Some(_)) => bail!("several saved runs begin with {beginning:?}: {}", names.join(", ")),
        (None, _) => bail!("no saved run begins with {beginning:?}; there are: {}", names.join(", ")),
    }
}

/// A change beyond noise: the intervals do not overlap, and the estimates differ by more than [`TIME_NOISE`].
fn time_change(before: &Time, now: &Time) -> Option<&'static str> {
    let is_near = (now.seconds / before.seconds - 1.0).abs() <= TIME_NOISE;
    if is_near {
        None
    } else if now.interval.0 > before.interval.1 {
        Some("slower")
    } else if now.interval.1 < before.interval.0 {
        Some("faster")
    } else {
        None
    }
}

fn times(ratio: f64) -> String {
    format!("{ratio:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement(name: &str, microseconds: f64, half_width: f64, instructions: Option<u64>) -> Measurement {
        let seconds = microseconds * 1e-6;
        let interval = ((microseconds - half_width) * 1e-6, (microseconds + half_width) * 1e-6);
        let time = Time { seconds, interval, elements: 1, per_second: 1.0 / seconds };
        Measurement { name: name.to_owned(), time: Some(time), instructions }
    }

    #[test]
    fn only_what_lies_beyond_noise_is_called_a_change() {
        let before = [
            measurement("apart", 10.0, 0.5, Some(1_000)),
            measurement("near", 10.0, 0.01, Some(1_000)),
            measurement("overlapping", 10.0, 3.0, None),
            measurement("gone", 10.0, 0.5, None),
        ];
        let now = [
            measurement("apart", 12.0, 0.5, Some(900)),
            measurement("near", 10.4, 0.01, Some(1_004)),
            measurement("overlapping", 8.0, 0.5, None),
            measurement("new", 8.0, 0.5, None),
        ];
        let results = Results { processor: "Z80".to_owned(), load: Some(0.5), measurements: before.into() };
        let expected = "\
Compared with yesterday, on Z80 at load 0.5:

| benchmark   |  before |     now | ratio | instructions | ratio |        change |
| ----------- | ------: | ------: | ----: | -----------: | ----: | ------------: |
| apart       | 10.0 µs | 12.0 µs | 1.200 |          900 | 0.900 | slower, fewer |
| near        | 10.0 µs | 10.4 µs | 1.040 |        1,004 | 1.004 |               |
| overlapping | 10.0 µs | 8.00 µs | 0.800 |              |       |               |
";
        assert_eq!(Comparison { run: "yesterday".to_owned(), results }.table(&now), expected);
    }

    #[test]
    fn a_run_is_named_by_the_beginning_of_its_folder() {
        let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/runs");
        assert_eq!(Comparison::with("2026-11-22-1317", &runs).unwrap().run, "2026-11-22-1317cc8");
        let error = Comparison::with("1999", &runs).map(|comparison| comparison.run).unwrap_err().to_string();
        assert!(error.contains("2026-11-22-1317cc8"), "{error}");
    }
}
