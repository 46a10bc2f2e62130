//! What it takes to add an algorithm: a folder below `algorithms/`, its line there, and a line of the registry.
//!
//! A copy of the crates under `target/` gets a stub with continuous actions and two networks, without burn. It must train,
//! resume and play, and no other file of the copy differs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The lines that are added to files of the crates: the file, the line before, the line.
const LINES: [(&str, &str, &str); 3] = [
    ("crates/agilerl-algo/src/algorithms.rs", "pub(crate) mod dqn;\n", "pub(crate) mod stub;\n"),
    (
        "crates/agilerl-algo/src/lib.rs",
        "pub use algorithms::dqn::{config::DqnConfig, config::Loss, dqn::Dqn, epsilon::Epsilon};\n",
        "pub use algorithms::stub::{Stub, StubConfig};\n",
    ),
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
    copy_folder(&fixture("algorithm"), &copy.join("crates/agilerl-algo/src/algorithms/stub"));
    for (file, before, line) in LINES {
        let path = copy.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(before).count(), 1, "{file} has no line {before:?}");
        fs::write(&path, text.replace(before, &format!("{before}{line}"))).unwrap();
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
    for folder in ["crates", "driver", "run"] {
        let _ = fs::remove_dir_all(copy.join(folder));
    }
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name();
        copy_folder(&root().join("crates").join(&name), &copy.join("crates").join(name));
    }
    copy_folder(&fixture("driver"), &copy.join("driver"));
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    fs::write(copy.join("Cargo.toml"), manifest.replace("\"xtask\"", "\"driver\"")).unwrap();
    for file in ["Cargo.lock", "rust-toolchain.toml"] {
        fs::copy(root().join(file), copy.join(file)).unwrap();
    }
}

/// Copies a folder with all below it; links are followed.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            if from.file_name().is_some_and(|name| name != "target") {
                copy_folder(&from, &to);
            }
        } else {
            fs::copy(&from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        }
    }
}

/// The files that one folder has and the other has not, or with other bytes.
fn changed_files(one: &Path, other: &Path) -> BTreeSet<PathBuf> {
    let [ones, others] = [one, other].map(|folder| {
        let mut files = BTreeSet::new();
        gather(folder, Path::new(""), &mut files);
        files
    });
    let differs = |file: &&PathBuf| fs::read(one.join(file)).ok() != fs::read(other.join(file)).ok();
    ones.union(&others).filter(differs).cloned().collect()
}

fn gather(folder: &Path, below: &Path, files: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder.join(below)).unwrap() {
        let path = below.join(entry.unwrap().file_name());
        if folder.join(&path).is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                gather(folder, &path, files);
            }
        } else {
            files.insert(path);
        }
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stub").join(name)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
