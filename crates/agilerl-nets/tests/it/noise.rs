//! Mutation of weights.

use agilerl_nets::{MlpSpec, ParameterNoise};
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
