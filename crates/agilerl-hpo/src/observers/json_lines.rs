//! The log of a run for programs.

use std::{path::Path, time::Duration};

use serde_json::{Map, Value, json};

use agilerl_storage::{Digest, LogFile, Storage, StorageError};

use crate::error::BoxError;
use crate::evolution::evolve::Evolve;
use crate::evolution::individual::Individual;
use crate::observers::run_log::{RunLog, RunLogKind};
use crate::run::event::{Event, Flow, GenerationReport, Observer};

/// Names of the fields that hold times. Two logs of the same run differ in nothing else.
const CLOCK_FIELDS: [&str; 2] = ["wall_seconds", "env_steps_per_second"];

/// Writes the whole lineage of a run, one JSON object per line. Each line is written to the storage at once.
///
/// | `event` | one line per | fields beside |
/// |---|---|---|
/// | `started` | run | `seed`, `generations`, `generation_env_steps`, `population` |
/// | `born` | new individual | `generation`, the record |
/// | `individual` | individual and generation, once evaluated | `generation`, `elite`, the record, `returns`, `eval_env_steps`, `eval_cut`, `training` |
/// | `not_finite` | individual with a NaN | `generation`, `id` |
/// | `generation` | generation | `generation`, `elite`, `fitness`, `env_steps`, `eval_steps`, the clock |
/// | `confirmed` | evaluation on fresh episodes | `generation`, `id`, `episodes`, `mean`, `reached` |
/// | `extended` | run that was over and goes on | `generation`, `generations`, `target` |
/// | `ended` | run, and once more for each time it is extended | `ending`, `elite`, `fitness`, `confirmed_mean`, `env_steps`, `eval_steps`, `signature`, the clock |
///
/// The record of an individual is its [`LineageRecord`](crate::LineageRecord): `id`, `parents`, `mutation` with the
/// value before and after, `hyperparameters`, `architecture`, `fitness`, `env_steps`. `training` is a
/// [`RoundStats`](crate::RoundStats): counts, `return_sum`, and a field `<name>_sum` for each metric. A log that starts
/// in the middle of a run, because the earlier log was set aside, starts with a line `resumed`: `generation`,
/// `generations`, `env_steps`, `population`. Times are in `wall_seconds` and `env_steps_per_second` and nowhere else
/// ([`without_clock`]). JSON has no NaN; it is written as `null`.
pub struct JsonLines {
    file: LogFile,
}

impl JsonLines {
    /// Creates the file, so that an unwritable place is found before the run begins. The folder must exist; a file of
    /// that name is overwritten.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(storage: &dyn Storage, path: &Path) -> Result<Self, StorageError> {
        Ok(Self { file: LogFile::create(storage, path)? })
    }

    /// Continues the log from the state with this [`digest`](RunLog::digest), as if it had never been written further.
    ///
    /// # Errors
    /// If the file is missing, or if its content up to that state has changed.
    pub fn resume(storage: &dyn Storage, path: &Path, digest: &Digest) -> Result<Self, StorageError> {
        Ok(Self { file: LogFile::resume(storage, path, digest)? })
    }

    fn line(&mut self, value: &Value) -> Result<(), BoxError> {
        let mut line = value.to_string();
        line.push('\n');
        Ok(self.file.write(line.as_bytes())?)
    }

    fn born<A: Evolve>(&mut self, generation: u64, individual: &Individual<A>) -> Result<(), BoxError> {
        self.line(&with_record(json!({ "event": "born", "generation": generation }), individual)?)
    }

    fn evaluated<A: Evolve>(&mut self, report: &GenerationReport<'_, A>) -> Result<(), BoxError> {
        for (place, individual) in report.population.iter().enumerate() {
            let evaluation = &report.evaluations[place];
            let line = json!({
                "event": "individual",
                "generation": report.generation,
                "elite": place == report.elite,
                "returns": evaluation.returns,
                "eval_env_steps": evaluation.env_steps,
                "eval_cut": evaluation.cut,
                "training": report.training[place],
            });
            self.line(&with_record(line, individual)?)?;
        }
        self.line(&json!({
            "event": "generation",
            "generation": report.generation,
            "elite": report.elite().id,
            "fitness": report.elite().latest_fitness(),
            "env_steps": report.env_steps,
            "eval_steps": report.eval_steps,
            CLOCK_FIELDS[0]: report.wall.as_secs_f64(),
            CLOCK_FIELDS[1]: per_second(report.env_steps, report.wall),
        }))
    }
}

impl<A: Evolve> Observer<A> for JsonLines {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
        match event {
            Event::Started { seed, generations, generation_env_steps, target, population, .. } => {
                self.line(&json!({
                    "event": "started",
                    "seed": seed,
                    "generations": generations,
                    "generation_env_steps": generation_env_steps,
                    "target": target,
                    "population": population.len(),
                }))?;
                population.iter().try_for_each(|individual| self.born(0, individual))?;
            }
            Event::Evaluated(report) => self.evaluated(report)?,
            Event::NotFinite { generation, individual } => {
                self.line(&json!({ "event": "not_finite", "generation": generation, "id": individual.id }))?;
            }
            Event::Confirmed { generation, individual, episodes, mean, reached } => self.line(&json!({
                "event": "confirmed",
                "generation": generation,
                "id": individual.id,
                "episodes": episodes,
                "mean": mean,
                "reached": reached,
            }))?,
            Event::Evolved { generation, population } => {
                let mut children = population.iter().filter(|individual| !individual.is_evaluated());
                children.try_for_each(|individual| self.born(*generation, individual))?;
            }
            Event::Ended { ending, elite, confirmed_mean, env_steps, eval_steps, signature, wall } => {
                self.line(&json!({
                    "event": "ended",
                    "ending": ending,
                    "elite": elite.id,
                    "fitness": elite.latest_fitness(),
                    "confirmed_mean": confirmed_mean,
                    "env_steps": env_steps,
                    "eval_steps": eval_steps,
                    "signature": signature,
                    CLOCK_FIELDS[0]: wall.as_secs_f64(),
                    CLOCK_FIELDS[1]: per_second(*env_steps, *wall),
                }))?;
                self.file.sync()?;
            }
            Event::Extended { generation, generations, target, .. } => self.line(&json!({
                "event": "extended",
                "generation": generation,
                "generations": generations,
                "target": target,
            }))?,
            Event::Resumed { generation, generations, env_steps, population, .. } if self.file.is_empty() => {
                self.line(&json!({
                    "event": "resumed",
                    "generation": generation,
                    "generations": generations,
                    "env_steps": env_steps,
                    "population": population.len(),
                }))?;
            }
            // The log of a resumed run equals that of a run that was never stopped.
            Event::Round { .. } | Event::Resumed { .. } | Event::Notice { .. } => {}
        }
        Ok(Flow::Continue)
    }
}

impl<A: Evolve> RunLog<A> for JsonLines {
    fn file_name(&self) -> &str {
        self.file.name()
    }

    fn digest(&mut self) -> Result<Digest, StorageError> {
        self.file.sync()?;
        Ok(self.file.digest())
    }
}

impl<A: Evolve> RunLogKind<A> {
    /// Returns the kind of [`JsonLines`] with this file name.
    pub fn json_lines(file_name: &'static str) -> Self {
        Self {
            file_name,
            create: |storage, path| Ok(Box::new(JsonLines::create(storage, path)?)),
            resume: |storage, path, digest| Ok(Box::new(JsonLines::resume(storage, path, digest)?)),
        }
    }
}

/// Returns a log without its times: two runs with one seed write the same text, at any number of threads.
///
/// ```
/// let line = r#"{"event":"generation","env_steps":60000,"wall_seconds":1.5}"#;
/// assert_eq!(agilerl_hpo::without_clock(line), "{\"event\":\"generation\",\"env_steps\":60000}\n");
/// ```
///
/// # Panics
/// If a line is not a JSON object: this function is for tests and tools that compare logs.
pub fn without_clock(log: &str) -> String {
    let clean = |line: &str| {
        let mut fields: Map<String, Value> = serde_json::from_str(line).expect("a line of a log is a JSON object");
        fields.retain(|name, _| !CLOCK_FIELDS.contains(&name.as_str()));
        format!("{}\n", Value::Object(fields))
    };
    log.lines().map(clean).collect()
}

/// Returns a line with the individual's record beside its own fields.
fn with_record<A: Evolve>(mut line: Value, individual: &Individual<A>) -> Result<Value, BoxError> {
    let Value::Object(record) = serde_json::to_value(individual.record())? else {
        unreachable!("a record is a struct, and a struct is a JSON object");
    };
    line.as_object_mut().expect("a line is a JSON object").extend(record);
    Ok(line)
}

fn per_second(env_steps: u64, wall: Duration) -> f64 {
    env_steps as f64 / wall.as_secs_f64()
}
