//! The loop: what it counts, what it stores, what it hands over.

use agilerl_algo::{Agent, AlgoError, Dqn, DqnConfig, Mode, OffPolicyConfig, OffPolicyTask, Slot, evaluate};
use agilerl_buffer::Replay;
use agilerl_env::{Env, EnvError, Probe, ProbeEnv, Space, Step, SyncVec, TimeLimit};
use agilerl_hpo::{Evolve, Purpose, RoundContext, RoundStats, Streams, Task};
use agilerl_nets::{Weights, parse_device};

const LANES: usize = 16;

fn task(config: OffPolicyConfig, round: usize) -> OffPolicyTask {
    let probe = || ProbeEnv::new(Probe::Truncated);
    OffPolicyTask::new(
        OffPolicyConfig { lanes: LANES, memory_size: 1_000, ..config },
        round,
        move |lanes| Ok(Box::new(SyncVec::from_fn(lanes, |_| probe()))),
        move || Ok(Box::new(probe())),
    )
    .unwrap()
}

fn agent(learn_step: usize) -> Dqn {
    let config = DqnConfig { hidden: vec![16], batch_size: 16, learn_step, ..Default::default() };
    Dqn::new(config, 1, 2, &parse_device("cpu").unwrap(), &mut Streams::new(1).get(Purpose::Weights, 0, 0, 0)).unwrap()
}

/// One round of one individual, its rows handed over.
fn round(
    task: &OffPolicyTask,
    agent: &mut Dqn,
    slot: &mut Slot,
    shared: &mut Replay<f32, u32>,
    round: usize,
    env_steps: u64,
) -> RoundStats {
    let streams = Streams::new(1);
    let context = RoundContext { streams, generation: 0, round, individual: 0, env_steps, clock: 0 };
    let stats = task.train(agent, slot, shared, &context).unwrap();
    Task::<Dqn>::merge(task, shared, std::slice::from_mut(slot));
    stats
}

fn start(task: &OffPolicyTask) -> (Slot, Replay<f32, u32>) {
    (Task::<Dqn>::slot(task, 0, &Streams::new(1)).unwrap(), Task::<Dqn>::shared(task).unwrap())
}

/// 16 lanes, an update for every 24 transitions: 5 vector steps are 80 transitions, 3 updates and 8 transitions owed; 4 more
/// make 144, which is 6 updates in all, none lost at the end of the round.
#[test]
fn the_ratio_of_updates_to_steps_is_exact_across_rounds() {
    let task = task(OffPolicyConfig::default(), 80);
    let (mut slot, mut shared) = start(&task);
    let mut agent = agent(24);
    assert_eq!(round(&task, &mut agent, &mut slot, &mut shared, 0, 80).updates, 3);
    assert_eq!(round(&task, &mut agent, &mut slot, &mut shared, 1, 64).updates, 3);
}

#[test]
fn fewer_steps_than_lanes_for_an_update_make_several_updates() {
    let task = task(OffPolicyConfig::default(), 80);
    let (mut slot, mut shared) = start(&task);
    assert_eq!(round(&task, &mut agent(4), &mut slot, &mut shared, 0, 80).updates, 20);
}

#[test]
fn nothing_is_learnt_before_learning_starts() {
    let task = task(OffPolicyConfig { learning_starts: 100, ..Default::default() }, 160);
    let (mut slot, mut shared) = start(&task);
    // Of ten vector steps the seventh is the first with 100 rows in the memory: 112.
    assert_eq!(round(&task, &mut agent(16), &mut slot, &mut shared, 0, 160).updates, 4);
}

/// The probe counts 0, 1, 2 and is truncated on the way back to 0: every stored successor is the next number, none the
/// first observation of the next episode beside a wrong flag.
#[test]
fn stored_successors_are_the_true_ones_and_flags_stay_apart() {
    let task = task(OffPolicyConfig::default(), 96);
    let (mut slot, mut shared) = start(&task);
    let stats = round(&task, &mut agent(16), &mut slot, &mut shared, 0, 96);
    assert_eq!((stats.env_steps, shared.len()), (96, 96));
    assert_eq!((stats.episodes, stats.return_sum), (2 * LANES as u64, 96.0), "two episodes of three steps in a lane");
    for ordinal in 0..96 {
        let row = shared.row(ordinal).unwrap();
        assert_eq!(row.next_obs[0], (row.obs[0] + 1.0) % 3.0);
        assert_eq!((row.terminated, row.truncated), (false, row.obs[0] == 2.0));
    }
}

#[test]
fn a_round_is_whole_steps_of_all_lanes() {
    let task = task(OffPolicyConfig::default(), 40);
    let (mut slot, mut shared) = start(&task);
    let stats = round(&task, &mut agent(16), &mut slot, &mut shared, 0, 40);
    assert_eq!((stats.env_steps, shared.len()), (48, 48));
}

#[test]
fn what_would_be_lost_without_a_word_is_an_error() {
    let task = task(OffPolicyConfig::default(), 80);
    let (mut slot, shared) = start(&task);
    let streams = Streams::new(1);
    let context = RoundContext { streams, generation: 0, round: 0, individual: 0, env_steps: 96, clock: 0 };
    let error = task.train(&mut agent(16), &mut slot, &shared, &context).unwrap_err().to_string();
    assert!(error.contains("round_env_steps = 96") && error.contains("at most the 80"), "{error}");
    let context = RoundContext { env_steps: 80, ..context };
    let mut greedy = agent(16);
    greedy.set_hyperparameter("batch_size", 1_001.0);
    let error = task.train(&mut greedy, &mut slot, &shared, &context).unwrap_err().to_string();
    assert!(error.contains("batch_size = 1001") && error.contains("memory_size, 1000"), "{error}");
}

#[test]
fn an_environment_that_panics_in_an_evaluation_is_named_with_its_seed() {
    let make = || Ok::<_, EnvError>(ProbeEnv::new(Probe::Masked));
    // It prefers the action that is masked at first.
    let config = DqnConfig { hidden: vec![16], ..Default::default() };
    let spec = config.spec(1, 3);
    let mut weights = Weights::zeros(spec.layout());
    weights.get_mut("output.bias").unwrap().copy_from_slice(&[0.0, 0.0, 1.0]);
    let agent = Dqn::with_weights(config, spec, &weights, &parse_device("cpu").unwrap()).unwrap();
    let error = evaluate(&mut Blind(agent), make, &[5, 6, 7], 100).unwrap_err().to_string();
    assert!(error.contains("probe/Masked with seed 5 panicked") && error.contains("masked"), "{error}");
}

/// An agent that does not look at masks.
struct Blind(Dqn);

impl Agent for Blind {
    type Obs = f32;
    type Action = u32;

    fn act(&mut self, obs: &[f32], _: Option<&[bool]>, mode: Mode, rng: &mut impl rand::Rng, actions: &mut [u32]) {
        self.0.act(obs, None, mode, rng, actions);
    }
}

#[test]
fn settings_of_the_loop_are_refused_by_name() {
    let check = |config: OffPolicyConfig, expected: &str| {
        let message = config.validate(100).unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    };
    check(OffPolicyConfig { lanes: 0, ..Default::default() }, "lanes = 0");
    check(OffPolicyConfig { memory_size: 99, ..Default::default() }, "memory_size = 99");
    check(OffPolicyConfig { learning_starts: 200_000, ..Default::default() }, "learning_starts = 200000");
}

#[test]
fn an_evaluation_plays_one_whole_episode_for_each_seed() {
    let make = || Ok(TimeLimit::new(agilerl_env::CartPole::new(), 500));
    let config = DqnConfig { hidden: vec![16], ..Default::default() };
    let device = parse_device("cpu").unwrap();
    let mut agent = Dqn::new(config, 4, 2, &device, &mut Streams::new(1).get(Purpose::Weights, 0, 0, 0)).unwrap();
    let together = evaluate(&mut agent, make, &[3, 1, 4, 1, 5], 500).unwrap();
    assert_eq!(together.returns[1], together.returns[3], "one seed, one episode");
    assert_eq!(together.returns.iter().sum::<f64>(), together.env_steps as f64, "one point a step");
    for (seed, total) in [3, 1, 4, 1, 5].into_iter().zip(&together.returns) {
        assert_eq!(evaluate(&mut agent, make, &[seed], 500).unwrap().returns, [*total], "alone as among others");
    }
}

/// Never ends.
struct Endless(Space, Space);

impl Env for Endless {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        "Endless"
    }
    fn observation_space(&self) -> &Space {
        &self.0
    }
    fn action_space(&self) -> &Space {
        &self.1
    }
    fn reset(&mut self, _seed: Option<u64>, obs: &mut [f32]) {
        obs.fill(0.0);
    }
    fn step(&mut self, _action: &[u32], obs: &mut [f32]) -> Step {
        obs.fill(0.0);
        Step::default()
    }
}

#[test]
fn an_episode_without_an_end_is_an_error_and_no_hang() {
    let make = || Ok::<_, EnvError>(Endless(Space::bounded(&[0.0], &[1.0]), Space::discrete(2)));
    let error = evaluate(&mut agent(16), make, &[7], 1_000).unwrap_err();
    assert!(matches!(error, AlgoError::Endless { seed: 7, steps: 1_000, .. }), "{error}");
    assert!(error.to_string().contains("give it a time limit"), "{error}");
}
