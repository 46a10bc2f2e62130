//! What holds for every run.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use agilerl_hpo::{
    Event, Flow, Individual, Mutation, SelectionConfig, Tournament, Trainer, TrainerConfig, TruncationSelection,
    toy::Guess,
};
use proptest::prelude::*;

use crate::readings::Readings;

fn configs() -> impl Strategy<Value = (Vec<Guess>, TrainerConfig)> {
    let selection = (1..8_usize, 1..5_usize, any::<bool>(), 1..4_usize, 0.01..0.5);
    let weights = (0.0..1.0, 0.0..1.0, 0.01..1.0);
    let run = (any::<u64>(), 1..5_u64, 1..30_u64, 1..30_u64, 1..4_usize, any::<bool>(), any::<bool>());
    (selection, weights, run, any::<bool>()).prop_map(|(selection, (none, parameters, rl_hp), run, truncation)| {
        let (population, size, elitism, window, share) = selection;
        let (seed, generations, generation, round, eval_episodes, initial_diversity, target) = run;
        let agents = (0..population).map(|place| Guess { value: place as f64, ..Guess::new() }).collect();
        let config = TrainerConfig {
            seed,
            generations,
            generation_env_steps: generation,
            round_env_steps: round.min(generation),
            eval_episodes,
            target: target.then_some(-0.1),
            confirm_episodes: 4,
            threads: 1,
            initial_diversity,
            selection: if truncation {
                TruncationSelection { share, window }.into()
            } else {
                Tournament { size: size.min(population), elitism, window }.into()
            },
            mutation: Mutation { no_mutation: none, parameters, rl_hp, ..Mutation::default() },
        };
        (agents, config)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn generations_are_sound((agents, config) in configs()) {
        let size = agents.len();
        let kept = match &config.selection {
            SelectionConfig::Tournament(tournament) => usize::from(tournament.elitism),
            SelectionConfig::Truncation(truncation) => {
                size - ((truncation.share * size as f64) as usize).max(1).min(size / 2)
            }
            other => panic!("{other:?}"),
        };
        let mut evaluated: Vec<Individual<Guess>> = Vec::new();
        let mut elite = 0;
        let mut ever: BTreeSet<u64> = (0..size as u64).collect();
        let mut trainer = Trainer::new(Readings { number: 2.2 }, agents, config).expect("sound").on_event(
            move |event| {
                match event {
                    Event::Evaluated(report) => {
                        evaluated = report.population.to_vec();
                        elite = report.elite;
                        assert_eq!(evaluated.len(), size);
                    }
                    Event::Evolved { population, .. } => {
                        assert_eq!(population.len(), size);
                        let old: BTreeSet<u64> = evaluated.iter().map(|individual| individual.id).collect();
                        assert_eq!(population.iter().filter(|individual| individual.is_evaluated()).count(), kept);
                        assert!(kept == 0 || population.contains(&evaluated[elite]), "the elite goes on");
                        for individual in *population {
                            if individual.is_evaluated() {
                                assert!(evaluated.contains(individual));
                                continue;
                            }
                            assert!(individual.parents.iter().all(|parent| old.contains(parent)));
                            assert!(ever.insert(individual.id), "id {} was given before", individual.id);
                            let parent = evaluated.iter().find(|other| individual.parents == [other.id]).unwrap();
                            assert_eq!(individual.env_steps, parent.env_steps);
                        }
                    }
                    _ => {}
                }
                Ok(Flow::Continue)
            },
        );
        trainer.run().expect("it runs");
    }

    #[test]
    fn any_run_is_the_same_bits_at_any_number_of_threads((agents, config) in configs()) {
        let run = |threads| {
            let log = Arc::new(Mutex::new(String::new()));
            let heard = Arc::clone(&log);
            let config = TrainerConfig { threads, ..config.clone() };
            let mut trainer =
                Trainer::new(Readings { number: 2.2 }, agents.clone(), config).expect("sound").on_event(
                    move |event| {
                        let population = match event {
                            Event::Evaluated(report) => report.population,
                            Event::Evolved { population, .. } => population,
                            _ => &[],
                        };
                        heard.lock().unwrap().push_str(&format!("{population:?}\n"));
                        Ok(Flow::Continue)
                    },
                );
            let outcome = trainer.run().expect("it runs");
            let memory: Vec<u64> = trainer.shared().iter().map(|reading| reading.to_bits()).collect();
            (log.lock().unwrap().clone(), format!("{outcome:?}"), memory)
        };
        let alone = run(1);
        prop_assert_eq!(&alone, &run(2));
        prop_assert_eq!(&alone, &run(5));
    }
}
