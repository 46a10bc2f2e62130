//! Integration tests of the facade, one binary because each binary links burn.

mod bad_input;
mod config_files;
mod elite;
mod algorithms;
mod extension;
mod every_environment;
mod faults;
mod loaders;
mod own_env;
mod misuse;
mod normalizing;
mod observing;
mod playing;
mod programs;
mod repeatable;
mod resume;
mod saving;
mod signature;
mod selecting;
mod target;
mod wrapping;

use agilerl::prelude::*;

/// The devices that every build has.
const DEVICES: &[&str] = if cfg!(feature = "burn") { &["cpu", "flex"] } else { &["cpu"] };

/// The agent of a run of deep Q-learning.
fn dqn(agent: &AnyAgent) -> &Dqn {
    agent.downcast_ref().expect("runs train DQN unless they say otherwise")
}

/// A run of seconds: small, with every kind of mutation, few steps.
fn short_run(env: &str) -> RunConfig {
    let mut config = RunConfig { env: env.to_owned(), population: 4, ..RunConfig::default() };
    config.dqn().batch_size = 32;
    config.off_policy = OffPolicyConfig { lanes: 4, memory_size: 2_000, ..OffPolicyConfig::default() };
    config.evolution = TrainerConfig {
        seed: 7,
        generations: 4,
        generation_env_steps: 400,
        round_env_steps: 100,
        eval_episodes: 3,
        confirm_episodes: 5,
        ..TrainerConfig::default()
    };
    let mutation = &mut config.evolution.mutation;
    (mutation.no_mutation, mutation.activation) = (0.1, 0.2);
    config
}

/// Whether this is the crate as a package registry has it, without the files of the repository that some tests read.
fn is_packaged() -> bool {
    let is_packaged = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml.orig").exists();
    if is_packaged {
        eprintln!("not tested, since the package is without the file; the repository has it");
    }
    is_packaged
}

/// An error with all its causes.
fn message(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
