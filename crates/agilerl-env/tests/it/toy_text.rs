//! Toy text against literals that `tests/record/toy_text.py` prints from Gymnasium 1.4.0 (numpy 2.4).

use agilerl_env::{CliffWalking, Env, EnvError, FrozenLake, NumpyRng, Taxi, encode_state, make};
use serde::Serialize;

/// The observations of 30 steps under fixed actions from `reset(seed=seed)`, with an unseeded reset after each end.
#[track_caller]
fn check_begun(name: &str, seed: u64, expected: &[u32]) {
    let mut env = make::<f32, u32>(name).unwrap();
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
    let mut env = make::<f32, u32>(name).unwrap();
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
    let mut env = make::<f32, u32>("Taxi-v4").unwrap();
    let mut obs = [0.0];
    env.reset(Some(0), &mut obs);
    for (action, reward) in [(2, -1.0), (3, -1.0), (4, -10.0), (5, -10.0)] {
        assert!(!env.action_mask().unwrap()[action as usize]);
        assert_eq!((env.step(&[action], &mut obs).reward, obs), (reward, [314.0]));
    }
}

/// Each number by itself is one beyond the last.
#[test]
fn a_saved_place_that_is_not_on_the_map_is_refused() {
    #[track_caller]
    fn check(name: &str, place: impl Serialize) {
        let bytes = encode_state(name, &(NumpyRng::new(0), Some(place))).unwrap();
        let error = make_bare(name).restore(&bytes).unwrap_err();
        assert!(matches!(error, EnvError::BadState { .. }), "{name}: {error}");
    }
    check("FrozenLake-v1", 16_usize);
    check("FrozenLake8x8-v1", 64_usize);
    check("CliffWalking-v1", 48_usize);
    for place in [[5_usize, 0, 0, 0], [0, 5, 0, 0], [0, 0, 5, 0], [0, 0, 0, 4]] {
        let [row, column, passenger, destination] = place;
        check("Taxi-v3", (row, column, passenger, destination));
    }
}

fn make_bare(name: &str) -> Box<dyn Env<Obs = f32, Action = u32>> {
    match name {
        "FrozenLake-v1" => Box::new(FrozenLake::new(true)),
        "FrozenLake8x8-v1" => Box::new(FrozenLake::large(true)),
        "CliffWalking-v1" => Box::new(CliffWalking::new(false)),
        _ => Box::new(Taxi::v3()),
    }
}

#[test]
fn a_restored_taxi_has_the_mask_of_its_place() {
    let (mut one, mut other, mut obs) = (Taxi::v3(), Taxi::v3(), [0.0]);
    one.reset(Some(0), &mut obs);
    other.restore(&one.save().unwrap()).unwrap();
    assert_eq!(other.action_mask(), one.action_mask());
    assert_ne!(other.action_mask(), Taxi::v3().action_mask());
}

/// Gymnasium's table of transitions: from a goal or a hole nothing leads away, and nothing is paid.
#[test]
fn the_goal_pays_once() {
    let (mut env, mut obs) = (FrozenLake::with_map(&["SG"], false), [0.0]);
    env.reset(Some(0), &mut obs);
    let steps = [(); 2].map(|()| env.step(&[2], &mut obs));
    assert_eq!(steps.map(|step| (step.reward, step.terminated)), [(1.0, true), (0.0, true)]);
}
