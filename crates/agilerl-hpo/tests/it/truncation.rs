//! The worst are replaced by children of the best; all others are kept.

use std::sync::{Arc, Mutex};

use agilerl_hpo::{
    Event, Flow, HpoError, Individual, Mutation, MutationKind, Origin, Purpose, Selection, Selector, Streams,
    TrainerConfig, TruncationSelection, toy::Guess,
};

use crate::{
    population::{guesses, short, trainer},
    scripted,
};

fn select(share: f64, scores: &[f64], seed: u64) -> Selection {
    let mut rng = Streams::new(seed).get(Purpose::Selection, 1, 0, 0);
    let truncation = TruncationSelection { share, window: 1 };
    truncation.validate(scores.len()).expect("a sound share");
    truncation.select(1, scores, &mut rng).expect("an individual is finite")
}

#[test]
fn the_lowest_share_are_replaced_by_children_of_the_best_share_and_all_others_kept_in_their_places() {
    // Ranks from the best: places 3, 0, 5, 2, 1, 4. A third of six is two: 4 and 1 go, and 3 and 0 are the parents.
    let scores = [5.0, 2.0, 3.0, 6.0, 1.0, 4.0];
    let mut parents = [0_u32; 6];
    for seed in 0..1_000 {
        let Selection { elite, origins } = select(0.34, &scores, seed);
        assert_eq!(elite, 3);
        assert_eq!([origins[0], origins[2], origins[3], origins[5]], [0, 2, 3, 5].map(Origin::Kept));
        for place in [1, 4] {
            let Origin::ChildOf(parent) = origins[place] else { panic!("{origins:?}") };
            parents[parent] += 1;
        }
    }
    // Drawn uniformly: of 2,000 draws 1,000 each, give or take 4 sigma of 22.
    assert_eq!(parents[0] + parents[3], 2_000);
    assert!(parents[0].abs_diff(1_000) < 90, "{parents:?}");
}

#[test]
fn a_share_is_rounded_down_to_one_at_least_but_one_individual_alone_is_kept() {
    let replaced = |share, population: usize| {
        let scores: Vec<f64> = (0..population).map(|place| place as f64).collect();
        let origins = select(share, &scores, 1).origins;
        origins.iter().filter(|origin| matches!(origin, Origin::ChildOf(_))).count()
    };
    // 0.2 of 6 is 1.2, of 10 is 2; half of 5 is 2.5; 0.29 of 100 is 29, though 0.29 * 100 < 29 as an f64.
    assert_eq!([replaced(0.2, 6), replaced(0.2, 10), replaced(0.5, 5), replaced(0.29, 100)], [1, 2, 2, 29]);
    assert_eq!([replaced(0.01, 6), replaced(0.5, 2), replaced(0.2, 3), replaced(0.5, 1)], [1, 1, 1, 0]);
}

#[test]
fn nan_is_never_a_parent_and_always_replaced() {
    // Only places 1 and 4 are finite: one of six would be replaced, but four can do nothing else.
    let scores = [f64::NAN, 1.0, f64::INFINITY, f64::NAN, 2.0, f64::NEG_INFINITY];
    for seed in 0..100 {
        let Selection { elite, origins } = select(0.2, &scores, seed);
        assert_eq!(elite, 4);
        let child = Origin::ChildOf(4);
        assert_eq!(origins, [child, Origin::Kept(1), child, child, Origin::Kept(4), child]);
    }
    // Half of six is three parents, but only two can be: both.
    let mut parents = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let origins = select(0.5, &scores, seed).origins;
        assert_eq!([origins[1], origins[4]], [1, 4].map(Origin::Kept));
        parents.extend([0, 2, 3, 5].map(|place| origins[place].place()));
    }
    assert_eq!(parents.into_iter().collect::<Vec<_>>(), [1, 4]);
}

#[test]
fn among_equals_the_first_places_rank_higher() {
    let origins = select(0.5, &[7.0; 4], 1).origins;
    assert_eq!(origins[..2], [0, 1].map(Origin::Kept));
    assert!(origins[2..].iter().all(|origin| [0, 1].map(Origin::ChildOf).contains(origin)), "{origins:?}");
}

#[test]
fn a_population_without_a_finite_score_is_an_error() {
    let mut rng = Streams::new(0).get(Purpose::Selection, 1, 0, 0);
    for scores in [&[f64::NAN, f64::NAN][..], &[]] {
        let error = TruncationSelection::default().select(1, scores, &mut rng).expect_err("there is no parent");
        assert!(matches!(error, HpoError::NoneFinite { population } if population == scores.len()), "{error}");
    }
}

#[test]
fn what_a_seed_selects_is_pinned() {
    // A change here means that every seed begins another run: the changelog must say so.
    let scores: Vec<f64> = (0..10).map(f64::from).collect();
    let children: Vec<usize> = (0..4).flat_map(|seed| select(0.5, &scores, seed).origins).map(Origin::place).collect();
    let expected = [[5, 5, 7, 7, 5], [9, 9, 6, 7, 7], [7, 8, 5, 7, 7], [5, 8, 9, 5, 9]];
    assert_eq!(children.chunks(10).map(|origins| &origins[..5]).collect::<Vec<_>>(), expected);
}

/// A run by truncation in which every child gets another hyperparameter.
fn config() -> TrainerConfig {
    let mutation = Mutation { no_mutation: 0.0, architecture: 0.0, parameters: 0.0, ..Mutation::default() };
    TrainerConfig { selection: TruncationSelection { share: 0.34, window: 1 }.into(), mutation, ..short(4) }
}

#[test]
fn kept_individuals_keep_their_ids_and_fitnesses_and_are_not_mutated_and_children_are() {
    let evaluate = |agent: &Guess, _| agent.value;
    let evaluated: Arc<Mutex<Vec<Individual<Guess>>>> = Arc::default();
    let bred: Arc<Mutex<u32>> = Arc::default();
    let counts = Arc::clone(&bred);
    let mut trainer = scripted::trainer(guesses(), config(), scripted::count_rounds, evaluate).on_event(move |event| {
        match event {
            Event::Evaluated(report) => *evaluated.lock().unwrap() = report.population.to_vec(),
            Event::Evolved { population, generation } => {
                *counts.lock().unwrap() += 1;
                let before = evaluated.lock().unwrap();
                let mut ranking: Vec<usize> = (0..6).collect();
                ranking.sort_by(|&a, &b| before[b].agent.value.total_cmp(&before[a].agent.value).then(a.cmp(&b)));
                for &place in &ranking[..4] {
                    // Ids, fitnesses, clocks, the mutation at birth, and every weight.
                    assert_eq!(population[place], before[place], "place {place} of generation {generation}");
                    assert_eq!(population[place].fitness.len() as u64, *generation - before_birth(&before[place]));
                }
                for &place in &ranking[4..] {
                    let child = &population[place];
                    let parents = [before[ranking[0]].id, before[ranking[1]].id];
                    assert!(child.parents.len() == 1 && parents.contains(&child.parents[0]), "{child:?}");
                    assert!(child.id > before.iter().map(|individual| individual.id).max().unwrap());
                    assert!(child.fitness.is_empty());
                    assert_eq!(child.mutated.kind, MutationKind::Hyperparameter);
                }
            }
            _ => {}
        }
        Ok(Flow::Continue)
    });
    trainer.run().expect("it runs");
    assert_eq!(*bred.lock().unwrap(), 4);
}

/// The generation in which an individual was born: two are born in every generation, behind six founders.
fn before_birth(individual: &Individual<Guess>) -> u64 {
    if individual.id < 6 { 0 } else { (individual.id - 6) / 2 + 1 }
}

#[test]
fn the_elite_of_a_run_by_truncation_need_not_sit_in_place_0() {
    // The last founder is the best, and all learn alike.
    let config = TrainerConfig { mutation: Mutation::none(), ..config() };
    let told: Arc<Mutex<Vec<usize>>> = Arc::default();
    let heard = Arc::clone(&told);
    let evaluate = |agent: &Guess, _| agent.value;
    let mut trainer = scripted::trainer(guesses(), config, scripted::count_rounds, evaluate).on_event(move |event| {
        if let Event::Evaluated(report) = event {
            heard.lock().unwrap().push(report.elite);
        }
        Ok(Flow::Continue)
    });
    let outcome = trainer.run().expect("it runs");
    // Its children in places 0 and 1 are worth the same: the first of equals is the elite.
    assert_eq!(told.lock().unwrap()[0], 5);
    assert_eq!(outcome.elite.agent.value, 5.0 + 5.0 * 3.0, "three rounds in each of five generations");
}

#[test]
fn a_run_by_truncation_is_resumed_to_the_same_bits() {
    let expected = trainer(config()).run().expect("it runs").signature;
    assert_ne!(expected, trainer(TrainerConfig { selection: Default::default(), ..config() }).run().unwrap().signature);
    for steps in 1..20 {
        let mut first = trainer(config());
        for _ in 0..steps {
            assert!(first.step().expect("it runs").is_continue());
        }
        let items = first.save_items(first.items()).expect("it can be saved");
        let mut second = trainer(TrainerConfig { threads: 3, ..config() });
        second.restore(&first.save().expect("it can be saved"), [(first.items(), &items[..])]).expect("its own state");
        assert_eq!(second.run().expect("it runs").signature, expected, "stopped after {steps} steps");
    }
}
