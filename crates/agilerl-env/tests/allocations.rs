//! A step allocates nothing. In a binary of its own, because it counts what the whole process allocates.

use std::alloc::System;

use agilerl_env::{
    ActionElement, Actions, ChannelsFirstVec, Element, EpisodeStats, FrameStack, FrameStackVec, NormalizeObservations,
    NormalizeObservationsVec, NumpyRng, Observations, RewardTransform, RewardTransformVec, SyncVec, VecEnv, catalogue,
    make, make_vec, make_vec_threaded, one_hot,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

/// How long to step, and how much is let pass.
struct Bar {
    steps: usize,
    allocations: usize,
    episodes: u64,
}

/// Long enough for the longest episode with a limit.
const ONE_THREAD: Bar = Bar { steps: 3000, allocations: 0, episodes: 5 };

/// A thread that waits for the first time grows the channel's list of those who wait: once, not in each step.
const THREADED: Bar = Bar { steps: 500, allocations: 20, episodes: 0 };

/// Every environment of the catalogue, in one test: a second one beside it would be counted too.
#[test]
fn a_step_allocates_nothing() {
    for info in catalogue() {
        let (name, threaded) = (info.name, format!("{} on 3 threads", info.name));
        match (info.observations, info.actions) {
            (Observations::Pixels, _) => {
                check(make_vec_threaded::<u8, u32>(name, 5, 1).unwrap(), choices, ONE_THREAD, name);
                check(make_vec_threaded::<u8, u32>(name, 5, 3).unwrap(), choices, THREADED, &threaded);
            }
            (_, Actions::Choice) => {
                check(make_vec::<f32, u32>(name, 5).unwrap(), choices, ONE_THREAD, name);
                check(one_hot(make_vec::<f32, u32>(name, 5).unwrap()), choices, ONE_THREAD, name);
                check(make_vec_threaded::<f32, u32>(name, 5, 3).unwrap(), choices, THREADED, &threaded);
            }
            (_, Actions::Continuous) => {
                check(make_vec_threaded::<f32, f32>(name, 5, 1).unwrap(), throttles, ONE_THREAD, name);
                check(make_vec_threaded::<f32, f32>(name, 5, 3).unwrap(), throttles, THREADED, &threaded);
            }
        }
    }

    // Wrapped lanes, and wrappers in lanes.
    let pole = || make_vec::<f32, u32>("CartPole-v1", 5).unwrap();
    check(Box::new(FrameStackVec::new(pole(), 4)), choices, ONE_THREAD, "stacked lanes");
    check(Box::new(RewardTransformVec::scale(pole(), 0.1)), choices, ONE_THREAD, "lanes of scaled rewards");
    check(Box::new(NormalizeObservationsVec::new(pole())), choices, ONE_THREAD, "normalised lanes");
    let pixels = || make_vec_threaded::<u8, u32>("MinAtar/Breakout-v1", 5, 1).unwrap();
    let stacked = FrameStackVec::along_channels(ChannelsFirstVec::new(pixels()), 4);
    check(Box::new(stacked), choices, ONE_THREAD, "transposed and stacked lanes");
    let wrapped = |_| {
        let env = RewardTransform::clip(make::<f32, u32>("CartPole-v1").unwrap(), 0.0, 0.5);
        FrameStack::new(NormalizeObservations::new(env), 3)
    };
    check(Box::new(SyncVec::from_fn(5, wrapped)), choices, ONE_THREAD, "wrappers in lanes");
}

fn choices(choices: usize, rng: &mut NumpyRng) -> u32 {
    // Without the outer ones of three, which the masked probe forbids in one of its states each.
    if choices == 3 { 1 } else { rng.integers(0, choices as i64) as u32 }
}

fn throttles(_: usize, rng: &mut NumpyRng) -> f32 {
    rng.uniform(-1.5, 1.5) as f32
}

fn check<O: Element, A: ActionElement>(
    mut envs: Box<dyn VecEnv<Obs = O, Action = A>>,
    draw: fn(usize, &mut NumpyRng) -> A,
    bar: Bar,
    what: &str,
) {
    const ROWS: usize = 100;
    let mut rng = NumpyRng::new(0);
    let row = envs.num_envs() * envs.action_space().row_len();
    let choices = envs.action_space().choices().unwrap_or(0);
    let actions: Vec<A> = (0..ROWS * row).map(|_| draw(choices, &mut rng)).collect();
    let mut stats = EpisodeStats::new(envs.num_envs(), 50);
    envs.reset(Some(1));
    // The first steps warm up what a thread keeps for itself.
    for actions in actions.chunks_exact(row).take(20) {
        stats.record(&envs.step(actions).unwrap());
    }
    let before = allocations();
    for actions in actions.chunks_exact(row).cycle().take(bar.steps) {
        stats.record(&envs.step(actions).unwrap());
    }
    let count = allocations() - before;
    // Walkers along the cliff have no limit and may still be on their way; all others were reset meanwhile.
    let ended = stats.episodes() >= bar.episodes || what.starts_with("CliffWalking");
    assert!(ended, "{what}: {} episodes", stats.episodes());
    assert!(count <= bar.allocations, "{what}: {count} allocations in {} steps", bar.steps);
}
