//! Environments and networks that misbehave are clear errors, and nothing of them reaches the memory.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use agilerl::algo::OffPolicyTask;
use agilerl::env::{EnvError, VecStep};
use agilerl::hpo::{Checkpoints, HpoError, without_clock};
use agilerl::nets::Weights;
use agilerl::prelude::*;
use agilerl::storage::{MemoryStorage, Storage};

use crate::{DEVICES, message, short_run};

/// A fault at one step of an episode.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    NanReset,
    NanObservation,
    NanReward,
    HugeReward,
    Panic,
}

#[derive(Clone)]
struct Faulty {
    fault: Fault,
    step: u64,
    at: u64,
    spaces: (Space, Space),
}

impl Env for Faulty {
    type Obs = f32;
    type Action = u32;
    fn name(&self) -> &str {
        "Faulty"
    }
    fn observation_space(&self) -> &Space {
        &self.spaces.0
    }
    fn action_space(&self) -> &Space {
        &self.spaces.1
    }
    fn reset(&mut self, _seed: Option<u64>, obs: &mut [f32]) {
        self.step = 0;
        obs.fill(if self.fault == Fault::NanReset { f32::NAN } else { 0.5 });
    }
    fn step(&mut self, _action: &[u32], obs: &mut [f32]) -> Step {
        self.step += 1;
        let now = self.step == self.at;
        obs.fill(if now && self.fault == Fault::NanObservation { f32::NAN } else { 0.5 });
        assert!(!(now && self.fault == Fault::Panic), "the simulator lost its licence");
        let reward = match self.fault {
            Fault::NanReward if now => f64::NAN,
            Fault::HugeReward if now => 1e300, // finite, but no f32
            _ => 1.0,
        };
        Step { reward, terminated: self.step == 30, truncated: false }
    }
    fn save(&self) -> Result<Vec<u8>, EnvError> {
        agilerl::env::encode_state("Faulty", &self.step)
    }
    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.step = agilerl::env::decode_state("Faulty", state)?;
        Ok(())
    }
}

#[track_caller]
fn check_fault(fault: Fault, at: u64, expected: &[&str]) {
    // One after another, and as one program.
    for device in DEVICES {
        check_fault_on(device, fault, at, expected);
    }
}

#[track_caller]
fn check_fault_on(device: &str, fault: Fault, at: u64, expected: &[&str]) {
    let spaces = (Space::bounded(&[0.0; 2], &[1.0; 2]), Space::discrete(2));
    let env = Faulty { fault, step: 0, at, spaces };
    let mut config = short_run("Faulty");
    config.device = device.to_owned();
    let mut trainer = match Run::with(config).on_env(move || env.clone()).start() {
        Ok(training) => training.into_trainer(),
        Err(error) => {
            let text = message(&error);
            return assert!(expected.iter().all(|part| text.contains(part)), "{text:?} does not say {expected:?}");
        }
    };
    let text = message(&trainer.run().unwrap_err());
    for part in expected {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
    let memory: &Replay<f32, u32> = trainer.shared().downcast_ref().unwrap();
    for ordinal in 0..memory.total() {
        let row = memory.row(ordinal).unwrap();
        assert!(row.reward.is_finite() && row.obs.iter().chain(row.next_obs).all(|x| x.is_finite()));
    }
}

#[test]
fn faults_of_an_environment_are_told_with_environment_lane_seed_and_step() {
    check_fault(Fault::NanReset, 0, &["Faulty", "first observation NaN", "lane 0 (seed ", "before its first step"]);
    check_fault(Fault::NanObservation, 7, &["Faulty", "observation NaN", "lane 0 (seed ", "step 7 of its episode"]);
    check_fault(Fault::NanReward, 12, &["Faulty", "reward NaN", "lane 0 (seed ", "step 12 of its episode"]);
    check_fault(Fault::HugeReward, 12, &["Faulty", "must be finite, and a reward an f32", "step 12"]);
    check_fault(Fault::Panic, 9, &["Faulty", "lane 0 (seed ", "the simulator lost its licence"]);
}

/// A vector environment whose rows grow in the middle of a run.
struct Growing {
    inner: Box<dyn VecEnv<Obs = f32, Action = u32>>,
    steps: u64,
    longer: Vec<f32>,
}

impl VecEnv for Growing {
    type Obs = f32;
    type Action = u32;
    fn name(&self) -> &str {
        "Growing"
    }
    fn num_envs(&self) -> usize {
        self.inner.num_envs()
    }
    fn observation_space(&self) -> &Space {
        self.inner.observation_space()
    }
    fn action_space(&self) -> &Space {
        self.inner.action_space()
    }
    fn reset(&mut self, seed: Option<u64>) -> &[f32] {
        self.inner.reset(seed)
    }
    fn reset_each(&mut self, seeds: &[u64]) -> &[f32] {
        self.inner.reset_each(seeds)
    }
    fn obs(&self) -> &[f32] {
        self.inner.obs()
    }
    fn step(&mut self, actions: &[u32]) -> Result<VecStep<'_>, EnvError> {
        self.steps += 1;
        let step = self.inner.step(actions)?;
        self.longer = [step.next_obs, &[0.0]].concat();
        Ok(if self.steps == 5 { VecStep { next_obs: &self.longer, ..step } } else { step })
    }
    fn save(&self) -> Result<Vec<u8>, EnvError> {
        self.inner.save()
    }
    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.inner.restore(state)
    }
}

fn agents(count: u64) -> Vec<Dqn> {
    let device = parse_device("cpu").unwrap();
    let streams = Streams::new(1);
    let config = DqnConfig { batch_size: 8, ..DqnConfig::default() };
    let agent = |i| Dqn::new(config.clone(), 4, 2, &device, &mut streams.get(Purpose::Weights, 0, i, 0)).unwrap();
    (0..count as usize).map(agent).collect()
}

fn trainer_config() -> TrainerConfig {
    TrainerConfig {
        generations: 3,
        generation_env_steps: 80,
        round_env_steps: 40,
        eval_episodes: 2,
        confirm_episodes: 2,
        ..TrainerConfig::default()
    }
}

#[test]
fn an_observation_that_changes_its_length_is_told() {
    let config = OffPolicyConfig { lanes: 4, memory_size: 1_000, ..OffPolicyConfig::default() };
    let lanes = |lanes| {
        let inner = make_vec::<f32, u32>("CartPole-v1", lanes)?;
        Ok(Box::new(Growing { inner, steps: 0, longer: Vec::new() }) as Box<dyn VecEnv<Obs = f32, Action = u32>>)
    };
    let task = OffPolicyTask::new(config, 40, lanes, || make::<f32, u32>("CartPole-v1")).unwrap();
    let text = message(&Trainer::new(task, agents(3), trainer_config()).unwrap().run().unwrap_err());
    assert!(text.contains("Growing returned 17 numbers of true successors instead of 16"), "{text}");
}

#[test]
fn an_agent_that_is_not_finite_is_retired_logged_and_replaced() {
    let mut agents = agents(4);
    let spec = agents[2].spec().clone();
    let broken = Weights::new(spec.layout(), vec![f32::NAN; spec.layout().len()]);
    let device = parse_device("cpu").unwrap();
    agents[2] = Dqn::with_weights(agents[2].config().clone(), spec, &broken, &device).unwrap();
    let config = OffPolicyConfig { lanes: 4, memory_size: 1_000, ..OffPolicyConfig::default() };
    let task = OffPolicyTask::new(
        config,
        40,
        |lanes| make_vec::<f32, u32>("CartPole-v1", lanes),
        || make::<f32, u32>("CartPole-v1"),
    )
    .unwrap();
    static RETIRED: AtomicU64 = AtomicU64::new(0);
    let mut trainer = Trainer::new(task, agents, trainer_config()).unwrap().on_event(|event| {
        match event {
            Event::NotFinite { individual, generation: 0 } => {
                assert_eq!(individual.id, 2);
                RETIRED.fetch_add(1, Ordering::SeqCst);
            }
            Event::Evolved { population, .. } => {
                assert!(population.iter().all(|child| child.agent.is_finite() && !child.parents.contains(&2)));
                assert_eq!(population.len(), 4);
            }
            _ => {}
        }
        Ok(Flow::Continue)
    });
    trainer.run().unwrap();
    assert_eq!(RETIRED.load(Ordering::SeqCst), 1);
}

#[test]
fn a_population_without_a_finite_member_says_so() {
    let mut config = short_run("CartPole-v1");
    config.dqn().lr = 1e30;
    config.dqn().max_grad_norm = None;
    config.evolution.mutation.rl_hp = 0.0;
    let error = Run::with(config).run().unwrap_err();
    assert!(matches!(error, agilerl::Error::Hpo(HpoError::NoneFinite { .. })), "{error}");
}

/// Breaks like a pipe whose reader has gone.
struct ClosedPipe(usize);

impl std::io::Write for ClosedPipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(1).ok_or(std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_goes_away_pauses_the_run_and_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let expected = Run::with(short_run("CartPole-v1")).run().unwrap().signature;
    let run = Run::with(short_run("CartPole-v1")).out(folder.path()).observe(Console::new(ClosedPipe(2)));
    let error = run.run().unwrap_err();
    assert!(matches!(error, agilerl::Error::Interrupted { saved: Some(_) }), "{error}");
    assert_eq!(Run::resume(folder.path()).unwrap().run().unwrap().signature, expected);
}

/// Small enough for some milliseconds, with everything that a run writes.
fn written_config() -> RunConfig {
    let mut config = short_run("probe/TwoSteps");
    config.population = 2;
    config.dqn().net.hidden = vec![16];
    config.off_policy.lanes = 2;
    let evolution = &mut config.evolution;
    (evolution.generations, evolution.generation_env_steps, evolution.round_env_steps) = (3, 16, 16);
    (evolution.eval_episodes, evolution.confirm_episodes, evolution.threads) = (1, 1, 1);
    config.checkpoints.seconds = 0.0;
    config
}

/// The files of a run, without the clock.
fn written(storage: &MemoryStorage) -> [Vec<u8>; 4] {
    let read = |name: &str| storage.copy().read(&Path::new("run").join(name)).unwrap();
    let log = without_clock(&String::from_utf8(read("events.jsonl")).unwrap()).into_bytes();
    [log, read("metrics.csv"), read("elite.json"), read("elite.safetensors")]
}

fn write(storage: &MemoryStorage, resume: bool) -> Result<String, agilerl::Error> {
    let run = Run::with(written_config()).out("run").storage(Arc::new(storage.clone()), resume);
    run.run().map(|outcome| outcome.signature)
}

/// A folder always holds one run, whole: until the old one is gone it can be resumed, and from then on the new one.
#[test]
fn whichever_write_of_an_overwriting_run_fails_the_folder_holds_one_of_the_two_runs() {
    let old = MemoryStorage::new();
    let mut old_config = written_config();
    old_config.evolution.seed += 1;
    let run = |config: RunConfig, storage: &MemoryStorage| {
        Run::with(config).out("run").storage(Arc::new(storage.clone()), false).overwrite(true)
    };
    run(old_config.clone(), &old).run().unwrap();
    let whole = old.copy();
    run(written_config(), &whole).run().unwrap();
    let ends = [written(&old), written(&whole)];
    assert!(ends[0] != ends[1], "two runs");
    let calls = whole.calls();
    let mut resumed = [0, 0];
    for (call, name) in calls.iter().enumerate() {
        let storage = old.copy().dying_at(call);
        if let Err(error) = run(written_config(), &storage).run() {
            told_to_fail(&error, name);
        }
        for power_cut in [true, false] {
            let left = storage.copy();
            if power_cut {
                left.cut_power();
            }
            let again = left.copy();
            run(written_config(), &again).run().unwrap_or_else(|error| panic!("call {call}: {}", message(&error)));
            assert!(written(&again) == ends[1], "call {call} ({name}), power cut: {power_cut}: overwritten again");
            let text = String::from_utf8(left.read("run/config.toml".as_ref()).unwrap()).unwrap();
            let config = RunConfig::from_toml(&text, "config.toml").unwrap();
            let which = usize::from(config == written_config());
            assert!(which == 1 || config == old_config, "call {call} ({name})");
            let go_on = Run::with(config).out("run").storage(Arc::new(left.clone()), true);
            go_on.run().unwrap_or_else(|error| panic!("call {call} ({name}), {power_cut}: {}", message(&error)));
            assert!(written(&left) == ends[which], "call {call} ({name}), power cut: {power_cut}");
            resumed[which] += 1;
        }
    }
    assert!(resumed[0] > 20 && resumed[1] > 20, "{resumed:?}");
}

/// Every call of a whole run, not only of its checkpoints: settings, log, table, elite.
#[test]
fn whichever_write_of_a_run_fails_it_is_resumed_to_the_same_files() {
    let whole = MemoryStorage::new();
    let signature = write(&whole, false).unwrap();
    let expected = written(&whole);
    let calls = whole.calls();
    let mut survived = 0;
    for (call, name) in calls.iter().enumerate() {
        let storage = MemoryStorage::new().dying_at(call);
        // A run that cannot tidy up is whole all the same.
        let promised = write(&storage, false).map_or_else(|error| told_to_fail(&error, name), |_| Some(3));
        for power_cut in [true, false] {
            let left = storage.copy();
            if power_cut {
                left.cut_power();
            }
            if let Some(promised) = promised {
                let (_, checkpoint) = Checkpoints::resume(Arc::new(left.copy()), "run".as_ref(), 2).unwrap();
                let found = checkpoint.map(|checkpoint| checkpoint.manifest.generation);
                assert!(found >= Some(promised), "call {call} ({name}): {found:?} instead of {promised}");
                survived += usize::from(power_cut);
            }
            let again = write(&left, true).unwrap_or_else(|error| panic!("call {call} ({name}): {}", message(&error)));
            assert_eq!(again, signature, "call {call} ({name})");
            assert!(written(&left) == expected, "call {call} ({name}), power cut: {power_cut}");
        }
    }
    assert!(survived > calls.len() / 2, "most cuts come after a checkpoint: {survived} of {}", calls.len());
}

/// The checkpoint that the error of a dying storage promises, by the generations done there.
#[track_caller]
fn told_to_fail(error: &agilerl::Error, call: &str) -> Option<u64> {
    let told = message(error);
    assert!(told.contains("told to fail") || told.contains("config.toml"), "{call}: {told}");
    match error {
        agilerl::Error::Stopped { generation, .. } => Some(*generation),
        _ => None,
    }
}
