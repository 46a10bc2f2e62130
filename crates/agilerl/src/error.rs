//! What can go wrong with a run.

use std::path::PathBuf;

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
        "{} already holds a run; go on with it (`--resume`), choose another folder (`--out`), or say that it may be \
         overwritten (`--overwrite`)",
        .0.display()
    )]
    Occupied(PathBuf),
    /// Another run works in the folder.
    #[error("another run works in {}{by}: it must end first, or choose another folder (`--out`)", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// Its process, if it said so.
        by: String,
    },
    /// There is no run to resume.
    #[error("{} holds no run to resume: it has no config.toml", .0.display())]
    NoRun(PathBuf),
    /// The run was paused, and can be resumed.
    #[error("interrupted")]
    Interrupted {
        /// Where the run lies, if it was saved.
        saved: Option<PathBuf>,
    },
    /// The run failed, and can be resumed from a checkpoint.
    #[error("the run stopped; its last checkpoint is whole, after {generation} generations (`--resume {}`)", folder.display())]
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
