//! What a run is made of, timed piece by piece. `cargo xtask bench` runs this and prints one table.

mod pieces;

use std::time::Duration;

use agilerl::prelude::*;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};

use pieces::pieces;

fn all_pieces(criterion: &mut Criterion) {
    for piece in pieces() {
        // Built when it is its turn: a filter leaves out those that it does not name.
        let mut iteration = None;
        group(criterion, piece.group, piece.elements)
            .bench_function(piece.name, |bencher| bencher.iter(iteration.get_or_insert_with(piece.build)));
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
            generations: 1 << 50,
            generation_env_steps: steps,
            eval_episodes: 1,
            threads,
            mutation: Mutation::none(),
            ..TrainerConfig::default()
        };
        let mut trainer = Run::with(config).start().unwrap().into_trainer();
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

criterion_group!(speed, all_pieces, generations);
criterion_main!(speed);
