//! Toy text against literals that `tests/record/toy_text.py` prints from Gymnasium 1.4.0 (numpy 2.4).

use agilerl_env::{Env, NumpyRng, make};

/// The observations of 30 steps under fixed actions from `reset(seed=seed)`, with an unseeded reset after each end.
#[track_caller]
fn check_begun(name: &str, seed: u64, expected: &[u32]) {
    let mut env = make(name).unwrap();
    let choices = env.action_space().choices().unwrap() as u32;
    let mut obs = [f32::NAN];
    env.reset(Some(seed), &mut obs);
    let mut seen = vec![obs[0] as u32];
    for t in 0..30 {
        let step = env.step(&[(t * 7 + t / 3) % choices], &mut obs);
        seen.push(obs[0] as u32);
        if step.ended() {
            env.reset(None, &mut obs);
            seen.push(obs[0] as u32);
        }
    }
    assert_eq!(seen, expected, "{name}, seed {seed}");
}

#[test]
fn seeded_episodes_are_gymnasiums() {
    #[rustfmt::skip]
    check_begun("FrozenLake8x8-v1", 0, &[0, 0, 1, 9, 1, 2, 1, 9, 1, 1, 1, 0, 8, 0, 0, 8, 0, 8, 0, 0, 1, 9, 1, 9, 8, 8, 8, 0, 0, 8, 16]);
    #[rustfmt::skip]
    check_begun("FrozenLake8x8-v1", 1, &[0, 8, 9, 1, 9, 17, 25, 24, 16, 24, 16, 24, 16, 24, 25, 26, 34, 42, 0, 0, 8, 9, 10, 2, 3, 11, 10, 11, 19, 0, 1, 0, 0]);
    #[rustfmt::skip]
    check_begun("CliffWalking-v1", 0, &[36, 24, 24, 36, 36, 36, 24, 12, 12, 24, 36, 36, 24, 12, 12, 24, 36, 36, 24, 12, 12, 24, 36, 36, 24, 12, 12, 24, 36, 36, 24]);
    #[rustfmt::skip]
    check_begun("CliffWalkingSlippery-v1", 0, &[36, 36, 36, 36, 36, 36, 24, 25, 24, 24, 24, 12, 13, 12, 0, 1, 0, 1, 0, 0, 12, 13, 12, 13, 1, 1, 1, 0, 0, 1, 2]);
    #[rustfmt::skip]
    check_begun("CliffWalkingSlippery-v1", 1, &[36, 36, 36, 36, 36, 36, 36, 24, 24, 25, 24, 25, 24, 25, 36, 36, 36, 36, 36, 36, 24, 25, 36, 36, 36, 36, 36, 36, 36, 36, 24]);
    #[rustfmt::skip]
    check_begun("Taxi-v3", 0, &[314, 414, 314, 314, 314, 314, 414, 414, 414, 414, 414, 314, 314, 314, 314, 414, 414, 414, 414, 414, 314, 314, 314, 314, 414, 414, 414, 414, 414, 314, 314]);
    #[rustfmt::skip]
    check_begun("Taxi-v3", 1, &[252, 352, 252, 272, 272, 272, 372, 392, 372, 372, 472, 372, 392, 392, 392, 492, 492, 472, 476, 476, 376, 396, 396, 396, 496, 496, 476, 476, 476, 376, 396]);
}

/// Everything that 50,000 steps under drawn actions return, masks included, mixed into one number; and the sum of the
/// rewards. Where there is a mask every other action is drawn from the legal ones.
#[track_caller]
fn check_digest(name: &str, expected: u64, expected_total: f64) {
    let mut env = make(name).unwrap();
    let choices = env.action_space().choices().unwrap() as i64;
    let mut draws = NumpyRng::new(8);
    let (mut mixed, mut total) = (0xcbf2_9ce4_8422_2325_u64, 0.0);
    let mut mix = |number: i64| mixed = (mixed ^ number as u64).wrapping_mul(0x100_0000_01b3);
    let mut obs = [f32::NAN];
    env.reset(Some(7), &mut obs);
    mix(obs[0] as i64);
    for t in 0..50_000 {
        let action = match env.action_mask() {
            Some(mask) if t % 2 == 0 => {
                let legal: Vec<i64> = (0..choices).filter(|&action| mask[action as usize]).collect();
                legal[draws.integers(0, legal.len() as i64) as usize]
            }
            _ => draws.integers(0, choices),
        };
        let step = env.step(&[action as u32], &mut obs);
        for number in [obs[0] as i64, step.reward as i64, i64::from(step.terminated), i64::from(step.truncated)] {
            mix(number);
        }
        for &legal in env.action_mask().unwrap_or_default() {
            mix(i64::from(legal));
        }
        total += step.reward;
        if step.ended() {
            env.reset(None, &mut obs);
            mix(obs[0] as i64);
        }
    }
    assert_eq!((mixed, total), (expected, expected_total), "{name}");
}

#[test]
fn fifty_thousand_steps_are_gymnasiums() {
    check_digest("FrozenLake-v1", 0x025d_c6bf_6baa_eb79, 76.0);
    check_digest("FrozenLakeNotSlippery-v1", 0x3b5c_5638_caef_e32a, 89.0);
    check_digest("FrozenLake8x8-v1", 0x325e_2fe1_1ce3_94c5, 7.0);
    check_digest("FrozenLake8x8NotSlippery-v1", 0xe280_e54d_5855_ee8d, 7.0);
    check_digest("CliffWalking-v1", 0x8245_5fd2_b64e_89b5, -519_062.0);
    check_digest("CliffWalkingSlippery-v1", 0x890b_1eae_d17f_6bc6, -495_500.0);
    check_digest("Taxi-v3", 0xa1f8_044c_2899_be9b, -122_870.0);
    check_digest("Taxi-v4", 0xa1f8_044c_2899_be9b, -122_870.0);
}

/// The mask is a recommendation, as in Gymnasium: what it forbids costs, and changes nothing.
#[test]
fn a_masked_action_of_the_taxi_changes_nothing() {
    let mut env = make("Taxi-v4").unwrap();
    let mut obs = [0.0];
    env.reset(Some(0), &mut obs);
    for (action, reward) in [(2, -1.0), (3, -1.0), (4, -10.0), (5, -10.0)] {
        assert!(!env.action_mask().unwrap()[action as usize]);
        assert_eq!((env.step(&[action], &mut obs).reward, obs), (reward, [314.0]));
    }
}
