//! `cargo xtask mutants`: breaks one line at a time, and checks that a test of the crate fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::workspace::{cargo, output, root, succeed, target};

/// Selects the mutants.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Try every mutant, not only the fixed sample
    #[arg(long)]
    all: bool,
    /// Only mutants of this crate
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// Try mutants again that an earlier call has a result for
    #[arg(long)]
    again: bool,
    /// Check that every mutant's text stands in exactly one place, and try none
    #[arg(long)]
    check: bool,
}

/// One line that is broken on purpose. `from` occurs exactly once in the files of the crate's `src`, so that code can move
/// between files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    /// The text to replace.
    from: String,
    /// The replacement.
    to: String,
    /// Whether it belongs to the fixed sample that runs without `--all`.
    #[serde(default)]
    sample: bool,
    /// The reason why no test can notice the difference, if there is one.
    #[serde(default)]
    equivalent: Option<String>,
}

/// `xtask/mutants/CRATE.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutants {
    #[serde(default)]
    mutant: Vec<Mutant>,
}

/// A line of `target/mutants.jsonl`.
#[derive(Deserialize, Serialize)]
struct Tried {
    package: String,
    from: String,
    to: String,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    /// A test failed.
    Killed,
    /// The tests did not end in time, which counts as noticed.
    TimedOut,
    /// It does not compile, and so is no mutant.
    Unbuildable,
    /// No test of the crate failed.
    Survived,
}

/// Tests that run longer than this with a mutant count as an endless loop.
const LONGEST_TESTS: Duration = Duration::from_secs(300);

/// Tries the mutants one by one in the working tree. A file that has uncommitted changes is not touched, and every file is
/// put back as it was; if the program is killed meanwhile, `git checkout` puts it back. Results are kept, so that a call
/// goes on where the one before was stopped.
pub(crate) fn run(options: &Options) -> Result<()> {
    let chosen = chosen(options)?;
    let places: Vec<PathBuf> =
        chosen.iter().map(|(package, mutant)| place(package, &mutant.from)).collect::<Result<_>>()?;
    println!("{} mutants, each in one place", chosen.len());
    if options.check {
        return Ok(());
    }
    let log = target()?.join("mutants.jsonl");
    let mut known = if options.again { BTreeMap::new() } else { read(&log)? };
    let mut log = File::options().create(true).append(true).open(&log)?;
    let mut sound = BTreeSet::new();
    for ((package, mutant), path) in chosen.iter().zip(&places) {
        let key = (package.clone(), mutant.from.clone(), mutant.to.clone());
        if mutant.equivalent.is_some() || known.contains_key(&key) {
            continue;
        }
        if sound.insert(package) {
            ensure!(test(package)? == Outcome::Survived, "the tests of {package} fail without any mutant");
        }
        let outcome = try_one(package, mutant, path)?;
        println!("{:?} {package}: {} -> {}", outcome, one_line(&mutant.from), one_line(&mutant.to));
        let (package, from, to) = key.clone();
        writeln!(log, "{}", serde_json::to_string(&Tried { package, from, to, outcome })?)?;
        known.insert(key, outcome);
    }
    report(&chosen, &known)
}

/// A line for each crate, the survivors, and the share that was killed.
fn report(chosen: &[(String, Mutant)], known: &BTreeMap<(String, String, String), Outcome>) -> Result<()> {
    let mut crates: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let (mut survivors, mut unbuildable) = (Vec::new(), Vec::new());
    for (package, mutant) in chosen {
        let [killed, survived, equivalent] = crates.entry(package).or_default();
        let outcome = known.get(&(package.clone(), mutant.from.clone(), mutant.to.clone()));
        match outcome {
            _ if mutant.equivalent.is_some() => *equivalent += 1,
            Some(Outcome::Killed | Outcome::TimedOut) => *killed += 1,
            Some(Outcome::Unbuildable) => unbuildable.push((package, mutant)),
            _ => {
                *survived += 1;
                survivors.push((package, mutant));
            }
        }
    }
    println!("\n{:<16} {:>6} {:>8} {:>10}", "crate", "killed", "survived", "equivalent");
    for (package, [killed, survived, equivalent]) in &crates {
        println!("{package:<16} {killed:>6} {survived:>8} {equivalent:>10}");
    }
    let total = |column: usize| crates.values().map(|counts| counts[column]).sum::<usize>();
    let (killed, survived) = (total(0), total(1));
    for (package, mutant) in &survivors {
        println!("survived in {package}: {} -> {}", one_line(&mutant.from), one_line(&mutant.to));
    }
    println!("{killed} of {} killed, {} equivalent", killed + survived, total(2));
    if let Some((package, mutant)) = unbuildable.first() {
        bail!("{} mutants do not compile, such as {} in {package}", unbuildable.len(), one_line(&mutant.from));
    }
    ensure!(survived == 0, "{survived} mutants survived");
    Ok(())
}

/// The mutants that the options select, by crate.
fn chosen(options: &Options) -> Result<Vec<(String, Mutant)>> {
    let folder = root().join("xtask/mutants");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    let mut chosen = Vec::new();
    for path in files {
        let package = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if options.package.as_ref().is_some_and(|wanted| *wanted != package) {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let mutants: Mutants = toml::from_str(&text).with_context(|| path.display().to_string())?;
        let wanted = mutants.mutant.into_iter().filter(|mutant| options.all || mutant.sample);
        chosen.extend(wanted.map(|mutant| (package.clone(), mutant)));
    }
    ensure!(!chosen.is_empty(), "the options select no mutant; xtask/mutants/*.toml lists all");
    Ok(chosen)
}

/// Finds the only file of a crate that contains a text, which must occur once.
fn place(package: &str, text: &str) -> Result<PathBuf> {
    let mut found = Vec::new();
    visit(&root().join("crates").join(package).join("src"), &mut |path| {
        let content = fs::read_to_string(path)?;
        found.extend(content.matches(text).map(|_| path.to_owned()));
        Ok(())
    })?;
    match &found[..] {
        [path] => Ok(path.clone()),
        _ => bail!("{} stands in {} places of {package}: it must be in one", one_line(text), found.len()),
    }
}

fn visit(folder: &Path, file: &mut impl FnMut(&Path) -> Result<()>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            visit(&path, file)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            file(&path)?;
        }
    }
    Ok(())
}

fn try_one(package: &str, mutant: &Mutant, path: &Path) -> Result<Outcome> {
    let changed = output(Command::new("git").current_dir(root()).args(["status", "--porcelain", "--"]).arg(path))?;
    ensure!(changed.is_empty(), "{} has changes that are not committed", path.display());
    let whole = fs::read_to_string(path)?;
    /// Restores the file, also after a panic.
    struct Restore<'a>(&'a Path, &'a str);
    impl Drop for Restore<'_> {
        fn drop(&mut self) {
            if let Err(error) = fs::write(self.0, self.1) {
                println!("cannot put {} back: {error}; `git checkout` does it", self.0.display());
            }
        }
    }
    let _restore = Restore(path, &whole);
    fs::write(path, whole.replacen(&mutant.from, &mutant.to, 1))?;
    test(package)
}

/// Runs the tests of a crate, but for the doc tests, until the first fails.
fn test(package: &str) -> Result<Outcome> {
    let arguments = ["test", "--quiet", "--package", package, "--lib", "--tests"];
    let built = cargo().args(arguments).arg("--no-run").stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if !built.success() {
        return Ok(Outcome::Unbuildable);
    }
    let mut tests = cargo();
    // What fails here is not to be tried again in every run to come.
    tests.args(arguments).env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1").env("RUST_BACKTRACE", "0");
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut tests, 0);
    let mut child = tests.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let began = Instant::now();
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(Outcome::Survived),
            Some(_) => return Ok(Outcome::Killed),
            None if began.elapsed() > LONGEST_TESTS => {
                kill_group(&mut child)?;
                return Ok(Outcome::TimedOut);
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Ends cargo and the tests that it started, which would otherwise keep running.
fn kill_group(child: &mut Child) -> Result<()> {
    if cfg!(unix) {
        let group = format!("-{}", child.id());
        succeed(Command::new("kill").args(["-s", "KILL", "--", &group]))?;
    } else {
        child.kill()?;
    }
    child.wait()?;
    Ok(())
}

/// The results of earlier calls. Survivors are left out, so that they are tried again: a new test may kill them.
fn read(log: &Path) -> Result<BTreeMap<(String, String, String), Outcome>> {
    let Ok(file) = File::open(log) else { return Ok(BTreeMap::new()) };
    let tried = BufReader::new(file).lines().map(|line| {
        let Tried { package, from, to, outcome } = serde_json::from_str(&line?)?;
        Ok(((package, from, to), outcome))
    });
    let tried: BTreeMap<_, _> = tried.collect::<Result<_>>()?;
    Ok(tried.into_iter().filter(|(_, outcome)| *outcome != Outcome::Survived).collect())
}

fn one_line(text: &str) -> String {
    format!("`{}`", text.split_whitespace().collect::<Vec<_>>().join(" "))
}
