//! `cargo xtask packages`: checks the packages that would go to a registry.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::workspace::{cargo, output, root, target};

/// The largest allowed package, in bytes. The recordings that tests read are megabytes, and are not packed.
const LARGEST: u64 = 400_000;

/// The files that every package must have, each with the file of the workspace that it must equal, if it is a copy.
const FILES: [(&str, Option<&str>); 3] =
    [("README.md", None), ("LICENSE-MIT", Some("LICENSE-MIT")), ("LICENSE-APACHE", Some("LICENSE-APACHE"))];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
    /// The registries that it may be published to; empty if it is not published.
    publish: Option<Vec<String>>,
}

/// Packs every published crate without compiling it, and checks the packages.
pub(crate) fn run() -> Result<()> {
    let metadata = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let Metadata { packages } = serde_json::from_str(&metadata)?;
    let published = packages.iter().filter(|package| package.publish != Some(Vec::new())).collect::<Vec<_>>();
    pack(&published)?;
    for package in published {
        let size = check(package).with_context(|| format!("the package of {}", package.name))?;
        println!("{:<16} {:>6.1} kB", package.name, size as f64 / 1e3);
    }
    Ok(())
}

/// Packs the crates without Cargo.lock, for which cargo would query the registry about every dependency. A warning is an
/// error: a file that a target needs lies outside of the package, or the metadata is incomplete.
fn pack(packages: &[&Package]) -> Result<()> {
    let mut command = cargo();
    command.args(["package", "--no-verify", "--allow-dirty", "--exclude-lockfile"]);
    packages.iter().for_each(|package| _ = command.args(["--package", &package.name]));
    let packed = command.output().with_context(|| format!("cannot start {command:?}"))?;
    let printed = String::from_utf8_lossy(&packed.stderr);
    ensure!(packed.status.success() && !printed.contains("warning:"), "{command:?} printed:\n{printed}");
    Ok(())
}

/// Checks a package and returns its size in bytes.
fn check(package: &Package) -> Result<u64> {
    let folder = package.manifest_path.parent().context("a manifest lies in a folder")?;
    let listed =
        output(cargo().args(["package", "--list", "--allow-dirty", "--exclude-lockfile", "--package", &package.name]))?;
    for (file, copied) in FILES {
        ensure!(listed.lines().any(|line| line == file), "{file} is not in it");
        if let Some(original) = copied {
            let is_copy = fs::read(folder.join(file))? == fs::read(root().join(original))?;
            ensure!(is_copy, "{file} is not that of the workspace");
        }
    }
    if package.name == "agilerl" {
        // A missing example would only be noticed when a user compiles the package.
        let missing = examples()?.into_iter().find(|file| !listed.lines().any(|line| line == file));
        ensure!(missing.is_none(), "{} is not in it: link it there", missing.unwrap_or_default());
    }
    let readme = fs::read_to_string(folder.join("README.md"))?;
    let relative = links(&readme).find(|link| !link.starts_with("https://") && !link.starts_with('#'));
    ensure!(relative.is_none(), "README.md links to {}, which a registry's page does not have", relative.unwrap_or(""));
    let path = Path::new("package").join(format!("{}-{}.crate", package.name, package.version));
    let size = fs::metadata(target()?.join(path))?.len();
    ensure!(
        size <= LARGEST,
        "it has {size} bytes, more than {LARGEST}: exclude large files in its Cargo.toml, or raise the limit in xtask"
    );
    Ok(size)
}

/// The sources of the programs at the top of the workspace, as `examples/NAME.rs`.
fn examples() -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join("examples"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        files.extend(name.ends_with(".rs").then(|| format!("examples/{name}")));
    }
    ensure!(!files.is_empty(), "no program in the folder examples");
    Ok(files)
}

/// The targets of the links and pictures of a Markdown text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    // Every second piece between fences is code.
    let prose = text.split("```").step_by(2);
    prose.flat_map(|piece| piece.split("](").skip(1)).filter_map(|rest| rest.split(')').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_those_of_the_prose() {
        let text = "[a](https://a.b) and\n![c](../d.png)\n```rust\nlet x = f[i](j);\n```\n[e](#f)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["https://a.b", "../d.png", "#f"]);
    }
}
