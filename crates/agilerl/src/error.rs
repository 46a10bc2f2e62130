//! What can go wrong with a run.

use std::path::PathBuf;

use crate::memory_use::in_units;

/// Error of the facade: that of a crate below, or of putting them together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting outside its range.
    #[error("{field} is {value}, but must be {expected}")]
    Config {
        /// The setting.
        field: String,
        /// Its value.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// Settings that ask for more memory than there is.
    #[error(
        "the run would ask for {} of memory, and there is {}: {setting} is {value}, which takes most, {} ({what}); lower it, \
         or set memory_limit_gib if there is more",
        in_units(*total), in_units(*limit), in_units(*bytes)
    )]
    TooLarge {
        /// The setting that asks for most.
        setting: String,
        /// Its value.
        value: String,
        /// What it asks for.
        what: String,
        /// How many bytes that is.
        bytes: u64,
        /// How many bytes the run asks for in all, at least.
        total: u64,
        /// How many bytes there are.
        limit: u64,
    },
    /// A setting of one of the parts.
    #[error("in [{section}]")]
    Section {
        /// The section of the configuration.
        section: &'static str,
        /// What is wrong in it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A configuration file that cannot be understood.
    #[error("{file}, line {line}: {message}")]
    ConfigFile {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// The folder already holds a run.
    #[error(
        "{} already holds a run; resume it, choose another folder, or say that it may be overwritten",
        .0.display()
    )]
    Occupied(PathBuf),
    /// Another run works in the folder.
    #[error("another run works in {}{by}: it must end first, or choose another folder", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// Its process, if it said so.
        by: String,
    },
    /// The lock of a run was removed, and another run has worked in its folder since.
    #[error(
        "{} was removed while this run worked there, and another run has worked there since{by}: this one stops, and writes \
         nothing more",
        lock.display()
    )]
    LockLost {
        /// The lock.
        lock: PathBuf,
        /// The process of the other run, if it said so.
        by: String,
    },
    /// The run is one on another environment than the one that is given.
    #[error("{} {why}", folder.display())]
    OtherEnv {
        /// Where the run lies.
        folder: PathBuf,
        /// What differs, and the way out.
        why: String,
    },
    /// The run could not be saved, so there is nothing to resume from.
    #[error(
        "{} has no checkpoints to resume from: the environment of the run could not be saved ({why}); its log, table and \
         elite are whole; to have some, let the environment implement `save` and `restore`, and begin anew",
        folder.display()
    )]
    NotSaved {
        /// Where the run lies.
        folder: PathBuf,
        /// Why it could not be saved.
        why: String,
    },
    /// The folder of the checkpoints is not there, although the run has come somewhere.
    #[error(
        "{} has lost its folder checkpoints: its log and its elite say that the run had begun; put the folder back, or \
         say that it may be overwritten",
        folder.display()
    )]
    CheckpointsGone {
        /// Where the run lies.
        folder: PathBuf,
    },
    /// A run that was to begin with an elite was stopped before the founders were saved.
    #[error(
        "{} was stopped before its founders were saved: begin it anew with the elite of {}",
        folder.display(), from.display()
    )]
    FoundersGone {
        /// Where the run lies.
        folder: PathBuf,
        /// The folder of the elite.
        from: PathBuf,
    },
    /// There is no run to resume.
    #[error("{} holds no run to resume: it has no config.toml", .0.display())]
    NoRun(PathBuf),
    /// The run was paused.
    #[error("interrupted{}", saved.as_ref().map_or(", and not saved".to_owned(), |at| format!(", and saved in {}", at.display())))]
    Interrupted {
        /// Where the run lies, if it was saved and can be resumed.
        saved: Option<PathBuf>,
    },
    /// The run failed, and can be resumed from a checkpoint.
    #[error("the run stopped; its last checkpoint is whole, after {generation} generations, and it can be resumed from {}", folder.display())]
    Stopped {
        /// Where the run lies.
        folder: PathBuf,
        /// Generations done there.
        generation: u64,
        /// Why it stopped.
        source: Box<Error>,
    },
    /// A file of a run that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Of the environments.
    #[error(transparent)]
    Env(#[from] agilerl_env::EnvError),
    /// Of the networks.
    #[error(transparent)]
    Net(#[from] agilerl_nets::NetError),
    /// Of the agents.
    #[error(transparent)]
    Algo(#[from] agilerl_algo::AlgoError),
    /// Of the evolution.
    #[error(transparent)]
    Hpo(#[from] agilerl_hpo::HpoError),
}

impl Error {
    /// Whether what was asked for makes no sense (settings, names, the folder of another run), so that asking again is of
    /// no use: what a program tells apart from a failure by its exit code, 2 and not 1.
    ///
    /// ```
    /// use agilerl::prelude::*;
    ///
    /// let error = Run::on("CartPole-v1").population(0).start().err().unwrap();
    /// assert!(error.is_misuse());
    /// assert!(!Error::Interrupted { saved: None }.is_misuse());
    /// ```
    pub fn is_misuse(&self) -> bool {
        use agilerl_algo::AlgoError;
        use agilerl_env::EnvError;
        use agilerl_hpo::HpoError;
        use agilerl_nets::NetError;

        let env = |error: &EnvError| {
            matches!(
                error,
                EnvError::Unknown { .. }
                    | EnvError::NeedsContinuousActions { .. }
                    | EnvError::NeedsChoices { .. }
                    | EnvError::NeedsPixels { .. }
                    | EnvError::NeedsNumbers { .. }
                    | EnvError::Zero { .. }
            )
        };
        let net = |error: &NetError| matches!(error, NetError::Spec { .. } | NetError::Device(_));
        match self {
            Self::Config { .. } | Self::TooLarge { .. } | Self::Section { .. } | Self::ConfigFile { .. } => true,
            Self::Occupied(_) | Self::NoRun(_) | Self::OtherEnv { .. } => true,
            Self::NotSaved { .. } | Self::CheckpointsGone { .. } | Self::FoundersGone { .. } => true,
            Self::Env(error) => env(error),
            Self::Net(error) => net(error),
            Self::Algo(AlgoError::Config { .. } | AlgoError::Space { .. } | AlgoError::Buffer(_)) => true,
            Self::Algo(AlgoError::Net(error)) => net(error),
            Self::Algo(AlgoError::Env(error)) => env(error),
            Self::Hpo(error) => matches!(
                error,
                HpoError::Config { .. }
                    | HpoError::UnknownHyperparameter { .. }
                    | HpoError::NoBounds { .. }
                    | HpoError::OutOfBounds { .. }
            ),
            _ => false,
        }
    }
}
