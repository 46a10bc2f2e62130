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
        field: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// The folder already holds a run.
    #[error("{} already holds a run; choose another folder (`--out`), or say that it may be overwritten (`--overwrite`)", .0.display())]
    Occupied(PathBuf),
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
