//! The first observation after `reset(seed)`, for 200 seeds, against `tests/golden-seeds/first-observations.txt`, which
//! `tests/record/first_observations.py` recorded from Gymnasium 1.4.0.

use std::path::Path;

use agilerl_env::{ActionElement, BoxEnv, make};

use crate::golden::say;

#[test]
fn two_hundred_seeds_begin_as_in_gymnasium() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden-seeds/first-observations.txt");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let seeds = lines.next().and_then(|line| line.strip_prefix("seeds ")).expect("the seeds come first");
    let seeds: Vec<u64> = seeds.split(' ').map(|seed| seed.parse().expect("a seed")).collect();
    assert_eq!(seeds.len(), 200);
    let mut environments = 0;
    for line in lines {
        let (name, digits) = line.split_once(' ').expect("a name and observations");
        let number = |at: usize| u32::from_str_radix(&digits[at..at + 8], 16).expect("hexadecimal digits");
        let recorded: Vec<u32> = (0..digits.len()).step_by(8).map(number).collect();
        match make::<f32, u32>(name) {
            Ok(env) => check(env, &seeds, &recorded),
            Err(_) => check(make::<f32, f32>(name).unwrap_or_else(|e| panic!("{e}")), &seeds, &recorded),
        }
        environments += 1;
    }
    say(&format!("seeds: {environments} environments, {} seeds each", seeds.len()));
    assert!(environments >= 12);
}

#[track_caller]
fn check<A: ActionElement>(mut env: BoxEnv<A>, seeds: &[u64], recorded: &[u32]) {
    let mut obs = vec![f32::NAN; env.observation_space().row_len()];
    assert_eq!(recorded.len(), seeds.len() * obs.len(), "{}", env.name());
    for (&seed, recorded) in seeds.iter().zip(recorded.chunks_exact(obs.len())) {
        env.reset(Some(seed), &mut obs);
        let recorded: Vec<f32> = recorded.iter().map(|&bits| f32::from_bits(bits)).collect();
        assert_eq!(obs, recorded, "{}, seed {seed}", env.name());
    }
}
