//! Trains a population of four convolutional DQN agents on a game of MinAtar and evolves it:
//!
//! ```text
//! cargo run --release -p agilerl --example minatar
//! cargo run --release -p agilerl --example minatar -- --env MinAtar/Asterix-v1 --seed 3
//! cargo run --release -p agilerl --example minatar -- --resume runs/MinAtar-Asterix-v1-seed-3
//! ```
//!
//! Two million transitions of the whole population take some minutes. Every generation prints a table of its individuals;
//! the run is kept in `--out`, and Ctrl-C stops it so that it can be resumed as if nothing had happened.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::path::PathBuf;
use std::process::ExitCode;

use agilerl::prelude::*;
use anyhow::Context;
use clap::Parser;

/// Trains and evolves a population of convolutional DQN agents on a game of MinAtar.
#[derive(Parser)]
struct Args {
    /// Go on with the run in this folder, with its own settings.
    #[arg(long, conflicts_with_all = ["env", "population", "generations", "steps", "seed", "device", "target", "out", "overwrite"])]
    resume: Option<PathBuf>,
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
    /// Where the networks learn: cpu, flex; and with the feature of that name ndarray, tch, tch:cuda:N, wgpu, cuda:N.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Mean return over 100 fresh episodes at which the run ends [default: none, all generations are played].
    #[arg(long)]
    target: Option<f64>,
    /// Folder of the run [default: runs/GAME-seed-SEED].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Overwrite a run that the folder already holds.
    #[arg(long)]
    overwrite: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let game = args.env.replace('/', "-");
    let out = args.resume.clone().or(args.out.clone());
    let out = out.unwrap_or_else(|| format!("runs/{game}-seed-{}", args.seed).into());
    let run = match &args.resume {
        Some(folder) => Run::resume_pixels(folder)?.threads(args.threads),
        None => Run::with_pixels(args.config()).out(&out).overwrite(args.overwrite),
    };
    let interrupt = Interrupt::on_signals()?;
    match run.observe(Console::stdout()).observe(interrupt.clone()).run() {
        Err(agilerl::Error::Interrupted { saved: Some(_) }) => {
            let again = "cargo run --release -p agilerl --example minatar -- --resume";
            eprintln!("interrupted, and saved; go on with: {again} {}", out.display());
            Ok(ExitCode::from(interrupt.exit_code()))
        }
        outcome => {
            let outcome = outcome.context("the run failed")?;
            println!("{:.2} over 100 fresh episodes, {} transitions", outcome.confirmed_mean, outcome.env_steps);
            println!("play it: cargo run --release -p agilerl --example play -- {}", out.display());
            Ok(ExitCode::SUCCESS)
        }
    }
}

impl Args {
    fn config(&self) -> RunConfig {
        let mut config = RunConfig::recommended(&self.env);
        config.population = self.population;
        config.evolution.tournament.size = config.evolution.tournament.size.min(self.population);
        config.device.clone_from(&self.device);
        config.evolution.generations = self.generations;
        config.evolution.generation_env_steps = self.steps;
        config.evolution.round_env_steps = config.evolution.round_env_steps.min(self.steps);
        config.evolution.seed = self.seed;
        config.evolution.threads = self.threads;
        config.evolution.target = self.target;
        config
    }
}
