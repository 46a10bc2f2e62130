//! Trains a population of DQN agents on LunarLander, or on any environment of the catalogue, and evolves it until 100 fresh
//! episodes confirm the target:
//!
//! ```text
//! cargo run --release -p agilerl --example dqn
//! cargo run --release -p agilerl --example dqn -- --env CartPole-v1 --seed 3
//! cargo run --release -p agilerl --example dqn -- --env MinAtar/Breakout-v1
//! cargo run --release -p agilerl --example dqn -- --resume runs/CartPole-v1-seed-3
//! cargo run --release -p agilerl --example dqn -- --list-envs
//! ```
//!
//! Every generation prints a table of its individuals. The run is kept in `--out`; Ctrl-C saves it, and `--resume` continues
//! it as if it had never been stopped. Exit codes: 0 at the end of the run, 130 interrupted, 2 wrong flags or settings, 1
//! otherwise.

mod dqn_args;
mod dqn_envs;
mod whole_number;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use agilerl::prelude::*;
use clap::Parser as _;
use dqn_args::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.run() {
        _ if args.print_schema => print(&format!("{:#}\n", RunConfig::schema())),
        _ if args.list_envs => print(&dqn_envs::list()),
        Ok((run, folder)) => train(run, &folder, &args),
        Err(error) => return fail(&error, 2),
    };
    done.unwrap_or_else(|error| {
        let misuse = error.downcast_ref().is_some_and(agilerl::Error::is_misuse);
        fail(&error, if misuse { 2 } else { 1 })
    })
}

/// Trains to the end.
fn train(run: Run, folder: &Path, args: &Args) -> anyhow::Result<ExitCode> {
    if args.print_config {
        run.config().validate()?;
        return print(&run.config().to_toml());
    }
    let interrupt = Interrupt::on_signals()?;
    let mut training = run.observe(Console::stdout()).observe(interrupt.clone()).start()?;
    let over = training.trainer().ending().is_some();
    let outcome = match training.run() {
        Ok(outcome) => outcome,
        Err(Error::Interrupted { saved }) => {
            match saved {
                Some(at) => {
                    tell(&format!("interrupted, and saved; resume with: {} --resume {}", command("dqn"), quoted(&at)));
                }
                None => tell("interrupted, and not saved"),
            }
            return Ok(ExitCode::from(interrupt.exit_code()));
        }
        Err(error) => return Err(error.into()),
    };
    let mut stdout = std::io::stdout();
    // The output may be closed by now; the run is whole all the same.
    let _ = if over {
        let (id, mean, signature) = (outcome.elite.id, outcome.confirmed_mean, outcome.signature);
        writeln!(stdout, "this run is over: individual {id} scored {mean:.1} | signature {signature}")
    } else {
        let (saves, took) = training.saving_cost();
        writeln!(stdout, "saved {saves} times, which took {:.2} s", took.as_secs_f64())
    };
    let _ = writeln!(stdout, "play it: {} {}", command("play"), quoted(folder));
    Ok(ExitCode::SUCCESS)
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints an error with its causes and the flags that are the way out.
fn fail(error: &anyhow::Error, code: u8) -> ExitCode {
    tell(&format!("error: {error:#}"));
    let flags = match error.downcast_ref() {
        Some(Error::Occupied(folder)) => format!("--resume {}, --out OTHER or --overwrite", quoted(folder)),
        Some(Error::Stopped { folder, .. }) => format!("--resume {}", quoted(folder)),
        Some(Error::InUse { .. }) => "--out OTHER".to_owned(),
        Some(Error::NotSaved { .. } | Error::CheckpointsGone { .. }) => "--overwrite or --out OTHER".to_owned(),
        Some(Error::FoundersGone { from, .. }) => format!("--from {} with --overwrite", quoted(from)),
        Some(Error::TooLarge { .. }) => "--memory-limit-gib GIB".to_owned(),
        _ => return ExitCode::from(code),
    };
    tell(&format!("the flags for that: {flags}"));
    ExitCode::from(code)
}

/// Prints a line on the standard error. If the terminal is gone, the exit code says the same.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn command(example: &str) -> String {
    format!("cargo run --release -p agilerl --example {example} --")
}

/// A path in the quotes that a shell needs.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@".contains(c);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}
