//! The loop: what it counts, what it stores, what it hands over.

use agilerl_algo::{Dqn, DqnConfig, NetConfig, OffPolicyConfig, OffPolicyTask, Slot};
use agilerl_buffer::Replay;
use agilerl_env::{Probe, ProbeEnv, SyncVec};
use agilerl_hpo::{Evolve, Purpose, RoundContext, RoundStats, Streams, Task};
use agilerl_nets::parse_device;

const LANES: usize = 16;

fn task(config: OffPolicyConfig, round: usize) -> OffPolicyTask<Dqn, f32, u32> {
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
    let config = DqnConfig {
        net: NetConfig { hidden: vec![16], ..Default::default() },
        batch_size: 16,
        learn_step,
        ..Default::default()
    };
    Dqn::new(config, 1, 2, &parse_device("cpu").unwrap(), &mut Streams::new(1).get(Purpose::Weights, 0, 0, 0)).unwrap()
}

/// One round of one individual, its rows handed over.
fn round(
    task: &OffPolicyTask<Dqn, f32, u32>,
    agent: &mut Dqn,
    slot: &mut Slot<f32, u32>,
    shared: &mut Replay<f32, u32>,
    round: usize,
    env_steps: u64,
) -> RoundStats {
    let streams = Streams::new(1);
    let context = RoundContext { streams, generation: 0, round, individual: 0, env_steps, clock: 0 };
    let stats = task.train(agent, slot, shared, &context).unwrap();
    task.merge(shared, &mut [slot]);
    stats
}

fn start(task: &OffPolicyTask<Dqn, f32, u32>) -> (Slot<f32, u32>, Replay<f32, u32>) {
    (task.slot(0, &Streams::new(1)).unwrap(), task.shared().unwrap())
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
fn settings_of_the_loop_are_refused_by_name() {
    let check = |config: OffPolicyConfig, expected: &str| {
        let message = config.validate(100).unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    };
    check(OffPolicyConfig { lanes: 0, ..Default::default() }, "lanes = 0");
    check(OffPolicyConfig { memory_size: 99, ..Default::default() }, "memory_size = 99");
    check(OffPolicyConfig { learning_starts: 200_000, ..Default::default() }, "learning_starts = 200000");
    check(OffPolicyConfig { eval_step_limit: 0, ..Default::default() }, "eval_step_limit = 0");
}
