//! A memory that goes round and round takes the bytes that were announced, and nothing else grows. In a binary of its own,
//! because it counts what the whole process allocates.
//!
//! By default 100,000 transitions for two seconds; for minutes and a million:
//!
//! ```text
//! AGILERL_SOAK_SECONDS=300 cargo test --release -p agilerl-algo --test soak -- --nocapture
//! ```

use std::alloc::System;
use std::time::{Duration, Instant};

use agilerl_algo::{Dqn, DqnConfig, NetConfig, OffPolicyConfig, OffPolicyTask};
use agilerl_env::{make, make_vec};
use agilerl_hpo::{RoundContext, Streams, Task};
use agilerl_nets::parse_device;
use rand::SeedableRng;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that are allocated now.
fn live() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.cast_signed() - stats.bytes_deallocated.cast_signed() + stats.bytes_reallocated
}

const ROUND: u64 = 10_000;

#[test]
fn a_memory_that_goes_round_grows_by_nothing() {
    let seconds: Option<u64> =
        std::env::var("AGILERL_SOAK_SECONDS").ok().map(|seconds| seconds.parse().expect("whole seconds"));
    let memory_size = if seconds.is_some() { 1_000_000 } else { 100_000 };
    let lasts = Duration::from_secs(seconds.unwrap_or(2));

    let config = OffPolicyConfig { memory_size, ..OffPolicyConfig::default() };
    let lanes = |lanes| make_vec("CartPole-v1", lanes);
    let task = OffPolicyTask::<Dqn, f32, u32>::new(config, ROUND as usize, lanes, || make("CartPole-v1")).unwrap();
    // Few updates: it is the memory that goes round here.
    let config = DqnConfig {
        net: NetConfig { hidden: vec![16], ..Default::default() },
        batch_size: 32,
        learn_step: 1_000,
        ..DqnConfig::default()
    };
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut agent = Dqn::new(config, 4, 2, &parse_device("cpu").unwrap(), &mut rng).unwrap();
    let streams = Streams::new(1);

    let before = live();
    let mut shared = task.shared().unwrap();
    // Two observations of 4 numbers of 4 bytes, a choice and a reward of 4, two flags.
    assert_eq!(shared.bytes(), memory_size * (32 + 4 + 4 + 2));
    let allocated = live() - before;
    let excess = allocated - shared.bytes().cast_signed();
    assert!((0..4_096).contains(&excess), "{allocated} bytes allocated, {} announced", shared.bytes());

    let mut slots = [0, 1].map(|index| task.slot(index, &streams).unwrap());
    let (start, mut round, mut added) = (Instant::now(), 0, 0);
    let mut steady = None;
    // At least three times round, however slow the machine.
    while start.elapsed() < lasts || added < 3 * memory_size as u64 {
        for (individual, slot) in slots.iter_mut().enumerate() {
            let context = RoundContext { streams, generation: 0, round, individual, env_steps: ROUND, clock: added };
            added += task.train(&mut agent, slot, &shared, &context).unwrap().env_steps;
        }
        task.merge(&mut shared, &mut slots.iter_mut().collect::<Vec<_>>());
        round += 1;
        // The first rounds give every buffer its size.
        if round >= 3 {
            let live = live();
            let steady = *steady.get_or_insert(live);
            // The test harness has a thread of its own, which keeps a little.
            let grown = live - steady;
            assert!(grown < 4_096, "{grown} bytes more than at first after {added} transitions");
        }
    }
    assert_eq!((shared.len(), shared.bytes()), (memory_size, memory_size * 42));
    eprintln!(
        "{added} transitions, {:.1} times round a memory of {memory_size}, {} bytes announced, {allocated} allocated",
        added as f64 / memory_size as f64,
        shared.bytes()
    );
}
