//! Networks whose head reads extra numbers behind the features, as a critic reads an action.

use std::collections::BTreeSet;

use agilerl_nets::{
    Activation, ConvSpec, Growth, HostNet, HostNetPass, MlpSpec, NetMorph, NetMutation, NetSpec, Weights,
};
#[cfg(feature = "burn")]
use burn::tensor::{Tensor, TensorData};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::cnn;
#[cfg(feature = "burn")]
use crate::flex;
use crate::host_pass::in_f64;

/// Extra numbers of the networks below.
const EXTRA: usize = 3;

/// The spec with a head that reads extra numbers.
fn with_extra(spec: NetSpec, extra: usize) -> NetSpec {
    let mut spec = NetSpec { extra, ..spec };
    spec.fit_head().unwrap();
    spec
}

/// Every activation, with and without an encoder.
fn specs() -> impl Iterator<Item = NetSpec> {
    Activation::ALL.into_iter().flat_map(|activation| {
        let head = MlpSpec { activation, dueling: true, output_scale: 1.0, ..MlpSpec::new(4 + EXTRA, &[17], 2) };
        [NetSpec { encoder: None, head, extra: EXTRA }, with_extra(cnn::spec(activation, false), EXTRA)]
    })
}

fn numbers(count: usize, rng: &mut impl Rng) -> Vec<f32> {
    (0..count).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect()
}

fn values(spec: &NetSpec, weights: &Weights, rows: &[u8], extra: &[f32]) -> Vec<f32> {
    HostNet::new(spec, weights).forward_with(rows, extra).to_vec()
}

/// relu(1 * 1 + 2 * 2 + 3 * 3 - 1) = 13, and 13 * 0.5 + 1 = 7.5. The extra number counts 3 * 0.5.
#[test]
fn a_small_critic_by_hand() {
    let spec = NetSpec { encoder: None, head: MlpSpec::new(2 + 1, &[1], 1), extra: 1 };
    let weights = Weights::new(spec.layout(), vec![1.0, 2.0, 3.0, -1.0, 0.5, 1.0]);
    assert_eq!(values(&spec, &weights, &[1, 2], &[3.0]), [7.5]);
    assert_eq!(HostNet::new(&spec, &weights).forward_with(&[1.0_f32, 2.0], &[3.0]), [7.5]);
    let (mut pass, mut gradient) = (HostNetPass::new(&spec), vec![f32::NAN; 6]);
    assert_eq!(pass.forward_with(weights.values(), &[1.0_f32, 2.0], &[3.0]), [7.5]);
    assert_eq!(pass.backward(weights.values(), &[1.0], &mut gradient), [1.5]);
    assert_eq!(gradient, [0.5, 1.0, 1.5, 0.5, 13.0, 1.0]);
}

/// Two images, whose only place is relu(1 + 2 * 4 - 1) = 8 and relu(2 * 1 - 1) = 1; with two extra numbers each
/// relu(0.5 * 8 + 5 - 6 + 1) = 4 and relu(0.5 * 1 + 0 - 0 + 1) = 1.5; then 2 * 4 - 3 = 5 and 2 * 1.5 - 3 = 0. The extra numbers
/// count 2 * 1 and 2 * -1, in the second row 10 times as much.
#[test]
fn a_small_critic_of_images_by_hand() {
    let mut spec = with_extra(cnn::small([1, 2, 2], 1, 2), 2);
    spec.head.hidden = vec![1];
    let flat = vec![1.0, 0.0, 0.0, 2.0, -1.0, 0.5, 1.0, -1.0, 1.0, 2.0, -3.0];
    let weights = Weights::new(spec.layout(), flat);
    let (images, extra) = ([1, 2, 3, 4, 0, 0, 0, 1], [5.0, 6.0, 0.0, 0.0]);
    assert_eq!(values(&spec, &weights, &images, &extra), [5.0, 0.0]);
    let (mut pass, mut gradient) = (HostNetPass::new(&spec), vec![f32::NAN; 11]);
    assert_eq!(pass.forward_with(weights.values(), &images, &extra), [5.0, 0.0]);
    assert_eq!(pass.backward(weights.values(), &[1.0, 10.0], &mut gradient), [2.0, -2.0, 20.0, -20.0]);
    // Of the head's first row: 2 * 8 + 20 * 1, 2 * 5 and 2 * 6; its bias 2 + 20.
    assert_eq!(gradient[5..9], [36.0, 10.0, 12.0, 22.0]);
}

/// The features, as a network gives them out whose head passes them on.
fn features(spec: &NetSpec, weights: &Weights, rows: &[u8]) -> Vec<f32> {
    let Some(encoder) = spec.encoder.clone() else { return rows.iter().copied().map(f32::from).collect() };
    let count = encoder.features().unwrap();
    let head = MlpSpec { activation: Activation::Linear, ..MlpSpec::new(count, &[count], count) };
    let mut flat = head_and_encoder(spec, weights).1.to_vec();
    for _ in 0..2 {
        flat.extend((0..count * count).map(|i| if i % (count + 1) == 0 { 1.0 } else { 0.0 }));
        flat.extend(vec![0.0; count]);
    }
    let passes_on = NetSpec { encoder: Some(encoder), head, extra: 0 };
    HostNet::new(&passes_on, &Weights::new(passes_on.layout(), flat)).forward(rows).to_vec()
}

fn head_and_encoder<'a>(spec: &NetSpec, weights: &'a Weights) -> (Weights, &'a [f32]) {
    let layout = spec.head.layout();
    let (encoder, head) = weights.values().split_at(weights.values().len() - layout.len());
    (Weights::new(layout, head.to_vec()), encoder)
}

/// Of the head in `f64`, whose features are those of the network.
#[test]
fn the_gradient_of_extra_numbers_is_that_of_finite_differences() {
    const STEP: f64 = 1e-6;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for spec in specs() {
        let weights = cnn::trained(&spec, &mut rng);
        let (rows, extra) = (cnn::pixels(4, &spec, &mut rng), numbers(4 * EXTRA, &mut rng));
        let factors = numbers(4 * spec.outputs(), &mut rng);
        let (mut pass, mut gradient) = (HostNetPass::new(&spec), vec![f32::NAN; weights.values().len()]);
        pass.forward_with(weights.values(), &rows, &extra);
        let found = pass.backward(weights.values(), &factors, &mut gradient).to_vec();
        assert_eq!(found.len(), extra.len(), "{spec}");

        let width = spec.head.inputs;
        let features = features(&spec, &weights, &rows);
        let joined =
            features.chunks(width - EXTRA).zip(extra.chunks(EXTRA)).flat_map(|(row, more)| [row, more].concat());
        let mut joined: Vec<f64> = joined.map(f64::from).collect();
        let (head, _) = head_and_encoder(&spec, &weights);
        let flat: Vec<f64> = head.values().iter().copied().map(f64::from).collect();
        for (index, &found) in found.iter().enumerate() {
            let place = index / EXTRA * width + width - EXTRA + index % EXTRA;
            let x = joined[place];
            let mut at = |x| {
                joined[place] = x;
                let values = in_f64(&spec.head, &head, &flat, &joined);
                values.iter().zip(&factors).map(|(value, &factor)| value * f64::from(factor)).sum::<f64>()
            };
            let expected = (at(x + STEP) - at(x - STEP)) / (2.0 * STEP);
            at(x);
            let error = (f64::from(found) - expected).abs();
            assert!(error < 1e-4 * (1.0 + expected.abs()), "{spec}: number {index}: {found} for {expected}");
        }
    }
}

/// With zeros in the columns that hear them: then nothing else differs from the network without them, to the bit.
#[test]
fn extra_numbers_that_are_not_heard_change_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for spec in specs() {
        let mut plain = NetSpec { extra: 0, ..spec.clone() };
        plain.head.inputs -= EXTRA;
        let without = cnn::trained(&plain, &mut rng);
        let mut with = Weights::zeros(spec.layout());
        for (entry, values) in without.iter() {
            let into = with.get_mut(&entry.name).unwrap();
            match entry.name.as_str() {
                "hidden.0.weight" => {
                    for (into, row) in into.chunks_mut(spec.head.inputs).zip(values.chunks(plain.head.inputs)) {
                        into[..row.len()].copy_from_slice(row);
                    }
                }
                _ => into.copy_from_slice(values),
            }
        }
        let (rows, extra) = (cnn::pixels(5, &spec, &mut rng), numbers(5 * EXTRA, &mut rng));
        let factors = numbers(5 * spec.outputs(), &mut rng);
        let expected = HostNet::new(&plain, &without).forward(&rows).to_vec();
        assert_eq!(values(&spec, &with, &rows, &extra), expected, "{spec}");

        let [mut pass, mut plain_pass] = [&spec, &plain].map(HostNetPass::new);
        let expected = plain_pass.forward(without.values(), &rows).to_vec();
        assert_eq!(pass.forward_with(with.values(), &rows, &extra), expected, "{spec}");
        let mut gradients = [&with, &without].map(|weights| vec![f32::NAN; weights.values().len()]);
        assert!(plain_pass.backward(without.values(), &factors, &mut gradients[1]).is_empty(), "{spec}");
        pass.backward(with.values(), &factors, &mut gradients[0]);
        let [found, expected] = gradients;
        let (found, expected) = (Weights::new(spec.layout(), found), Weights::new(plain.layout(), expected));
        for (entry, expected) in expected.iter() {
            let mut found = found.get(&entry.name).unwrap().to_vec();
            if entry.name == "hidden.0.weight" {
                found = found.chunks(spec.head.inputs).flat_map(|row| row[..plain.head.inputs].to_vec()).collect();
            }
            assert_eq!(found, expected, "{spec}: {}", entry.name);
        }
    }
}

/// Values, the gradient of the weights and that of the extra numbers.
#[cfg(feature = "burn")]
#[test]
fn host_and_burn_agree_on_networks_with_extra_numbers() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for spec in specs() {
        let weights = cnn::trained(&spec, &mut rng);
        let (rows, extra) = (cnn::pixels(6, &spec, &mut rng), numbers(6 * EXTRA, &mut rng));
        let factors = numbers(6 * spec.outputs(), &mut rng);
        let (mut pass, mut gradient) = (HostNetPass::new(&spec), vec![f32::NAN; weights.values().len()]);
        let host_values = pass.forward_with(weights.values(), &rows, &extra).to_vec();
        let at_extra = pass.backward(weights.values(), &factors, &mut gradient).to_vec();
        let what = spec.to_string();
        cnn::check_close(&what, &values(&spec, &weights, &rows, &extra), &host_values);

        let tensor = |values: &[f32]| {
            Tensor::<3>::from_data(TensorData::new(values.to_vec(), [1, 6, values.len() / 6]), &flex()).autodiff()
        };
        let read = |data: TensorData| data.try_into_vec::<f32>().unwrap();
        let flat = Tensor::<1>::from_data(TensorData::from(weights.values()), &flex()).autodiff().require_grad();
        let on_burn = tensor(&extra).require_grad();
        let rows: Vec<f32> = rows.into_iter().map(f32::from).collect();
        let parameters = spec.split(&flat.clone().unsqueeze());
        let burn_values = spec.forward_with(&parameters, tensor(&rows), Some(on_burn.clone()));
        cnn::check_close(&what, &host_values, &read(burn_values.clone().into_data()));
        let gradients = (burn_values * tensor(&factors)).sum().backward();
        cnn::check_close(&what, &gradient, &read(flat.grad(&gradients).unwrap().into_data()));
        cnn::check_close(&what, &at_extra, &read(on_burn.grad(&gradients).unwrap().into_data()));
    }
}

#[test]
fn growth_keeps_the_function_of_networks_with_extra_numbers() {
    let mutations = [
        NetMutation::AddLayer,
        NetMutation::AddNodes { layer: 0, count: 16 },
        NetMutation::AddConv,
        NetMutation::AddChannels { layer: 0, count: 5 },
        NetMutation::AddChannels { layer: 1, count: 8 },
        NetMutation::ChangeKernel { layer: 0, kernel: 5 },
    ];
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut grown = BTreeSet::new();
    for spec in specs() {
        let weights = cnn::trained(&spec, &mut rng);
        let (rows, extra) = (cnn::pixels(8, &spec, &mut rng), numbers(8 * EXTRA, &mut rng));
        let before = values(&spec, &weights, &rows, &extra);
        for (i, mutation) in mutations.iter().enumerate() {
            let Some(morph) = NetMorph::plan(&spec, mutation, &weights, Growth::Preserving) else { continue };
            let new = morph.weights(&weights, &mut rng);
            assert_eq!((morph.to().extra, morph.to().inputs()), (EXTRA, spec.inputs()));
            let change = cnn::relative_change(&before, &values(morph.to(), &new, &rows, &extra));
            assert!(change < 1e-4, "{spec} to {}: {change}", morph.to());
            grown.insert((spec.encoder.is_some(), i));
        }
    }
    assert_eq!(grown.len(), 2 + 6, "the head alone has two of them: {grown:?}");
}

/// Without an activation a convolution folds into the head exactly, also where the head hears more than its features.
#[test]
fn a_linear_convolution_that_goes_leaves_extra_numbers_alone() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut spec = cnn::spec(Activation::Linear, false);
    spec.encoder.as_mut().unwrap().convs[1] = ConvSpec { padding: 2, ..ConvSpec::new(9, 3, 2) };
    let spec = with_extra(spec, EXTRA);
    let weights = cnn::trained(&spec, &mut rng);
    let (rows, extra) = (cnn::pixels(8, &spec, &mut rng), numbers(8 * EXTRA, &mut rng));
    let morph = NetMorph::plan(&spec, &NetMutation::RemoveConv, &weights, Growth::Preserving).unwrap();
    let new = morph.weights(&weights, &mut rng);
    let after = values(morph.to(), &new, &rows, &extra);
    let change = cnn::relative_change(&values(&spec, &weights, &rows, &extra), &after);
    assert!(change < 1e-4, "{change}");
    assert_eq!(columns(&spec, &weights), columns(morph.to(), &new));
}

/// The weights of the extra numbers, or their moments.
fn columns(spec: &NetSpec, weights: &Weights) -> Vec<f32> {
    let rows = weights.get("hidden.0.weight").unwrap().chunks(spec.head.inputs);
    rows.flat_map(|row| row[row.len() - spec.extra..].to_vec()).collect()
}

#[test]
fn moments_of_extra_numbers_stay_behind_the_features() {
    let spec = with_extra(cnn::spec(Activation::Relu, false), EXTRA);
    let weights = spec.init(&mut ChaCha8Rng::seed_from_u64(6));
    let moments = Weights::new(spec.layout(), (0..spec.layout().len()).map(|i| 1.0 + i as f32).collect());
    for mutation in [
        NetMutation::AddChannels { layer: 1, count: 3 },
        NetMutation::RemoveChannels { layer: 1, count: 1 },
        NetMutation::AddConv,
        NetMutation::RemoveConv,
    ] {
        let morph = NetMorph::plan(&spec, &mutation, &weights, Growth::Preserving).unwrap();
        let new = morph.moments(&moments);
        assert_eq!(columns(morph.to(), &new), columns(&spec, &moments), "{mutation:?}");
        assert_eq!(new.get("hidden.0.bias"), moments.get("hidden.0.bias"), "{mutation:?}");
        let matrix = new.get("hidden.0.weight").unwrap();
        let carried = matrix.iter().filter(|moment| **moment > 0.0).count();
        // The last map has 5 * 4 places of 9 channels; a folded convolution leaves no moment of the features.
        let features = match mutation {
            NetMutation::RemoveChannels { .. } => 8 * 20,
            NetMutation::RemoveConv => 0,
            _ => 9 * 20,
        };
        assert_eq!(carried, 17 * (features + EXTRA), "{mutation:?}");
    }
    let random = NetMorph::plan(&spec, &NetMutation::AddConv, &weights, Growth::Random).unwrap();
    assert_eq!(random.moments(&moments), Weights::zeros(random.to().layout()), "with random growth Adam starts afresh");
}

/// One place for each of two channels. The head hears the second channel more; a hundredfold it hears an extra number.
#[test]
fn channels_do_not_matter_more_for_what_is_heard_of_extra_numbers() {
    let spec = with_extra(cnn::small([1, 3, 3], 2, 3), 2);
    let mut weights = Weights::new(spec.layout(), vec![1.0; spec.layout().len()]);
    for row in weights.get_mut("hidden.0.weight").unwrap().chunks_mut(4) {
        row.copy_from_slice(&[1.0, 2.0, 100.0, 0.0]);
    }
    let mutation = NetMutation::RemoveChannels { layer: 0, count: 1 };
    let morph = NetMorph::plan(&spec, &mutation, &weights, Growth::Preserving).unwrap();
    let new = morph.weights(&weights, &mut ChaCha8Rng::seed_from_u64(7));
    assert_eq!(new.get("hidden.0.weight").unwrap()[..3], [2.0, 100.0, 0.0]);
}

#[test]
fn a_hundred_mutations_in_a_row_keep_the_extra_numbers() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for mut spec in [specs().next().unwrap(), specs().nth(1).unwrap()] {
        spec.head.limits.max_nodes = 64;
        if let Some(encoder) = &mut spec.encoder {
            (encoder.limits.max_channels, encoder.limits.max_layers) = (40, 3);
        }
        let mut weights = spec.init(&mut rng);
        let mut done = 0;
        for _ in 0..100 {
            let mutation = spec.draw(0.4, &mut rng);
            let Some(morph) = NetMorph::plan(&spec, &mutation, &weights, Growth::Preserving) else { continue };
            weights = morph.weights(&weights, &mut rng);
            spec = morph.to().clone();
            assert!(spec.validate().is_ok() && spec.extra == EXTRA, "{spec}");
            done += 1;
        }
        assert!(done > 20, "only {done} of 100 draws were allowed");
        let values = values(&spec, &weights, &cnn::pixels(2, &spec, &mut rng), &numbers(2 * EXTRA, &mut rng));
        assert!(values.iter().all(|value| value.is_finite()));
    }
}

#[test]
fn a_number_of_extra_numbers_that_cannot_be_is_refused() {
    #[track_caller]
    fn check(spec: &NetSpec, expected: &str) {
        let message = spec.validate().unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    }
    let [numbers, images] = [specs().next().unwrap(), specs().nth(1).unwrap()];
    assert!(numbers.validate().is_ok() && images.validate().is_ok());
    check(&NetSpec { extra: 7, ..numbers.clone() }, "extra = 7; must be less than head.inputs, 7");
    assert!(NetSpec { extra: 6, ..numbers }.validate().is_ok(), "one number of the observation is left");
    check(&NetSpec { extra: 2, ..images.clone() }, "head.inputs = 183; the last map, [9, 5, 4], has 180 numbers");
    check(&NetSpec { extra: 2, ..images.clone() }, "and 2 are extra");
    check(&NetSpec { extra: usize::MAX, ..images }, "head.inputs = 183");
}

#[test]
fn the_number_of_extra_numbers_is_saved_unless_it_is_zero() {
    for spec in specs() {
        let json = serde_json::to_string(&spec).unwrap();
        assert!(json.ends_with(r#","extra":3}"#), "{json}");
        assert_eq!(serde_json::from_str::<NetSpec>(&json).unwrap(), spec);
    }
    let plain = serde_json::to_string(&NetSpec::from(MlpSpec::new(4, &[16], 2))).unwrap();
    assert!(!plain.contains("extra") && !plain.contains("encoder"), "{plain}");
}

#[test]
#[should_panic(expected = "2 numbers are not rows of 3")]
fn too_few_extra_numbers_are_a_bug() {
    let spec = specs().next().unwrap();
    let weights = spec.init(&mut ChaCha8Rng::seed_from_u64(9));
    HostNet::new(&spec, &weights).forward_with(&[0.0; 4], &[0.0; 2]);
}

#[test]
#[should_panic(expected = "0 numbers are not rows of 3")]
fn a_pass_without_the_extra_numbers_is_a_bug() {
    let spec = specs().next().unwrap();
    let weights = spec.init(&mut ChaCha8Rng::seed_from_u64(10));
    HostNetPass::new(&spec).forward(weights.values(), &[0.0; 4]);
}
