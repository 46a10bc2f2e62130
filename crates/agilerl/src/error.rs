//! Errors of a run.

use std::path::PathBuf;

/// Error of the facade: an error of a crate below, or of putting them together.
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
        /// Its range.
        expected: String,
    },
    /// Settings that ask for more memory than the machine has.
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
        /// The part of the run that it asks memory for.
        what: String,
        /// Bytes of that part.
        bytes: u64,
        /// Bytes of the whole run, at least.
        total: u64,
        /// Bytes that the run may ask for.
        limit: u64,
    },
    /// A setting that one section checks by itself.
    #[error("in [{section}]")]
    Section {
        /// The section of the configuration.
        section: &'static str,
        /// The error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A configuration file that cannot be understood.
    #[error("{file}, line {line}: {message}")]
    ConfigFile {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The mistake.
        message: String,
    },
    /// The folder already holds a run.
    #[error(
        "{} already holds a run; resume it, choose another folder, or allow it to be overwritten",
        .0.display()
    )]
    Occupied(PathBuf),
    /// Another run works in the folder.
    #[error("another run works in {}{by}: it must end first, or choose another folder", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// The process of the other run in words, if it is known.
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
        /// The process of the other run in words, if it is known.
        by: String,
    },
    /// The run was trained on another environment than the given one.
    #[error("{} {why}", folder.display())]
    OtherEnv {
        /// The folder of the run.
        folder: PathBuf,
        /// The difference, and the way out.
        why: String,
    },
    /// The run could not be saved, so there is nothing to resume from.
    #[error(
        "{} has no checkpoints to resume from: the environment of the run could not be saved ({why}); its log, table and \
         elite are whole; for a run with checkpoints implement `save` and `restore` of the environment, and begin anew",
        folder.display()
    )]
    NotSaved {
        /// The folder of the run.
        folder: PathBuf,
        /// The reason.
        why: String,
    },
    /// The folder of the checkpoints is missing, although the run had begun.
    #[error(
        "{} has lost its folder checkpoints: its log and its elite say that the run had begun; put the folder back, or \
         allow the run to be overwritten",
        folder.display()
    )]
    CheckpointsGone {
        /// The folder of the run.
        folder: PathBuf,
    },
    /// A run from an elite was stopped before its founders were saved.
    #[error(
        "{} was stopped before its founders were saved: begin it anew with the elite of {}",
        folder.display(), from.display()
    )]
    FoundersGone {
        /// The folder of the run.
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
        /// The folder of the run, if it was saved and can be resumed.
        saved: Option<PathBuf>,
    },
    /// The run failed, and can be resumed from a checkpoint.
    #[error("the run stopped; its last checkpoint is whole, after {generation} generations, and it can be resumed from {}", folder.display())]
    Stopped {
        /// The folder of the run.
        folder: PathBuf,
        /// Generations done by the checkpoint.
        generation: u64,
        /// The error that stopped it.
        source: Box<Error>,
    },
    /// A file of a run that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// Error of an environment.
    #[error(transparent)]
    Env(#[from] agilerl_env::EnvError),
    /// Error of a network or a device.
    #[error(transparent)]
    Net(#[from] agilerl_nets::NetError),
    /// Error of an agent or an elite.
    #[error(transparent)]
    Algo(#[from] agilerl_algo::AlgoError),
    /// Error of the evolution.
    #[error(transparent)]
    Hpo(#[from] agilerl_hpo::HpoError),
    /// Error of a file.
    #[error(transparent)]
    Storage(#[from] agilerl_storage::StorageError),
}

impl Error {
    /// Whether the request makes no sense (settings, names, the folder of another run), so that repeating it is of no use. A
    /// program tells such errors from failures by its exit code, 2 instead of 1.
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
                    | EnvError::Config { .. }
                    | EnvError::DiscreteFrames { .. }
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

/// A number of bytes in the largest unit of which there is at least one.
fn in_units(bytes: u64) -> String {
    let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(size, _)| bytes >= *size);
    unit.map_or_else(|| format!("{bytes} bytes"), |(size, name)| format!("{:.1} {name}", bytes as f64 / size as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_in_the_unit_that_fits() {
        let told = [1_023, 1_024, 1_536 << 10, 3 << 30, 1 << 40].map(in_units);
        assert_eq!(told, ["1023 bytes", "1.0 KiB", "1.5 MiB", "3.0 GiB", "1.0 TiB"]);
    }
}
