//! Mutation of weights.

use agilerl_nets::{MlpSpec, ParameterNoise, Weights};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[test]
fn noise_is_relative_and_touches_biases_too() {
    let spec = MlpSpec::new(8, &[64, 64], 4);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let noise = ParameterNoise { super_share: 0.0, reset_share: 0.0, ..Default::default() };
    let before = spec.init(&mut rng);
    let (mut touched, mut total, mut square) = (std::collections::BTreeSet::new(), 0, 0.0);
    for _ in 0..50 {
        let mut after = before.clone();
        let changed = noise.apply(0.1, &mut after, &mut rng);
        let mut count = 0;
        for ((entry, old), (_, new)) in before.iter().zip(after.iter()) {
            for (old, new) in old.iter().zip(new).filter(|(old, new)| old != new) {
                touched.insert(entry.name.clone());
                count += 1;
                square += f64::from((new - old) / old).powi(2);
            }
        }
        assert_eq!(changed, count, "the number reported is the number changed");
        total += count;
    }
    assert_eq!(touched.len(), spec.layout().entries().len(), "every parameter is a candidate: {touched:?}");
    let sd = (square / f64::from(total as u32)).sqrt();
    assert!((sd - 0.1).abs() < 0.005, "relative noise of {sd}, not 0.1");
}

#[test]
fn what_is_drawn_anew_has_the_size_of_its_neighbours() {
    let spec = MlpSpec::new(8, &[64, 64], 4);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let noise = ParameterNoise { share: 1.0, super_share: 0.0, reset_share: 1.0, ..Default::default() };
    let before = spec.init(&mut rng);
    let rms = |values: &[f32]| (values.iter().map(|w| w * w).sum::<f32>() / values.len() as f32).sqrt();
    for _ in 0..20 {
        let mut after = before.clone();
        noise.apply(0.1, &mut after, &mut rng);
        let (old, new) = (before.get("hidden.1.weight").unwrap(), after.get("hidden.1.weight").unwrap());
        assert!((rms(new) / rms(old) - 1.0).abs() < 0.1, "{} became {}", rms(old), rms(new));
    }
}

#[test]
fn no_share_changes_nothing_and_says_so() {
    let spec = MlpSpec::new(8, &[64, 64], 4);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let before = spec.init(&mut rng);
    let mut after = before.clone();
    assert_eq!(ParameterNoise { share: 0.0, ..Default::default() }.apply(0.1, &mut after, &mut rng), 0);
    assert_eq!(before, after);
}

#[test]
fn the_default_shares_and_sizes_are_agilerls() {
    let expected = ParameterNoise { share: 0.1, super_share: 0.05, super_sd: 10.0, reset_share: 0.05 };
    assert_eq!(ParameterNoise::default(), expected);
}

/// Weights of 1, so that noise relative to a weight is noise as it is: of ten, three take noise of 10, three are drawn anew with
/// the size of their neighbours, 1, and four keep their value but for a millionth. The mean square of those that moved is
/// (3 (1 + 100) + 3 * 1) / 6 = 51.
#[test]
fn large_and_new_weights_have_their_shares_and_their_sizes() {
    let spec = MlpSpec::new(64, &[64], 4);
    let ones = Weights::new(spec.layout(), vec![1.0; spec.layout().len()]);
    let noise = ParameterNoise { share: 1.0, super_share: 0.3, super_sd: 10.0, reset_share: 0.3 };
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let (mut all, mut moved, mut square) = (0, 0, 0.0);
    for _ in 0..20 {
        let mut after = ones.clone();
        noise.apply(1e-6, &mut after, &mut rng);
        for (_, values) in after.iter().filter(|(_, values)| values.iter().any(|w| (w - 1.0).abs() > 0.1)) {
            all += values.len() as u32;
            for w in values.iter().filter(|w| (**w - 1.0).abs() > 1e-4) {
                (moved, square) = (moved + 1, square + f64::from(w * w));
            }
        }
    }
    let (share, square) = (f64::from(moved) / f64::from(all), square / f64::from(moved));
    assert!((share - 0.6).abs() < 0.02, "{share} of {all} moved");
    assert!((square - 51.0).abs() < 3.0, "their mean square is {square}");
}

#[test]
fn any_number_of_parameters_can_be_chosen() {
    let spec = MlpSpec::new(8, &[16, 16], 4);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let before = spec.init(&mut rng);
    let noise = ParameterNoise { share: 1.0, ..Default::default() };
    let mut counts = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let mut after = before.clone();
        noise.apply(0.1, &mut after, &mut rng);
        counts.insert(before.iter().zip(after.iter()).filter(|(old, new)| old.1 != new.1).count());
    }
    assert_eq!(counts, (1..=6).collect());
}
