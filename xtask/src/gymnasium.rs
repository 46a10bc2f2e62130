//! `cargo xtask gymnasium`: elites played here and in Gymnasium, with the same returns.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::workspace::{cargo, succeed, target};

/// The versions that the environments here are equal to.
const GYMNASIUM: [&str; 2] = ["numpy", "gymnasium[box2d]==1.4.0"];
/// Its games need numpy and Gymnasium; the other packages that it names are for drawing.
const MINATAR: &str = "minatar==1.0.15";

/// What to play in.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// A Python with numpy, gymnasium 1.4.0 (with its extra box2d) and minatar 1.0.15 [default: one that is made in target/gymnasium]
    #[arg(long)]
    python: Option<PathBuf>,
}

/// Trains on every environment of the catalogue for a moment, and has `play` and `play_elite.py` play what was learnt.
pub(crate) fn run(options: &Options) -> Result<()> {
    let python = match &options.python {
        Some(python) => std::path::absolute(python)?,
        None => environment()?,
    };
    ensure!(python.exists(), "{} does not exist", python.display());
    succeed(cargo().args(["build", "--workspace", "--examples"]))?;
    let tests = ["every_environment::", "playing::"];
    let mut test = cargo();
    test.args(["test", "--workspace", "--test", "it", "--"]).args(tests).env("AGILERL_PYTHON", python);
    succeed(&mut test).context("a program failed, or `play` and `play_elite.py` did not agree")
}

/// The interpreter of a virtual environment with Gymnasium, which is made unless it is there.
fn environment() -> Result<PathBuf> {
    let folder = target()?.join("gymnasium");
    let programs = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let python = programs.join("python").with_extension(std::env::consts::EXE_EXTENSION);
    // Written last, since it says that the rest is whole.
    let (stamp, wanted) = (folder.join("packages"), format!("{GYMNASIUM:?} {MINATAR}\n"));
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(python);
    }
    let base = if cfg!(windows) { "python" } else { "python3" };
    succeed(Command::new(base).args(["-m", "venv", "--clear"]).arg(&folder))
        .context("python3 with the module venv is needed, or say `--python`")?;
    let pip = || {
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip
    };
    succeed(pip().args(GYMNASIUM)).context("Gymnasium could not be installed")?;
    succeed(pip().args(["--no-deps", MINATAR])).context("MinAtar could not be installed")?;
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}
