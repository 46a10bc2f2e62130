//! How actions are chosen.

use agilerl_algo::{Agent, Dqn, DqnConfig, Epsilon, Mode, NetConfig};
use agilerl_nets::{MlpSpec, Weights, parse_device};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// An agent whose values are `q`, whatever it sees.
fn agent(q: &[f32], epsilon: Epsilon) -> Dqn {
    let config = DqnConfig { net: NetConfig { hidden: vec![16], ..Default::default() }, epsilon, ..Default::default() };
    let spec: MlpSpec = config.net.head(1, q.len());
    let mut weights = Weights::zeros(spec.layout());
    weights.get_mut("output.bias").unwrap().copy_from_slice(q);
    Dqn::with_weights(config, spec, &weights, &parse_device("cpu").unwrap()).unwrap()
}

fn constant(epsilon: f64) -> Epsilon {
    Epsilon { start: epsilon, end: epsilon, decay_steps: 1 }
}

fn counts(agent: &mut Dqn, masks: Option<&[bool]>, mode: Mode, choices: usize) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut counts = vec![0; choices];
    let masks = masks.map(|mask| mask.repeat(16));
    for _ in 0..500 {
        let mut actions = [0; 16];
        agent.act(&[0.0; 16], masks.as_deref(), mode, &mut rng, &mut actions);
        actions.iter().for_each(|&action| counts[action as usize] += 1);
    }
    counts
}

#[test]
fn greedy_actions_take_the_highest_value_and_no_coin() {
    let mut agent = agent(&[0.1, 0.7, -2.0, 0.7], constant(1.0));
    assert_eq!(counts(&mut agent, None, Mode::Greedy, 4), [0, 8000, 0, 0], "of equals the first");
}

/// 8,000 actions at epsilon 0.5: the best is taken in 1/2 + 1/2 * 1/4 = 5/8 of them, sd = sqrt(8000 * 5/8 * 3/8) = 43.
#[test]
fn every_lane_tosses_its_own_coin() {
    let mut agent = agent(&[0.0, 1.0, 0.0, 0.0], constant(0.5));
    let counts = counts(&mut agent, None, Mode::Explore { clock: 0 }, 4);
    assert!(counts[1].abs_diff(5000) < 4 * 43, "{counts:?}");
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut actions = [0; 64];
    agent.act(&[0.0; 64], None, Mode::Explore { clock: 0 }, &mut rng, &mut actions);
    let greedy = actions.iter().filter(|&&action| action == 1).count();
    assert!((1..64).contains(&greedy), "one coin for all lanes: {actions:?}");
}

#[test]
fn illegal_actions_are_never_chosen() {
    let mut agent = agent(&[5.0, 1.0, 3.0, 2.0], constant(0.5));
    let mask = [false, true, false, true];
    let explored = counts(&mut agent, Some(&mask), Mode::Explore { clock: 0 }, 4);
    assert!(explored[0] == 0 && explored[2] == 0 && explored[1] > 0 && explored[3] > 0, "{explored:?}");
    assert_eq!(counts(&mut agent, Some(&mask), Mode::Greedy, 4), [0, 0, 0, 8000]);
}

#[test]
fn epsilon_follows_the_clock_it_is_given() {
    let epsilon = Epsilon { start: 1.0, end: 0.0, decay_steps: 100 };
    let mut agent = agent(&[0.0, 1.0], epsilon);
    assert_eq!(counts(&mut agent, None, Mode::Explore { clock: 100 }, 2), [0, 8000]);
    let early = counts(&mut agent, None, Mode::Explore { clock: 0 }, 2);
    assert!(early[0].abs_diff(4000) < 4 * 45, "all random at first: {early:?}");
}

#[test]
#[should_panic(expected = "no legal choice")]
fn a_mask_without_a_choice_is_a_bug() {
    let mut agent = agent(&[0.0, 1.0], constant(0.0));
    agent.act(&[0.0], Some(&[false, false]), Mode::Greedy, &mut ChaCha8Rng::seed_from_u64(1), &mut [0]);
}

/// 8,000 actions at epsilon 1 among two: 4,000 each, sd = sqrt(8000 / 4) = 45.
#[test]
fn legal_choices_are_equally_likely() {
    let mut agent = agent(&[5.0, 1.0, 3.0, 2.0], constant(1.0));
    let explored = counts(&mut agent, Some(&[false, true, false, true]), Mode::Explore { clock: 0 }, 4);
    assert_eq!((explored[0], explored[2]), (0, 0));
    assert!(explored[1].abs_diff(4000) < 4 * 45, "{explored:?}");
    let explored = counts(&mut agent, None, Mode::Explore { clock: 0 }, 4);
    assert!(explored.iter().all(|count| count.abs_diff(2000) < 4 * 39), "{explored:?}");
}

/// Three lanes, three masks, at random and greedily.
#[test]
fn every_lane_has_a_mask_of_its_own() {
    let masks = [[true, false, false], [false, true, false], [false, false, true]].concat();
    for epsilon in [0.0, 1.0] {
        let mut agent = agent(&[1.0, 3.0, 2.0], constant(epsilon));
        let mut actions = [9; 3];
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        agent.act(&[0.0; 3], Some(&masks), Mode::Explore { clock: 0 }, &mut rng, &mut actions);
        assert_eq!(actions, [0, 1, 2], "epsilon {epsilon}");
    }
}

#[test]
fn a_value_that_is_no_number_is_not_chosen() {
    let nan = f32::NAN;
    for (values, expected) in [
        ([nan, 1.0, 2.0], 2),
        ([1.0, nan, 0.5], 0),
        ([0.5, 1.0, nan], 1),
        ([nan, -1.0, nan], 1),
        ([nan, f32::NEG_INFINITY, nan], 1),
        ([nan, nan, nan], 0),
    ] {
        let counts = counts(&mut agent(&values, constant(0.0)), None, Mode::Greedy, 3);
        assert_eq!(counts[expected], 8000, "{values:?}: {counts:?}");
    }
}

/// From 0.9 to 0.1 in 80 steps, a hundredth a step.
#[test]
fn epsilon_falls_linearly_and_stays_at_its_end() {
    let epsilon = Epsilon { start: 0.9, end: 0.1, decay_steps: 80 };
    for (clock, expected) in [(0, 0.9), (1, 0.89), (20, 0.7), (40, 0.5), (60, 0.3), (79, 0.11), (80, 0.1), (200, 0.1)] {
        assert!((epsilon.at(clock) - expected).abs() < 1e-12, "{clock}: {}", epsilon.at(clock));
    }
    assert_eq!(Epsilon { decay_steps: 0, ..epsilon }.at(0), 0.1);
}

/// Two choices, half way: epsilon 0.5, so that a quarter of 8,000 actions is the worse one, sd = sqrt(8000 * 3/16) = 39.
#[test]
fn half_way_half_of_the_actions_are_random() {
    let mut agent = agent(&[0.0, 1.0], Epsilon { start: 1.0, end: 0.0, decay_steps: 100 });
    let counts = counts(&mut agent, None, Mode::Explore { clock: 50 }, 2);
    assert!(counts[0].abs_diff(2000) < 4 * 39, "{counts:?}");
}
