//! The selector of a run, as a setting.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::HpoError;
use crate::selection::selector::{Selection, Selector};
use crate::selection::tournament::Tournament;
use crate::selection::truncation::TruncationSelection;
use crate::streams::StreamRng;

/// The selector of a run, by its `kind`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SelectionConfig {
    /// Small tournaments, one for every place.
    Tournament(Tournament),
    /// The worst are replaced by children of the best; all others go on.
    Truncation(TruncationSelection),
}

impl Default for SelectionConfig {
    fn default() -> Self {
        Self::Tournament(Tournament::default())
    }
}

impl From<Tournament> for SelectionConfig {
    fn from(tournament: Tournament) -> Self {
        Self::Tournament(tournament)
    }
}

impl From<TruncationSelection> for SelectionConfig {
    fn from(truncation: TruncationSelection) -> Self {
        Self::Truncation(truncation)
    }
}

impl SelectionConfig {
    fn selector(&self) -> &dyn Selector {
        match self {
            Self::Tournament(tournament) => tournament,
            Self::Truncation(truncation) => truncation,
        }
    }
}

impl Selector for SelectionConfig {
    fn validate(&self, population: usize) -> Result<(), HpoError> {
        self.selector().validate(population)
    }

    fn window(&self) -> usize {
        self.selector().window()
    }

    fn select(&self, generation: u64, scores: &[f64], rng: &mut StreamRng) -> Result<Selection, HpoError> {
        self.selector().select(generation, scores, rng)
    }
}
