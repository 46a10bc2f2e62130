//! Agents that train as one program learn what each would learn alone.

use agilerl_algo::{Acting, Dqn, DqnConfig, LearnedSum, Mode, OffPolicy, OffPolicyConfig, OffPolicyTask};
use agilerl_buffer::{Batch, Memory, Replay, RowLayout, Transitions};
use agilerl_env::{Probe, ProbeEnv, SyncVec};
use agilerl_hpo::{Evolve, Purpose, RoundContext, RoundStats, Streams, Task, Trainee};
use agilerl_nets::{HostNet, Weights, built_in_devices, parse_device};

const LANES: usize = 4;
const STEPS: u64 = 1_024;

fn task() -> OffPolicyTask {
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
            hidden: if i < 3 { vec![16] } else { vec![24, 16] },
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
    let shared = Task::<Dqn>::shared(&task).unwrap();
    let mut slots: Vec<_> = (0..agents.len()).map(|i| Task::<Dqn>::slot(&task, i, &streams).unwrap()).collect();
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
        assert!((a.loss_sum - b.loss_sum).abs() < 1e-4 * (1.0 + b.loss_sum), "{a:?} {b:?}");
    }
}

/// An agent on the processor has no key: there threads are the parallelism, and nothing is gained by waiting for others.
#[test]
fn agents_on_the_processor_train_alone() {
    let keys = |device: &str| agents(device).iter().map(OffPolicy::stack_key).collect::<Vec<_>>();
    assert!(keys("cpu").iter().all(Option::is_none));
    let keys = keys("flex");
    assert!(keys[0].is_some() && keys[0] == keys[2] && keys[2] != keys[3] && keys[3] == keys[4]);
}

/// The same architecture, device and kind of update; rates, discounts and sizes may differ.
#[test]
fn agents_of_different_losses_are_not_stacked() {
    use agilerl_algo::dqn::Loss;
    let key = |change: fn(&mut DqnConfig)| {
        let mut config = DqnConfig { hidden: vec![16], ..Default::default() };
        change(&mut config);
        let mut rng = Streams::new(1).get(Purpose::Weights, 0, 0, 0);
        Dqn::new(config, 1, 2, &parse_device("flex").unwrap(), &mut rng).unwrap().stack_key().unwrap()
    };
    let same = key(|_| {});
    for change in [
        (|c| c.loss = Loss::Huber) as fn(&mut DqnConfig),
        |c| c.double = false,
        |c| c.max_grad_norm = None,
        |c| c.max_grad_norm = Some(1.0),
        |c| c.hidden = vec![17],
        |c| c.dueling = true,
        |c| c.activation = agilerl_nets::Activation::Elu,
    ] {
        assert_ne!(key(change), same);
    }
    assert_eq!(key(|c| (c.lr, c.gamma, c.tau, c.batch_size, c.learn_step) = (0.1, 0.5, 0.5, 7, 7)), same);
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
    let stack = Dqn::stack(&mut agents.iter_mut().collect::<Vec<_>>());
    let said = stack.unstack(&mut agents.iter_mut().collect::<Vec<_>>());
    assert_eq!(agents.iter().map(Dqn::fingerprint).collect::<Vec<_>>(), before);
    assert!(said.into_iter().all(|said| said.read() == (0, [0.0; 3])));
}

/// The copy that acts on the host was up to date before, and is not what the stack has learnt.
#[test]
fn agents_act_by_what_their_stack_has_learnt() {
    let mut agents = veterans("flex");
    let before: Vec<_> = agents.iter_mut().map(|agent| agent.values(&[0.3]).to_vec()).collect();
    let mut stack = Dqn::stack(&mut agents.iter_mut().collect::<Vec<_>>());
    let batch = batch(6);
    stack.learn(&agents.iter().collect::<Vec<_>>(), &[Some(&batch); 3]);
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
    let mut stack = Dqn::stack(&mut agents.iter_mut().collect::<Vec<_>>());
    let batches = [batch(6), batch(4)];
    stack.learn(&agents.iter().collect::<Vec<_>>(), &[Some(&batches[0]), None, Some(&batches[1])]);
    stack.learn(&agents.iter().collect::<Vec<_>>(), &[Some(&batches[0]), None, None]);
    let said = stack.unstack(&mut agents.iter_mut().collect::<Vec<_>>());
    let updates: Vec<_> = said.into_iter().map(LearnedSum::read).collect();
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
    let config = DqnConfig { hidden: vec![16], ..Default::default() };
    let device = parse_device("flex").unwrap();
    let agent = |q: &[f32; 2]| {
        let spec = config.spec(1, 2);
        let mut weights = Weights::zeros(spec.layout());
        weights.get_mut("output.bias").unwrap().copy_from_slice(q);
        Dqn::with_weights(config.clone(), spec, &weights, &device).unwrap()
    };
    let mut agents: Vec<Dqn> = [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]].iter().map(agent).collect();
    let mut stack = Dqn::stack(&mut agents.iter_mut().collect::<Vec<_>>());
    let mut actions = [[9; 40]; 3];
    let mut rngs = [0, 1, 2].map(|i| Streams::new(1).get(Purpose::Exploration, 0, i, 0));
    let mut mask = [true; 80];
    mask[78] = false;
    let asked = [(None, Mode::Greedy), (Some(&mask[..]), Mode::Greedy), (None, Mode::Explore { clock: 0 })];
    let acting = actions.iter_mut().zip(&mut rngs).zip(asked);
    let mut acting: Vec<_> =
        acting.map(|((actions, rng), (masks, mode))| Acting { obs: &[0.5; 40], masks, mode, rng, actions }).collect();
    stack.act(&mut agents.iter_mut().collect::<Vec<_>>(), &mut acting);
    assert_eq!(actions[0], [1; 40]);
    assert!(actions[1][..39] == [0; 39] && actions[1][39] == 1, "{:?}", actions[1]);
    assert!(actions[2].contains(&0) && actions[2].contains(&1), "{:?}", actions[2]);
}
