//! `cargo xtask build-cost`: processor-seconds of first builds. It needs a POSIX shell.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use crate::results::markdown;
use crate::workspace::{cargo, output, root, target};

/// The builds to measure, and the tree to compare with.
#[derive(Args)]
pub(crate) struct Options {
    /// Builds to measure
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = [Build::Example, Build::Tests, Build::WithoutBurn])]
    builds: Vec<Build>,
    /// Measure this checkout of the repository too, and print ratios
    #[arg(long, value_name = "FOLDER")]
    before: Option<PathBuf>,
    /// Number of crates to list, the most expensive first
    #[arg(long, default_value_t = 25)]
    crates: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Build {
    Example,
    Tests,
    WithoutBurn,
}

impl Build {
    fn arguments(self) -> &'static str {
        match self {
            Self::Example => "build --release --package agilerl --example dqn",
            Self::Tests => "test --workspace --no-run",
            Self::WithoutBurn => "build --release --package agilerl --example dqn --no-default-features",
        }
    }

    /// The build of an earlier tree that this one is compared with: there may have been none without burn.
    fn earlier(self) -> Self {
        if self == Self::WithoutBurn { Self::Example } else { self }
    }
}

/// Builds into an empty folder and prints the processor-seconds of the whole build and of each package's rustc.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut before = BTreeMap::new();
    if let Some(tree) = &options.before {
        let builds: BTreeSet<_> = options.builds.iter().map(|build| build.earlier()).collect();
        for build in builds {
            before.insert(build, measure(tree, build)?.total);
        }
    }
    let mut rows = Vec::new();
    for &build in &options.builds {
        let Cost { total, packages } = measure(root(), build)?;
        let mut packages: Vec<_> = packages.into_iter().collect();
        packages.sort_by(|a, b| b.1.total_cmp(&a.1));
        let most_expensive = packages.into_iter().take(options.crates);
        let cells = most_expensive.map(|(name, seconds)| [name, format!("{seconds:.1}")]);
        println!("`cargo {}`\n\n{}", build.arguments(), markdown(["package", "processor-seconds"], cells));
        let earlier = before.get(&build.earlier());
        let [seconds, ratio] = earlier
            .map_or_else(Default::default, |earlier| [format!("{earlier:.0}"), format!("{:.2}", total / earlier)]);
        rows.push([format!("`cargo {}`", build.arguments()), seconds, format!("{total:.0}"), ratio]);
    }
    println!("{}", markdown(["processor-seconds", "before", "now", "ratio"], rows.into_iter()));
    Ok(())
}

struct Cost {
    total: f64,
    /// Seconds of all rustcs of a package.
    packages: BTreeMap<String, f64>,
}

fn measure(tree: &Path, build: Build) -> Result<Cost> {
    let folder = target()?.join("build-cost");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let (wrapper, log) = (folder.join("rustc.sh"), folder.join("rustc.log"));
    write_script(&wrapper, RUSTC)?;
    let script = folder.join("cargo.sh");
    write_script(&script, "#!/bin/sh\n\"$@\" >&2 || exit\ntimes\n")?;
    // `CARGO` is the cargo that started this program.
    let mut command = std::process::Command::new(&script);
    command.arg(cargo().get_program()).args(build.arguments().split(' ')).current_dir(tree);
    command.env("CARGO_TARGET_DIR", folder.join("target")).env("RUSTC_WRAPPER", &wrapper).env("COST_LOG", &log);
    let total = processor_seconds(&output(&mut command)?)?;
    let mut packages = BTreeMap::new();
    for line in fs::read_to_string(&log)?.lines() {
        let (name, times) = line.split_once(' ').with_context(|| format!("{line:?} is no package with its times"))?;
        *packages.entry(name.to_owned()).or_default() += processor_seconds(times)?;
    }
    fs::remove_dir_all(&folder)?;
    Ok(Cost { total, packages })
}

/// Calls rustc and writes a line: the package, and the shell's `times`.
const RUSTC: &str = "#!/bin/sh
\"$@\"
status=$?
echo ${CARGO_PKG_NAME:-rustc} $(times) >> \"$COST_LOG\"
exit $status
";

fn write_script(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(())
}

/// The sum of the times that the shell's `times` prints: user and system time of the shell, then of its children, as `1m2.5s`.
fn processor_seconds(times: &str) -> Result<f64> {
    let mut sum = 0.0;
    let fields: Vec<_> = times.split_whitespace().collect();
    ensure!(fields.len() == 4, "{times:?} is not what `times` prints");
    for field in fields {
        let time = field.strip_suffix('s').and_then(|field| field.split_once('m'));
        let (minutes, seconds) = time.with_context(|| format!("{field:?} is no time"))?;
        sum += 60.0 * minutes.parse::<f64>()? + seconds.parse::<f64>()?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_shell_and_its_children_are_added() {
        // 0.25 + 0.5 + 60 + 2.5 + 4 seconds.
        assert_eq!(processor_seconds("0m0.25s 0m0.50s\n1m2.50s 0m4.00s").unwrap(), 67.25);
        for times in ["", "0m0.25s", "1 2 3 4", "0m0.25 0m0.50s 1m2.50s 0m4.00s"] {
            assert!(processor_seconds(times).is_err(), "{times:?}");
        }
    }
}
