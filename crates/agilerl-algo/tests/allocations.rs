//! An update on the processor allocates nothing. In a binary of its own, because it counts what the whole process
//! allocates.

use std::alloc::System;

use agilerl_algo::Loss;
use agilerl_algo::{Dqn, DqnConfig, NetConfig, OffPolicy};
use agilerl_buffer::{Batch, Memory, Replay, RowLayout, Stored, Transitions};
use agilerl_env::Space;
use agilerl_hpo::Evolve;
use agilerl_nets::{Activation, ConvSpec, InputNumber, parse_device};
use rand::SeedableRng;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

/// The whole of it in one test: a second one beside it would be counted too.
#[test]
fn an_update_on_the_processor_allocates_nothing() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let device = parse_device("cpu").unwrap();
    for activation in Activation::ALL {
        for (double, layer_norm, loss) in [(true, false, Loss::Mse), (false, true, Loss::Huber)] {
            let config = DqnConfig {
                net: NetConfig { activation, layer_norm, ..Default::default() },
                double,
                loss,
                ..Default::default()
            };
            let agent = Dqn::new(config.clone(), 3, 2, &device, &mut rng).unwrap();
            check_allocates_nothing(agent, |i| [i as f32, 1.0, -0.5 * i as f32].map(|x| x / 64.0));
            let convs = vec![ConvSpec::new(8, 2, 1), ConvSpec { padding: 1, gated: true, ..ConvSpec::new(8, 3, 1) }];
            let images = Space::Box { shape: vec![2, 3, 3], low: vec![0.0; 18], high: vec![255.0; 18] };
            let agent = Dqn::for_space(
                DqnConfig { net: NetConfig { convs, ..config.net }, ..config },
                &images,
                2,
                &device,
                &mut rng,
            )
            .unwrap();
            check_allocates_nothing(agent, |i| {
                std::array::from_fn::<u8, 18, _>(|pixel| (i as usize * 7 + pixel) as u8)
            });
        }
    }
}

#[track_caller]
fn check_allocates_nothing<O: InputNumber + Stored, const LEN: usize>(mut agent: Dqn, obs: impl Fn(u32) -> [O; LEN]) {
    let mut memory = Replay::new(64, RowLayout::new(LEN, 1).with_mask(2)).unwrap();
    for i in 0..64 {
        let obs = obs(i);
        memory.extend(&Transitions {
            obs: &obs,
            actions: &[i % 2],
            rewards: &[f64::from(i % 3)],
            next_obs: &obs,
            terminated: &[i % 5 == 0],
            truncated: &[false],
            next_masks: Some(&[true, i % 2 == 0]),
        });
    }
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut batch = Batch::new(100, memory.layout());
    for size in [100, 30, 100] {
        batch.resize(size);
        memory.sample_into(&mut rng, &mut batch);
        agent.learn(&batch, &mut rng);
        agent.values(&[O::default(); LEN]);
        let mut count = || {
            let before = allocations();
            for _ in 0..20 {
                memory.sample_into(&mut rng, &mut batch);
                agent.learn(&batch, &mut rng);
                // Acting needs the new weights.
                agent.values(&[O::default(); LEN]);
            }
            allocations() - before
        };
        // The test harness has a thread of its own, which may allocate now and then; an update that does, does so every
        // time.
        let count = (0..5).map(|_| count()).min().expect("five counts");
        assert_eq!(count, 0, "{}: allocations in 20 updates of {size} rows", agent.architecture());
    }
}
