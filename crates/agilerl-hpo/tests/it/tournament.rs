//! Who becomes a parent.

use agilerl_hpo::{HpoError, Individual, Origin, Purpose, Selection, Selector, Streams, Tournament, toy::Guess};

use crate::gene_pool::Genes;

/// The places that the individuals come from.
fn places(selection: &Selection) -> Vec<usize> {
    selection.origins.iter().map(|origin| origin.place()).collect()
}

fn select(tournament: &Tournament, scores: &[f64], seed: u64) -> Selection {
    let mut rng = Streams::new(seed).get(Purpose::Selection, 1, 0, 0);
    tournament.select(1, scores, &mut rng).expect("somebody is eligible")
}

#[test]
fn the_frequency_of_a_parent_follows_from_its_rank() {
    // The best of k draws out of n has rank r (1 is best) with probability ((n-r+1)^k - (n-r)^k) / n^k.
    // For n = 6, k = 2: 11, 9, 7, 5, 3, 1 of 36, which is 30.6 % for the best and 2.8 % for the worst.
    let scores = [3.0, 6.0, 1.0, 5.0, 2.0, 4.0];
    let rank = |place: usize| 6 - scores[place] as usize;
    let tournament = Tournament { size: 2, elitism: false, window: 1 };
    let draws = 20_000;
    let mut counts = [0_u32; 6];
    for seed in 0..draws {
        for parent in places(&select(&tournament, &scores, seed)) {
            counts[rank(parent)] += 1;
        }
    }
    let total = draws as f64 * 6.0;
    for (count, expected) in counts.iter().zip([11.0, 9.0, 7.0, 5.0, 3.0, 1.0]) {
        let probability = expected / 36.0;
        let sigma = (total * probability * (1.0 - probability)).sqrt();
        assert!((f64::from(*count) - total * probability).abs() < 4.0 * sigma, "{counts:?}");
    }
}

#[test]
fn the_elite_has_place_0_and_the_other_places_are_drawn() {
    let selection = select(&Tournament { size: 3, ..Tournament::default() }, &[1.0, 9.0, 2.0, 3.0], 5);
    assert_eq!((selection.elite, selection.origins[0]), (1, Origin::Kept(1)));
    assert_eq!(selection.origins.len(), 4);
    assert!(selection.origins[1..].iter().all(|origin| matches!(origin, Origin::ChildOf(_))));
    let without = select(&Tournament { elitism: false, ..Tournament::default() }, &[1.0, 9.0, 2.0, 3.0], 5);
    assert!(without.origins.iter().all(|origin| matches!(origin, Origin::ChildOf(_))));
}

#[test]
fn among_equals_the_first_place_wins() {
    let everybody = Tournament { size: 4, ..Tournament::default() };
    for seed in 0..50 {
        let selection = select(&everybody, &[7.0; 4], seed);
        assert_eq!(selection.elite, 0);
        assert_eq!(selection, select(&everybody, &[7.0; 4], seed), "the same stream, the same decision");
    }
}

#[test]
fn nan_and_infinity_rank_last_and_are_never_parents() {
    let scores = [f64::NAN, -1e9, f64::INFINITY, f64::NAN, f64::NEG_INFINITY];
    for seed in 0..100 {
        let selection = select(&Tournament::default(), &scores, seed);
        assert_eq!((selection.elite, places(&selection)), (1, vec![1; 5]));
    }
}

#[test]
fn nobody_eligible_is_an_error() {
    let mut rng = Streams::new(0).get(Purpose::Selection, 1, 0, 0);
    for scores in [&[f64::NAN, f64::NAN][..], &[]] {
        let error = Tournament::default().select(1, scores, &mut rng).expect_err("nobody can be a parent");
        assert!(matches!(error, HpoError::NoneFinite { population } if population == scores.len()), "{error}");
    }
}

#[test]
fn a_window_averages_the_last_fitnesses_of_the_individual_itself() {
    let mut individual = Individual::founders(vec![Genes::usual()]).remove(0);
    assert!(individual.score(1).is_nan(), "it has not been evaluated");
    individual.fitness = vec![100.0, 10.0, 20.0];
    assert_eq!(individual.score(1), 20.0);
    assert_eq!(individual.score(2), 15.0);
    // Fewer than the window: all that there are. Its parent's are not among them.
    assert_eq!(individual.score(9), 130.0 / 3.0);
    assert!(individual.child(1).score(9).is_nan());
    individual.fitness.push(f64::NAN);
    assert!(individual.score(2).is_nan());
}

#[test]
fn what_a_seed_selects_is_pinned() {
    // A change here means that every seed begins another run: the changelog must say so.
    let selection = select(&Tournament::default(), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 7);
    assert_eq!(places(&selection), [5, 2, 4, 1, 4, 5]);
}

#[test]
fn so_many_are_drawn_as_the_tournament_is_large() {
    // Of two in tournaments of k, the worse wins only if it is drawn k times: (1/2)^k. 8 sizes of 40,000 draws.
    for size in 1..=4 {
        let tournament = Tournament { size, elitism: false, window: 1 };
        let worse =
            (0..20_000).flat_map(|seed| places(&select(&tournament, &[1.0, 2.0], seed))).filter(|place| *place == 0);
        let (total, share) = (40_000.0, 0.5_f64.powi(size as i32));
        let sigma = (total * share * (1.0 - share)).sqrt();
        let count = worse.count() as f64;
        assert!((count - total * share).abs() < 4.0 * sigma, "{size}: {count}");
    }
}

#[test]
fn scores_are_means_over_the_window_of_those_whose_weights_are_finite() {
    let mut population = Individual::founders(vec![Guess::new(), Guess { value: f64::NAN, ..Guess::new() }]);
    for individual in &mut population {
        individual.fitness = vec![100.0, 10.0, 20.0];
    }
    let scores = Tournament { window: 2, ..Tournament::default() }.scores(&population);
    assert_eq!(scores[0], 15.0);
    // A return may be finite although a weight is not.
    assert!(scores[1].is_nan());
}

#[test]
fn new_ids_follow_the_greatest_one_wherever_it_stands() {
    let mut population = Individual::founders(vec![Genes::usual(); 3]);
    population[0].id = 41;
    let selection = Selection { elite: 1, origins: vec![Origin::Kept(1), Origin::ChildOf(0), Origin::ChildOf(2)] };
    let ids: Vec<u64> = selection.reproduce(&population).iter().map(|individual| individual.id).collect();
    assert_eq!(ids, [1, 42, 43]);
    let ids = Selection { elite: 1, origins: [1, 0, 2].map(Origin::ChildOf).into() }.reproduce(&population);
    assert_eq!(ids.iter().map(|individual| individual.id).collect::<Vec<_>>(), [42, 43, 44]);
}
