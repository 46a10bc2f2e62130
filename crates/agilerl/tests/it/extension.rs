//! More generations for a run, and a run that begins with the elite of another.

use std::path::Path;
use std::sync::Arc;

use agilerl::Error;
use agilerl::hpo::{BoxError, without_clock};
use agilerl::prelude::*;
use agilerl::storage::{MemoryStorage, Storage};

use crate::resume::{PauseEvery, end};
use crate::{dqn, message, short_run};

fn config(env: &str) -> RunConfig {
    let mut config = short_run(env);
    config.checkpoints.seconds = 0.0;
    config
}

/// A run of 4 generations, and then of 6.
fn extended(folder: &Path) -> (String, String) {
    let first = Run::with(config("CartPole-v1")).out(folder).run().unwrap().signature;
    let outcome = Run::resume(folder).unwrap().generations(6).run().unwrap();
    assert_eq!((outcome.ending, outcome.generations), (Ending::GenerationsDone, 6));
    (first, outcome.signature)
}

/// Compares the files of two runs: the log does not tell when an extension was asked for.
#[track_caller]
fn check_same(one: &Path, other: &Path) {
    assert!(end(one) == end(other), "{} left other files than {}", other.display(), one.display());
}

#[test]
fn a_run_that_is_over_is_given_more_generations() {
    let folder = tempfile::tempdir().unwrap();
    let (first, signature) = extended(folder.path());
    assert_ne!(first, signature);
    assert_ne!(
        signature,
        Run::with(config("CartPole-v1")).generations(6).run().unwrap().signature,
        "it ended in between"
    );
    let log = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    let begins = |line: &&str| line.starts_with("{\"event\":\"generation\"");
    assert_eq!(log.lines().filter(begins).count(), 6);
    assert!(log.contains(&first) && log.contains(&signature), "both ends are told");
    assert!(log.contains(r#"{"event":"extended","generation":4,"generations":6,"target":null}"#), "{log}");
    let settings = RunConfig::read(&folder.path().join("config.toml")).unwrap();
    assert_eq!(settings.evolution.generations, 6);
    let elite = Elite::load(folder.path()).unwrap();
    assert_eq!(elite.record.run["signature"], signature);
    // It is over, and has the same outcome.
    assert_eq!(Run::resume(folder.path()).unwrap().run().unwrap().signature, signature);
    assert_eq!(Run::resume(folder.path()).unwrap().generations(6).run().unwrap().signature, signature);
}

#[test]
fn it_does_not_matter_when_the_generations_were_given_nor_how_often_the_run_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let (_, signature) = extended(&whole);
    // Given after 3 rounds of 16, and stopped after every third.
    let (pieces, mut stops) = (folder.path().join("pieces"), 0);
    let mut run = Run::with(config("CartPole-v1")).out(&pieces);
    let again = loop {
        match run.observe(PauseEvery(3, 0)).run() {
            Ok(outcome) => break outcome.signature,
            Err(Error::Interrupted { .. }) => stops += 1,
            Err(error) => panic!("{}", message(&error)),
        }
        run = Run::resume(&pieces).unwrap();
        run = if stops == 1 { run.generations(6) } else { run };
    };
    assert_eq!((again, stops), (signature.clone(), 8), "24 rounds");
    check_same(&whole, &pieces);

    // Stopped when it was over, and after every round since.
    let pieces = folder.path().join("late");
    Run::with(config("CartPole-v1")).out(&pieces).run().unwrap();
    let mut run = Run::resume(&pieces).unwrap().generations(6);
    let again = loop {
        match run.observe(PauseEvery(1, 0)).run() {
            Ok(outcome) => break outcome.signature,
            Err(Error::Interrupted { .. }) => run = Run::resume(&pieces).unwrap(),
            Err(error) => panic!("{}", message(&error)),
        }
    };
    assert_eq!(again, signature);
    check_same(&whole, &pieces);
}

#[test]
fn a_run_extended_twice_is_gone_on_with_from_a_checkpoint_before_both() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    let keep = CheckpointConfig { seconds: 0.0, keep: 9, ..CheckpointConfig::default() };
    for folder in [&whole, &broken] {
        Run::with(config("CartPole-v1")).checkpoints(keep).generations(2).out(folder).run().unwrap();
        Run::resume(folder).unwrap().checkpoints(keep).generations(3).run().unwrap();
    }
    let signature = Run::resume(&whole).unwrap().generations(4).run().unwrap().signature;
    // The checkpoints of generations 2 and 3, at which it was over, are gone with the power.
    for name in ["000002", "000003"] {
        std::fs::write(broken.join("checkpoints").join(name).join("agents.bin"), []).unwrap();
    }
    let mut training = Run::resume(&broken).unwrap().generations(4).start().unwrap();
    assert_eq!(training.trainer().generations_done(), 1);
    assert_eq!(training.run().unwrap().signature, signature);
    check_same(&whole, &broken);
}

#[test]
fn fewer_generations_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let _ = Run::with(config("CartPole-v1")).out(folder.path()).observe(PauseEvery(9, 0)).run();
    for (stage, generations) in [(0, 1), (0, 3), (1, 3)] {
        let error = Run::resume(folder.path()).unwrap().generations(generations).start().err().unwrap().to_string();
        let expected = format!("evolution.generations is {generations}, but must be at least 4, which this run has");
        assert!(error.contains(&expected), "{error}");
        if stage == 0 {
            Run::resume(folder.path()).unwrap().run().unwrap();
        }
    }
}

#[test]
fn a_file_that_asks_for_more_generations_is_asked_no_less() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, edited) = (folder.path().join("whole"), folder.path().join("edited"));
    let (_, signature) = extended(&whole);
    Run::with(config("CartPole-v1")).out(&edited).run().unwrap();
    let path = edited.join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\ngenerations = 4\n", "\ngenerations = 6\n")).unwrap();
    assert_eq!(Run::resume(&edited).unwrap().run().unwrap().signature, signature);
    check_same(&whole, &edited);
}

/// Reaches and confirms its target of 1, after which no more can be had.
fn solved(folder: &Path) -> u64 {
    let mut config = config("probe/ObsActionReward");
    config.evolution.generations = 50;
    config.evolution.target = Some(1.0);
    config.dqn().lr = 3e-3;
    config.dqn().epsilon = Epsilon { start: 1.0, end: 0.1, decay_steps: 400 };
    let outcome = Run::with(config).out(folder).run().unwrap();
    assert_eq!((outcome.ending, outcome.confirmed_mean), (Ending::TargetConfirmed, 1.0));
    outcome.generations
}

#[test]
fn a_run_whose_target_is_confirmed_needs_another_one_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let done = solved(folder.path());
    let resume = || Run::resume(folder.path()).unwrap();
    for run in [resume().generations(60), resume().generations(60).target(0.5)] {
        let error = run.start().err().unwrap().to_string();
        assert!(error.contains("but must be more than 1, or none: this run is over"), "{error}");
    }
    let settings = RunConfig::read(&folder.path().join("config.toml")).unwrap();
    assert_eq!(settings.evolution.generations, 50, "nothing was changed by asking");
    // Another target alone will do, for there are generations left; and so will none.
    let drop_target = |config: &mut RunConfig| config.evolution.target = None;
    assert!(resume().target(2.0).start().is_ok());
    assert!(resume().configure(drop_target).generations(done).start().is_err(), "all of those are done");
    let run = resume().configure(drop_target).generations(51).observe(StopAfter(done + 1));
    let outcome = run.run().unwrap();
    assert_eq!((outcome.ending, outcome.generations), (Ending::Stopped, done + 1));
}

/// Stops the run after this number of generations.
struct StopAfter(u64);

impl<A> Observer<A> for StopAfter {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
        let Event::Evaluated(report) = event else { return Ok(Flow::Continue) };
        Ok(if report.generation + 1 >= self.0 { Flow::Stop } else { Flow::Continue })
    }
}

/// Small enough for some milliseconds, with everything that a run writes.
fn written_config() -> RunConfig {
    let mut config = config("probe/TwoSteps");
    config.population = 2;
    config.dqn().net.hidden = vec![16];
    config.off_policy.lanes = 2;
    let evolution = &mut config.evolution;
    (evolution.generations, evolution.generation_env_steps, evolution.round_env_steps) = (2, 16, 16);
    (evolution.eval_episodes, evolution.confirm_episodes, evolution.threads) = (1, 1, 1);
    config
}

fn stored(storage: &MemoryStorage, generations: u64, resume: bool) -> Result<String, Error> {
    let run = Run::with(written_config()).generations(generations);
    run.out("run").storage(Arc::new(storage.clone()), resume).run().map(|outcome| outcome.signature)
}

fn files(storage: &MemoryStorage) -> [Vec<u8>; 5] {
    let read = |name: &str| storage.copy().read(&Path::new("run").join(name)).unwrap();
    let log = without_clock(&String::from_utf8(read("events.jsonl")).unwrap()).into_bytes();
    [log, read("metrics.csv"), read("elite.json"), read("elite.safetensors"), read("run.json")]
}

#[test]
fn whichever_write_of_an_extended_run_fails_it_is_resumed_to_the_same_files() {
    let over = MemoryStorage::new();
    stored(&over, 2, false).unwrap();
    let whole = over.copy();
    let signature = stored(&whole, 4, true).unwrap();
    let expected = files(&whole);
    for (call, name) in whole.calls().iter().enumerate() {
        for power_cut in [true, false] {
            let left = over.copy().dying_at(call);
            let _ = stored(&left, 4, true);
            let left = left.copy();
            if power_cut {
                left.cut_power();
            }
            let again =
                stored(&left, 4, true).unwrap_or_else(|error| panic!("call {call} ({name}): {}", message(&error)));
            assert_eq!(again, signature, "call {call} ({name}), power cut: {power_cut}");
            assert!(files(&left) == expected, "call {call} ({name}), power cut: {power_cut}");
        }
    }
}

#[test]
fn every_founder_of_a_run_can_be_the_elite_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let elite = Run::with(config("CartPole-v1")).out(&first).run().unwrap().elite;
    let run = Run::from_elite(&first).unwrap().seed(8).out(&second);
    // It explores as the elite did last, and not from the start again.
    let [before, epsilon] =
        [RunConfig::read(&first.join("config.toml")).unwrap(), run.config().clone()].map(|mut c| c.dqn().epsilon);
    assert!(before.start > before.end);
    assert_eq!((epsilon.start, epsilon.end), (before.end, before.end));
    assert_eq!(run.config().off_policy.lanes, 4, "with the settings of its run");
    let training = run.start().unwrap();
    for founder in training.trainer().population() {
        let [founder_dqn, elite] = [&founder.agent, &elite.agent].map(dqn);
        assert_eq!(founder_dqn.weights(), elite.weights());
        assert_eq!(founder_dqn.target_weights(), elite.weights());
        assert_eq!(founder_dqn.hyperparameters(), elite.hyperparameters());
        assert_eq!(founder_dqn.spec(), elite.spec());
        assert!(founder.parents.is_empty() && founder.fitness.is_empty());
    }
    assert!(training.notices()[0].starts_with("every founder is the elite of "), "{:?}", training.notices());
    let diverse = Run::from_elite(&first).unwrap().configure(|config| config.evolution.initial_diversity = true);
    let diverse = diverse.start().unwrap().into_trainer();
    let lrs = diverse.population().iter().map(|founder| dqn(&founder.agent).config().lr.to_bits());
    assert_eq!(lrs.collect::<std::collections::BTreeSet<_>>().len(), 4, "as founders of any run");
}

#[test]
fn a_run_from_an_elite_is_a_run_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let [first, whole, pieces] = ["first", "whole", "pieces"].map(|name| folder.path().join(name));
    Run::with(config("CartPole-v1")).out(&first).run().unwrap();
    let run = |out: &Path| Run::from_elite(&first).unwrap().seed(8).out(out);
    let outcome = run(&whole).run().unwrap();
    // Stopped before anything was trained, and after every third round.
    drop(run(&pieces).start().unwrap());
    std::fs::remove_dir_all(&first).unwrap();
    let signature = loop {
        match Run::resume(&pieces).unwrap().observe(PauseEvery(3, 0)).run() {
            Ok(outcome) => break outcome.signature,
            Err(Error::Interrupted { .. }) => {}
            Err(error) => panic!("{}", message(&error)),
        }
    };
    assert_eq!(signature, outcome.signature);
    check_same(&whole, &pieces);
    // Stopped before its founders were saved, it is none.
    std::fs::remove_dir_all(pieces.join("checkpoints/000000")).ok();
    for checkpoint in std::fs::read_dir(pieces.join("checkpoints")).unwrap() {
        std::fs::remove_dir_all(checkpoint.unwrap().path()).unwrap();
    }
    let error = Run::resume(&pieces).unwrap().run().unwrap_err().to_string();
    assert!(error.contains("was stopped before its founders were saved: begin it anew with the elite of"), "{error}");
}

#[test]
fn an_elite_begins_no_run_that_its_network_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    Run::with(config("CartPole-v1")).out(folder.path()).run().unwrap();
    let run = || Run::from_elite(folder.path()).unwrap();
    let error = |run: Run| run.start().err().expect("it does not fit").to_string();
    let other = error(run().configure(|config| config.env = "Acrobot-v1".to_owned()));
    assert!(other.contains("was made for CartPole-v1, and Acrobot-v1 would have one of"), "{other}");
    let hidden = error(run().configure(|config| config.dqn().net.hidden = vec![17]));
    assert!(hidden.contains("its network stays as it is"), "{hidden}");
    let lr = run().configure(|config| config.dqn().lr = 5e-4).start().unwrap();
    assert!(lr.trainer().population().iter().all(|founder| dqn(&founder.agent).config().lr == 5e-4));
    let nothing = Run::from_elite(folder.path().join("nothing")).err().unwrap().to_string();
    assert!(nothing.contains("cannot read") && nothing.contains("elite.json"), "{nothing}");
}
