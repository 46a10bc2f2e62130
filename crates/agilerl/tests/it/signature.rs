//! The signature of a short run, pinned: a change that makes one seed give other numbers changes it.

use std::process::Command;

use agilerl::nets::{choose_vectors, vector_names};
use agilerl::prelude::*;

use crate::short_run;

/// The signature of the run below, which has every kind of event. A change of it needs a line under *Results change*
/// in CHANGELOG.md. It is one for vectors of every width. Nothing in a run
/// asks the system's C library for more than a fused product, so it should hold on every system; it is pinned where it was tried.
const PINNED: Option<&str> = if cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
    Some("7eeaf3d2a4cde54f17391a379578b727")
} else {
    None
};

fn signature(threads: usize) -> String {
    let mut config = short_run("LunarLander-v3");
    config.population = 6;
    Run::with(config).threads(threads).run().unwrap().signature
}

#[test]
fn the_signature_is_the_pinned_one_at_any_number_of_threads() {
    let found = signature(1);
    for threads in [2, 3, 8] {
        assert_eq!(signature(threads), found, "{threads} threads");
    }
    match PINNED {
        Some(pinned) => assert_eq!(
            found, pinned,
            "one seed gives other numbers than before: if that is meant, write the left signature into this test and a \
             line under *Results change* in CHANGELOG.md"
        ),
        None => eprintln!("no signature is pinned for this kind of system; here it is {found}"),
    }
}

/// Where the environment of a child process names its vectors.
const VECTORS: &str = "AGILERL_TEST_VECTORS";

#[test]
fn the_signature_is_the_same_with_vectors_of_every_width() {
    let expected = signature(1);
    let mut widths = 0;
    for name in vector_names() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "signature::child_process", "--nocapture"]);
        let output = child.env(VECTORS, name).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(&format!("{name} {expected}\n")), "not {expected} with vectors {name}: {said}");
        widths += 1;
    }
    eprintln!("the same signature with vectors of {widths} widths");
}

/// Not a test of its own: the test above starts it.
#[test]
#[expect(clippy::print_stdout, reason = "its parent reads it")]
fn child_process() {
    let Ok(name) = std::env::var(VECTORS) else { return };
    choose_vectors(&name);
    println!("{name} {}", signature(1));
}
