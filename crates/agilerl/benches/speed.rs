//! What a run is made of, timed piece by piece. `cargo xtask bench` runs this and prints one table.

use std::hint::black_box;
use std::time::Duration;

use agilerl::prelude::*;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The page's number of environments, and its batch.
const LANES: usize = 16;
const BATCH: usize = 128;

/// Steps of all lanes under random actions, resets included; throughput in environment steps.
fn environments(criterion: &mut Criterion) {
    let mut group = group(criterion, "env", LANES as u64);
    for name in ["CartPole-v1", "FrozenLake-v1", "LunarLander-v3"] {
        let mut envs = make_vec(name, LANES).unwrap();
        let choices = envs.action_space().choices().unwrap() as u32;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut actions = [0; LANES];
        envs.reset(Some(1));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                actions.iter_mut().for_each(|action| *action = rng.random_range(0..choices));
                black_box(envs.step(&actions).unwrap().rewards[0])
            });
        });
    }
}

/// Greedy actions for all lanes; throughput in actions.
fn acting(criterion: &mut Criterion) {
    let mut group = group(criterion, "act", LANES as u64);
    for hidden in [[32, 32], [64, 64], [256, 256]] {
        let mut agent = agent(hidden, "cpu");
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let obs: Vec<f32> = (0..LANES * 8).map(|_| rng.random()).collect();
        let mut actions = [0; LANES];
        group.bench_function(label(hidden), |bencher| {
            bencher.iter(|| agent.act(black_box(&obs), None, Mode::Greedy, &mut rng, &mut actions));
        });
    }
}

/// A batch out of a full memory; throughput in transitions.
fn sampling(criterion: &mut Criterion) {
    let memory = memory(100_000);
    let mut batch = Batch::new(BATCH, memory.layout());
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    group(criterion, "sample", BATCH as u64)
        .bench_function("128 of 100,000", |bencher| bencher.iter(|| memory.sample_into(&mut rng, &mut batch)));
}

/// Updates; throughput in updates. A network of random rows learns nothing, but costs the same.
fn learning(criterion: &mut Criterion) {
    let memory = memory(10_000);
    let mut batch = Batch::new(BATCH, memory.layout());
    memory.sample_into(&mut ChaCha8Rng::seed_from_u64(4), &mut batch);
    let mut group = group(criterion, "learn", 1);
    for device in ["cpu", "flex"] {
        for hidden in [[32, 32], [64, 64], [256, 256]] {
            let mut agent = agent(hidden, device);
            group.bench_function(format!("{} x 128 {device}", label(hidden)), |bencher| {
                bencher.iter(|| agent.learn(black_box(&batch)));
            });
        }
    }
}

/// Updates of a population on a burn device, one agent after another and as one program; throughput in updates.
fn stacks(criterion: &mut Criterion) {
    let memory = memory(10_000);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for population in [1, 6, 16] {
        let mut agents: Vec<Dqn> = (0..population).map(|_| agent([32, 32], "flex")).collect();
        let mut batches = vec![Batch::new(BATCH, memory.layout()); population];
        batches.iter_mut().for_each(|batch| memory.sample_into(&mut rng, batch));
        let mut group = group(criterion, "population", population as u64);
        group.bench_function(format!("{population} of 32x32 x 128 flex, one by one"), |bencher| {
            bencher.iter(|| agents.iter_mut().zip(&batches).for_each(|(agent, batch)| drop(agent.learn(batch))));
        });
        let mut stack = Dqn::stack(&mut agents.iter_mut().collect::<Vec<_>>());
        let (agents, batches): (Vec<_>, Vec<_>) = (agents.iter().collect(), batches.iter().map(Some).collect());
        group.bench_function(format!("{population} of 32x32 x 128 flex, as one"), |bencher| {
            bencher.iter(|| stack.learn(black_box(&agents), black_box(&batches)));
        });
    }
}

/// A generation of the page's population on LunarLander without evaluation to speak of; throughput in environment
/// steps.
fn generations(criterion: &mut Criterion) {
    let (population, steps) = (6, 4_000);
    let mut group = group(criterion, "generation", population * steps);
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    for threads in [1, 2] {
        let mut config = RunConfig { population: population as usize, ..RunConfig::default() };
        config.evolution = TrainerConfig {
            generations: u64::MAX,
            generation_env_steps: steps,
            eval_episodes: 1,
            threads,
            mutation: Mutation::none(),
            ..TrainerConfig::default()
        };
        let mut trainer = Run::with(config).build().unwrap();
        let name = if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
        group.bench_function(name, |bencher| bencher.iter(|| trainer.generation().unwrap()));
    }
}

fn group<'a>(criterion: &'a mut Criterion, name: &str, elements: u64) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(elements));
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2)).sample_size(30);
    group
}

fn label(hidden: [usize; 2]) -> String {
    format!("{}x{}", hidden[0], hidden[1])
}

fn agent(hidden: [usize; 2], device: &str) -> Dqn {
    let config = DqnConfig { hidden: hidden.into(), batch_size: BATCH, ..DqnConfig::default() };
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

criterion_group!(speed, environments, acting, sampling, learning, stacks, generations);
criterion_main!(speed);
