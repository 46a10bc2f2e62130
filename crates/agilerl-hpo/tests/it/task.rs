//! The numbers of a round and of an evaluation.

use agilerl_hpo::{Evaluation, RoundStats};

#[test]
fn the_numbers_of_two_rounds_add_up_each_to_its_own() {
    let round = |n: f64| RoundStats {
        env_steps: n as u64,
        updates: 2 * n as u64,
        episodes: 3 * n as u64,
        return_sum: 4.0 * n,
        metrics: [("loss", 5.0 * n), ("grad_norm", 7.0 * n)].into(),
    };
    let mut sum = round(1.0);
    sum.add(&round(10.0));
    assert_eq!(sum, round(11.0));
}

#[test]
fn the_spread_is_the_standard_deviation_of_all_returns() {
    let evaluation = Evaluation { returns: vec![2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], env_steps: 0, cut: 0 };
    // Their mean is 5; the squares of the distances sum to 32, and 32 / 8 is 4.
    assert_eq!((evaluation.mean(), evaluation.spread()), (5.0, 2.0));
    assert!(Evaluation::default().mean().is_nan());
}
