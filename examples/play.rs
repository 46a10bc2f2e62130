//! Plays a trained elite, greedily, and prints its mean return:
//!
//! ```text
//! cargo run --release -p agilerl --example play -- runs/LunarLander-v3-seed-1
//! ```
//!
//! A hundred episodes take about a second. `examples/python/play_elite.py` plays the same episodes in Gymnasium itself
//! and prints the same lines.

#![allow(clippy::print_stdout, reason = "it is a program, and what it prints is what it is for")]

use std::path::PathBuf;

use agilerl::env::one_hot_env;
use agilerl::hpo::Disk;
use agilerl::prelude::*;
use anyhow::ensure;
use clap::Parser;

/// Plays a trained elite in its environment.
#[derive(Parser)]
struct Args {
    /// Folder with elite.json and elite.safetensors, as a run leaves it.
    elite: PathBuf,
    /// Episodes to play.
    #[arg(long, default_value_t = 100)]
    episodes: u64,
    /// Seed of the first episode; the others follow.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print the returns instead, as one JSON list.
    #[arg(long)]
    json: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    ensure!(args.episodes > 0, "--episodes is 0; it takes at least one to have a mean");
    let elite = agilerl::load_elite(&Disk, &args.elite)?;
    let env = elite.record.env.as_str();
    let mut agent = elite.agent(&parse_device("cpu")?)?;

    let last = args.seed + args.episodes - 1;
    let seeds: Vec<u64> = (args.seed..=last).collect();
    let step_limit = OffPolicyConfig::default().eval_step_limit;
    let evaluation = agilerl::algo::evaluate(&mut agent, || make(env).map(one_hot_env), &seeds, step_limit)?;
    if args.json {
        println!("{}", serde_json::to_string(&evaluation.returns)?);
        return Ok(());
    }
    let mean = evaluation.mean();
    let squares = evaluation.returns.iter().map(|total| (total - mean).powi(2));
    let deviation = (squares.sum::<f64>() / args.episodes as f64).sqrt();
    println!("{env}: {} episodes, seeds {} to {last}", args.episodes, args.seed);
    println!("mean return {mean:.4}, standard deviation {deviation:.4}");
    Ok(())
}
