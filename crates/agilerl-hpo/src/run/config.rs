//! The settings of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{HpoError, out_of_range};
use crate::evolution::mutation::Mutation;
use crate::selection::config::SelectionConfig;
use crate::selection::selector::Selector as _;

/// The settings of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrainerConfig {
    /// Root seed of every random draw (0).
    pub seed: u64,
    /// Generations at most (100).
    pub generations: u64,
    /// Transitions that each individual trains in a generation (10,000).
    pub generation_env_steps: u64,
    /// Transitions that each individual trains in a round; its results reach the others when the round ends (1,000).
    pub round_env_steps: u64,
    /// Episodes of an evaluation, the same for all individuals of a generation (10).
    pub eval_episodes: usize,
    /// Mean return at which the run ends (none: all generations are run).
    pub target: Option<f64>,
    /// Fresh episodes that must confirm a target (100).
    pub confirm_episodes: usize,
    /// Worker threads; 0 means one for each processor (0). Results do not depend on it.
    pub threads: usize,
    /// Whether the first generation draws the hyperparameters of `rl_hp_selection` log-uniformly inside their bounds
    /// instead of starting with equal values (false).
    pub initial_diversity: bool,
    /// The selection of the individuals that go on and of the parents (a tournament).
    pub selection: SelectionConfig,
    /// The mutation of children.
    pub mutation: Mutation,
}

impl Default for TrainerConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            generations: 100,
            generation_env_steps: 10_000,
            round_env_steps: 1_000,
            eval_episodes: 10,
            target: None,
            confirm_episodes: 100,
            threads: 0,
            initial_diversity: false,
            selection: SelectionConfig::default(),
            mutation: Mutation::default(),
        }
    }
}

impl TrainerConfig {
    /// Checks the settings for a population of this size.
    ///
    /// # Errors
    /// Names the setting, its value and its range.
    pub fn validate(&self, population: usize) -> Result<(), HpoError> {
        self.selection.validate(population)?;
        self.mutation.validate()?;
        if self.mutation.mutate_elite && matches!(self.selection, SelectionConfig::Truncation(_)) {
            let expected =
                "false where selection.kind is truncation: most individuals are kept, and only children mutate";
            return Err(out_of_range("mutation.mutate_elite", true, expected));
        }
        let counts = [
            ("generations", self.generations),
            ("generation_env_steps", self.generation_env_steps),
            ("round_env_steps", self.round_env_steps),
            ("eval_episodes", self.eval_episodes as u64),
            ("confirm_episodes", self.confirm_episodes as u64),
        ];
        if let Some((field, value)) = counts.into_iter().find(|(_, value)| *value == 0) {
            return Err(out_of_range(field, value, "at least 1"));
        }
        if self.round_env_steps > self.generation_env_steps {
            let expected = format!("at most generation_env_steps, {}", self.generation_env_steps);
            return Err(out_of_range("round_env_steps", self.round_env_steps, expected));
        }
        if let Some(target) = self.target.filter(|target| !target.is_finite()) {
            return Err(out_of_range("target", target, "a finite number, or left out"));
        }
        if self.initial_diversity && self.mutation.rl_hp_selection.is_empty() {
            let expected = "false where mutation.rl_hp_selection is empty: it draws the hyperparameters in that list";
            return Err(out_of_range("initial_diversity", true, expected));
        }
        Ok(())
    }

    /// Returns the transitions of each round of a generation; the last round takes the rest.
    pub fn rounds(&self) -> impl Iterator<Item = u64> + use<> {
        let (generation, round) = (self.generation_env_steps, self.round_env_steps.max(1));
        (0..generation.div_ceil(round)).map(move |index| round.min(generation - index * round))
    }
}
