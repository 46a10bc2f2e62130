//! `cargo xtask ci`: the checks that a change must pass.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::devices;
use crate::gymnasium;
use crate::supply_chain;
use crate::workspace::{cargo, root, succeed, target};

/// Runs all checks, the cheapest first, and stops at the first that fails.
///
/// With all features of the default build burn is checked once (clippy and the docs share that) and compiled once: the
/// tests, the examples and the run of one of them select the whole workspace, so that they agree on every feature. The
/// crates without burn and the environments with pictures compile neither again. The other devices come last, since they
/// compile burn with all its backends; they share the profile and so the crates below burn.
pub(crate) fn run() -> Result<()> {
    let target = target()?;
    step("format", cargo().args(["fmt", "--all", "--check"]))?;
    supply_chain()?;
    step("packages", cargo().args(["xtask", "packages"]))?;
    step("places of the mutants", cargo().args(["xtask", "mutants", "--check", "--all"]))?;
    step("lints", cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let without_burn = ["--no-default-features", "--package", "agilerl-nets", "--package", "agilerl-algo"];
    let mut lints = cargo();
    lints.arg("clippy").args(without_burn).args(["--package", "agilerl", "--all-targets", "--", "-D", "warnings"]);
    step("lints without burn", &mut lints)?;
    step("documentation", cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    let render = ["--package", "agilerl-env", "--features", "render"];
    step("lints of rendering", cargo().arg("clippy").args(render).args(["--all-targets", "--", "-D", "warnings"]))?;
    // All other tests of that crate run below, without the feature.
    step("tests of rendering", cargo().arg("test").args(render).args(["--", "render", "picture"]))?;
    step("examples", cargo().args(["build", "--workspace", "--examples"]))?;
    step("a short run", &mut short_run(&target)?)?;
    // With a Python that has Gymnasium, so that tests which play elites compare returns with Gymnasium's.
    println!("== Gymnasium: wheels from PyPI into the build's outputs");
    let python = gymnasium::python(&gymnasium::Options::default())?;
    step("tests, also in Gymnasium", cargo().args(["test", "--workspace"]).env(gymnasium::PYTHON, python))?;
    step("tests without burn", cargo().arg("test").args(without_burn).args(["--lib", "--test", "it"]))?;
    // Only types: the variable keeps the CUDA backend's compiler from being downloaded.
    let cuda = ["check", "--package", "agilerl-nets", "--features", "cuda"];
    step("types of the CUDA device", cargo().args(cuda).env("DOCS_RS", "1"))?;
    // Last, and nothing is said after it: the output ends with the test runner's own summary.
    println!("== devices: cargo xtask devices");
    devices::run(&devices::Options::default())
}

/// Trains a population for a moment with the example that cargo built: `cargo run -p` would select other features than
/// the whole workspace and compile burn's dependencies again.
fn short_run(target: &Path) -> Result<Command> {
    let out = target.join("ci-run");
    if out.exists() {
        std::fs::remove_dir_all(&out).with_context(|| format!("cannot remove {}", out.display()))?;
    }
    let mut command = Command::new(target.join("debug/examples/dqn").with_extension(std::env::consts::EXE_EXTENSION));
    command.current_dir(root());
    command.args(["--env", "CartPole-v1", "--population", "2", "--lanes", "4", "--generations", "2"]);
    command.args(["--steps", "512", "--threads", "2", "--seed", "1", "--out"]).arg(out);
    Ok(command)
}

/// Checks licences, bans and sources of the linked crates. Without `cargo deny`, continuous integration fails; elsewhere
/// a line says that nothing was checked.
fn supply_chain() -> Result<()> {
    match supply_chain::check() {
        Ok(mut check) => {
            step("download of the linked crates", cargo().args(["fetch", "--locked"]))?;
            step("supply chain", &mut check)
        }
        Err(error) if std::env::var_os("CI").is_none() => {
            println!("== supply chain: NOT CHECKED, because `cargo deny` is missing: {error:#}");
            Ok(())
        }
        Err(error) => Err(error.context("the check \"supply chain\" needs `cargo deny`")),
    }
}

fn step(name: &str, command: &mut Command) -> Result<()> {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    println!("== {name}: {}", std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" "));
    let start = Instant::now();
    succeed(command).with_context(|| format!("the check {name:?} failed"))?;
    println!("== {name}: passed in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}
