//! Errors of evolution.

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
        /// The setting: `selection.size`.
        field: String,
        /// Its value.
        value: String,
        /// The values that it may have.
        expected: String,
    },
    /// A name in `rl_hp_selection` is no hyperparameter of the agents.
    #[error("unknown hyperparameter {name:?} in mutation.rl_hp_selection; this agent has: {known}{advice}")]
    UnknownHyperparameter {
        /// The name in `rl_hp_selection`.
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
        /// Its initial value.
        value: f64,
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// The worker threads could not be started.
    #[error("cannot start {threads} worker threads")]
    Threads {
        /// The number of threads.
        threads: usize,
        /// The cause.
        source: rayon::ThreadPoolBuildError,
    },
    /// The task could not create the state that a run needs.
    #[error("cannot create {what}")]
    Setup {
        /// The state: a slot, or the shared state.
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
        /// The stage in which it failed: training or evaluation.
        stage: &'static str,
        /// The task's error, or the panic's message.
        source: BoxError,
    },
    /// No individual can be a parent.
    #[error(
        "none of the {population} individuals has a finite fitness and finite weights: no individual can be a parent; lower \
         the learning rates or the bounds they may reach, or clip gradients"
    )]
    NoneFinite {
        /// Size of the population.
        population: usize,
    },
    /// An observer failed.
    #[error("an observer of the run failed")]
    Observer {
        /// Its error.
        source: BoxError,
    },
    /// The progress of the run could not be printed.
    #[error("cannot print the progress of the run to {to}")]
    Print {
        /// The destination: the standard output.
        to: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// A file could not be written or read, or does not hold the bytes that the run wrote.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// There are checkpoints, and none of them is intact.
    #[error("no checkpoint in {} is intact:{}", folder.display(), listed(reasons))]
    NoWholeCheckpoint {
        /// The folder of the checkpoints.
        folder: PathBuf,
        /// The fault of each checkpoint, the newest first.
        reasons: Vec<String>,
    },
    /// A later version wrote the checkpoint.
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
        /// The versions that wrote it.
        written_by: String,
    },
    /// An earlier version wrote the checkpoint.
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
    /// The bytes are not a state of this run.
    #[error("cannot resume from {what}")]
    State {
        /// The part of the state.
        what: String,
        /// The fault.
        source: BoxError,
    },
    /// A run can only be extended once it is over.
    #[error("this run has not ended yet: it can be extended after its end")]
    NotOver,
    /// An observer asked for a pause; the run can go on.
    #[error("the run was paused; call it again to go on, or save it now and resume it later")]
    Paused,
    /// This trainer failed in the middle of a generation.
    #[error("this run failed in the middle of a generation and cannot go on; build a new trainer")]
    Broken,
}

/// Returns the error of a setting outside its range.
pub(crate) fn out_of_range(field: &str, value: impl ToString, expected: impl Into<String>) -> HpoError {
    HpoError::Config { field: field.to_owned(), value: value.to_string(), expected: expected.into() }
}

fn listed(reasons: &[String]) -> String {
    reasons.iter().map(|reason| format!("\n  {reason}")).collect()
}
