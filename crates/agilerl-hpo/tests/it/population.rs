//! Populations that the other modules train.

use agilerl_hpo::{Trainer, TrainerConfig, toy::Guess};

use crate::readings::Readings;

/// Six guesses that start apart, and a number to find.
pub(crate) fn guesses() -> Vec<Guess> {
    (0..6).map(|place| Guess { value: f64::from(place), ..Guess::new() }).collect()
}

/// Small enough for microseconds, with rounds that do not divide the generation.
pub(crate) fn short(seed: u64) -> TrainerConfig {
    TrainerConfig {
        seed,
        generations: 5,
        generation_env_steps: 25,
        round_env_steps: 10,
        eval_episodes: 3,
        confirm_episodes: 7,
        threads: 1,
        ..TrainerConfig::default()
    }
}

pub(crate) type Toy = Trainer<Readings>;

pub(crate) fn trainer(config: TrainerConfig) -> Toy {
    Trainer::new(Readings { number: 3.3 }, guesses(), config).expect("a sound configuration")
}
