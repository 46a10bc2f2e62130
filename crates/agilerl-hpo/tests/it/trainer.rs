//! The run as a whole.

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex},
};

use agilerl_hpo::{
    BoxError, Ending, Evaluation, Event, Flow, HpoError, Individual, Mutation, Purpose, RoundContext, RoundStats,
    Selector, Streams, Task, Tournament, Trainer, TrainerConfig, evaluate,
    toy::{Guess, GuessTheNumber},
};

use crate::{
    population::{guesses, short, trainer},
    scripted,
};

#[test]
fn a_run_is_the_same_bits_with_1_2_and_5_threads() {
    let run = |threads| {
        let mut trainer = trainer(TrainerConfig { threads, ..short(11) });
        let outcome = trainer.run().expect("it runs");
        (format!("{outcome:?}"), trainer.shared().clone())
    };
    let alone = run(1);
    assert_eq!(alone, run(2));
    assert_eq!(alone, run(5));
}

#[test]
fn another_seed_is_another_run() {
    let elite = |seed| trainer(short(seed)).run().expect("it runs").elite;
    assert_ne!(elite(1), elite(2));
}

#[test]
fn env_steps_count_every_transition_and_eval_steps_are_apart() {
    let outcome = trainer(short(1)).run().expect("it runs");
    // 5 generations of 6 individuals with 25 transitions each: rounds of 10, 10 and 5.
    assert_eq!(outcome.env_steps, 5 * 6 * 25);
    // An episode of the toy is one transition: 3 for each of 6 in 5 generations, then 7 for each of those who are
    // compared at the end.
    let confirmations = outcome.eval_steps - 5 * 6 * 3;
    assert!(confirmations == 7 || confirmations == 14, "{confirmations}");
    // Every individual stands on all that its ancestors did.
    assert!(outcome.population.iter().all(|individual| individual.env_steps == 5 * 25));
}

#[test]
fn a_generation_starts_from_a_memory_that_holds_the_rounds_in_the_order_of_the_individuals() {
    /// Writes (individual, round) instead of learning.
    struct Recorder;
    impl Task for Recorder {
        type Agent = Guess;
        type Shared = Vec<(usize, usize)>;
        type Slot = Vec<(usize, usize)>;
        fn shared(&self) -> Result<Self::Shared, BoxError> {
            Ok(Vec::new())
        }
        fn slot(&self, _: usize, _: &Streams) -> Result<Self::Slot, BoxError> {
            Ok(Vec::new())
        }
        fn train(
            &self,
            _: &mut Guess,
            slot: &mut Self::Slot,
            shared: &Self::Shared,
            context: &RoundContext,
        ) -> Result<RoundStats, BoxError> {
            assert_eq!(shared.len(), 6 * context.round, "the memory stands as it stood when the round began");
            slot.push((context.individual, context.round));
            Ok(RoundStats { env_steps: context.env_steps, ..RoundStats::default() })
        }
        fn merge(&self, shared: &mut Self::Shared, slots: &mut [&mut Self::Slot]) {
            slots.iter_mut().for_each(|slot| shared.append(slot));
        }
        fn evaluate(&self, _: &Guess, seeds: &[u64]) -> Result<Evaluation, BoxError> {
            Ok(Evaluation { returns: vec![0.0; seeds.len()], env_steps: 0, cut: 0 })
        }
    }
    let config = TrainerConfig { threads: 3, generations: 1, ..short(1) };
    let mut trainer = Trainer::new(Recorder, guesses(), config).expect("a sound configuration");
    trainer.run().expect("it runs");
    let expected: Vec<(usize, usize)> = (0..3).flat_map(|round| (0..6).map(move |place| (place, round))).collect();
    assert_eq!(*trainer.shared(), expected);
}

#[test]
fn the_kept_elite_is_the_evaluated_one_to_the_last_bit() {
    let evaluated: Arc<Mutex<Option<Individual<Guess>>>> = Arc::default();
    let seen = Arc::clone(&evaluated);
    let mut generations = 0;
    trainer(TrainerConfig { generations: 20, ..short(5) })
        .on_event(move |event| {
            match event {
                Event::Evaluated(report) => *seen.lock().unwrap() = Some(report.elite().clone()),
                Event::Evolved { population, .. } => {
                    generations += 1;
                    let elite = seen.lock().unwrap().take().expect("evaluation comes before evolution");
                    assert_eq!(population[0].agent.value.to_bits(), elite.agent.value.to_bits());
                    assert_eq!(population[0], elite);
                    for child in &population[1..] {
                        assert!(child.fitness.is_empty(), "a child has not earned its parent's fitness");
                        assert_eq!(child.parents.len(), 1);
                    }
                }
                Event::Ended { .. } => assert_eq!(generations, 19),
                _ => {}
            }
            Ok(Flow::Continue)
        })
        .run()
        .expect("it runs");
}

#[test]
fn a_target_counts_only_when_fresh_episodes_confirm_it() {
    /// Scores 10 on the few episodes of an evaluation, but on many only what it is worth.
    struct Flatterer;
    impl Task for Flatterer {
        type Agent = Guess;
        type Shared = ();
        type Slot = ();
        fn shared(&self) -> Result<(), BoxError> {
            Ok(())
        }
        fn slot(&self, _: usize, _: &Streams) -> Result<(), BoxError> {
            Ok(())
        }
        fn train(&self, _: &mut Guess, _: &mut (), _: &(), context: &RoundContext) -> Result<RoundStats, BoxError> {
            Ok(RoundStats { env_steps: context.env_steps, ..RoundStats::default() })
        }
        fn evaluate(&self, agent: &Guess, seeds: &[u64]) -> Result<Evaluation, BoxError> {
            // The last guess flatters most and is worth least.
            let mean = if seeds.len() == 3 { 10.0 + agent.value } else { 20.0 - 4.0 * agent.value };
            Ok(Evaluation { returns: vec![mean; seeds.len()], env_steps: seeds.len() as u64, cut: 0 })
        }
    }
    let faced: Arc<Mutex<Vec<(u64, f64, bool)>>> = Arc::default();
    let heard = Arc::clone(&faced);
    let config = TrainerConfig { target: Some(11.5), mutation: Mutation::none(), ..short(1) };
    let mut trainer =
        Trainer::new(Flatterer, guesses(), config).expect("a sound configuration").on_event(move |event| {
            if let Event::Confirmed { individual, mean, reached, .. } = event {
                heard.lock().unwrap().push((individual.id, *mean, *reached));
            }
            Ok(Flow::Continue)
        });
    let outcome = trainer.run().expect("it runs");
    // Fitness 15, 14, 13 and 12 reach 11.5, and are worth 0, 4, 8 and 12: the fourth candidate ends the run.
    assert_eq!(*faced.lock().unwrap(), [(5, 0.0, false), (4, 4.0, false), (3, 8.0, false), (2, 12.0, true)]);
    assert_eq!((outcome.ending, outcome.elite.id, outcome.generations), (Ending::TargetConfirmed, 2, 1));
    assert_eq!(outcome.confirmed_mean, 12.0);
    assert_eq!(outcome.eval_steps, 6 * 3 + 4 * 7);
    assert_eq!(outcome.elite, outcome.population[2], "it is left as it was evaluated");
}

#[test]
fn evaluation_seeds_are_shared_by_all_and_fresh_in_every_generation_and_confirmation() {
    /// Remembers the seeds it was asked for.
    #[derive(Default)]
    struct Witness(Mutex<Vec<Vec<u64>>>);
    impl Task for Witness {
        type Agent = Guess;
        type Shared = ();
        type Slot = ();
        fn shared(&self) -> Result<(), BoxError> {
            Ok(())
        }
        fn slot(&self, _: usize, _: &Streams) -> Result<(), BoxError> {
            Ok(())
        }
        fn train(&self, _: &mut Guess, _: &mut (), _: &(), _: &RoundContext) -> Result<RoundStats, BoxError> {
            Ok(RoundStats::default())
        }
        fn evaluate(&self, _: &Guess, seeds: &[u64]) -> Result<Evaluation, BoxError> {
            self.0.lock().unwrap().push(seeds.to_vec());
            // Always promising, never confirmed.
            let mean = if seeds.len() == 3 { 1.0 } else { -1.0 };
            Ok(Evaluation { returns: vec![mean; seeds.len()], env_steps: 0, cut: 0 })
        }
    }
    let config = TrainerConfig { target: Some(0.0), generations: 3, ..short(1) };
    let mut trainer = Trainer::new(Witness::default(), guesses(), config).expect("a sound configuration");
    trainer.run().expect("it runs");
    let mut asked = trainer.task().0.lock().unwrap().clone();
    let evaluations: Vec<Vec<u64>> = asked.iter().filter(|seeds| seeds.len() == 3).cloned().collect();
    assert_eq!(evaluations.len(), 18);
    for generation in evaluations.chunks(6) {
        assert!(generation.iter().all(|seeds| *seeds == generation[0]));
    }
    // 3 generations, 18 confirmations of a target, and one set of episodes that closes the run: all different.
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 3 + 18 + 1);
    // And no episode of them is one that was selected for.
    let seeds: std::collections::BTreeSet<u64> = asked.iter().flatten().copied().collect();
    assert_eq!(seeds.len(), 3 * 3 + (18 + 1) * 7);
}

#[test]
fn without_a_confirmed_target_the_best_snapshot_and_the_last_elite_are_compared_on_fresh_episodes() {
    let confirmed: Arc<Mutex<Vec<(u64, f64)>>> = Arc::default();
    let heard = Arc::clone(&confirmed);
    let outcome = trainer(TrainerConfig { generations: 12, ..short(3) })
        .on_event(move |event| {
            if let Event::Confirmed { individual, mean, .. } = event {
                heard.lock().unwrap().push((individual.id, *mean));
            }
            Ok(Flow::Continue)
        })
        .run()
        .expect("it runs");
    let confirmed = confirmed.lock().unwrap();
    assert_eq!(outcome.ending, Ending::GenerationsDone);
    assert!((1..=2).contains(&confirmed.len()));
    let best = confirmed.iter().map(|(_, mean)| *mean).fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(outcome.confirmed_mean, best);
    assert!(confirmed.contains(&(outcome.elite.id, best)));
}

#[test]
fn the_elite_of_a_run_is_the_better_of_the_best_snapshot_and_the_last_elite() {
    /// A guess counts its generations; what it is worth stands in a table, for few episodes and for many.
    struct Fate {
        fitness: [f64; 3],
        worth: [f64; 3],
    }
    impl Task for Fate {
        type Agent = Guess;
        type Shared = ();
        type Slot = ();
        fn shared(&self) -> Result<(), BoxError> {
            Ok(())
        }
        fn slot(&self, _: usize, _: &Streams) -> Result<(), BoxError> {
            Ok(())
        }
        fn train(&self, agent: &mut Guess, _: &mut (), _: &(), _: &RoundContext) -> Result<RoundStats, BoxError> {
            agent.value += 1.0;
            Ok(RoundStats::default())
        }
        fn evaluate(&self, agent: &Guess, seeds: &[u64]) -> Result<Evaluation, BoxError> {
            let table = if seeds.len() == 3 { self.fitness } else { self.worth };
            Ok(Evaluation { returns: vec![table[agent.value as usize - 1]; seeds.len()], env_steps: 0, cut: 0 })
        }
    }
    let elite = |fitness, worth, target| {
        let config = TrainerConfig {
            generations: 3,
            round_env_steps: 25,
            target,
            selection: Tournament { size: 1, ..Tournament::default() }.into(),
            ..short(1)
        };
        let mut trainer = Trainer::new(Fate { fitness, worth }, vec![Guess::new()], config).expect("sound");
        let outcome = trainer.run().expect("it runs");
        (outcome.elite.agent.value, outcome.elite.fitness.clone(), outcome.confirmed_mean)
    };
    // It learns until the second generation and then forgets: the snapshot is better.
    assert_eq!(elite([1.0, 10.0, 2.0], [1.0, 4.0, 3.0], None), (2.0, vec![1.0, 10.0], 4.0));
    // The 10 of the second generation was luck: the last elite is better.
    assert_eq!(elite([1.0, 10.0, 2.0], [1.0, 0.5, 3.0], None), (3.0, vec![1.0, 10.0, 2.0], 3.0));
    // Of equal snapshots the earlier one stays, and of equal means that of the snapshot.
    assert_eq!(elite([5.0, 5.0, 2.0], [7.0, 3.0, 1.0], None), (1.0, vec![5.0], 7.0));
    assert_eq!(elite([1.0, 10.0, 2.0], [1.0, 4.0, 4.0], None), (2.0, vec![1.0, 10.0], 4.0));
    // The 10 was found out when it did not confirm the target: it is no longer the best snapshot, the first one is.
    assert_eq!(elite([6.0, 10.0, 2.0], [7.0, 0.5, 3.0], Some(9.0)), (1.0, vec![6.0], 7.0));
}

#[test]
fn running_twice_gives_the_same_outcome_and_counts_nothing_twice() {
    let mut trainer = trainer(short(1));
    let first = format!("{:?}", trainer.run().expect("it runs"));
    assert_eq!(first, format!("{:?}", trainer.run().expect("it is over")));
    assert!(matches!(trainer.generation(), Ok(ControlFlow::Break(Ending::GenerationsDone))));
}

#[test]
fn an_observer_stops_the_run_after_the_evaluation_with_a_whole_outcome() {
    let outcome = trainer(short(1))
        .on_event(|event| {
            Ok(if matches!(event, Event::Round { generation: 1, .. }) { Flow::Stop } else { Flow::Continue })
        })
        .run()
        .expect("it runs");
    assert_eq!((outcome.ending, outcome.generations), (Ending::Stopped, 2));
    assert!(outcome.confirmed_mean.is_finite());
}

#[test]
fn an_observer_that_fails_ends_the_run_by_name() {
    let mut trainer = trainer(short(1)).on_event(|_| Err("disk full".into()));
    let error = trainer.run().expect_err("the observer failed");
    assert!(matches!(&error, HpoError::Observer { source } if source.to_string() == "disk full"), "{error:?}");
    assert!(matches!(trainer.run(), Err(HpoError::Broken)));
}

/// Fails, panics, or turns into NaN, where the agent's value says so.
struct Hazard;

impl Task for Hazard {
    type Agent = Guess;
    type Shared = ();
    type Slot = ();
    fn shared(&self) -> Result<(), BoxError> {
        Ok(())
    }
    fn slot(&self, _: usize, _: &Streams) -> Result<(), BoxError> {
        Ok(())
    }
    fn train(&self, agent: &mut Guess, _: &mut (), _: &(), _: &RoundContext) -> Result<RoundStats, BoxError> {
        match agent.value {
            101.0 => Err("the lander is out of fuel".into()),
            102.0 => panic!("lane {} died", 7),
            103.0 => {
                agent.value = f64::NAN;
                Ok(RoundStats::default())
            }
            _ => Ok(RoundStats::default()),
        }
    }
    fn evaluate(&self, agent: &Guess, seeds: &[u64]) -> Result<Evaluation, BoxError> {
        match agent.value {
            104.0 => Err("no such episode".into()),
            105.0 => Ok(Evaluation::default()),
            value => Ok(Evaluation { returns: vec![value; seeds.len()], env_steps: 0, cut: 0 }),
        }
    }
}

fn hazard(values: &[f64]) -> Trainer<Hazard> {
    let agents = values.iter().map(|&value| Guess { value, ..Guess::new() }).collect();
    Trainer::new(Hazard, agents, TrainerConfig { threads: 2, ..short(1) }).expect("a sound configuration")
}

#[test]
fn an_error_or_a_panic_names_the_individual_and_the_generation() {
    let cases = [
        (101.0, "training", "the lander is out of fuel"),
        (102.0, "training", "panic: lane 7 died"),
        (104.0, "evaluation", "no such episode"),
        (105.0, "evaluation", "the task returned 0 episodes for 3 seeds"),
    ];
    for (value, expected_stage, expected) in cases {
        match hazard(&[1.0, 2.0, value, 3.0, value]).run() {
            Err(HpoError::Task { individual: 2, generation: 0, stage, source }) => {
                assert_eq!((stage, source.to_string().as_str()), (expected_stage, expected));
            }
            other => panic!("{value}: {other:?}"),
        }
    }
    let error = hazard(&[101.0, 2.0]).run().expect_err("it fails");
    assert_eq!(error.to_string(), "individual 0 failed in training of generation 0");
}

#[test]
fn who_is_not_finite_ranks_last_is_told_and_has_no_children() {
    let told: Arc<Mutex<Vec<u64>>> = Arc::default();
    let heard = Arc::clone(&told);
    let mut trainer = hazard(&[1.0, 103.0, f64::INFINITY, 2.0]).on_event(move |event| {
        match event {
            Event::NotFinite { generation: 0, individual } => heard.lock().unwrap().push(individual.id),
            Event::Evaluated(report) => assert!(report.elite().agent.value.is_finite()),
            Event::Evolved { population, .. } => {
                for child in *population {
                    assert!(child.agent.value.is_finite(), "{child:?}");
                    assert!(!child.parents.contains(&1) && !child.parents.contains(&2), "{child:?}");
                }
            }
            _ => {}
        }
        Ok(Flow::Continue)
    });
    let outcome = trainer.run().expect("two of four are sound");
    assert_eq!(*told.lock().unwrap(), [1, 2]);
    assert!(outcome.fitness_history[0][1].is_nan());
}

#[test]
fn a_population_without_a_finite_individual_is_an_error() {
    let error = hazard(&[103.0, f64::NAN]).run().expect_err("nobody can be a parent");
    assert!(matches!(error, HpoError::NoneFinite { population: 2 }), "{error}");
}

#[test]
fn a_loop_of_ones_own_is_four_lines_per_generation() {
    let task = GuessTheNumber { number: 3.3 };
    let (streams, tournament, mutation) = (Streams::new(1), Tournament::default(), Mutation::default());
    let mut population = Individual::founders(guesses());
    for generation in 1..=10 {
        // ... train in whatever way ...
        let seeds = streams.seeds(Purpose::Evaluation, generation, 0, 5);
        evaluate(&task, &mut population, generation, &seeds).expect("it evaluates");
        let mut rng = streams.get(Purpose::Selection, generation, 0, 0);
        let selection =
            tournament.select(generation, &tournament.scores(&population), &mut rng).expect("all are finite");
        population = selection.reproduce(&population);
        mutation.mutate(&mut population, &streams, generation);
    }
    assert_eq!(population.len(), 6);
    // The best founder is 0.3 away; mutation and selection alone come nearer.
    assert!((population[0].agent.value - 3.3).abs() < 0.1, "{:?}", population[0].agent);
}

#[test]
fn a_mutated_elite_is_a_new_individual() {
    let everything = Mutation { no_mutation: 0.0, mutate_elite: true, ..Mutation::default() };
    trainer(TrainerConfig { mutation: everything, ..short(1) })
        .on_event(|event| {
            if let Event::Evolved { generation, population } = event {
                assert!(population.iter().all(|individual| individual.fitness.is_empty()));
                let ids: std::collections::BTreeSet<u64> = population.iter().map(|individual| individual.id).collect();
                assert_eq!(ids.len(), 6, "{ids:?}");
                assert!(ids.first() > Some(&(5 * (generation - 1))));
            }
            Ok(Flow::Continue)
        })
        .run()
        .expect("it runs");
}

#[test]
fn initial_diversity_draws_the_selected_hyperparameters_inside_their_bounds() {
    let trainer = trainer(TrainerConfig { initial_diversity: true, ..short(1) });
    let drawn: Vec<(f64, usize)> =
        trainer.population().iter().map(|individual| (individual.agent.lr, individual.agent.batch_size)).collect();
    assert!(drawn.iter().all(|(lr, batch)| (1e-4..=1e-2).contains(lr) && (8..=512).contains(batch)), "{drawn:?}");
    let distinct = |keys: Vec<u64>| keys.into_iter().collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(distinct(drawn.iter().map(|(lr, _)| lr.to_bits()).collect()), 6);
    assert!(distinct(drawn.iter().map(|(_, batch)| *batch as u64).collect()) > 3);
}

#[test]
fn evolution_finds_a_faster_learner_than_its_founders() {
    let generations = |seed, mutation| {
        let config = TrainerConfig {
            generations: 100,
            generation_env_steps: 200,
            round_env_steps: 50,
            target: Some(-0.05),
            mutation,
            ..short(seed)
        };
        let agents = vec![Guess::new(); 6];
        let mut trainer = Trainer::new(GuessTheNumber { number: 7.5 }, agents, config).expect("a sound configuration");
        let outcome = trainer.run().expect("it runs");
        assert_eq!(outcome.ending, Ending::TargetConfirmed);
        outcome.generations
    };
    // With the founders' lr of 0.001, 7.5 * 0.999^(200 g) falls below 0.05 in generation 26, give or take noise.
    for seed in 0..3 {
        let (evolved, fixed) = (generations(seed, Mutation::default()), generations(seed, Mutation::none()));
        assert!(evolved < fixed && (22..=30).contains(&fixed), "seed {seed}: {evolved} and {fixed}");
    }
}

#[test]
fn a_run_can_be_handed_to_another_thread() {
    let mut trainer = trainer(short(1)).on_event(|_| Ok(Flow::Continue));
    std::thread::spawn(move || trainer.run().map(|_| ())).join().expect("no panic").expect("it runs");
}

#[test]
fn a_target_that_is_just_reached_is_reached() {
    let config = TrainerConfig { target: Some(1.0), ..short(1) };
    let mut trainer = scripted::trainer(guesses(), config, scripted::count_rounds, |_: &Guess, _| 1.0);
    let outcome = trainer.run().expect("it runs");
    assert_eq!((outcome.ending, outcome.generations), (Ending::TargetConfirmed, 1));
}

#[test]
fn a_target_is_for_the_fitness_of_one_generation_and_the_last_comparison_reaches_none() {
    // One individual that is worth 10 after the first generation and 2 after the second, or so it seems.
    let evaluate = |agent: &Guess, episodes: usize| match (agent.value as u64, episodes) {
        (1, 3) => 10.0,
        (1, _) => 0.0,
        (2, 3) => 2.0,
        _ => 9.0,
    };
    let config = TrainerConfig {
        generations: 2,
        round_env_steps: 25,
        target: Some(5.0),
        selection: Tournament { size: 1, window: 2, ..Tournament::default() }.into(),
        ..short(1)
    };
    let confirmed: Arc<Mutex<Vec<(u64, f64, bool)>>> = Arc::default();
    let heard = Arc::clone(&confirmed);
    let mut trainer =
        scripted::trainer(vec![Guess::new()], config, scripted::count_rounds, evaluate).on_event(move |event| {
            if let Event::Confirmed { generation, mean, reached, .. } = event {
                heard.lock().unwrap().push((*generation, *mean, *reached));
            }
            Ok(Flow::Continue)
        });
    let outcome = trainer.run().expect("it runs");
    // The mean of the window, 6, is above the target, but nobody is worth it now; and the 9 that ends the run does not
    // make it a success.
    assert_eq!(*confirmed.lock().unwrap(), [(0, 0.0, false), (1, 9.0, false)]);
    assert_eq!((outcome.ending, outcome.confirmed_mean), (Ending::GenerationsDone, 9.0));
    // The evaluations of two generations, and two of 7 episodes, at two transitions an episode.
    assert_eq!(outcome.eval_steps, 2 * (2 * 3 + 2 * 7));
}

#[test]
fn a_nan_is_no_champion() {
    // The first is NaN from the first generation on, and the others are worth less each generation.
    let evaluate = |agent: &Guess, _| if agent.lr == 5e-4 { f64::NAN } else { -agent.value };
    let config = TrainerConfig { generations: 1, mutation: Mutation::none(), ..short(1) };
    let agents = vec![Guess { lr: 5e-4, ..Guess::new() }, Guess::new(), Guess { value: 1.0, ..Guess::new() }];
    let mut trainer = scripted::trainer(agents, config, scripted::count_rounds, evaluate);
    while trainer.step().expect("it runs").is_continue() {}
    assert_eq!(trainer.best_so_far().expect("two of three are sound").id, 1);
    assert_eq!(trainer.run().expect("it runs").elite.id, 1);
}

#[test]
fn a_pause_or_a_failure_is_heard_whoever_listens_after() {
    for first in [true, false] {
        let pauses = move |number: bool| {
            move |event: &Event<'_, Guess>| {
                let is_mine = number == first && matches!(event, Event::Round { .. });
                Ok(if is_mine { Flow::Pause } else { Flow::Continue })
            }
        };
        let mut trainer = trainer(short(1)).on_event(pauses(true)).on_event(pauses(false));
        assert!(matches!(trainer.step(), Err(HpoError::Paused)), "{first}");
        assert_eq!(trainer.rounds_done(), 1);
    }
    // A table that cannot be printed must not cost the elite that the next observer saves.
    let heard: Arc<Mutex<u32>> = Arc::default();
    let counts = Arc::clone(&heard);
    let mut trainer = trainer(short(1)).on_event(|_| Err("disk full".into())).on_event(move |_| {
        *counts.lock().unwrap() += 1;
        Err("after the first".into())
    });
    let error = trainer.run().expect_err("the first failed");
    assert!(matches!(&error, HpoError::Observer { source } if source.to_string() == "disk full"), "{error:?}");
    assert_eq!(*heard.lock().unwrap(), 1);
}

#[test]
fn the_end_is_told_once() {
    let ends: Arc<Mutex<u32>> = Arc::default();
    let counts = Arc::clone(&ends);
    let mut trainer = trainer(short(1)).on_event(move |event| {
        *counts.lock().unwrap() += u32::from(matches!(event, Event::Ended { .. }));
        Ok(Flow::Continue)
    });
    for _ in 0..3 {
        trainer.run().expect("it runs");
    }
    assert_eq!(*ends.lock().unwrap(), 1);
}

#[test]
fn a_score_is_one_return_for_each_seed() {
    /// Gives so many returns, whatever it is asked for.
    struct Obstinate(usize);
    impl Task for Obstinate {
        type Agent = Guess;
        type Shared = ();
        type Slot = ();
        fn shared(&self) -> Result<(), BoxError> {
            Ok(())
        }
        fn slot(&self, _: usize, _: &Streams) -> Result<(), BoxError> {
            Ok(())
        }
        fn train(&self, _: &mut Guess, _: &mut (), _: &(), _: &RoundContext) -> Result<RoundStats, BoxError> {
            unreachable!("nobody trains")
        }
        fn evaluate(&self, _: &Guess, _: &[u64]) -> Result<Evaluation, BoxError> {
            Ok(Evaluation { returns: vec![0.0; self.0], env_steps: 0, cut: 0 })
        }
    }
    for (returns, fits) in [(1, false), (2, true), (3, false)] {
        let mut population = Individual::founders(vec![Guess::new()]);
        let result = evaluate(&Obstinate(returns), &mut population, 0, &[5, 6]);
        assert_eq!(result.is_ok(), fits, "{returns}");
    }
}
