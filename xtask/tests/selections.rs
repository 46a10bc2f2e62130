//! burn is compiled once, with the same features for every selection of packages.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Cargo builds a dependency of burn with the features that all packages of the selection enable. If these sets differ,
/// `cargo test -p agilerl-nets` after `cargo test --workspace` compiles burn again, for minutes.
#[test]
fn burn_is_built_with_the_same_features_whatever_is_selected() {
    let burn: BTreeSet<String> = tree(&["--package", "burn-tensor", "--edges", "normal,build"], "{p}");
    assert!(burn.len() > 100, "{burn:?}");
    let features = |selection: &[&str]| -> BTreeSet<String> {
        let arguments = [selection, &["--edges", "normal,build,dev"]].concat();
        let mut lines = tree(&arguments, "{p}|{f}");
        lines.retain(|line| burn.contains(line.split('|').next().unwrap_or(line)));
        lines
    };
    let workspace = features(&["--workspace"]);
    for package in ["agilerl-nets", "agilerl-algo", "agilerl"] {
        let others: Vec<_> = features(&["--package", package]).difference(&workspace).cloned().collect();
        assert!(
            others.is_empty(),
            "with `-p {package}` other features than in the workspace: {others:#?}; crates/agilerl-nets/Cargo.toml unifies them"
        );
    }
}

/// The distinct lines of `cargo tree`.
fn tree(arguments: &[&str], format: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder of the workspace"));
    let output = command.arg("tree").args(arguments).args(["--prefix", "none", "--format", format]).output();
    let output = output.expect("cargo starts");
    assert!(output.status.success(), "cargo tree {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    text.lines().map(|line| line.replace(" (*)", "").replace(" (proc-macro)", "")).collect()
}
