//! A step allocates nothing. In a binary of its own, because it counts what the whole process allocates.

use std::alloc::System;

use agilerl_env::{EpisodeStats, VecEnv, catalogue, make_vec, make_vec_threaded, one_hot};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

/// The whole of it in one test: a second one beside it would be counted too.
#[test]
fn a_step_allocates_nothing() {
    let check = |mut envs: Box<dyn VecEnv<Obs = f32, Action = u32>>, at_most: usize, what: &str| {
        let mut stats = EpisodeStats::new(envs.num_envs(), 50);
        let actions = vec![1; envs.num_envs()];
        envs.reset(Some(1));
        // The first steps warm up what a thread keeps for itself.
        for _ in 0..20 {
            stats.record(&envs.step(&actions).unwrap());
        }
        let before = allocations();
        for _ in 0..2000 {
            stats.record(&envs.step(&actions).unwrap());
        }
        let count = allocations() - before;
        assert!(stats.episodes() > 10, "{what}: with the resets of {} episodes", stats.episodes());
        assert!(count <= at_most, "{what}: {count} allocations in 2000 steps");
    };
    for info in catalogue().filter(|info| make_vec(info.name, 1).is_ok()) {
        check(make_vec(info.name, 5).unwrap(), 0, info.name);
        check(one_hot(make_vec(info.name, 5).unwrap()), 0, info.name);
        // A thread that waits for the first time grows the channel's list of those who wait: once, not in each step.
        check(make_vec_threaded(info.name, 5, 3).unwrap(), 20, &format!("{} on 3 threads", info.name));
    }
}
