//! Measures how fast a population trains: environment steps per second of the whole loop (act, step, store, sample,
//! learn) on LunarLander, with 1 and 2 threads.
//!
//! ```text
//! cargo run --release -p agilerl --example throughput
//! ```
//!
//! The settings are those of AgileRL's online-training page: six agents, 16 environments each, one update of 128
//! transitions per step of all of them, two hidden layers of 32. Evaluation and evolution are not in the clock. It takes
//! some seconds; `benches/peers` measures AgileRL in the same way.

mod whole_number;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::time::Instant;

use agilerl::prelude::*;
use clap::Parser;
use whole_number::whole_number;

/// Measures how fast a population trains on LunarLander.
#[derive(Parser)]
struct Args {
    /// Generations to time; the best counts.
    #[arg(long, default_value_t = 5, allow_negative_numbers = true, value_parser = whole_number::<u64>(1..=1_000_000))]
    generations: u64,
    /// Environment steps that each individual trains in a generation, over all its lanes.
    #[arg(long, default_value_t = 8_000, allow_negative_numbers = true, value_parser = whole_number::<u64>(1..=1 << 40))]
    steps: u64,
    /// Numbers of worker threads to try.
    #[arg(long, value_delimiter = ',', default_value = "1,2", allow_negative_numbers = true, value_parser = whole_number::<u64>(0..=1_024))]
    threads: Vec<u64>,
}

fn main() -> ExitCode {
    match measure(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> anyhow::Result<()> {
    for &threads in &args.threads {
        let mut rates = rates(args, threads as usize)?;
        rates.sort_by(f64::total_cmp);
        let (best, median) = (rates[rates.len() - 1], rates[rates.len() / 2]);
        let line = format!("threads {threads}: best {best:.0}, median {median:.0} environment steps per second");
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(())
}

/// Environment steps per second of every generation's training.
fn rates(args: &Args, threads: usize) -> anyhow::Result<Vec<f64>> {
    let mut config = RunConfig::default();
    config.evolution.threads = threads;
    // One more than is timed: in the first one the memory fills and everything is allocated.
    config.evolution.generations = args.generations + 1;
    config.evolution.generation_env_steps = args.steps;
    config.evolution.round_env_steps = config.evolution.round_env_steps.min(args.steps);
    config.evolution.eval_episodes = 1;
    // The work of every generation is the same: batches of 128 and networks of [32, 32] to the end.
    config.evolution.mutation = Mutation::none();

    let (tell, told) = channel();
    let mut clock = (Instant::now(), 0);
    let run = Run::with(config).on_event(move |event| {
        match event {
            // Training ends with its last round, which the evaluation's report follows.
            Event::Round { env_steps, .. } => tell.send((env_steps - clock.1, clock.0.elapsed()))?,
            Event::Evaluated(report) => clock.1 = report.env_steps,
            Event::Started { .. } | Event::Evolved { .. } => clock.0 = Instant::now(),
            _ => {}
        }
        Ok(Flow::Continue)
    });
    let mut trainer = run.start()?.into_trainer();
    let mut rates = Vec::new();
    for _ in 0..=args.generations {
        let _ = trainer.generation()?;
        let (env_steps, seconds) = told.try_iter().last().expect("a generation has rounds");
        rates.push(env_steps as f64 / seconds.as_secs_f64());
    }
    Ok(rates.split_off(1))
}
