//! Runs on environments of the program's own: with pixels, with continuous actions, without `save`, or with the name of
//! another environment.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use agilerl::env::{CartPole, EnvError, MinAtar, MinAtarGame, MinAtarOptions, Pendulum};
use agilerl::prelude::*;

use crate::short_run;

/// The six methods that an environment must have: the observation is the action to choose.
#[derive(Clone)]
struct Six {
    spaces: (Space, Space),
    state: u32,
    step: u64,
}

impl Six {
    fn new() -> Self {
        Self { spaces: (Space::bounded(&[0.0], &[1.0]), Space::discrete(2)), state: 0, step: 0 }
    }

    fn observe(&mut self, obs: &mut [f32]) {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        obs[0] = (self.state >> 31) as f32;
    }
}

impl Env for Six {
    type Obs = f32;
    type Action = u32;
    fn name(&self) -> &str {
        "Six"
    }
    fn observation_space(&self) -> &Space {
        &self.spaces.0
    }
    fn action_space(&self) -> &Space {
        &self.spaces.1
    }
    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        self.state = seed.map_or(self.state, |seed| seed as u32);
        self.step = 0;
        self.observe(obs);
    }
    fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
        let reward = if action[0] == self.state >> 31 { 1.0 } else { 0.0 };
        self.step += 1;
        self.observe(obs);
        Step { reward, terminated: self.step == 6, truncated: false }
    }
}

/// An environment that can be saved, but not restored.
#[derive(Clone)]
struct SavesOnly(Six);

impl Env for SavesOnly {
    type Obs = f32;
    type Action = u32;
    fn name(&self) -> &str {
        "SavesOnly"
    }
    fn observation_space(&self) -> &Space {
        self.0.observation_space()
    }
    fn action_space(&self) -> &Space {
        self.0.action_space()
    }
    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        self.0.reset(seed, obs);
    }
    fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
        self.0.step(action, obs)
    }
    fn save(&self) -> Result<Vec<u8>, EnvError> {
        agilerl::env::encode_state("SavesOnly", &(self.0.state, self.0.step))
    }
}

/// The output of a program.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Printed {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn config(env: &str) -> RunConfig {
    let mut config = short_run(env);
    config.checkpoints.seconds = 0.0;
    config
}

#[test]
fn an_environment_that_cannot_be_saved_is_trained_without_checkpoints_and_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let printed = Printed::default();
    let run = Run::with(config("Six")).on_env(Six::new).out(folder.path()).observe(Console::new(printed.clone()));
    let mut training = run.start().unwrap();
    let why = training.why_no_checkpoints().expect("it is known at the start").to_owned();
    assert!(why.contains("Six") && why.contains("save"), "{why}");
    let outcome = training.run().unwrap();
    assert_eq!(outcome.signature, Run::with(config("Six")).on_env(Six::new).run().unwrap().signature);

    let text = printed.text();
    let said = "this run has no checkpoints and cannot be resumed, because its environment cannot be saved";
    assert_eq!(text.matches(said).count(), 1, "{text}");
    assert!(text.find(said) < text.find("generation 1 of 4"), "before anything is trained: {text}");
    let elite = Elite::load(folder.path()).unwrap();
    assert_eq!(elite.record.run["signature"], outcome.signature);
    assert_eq!(elite.policy().unwrap().weights(), outcome.elite.agent.policy().weights());
    let log = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    assert!(log.contains(&outcome.signature));
    assert_eq!(std::fs::read_to_string(folder.path().join("metrics.csv")).unwrap().lines().count(), 1 + 4 * 4);
    assert_eq!(std::fs::read_dir(folder.path().join("checkpoints")).unwrap().count(), 0);
}

/// Asks for a pause at the end of the third round.
struct Pause(u32);

impl<A> Observer<A> for Pause {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, agilerl::hpo::BoxError> {
        self.0 += u32::from(matches!(event, Event::Round { .. }));
        Ok(if self.0 == 3 { Flow::Pause } else { Flow::Continue })
    }
}

#[test]
fn a_run_that_cannot_be_saved_never_says_that_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let run = || Run::with(config("Six")).on_env(Six::new).out(folder.path());
    let error = run().observe(Pause(0)).run().unwrap_err();
    assert!(matches!(error, Error::Interrupted { saved: None }), "{error}");
    assert_eq!(error.to_string(), "interrupted, and not saved");
    for _ in 0..2 {
        let error = Run::resume(folder.path()).unwrap().on_env(Six::new).run().unwrap_err().to_string();
        let expected = "has no checkpoints to resume from: the environment of the run could not be saved";
        assert!(error.contains(expected) && error.contains("Six") && error.contains("begin anew"), "{error}");
        // Also once it is over.
        run().overwrite(true).run().unwrap();
    }
    // The run that took its place can be resumed.
    let other = Run::with(config("CartPole-v1")).out(folder.path()).overwrite(true).observe(Pause(0));
    assert!(matches!(other.run(), Err(Error::Interrupted { saved: Some(_) })));
    let signature = Run::resume(folder.path()).unwrap().run().unwrap().signature;
    assert_eq!(signature, Run::with(config("CartPole-v1")).run().unwrap().signature);
}

#[test]
fn an_environment_that_can_be_saved_and_not_restored_is_found_out_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::with(config("SavesOnly")).on_env(|| SavesOnly(Six::new())).out(folder.path());
    let mut training = run.start().unwrap();
    let why = training.why_no_checkpoints().expect("it is tried").to_owned();
    assert!(why.contains("SavesOnly"), "{why}");
    training.run().unwrap();
}

#[test]
fn an_environment_of_the_catalogue_has_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let training = Run::with(config("CartPole-v1")).out(folder.path()).start().unwrap();
    assert_eq!((training.why_no_checkpoints(), training.notices().len()), (None, 0));
}

/// CartPole under its own name, with episodes of 20 steps: a run on it and one on the catalogue's have nothing in common.
fn wrapped() -> TimeLimit<CartPole> {
    TimeLimit::new(CartPole::new(), 20)
}

/// Its type, as a program sees it that knows no alias.
const WRAPPED: &str = "TimeLimit<Classic<CartPoleDynamics, 4, 4>>";

#[track_caller]
fn refused(run: Run, parts: &[&str]) {
    let error = run.start().err().expect("another environment");
    assert!(matches!(error, Error::OtherEnv { .. }), "{error}");
    let error = error.to_string();
    assert!(parts.iter().all(|part| error.contains(part)), "{error} does not say {parts:?}");
}

/// Stops a run on the wrapped environment in the middle.
fn stopped(folder: &Path) {
    let run = Run::with(config("CartPole-v1")).on_env(wrapped).out(folder).observe(Pause(0));
    assert!(matches!(run.run(), Err(Error::Interrupted { saved: Some(_) })));
}

#[test]
fn a_run_on_an_own_environment_is_not_resumed_on_the_one_of_the_catalogue_that_is_called_the_same() {
    let folder = tempfile::tempdir().unwrap();
    stopped(folder.path());
    let before = std::fs::read(folder.path().join("events.jsonl")).unwrap();
    let resume = || Run::resume(folder.path()).unwrap();
    refused(resume(), &[WRAPPED, "whose name is CartPole-v1", "`Run::resume(..)?.on_env(..)`"]);
    refused(
        resume().on_env(CartPole::new),
        &[WRAPPED, ", and is given Classic<CartPoleDynamics, 4, 4>:", "wrappers included"],
    );
    refused(resume().on_env(|| TimeLimit::new(wrapped(), 20)), &["is given TimeLimit<TimeLimit<Classic<"]);
    assert_eq!(std::fs::read(folder.path().join("events.jsonl")).unwrap(), before, "nothing was lost by asking");
    let signature = resume().on_env(wrapped).run().unwrap().signature;
    assert_eq!(signature, Run::with(config("CartPole-v1")).on_env(wrapped).run().unwrap().signature);
    assert_ne!(signature, Run::with(config("CartPole-v1")).run().unwrap().signature, "two environments");
    // Also when it is over.
    refused(resume(), &[WRAPPED]);
}

#[test]
fn a_run_on_the_catalogue_is_not_resumed_on_an_own_environment() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::with(config("CartPole-v1")).out(folder.path()).observe(Pause(0));
    assert!(matches!(run.run(), Err(Error::Interrupted { saved: Some(_) })));
    let parts = ["catalogue's CartPole-v1", "is given an environment of the program's own", "without `on_env`"];
    refused(Run::resume(folder.path()).unwrap().on_env(wrapped), &parts);
}

#[test]
fn whose_environment_it_is_is_known_before_the_first_checkpoint_and_not_to_be_edited_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    drop(Run::with(config("CartPole-v1")).on_env(wrapped).out(folder.path()).start().unwrap());
    refused(Run::resume(folder.path()).unwrap(), &[WRAPPED]);
    std::fs::remove_dir_all(folder.path()).unwrap();

    stopped(folder.path());
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(&format!("\"{WRAPPED}\""), "null")).unwrap();
    assert_ne!(std::fs::read_to_string(&path).unwrap(), text);
    refused(Run::resume(folder.path()).unwrap(), &[WRAPPED]);
    std::fs::remove_file(&path).unwrap();
    refused(Run::resume(folder.path()).unwrap(), &[WRAPPED]);
    let training = Run::resume(folder.path()).unwrap().on_env(wrapped).start().unwrap();
    assert!(training.notices()[0].contains("run.json is missing: it is written anew"), "{:?}", training.notices());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn an_elite_says_whose_environment_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    stopped(folder.path());
    Run::resume(folder.path()).unwrap().on_env(wrapped).run().unwrap();
    let elite = Elite::load(folder.path()).unwrap();
    assert_eq!((elite.record.env.as_str(), elite.record.own_env.as_deref()), ("CartPole-v1", Some(WRAPPED)));
    let error = Run::from_elite(folder.path()).unwrap().run().err().unwrap().to_string();
    assert!(error.contains(WRAPPED) && error.contains("`Run::from_elite(..)?.on_env(..)`"), "{error}");

    let catalogues = tempfile::tempdir().unwrap();
    Run::with(config("CartPole-v1")).out(catalogues.path()).run().unwrap();
    assert!(!std::fs::read_to_string(catalogues.path().join("elite.json")).unwrap().contains("own_env"));
}

#[test]
fn an_own_environment_with_pixels_is_trained_saved_resumed_and_played() {
    let breakout = || TimeLimit::new(MinAtar::new(MinAtarGame::Breakout, MinAtarOptions::default()), 60);
    let folder = tempfile::tempdir().unwrap();
    let mut config = config("MinAtar/Breakout-v1");
    config.dqn().net.convs = vec![agilerl::nets::ConvSpec::new(8, 3, 1)];
    config.evolution.generations = 2;
    let signature = Run::with(config.clone()).on_env(breakout).run().unwrap().signature;
    let run = Run::with(config).on_env(breakout).out(folder.path()).observe(Pause(0));
    assert!(matches!(run.run(), Err(Error::Interrupted { saved: Some(_) })));
    let outcome = Run::resume(folder.path()).unwrap().on_env(breakout).run().unwrap();
    assert_eq!(outcome.signature, signature);
    let elite = Elite::load(folder.path()).unwrap();
    assert_eq!(elite.record.own_env.as_deref(), Some("TimeLimit<MinAtar>"));
    let action: Vec<u32> = elite.policy().unwrap().act(&[1_u8; 400]);
    assert_eq!(action.len(), 1);
}

#[test]
fn an_own_environment_with_continuous_actions_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::with(config("Pendulum")).on_env(|| TimeLimit::new(Pendulum::new(), 200));
    let error = run.out(folder.path().join("run")).start().err().unwrap();
    assert!(error.is_misuse());
    let error = error.to_string();
    let parts = ["DQN cannot learn Pendulum-v1", "chooses among n", "whose actions are choices (u32)"];
    assert!(parts.iter().all(|part| error.contains(part)), "{error} does not say {parts:?}");
    assert!(!folder.path().join("run").exists());
}
