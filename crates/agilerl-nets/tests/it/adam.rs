//! The optimisers beyond one network: several at once, one that changes, and one without a target.

use agilerl_nets::{AdamStep, HostAdam};
#[cfg(feature = "burn")]
use {
    crate::flex,
    agilerl_nets::{Adam, Growth, MlpSpec, NetMorph, NetMutation, NetSpec, Weights},
    burn::tensor::{Tensor, TensorData},
    rand::SeedableRng,
    rand_chacha::ChaCha8Rng,
};

/// A target network that stays behind is no part of the weights' step.
#[test]
fn weights_move_alike_with_and_without_a_target() {
    let gradient: Vec<f32> = (0..9).map(|i| 0.3 * i as f32 - 1.0).collect();
    let step = AdamStep { lr: 0.1, gradient_scale: 0.5, tau: 0.01 };
    let (mut alone, mut followed) = (HostAdam::new(9), HostAdam::new(9));
    let (mut weights, mut same, mut target) = (vec![1.0; 9], vec![1.0; 9], vec![0.0; 9]);
    for _ in 0..5 {
        alone.step(&mut weights, None, &gradient, step);
        followed.step(&mut same, Some(&mut target), &gradient, step);
    }
    assert_eq!((&weights, alone.state()), (&same, followed.state()));
    // The gradient's signs are those of i - 3.33: the weights left 1 in five steps of 0.1, more or less.
    assert!(weights[0] > 1.4 && weights[8] < 0.6, "{weights:?}");
    assert!(target.iter().all(|x| *x > 0.0), "{target:?}");
}

#[test]
#[should_panic(expected = "weights, target and gradient of an optimiser for 2")]
fn a_target_of_another_length_is_a_bug() {
    let step = AdamStep { lr: 0.1, gradient_scale: 1.0, tau: 0.1 };
    HostAdam::new(2).step(&mut [0.0; 2], Some(&mut [0.0; 3]), &[0.0; 2], step);
}

#[cfg(feature = "burn")]
fn matrix(rows: &[[f32; 2]]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(rows.concat(), [rows.len(), 2]), &flex())
}

#[cfg(feature = "burn")]
#[track_caller]
fn check_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} for {expected:?}");
}

/// The first step of Adam is the rate times the gradient's sign: 1 - 0.1 and 2 + 0.1. The moments are then a tenth of the gradient
/// and a thousandth of its square.
#[cfg(feature = "burn")]
#[test]
fn of_a_stack_only_networks_with_a_rate_make_a_step() {
    let layout = MlpSpec::new(1, &[], 1).layout();
    let fresh = Adam::new(2, &flex());
    let mut other = Adam::new(2, &flex());
    for _ in 0..3 {
        other.step(matrix(&[[0.0, 0.0]]), matrix(&[[5.0, -6.0]]), &[Some(0.1)]);
    }
    let mut stack = Adam::stack(&[&fresh, &other]);
    let weights = stack.step(matrix(&[[1.0, 2.0], [3.0, 4.0]]), matrix(&[[1.0, -2.0], [7.0, 8.0]]), &[Some(0.1), None]);
    check_close(&weights.into_data().try_into_vec::<f32>().unwrap(), &[0.9, 2.1, 3.0, 4.0]);
    let (first, second, updates) = stack.of(0).state(&layout);
    check_close(first.values(), &[0.1, -0.2]);
    check_close(second.values(), &[0.001, 0.004]);
    assert_eq!(updates, 1);
    assert_eq!(stack.of(1).state(&layout), other.state(&layout));
    assert_eq!(stack.of(1).state(&layout).2, 3);
}

/// Each moment by itself, and the number of updates, by which the next one is scaled. With random growth both start afresh.
#[cfg(feature = "burn")]
#[test]
fn a_mutated_networks_optimiser_goes_on_with_its_moments_and_its_count() {
    let spec = NetSpec::from(MlpSpec::new(1, &[16], 1));
    let weights = spec.init(&mut ChaCha8Rng::seed_from_u64(1));
    let counted = |begin: u16| {
        Weights::new(spec.layout(), (0..).map(|i| f32::from(begin + i)).take(spec.layout().len()).collect())
    };
    let (first, second) = (counted(1), counted(1000));
    let wider = NetMutation::AddNodes { layer: 0, count: 4 };

    let morph = NetMorph::plan(&spec, &wider, &weights, Growth::Preserving).unwrap();
    let on_burn = Adam::from_state(&first, &second, 3, &flex());
    let (first, second, updates) = on_burn.state(&spec.layout());
    let (first, second) = (morph.moments(&first), morph.moments(&second));
    // 16 incoming weights of 1 on, and four new ones, then the biases; of the second moment from 1000 on.
    let expected = |begin: u16| (0..16).map(|i| f32::from(begin + i)).chain([0.0; 4]).collect::<Vec<_>>();
    assert_eq!(first.get("hidden.0.weight").unwrap(), expected(1));
    assert_eq!(second.get("hidden.0.bias").unwrap(), expected(1016));
    let on_burn = Adam::from_state(&first, &second, updates, &flex());
    assert_eq!(on_burn.state(&morph.to().layout()), (first.clone(), second.clone(), 3));
    let on_host = HostAdam::from_state(first.values().to_vec(), second.values().to_vec(), updates);
    assert_eq!(on_host.state(), (first.values(), second.values(), 3));

    let fresh = NetMorph::plan(&spec, &wider, &weights, Growth::Random).unwrap();
    let zeros = Weights::zeros(fresh.to().layout());
    assert_eq!(fresh.moments(&counted(1)), zeros);
}
