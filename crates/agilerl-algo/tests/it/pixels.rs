//! Agents that see pixels: what holds for rows of numbers holds for them.

use crate::unused_rng;
use agilerl_algo::{Agent, Dqn, DqnConfig, Elite, LearnedSum, Learner, Mode, NetConfig, OffPolicy};
use agilerl_buffer::{Batch, Memory, Replay, RowLayout, Transitions};
use agilerl_env::Space;
use agilerl_hpo::{Purpose, StreamRng, Streams};
use agilerl_nets::{ConvSpec, EncoderSpec, Weights, built_in_devices, parse_device};
use rand::RngExt;

const SHAPE: [usize; 3] = [2, 6, 6];
const ROW: usize = 2 * 6 * 6;

fn rng(name: usize) -> StreamRng {
    Streams::new(1).get(Purpose::Mutation, 0, name, 0)
}

fn space(high: f32) -> Space {
    Space::Box { shape: SHAPE.to_vec(), low: vec![0.0; ROW], high: vec![high; ROW] }
}

fn config() -> DqnConfig {
    let convs = vec![ConvSpec::new(8, 3, 1)];
    let net = NetConfig { convs, hidden: vec![16], ..NetConfig::default() };
    DqnConfig { net, batch_size: 16, tau: 0.05, ..DqnConfig::default() }
}

fn agent(device: &str) -> Dqn {
    Dqn::for_space(config(), &space(255.0), 3, &parse_device(device).unwrap(), &mut rng(0)).unwrap()
}

/// Random images; the reward of an action is how bright one pixel is. If all are terminal, a regression to be learnt;
/// otherwise a third bootstraps.
fn memory(bootstraps: bool) -> Replay<u8, u32> {
    let mut rng = rng(99);
    let mut memory = Replay::new(256, RowLayout::new(ROW, 1)).unwrap();
    for i in 0..256 {
        let image: [u8; ROW] = std::array::from_fn(|_| 255 * rng.random_range(0..2u32) as u8);
        let action = rng.random_range(0..3u32);
        memory.extend(&Transitions {
            obs: &image,
            actions: &[action],
            rewards: &[f64::from(image[7 + 11 * action as usize]) / 255.0],
            next_obs: &image,
            terminated: &[!bootstraps || i % 3 > 0],
            truncated: &[false],
            next_masks: None,
        });
    }
    memory
}

/// Mean loss over some updates.
fn learn(agent: &mut Dqn, memory: &Replay<u8, u32>, updates: usize, rng: &mut StreamRng) -> f64 {
    let mut batch = Batch::new(agent.batch_size(), memory.layout());
    let mut sum = LearnedSum::new(&["loss", "value", "grad_norm"]);
    for _ in 0..updates {
        memory.sample_into(rng, &mut batch);
        sum.add(agent.learn(&batch, &mut unused_rng()));
    }
    let (updates, [loss, ..]) = crate::read(sum);
    loss / updates as f64
}

/// The largest difference of two weights, by the root mean square of all.
fn difference(a: &Weights, b: &Weights) -> f32 {
    let size = (a.values().iter().map(|w| w * w).sum::<f32>() / a.values().len() as f32).sqrt();
    a.values().iter().zip(b.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / size
}

/// On every device that is built in: 100 updates with flex, fewer with what is slower.
#[test]
fn the_host_learns_from_pixels_what_other_devices_learn() {
    let memory = memory(true);
    let learnt = |device: &str, updates: usize| {
        let mut agent = agent(device);
        learn(&mut agent, &memory, updates, &mut rng(2));
        crate::mutate_architecture(&mut agent, 0.0, &mut rng(3)).expect("within the limits");
        learn(&mut agent, &memory, updates, &mut rng(4));
        agent
    };
    for device in built_in_devices().into_iter().filter(|device| *device != "cpu") {
        let (updates, tolerance) = if device == "flex" { (50, 1e-5) } else { (10, 1e-4) };
        let (host, burn) = (learnt("cpu", updates), learnt(device, updates));
        assert_eq!(host.spec(), burn.spec());
        for (host, burn) in [(host.weights(), burn.weights()), (host.target_weights(), burn.target_weights())] {
            let difference = difference(&host, &burn);
            assert!(difference < tolerance, "{device}: weights differ by {difference}");
        }
    }
}

/// Their convolutions are groups of channels of one: each must see its own alone. Batches of different lengths, and one that is
/// not due.
#[test]
fn agents_of_a_stack_learn_from_pixels_what_they_learn_alone() {
    let memory = memory(true);
    for device in built_in_devices().into_iter().filter(|device| *device != "cpu") {
        let agents = || -> Vec<Dqn> {
            let config = |i: usize| DqnConfig { batch_size: 8 + 4 * i, lr: 1e-3 * (1.0 + i as f64), ..config() };
            let new = |i| Dqn::for_space(config(i), &space(255.0), 3, &parse_device(device).unwrap(), &mut rng(i));
            (0..3).map(|i| new(i).unwrap()).collect()
        };
        let (mut stacked, mut alone) = (agents(), agents());
        let mut rngs: Vec<_> = (10..13).map(rng).collect();
        let mut batches: Vec<_> = alone.iter().map(|agent| Batch::new(agent.batch_size(), memory.layout())).collect();
        let mut stack = <Dqn as OffPolicy<u8, u32>>::stack(&stacked.iter_mut().collect::<Vec<_>>()).unwrap();
        for update in 0..if device == "flex" { 60 } else { 12 } {
            let due = |agent: usize| update % 4 != agent;
            for (i, agent) in alone.iter_mut().enumerate().filter(|(i, _)| due(*i)) {
                memory.sample_into(&mut rngs[i], &mut batches[i]);
                agent.learn(&batches[i], &mut unused_rng());
            }
            let batches: Vec<_> = batches.iter().enumerate().map(|(i, batch)| due(i).then_some(batch)).collect();
            let mut unused: Vec<_> = stacked.iter().map(|_| unused_rng()).collect();
            let (mut agents, mut rngs): (Vec<_>, Vec<_>) = stacked.iter_mut().zip(&mut unused).unzip();
            stack.learn(&mut agents, &batches, &mut rngs);
        }
        stack.unstack(&mut stacked.iter_mut().collect::<Vec<_>>());
        for (i, (stacked, alone)) in stacked.iter().zip(&alone).enumerate() {
            let difference = difference(&stacked.weights(), &alone.weights());
            assert!(difference < 1e-5, "{device}, agent {i}: weights differ by {difference}");
        }
    }
}

#[test]
fn an_agent_that_sees_pixels_learns_on_after_every_kind_of_mutation() {
    let memory = memory(false);
    let mut parent = agent("cpu");
    learn(&mut parent, &memory, 30, &mut rng(1));
    let mut seen = std::collections::BTreeSet::new();
    for name in 0..60 {
        let mut mutant = parent.clone();
        let change = match name % 6 {
            0 => crate::mutate_parameters(&mut mutant, 0.1, &mut rng(name)),
            1 => crate::mutate_activation(&mut mutant, &mut rng(name)),
            2 | 3 => crate::mutate_architecture(&mut mutant, 1.0, &mut rng(name)),
            _ => crate::mutate_architecture(&mut mutant, 0.0, &mut rng(name)),
        };
        let Some(change) = change.filter(|change| seen.insert(change.what.clone())) else { continue };
        let before = mutant.weights();
        let early = learn(&mut mutant, &memory, 10, &mut rng(name));
        learn(&mut mutant, &memory, 1_500, &mut rng(name));
        let late = learn(&mut mutant, &memory, 10, &mut rng(name));
        assert!(late < 0.5 * early, "{}: the loss went from {early} to {late}", change.what);
        let after = mutant.weights();
        for ((entry, old), (_, new)) in before.iter().zip(after.iter()) {
            assert_ne!(old, new, "{}: {} is frozen", change.what, entry.name);
        }
    }
    assert!(seen.len() >= 6, "only {seen:?}");
}

#[test]
fn a_saved_mutant_that_sees_pixels_acts_as_it_did() {
    let (mut agent, memory) = (agent("cpu"), memory(true));
    let rows: Vec<u8> = (0..10 * ROW).map(|i| (i * 37 % 256) as u8).collect();
    for name in 0..6 {
        crate::mutate_architecture(&mut agent, 0.5, &mut rng(name));
        learn(&mut agent, &memory, 5, &mut rng(name));
        let elite = Elite::new(&agent, "probe");
        let again = Elite::from_bytes(elite.record_json().as_bytes(), &elite.weights).unwrap();
        assert_eq!(again.policy().unwrap().outputs(&rows), agent.values(&rows));
        assert_eq!(&again.settings::<DqnConfig>("DQN").unwrap(), agent.config(), "the settings follow the network");
    }
}

#[test]
fn pixels_are_divided_by_the_upper_bound_of_their_space() {
    let image: Vec<u8> = (0..ROW).map(|i| (i % 2) as u8).collect();
    let bright: Vec<u8> = image.iter().map(|x| 255 * x).collect();
    let device = parse_device("cpu").unwrap();
    let agent = |high| Dqn::for_space(config(), &space(high), 3, &device, &mut rng(0)).unwrap();
    assert_eq!(agent(1.0).values(&image), agent(255.0).values(&bright));
}

/// Where the bounds differ nothing is divided: one channel would be made another size than the other.
#[test]
fn pixels_of_different_bounds_are_taken_as_they_are() {
    let scale = |high: Vec<f32>| {
        let space = Space::Box { shape: SHAPE.to_vec(), low: vec![0.0; ROW], high };
        config().net.spec(&space, 0, 3).unwrap().encoder.expect("a convolutional network").scale
    };
    assert_eq!(scale(vec![4.0; ROW]), 0.25);
    assert_eq!(scale([vec![4.0; ROW / 2], vec![8.0; ROW / 2]].concat()), 1.0);
    assert_eq!(scale(vec![f32::INFINITY; ROW]), 1.0);
    assert_eq!(scale(vec![0.0; ROW]), 1.0);
}

#[test]
fn convolutions_over_what_is_no_image_are_refused() {
    let device = parse_device("cpu").unwrap();
    let refused = |error: Option<agilerl_algo::AlgoError>, expected: &str| {
        let message = error.expect("an error").to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    };
    let flat = Space::bounded(&[0.0; 4], &[1.0; 4]);
    refused(Dqn::for_space(config(), &flat, 3, &device, &mut rng(0)).err(), "no images of three axes but [4]");
    refused(Dqn::new(config(), 4, 3, &device, &mut rng(0)).err(), "rows of numbers have no shape");
    let huge = DqnConfig { net: NetConfig { convs: vec![ConvSpec::new(8, 7, 1)], ..config().net }, ..config() };
    refused(
        Dqn::for_space(huge, &space(1.0), 3, &device, &mut rng(0)).err(),
        "the kernel is larger than the map of 6 x 6 with padding 0",
    );
}

#[test]
fn channels_last_are_read_where_they_lie() {
    let config = DqnConfig { net: NetConfig { channels_last: true, ..config().net }, ..config() };
    // Six rows of five pixels with three channels.
    let space = Space::Box { shape: vec![6, 5, 3], low: vec![0.0; 90], high: vec![1.0; 90] };
    let encoder = config.net.spec(&space, 0, 2).unwrap().encoder.expect("a convolutional network");
    let EncoderSpec { input, channels_last, .. } = encoder;
    assert_eq!((input, channels_last), ([3, 6, 5], true));
}

#[test]
fn a_perceptron_reads_pixels_too() {
    let config = DqnConfig { net: NetConfig { convs: Vec::new(), ..config().net }, ..config() };
    let device = parse_device("cpu").unwrap();
    let mut agent = Dqn::for_space(config, &space(1.0), 3, &device, &mut rng(0)).unwrap();
    let mut actions = [9; 2];
    agent.act(&[1_u8; 2 * ROW], None, Mode::Greedy, &mut rng(1), &mut actions);
    assert!(actions.iter().all(|action| *action < 3));
    assert!(learn(&mut agent, &memory(true), 5, &mut rng(2)).is_finite());
}
