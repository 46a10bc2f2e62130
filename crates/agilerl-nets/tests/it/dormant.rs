//! Units that no longer take part.

use agilerl_nets::{Activation, Dormant, MlpSpec, NetSpec, Weights};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::cnn;
use crate::forward::{rows, specs, trained, values};

/// The dormant units of a perceptron.
fn find(spec: &MlpSpec, weights: &Weights, rows: &[f32], tau: f64) -> Dormant {
    Dormant::find(&NetSpec::from(spec), weights, rows, tau)
}

/// Nodes say 1, 0.1, 0 and 2.9 whatever they see: 4 in all, so 1 on average.
fn four_nodes() -> (MlpSpec, Weights) {
    let mut spec = MlpSpec::new(1, &[4], 1);
    spec.limits.min_nodes = 1;
    let flat = vec![0.0, 0.0, 0.0, 0.0, 1.0, 0.1, -5.0, 2.9, 1.0, 2.0, 3.0, 4.0, 0.0];
    let weights = Weights::new(spec.layout(), flat);
    (spec, weights)
}

#[test]
fn a_unit_is_dormant_up_to_tau_times_the_mean() {
    let (spec, weights) = four_nodes();
    let found = |tau| find(&spec, &weights, &[0.5, -0.5], tau).units().to_vec();
    assert_eq!(found(0.0), [(0, 2)]);
    assert_eq!(found(0.09), [(0, 2)]);
    assert_eq!(found(0.11), [(0, 1), (0, 2)]);
}

/// Nodes say -10, 1, 0 and 29: 10 on average, whatever the sign, and a tenth of that is 1.
#[test]
fn what_counts_is_the_size_of_what_is_said_beside_that_of_the_others() {
    let (mut spec, mut weights) = four_nodes();
    spec.activation = Activation::Linear;
    weights.get_mut("hidden.0.bias").unwrap().copy_from_slice(&[-10.0, 1.0, 0.0, 29.0]);
    let found = |tau| find(&spec, &weights, &[0.5, -0.5], tau).units().to_vec();
    assert_eq!(found(0.09), [(0, 2)]);
    assert_eq!(found(0.11), [(0, 1), (0, 2)]);
}

/// 1/sqrt(100) = 0.1.
#[test]
fn a_reset_unit_listens_as_loudly_as_a_new_one() {
    let spec = MlpSpec::new(100, &[16], 1);
    let mut weights = Weights::zeros(spec.layout());
    find(&spec, &weights, &[1.0; 100], 0.0).reset(&mut weights, &mut ChaCha8Rng::seed_from_u64(3));
    let loudest = weights.get("hidden.0.weight").unwrap().iter().fold(0_f32, |most, w| most.max(w.abs()));
    assert!(loudest <= 0.1 && loudest > 0.09, "{loudest}");
}

#[test]
fn a_reset_unit_listens_anew_and_says_nothing_yet() {
    let (spec, mut weights) = four_nodes();
    let mut moments = Weights::new(spec.layout(), vec![1.0; spec.layout().len()]);
    let dormant = find(&spec, &weights, &[0.5, -0.5], 0.0);
    let before = values(&spec, &weights, &[0.5, -0.5]);
    dormant.reset(&mut weights, &mut ChaCha8Rng::seed_from_u64(1));
    dormant.reset_moments(&mut moments);
    assert_eq!(values(&spec, &weights, &[0.5, -0.5]), before, "what it said was nothing");
    assert_ne!(weights.get("hidden.0.weight").unwrap()[2], 0.0);
    assert!(weights.get("hidden.0.bias").unwrap()[2].abs() <= 1.0);
    assert_eq!(weights.get("output.weight").unwrap(), [1.0, 2.0, 0.0, 4.0]);
    assert_eq!(moments.values(), [1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
}

#[test]
fn units_of_every_network_can_be_reset() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for spec in specs() {
        let mut weights = trained(&spec, &mut rng);
        let rows = rows(16, &spec, &mut rng);
        // Below the mean there is always one.
        let dormant = find(&spec, &weights, &rows, 1.0);
        assert!(!dormant.units().is_empty() && dormant.units().len() < 24 + 17, "{spec}");
        dormant.reset(&mut weights, &mut rng);
        for &(stage, node) in dormant.units().iter().filter(|(stage, _)| *stage == 1) {
            let outgoing = weights.get("output.weight").unwrap().iter().skip(node).step_by(17);
            assert!(outgoing.copied().all(|weight| weight == 0.0), "{spec}: {stage} {node}");
        }
        assert!(values(&spec, &weights, &rows).iter().all(|value| value.is_finite()));
    }
}

/// An image's only feature is relu(1 + 2 * 4 - 1) = 8, or 0 of a black one; with 5 behind it nodes say 8 and relu(-8 + 5) = 0,
/// or 0 and relu(0 + 5) = 5.
#[test]
fn units_behind_convolutions_are_those_that_the_features_and_extra_numbers_leave_silent() {
    let mut spec = NetSpec { extra: 1, ..cnn::small([1, 2, 2], 1, 2) };
    spec.head.hidden = vec![2];
    spec.fit_head().unwrap();
    let convolution = [1.0, 0.0, 0.0, 2.0, -1.0];
    let flat = [&convolution[..], &[1.0, 0.0, -1.0, 1.0, 0.0, 0.0, 3.0, 4.0, 0.5]].concat();
    let mut weights = Weights::new(spec.layout(), flat);
    let bright = [1.0, 2.0, 3.0, 4.0, 5.0];
    let black = [0.0, 0.0, 0.0, 0.0, 5.0];
    let found = |rows: &[f32]| Dormant::find(&spec, &weights, rows, 0.0);
    assert_eq!(found(&bright).units(), [(0, 1)]);
    assert_eq!(found(&black).units(), [(0, 0)]);
    assert_eq!(found(&[bright, black].concat()).units(), []);

    let dormant = found(&bright);
    let mut moments = Weights::new(spec.layout(), vec![1.0; spec.layout().len()]);
    dormant.reset(&mut weights, &mut ChaCha8Rng::seed_from_u64(4));
    dormant.reset_moments(&mut moments);
    // The convolution, the other node and what it says stay.
    assert_eq!(weights.values()[..7], [1.0, 0.0, 0.0, 2.0, -1.0, 1.0, 0.0]);
    let row = &weights.values()[7..9];
    assert!(row != [-1.0, 1.0] && row.iter().all(|w| w.abs() <= 0.5_f32.sqrt()), "{row:?}");
    assert_eq!(weights.get("output.weight").unwrap(), [3.0, 0.0]);
    assert_eq!(moments.values(), [[1.0; 7].as_slice(), &[0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]].concat());
}

#[test]
#[should_panic(expected = "7 numbers are not rows of 4")]
fn half_an_image_is_a_bug() {
    let spec = cnn::small([1, 2, 2], 1, 2);
    Dormant::find(&spec, &Weights::zeros(spec.layout()), &[0.0; 7], 0.0);
}

/// A shift of -10 silences node 1 whatever it listens to: drawn anew, it needs the shift of a new node too.
#[test]
fn a_unit_that_its_normalisation_silenced_is_heard_of_again() {
    let mut spec = MlpSpec::new(2, &[4], 1);
    (spec.limits.min_nodes, spec.layer_norm) = (1, true);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut weights = spec.init(&mut rng);
    weights.get_mut("hidden.0.norm.weight").unwrap().copy_from_slice(&[2.0; 4]);
    weights.get_mut("hidden.0.norm.bias").unwrap()[1] = -10.0;
    let rows = [0.5, -0.5, 1.0, 2.0, -1.0, 0.3];
    let dormant = find(&spec, &weights, &rows, 0.0);
    assert_eq!(dormant.units(), [(0, 1)]);
    let mut moments = Weights::new(spec.layout(), vec![1.0; spec.layout().len()]);
    dormant.reset(&mut weights, &mut rng);
    dormant.reset_moments(&mut moments);
    assert_eq!(weights.get("hidden.0.norm.weight").unwrap(), [2.0, 1.0, 2.0, 2.0]);
    assert_eq!(weights.get("hidden.0.norm.bias").unwrap(), [0.0; 4]);
    for part in ["hidden.0.norm.weight", "hidden.0.norm.bias"] {
        assert_eq!(moments.get(part).unwrap(), [1.0, 0.0, 1.0, 1.0], "{part}");
    }
}
