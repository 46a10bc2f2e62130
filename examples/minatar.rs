//! Trains a population of four convolutional DQN agents on a game of MinAtar and evolves it:
//!
//! ```text
//! cargo run --release -p agilerl --example minatar
//! cargo run --release -p agilerl --example minatar -- --env MinAtar/Asterix-v1 --seed 3
//! ```
//!
//! Two million transitions of the whole population take some minutes. Every generation prints a table of its individuals;
//! the trained elite and the log of the run are left in `--out`, for the example `play`.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::path::PathBuf;

use agilerl::prelude::*;
use anyhow::Context;
use clap::Parser;

/// Trains and evolves a population of convolutional DQN agents on a game of MinAtar.
#[derive(Parser)]
struct Args {
    /// Game: MinAtar/Breakout-v1, Asterix, Freeway, Seaquest or SpaceInvaders.
    #[arg(long, default_value = "MinAtar/Breakout-v1")]
    env: String,
    /// Individuals in the population.
    #[arg(long, default_value_t = 4)]
    population: usize,
    /// Generations at most.
    #[arg(long, default_value_t = 20)]
    generations: u64,
    /// Environment steps that each individual trains in a generation, over all its lanes.
    #[arg(long, default_value_t = 25_000)]
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
    /// Mean return over 100 fresh episodes at which the run ends [default: none, all generations are played].
    #[arg(long)]
    target: Option<f64>,
    /// Folder for the elite and the log [default: runs/GAME-seed-SEED].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Overwrite a run that the folder already holds.
    #[arg(long)]
    overwrite: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let game = args.env.replace('/', "-");
    let out = args.out.unwrap_or_else(|| format!("runs/{game}-seed-{}", args.seed).into());

    let mut config = RunConfig::recommended(&args.env);
    config.population = args.population;
    config.evolution.tournament.size = config.evolution.tournament.size.min(args.population);
    config.device = args.device;
    config.evolution.generations = args.generations;
    config.evolution.generation_env_steps = args.steps;
    config.evolution.round_env_steps = config.evolution.round_env_steps.min(args.steps);
    config.evolution.seed = args.seed;
    config.evolution.threads = args.threads;
    config.evolution.target = args.target;

    let run = Run::with_pixels(config).out(&out).overwrite(args.overwrite).observe(Console::stdout());
    let outcome = run.run().context("the run failed")?;
    println!("{:.2} over 100 fresh episodes, {} transitions", outcome.confirmed_mean, outcome.env_steps);
    println!("play it: cargo run --release -p agilerl --example play -- {}", out.display());
    Ok(())
}
