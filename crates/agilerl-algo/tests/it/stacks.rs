//! Agents that train as one program learn what each would learn alone.

use crate::unused_rng;
use agilerl_algo::{
    ActRequest, Dqn, DqnConfig, Learner, Mode, NetConfig, OffPolicy, OffPolicyConfig, OffPolicyTask, Stack,
};
use agilerl_buffer::{Batch, Memory, Replay, RowLayout, Transitions};
use agilerl_env::{Probe, ProbeEnv, SyncVec};
use agilerl_hpo::{Evolve, Purpose, RoundContext, RoundStats, Streams, Task, Trainee};
use agilerl_nets::{HostNet, Weights, built_in_devices, parse_device};

const LANES: usize = 4;
const STEPS: u64 = 1_024;

fn task() -> OffPolicyTask<Dqn, f32, u32> {
    let probe = || ProbeEnv::new(Probe::TwoSteps);
    OffPolicyTask::new(
        OffPolicyConfig { lanes: LANES, memory_size: 4_000, ..Default::default() },
        STEPS as usize,
        move |lanes| Ok(Box::new(SyncVec::from_fn(lanes, |_| probe()))),
        move || Ok(Box::new(probe())),
    )
    .unwrap()
}

/// Agents that differ in every hyperparameter, two of them in their architecture too.
fn agents(device: &str) -> Vec<Dqn> {
    let agent = |i: usize| {
        let config = DqnConfig {
            net: NetConfig { hidden: if i < 3 { vec![16] } else { vec![24, 16] }, ..Default::default() },
            lr: 1e-3 * (1.0 + i as f64),
            batch_size: 8 + 5 * i,
            learn_step: 3 + i,
            gamma: 0.9 + 0.01 * i as f64,
            tau: 0.01 * (1.0 + i as f64),
            ..Default::default()
        };
        let mut rng = Streams::new(1).get(Purpose::Weights, 0, i, 0);
        Dqn::new(config, 1, 2, &parse_device(device).unwrap(), &mut rng).unwrap()
    };
    (0..5).map(agent).collect()
}

/// One round of everybody, together or one by one.
fn round(agents: &mut [Dqn], env_steps: u64, together: bool) -> Vec<RoundStats> {
    let (task, streams) = (task(), Streams::new(1));
    let shared = task.shared().unwrap();
    let mut slots: Vec<_> = (0..agents.len()).map(|i| task.slot(i, &streams).unwrap()).collect();
    let trainee = |(individual, (agent, slot))| {
        let context = RoundContext { streams, generation: 0, round: 0, individual, env_steps, clock: 0 };
        Trainee { agent, slot, context }
    };
    let trainees: Vec<_> = agents.iter_mut().zip(&mut slots).enumerate().map(trainee).collect();
    let results = if together {
        task.train_all(trainees, &shared)
    } else {
        trainees.into_iter().map(|trainee| trainee.train(&task, &shared)).collect()
    };
    results.into_iter().collect::<Result<_, _>>().unwrap()
}

fn difference(a: &Weights, b: &Weights) -> f32 {
    let size = (a.values().iter().map(|w| w * w).sum::<f32>() / a.values().len() as f32).sqrt();
    a.values().iter().zip(b.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / size
}

/// 1,024 transitions are between 142 and 334 updates, 400 between 53 and 130. The batches of a stack have different lengths and are not all due at
/// the same time.
#[test]
fn agents_of_a_stack_learn_what_they_learn_alone() {
    for device in built_in_devices().into_iter().filter(|device| *device != "cpu") {
        check_stack(device, if device == "wgpu" { 400 } else { 1_024 });
    }
}

#[track_caller]
fn check_stack(device: &str, env_steps: u64) {
    let (mut stacked, mut alone) = (agents(device), agents(device));
    let before: Vec<_> = alone.iter().map(Dqn::weights).collect();
    let (stacked_stats, alone_stats) = (round(&mut stacked, env_steps, true), round(&mut alone, env_steps, false));
    for (i, (a, b)) in stacked.iter().zip(&alone).enumerate() {
        assert!(alone_stats[i].updates > 50, "{:?}", alone_stats[i]);
        assert!(difference(&before[i], &b.weights()) > 0.02, "agent {i} hardly moved");
        for (a, b) in [(a.weights(), b.weights()), (a.target_weights(), b.target_weights())] {
            let difference = difference(&a, &b);
            assert!(difference < 1e-5, "{device}, agent {i}: weights differ by {difference}");
        }
        let (a, b) = (&stacked_stats[i], &alone_stats[i]);
        assert_eq!((a.env_steps, a.updates, a.episodes), (b.env_steps, b.updates, b.episodes));
        let (one, other) = (a.metrics.get("loss").unwrap(), b.metrics.get("loss").unwrap());
        assert!((one - other).abs() < 1e-4 * (1.0 + other), "{a:?} {b:?}");
    }
}

/// On the CPU threads are the parallelism, and nothing is gained by waiting for others.
#[test]
fn agents_on_the_cpu_train_alone() {
    let stacks = |device: &str, i: usize, j: usize| stack_with(&agents(device)[i], &agents(device)[j]);
    assert!((0..5).all(|i| (0..5).all(|j| !stacks("cpu", i, j))));
    assert!(stacks("flex", 0, 2) && !stacks("flex", 2, 3) && stacks("flex", 3, 4));
}

fn stack_with(one: &Dqn, other: &Dqn) -> bool {
    one.stacks_with(other)
}

/// The same architecture, device and kind of update; rates, discounts and sizes may differ.
#[test]
fn agents_of_different_losses_are_not_stacked() {
    use agilerl_algo::Loss;
    let agent = |change: fn(&mut DqnConfig)| {
        let net = NetConfig { hidden: vec![16], ..Default::default() };
        let mut config = DqnConfig { net, ..Default::default() };
        change(&mut config);
        let mut rng = Streams::new(1).get(Purpose::Weights, 0, 0, 0);
        Dqn::new(config, 1, 2, &parse_device("flex").unwrap(), &mut rng).unwrap()
    };
    let same = agent(|_| {});
    for change in [
        (|c| c.loss = Loss::Huber) as fn(&mut DqnConfig),
        |c| c.double = false,
        |c| c.max_grad_norm = None,
        |c| c.max_grad_norm = Some(1.0),
        |c| c.normalize_observations = true,
        |c| c.net.hidden = vec![17],
        |c| c.net.dueling = true,
        |c| c.net.activation = agilerl_nets::Activation::Elu,
    ] {
        assert!(!stack_with(&agent(change), &same));
    }
    assert!(stack_with(&agent(|c| (c.lr, c.gamma, c.tau, c.batch_size, c.learn_step) = (0.1, 0.5, 0.5, 7, 7)), &same));
}

/// Three agents with a past and a target of their own.
fn veterans(device: &str) -> Vec<Dqn> {
    let mut agents = agents(device);
    round(&mut agents, 256, false);
    let veterans = agents.into_iter().take(3).enumerate().map(|(i, agent)| {
        let target = agent.spec().init(&mut Streams::new(2).get(Purpose::Weights, 0, i, 0));
        agent.with_target(&target)
    });
    veterans.collect()
}

fn learn(stack: &mut dyn Stack<Dqn, f32, u32>, agents: &mut [Dqn], batches: &[Option<&Batch<f32, u32>>]) {
    let mut rngs: Vec<_> = agents.iter().map(|_| unused_rng()).collect();
    let (mut agents, mut rngs): (Vec<_>, Vec<_>) = agents.iter_mut().zip(&mut rngs).unzip();
    stack.learn(&mut agents, batches, &mut rngs);
}

fn batch(len: usize) -> Batch<f32, u32> {
    let layout = RowLayout::new(1, 1);
    let mut memory = Replay::new(8, layout).unwrap();
    for k in 0..8_u32 {
        memory.extend(&Transitions {
            obs: &[k as f32 / 8.0],
            actions: &[k % 2],
            rewards: &[f64::from(k)],
            next_obs: &[0.5],
            terminated: &[k % 3 == 0],
            truncated: &[false],
            next_masks: None,
        });
    }
    let mut batch = Batch::new(len, &layout);
    memory.sample_into(&mut Streams::new(3).get(Purpose::Replay, 0, 0, 0), &mut batch);
    batch
}

/// Networks, target networks, moments and counts: of everybody the own.
#[test]
fn a_stack_that_is_undone_gives_everybody_back_what_was_theirs() {
    let mut agents = veterans("flex");
    let before: Vec<_> = agents.iter().map(Dqn::fingerprint).collect();
    assert_ne!(agents[1].weights(), agents[1].target_weights());
    let stack = <Dqn as OffPolicy<f32, u32>>::stack(&agents.iter_mut().collect::<Vec<_>>()).unwrap();
    let said = stack.unstack(&mut agents.iter_mut().collect::<Vec<_>>());
    assert_eq!(agents.iter().map(Dqn::fingerprint).collect::<Vec<_>>(), before);
    assert!(said.into_iter().all(|said| crate::read(said) == (0, [0.0; 3])));
}

/// The copy that acts on the host was up to date before, and is not what the stack has learnt.
#[test]
fn agents_act_by_what_their_stack_has_learnt() {
    let mut agents = veterans("flex");
    let before: Vec<_> = agents.iter_mut().map(|agent| agent.values(&[0.3]).to_vec()).collect();
    let mut stack = <Dqn as OffPolicy<f32, u32>>::stack(&agents.iter_mut().collect::<Vec<_>>()).unwrap();
    let batch = batch(6);
    learn(&mut *stack, &mut agents, &[Some(&batch); 3]);
    stack.unstack(&mut agents.iter_mut().collect::<Vec<_>>());
    for (agent, before) in agents.iter_mut().zip(before) {
        let expected = HostNet::new(agent.spec(), &agent.weights()).forward(&[0.3]).to_vec();
        assert_eq!(agent.values(&[0.3]), expected);
        assert_ne!(expected, before);
    }
}

/// Whoever is not due stays as it is, the target network too; and its sums.
#[test]
fn an_agent_of_a_stack_without_a_batch_stays_as_it_is() {
    let mut agents = veterans("flex");
    let before: Vec<_> = agents.iter().map(|agent| (agent.weights(), agent.target_weights())).collect();
    let mut stack = <Dqn as OffPolicy<f32, u32>>::stack(&agents.iter_mut().collect::<Vec<_>>()).unwrap();
    let batches = [batch(6), batch(4)];
    learn(&mut *stack, &mut agents, &[Some(&batches[0]), None, Some(&batches[1])]);
    learn(&mut *stack, &mut agents, &[Some(&batches[0]), None, None]);
    let said = stack.unstack(&mut agents.iter_mut().collect::<Vec<_>>());
    let updates: Vec<_> = said.into_iter().map(crate::read).collect();
    assert_eq!(updates.iter().map(|(updates, _)| *updates).collect::<Vec<_>>(), [2, 0, 1]);
    assert!(updates[0].1[0] > updates[2].1[0] && updates[1].1 == [0.0; 3], "{updates:?}");
    for (i, (online, target)) in before.into_iter().enumerate() {
        assert_eq!(
            (agents[i].weights() == online, agents[i].target_weights() == target),
            (i == 1, i == 1),
            "agent {i}"
        );
    }
}

/// Values (0, 1), (1, 0) and (0, 1); forty rows each. The second may not take action 0 in its last row. The third explores: of 40
/// random choices neither action is missing but with a probability of 2^-39.
#[test]
fn every_agent_of_a_stack_acts_by_its_own_values_mask_and_mode() {
    let config = DqnConfig { net: NetConfig { hidden: vec![16], ..Default::default() }, ..Default::default() };
    let device = parse_device("flex").unwrap();
    let agent = |q: &[f32; 2]| {
        let spec = config.net.head(1, 2);
        let mut weights = Weights::zeros(spec.layout());
        weights.get_mut("output.bias").unwrap().copy_from_slice(q);
        Dqn::with_weights(config.clone(), spec, &weights, &device).unwrap()
    };
    let mut agents: Vec<Dqn> = [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]].iter().map(agent).collect();
    let mut stack = <Dqn as OffPolicy<f32, u32>>::stack(&agents.iter_mut().collect::<Vec<_>>()).unwrap();
    let mut actions = [[9; 40]; 3];
    let mut rngs = [0, 1, 2].map(|i| Streams::new(1).get(Purpose::Exploration, 0, i, 0));
    let mut mask = [true; 80];
    mask[78] = false;
    let asked = [(None, Mode::Greedy), (Some(&mask[..]), Mode::Greedy), (None, Mode::Explore { clock: 0 })];
    let acting = actions.iter_mut().zip(&mut rngs).zip(asked);
    let mut acting: Vec<_> = acting
        .map(|((actions, rng), (masks, mode))| ActRequest { obs: &[0.5; 40], masks, mode, rng, actions })
        .collect();
    stack.act(&mut agents.iter_mut().collect::<Vec<_>>(), &mut acting);
    assert_eq!(actions[0], [1; 40]);
    assert!(actions[1][..39] == [0; 39] && actions[1][39] == 1, "{:?}", actions[1]);
    assert!(actions[2].contains(&0) && actions[2].contains(&1), "{:?}", actions[2]);
}
