//! The settings of a run.

use agilerl_algo::{DqnConfig, OffPolicyConfig};
use agilerl_env::WrapperConfig;
use agilerl_hpo::TrainerConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::algorithm::AlgorithmConfig;
use crate::config::memory::Sizes;
use crate::config::paths::setting_paths;
use crate::error::Error;

/// The largest whole number of a setting: up to here a float counts exactly, and no sum of two overflows.
const LARGEST: u64 = 1 << 53;
/// Counts with a bound of their own beside the bytes that they ask for: to make that many takes seconds, and more would
/// take silent minutes.
const BOUNDS: [(&str, u64); 4] = [
    ("population", 1 << 16),
    ("off_policy.lanes", 1 << 16),
    ("evolution.threads", 1 << 12),
    ("off_policy.memory_size", 1 << 40),
];

/// The settings of a run. The defaults are those of AgileRL's online-training page; [`recommended`](RunConfig::recommended)
/// has better ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// Name of the environment in the catalogue (LunarLander-v3).
    pub env: String,
    /// Wrappers around the environment, in order from the inside out (none). Wrappers that change rewards are left out
    /// of evaluations, whose returns are the environment's own.
    pub wrappers: Vec<WrapperConfig>,
    /// Number of individuals (6); at most 65,536.
    pub population: usize,
    /// Where the networks learn: `cpu`, or through burn `flex`; and with the feature of that name `ndarray`, `tch`,
    /// `tch:cuda:0`, `wgpu`, `cuda:0` (cpu).
    pub device: String,
    /// GiB of memory that the run may ask for (left out: the memory of this machine, or 64 where the system does not tell
    /// it). Memory, networks, environments and batches are counted before any of them is made. Results do not depend
    /// on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit_gib: Option<f64>,
    /// The algorithm, by its `kind`, and the settings that its agents start with.
    pub algorithm: AlgorithmConfig,
    /// Environments and memory of off-policy training.
    pub off_policy: OffPolicyConfig,
    /// Generations, selection and mutation.
    pub evolution: TrainerConfig,
    /// When the run is saved. Results do not depend on it.
    pub checkpoints: CheckpointConfig,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            env: "LunarLander-v3".to_owned(),
            wrappers: Vec::new(),
            population: 6,
            device: "cpu".to_owned(),
            memory_limit_gib: None,
            algorithm: AlgorithmConfig::default(),
            off_policy: OffPolicyConfig::default(),
            evolution: TrainerConfig::default(),
            checkpoints: CheckpointConfig::default(),
        }
    }
}

/// When a run is saved.
///
/// A resumed run is the same run, whenever it was saved last: these settings decide how much is computed again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CheckpointConfig {
    /// Generations from one checkpoint to the next (1).
    pub every: u64,
    /// The least number of seconds between two checkpoints, so that saving costs little even if a generation takes less
    /// than a second; 0: no limit (10).
    pub seconds: f64,
    /// Number of checkpoints that are kept, the newest ones (2).
    pub keep: usize,
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self { every: 1, seconds: 10.0, keep: 2 }
    }
}

impl CheckpointConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting, its value and its range.
    pub fn validate(&self) -> Result<(), Error> {
        let refuse = |field: &str, value: String, expected: &str| {
            Err(Error::Config { field: field.to_owned(), value, expected: expected.to_owned() })
        };
        if self.every == 0 {
            return refuse("checkpoints.every", "0".to_owned(), "at least 1 generation");
        }
        if !(0.0..=1e9).contains(&self.seconds) {
            return refuse("checkpoints.seconds", self.seconds.to_string(), "a number of seconds from 0 to 1e9");
        }
        if self.keep == 0 {
            return refuse("checkpoints.keep", "0".to_owned(), "at least 1 checkpoint");
        }
        Ok(())
    }
}

impl RunConfig {
    /// The settings of deep Q-learning, to be changed.
    ///
    /// ```
    /// use agilerl::prelude::*;
    ///
    /// let run = Run::on("CartPole-v1").configure(|config| config.dqn().lr = 3e-4);
    /// # assert_eq!(run.config().algorithm.settings::<DqnConfig>().unwrap().lr, 3e-4);
    /// ```
    ///
    /// # Panics
    /// If the run has another algorithm.
    pub fn dqn(&mut self) -> &mut DqnConfig {
        let name = self.algorithm.name();
        let other =
            || panic!("the algorithm of this run is {name}, which has no settings of DQN: set `algorithm` first");
        self.algorithm.settings_mut().unwrap_or_else(other)
    }

    /// Checks every setting by itself and together with the others, as far as that is possible without the environment;
    /// the rest is checked when the run [starts](crate::Run::start). Nothing is allocated.
    ///
    /// The bytes that the counts ask for are compared with the memory of this machine, or with
    /// [`memory_limit_gib`](Self::memory_limit_gib).
    ///
    /// # Errors
    /// [`Error::Config`], which names the setting, its value and its range; [`Error::Section`] for a setting that one
    /// section checks by itself; or [`Error::TooLarge`].
    pub fn validate(&self) -> Result<(), Error> {
        self.refuse_large_numbers()?;
        let refuse = |field: &str, value: String, expected: String| {
            Err(Error::Config { field: field.to_owned(), value, expected })
        };
        if self.population == 0 {
            return refuse("population", "0".to_owned(), "at least 1".to_owned());
        }
        if let Some(gib) = self.memory_limit_gib.filter(|gib| !(gib.is_finite() && *gib > 0.0)) {
            return refuse("memory_limit_gib", gib.to_string(), "a number of GiB above 0, or left out".to_owned());
        }
        in_section("algorithm", self.algorithm.validate())?;
        for wrapper in &self.wrappers {
            in_section("wrappers", wrapper.validate())?;
        }
        let lanes = self.off_policy.lanes.max(1) as u64;
        let round_env_steps = self.evolution.round_env_steps.next_multiple_of(lanes);
        in_section("evolution", self.evolution.validate(self.population))?;
        in_section("off_policy", self.off_policy.validate(round_env_steps as usize))?;
        self.checkpoints.validate()?;
        if i64::try_from(self.evolution.seed).is_err() {
            let (value, expected) = (self.evolution.seed.to_string(), format!("at most {}", i64::MAX));
            return refuse("evolution.seed", value, expected);
        }
        let memory = self.off_policy.memory_size;
        let room = |field, batch_size: usize| {
            let expected = format!("at most off_policy.memory_size, {memory}: a batch must fit into the memory");
            if batch_size <= memory { Ok(()) } else { refuse(field, batch_size.to_string(), expected) }
        };
        room("algorithm.batch_size", self.algorithm.batch_size())?;
        let mutation = &self.evolution.mutation;
        let moves = mutation.rl_hp > 0.0 || self.evolution.initial_diversity;
        let selected = mutation.rl_hp_selection.iter().filter_map(|name| Some((name, mutation.bounds.get(name)?)));
        let known = |name: &str| self.algorithm.hyperparameters().contains(&name);
        for (name, bounds) in selected.filter(|(name, _)| moves && known(name)) {
            if name == "batch_size" {
                room("evolution.mutation.bounds.batch_size.max", bounds.max as usize)?;
            }
            // Every value that evolution may draw must be one that the agent takes.
            for end in [bounds.min, bounds.max] {
                let mut algorithm = self.algorithm.clone();
                algorithm.set_hyperparameter(name, end);
                algorithm.validate()?;
            }
        }
        // All lanes step together: with many of them a round is longer than it was asked to be.
        let round = round_env_steps.saturating_mul(self.population as u64);
        if (memory as u64) < round {
            let expected =
                format!("at least {round}: one round of every individual, or some of it would never be stored");
            return refuse("off_policy.memory_size", memory.to_string(), expected);
        }
        if mutation.activation > 0.0 {
            in_section("algorithm", self.algorithm.check_activations())?;
        }
        self.refuse_too_many_bytes(&Sizes::least(self))
    }

    /// Refuses whole numbers that arithmetic could overflow with, before anything is computed with them.
    fn refuse_large_numbers(&self) -> Result<(), Error> {
        // Nothing is counted with a seed, which has a limit of its own.
        let counts = setting_paths(self).into_iter().filter(|(field, _)| field != "evolution.seed");
        let most =
            |field: &str| BOUNDS.iter().find(|(bounded, _)| *bounded == field).map_or(LARGEST, |(_, most)| *most);
        let mut counts = counts.filter_map(|(field, value)| Some((most(&field), field, value.as_u64()?)));
        match counts.find(|(most, _, value)| value > most) {
            Some((most, field, value)) => {
                Err(Error::Config { field, value: value.to_string(), expected: format!("at most {most}") })
            }
            None => Ok(()),
        }
    }
}

impl RunConfig {
    /// Refuses settings other than those that the run started with, except settings that results do not depend on.
    pub(crate) fn refuse_changes(&self, started_with: &Self) -> Result<(), Error> {
        let mut same = started_with.clone();
        (same.evolution.threads, same.checkpoints) = (self.evolution.threads, self.checkpoints);
        same.memory_limit_gib = self.memory_limit_gib;
        if same == *self {
            return Ok(());
        }
        let (before, now) = (setting_paths(&same), setting_paths(self));
        let value = |settings: &[(String, Json)], field: &str| {
            settings
                .iter()
                .find(|(path, _)| path == field)
                .map_or_else(|| "left out".to_owned(), |(_, value)| value.to_string())
        };
        // A setting that was taken out is in the earlier settings only.
        let mut fields = now.iter().chain(&before).map(|(field, _)| field);
        let Some(field) = fields.find(|field| value(&before, field) != value(&now, field)) else { return Ok(()) };
        let expected = format!(
            "{}, with which the run began: its settings stay the same when it is resumed",
            value(&before, field)
        );
        Err(Error::Config { field: field.clone(), value: value(&now, field), expected })
    }

    /// Rounds the lengths of rounds and generations up to whole steps of all lanes, which step together.
    pub(crate) fn round_to_lanes(&mut self) {
        let lanes = self.off_policy.lanes.max(1) as u64;
        let evolution = &mut self.evolution;
        evolution.round_env_steps = evolution.round_env_steps.next_multiple_of(lanes);
        evolution.generation_env_steps = evolution.generation_env_steps.next_multiple_of(lanes);
    }
}

/// Adds the section of the file to an error.
fn in_section<E: std::error::Error + Send + Sync + 'static>(
    section: &'static str,
    checked: Result<(), E>,
) -> Result<(), Error> {
    checked.map_err(|source| Error::Section { section, source: Box::new(source) })
}
