//! Wrappers that the configuration names.

use std::path::Path;

use agilerl::env::{CartPole, wrap_env};
use agilerl::prelude::*;

use crate::programs::{example, play_elite, run};
use crate::resume::{PauseEvery, end};
use crate::{dqn, short_run};

const FRAMES: WrapperConfig = WrapperConfig::FrameStack { frames: 3 };
const SCALE: WrapperConfig = WrapperConfig::RewardScale { factor: 0.25 };

fn config(wrappers: &[WrapperConfig]) -> RunConfig {
    let mut config = short_run("CartPole-v1");
    (config.wrappers, config.checkpoints.seconds) = (wrappers.to_vec(), 0.0);
    config
}

#[test]
fn training_has_all_wrappers_and_an_evaluation_the_environments_own_rewards() {
    let mut trainer = Run::with(config(&[FRAMES, SCALE])).start().unwrap().into_trainer();
    let _ = trainer.generation().unwrap();
    // Three frames of four numbers.
    assert_eq!(dqn(&trainer.population()[0].agent).spec().inputs(), 12);
    let memory: &Replay<f32, u32> = trainer.shared().downcast_ref().unwrap();
    assert_eq!(memory.layout().obs_len, 12);
    assert!((0..memory.total()).all(|row| memory.row(row).unwrap().reward == 0.25), "CartPole's reward is 1");
    // The return of an episode is the number of its steps, and not a quarter of it.
    let evaluated = Run::with(config(&[FRAMES, SCALE])).on_event(|event| {
        if let Event::Evaluated(report) = event {
            for evaluation in report.evaluations {
                assert_eq!(evaluation.returns.iter().sum::<f64>(), evaluation.env_steps as f64);
            }
        }
        Ok(Flow::Continue)
    });
    evaluated.run().unwrap();
}

#[test]
fn a_wrapped_run_is_resumed_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, pieces) = (folder.path().join("whole"), folder.path().join("pieces"));
    let signature = Run::with(config(&[FRAMES, SCALE])).out(&whole).run().unwrap().signature;
    let mut run = Run::with(config(&[FRAMES, SCALE])).out(&pieces);
    let resumed = loop {
        match run.observe(PauseEvery(3, 0)).run() {
            Ok(outcome) => break outcome.signature,
            Err(Error::Interrupted { .. }) => run = Run::resume(&pieces).unwrap(),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(resumed, signature);
    assert!(end(&whole) == end(&pieces), "the resumed run left other files");
    assert_ne!(signature, Run::with(config(&[])).run().unwrap().signature);
}

/// A trained elite that observes through a frame stack.
fn elite(folder: &Path) -> Elite {
    Run::with(config(&[FRAMES, SCALE])).out(folder).run().unwrap();
    Elite::load(folder).unwrap()
}

#[test]
fn an_elite_records_the_wrappers_that_it_observes_through_and_is_played_through_them() {
    let folder = tempfile::tempdir().unwrap();
    let elite = elite(folder.path());
    assert_eq!(elite.record.wrappers, [FRAMES], "rewards are no matter of a policy");
    let json = run(&mut example("play"), &[&folder.path(), &"--json", &"--episodes", &"5"]).success();
    let played: Vec<f64> = serde_json::from_str(&json).unwrap();
    let make_env = || wrap_env(make::<f32, u32>("CartPole-v1")?, &elite.record.wrappers);
    let here = evaluate(&mut elite.policy().unwrap(), make_env, &[0, 1, 2, 3, 4], 1_000).unwrap();
    assert_eq!(played, here.returns);
    if let Some(mut there) = play_elite() {
        assert_eq!(run(&mut there, &[&folder.path(), &"--json", &"--episodes", &"5"]).success(), json, "in Gymnasium");
    }
}

#[test]
fn an_elite_begins_a_run_with_its_own_wrappers_only() {
    let folder = tempfile::tempdir().unwrap();
    elite(folder.path());
    let run = || Run::from_elite(folder.path()).unwrap();
    assert_eq!(run().config().wrappers, [FRAMES, SCALE], "those of its run");
    let error = run().configure(|config| config.wrappers = vec![SCALE]).start().err().unwrap();
    assert!(error.is_misuse());
    let error = error.to_string();
    assert!(
        error.contains(r#"through the wrappers [{"kind":"frame_stack","frames":3}], and `wrappers` has []"#),
        "{error}"
    );
    run().configure(|config| config.wrappers = vec![FRAMES]).start().unwrap();
    // Without the settings of its run its record is enough.
    std::fs::remove_file(folder.path().join("config.toml")).unwrap();
    assert_eq!(run().config().wrappers, [FRAMES]);
}

#[test]
fn wrappers_go_around_the_programs_own_environment_too() {
    let run = Run::with(config(&[FRAMES])).on_env(|| TimeLimit::new(CartPole::new(), 500));
    let own = run.run().unwrap().signature;
    assert_eq!(own, Run::with(config(&[FRAMES])).run().unwrap().signature, "the same environment");
}

#[test]
fn frames_are_counted_in_the_memory_that_a_run_asks_for() {
    let bytes = |wrappers: &[WrapperConfig]| {
        let mut config = config(wrappers);
        (config.off_policy.memory_size, config.memory_limit_gib) = (1_000_000, Some(0.03));
        match Run::with(config).start() {
            Err(Error::TooLarge { what, .. }) => what,
            other => panic!("{:?}", other.err()),
        }
    };
    // Two observations of four numbers, a choice, a reward and two flags: 32 + 10; and of twelve numbers: 96 + 10.
    assert!(bytes(&[]).contains("transitions in the memory of 42 bytes"), "{}", bytes(&[]));
    assert!(bytes(&[FRAMES]).contains("transitions in the memory of 106 bytes"), "{}", bytes(&[FRAMES]));
}
