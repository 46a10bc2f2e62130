//! Instructions of one iteration, counted by valgrind.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::workspace::{cargo, output};

/// Instructions of one iteration of the pieces in `crates/agilerl/benches/pieces` whose name contains `filter`. Empty,
/// with a message, where there is no valgrind.
///
/// The same at any load, and to a few in ten thousand from run to run: what times on a busy machine are not. Two things
/// they are not: a time (a division counts as one, and so does a load that misses every cache), and the whole truth about
/// this processor: valgrind knows no AVX-512, so programs that choose their vectors when they run choose AVX2 under it.
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
            // What building costs is in both and goes out.
            let (once, twice) = (run(times)?, run(2 * times)?);
            counts.push((name.to_owned(), twice.saturating_sub(once) / times));
            println!("{name}: {} instructions", counts[counts.len() - 1].1);
        }
    }
    Ok(counts)
}

/// The benchmark program, as cargo built it.
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

/// The total that callgrind reports.
fn collected(command: &mut Command) -> Result<u64> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    let total = report.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    match total {
        Some(total) if output.status.success() => Ok(total),
        _ => bail!("{command:?} ended with {} and counted nothing:\n{report}", output.status),
    }
}
