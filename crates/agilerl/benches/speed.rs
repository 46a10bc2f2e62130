//! What a run is made of, timed piece by piece. `cargo xtask bench` runs this and prints one table.
//!
//! Prints a line for each piece, its fields separated by tabs: the name, the number of elements of one iteration
//! (environment steps, updates, actions), and the seconds of one iteration: the median of the samples and the two ends of
//! its 95 % interval. An argument selects the pieces whose names contain it.

#![allow(clippy::print_stdout, reason = "it is a program, and its output is its purpose")]

mod pieces;

use std::time::{Duration, Instant};

use agilerl::prelude::*;

use pieces::pieces;

/// The number of samples of each piece.
const SAMPLES: usize = 30;
/// The length of the warm-up, and of all samples together.
const WARM_UP: Duration = Duration::from_millis(500);
const TIME: Duration = Duration::from_secs(2);

fn main() {
    let filters: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let is_selected = |name: &str| filters.iter().all(|filter| name.contains(filter));
    for piece in pieces() {
        let name = format!("{}/{}", piece.group, piece.name);
        if is_selected(&name) {
            report(&name, piece.elements, (piece.build)());
        }
    }
    for threads in [1, 2] {
        let name =
            if threads == 1 { "generation/1 thread".to_owned() } else { format!("generation/{threads} threads") };
        if is_selected(&name) {
            let (elements, iteration) = generation(threads);
            report(&name, elements, iteration);
        }
    }
}

/// A generation of the page's population on LunarLander with one evaluation episode; its elements are environment
/// steps.
fn generation(threads: usize) -> (u64, impl FnMut()) {
    let (population, steps) = (6, 4_000);
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
    (population * steps, move || _ = trainer.generation().unwrap())
}

fn report(name: &str, elements: u64, iteration: impl FnMut()) {
    let samples = samples(iteration);
    let median = (samples[SAMPLES / 2 - 1] + samples[SAMPLES / 2]) / 2.0;
    // Of 30 samples, 9 or fewer lie below the true median with probability 0.021, and as many above it.
    let (low, high) = (samples[9], samples[20]);
    println!("{name}\t{elements}\t{median:e}\t{low:e}\t{high:e}");
}

/// Seconds of one iteration, sorted.
fn samples(mut iteration: impl FnMut()) -> [f64; SAMPLES] {
    let mut seconds_of = |times: u64| {
        let start = Instant::now();
        (0..times).for_each(|_| iteration());
        start.elapsed().as_secs_f64()
    };
    let (mut times, mut seconds) = (0, 0.0);
    while seconds < WARM_UP.as_secs_f64() {
        // Doubles, so that the clock is read rarely.
        let more = times.max(1);
        seconds += seconds_of(more);
        times += more;
    }
    let of_one = seconds / times as f64;
    let times = ((TIME.as_secs_f64() / SAMPLES as f64 / of_one) as u64).max(1);
    let mut samples: [f64; SAMPLES] = std::array::from_fn(|_| seconds_of(times) / times as f64);
    samples.sort_by(f64::total_cmp);
    samples
}
