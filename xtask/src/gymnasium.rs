//! `cargo xtask gymnasium`: elites played here and in Gymnasium, with the same returns.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::python::{program, venv};
use crate::workspace::{cargo, succeed};

/// The versions that the environments here are equal to.
const GYMNASIUM: [&str; 2] = ["numpy", "gymnasium[box2d]==1.4.0"];
/// Its games need numpy and Gymnasium; the other packages that it names are for drawing.
const MINATAR: [&str; 2] = ["--no-deps", "minatar==1.0.15"];

/// What to play in.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// A Python with numpy, gymnasium 1.4.0 (with its extra box2d) and minatar 1.0.15 [default: one that is made in target/gymnasium]
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

/// The variable that names a Python to the tests. Without it they play in Rust alone.
pub(crate) const PYTHON: &str = "AGILERL_PYTHON";

/// The Python that has Gymnasium.
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
