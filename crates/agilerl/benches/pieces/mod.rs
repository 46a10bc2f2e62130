//! The pieces that a run is made of, one list for the benchmark that times them and the one that counts instructions.

use std::hint::black_box;

use agilerl::algo::{OffPolicyTask, Stack};
use agilerl::buffer::Transitions;
use agilerl::hpo::RoundContext;
use agilerl::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The page's number of environments, and its batch.
const LANES: usize = 16;
const BATCH: usize = 128;
/// Transitions of the round that is measured whole.
const ROUND: u64 = 1_024;

/// A piece of a run that is repeated many times.
#[allow(dead_code, reason = "one benchmark reads what the other has no use for")]
pub(crate) struct Piece {
    /// What it belongs to: `learn`.
    pub(crate) group: &'static str,
    /// Its name there: `32x32 x 128 cpu`.
    pub(crate) name: String,
    /// What one iteration does, as a number: environment steps, updates, actions.
    #[allow(dead_code, reason = "the benchmark that counts instructions counts them for an iteration")]
    pub(crate) elements: u64,
    /// How often to do it to count instructions, few times, because valgrind takes a fused multiply-add for a call of a
    /// function; 0 where they are not counted.
    pub(crate) iterations: u64,
    /// Builds what it needs, and returns one iteration.
    pub(crate) build: fn() -> Box<dyn FnMut()>,
}

/// All of them, in the order of the table.
pub(crate) fn pieces() -> Vec<Piece> {
    let piece = |group, name: &str, elements, iterations, build| {
        let name = name.to_owned();
        Piece { group, name, elements, iterations, build }
    };
    let lanes = LANES as u64;
    vec![
        piece("env", "CartPole-v1", lanes, 200, || environment("CartPole-v1")),
        piece("env", "FrozenLake-v1", lanes, 200, || environment("FrozenLake-v1")),
        piece("env", "LunarLander-v3", lanes, 100, || environment("LunarLander-v3")),
        piece("act", "32x32", lanes, 20, || acting([32, 32])),
        piece("act", "64x64", lanes, 10, || acting([64, 64])),
        piece("act", "256x256", lanes, 2, || acting([256, 256])),
        piece("sample", "128 of 100,000", BATCH as u64, 20, sampling),
        piece("learn", "32x32 x 128 cpu", 1, 4, || learning([32, 32], Activation::Relu, "cpu")),
        piece("learn", "64x64 x 128 cpu", 1, 2, || learning([64, 64], Activation::Relu, "cpu")),
        piece("learn", "256x256 x 128 cpu", 1, 1, || learning([256, 256], Activation::Relu, "cpu")),
        piece("learn", "32x32 x 128 flex", 1, 0, || learning([32, 32], Activation::Relu, "flex")),
        piece("learn", "64x64 x 128 flex", 1, 0, || learning([64, 64], Activation::Relu, "flex")),
        piece("learn", "256x256 x 128 flex", 1, 0, || learning([256, 256], Activation::Relu, "flex")),
        piece("activation", "tanh 64x64 cpu", 1, 1, || learning([64, 64], Activation::Tanh, "cpu")),
        piece("activation", "elu 64x64 cpu", 1, 1, || learning([64, 64], Activation::Elu, "cpu")),
        piece("activation", "gelu 64x64 cpu", 1, 1, || learning([64, 64], Activation::Gelu, "cpu")),
        piece("activation", "sigmoid 64x64 cpu", 1, 1, || learning([64, 64], Activation::Sigmoid, "cpu")),
        piece("activation", "softplus 64x64 cpu", 1, 1, || learning([64, 64], Activation::Softplus, "cpu")),
        piece("population", "1 x 32x32 x 128 flex, one by one", 1, 0, || population::<1>(one_by_one)),
        piece("population", "1 x 32x32 x 128 flex, as one", 1, 0, || population::<1>(as_one)),
        piece("population", "6 x 32x32 x 128 flex, one by one", 6, 0, || population::<6>(one_by_one)),
        piece("population", "6 x 32x32 x 128 flex, as one", 6, 0, || population::<6>(as_one)),
        piece("population", "16 x 32x32 x 128 flex, one by one", 16, 0, || population::<16>(one_by_one)),
        piece("population", "16 x 32x32 x 128 flex, as one", 16, 0, || population::<16>(as_one)),
        piece("round", "1,024 steps", ROUND, 1, round),
    ]
}

/// A step of all lanes under random actions, resets included.
fn environment(name: &str) -> Box<dyn FnMut()> {
    let mut envs = make_vec::<f32, u32>(name, LANES).unwrap();
    let choices = envs.action_space().choices().unwrap() as u32;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut actions = [0; LANES];
    envs.reset(Some(1));
    Box::new(move || {
        actions.iter_mut().for_each(|action| *action = rng.random_range(0..choices));
        black_box(envs.step(&actions).unwrap().rewards[0]);
    })
}

/// Greedy actions for all lanes.
fn acting(hidden: [usize; 2]) -> Box<dyn FnMut()> {
    let mut agent = agent(hidden, Activation::Relu, "cpu");
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let obs: Vec<f32> = (0..LANES * 8).map(|_| rng.random()).collect();
    let mut actions = [0; LANES];
    Box::new(move || agent.act(black_box(&obs), None, Mode::Greedy, &mut rng, &mut actions))
}

/// A batch out of a full memory.
fn sampling() -> Box<dyn FnMut()> {
    let memory = memory(100_000);
    let mut batch = Batch::new(BATCH, memory.layout());
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    Box::new(move || memory.sample_into(&mut rng, &mut batch))
}

/// An update. A network of random rows learns nothing, but costs the same.
fn learning(hidden: [usize; 2], activation: Activation, device: &str) -> Box<dyn FnMut()> {
    let memory = memory(10_000);
    let mut batch = Batch::new(BATCH, memory.layout());
    memory.sample_into(&mut ChaCha8Rng::seed_from_u64(4), &mut batch);
    let mut agent = agent(hidden, activation, device);
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    Box::new(move || _ = black_box(agent.learn(black_box(&batch), &mut rng)))
}

/// Makes an iteration out of agents and their batches.
type Learn = fn(Vec<Dqn>, Vec<Batch<f32, u32>>) -> Box<dyn FnMut()>;

/// An update of every agent of a population on a burn device, each with a batch of its own.
fn population<const N: usize>(learn: Learn) -> Box<dyn FnMut()> {
    let memory = memory(10_000);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let agents = (0..N).map(|_| agent([32, 32], Activation::Relu, "flex")).collect();
    let mut batches = vec![Batch::new(BATCH, memory.layout()); N];
    batches.iter_mut().for_each(|batch| memory.sample_into(&mut rng, batch));
    learn(agents, batches)
}

/// One agent after another.
fn one_by_one(mut agents: Vec<Dqn>, batches: Vec<Batch<f32, u32>>) -> Box<dyn FnMut()> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    Box::new(move || {
        for (agent, batch) in agents.iter_mut().zip(&batches) {
            let _ = black_box(agent.learn(batch, &mut rng));
        }
    })
}

/// All of them as one program.
fn as_one(mut agents: Vec<Dqn>, batches: Vec<Batch<f32, u32>>) -> Box<dyn FnMut()> {
    let mut rngs = vec![ChaCha8Rng::seed_from_u64(7); agents.len()];
    let mut stack: Box<dyn Stack<Dqn, f32, u32>> =
        OffPolicy::stack(&agents.iter_mut().collect::<Vec<_>>()).expect("a burn device");
    Box::new(move || {
        let mut agents: Vec<&mut Dqn> = agents.iter_mut().collect();
        let batches: Vec<_> = batches.iter().map(Some).collect();
        stack.learn(&mut agents, &batches, &mut rngs.iter_mut().collect::<Vec<_>>());
    })
}

/// A round of one individual at the page's settings, and handing over its rows.
fn round() -> Box<dyn FnMut()> {
    let config = OffPolicyConfig { lanes: LANES, memory_size: 10_000, ..OffPolicyConfig::default() };
    let lander = "LunarLander-v3";
    let lanes = |lanes| make_vec::<f32, u32>(lander, lanes);
    let task = OffPolicyTask::<Dqn, f32, u32>::new(config, ROUND as usize, lanes, || make(lander)).unwrap();
    let mut agent = agent([32, 32], Activation::Relu, "cpu");
    let streams = Streams::new(7);
    let (mut shared, mut slot) = (task.shared().unwrap(), task.slot(0, &streams).unwrap());
    let mut context = RoundContext { streams, generation: 0, round: 0, individual: 0, env_steps: ROUND, clock: 0 };
    Box::new(move || {
        black_box(task.train(&mut agent, &mut slot, &shared, &context).unwrap());
        task.merge(&mut shared, &mut [&mut slot]);
        (context.round, context.clock) = (context.round + 1, context.clock + ROUND);
    })
}

fn agent(hidden: [usize; 2], activation: Activation, device: &str) -> Dqn {
    let mut config = DqnConfig { batch_size: BATCH, ..DqnConfig::default() };
    (config.net.hidden, config.net.activation) = (hidden.into(), activation);
    Dqn::new(config, 8, 4, &parse_device(device).unwrap(), &mut ChaCha8Rng::seed_from_u64(5)).unwrap()
}

fn memory(rows: usize) -> Replay<f32, u32> {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut memory = Replay::new(rows, RowLayout::new(8, 1)).unwrap();
    for _ in 0..rows {
        let numbers: [f32; 16] = std::array::from_fn(|_| rng.random());
        memory.extend(&Transitions {
            obs: &numbers[..8],
            actions: &[rng.random_range(0..4u32)],
            rewards: &[rng.random::<f64>()],
            next_obs: &numbers[8..],
            terminated: &[rng.random_bool(0.01)],
            truncated: &[false],
            next_masks: None,
        });
    }
    memory
}
