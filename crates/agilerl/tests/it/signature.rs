//! The signature of a short run, pinned: a change that makes one seed give other numbers changes it.

use agilerl::prelude::*;

use crate::short_run;

/// Of the run below, in which everything happens that a run has. Whoever changes it writes a line under *Results change*
/// in CHANGELOG.md. The vectors of the processor are part of the sums, so there is one for each width.
fn pinned() -> Option<&'static str> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        return Some("7eeaf3d2a4cde54f17391a379578b727");
    }
    None
}

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
    match pinned() {
        Some(pinned) => assert_eq!(
            found, pinned,
            "one seed gives other numbers than before: if that is meant, write the left signature into this test and a \
             line under *Results change* in CHANGELOG.md"
        ),
        None => eprintln!("no signature is pinned for this kind of processor; here it is {found}"),
    }
}
