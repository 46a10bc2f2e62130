//! What can go wrong while a population evolves.

use std::{io, path::PathBuf};

use agilerl_storage::StorageError;

/// Any error: of a task, an individual or an observer.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HpoError {
    /// A setting is outside its range.
    #[error("{field} is {value}, but must be {expected}")]
    Config {
        /// The setting: `tournament.size`.
        field: String,
        /// Its value.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// A name of `rl_hp_selection` that the individuals do not know.
    #[error("unknown hyperparameter {name:?} in mutation.rl_hp_selection; this agent has: {known}{advice}")]
    UnknownHyperparameter {
        /// The name asked for.
        name: String,
        /// All names, separated by commas.
        known: String,
        /// More advice in parentheses, or nothing.
        advice: &'static str,
    },
    /// A hyperparameter that is to be mutated has no bounds.
    #[error(
        "hyperparameter {name:?} has no bounds; add {name:?} with min, max and factor to mutation.bounds, or take it \
         out of mutation.rl_hp_selection"
    )]
    NoBounds {
        /// Its name.
        name: String,
    },
    /// A hyperparameter starts outside its bounds.
    #[error(
        "{name} starts at {value}, outside its bounds {min} to {max}; start inside them, widen mutation.bounds, or \
         take {name:?} out of mutation.rl_hp_selection"
    )]
    OutOfBounds {
        /// Its name.
        name: String,
        /// Where it starts.
        value: f64,
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// The worker threads could not be started.
    #[error("cannot start {threads} worker threads")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// Why not.
        source: rayon::ThreadPoolBuildError,
    },
    /// The task could not make what a run needs.
    #[error("cannot make {what}")]
    Setup {
        /// What was to be made.
        what: String,
        /// The task's error.
        source: BoxError,
    },
    /// Training or scoring an individual failed or panicked.
    #[error("individual {individual} failed in {stage} of generation {generation}")]
    Task {
        /// Id of the individual.
        individual: u64,
        /// Generation, from 0.
        generation: u64,
        /// What it was doing.
        stage: &'static str,
        /// The task's error, or the panic's message.
        source: BoxError,
    },
    /// Nobody can be a parent.
    #[error(
        "none of the {population} individuals has a finite fitness and finite weights: nobody can be a parent; lower \
         the learning rates or the bounds they may reach, or clip gradients"
    )]
    NoneFinite {
        /// Size of the population.
        population: usize,
    },
    /// An observer could not do its work.
    #[error("an observer of the run failed")]
    Observer {
        /// Its error.
        source: BoxError,
    },
    /// What a person was to see could not be printed.
    #[error("cannot print the progress of the run to {to}")]
    Print {
        /// Where: the standard output.
        to: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A file could not be written or read, or does not hold the bytes that the run wrote.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// There are checkpoints, and none of them is whole.
    #[error("no checkpoint in {} is whole:{}", folder.display(), listed(reasons))]
    NoWholeCheckpoint {
        /// The folder of the checkpoints.
        folder: PathBuf,
        /// What is wrong with each of them, the newest first.
        reasons: Vec<String>,
    },
    /// A checkpoint that a later version wrote.
    #[error(
        "{} has the format {found}, and this version reads format {known}: resume it with the version that wrote it \
         ({written_by})",
        path.display()
    )]
    NewerFormat {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The format of this version.
        known: u64,
        /// Who wrote it.
        written_by: String,
    },
    /// A checkpoint that an earlier version wrote.
    #[error(
        "{} has the format {found}, and this version reads format {known}: finish the run with the version that wrote it \
         ({written_by})",
        path.display()
    )]
    OlderFormat {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The format of this version.
        known: u64,
        /// The versions that wrote it.
        written_by: String,
    },
    /// The task failed when a generation was born.
    #[error("the task could not hand its state over to generation {generation}")]
    Inherit {
        /// The generation that was born, from 1.
        generation: u64,
        /// The task's error, or the panic's message.
        source: BoxError,
    },
    /// The bytes are no state of this run.
    #[error("cannot resume from {what}")]
    State {
        /// Which part of the state.
        what: String,
        /// What is wrong with it.
        source: BoxError,
    },
    /// A run can only be extended once it is over.
    #[error("this run is not over yet: it can be extended once it is")]
    NotOver,
    /// An observer asked for a pause; the run can go on.
    #[error("the run was paused; it goes on with the next call, or can be saved now and resumed later")]
    Paused,
    /// This trainer failed in the middle of a generation.
    #[error("this run failed in the middle of a generation and cannot go on; build a new trainer")]
    Broken,
}

/// The error of a setting outside its range.
pub(crate) fn out_of_range(field: &str, value: impl ToString, expected: impl Into<String>) -> HpoError {
    HpoError::Config { field: field.to_owned(), value: value.to_string(), expected: expected.into() }
}

fn listed(reasons: &[String]) -> String {
    reasons.iter().map(|reason| format!("\n  {reason}")).collect()
}
