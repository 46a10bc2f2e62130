//! `cargo xtask gymnasium`: tests that an elite has the same returns here and in Gymnasium.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::python::{program, venv};
use crate::workspace::{cargo, succeed};

/// The versions whose environments ours are equal to.
const GYMNASIUM: [&str; 2] = ["numpy", "gymnasium[box2d]==1.4.0"];
/// MinAtar without its dependencies: the games need only numpy and Gymnasium, the others are for drawing.
const MINATAR: [&str; 2] = ["--no-deps", "minatar==1.0.15"];

/// Selects the Python to play in.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// A Python with numpy, gymnasium 1.4.0 (with its extra box2d) and minatar 1.0.15 [default: one is made in target/gymnasium]
    #[arg(long)]
    python: Option<PathBuf>,
}

/// Trains on every environment of the catalogue for a moment, and has `play` and `play_elite.py` play the elites.
pub(crate) fn run(options: &Options) -> Result<()> {
    let python = python(options)?;
    succeed(cargo().args(["build", "--workspace", "--examples"]))?;
    let tests = ["every_environment::", "playing::"];
    let mut test = cargo();
    test.args(["test", "--workspace", "--test", "it", "--"]).args(tests).env(PYTHON, python);
    succeed(&mut test).context("a program failed, or `play` and `play_elite.py` did not agree")
}

/// The environment variable that tells the tests which Python to use. Without it they play in Rust only.
pub(crate) const PYTHON: &str = "AGILERL_PYTHON";

/// Returns the Python that has Gymnasium, and makes one if the options name none.
pub(crate) fn python(options: &Options) -> Result<PathBuf> {
    let python = match &options.python {
        Some(python) => std::path::absolute(python)?,
        None => program(
            &venv("gymnasium", &[&GYMNASIUM, &MINATAR]).context("or name a Python that has it with `--python`")?,
            "python",
        ),
    };
    ensure!(python.exists(), "{} does not exist", python.display());
    Ok(python)
}
