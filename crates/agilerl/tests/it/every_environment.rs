//! Every environment of the catalogue that an agent can learn, from the command line: trained, interrupted, resumed and
//! played; and in Gymnasium with the same returns, where AGILERL_PYTHON names a Python that has it.

use std::path::Path;
use std::process::Command;

use agilerl::env::{Actions, EnvInfo, Observations, catalogue};

use crate::programs::{example, play_elite, run};

#[test]
fn every_environment_is_trained_saved_resumed_and_played() {
    let folder = tempfile::tempdir().unwrap();
    for info in catalogue().filter(|info| info.actions == Actions::Choice) {
        let place = folder.path().join(info.name.replace('/', "-"));
        train_in_two_parts(info, &place);
        let here = run(&mut example("play"), &[&place, &"--json", &"--episodes", &"4", &"--seed", &"3"]).success();
        assert_eq!(returns(&here).len(), 4, "{}", info.name);
        let said = run(&mut example("play"), &[&place, &"--episodes", &"4", &"--seed", &"3"]).success();
        assert!(said.starts_with(&format!("{}: 4 episodes, seeds 3 to 6\nmean return ", info.name)), "{said}");
        if let Some(mut there) = play_elite().filter(|_| !info.name.starts_with("probe/")) {
            let there = run(&mut there, &[&place, &"--json", &"--episodes", &"4", &"--seed", &"3"]).success();
            assert_eq!(returns(&here), returns(&there), "{} in Gymnasium", info.name);
            eprintln!("{}: {}", info.name, here.trim_end());
        }
    }
}

/// Two generations; nobody reads the output of the first part, which therefore ends as by Ctrl-C.
fn train_in_two_parts(info: &EnvInfo, place: &Path) {
    let trainer = if info.observations == Observations::Pixels { "minatar" } else { "dqn" };
    let mut first: Command = example(trainer);
    first.args(["--env", info.name, "--population", "2", "--generations", "2", "--steps", "512", "--threads", "2"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let first = run(first.stdout(writer), &[&"--out", &place]);
    assert_eq!(first.code, Some(130), "{first:?}");
    let rest = run(&mut example(trainer), &[&"--resume", &place]).success();
    assert!(rest.contains("generation 2 of 2") && rest.contains("play it: "), "{rest}");
}

fn returns(json: &str) -> Vec<f64> {
    let list = json.trim().strip_prefix('[').and_then(|list| list.strip_suffix(']')).expect("a list");
    // By the standard library, whose reading of decimals is exact.
    list.split(',').map(|number| number.parse().unwrap()).collect()
}
