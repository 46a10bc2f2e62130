//! Reinforcement learning that tunes itself. This facade wires the crates of the workspace together: it holds no
//! algorithm, no environment and no network of its own.
#![doc = ""]
#![doc = include_str!("../README.md")]

mod run;
mod run_config;

mod config_file;
mod founder;
mod interrupt;
mod machine_memory;
mod memory_use;
mod run_folder;
mod run_record;
mod saved_elite;
mod setting_names;
mod setting_paths;
mod start;
mod training;

mod error;

pub use agilerl_algo as algo;
pub use agilerl_buffer as buffer;
pub use agilerl_env as env;
pub use agilerl_hpo as hpo;
pub use agilerl_nets as nets;

pub use error::Error;
pub use interrupt::Interrupt;
pub use run::{Observation, Run};
pub use run_config::{CheckpointConfig, RunConfig};
pub use saved_elite::{load_elite, load_elite_files, save_elite};
pub use training::Training;

/// What most programs need.
pub mod prelude {
    pub use agilerl_algo::{Agent, Dqn, DqnConfig, Epsilon, Mode, OffPolicy, OffPolicyConfig, OffPolicyTask};
    pub use agilerl_buffer::{Batch, Memory, Replay, RowLayout, Transitions};
    pub use agilerl_env::{Env, EpisodeStats, Space, Step, SyncVec, TimeLimit, VecEnv, VecStep, make, make_vec};
    pub use agilerl_hpo::{
        Bounds, Console, Ending, Event, Evolve, Flow, Individual, JsonLines, Mutation, MutationKind, Outcome, Purpose,
        Streams, Tournament, Trainer, TrainerConfig,
    };
    pub use agilerl_nets::{Activation, Device, MlpSpec, parse_device};

    pub use crate::{CheckpointConfig, Error, Interrupt, Run, RunConfig};
}

/// The README of the workspace: its examples are compiled, and run where they take no minutes.
#[cfg(doctest)]
#[doc = include_str!("../tests/workspace-readme.md")]
struct WorkspaceReadme;
