//! The settings of a run.

use agilerl_algo::dqn::Loss;
use agilerl_algo::{DqnConfig, Epsilon, OffPolicyConfig};
use agilerl_env::{Observations, env_info};
use agilerl_hpo::TrainerConfig;
use agilerl_nets::ConvSpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::Error;
use crate::memory_use::Sizes;
use crate::setting_paths::setting_paths;

/// The largest whole number of a setting: up to here a float counts exactly, and no sum of two overflows.
const LARGEST: u64 = 1 << 53;
/// Counts that are bounded by themselves, and not by the bytes that they ask for alone: making so many takes seconds, and
/// more would take minutes in which nothing is said.
const BOUNDS: [(&str, u64); 4] = [
    ("population", 1 << 16),
    ("off_policy.lanes", 1 << 16),
    ("evolution.threads", 1 << 12),
    ("off_policy.memory_size", 1 << 40),
];

/// The settings of a run. Those of the parts stand in their own documentation; the defaults are those of AgileRL's
/// online-training page, and [`recommended`](RunConfig::recommended) has better ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// Name of the environment in the catalogue (LunarLander-v3).
    pub env: String,
    /// Individuals (6); at most 65,536.
    pub population: usize,
    /// Where the networks learn: `cpu`, or through burn `flex`; and with the feature of that name `ndarray`, `tch`,
    /// `tch:cuda:0`, `wgpu`, `cuda:0` (cpu).
    pub device: String,
    /// GiB of memory that the run may ask for (left out: what this machine has, or 64 where the system does not say).
    /// What is counted before anything is made: memory, networks, environments, batches. Results do not depend on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit_gib: Option<f64>,
    /// The agents at the start.
    pub dqn: DqnConfig,
    /// Lanes and memory.
    pub off_policy: OffPolicyConfig,
    /// Generations, selection and mutation.
    pub evolution: TrainerConfig,
    /// How often the run is saved. Results do not depend on it.
    pub checkpoints: CheckpointConfig,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            env: "LunarLander-v3".to_owned(),
            population: 6,
            device: "cpu".to_owned(),
            memory_limit_gib: None,
            dqn: DqnConfig::default(),
            off_policy: OffPolicyConfig::default(),
            evolution: TrainerConfig::default(),
            checkpoints: CheckpointConfig::default(),
        }
    }
}

/// How often a run is saved.
///
/// A run that is resumed is the same run, whenever it was saved last: these settings decide how much is computed again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CheckpointConfig {
    /// Generations from one checkpoint to the next (1).
    pub every: u64,
    /// Seconds that lie between two checkpoints at least, so that saving costs next to nothing even where a generation
    /// takes less than one; 0: no limit (10).
    pub seconds: f64,
    /// Checkpoints that are kept, the newest ones (2).
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
    /// Settings that solved CartPole-v1 and LunarLander-v3 with every seed tried (`docs/benchmarks.md`): those of the page,
    /// but for what is named here; and for MinAtar's games those of the network of Young and Tian (2019).
    ///
    /// Where it differs from the default, and why: two hidden layers of 64 nodes instead of 32; `learn_step` 8 instead of
    /// 16, so that a transition is learnt from 16 times instead of 8; tau 5e-3 instead of 1e-3, so that the target network
    /// follows within some hundred updates; Huber loss, which a crash's -100 does not dominate; epsilon down to 0.02 within
    /// 30,000 steps, since the population explores by its differences too. Where the environment has no time limit of its
    /// own, an evaluation episode is cut after 1,000 steps.
    pub fn recommended(env: &str) -> Self {
        let info = env_info(env).ok();
        if info.is_some_and(|info| info.observations == Observations::Pixels) {
            return Self::recommended_for_boards(env);
        }
        let mut config = Self { env: env.to_owned(), ..Self::default() };
        // Who walks in circles along the cliff is not watched for long.
        if info.is_some_and(|info| info.max_episode_steps.is_none()) {
            config.off_policy.eval_step_limit = 1_000;
        }
        config.dqn.hidden = vec![64, 64];
        config.dqn.learn_step = 8;
        config.dqn.tau = 5e-3;
        config.dqn.loss = Loss::Huber;
        config.dqn.epsilon = Epsilon { start: 1.0, end: 0.02, decay_steps: 30_000 };
        config
    }

    /// Settings for MinAtar: the network of Young and Tian (2019), one convolution of 16 channels, 3 x 3, and 128 nodes.
    fn recommended_for_boards(env: &str) -> Self {
        let mut config = Self { env: env.to_owned(), population: 4, ..Self::default() };
        config.dqn.convs = vec![ConvSpec::new(16, 3, 1)];
        config.dqn.hidden = vec![128];
        config.dqn.batch_size = 32;
        config.dqn.learn_step = 4;
        config.dqn.lr = 5e-4;
        config.dqn.tau = 5e-3;
        config.dqn.loss = Loss::Huber;
        config.dqn.epsilon = Epsilon { start: 1.0, end: 0.02, decay_steps: 100_000 };
        config.off_policy.memory_size = 300_000;
        config.off_policy.learning_starts = 5_000;
        config.evolution.generation_env_steps = 25_000;
        config.evolution.generations = 20;
        config
    }

    /// Checks every setting by itself and together with the others, as far as that can be done without the environment;
    /// what depends on it is checked when the run [starts](crate::Run::start). Nothing is allocated.
    ///
    /// The counts are held against the memory of this machine, or [`memory_limit_gib`](Self::memory_limit_gib).
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting, its value and what it must be, [`Error::Section`] if that is a part's own, or
    /// [`Error::TooLarge`].
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
        // The network's own sizes are not known before the environment is: one in, one out.
        let spec = self.dqn.spec(1, 1);
        in_section("dqn", self.dqn.validate())?;
        in_section("dqn", spec.validate())?;
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
        room("dqn.batch_size", self.dqn.batch_size)?;
        let mutation = &self.evolution.mutation;
        let moves = mutation.rl_hp > 0.0 || self.evolution.initial_diversity;
        let selected = mutation.rl_hp_selection.iter().filter_map(|name| Some((name, mutation.bounds.get(name)?)));
        let known = |name: &str| DqnConfig::HYPERPARAMETERS.contains(&name);
        for (name, bounds) in selected.filter(|(name, _)| moves && known(name)) {
            if name == "batch_size" {
                room("evolution.mutation.bounds.batch_size.max", bounds.max as usize)?;
            }
            // Wherever evolution may go, the agent must be able to follow.
            for end in [bounds.min, bounds.max] {
                let mut config = self.dqn.clone();
                config.set_hyperparameter(name, end);
                config.validate()?;
            }
        }
        // All lanes step together: with many of them a round is longer than it was asked to be.
        let round = round_env_steps.saturating_mul(self.population as u64);
        if (memory as u64) < round {
            let expected =
                format!("at least {round}: one round of every individual, or some would never be remembered");
            return refuse("off_policy.memory_size", memory.to_string(), expected);
        }
        if mutation.activation > 0.0 && self.dqn.activations_to_mutate_to().next().is_none() {
            let value = format!("{:?}", self.dqn.activation_selection);
            let expected = format!(
                "another than {} (and not prelu) for evolution.mutation.activation = {} to draw",
                self.dqn.activation, mutation.activation
            );
            return refuse("dqn.activation_selection", value, expected);
        }
        self.refuse_too_many_bytes(&Sizes::least(self))
    }

    /// Before anything is computed with them.
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
    /// A run has one configuration from start to end, but for what its results do not depend on.
    pub(crate) fn refuse_changes(&self, begun_with: &Self) -> Result<(), Error> {
        let mut same = begun_with.clone();
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
        // What was taken out stands in the earlier settings only.
        let mut fields = now.iter().chain(&before).map(|(field, _)| field);
        let Some(field) = fields.find(|field| value(&before, field) != value(&now, field)) else { return Ok(()) };
        let expected = format!(
            "{}, with which the run began: its settings stay the same when it is resumed",
            value(&before, field)
        );
        Err(Error::Config { field: field.clone(), value: value(&now, field), expected })
    }

    /// All lanes step together, so rounds and generations are whole steps of all of them: rounded up.
    pub(crate) fn round_to_lanes(&mut self) {
        let lanes = self.off_policy.lanes.max(1) as u64;
        let evolution = &mut self.evolution;
        evolution.round_env_steps = evolution.round_env_steps.next_multiple_of(lanes);
        evolution.generation_env_steps = evolution.generation_env_steps.next_multiple_of(lanes);
    }
}

/// The error of a part, with the section of the file that it is about.
fn in_section<E: std::error::Error + Send + Sync + 'static>(
    section: &'static str,
    checked: Result<(), E>,
) -> Result<(), Error> {
    checked.map_err(|source| Error::Section { section, source: Box::new(source) })
}
