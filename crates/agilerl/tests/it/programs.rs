//! The example programs, as a person starts them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// An example of this crate, as cargo built it beside these tests.
pub(crate) fn example(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.parent().and_then(Path::parent).expect("tests lie in a folder of their profile");
    let program = profile.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "{} is missing: `cargo test` builds it unless `--test` is said; then do `cargo build -p agilerl --examples` first",
        program.display()
    );
    let mut command = Command::new(program);
    // The errors of a program show no backtrace, even where the tests do.
    command.env("RUST_BACKTRACE", "1");
    command
}

/// The script that plays an elite in Gymnasium, if the variable AGILERL_PYTHON names a Python that has Gymnasium:
/// `cargo xtask gymnasium` makes one and sets it.
pub(crate) fn play_elite() -> Option<Command> {
    let mut command = Command::new(std::env::var_os("AGILERL_PYTHON")?);
    command.arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/python/play_elite.py"));
    Some(command)
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command, args: &[&dyn AsRef<OsStr>]) -> Ended {
    let output = command.args(args.iter().map(|arg| (*arg).as_ref())).output();
    let Output { status, stdout, stderr } = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { command: format!("{command:?}"), code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// The end of a program, and its output.
#[derive(Debug)]
pub(crate) struct Ended {
    command: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Returns its standard output, if it succeeded.
    #[track_caller]
    pub(crate) fn success(self) -> String {
        let Self { command, code, stderr, .. } = &self;
        assert_eq!(*code, Some(0), "{command}: {stderr}");
        self.stdout
    }

    /// Checks that it failed as programs here do: with this code, an error that says all of this, and neither a panic nor a
    /// backtrace.
    #[track_caller]
    pub(crate) fn failure(&self, code: i32, expected: &[&str]) {
        let Self { command, stderr, .. } = self;
        assert_eq!(self.code, Some(code), "{command}: {stderr}");
        assert!(stderr.starts_with("error: "), "{command}: {stderr}");
        for not in ["panicked", "backtrace"] {
            assert!(!stderr.contains(not), "{command}: {stderr}");
        }
        for part in expected {
            assert!(stderr.contains(part), "{command} does not say {part:?}: {stderr}");
        }
    }
}

#[test]
fn programs_that_measure_refuse_numbers_beyond_their_range_too() {
    for (program, flag) in
        [("throughput", "--generations"), ("throughput", "--threads"), ("growth_ablation", "--seeds")]
    {
        run(&mut example(program), &[&flag, &"-1"]).failure(2, &[flag, "a whole number from"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_table_that_cannot_be_written_is_an_error() {
    let mut program = example("growth_ablation");
    program.stdout(std::fs::File::create("/dev/full").unwrap());
    run(&mut program, &[]).failure(1, &["No space left"]);
}
