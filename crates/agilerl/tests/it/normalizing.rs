//! Observations that every individual normalises by its own statistics.

use agilerl::prelude::*;

use crate::programs::{example, play_elite, run};
use crate::resume::{PauseEvery, end};
use crate::{dqn, short_run};

fn config() -> RunConfig {
    let mut config = short_run("MountainCar-v0");
    config.checkpoints.seconds = 0.0;
    config.dqn().normalize_observations = true;
    config
}

#[test]
fn a_run_that_normalises_observations_is_resumed_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, pieces) = (folder.path().join("whole"), folder.path().join("pieces"));
    let signature = Run::with(config()).out(&whole).run().unwrap().signature;
    let mut run = Run::with(config()).out(&pieces);
    let resumed = loop {
        match run.observe(PauseEvery(3, 0)).run() {
            Ok(outcome) => break outcome.signature,
            Err(Error::Interrupted { .. }) => run = Run::resume(&pieces).unwrap(),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(resumed, signature);
    assert!(end(&whole) == end(&pieces), "the resumed run left other files");
}

#[test]
fn an_elite_acts_and_is_played_with_its_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = Run::with(config()).out(folder.path()).run().unwrap();
    let elite = Elite::load(folder.path()).unwrap();
    let mut policy = elite.policy().unwrap();
    assert_eq!(policy.normalizer(), outcome.elite.agent.policy().normalizer());
    let (mean, ..) = policy.normalizer().unwrap().scale();
    assert!((-1.2..0.6).contains(&mean[0]) && mean[0] != 0.0, "the car's place: {mean:?}");
    // The values are those of the agent that was evaluated.
    let obs = [-0.5_f32, 0.01];
    let mut agent = dqn(&outcome.elite.agent).clone();
    let values = agent.values(&obs).to_vec();
    let best = if values[0] >= values[1] && values[0] >= values[2] {
        0
    } else if values[1] >= values[2] {
        1
    } else {
        2
    };
    assert_eq!(policy.act::<u32>(&obs), [best]);
    let json = run(&mut example("play"), &[&folder.path(), &"--json", &"--episodes", &"3"]).success();
    let played: Vec<f64> = serde_json::from_str(&json).unwrap();
    let here = evaluate(&mut policy, || make::<f32, u32>("MountainCar-v0"), &[0, 1, 2], 1_000).unwrap();
    assert_eq!(played, here.returns);
    if let Some(mut there) = play_elite() {
        assert_eq!(run(&mut there, &[&folder.path(), &"--json", &"--episodes", &"3"]).success(), json, "in Gymnasium");
    }
}

#[test]
fn a_child_inherits_the_statistics_of_its_parent() {
    let mut trainer = Run::with(config()).start().unwrap().into_trainer();
    let _ = trainer.generation().unwrap();
    // 400 steps of each founder, whose statistics go on in the second generation, and Gymnasium's 0.0001 at the start.
    for individual in trainer.population() {
        let policy = individual.agent.policy();
        let json = serde_json::to_value(policy.normalizer().unwrap()).unwrap();
        assert_eq!(json.pointer("/statistics/count"), Some(&400.0001.into()), "{json}");
    }
}

#[test]
fn founders_from_an_elite_have_its_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let elite = Run::with(config()).out(folder.path()).run().unwrap().elite;
    let trainer = Run::from_elite(folder.path()).unwrap().start().unwrap().into_trainer();
    for founder in trainer.population() {
        assert_eq!(founder.agent.policy().normalizer(), elite.agent.policy().normalizer());
    }
}
