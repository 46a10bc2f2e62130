//! Reinforcement learning that tunes itself. This facade wires the crates of the workspace together: it holds no
//! algorithm, no environment and no network of its own.
#![doc = ""]
#![doc = include_str!("../README.md")]

pub mod prelude;

mod run;

mod config;

mod algorithm;

mod interrupt;

mod error;

pub use agilerl_algo as algo;
pub use agilerl_buffer as buffer;
pub use agilerl_env as env;
pub use agilerl_hpo as hpo;
pub use agilerl_nets as nets;
pub use agilerl_storage as storage;

pub use algorithm::AlgorithmConfig;
pub use config::run_config::{CheckpointConfig, RunConfig};
pub use error::Error;
pub use interrupt::Interrupt;
pub use run::run::Run;
pub use run::training::Training;

/// The README of the workspace: its examples are compiled, and run if they take no minutes.
#[cfg(doctest)]
#[doc = include_str!("../tests/workspace-readme.md")]
struct WorkspaceReadme;
