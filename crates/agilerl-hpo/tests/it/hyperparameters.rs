//! How a hyperparameter moves when nothing selects.

use agilerl_hpo::{Bounds, Evolve, Mutation, MutationKind, Purpose, Streams};
use proptest::prelude::*;

use crate::gene_pool::Genes;

/// The median of 10,000 walkers after so many mutations of one hyperparameter, under the default bounds.
fn median_after(name: &str, mutations: usize) -> f64 {
    let mutation = Mutation {
        no_mutation: 0.0,
        architecture: 0.0,
        parameters: 0.0,
        rl_hp: 1.0,
        rl_hp_selection: vec![name.to_owned()],
        ..Mutation::default()
    };
    let walk = |walker| {
        let mut rng = Streams::new(1).get(Purpose::Mutation, 0, walker, 0);
        let mut genes = Genes::usual();
        for _ in 0..mutations {
            let mutated = mutation.apply(&mut genes, &mut rng);
            assert_eq!(mutated.kind, MutationKind::Hyperparameter, "there is always room for a step");
            assert!(mutation.bounds[name].contains(genes.value(name)), "{genes:?}");
        }
        genes.value(name)
    };
    let mut values: Vec<f64> = (0..10_000).map(walk).collect();
    values.sort_by(f64::total_cmp);
    values[5_000]
}

#[test]
fn ten_thousand_neutral_walkers_leave_the_median_learning_rate_where_it_was() {
    for mutations in [10, 50, 100] {
        let median = median_after("lr", mutations);
        assert!((median / 1e-3 - 1.0).abs() < 1e-9, "{median} after {mutations} mutations");
    }
}

#[test]
fn ten_thousand_neutral_walkers_leave_the_median_batch_size_where_it_was() {
    for mutations in [10, 50, 100] {
        assert_eq!(median_after("batch_size", mutations), 64.0, "{mutations}");
    }
}

#[test]
fn ten_thousand_neutral_walkers_leave_the_median_learn_step_where_it_was() {
    for mutations in [10, 50, 100] {
        assert_eq!(median_after("learn_step", mutations), 4.0, "{mutations}");
    }
}

#[test]
fn small_whole_numbers_move_both_ways_and_1_is_not_absorbing() {
    let bounds = Bounds { min: 1.0, max: 100.0, factor: 1.2 };
    let (up, down) = (|value| bounds.step(value, true, true), |value| bounds.step(value, true, false));
    // round(x * 1.2) is x itself up to 2: there a step is 1.
    assert_eq!([1.0, 2.0, 3.0, 4.0, 5.0].map(up), [2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!([2.0, 3.0, 4.0, 5.0, 6.0].map(down), [1.0, 2.0, 3.0, 4.0, 5.0]);
    // Below 1 there is nothing: reflected.
    assert_eq!(down(1.0), 2.0);
}

#[test]
fn a_float_is_mirrored_at_its_bounds_and_comes_back() {
    let bounds = Bounds { min: 1e-4, max: 1e-2, factor: 1.5 };
    // 0.008 * 1.5 = 0.012 is 1.2 times too far, and so becomes 0.01 / 1.2; from there the step up leads back.
    let mirrored = bounds.step(0.008, false, true);
    assert!((mirrored - 0.01 / 1.2).abs() < 1e-15, "{mirrored}");
    assert!((bounds.step(mirrored, false, true) - 0.008).abs() < 1e-15);
    let mirrored = bounds.step(1.2e-4, false, false);
    assert!((mirrored - 1.25e-4).abs() < 1e-15, "{mirrored}");
}

#[test]
fn bounds_without_room_change_nothing_and_the_mutation_says_none() {
    let mutation = Mutation { no_mutation: 0.0, architecture: 0.0, parameters: 0.0, ..Mutation::default() };
    for (value, integer) in [(0.5, false), (3.0, true)] {
        let mut genes = Genes::new(&[("tau", value, integer)]);
        let fixed = Bounds { min: value, max: value, factor: 1.2 };
        let mutation = Mutation { rl_hp_selection: Vec::new(), ..mutation.clone() }.with_hyperparameter("tau", fixed);
        let mutated = mutation.apply(&mut genes, &mut Streams::new(1).get(Purpose::Mutation, 0, 0, 0));
        assert_eq!((mutated.kind, mutated.change), (MutationKind::None, None));
        assert_eq!(genes.value("tau"), value);
    }
}

#[test]
fn the_search_space_is_the_runs_and_the_value_is_the_agents() {
    // Four agents that mutate once each from 1e-3 arrive at 1.2e-3 or 1e-3 / 1.2, not at a chain of both.
    let mutation = Mutation {
        no_mutation: 0.0,
        architecture: 0.0,
        parameters: 0.0,
        rl_hp_selection: vec!["lr".to_owned()],
        ..Mutation::default()
    };
    for walker in 0..4 {
        let mut genes = Genes::usual();
        mutation.apply(&mut genes, &mut Streams::new(1).get(Purpose::Mutation, 0, walker, 0));
        assert!([1e-3 * 1.2, 1e-3 / 1.2].contains(&genes.value("lr")), "{genes:?}");
    }
}

#[test]
fn the_first_draw_is_log_uniform() {
    let mutation = Mutation::default();
    let draw = |walker| {
        let mut genes = Genes::usual();
        mutation
            .draw_hyperparameters(&mut genes, &mut Streams::new(1).get(Purpose::InitialHyperparameters, 0, walker, 0));
        assert_eq!(genes.value("learn_step"), 4.0, "it was not selected");
        (genes.value("lr"), genes.value("batch_size"))
    };
    let drawn: Vec<(f64, f64)> = (0..10_000).map(draw).collect();
    assert!(drawn.iter().all(|(lr, batch)| (1e-4..=1e-2).contains(lr) && (8.0..=512.0).contains(batch)));
    assert!(drawn.iter().all(|(_, batch)| batch.fract() == 0.0));
    // Log-uniform on 1e-4 to 1e-2: half of them lie below 1e-3; on 8 to 512, half below 64. 5,000 +- 4 sigma of 50.
    let below = |count: usize| assert!(count.abs_diff(5_000) < 200, "{count}");
    below(drawn.iter().filter(|(lr, _)| *lr < 1e-3).count());
    below(drawn.iter().filter(|(_, batch)| *batch < 64.0).count());
}

proptest! {
    #[test]
    fn a_step_down_undoes_a_step_up_on_whole_numbers(value in 1_u32..100_000, factor in 1.01..4.0) {
        let bounds = Bounds { min: 1.0, max: 1e9, factor };
        let value = f64::from(value);
        let higher = bounds.step(value, true, true);
        prop_assert!(higher > value);
        prop_assert_eq!(bounds.step(higher, true, false), value);
    }

    #[test]
    fn every_step_stays_inside(
        (min, max) in (1e-6..1e3, 1e-6..1e3).prop_map(|(a, b): (f64, f64)| (a.min(b), a.max(b))),
        share in 0.0..1.0,
        factor in 1.001..100.0,
        up: bool,
    ) {
        let bounds = Bounds { min, max, factor };
        let value = (min * (max / min).powf(share)).clamp(min, max);
        prop_assert!(bounds.contains(bounds.step(value, false, up)));
        let integer = value.round();
        if bounds.contains(integer) {
            let moved = bounds.step(integer, true, up);
            prop_assert!(bounds.contains(moved) && moved.fract() == 0.0);
        }
    }
}

#[test]
fn an_agent_that_makes_something_else_of_a_value_is_believed() {
    /// Takes only multiples of 8.
    #[derive(Clone)]
    struct Multiples(f64);
    impl Evolve for Multiples {
        fn hyperparameters(&self) -> Vec<agilerl_hpo::Hyperparameter> {
            vec![agilerl_hpo::Hyperparameter { name: "batch_size".to_owned(), value: self.0, integer: true }]
        }
        fn set_hyperparameter(&mut self, _: &str, value: f64) {
            self.0 = (value / 8.0).round() * 8.0;
        }
    }
    let mutation = Mutation {
        no_mutation: 0.0,
        architecture: 0.0,
        parameters: 0.0,
        rl_hp_selection: vec!["batch_size".to_owned()],
        ..Mutation::default()
    };
    for (start, kind) in [(64.0, MutationKind::Hyperparameter), (16.0, MutationKind::None)] {
        // 64 becomes 80 or 56; 16 would become 19 or 13, and so remains 16.
        let mut agent = Multiples(start);
        let mutated = mutation.apply(&mut agent, &mut Streams::new(1).get(Purpose::Mutation, 0, 0, 0));
        assert_eq!(mutated.kind, kind, "{}", agent.0);
        assert_eq!(
            mutated.change.map(|change| change.after),
            (kind != MutationKind::None).then(|| (agent.0 as i64).into())
        );
    }
}

#[test]
fn a_whole_number_goes_to_the_nearest_and_a_draw_stays_inside_bounds_that_are_none() {
    let bounds = Bounds { min: 8.0, max: 512.0, factor: 1.2 };
    // 64 * 1.2 = 76.8, and 66 * 1.2 = 79.2.
    assert_eq!([64.0, 66.0].map(|value| bounds.step(value, true, true)), [77.0, 79.0]);
    // From 77 down: of the numbers from which a step up leads no further, 64 is the greatest (65 leads to 78).
    assert_eq!(bounds.step(77.0, true, false), 64.0);
    // Between 7.6 and 8.4 there is one whole number, and outside them there are others that are near.
    let narrow = Bounds { min: 7.6, max: 8.4, factor: 1.2 };
    for walker in 0..50 {
        let mut rng = Streams::new(1).get(Purpose::InitialHyperparameters, 0, walker, 0);
        assert_eq!(narrow.draw(true, &mut rng), 8.0);
        assert!(narrow.contains(narrow.draw(false, &mut rng)));
    }
    assert!([7.6, 8.4].iter().all(|end| narrow.contains(*end)), "the ends are inside");
    assert!(![7.5, 8.5, f64::NAN].iter().any(|value| narrow.contains(*value)));
}
