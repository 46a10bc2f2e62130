//! Trains a population of DQN agents on LunarLander and evolves it until 100 fresh episodes confirm the target:
//!
//! ```text
//! cargo run --release -p agilerl --example dqn
//! cargo run --release -p agilerl --example dqn -- --env CartPole-v1 --seed 3
//! ```
//!
//! Every generation prints a table of its individuals; the trained elite and the log of the run are left in `--out`.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::path::PathBuf;

use agilerl::prelude::*;
use anyhow::Context;
use clap::Parser;

/// Trains and evolves a population of DQN agents until a target is confirmed.
#[derive(Parser)]
struct Args {
    /// Environment, by Gymnasium's name.
    #[arg(long, default_value = "LunarLander-v3")]
    env: String,
    /// Individuals in the population.
    #[arg(long, default_value_t = 6)]
    population: usize,
    /// Environments that each individual steps together.
    #[arg(long, default_value_t = 16)]
    lanes: usize,
    /// Generations at most.
    #[arg(long, default_value_t = 60)]
    generations: u64,
    /// Environment steps that each individual trains in a generation, over all its lanes.
    #[arg(long, default_value_t = 10_000)]
    steps: u64,
    /// Seed of everything that is drawn: one seed, one result, at any number of threads.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Worker threads; 0 takes one for each processor.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Where the networks learn: cpu; or through burn: flex, and ndarray, tch, tch:cuda:N with the feature of that name.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Mean return over 100 fresh episodes at which the run ends [default: the environment's own threshold].
    #[arg(long)]
    target: Option<f64>,
    /// Folder for the elite and the log [default: runs/ENV-seed-SEED].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Overwrite a run that the folder already holds.
    #[arg(long)]
    overwrite: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let threshold = agilerl::env::env_info(&args.env)?.reward_threshold;
    let out = args.out.unwrap_or_else(|| format!("runs/{}-seed-{}", args.env, args.seed).into());

    let mut config = RunConfig::recommended(&args.env);
    config.population = args.population;
    config.evolution.tournament.size = config.evolution.tournament.size.min(args.population);
    config.device = args.device;
    config.off_policy.lanes = args.lanes;
    config.evolution.generations = args.generations;
    config.evolution.generation_env_steps = args.steps;
    config.evolution.round_env_steps = config.evolution.round_env_steps.min(args.steps);
    config.evolution.seed = args.seed;
    config.evolution.threads = args.threads;
    config.evolution.target = args.target.or(threshold);

    let run = Run::with(config).out(&out).overwrite(args.overwrite).observe(Console::stdout());
    run.build()?.run().context("the run failed")?;
    println!("play it: cargo run --release -p agilerl --example play -- {}", out.display());
    Ok(())
}
