//! What it takes to add an algorithm: a folder below `algorithms/`, its line there, and a line of the registry.
//!
//! A copy of the crates under `target/` gets a stub with continuous actions and two networks, without burn. It must train,
//! resume and play, and no other file of the copy differs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The lines that are added to files of the crates: the file, the line before, the line.
const LINES: [(&str, &str, &str); 2] = [
    ("crates/agilerl-algo/src/algorithms.rs", "mod dqn;\npub use dqn::*;\n", "mod stub;\npub use stub::*;\n"),
    (
        "crates/agilerl/src/algorithm.rs",
        "    Dqn(DqnConfig),\n",
        "    /// The stub.\n    Stub(agilerl_algo::StubConfig),\n",
    ),
];

#[test]
fn an_algorithm_is_a_folder_and_a_line_in_the_registry() {
    let copy = root().join("target/stub-algorithm");
    copy_workspace(&copy);
    for (file, before, line) in LINES {
        let text = fs::read_to_string(root().join(file)).unwrap();
        assert_eq!(text.matches(before).count(), 1, "{file} has no line {before:?}");
        write_if_changed(&copy.join(file), text.replace(before, &format!("{before}{line}")).as_bytes());
    }
    let changed = changed_files(&root().join("crates"), &copy.join("crates"));
    let mut expected: BTreeSet<PathBuf> =
        LINES.iter().map(|(file, ..)| PathBuf::from(file.strip_prefix("crates/").unwrap())).collect();
    for file in ["agent.rs", "config.rs", "mod.rs"] {
        expected.insert(Path::new("agilerl-algo/src/algorithms/stub").join(file));
    }
    assert_eq!(changed, expected);

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut run = Command::new(cargo);
    run.args(["run", "--quiet", "--offline", "--package", "driver", "--"]).arg(copy.join("run"));
    let output = run.current_dir(&copy).env_remove("CARGO_TARGET_DIR").output().expect("cargo starts");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{}", said.join("\n"));
    eprintln!("{}", said[0]);
}

/// Copies the crates without their tests, and a workspace of them and the driver.
fn copy_workspace(copy: &Path) {
    let (crates, stub) = (root().join("crates"), Path::new("agilerl-algo/src/algorithms/stub"));
    let changed = LINES.map(|(file, ..)| root().join(file));
    for file in files_of(&copy.join("crates")).iter().filter(|file| !file.starts_with(stub)) {
        if !crates.join(file).exists() {
            fs::remove_file(copy.join("crates").join(file)).unwrap();
        }
    }
    for file in files_of(&crates).iter().filter(|file| !changed.contains(&crates.join(file))) {
        write_if_changed(&copy.join("crates").join(file), &fs::read(crates.join(file)).unwrap());
    }
    copy_folder(&fixture("algorithm"), &copy.join("crates").join(stub));
    copy_folder(&fixture("driver"), &copy.join("driver"));
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest = manifest.replace("\"xtask\"", "\"driver\"").replace("opt-level = 3\ndebug = false", "debug = false");
    write_if_changed(&copy.join("Cargo.toml"), manifest.as_bytes());
    for file in ["Cargo.lock", "rust-toolchain.toml"] {
        write_if_changed(&copy.join(file), &fs::read(root().join(file)).unwrap());
    }
}

/// Makes `to` a copy of a folder with all below it; links are followed.
fn copy_folder(from: &Path, to: &Path) {
    let [wanted, present] = [from, to].map(files_of);
    for file in present.difference(&wanted) {
        fs::remove_file(to.join(file)).unwrap();
    }
    for file in &wanted {
        write_if_changed(&to.join(file), &fs::read(from.join(file)).unwrap());
    }
}

/// Leaves a file alone that holds these bytes: cargo builds again what was written since.
fn write_if_changed(path: &Path, bytes: &[u8]) {
    if fs::read(path).ok().as_deref() != Some(bytes) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// The files that one folder has and the other has not, or with other bytes.
fn changed_files(one: &Path, other: &Path) -> BTreeSet<PathBuf> {
    let [ones, others] = [one, other].map(files_of);
    let differs = |file: &&PathBuf| fs::read(one.join(file)).ok() != fs::read(other.join(file)).ok();
    ones.union(&others).filter(differs).cloned().collect()
}

/// All files below a folder.
fn files_of(folder: &Path) -> BTreeSet<PathBuf> {
    let (mut files, mut folders) = (BTreeSet::new(), vec![PathBuf::new()]);
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(folder.join(&below)).into_iter().flatten() {
            let path = below.join(entry.unwrap().file_name());
            if folder.join(&path).is_dir() {
                folders.push(path);
            } else {
                files.insert(path);
            }
        }
    }
    files
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stub").join(name)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
