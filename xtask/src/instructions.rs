//! Counts the instructions of one iteration with valgrind.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::workspace::{cargo, output};

/// Counts the instructions of one iteration of each piece in `crates/agilerl/benches/pieces` whose name contains `filter`.
/// Without valgrind, prints a message and returns nothing.
///
/// Unlike times, the counts do not depend on the machine's load; from run to run they differ by a few in ten thousand. They
/// do not replace times: a division counts as one instruction, and so does a load that misses every cache. And valgrind
/// does not support AVX-512, so that programs that choose their vectors at run time choose AVX2 under it.
pub(crate) fn count(filter: &str) -> Result<Vec<(String, u64)>> {
    let has_valgrind = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if !has_valgrind.is_ok_and(|status| status.success()) {
        println!("no instructions: there is no valgrind (on Debian: apt install valgrind)");
        return Ok(Vec::new());
    }
    let program = program()?;
    let pieces = output(Command::new(&program).arg("--list"))?;
    let mut counts = Vec::new();
    for line in pieces.lines() {
        let (name, times) = line.split_once('\t').with_context(|| format!("{line:?} is not a piece and a number"))?;
        let times: u64 = times.parse()?;
        if times > 0 && name.contains(filter) {
            let run = |times: u64| {
                let mut valgrind = Command::new("valgrind");
                valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(&program);
                collected(valgrind.args(["--run", name, &times.to_string()]))
            };
            // The instructions that build the piece are in both counts and cancel.
            let (once, twice) = (run(times)?, run(2 * times)?);
            counts.push((name.to_owned(), twice.saturating_sub(once) / times));
            println!("{name}: {} instructions", counts[counts.len() - 1].1);
        }
    }
    Ok(counts)
}

/// Builds the benchmark and returns its path.
fn program() -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    let mut build = cargo();
    build.args(["bench", "--package", "agilerl", "--bench", "instructions", "--no-run"]);
    build.args(["--message-format", "json-render-diagnostics"]).stderr(Stdio::inherit());
    let messages = output(&mut build)?;
    let mut executables = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok()?.executable);
    executables.next_back().context("cargo named no program for the benchmark \"instructions\"")
}

/// Returns the total that callgrind reports.
fn collected(command: &mut Command) -> Result<u64> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    let total = report.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    match total {
        Some(total) if output.status.success() => Ok(total),
        _ => bail!("{command:?} ended with {} and counted nothing:\n{report}", output.status),
    }
}
