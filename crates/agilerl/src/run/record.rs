//! The record of a run beside its settings: its environment, the origin of its founders, and its stages.

use std::any::type_name;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use agilerl_hpo::HpoError;
use agilerl_storage::{Digest, Storage, StorageError};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::config::run_config::RunConfig;
use crate::error::Error;

/// Name of the file. Every checkpoint holds a copy, which counts.
pub(crate) const RUN: &str = "run.json";

/// Version of the format that this build writes and reads.
const FORMAT: u64 = 1;

/// The content of `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunRecord {
    format: u64,
    /// Versions of the crates that wrote it, by name.
    versions: BTreeMap<String, String>,
    /// Name of the environment.
    pub(crate) env: String,
    /// Type of the program's own environment, with its wrappers; none for an environment of the catalogue.
    pub(crate) own_env: Option<String>,
    /// The reason why the run has no checkpoints, if it has none.
    pub(crate) no_checkpoints: Option<String>,
    /// The elite that the founders are copies of, if they were not drawn.
    pub(crate) from: Option<Origin>,
    /// The stages of the run: one of its beginning, and one for each time it was given more generations.
    pub(crate) stages: Vec<Stage>,
}

/// The elite of another run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Origin {
    /// The folder that it was read from.
    pub(crate) folder: PathBuf,
    /// Digest of its `elite.safetensors`.
    pub(crate) weights: Digest,
    /// The facts about its run in its `elite.json`.
    pub(crate) run: serde_json::Map<String, Json>,
}

/// The conditions that end a run, or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    /// The greatest number of generations.
    pub(crate) generations: u64,
    /// Mean return that ends the stage.
    pub(crate) target: Option<f64>,
}

impl Stage {
    /// Returns the stage of these settings.
    pub(crate) fn of(config: &RunConfig) -> Self {
        Self { generations: config.evolution.generations, target: config.evolution.target }
    }

    /// Writes the stage into settings.
    pub(crate) fn put_into(self, config: &mut RunConfig) {
        (config.evolution.generations, config.evolution.target) = (self.generations, self.target);
    }
}

impl RunRecord {
    /// Returns the record of a run that begins with these settings.
    pub(crate) fn new(config: &RunConfig, own_env: Option<String>) -> Self {
        Self {
            format: FORMAT,
            versions: [("agilerl".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
            env: config.env.clone(),
            own_env,
            no_checkpoints: None,
            from: None,
            stages: vec![Stage::of(config)],
        }
    }

    /// Reads the record of a folder; none if there is no such file.
    ///
    /// # Errors
    /// If it cannot be read or understood.
    pub(crate) fn read(storage: &dyn Storage, folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(RUN);
        match storage.read(&path) {
            Ok(bytes) => Self::parse(&bytes, &path).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// Reads the bytes of a record.
    ///
    /// # Errors
    /// If they cannot be understood, or if a later version wrote them.
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Self, Error> {
        let changed = |what: String| StorageError::Changed { path: path.to_owned(), what };
        let value: Json = serde_json::from_slice(bytes).map_err(|error| changed(error.to_string()))?;
        if let Some(found) = value.get("format").and_then(Json::as_u64).filter(|&found| found > FORMAT) {
            let written_by = value.get("versions").map(Json::to_string).unwrap_or_default();
            return Err(HpoError::NewerFormat { path: path.to_owned(), found, known: FORMAT, written_by }.into());
        }
        let record: Self = serde_json::from_value(value).map_err(|error| changed(error.to_string()))?;
        if record.format != FORMAT || record.stages.is_empty() {
            return Err(changed("it is no record of a run".to_owned()).into());
        }
        Ok(record)
    }

    pub(crate) fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a record has text keys only");
        text.push('\n');
        text
    }

    /// The last stage.
    pub(crate) fn last_stage(&self) -> Stage {
        *self.stages.last().expect("a record has a stage")
    }

    /// Whether this is the record of the same run with the same stages, or with further ones.
    pub(crate) fn extends(&self, earlier: &Self) -> bool {
        let as_then = Self { stages: earlier.stages.clone(), versions: earlier.versions.clone(), ..self.clone() };
        as_then == *earlier && self.stages.starts_with(&earlier.stages)
    }

    /// Checks that the run is resumed on the environment that it began in, the catalogue's or the program's own.
    ///
    /// # Errors
    /// [`Error::OtherEnv`] with the way out.
    pub(crate) fn check_env(&self, folder: &Path, given: Option<&str>) -> Result<(), Error> {
        let name = &self.env;
        let why = match (self.own_env.as_deref(), given) {
            (Some(own), None) => format!(
                "is a run on an environment of the program's own, {own}, whose name is {name}: give it again \
                 (`Run::resume(..)?.on_env(..)`); it is not the catalogue's"
            ),
            (None, Some(given)) => format!(
                "is a run on the catalogue's {name}, and is given an environment of the program's own, {given}: resume it \
                 without `on_env`"
            ),
            (Some(own), Some(given)) if own != given => format!(
                "is a run on the environment {own}, and is given {given}: give it the one that it began with, wrappers \
                 included (`on_env`)"
            ),
            _ => return Ok(()),
        };
        Err(Error::OtherEnv { folder: folder.to_owned(), why })
    }
}

/// Returns the name of a type with its parameters, without the paths of their modules: `TimeLimit<FrozenLake>`.
pub(crate) fn short_type_name<T: ?Sized>() -> String {
    let mut short = String::new();
    let mut rest = type_name::<T>();
    while let Some(letter) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("::") {
            // The part before it is a module.
            let begins = short.rfind(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let begins = begins.map_or(0, |last| last + short[last..].chars().next().map_or(0, char::len_utf8));
            short.truncate(begins);
            rest = behind;
        } else {
            short.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use agilerl_env::{BoxEnv, FrozenLake, TimeLimit};

    use super::*;

    #[test]
    fn a_type_is_named_without_its_modules() {
        assert_eq!(short_type_name::<FrozenLake>(), "FrozenLake");
        assert_eq!(short_type_name::<TimeLimit<FrozenLake>>(), "TimeLimit<FrozenLake>");
        assert_eq!(short_type_name::<(TimeLimit<FrozenLake>, &[f32; 2])>(), "(TimeLimit<FrozenLake>, &[f32; 2])");
        let boxed = short_type_name::<TimeLimit<BoxEnv<u32, f32>>>();
        assert!(boxed.starts_with("TimeLimit<Box<dyn Env<") && !boxed.contains("::"), "{boxed}");
    }

    fn record(stages: &[u64]) -> RunRecord {
        let mut record = RunRecord::new(&RunConfig::default(), None);
        record.stages = stages.iter().map(|&generations| Stage { generations, target: None }).collect();
        record
    }

    #[test]
    fn a_record_is_read_back_and_other_text_is_refused() {
        let record = record(&[4, 8]);
        assert_eq!(RunRecord::parse(record.to_json().as_bytes(), RUN.as_ref()).unwrap(), record);
        let error = |from: &str, to: &str| {
            let text = record.to_json();
            assert!(text.contains(from), "{text}");
            RunRecord::parse(text.replace(from, to).as_bytes(), RUN.as_ref()).unwrap_err().to_string()
        };
        assert!(error("\"format\": 1", "\"format\": 2").contains("has the format 2, and this version reads format 1"));
        assert!(error("\"format\": 1", "\"format\": 0").contains("it is no record of a run"));
        assert!(error("\"own_env\"", "\"whose_env\"").contains("run.json is not what this run wrote"));
    }

    #[test]
    fn a_record_extends_an_earlier_one_by_its_stages_alone() {
        assert!(record(&[4, 8]).extends(&record(&[4])));
        assert!(record(&[4]).extends(&record(&[4])));
        assert!(!record(&[4]).extends(&record(&[4, 8])));
        assert!(!record(&[5, 8]).extends(&record(&[4])));
        let own = RunRecord { own_env: Some("CartPole".to_owned()), ..record(&[4, 8]) };
        assert!(!own.extends(&record(&[4])));
    }
}
