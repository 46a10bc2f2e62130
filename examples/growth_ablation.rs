//! Measures the worth of growth that keeps the function: trains on LunarLander with it, the optimiser's moments carried
//! along, and with AgileRL's random growth and fresh optimiser; the same seeds, the same number of transitions.
//!
//! ```text
//! cargo run --release -p agilerl --example growth_ablation > growth.csv
//! ```
//!
//! Prints a line for each architecture mutation, with its parent's fitness and the child's on the same episodes before it
//! learned anything, and a line for each run with the elite's mean over 100 fresh episodes. `benches/growth/plot.py` draws
//! it and prints the table. On two cores it takes some minutes.

mod whole_number;

use std::collections::HashMap;
use std::io::{Write as _, stdout};
use std::process::ExitCode;

use agilerl::algo::AnyAgent;
use agilerl::nets::Growth;
use agilerl::prelude::*;
use clap::Parser;
use whole_number::whole_number;

/// Compares growth that keeps the function with random growth.
#[derive(Parser)]
struct Args {
    /// Runs of each kind, with seeds from 1.
    #[arg(long, default_value_t = 3, allow_negative_numbers = true, value_parser = whole_number::<u64>(1..=1_000))]
    seeds: u64,
    /// Generations of 60,000 transitions.
    #[arg(long, default_value_t = 20, allow_negative_numbers = true, value_parser = whole_number::<u64>(1..=1_000_000))]
    generations: u64,
}

fn main() -> ExitCode {
    match compare(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn compare(args: &Args) -> anyhow::Result<()> {
    writeln!(stdout(), "growth,seed,generation,what,before,after")?;
    for seed in 1..=args.seeds {
        for (growth, name) in [(Growth::Preserving, "preserving"), (Growth::Random, "random")] {
            let outcome = run(growth, name, seed, args.generations)?;
            writeln!(stdout(), "{name},{seed},{},final,,{}", outcome.generations, outcome.confirmed_mean)?;
        }
    }
    Ok(())
}

fn run(growth: Growth, name: &'static str, seed: u64, generations: u64) -> anyhow::Result<Outcome<AnyAgent>> {
    let mut config = RunConfig::recommended("LunarLander-v3");
    config.dqn().net.growth = growth;
    config.evolution.seed = seed;
    config.evolution.generations = generations;
    let (streams, episodes) = (Streams::new(seed), config.evolution.eval_episodes);
    let (mut fitness, mut evaluated): (HashMap<u64, f64>, u64) = (HashMap::new(), 0);
    let run = Run::with(config).on_event(move |event| {
        match event {
            Event::Evaluated(report) => {
                let scored = report.population.iter().filter_map(|one| Some((one.id, one.latest_fitness()?)));
                (fitness, evaluated) = (scored.collect(), report.generation);
            }
            Event::Evolved { generation, population } => {
                // The episodes that the parents were scored on.
                let seeds = streams.seeds(Purpose::Evaluation, evaluated, 0, episodes);
                // Without the individuals that were kept: their mutations are of an earlier generation.
                let newborn = population.iter().filter(|child| !child.is_evaluated());
                for child in newborn.filter(|child| child.mutated.kind == MutationKind::Architecture) {
                    let (Some(change), [parent]) = (&child.mutated.change, &child.parents[..]) else { continue };
                    let make = || make::<f32, u32>("LunarLander-v3");
                    let after = evaluate(&mut child.agent.policy(), make, &seeds, 100_000)?.mean();
                    let before = fitness[parent];
                    writeln!(stdout(), "{name},{seed},{generation},{},{before},{after}", change.what)?;
                }
            }
            _ => {}
        }
        Ok(Flow::Continue)
    });
    Ok(run.run()?)
}
