//! `cargo xtask bench`: runs the benchmarks, and keeps and compares their results.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use crate::comparison::Comparison;
use crate::instructions::count;
use crate::results::{Measurement, add_instructions, duration, table};
use crate::workspace::{cargo, output, root, target};

/// Selects the benchmarks, and whether their results are saved.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave table and numbers in a dated folder under benches/runs
    #[arg(long)]
    save: bool,
    /// Run only the benchmarks whose name contains this: learn, env/lander
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Measure only times or only instructions, which a busy machine does not change
    #[arg(long, value_name = "WHAT")]
    only: Option<Only>,
    /// A saved run to compare with: its folder, or how the name of a folder under benches/runs begins
    #[arg(long, value_name = "RUN")]
    compare: Option<String>,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Only {
    Times,
    Instructions,
}

/// Runs the benchmarks in `crates/agilerl/benches`, prints the table, and writes `bench.json` into the target folder.
pub(crate) fn run(options: &Options) -> Result<()> {
    // Read first, so that a missing run is reported before minutes of measuring.
    let runs = root().join("benches/runs");
    let earlier = options.compare.as_ref().map(|run| Comparison::with(run, &runs)).transpose()?;
    let conditions = Conditions::now(options)?;
    let target = target()?;
    let mut measurements = Vec::new();
    if options.only != Some(Only::Instructions) {
        measurements = times(options.filter.as_deref())?;
    }
    if options.only != Some(Only::Times) {
        add_instructions(&mut measurements, count(options.filter.as_deref().unwrap_or(""))?);
    }
    if measurements.is_empty() {
        bail!("no benchmark ran; the filter was {:?}", options.filter.as_deref().unwrap_or(""));
    }
    let table = table(&measurements);
    println!("\n{table}");
    if let Some(earlier) = earlier {
        println!("{}", earlier.table(&measurements));
    }
    let results = Results { conditions: &conditions, measurements: &measurements };
    let results = serde_json::to_string_pretty(&results)? + "\n";
    write(&target.join("bench.json"), &results)?;
    if options.save {
        let folder = new_folder(&runs, &conditions)?;
        write(&folder.join("table.md"), &format!("{}\n{table}", conditions.heading()))?;
        write(&folder.join("results.json"), &results)?;
        println!("saved in {}", folder.display());
    }
    Ok(())
}

/// Runs the benchmark `speed`, and prints its results as they come.
fn times(filter: Option<&str>) -> Result<Vec<Measurement>> {
    let mut command = cargo();
    command.args(["bench", "--package", "agilerl", "--bench", "speed", "--"]).args(filter);
    let mut benchmark = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {command:?}"))?;
    let mut measurements = Vec::new();
    for line in BufReader::new(benchmark.stdout.take().expect("piped above")).lines() {
        let measurement = Measurement::parse(&line?)?;
        if let Some(time) = &measurement.time {
            println!("{}: {}", measurement.name, duration(time.seconds));
        }
        measurements.push(measurement);
    }
    let status = benchmark.wait()?;
    ensure!(status.success(), "{command:?} ended with {status}");
    measurements.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(measurements)
}

#[derive(Serialize)]
struct Results<'a> {
    #[serde(flatten)]
    conditions: &'a Conditions,
    measurements: &'a [Measurement],
}

/// The circumstances of a measurement, without which its numbers cannot be compared.
#[derive(Serialize)]
struct Conditions {
    /// Day, in UTC.
    date: String,
    /// Short hash, with `-dirty` where the working tree differs from it.
    commit: String,
    /// Model of the processor.
    processor: String,
    /// The number of threads that run at the same time.
    cores: usize,
    /// The mean number of runnable processes in the minute before the start, where the system reports it.
    load: Option<f64>,
    rustc: String,
    command: String,
}

impl Conditions {
    fn now(options: &Options) -> Result<Self> {
        let days = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() / 86_400;
        let (year, month, day) = date(days as i64);
        let filter = options.filter.iter().map(|filter| format!(" --filter {filter}"));
        let only = options.only.map(|only| match only {
            Only::Times => " --only times".to_owned(),
            Only::Instructions => " --only instructions".to_owned(),
        });
        Ok(Self {
            date: format!("{year:04}-{month:02}-{day:02}"),
            commit: output(Command::new("git").current_dir(root()).args([
                "describe",
                "--always",
                "--dirty",
                "--exclude=*",
            ]))?,
            processor: processor(),
            cores: std::thread::available_parallelism()?.get(),
            load: load(),
            rustc: output(Command::new("rustc").current_dir(root()).arg("--version"))?,
            command: std::iter::once("cargo xtask bench".to_owned()).chain(filter).chain(only).collect(),
        })
    }

    fn heading(&self) -> String {
        let Self { date, commit, processor, cores, rustc, command, .. } = self;
        let load = self.load.map(|load| format!(", load {load} before the start")).unwrap_or_default();
        format!("# {date}\n\n`{command}` at {commit}, {processor}, {cores} cores{load}, {rustc}\n")
    }
}

fn processor() -> String {
    let linux = || {
        let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
        Some(
            info.lines()
                .find_map(|line| line.strip_prefix("model name"))?
                .trim_start_matches([':', '\t', ' '])
                .to_owned(),
        )
    };
    let mac_os = || output(Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"])).ok();
    linux().or_else(mac_os).unwrap_or_else(|| format!("unknown {} processor", std::env::consts::ARCH))
}

fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// Year, month and day of a day counted from 1970-01-01 (Howard Hinnant, *chrono-Compatible Low-Level Date
/// Algorithms*, `civil_from_days`).
fn date(days: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the leap day is the last of a year; eras are 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Creates a folder named by date and commit. If it exists, a number is appended: results are never overwritten.
fn new_folder(runs: &Path, conditions: &Conditions) -> Result<PathBuf> {
    let name = format!("{}-{}", conditions.date, conditions.commit);
    let folder = (1..)
        .map(|number| runs.join(if number == 1 { name.clone() } else { format!("{name}-{number}") }))
        .find(|folder| !folder.exists())
        .expect("numbers do not end");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(11_016), (2000, 2, 29)); // 30 years of 365 days, 7 leap days before 2000, and 59 days
        assert_eq!(date(20_454), (2026, 1, 1)); // 56 years and 14 leap days
    }

    #[test]
    fn a_second_run_of_a_day_does_not_overwrite_the_first() {
        let runs = std::env::temp_dir().join(format!("agilerl-bench-{}", std::process::id()));
        let conditions = Conditions {
            date: "2026-01-01".to_owned(),
            commit: "abc".to_owned(),
            processor: String::new(),
            cores: 1,
            load: None,
            rustc: String::new(),
            command: String::new(),
        };
        let folders = [(); 2].map(|()| new_folder(&runs, &conditions).unwrap());
        assert_eq!(folders, [runs.join("2026-01-01-abc"), runs.join("2026-01-01-abc-2")]);
        std::fs::remove_dir_all(runs).unwrap();
    }
}
