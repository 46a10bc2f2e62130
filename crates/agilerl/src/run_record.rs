//! What a run folder says of its run beside the settings: whose environment it is, where its founders come from, how far it
//! was told to go.

use std::any::type_name;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use agilerl_hpo::{Digest, HpoError, Storage};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{Error, RunConfig};

/// Name of the file; every checkpoint holds one too, and that one counts.
pub(crate) const RUN: &str = "run.json";

/// Version of the format that this build writes and reads.
const FORMAT: u64 = 1;

/// The content of `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunRecord {
    format: u64,
    /// Versions of what wrote it.
    versions: BTreeMap<String, String>,
    /// Name of the environment.
    pub(crate) env: String,
    /// Type of the program's own environment, with its wrappers; none where the catalogue's is trained on.
    pub(crate) own_env: Option<String>,
    /// Why the run has no checkpoints, if it has none.
    pub(crate) no_checkpoints: Option<String>,
    /// The elite that the founders are, if they were not drawn.
    pub(crate) from: Option<Origin>,
    /// How far the run was told to go: when it began, and whenever it was given more.
    pub(crate) stages: Vec<Stage>,
}

/// The elite of another run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Origin {
    /// The folder that it was read from.
    pub(crate) folder: PathBuf,
    /// Of its `elite.safetensors`.
    pub(crate) weights: Digest,
    /// Facts of its run, from its `elite.json`.
    pub(crate) run: serde_json::Map<String, Json>,
}

/// What a run is told to reach before it is over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    /// Generations at most.
    pub(crate) generations: u64,
    /// Mean return that ends it.
    pub(crate) target: Option<f64>,
}

impl Stage {
    /// That of these settings.
    pub(crate) fn of(config: &RunConfig) -> Self {
        Self { generations: config.evolution.generations, target: config.evolution.target }
    }

    /// Puts it into settings.
    pub(crate) fn put_into(self, config: &mut RunConfig) {
        (config.evolution.generations, config.evolution.target) = (self.generations, self.target);
    }
}

impl RunRecord {
    /// Of a run that begins with these settings.
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

    /// The record of a folder; none if it has none, as folders of earlier versions have.
    ///
    /// # Errors
    /// If it cannot be read, or makes no sense.
    pub(crate) fn read(storage: &dyn Storage, folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(RUN);
        match storage.read(&path) {
            Ok(bytes) => Self::parse(&bytes, &path).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// # Errors
    /// If the bytes make no sense, or if a later version wrote them.
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Self, Error> {
        let changed = |what: String| HpoError::Changed { path: path.to_owned(), what };
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

    /// What the run was told last.
    pub(crate) fn last_stage(&self) -> Stage {
        *self.stages.last().expect("a record has a stage")
    }

    /// Whether this is the record of the same run, which has only been told to go further since.
    pub(crate) fn goes_on_from(&self, earlier: &Self) -> bool {
        let as_then = Self { stages: earlier.stages.clone(), versions: earlier.versions.clone(), ..self.clone() };
        as_then == *earlier && self.stages.starts_with(&earlier.stages)
    }

    /// A run goes on in the environment that it began in, be it the catalogue's or the program's own.
    ///
    /// # Errors
    /// [`Error::OtherEnv`] with the cure.
    pub(crate) fn check_env(&self, folder: &Path, given: Option<&str>) -> Result<(), Error> {
        let name = &self.env;
        let why = match (self.own_env.as_deref(), given) {
            (Some(own), None) => format!(
                "is a run on an environment of the program's own, {own}, which calls itself {name}: give it again \
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

/// A type by its name and those of its parameters, without the paths of their modules: `TimeLimit<FrozenLake>`.
pub(crate) fn short_type_name<T: ?Sized>() -> String {
    let mut short = String::new();
    let mut rest = type_name::<T>();
    while let Some(letter) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("::") {
            // What stands before it is a module.
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
    fn a_record_is_read_back_and_what_is_none_is_refused() {
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
    fn a_record_goes_on_from_an_earlier_one_by_its_stages_alone() {
        assert!(record(&[4, 8]).goes_on_from(&record(&[4])));
        assert!(record(&[4]).goes_on_from(&record(&[4])));
        assert!(!record(&[4]).goes_on_from(&record(&[4, 8])));
        assert!(!record(&[5, 8]).goes_on_from(&record(&[4])));
        let own = RunRecord { own_env: Some("CartPole".to_owned()), ..record(&[4, 8]) };
        assert!(!own.goes_on_from(&record(&[4])));
    }
}
