//! An update on the processor allocates nothing. In a binary of its own, because it counts what the whole process
//! allocates.

use std::alloc::System;

use agilerl_algo::dqn::Loss;
use agilerl_algo::{Dqn, DqnConfig, OffPolicy};
use agilerl_buffer::{Batch, Memory, Replay, RowLayout, Transitions};
use agilerl_nets::{Activation, parse_device};
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
    let mut memory = Replay::new(64, RowLayout::new(3, 1).with_mask(2)).unwrap();
    for i in 0..64 {
        let obs = [i as f32, 1.0, -0.5 * i as f32].map(|x| x / 64.0);
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
    for activation in Activation::ALL {
        for (double, layer_norm, loss) in [(true, false, Loss::Mse), (false, true, Loss::Huber)] {
            let config = DqnConfig { activation, double, layer_norm, loss, ..Default::default() };
            let mut agent = Dqn::new(config, 3, 2, &parse_device("cpu").unwrap(), &mut rng).unwrap();
            let mut batch = Batch::new(100, memory.layout());
            for size in [100, 30, 100] {
                batch.resize(size);
                memory.sample_into(&mut rng, &mut batch);
                agent.learn(&batch);
                agent.values(&[0.0; 3]);
                let mut count = || {
                    let before = allocations();
                    for _ in 0..20 {
                        memory.sample_into(&mut rng, &mut batch);
                        agent.learn(&batch);
                        // Acting needs the new weights.
                        agent.values(&[0.0; 3]);
                    }
                    allocations() - before
                };
                // The test harness has a thread of its own, which may allocate now and then; an update that does, does
                // so every time.
                let count = (0..5).map(|_| count()).min().expect("five counts");
                assert_eq!(count, 0, "{activation}: allocations in 20 updates of {size} rows");
            }
        }
    }
}
