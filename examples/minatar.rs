//! Trains a population of four convolutional DQN agents on a game of MinAtar and evolves it, in code:
//!
//! ```text
//! cargo run --release -p agilerl --example minatar
//! cargo run --release -p agilerl --example minatar -- MinAtar/Asterix-v1
//! ```
//!
//! Two million transitions of the whole population take some minutes. Every generation prints a table of its individuals;
//! the run is kept in `runs/`. Flags for everything, and resuming, are the business of the example `dqn`, which trains on
//! pixels too: `--example dqn -- --env MinAtar/Asterix-v1 --resume ..`.

#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::process::ExitCode;

use agilerl::prelude::*;

fn main() -> ExitCode {
    let game = std::env::args().nth(1).unwrap_or_else(|| "MinAtar/Breakout-v1".to_owned());
    match train(&game) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = if error.is_misuse() { 2 } else { 1 };
            eprintln!("error: {:#}", anyhow::Error::from(error));
            ExitCode::from(code)
        }
    }
}

fn train(game: &str) -> Result<(), Error> {
    // Observations of a run on pixels stay bytes until the network reads them, which is why it has a type of its own.
    let run =
        Run::with_pixels(RunConfig::recommended(game)).seed(1).out(format!("runs/{}-seed-1", game.replace('/', "-")));
    let outcome = run.observe(Console::stdout()).run()?;
    println!("{:.2} over 100 fresh episodes, {} transitions", outcome.confirmed_mean, outcome.env_steps);
    Ok(())
}
