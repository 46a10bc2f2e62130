//! When a run is saved, and the elite in its folder meanwhile.

use std::path::Path;
use std::sync::{Arc, Mutex};

use agilerl::hpo::BoxError;
use agilerl::prelude::*;

use crate::short_run;

fn saves(every: u64, seconds: f64) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let mut config = short_run("probe/TwoSteps"); // four generations
    config.checkpoints = CheckpointConfig { every, seconds, keep: 2 };
    let mut training = Run::with(config).out(folder.path()).start().unwrap();
    training.run().unwrap();
    training.saving_cost().0
}

#[test]
fn a_run_is_saved_as_often_as_it_is_told_and_at_its_end() {
    assert_eq!(saves(1, 0.0), 4, "after each of the first three generations, and at the end");
    assert_eq!(saves(2, 0.0), 2, "after the second, and at the end");
    assert_eq!(saves(1, 1e9), 1, "at the end");
}

#[test]
fn an_elite_of_a_later_time_is_gone_when_a_run_is_resumed_before_its_first_one() {
    struct PauseAtOnce;
    impl<A> Observer<A> for PauseAtOnce {
        fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
            Ok(if matches!(event, Event::Round { .. }) { Flow::Pause } else { Flow::Continue })
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let paused = Run::with(short_run("probe/TwoSteps")).out(folder.path()).observe(PauseAtOnce).run();
    assert!(matches!(paused, Err(Error::Interrupted { .. })));
    let elite = ["elite.json", "elite.safetensors"].map(|name| folder.path().join(name));
    for path in &elite {
        assert!(!path.exists(), "nobody was evaluated in the first round");
        std::fs::write(path, "what a killed run wrote after its last checkpoint").unwrap();
    }
    let training = Run::resume(folder.path()).unwrap().start().unwrap();
    assert!(elite.iter().all(|path| !path.exists()));
    drop(training);
}

/// Collects the fitness and generation of each evaluated elite, with the generation of `elite.json` right afterwards.
#[derive(Clone)]
struct Watch {
    folder: std::path::PathBuf,
    seen: Arc<Mutex<Vec<(f64, u64, u64)>>>,
}

impl<A> Observer<A> for Watch {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
        if let Event::Evaluated(report) = event {
            let fitness = report.elite().latest_fitness().unwrap();
            self.seen.lock().unwrap().push((fitness, report.generation + 1, saved_generation(&self.folder)));
        }
        Ok(Flow::Continue)
    }
}

fn saved_generation(folder: &Path) -> u64 {
    let record = std::fs::read(folder.join("elite.json")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    record["run"]["generation"].as_u64().unwrap()
}

#[test]
fn an_elite_whose_fitness_was_luck_makes_room_for_the_next() {
    let folder = tempfile::tempdir().unwrap();
    // One episode of one step whose reward is 1 or -1, drawn: a fitness of 1 is luck, and twenty fresh episodes say so.
    let mut config = short_run("probe/ObsReward");
    config.population = 1;
    config.evolution.selection = Tournament { size: 1, ..Tournament::default() }.into();
    config.evolution.target = Some(1.0);
    (config.evolution.eval_episodes, config.evolution.confirm_episodes) = (1, 20);
    (config.evolution.generations, config.evolution.mutation) = (12, Mutation::none());
    let watch = Watch { folder: folder.path().to_owned(), seen: Arc::default() };
    Run::with(config).out(folder.path()).observe(watch.clone()).run().unwrap();
    let seen = watch.seen.lock().unwrap();
    let lucky: Vec<_> = seen.iter().filter(|(fitness, ..)| *fitness == 1.0).collect();
    assert!(lucky.len() >= 3 && lucky.len() < seen.len(), "{seen:?}");
    for (_, generation, saved) in lucky {
        assert_eq!(generation, saved, "{seen:?}");
    }
    // An individual below the saved one does not replace it.
    let (_, generation, saved) = seen.iter().rev().find(|(fitness, ..)| *fitness == -1.0).unwrap();
    assert_ne!(generation, saved, "{seen:?}");
}
