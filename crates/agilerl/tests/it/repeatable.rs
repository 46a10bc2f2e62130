//! One seed, one run: whatever the number of threads, and whenever.

use std::path::Path;

use agilerl::hpo::without_clock;
use agilerl::prelude::*;

use crate::short_run;

/// Log without clock fields, and weights of the elite.
fn run(env: &str, threads: usize, folder: &Path) -> (String, Vec<u8>) {
    let mut config = short_run(env);
    (config.population, config.evolution.threads) = (6, threads);
    Run::with(config).out(folder).run().unwrap();
    let log = std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
    (without_clock(&log), std::fs::read(folder.join("elite.safetensors")).unwrap())
}

#[track_caller]
fn check_threads(env: &str) {
    let folder = tempfile::tempdir().unwrap();
    let once = run(env, 1, &folder.path().join("1"));
    assert!(once.0.lines().count() > 20, "a log without content proves nothing");
    for threads in [1, 2, 5] {
        let again = run(env, threads, &folder.path().join(format!("again-{threads}")));
        assert!(once == again, "{env}: {threads} threads gave another run");
    }
}

#[test]
fn one_seed_gives_the_same_bits_with_1_2_and_5_threads() {
    check_threads("CartPole-v1");
    check_threads("LunarLander-v3");
    check_threads("FrozenLake-v1");
}

/// Pixels too: from bytes in the memory to the elite on disk, which plays as it did.
#[test]
fn a_run_on_pixels_gives_the_same_bits_with_1_and_3_threads() {
    let folder = tempfile::tempdir().unwrap();
    let run = |threads: usize| {
        let short = short_run("MinAtar/Breakout-v1");
        let mut config = RunConfig::recommended("MinAtar/Breakout-v1");
        (config.population, config.evolution) = (3, short.evolution);
        (config.evolution.threads, config.off_policy.learning_starts) = (threads, 0);
        let folder = folder.path().join(threads.to_string());
        let outcome = Run::with(config).out(&folder).run().unwrap();
        let log = std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
        let saved = Elite::load(&folder).unwrap().policy().unwrap();
        assert_eq!(saved.weights(), outcome.elite.agent.policy().weights());
        (without_clock(&log), saved.weights().clone())
    };
    assert!(run(1) == run(3), "3 threads gave another run");
}

#[test]
fn another_seed_gives_another_run() {
    let folder = tempfile::tempdir().unwrap();
    let weights = |seed: u64| {
        let folder = folder.path().join(seed.to_string());
        Run::with(short_run("CartPole-v1")).seed(seed).out(&folder).run().unwrap();
        std::fs::read(folder.join("elite.safetensors")).unwrap()
    };
    assert_ne!(weights(1), weights(2));
}
