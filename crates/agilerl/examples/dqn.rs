//! Trains a population of DQN agents on LunarLander and evolves it until 100 fresh episodes confirm the target:
//!
//! ```text
//! cargo run --release -p agilerl --example dqn
//! cargo run --release -p agilerl --example dqn -- --env CartPole-v1 --seed 3
//! cargo run --release -p agilerl --example dqn -- --resume runs/CartPole-v1-seed-3
//! ```
//!
//! Every generation prints a table of its individuals; the run is kept in `--out`, and Ctrl-C stops it so that it can be
//! resumed as if nothing had happened. Exit codes: 0 at the end of the run, 130 interrupted, 2 wrong flags, 1 otherwise.

mod dqn_args;

use std::io::Write as _;
use std::process::ExitCode;

use agilerl::prelude::*;
use clap::Parser as _;
use dqn_args::Args;

fn main() -> ExitCode {
    match train(Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn train(args: Args) -> anyhow::Result<ExitCode> {
    let mut stdout = std::io::stdout();
    if args.print_schema {
        writeln!(stdout, "{:#}", RunConfig::schema())?;
        return Ok(ExitCode::SUCCESS);
    }
    let (run, out) = match &args.resume {
        Some(folder) => (Run::resume(folder)?, folder.clone()),
        None => {
            let config = args.config()?;
            let out = format!("runs/{}-seed-{}", config.env, config.evolution.seed);
            let out = args.out.clone().unwrap_or_else(|| out.into());
            (Run::with(config).out(&out).overwrite(args.overwrite), out)
        }
    };
    let run = run.configure(|config| args.adjust(config));
    if args.print_config {
        run.config().validate()?;
        write!(stdout, "{}", run.config().to_toml())?;
        return Ok(ExitCode::SUCCESS);
    }

    let interrupt = Interrupt::on_signals()?;
    let mut training = run.observe(Console::stdout()).observe(interrupt.clone()).start()?;
    let folder = out.display();
    let over = training.trainer().ending().is_some();
    match training.run() {
        // Nobody may be reading any more; the run is whole all the same.
        Ok(outcome) if over => {
            let (id, mean, signature) = (outcome.elite.id, outcome.confirmed_mean, outcome.signature);
            let _ = writeln!(stdout, "this run is over: individual {id} scored {mean:.1} | signature {signature}");
            let _ = writeln!(stdout, "play it: cargo run --release -p agilerl --example play -- {folder}");
            Ok(ExitCode::SUCCESS)
        }
        Ok(_) => {
            let (saves, took) = training.saving_cost();
            let _ = writeln!(stdout, "saved {saves} times, which took {:.2} s", took.as_secs_f64());
            let _ = writeln!(stdout, "play it: cargo run --release -p agilerl --example play -- {folder}");
            Ok(ExitCode::SUCCESS)
        }
        Err(agilerl::Error::Interrupted { saved: Some(_) }) => {
            eprintln!(
                "interrupted, and saved; go on with: cargo run --release -p agilerl --example dqn -- --resume {folder}"
            );
            Ok(ExitCode::from(interrupt.exit_code()))
        }
        Err(error) => Err(error.into()),
    }
}
