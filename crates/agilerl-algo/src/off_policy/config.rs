//! Settings of off-policy training.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::AlgoError;

/// Settings of the loop that collects transitions, keeps them in a memory and learns from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OffPolicyConfig {
    /// Environments that each individual steps together (AgileRL's `num_envs`: 16).
    pub lanes: usize,
    /// Transitions that the population's memory holds (AgileRL: 10,000, which its agents fill in one turn).
    pub memory_size: usize,
    /// Transitions in the memory before the first update (0: as soon as there is a batch).
    pub learning_starts: usize,
    /// Steps after which an evaluation episode is cut and scores its return up to then, for environments without a
    /// time limit of their own (10,000: ten times the longest time limit in the catalogue).
    pub eval_step_limit: u64,
}

impl Default for OffPolicyConfig {
    fn default() -> Self {
        Self { lanes: 16, memory_size: 100_000, learning_starts: 0, eval_step_limit: 10_000 }
    }
}

impl OffPolicyConfig {
    /// Checks the settings, also against the length of a round.
    ///
    /// # Errors
    /// [`AlgoError::Config`] naming the setting, its value and its range.
    pub fn validate(&self, round_env_steps: usize) -> Result<(), AlgoError> {
        let Self { lanes, memory_size, learning_starts, eval_step_limit } = *self;
        AlgoError::check(lanes > 0, "lanes", lanes, "at least 1")?;
        let round = format!("at least the {round_env_steps} transitions of one individual's round");
        AlgoError::check(memory_size >= round_env_steps, "memory_size", memory_size, &round)?;
        let memory = format!("at most memory_size, {memory_size}");
        AlgoError::check(learning_starts <= memory_size, "learning_starts", learning_starts, &memory)?;
        AlgoError::check(eval_step_limit > 0, "eval_step_limit", eval_step_limit, "at least 1")
    }
}
