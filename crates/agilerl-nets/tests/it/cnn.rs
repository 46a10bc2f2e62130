//! Convolutional networks: the ways to compute them agree, and they change as perceptrons do.

use agilerl_nets::{
    Activation, ConvSpec, EncoderSpec, Growth, HostNet, HostNetPass, MlpSpec, NetMorph, NetMutation, NetSpec, Weights,
};
#[cfg(feature = "burn")]
use burn::tensor::{Tensor, TensorData};
use proptest::prelude::*;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[cfg(feature = "burn")]
use crate::flex;

/// Two convolutions with padding, stride and (the second) a gate, on images that are not square.
pub(crate) fn spec(activation: Activation, channels_last: bool) -> NetSpec {
    let convs = [
        ConvSpec { padding: 1, ..ConvSpec::new(8, 3, 2) },
        ConvSpec { padding: 1, gated: true, ..ConvSpec::new(9, 2, 1) },
    ];
    let encoder = EncoderSpec { channels_last, scale: 1.0 / 255.0, ..EncoderSpec::new([3, 7, 6], &convs) };
    let mut spec = NetSpec::with_encoder(encoder, &[17], 3);
    spec.set_activation(activation);
    spec.head.output_scale = 1.0;
    spec
}

fn encoder(spec: &mut NetSpec) -> &mut EncoderSpec {
    spec.encoder.as_mut().unwrap()
}

/// One convolution without padding, of few channels, in front of 16 nodes and one output.
pub(crate) fn small(input: [usize; 3], channels: usize, kernel: usize) -> NetSpec {
    let mut spec = NetSpec::with_encoder(EncoderSpec::new(input, &[ConvSpec::new(channels, kernel, 1)]), &[16], 1);
    encoder(&mut spec).limits.min_channels = 1;
    spec
}

fn specs() -> impl Iterator<Item = NetSpec> {
    let each = |activation| [false, true].map(|channels_last| spec(activation, channels_last));
    Activation::ALL.into_iter().flat_map(each)
}

/// Weights as after some training: gates and slopes differ from their initial values too.
pub(crate) fn trained(spec: &NetSpec, rng: &mut impl Rng) -> Weights {
    let weights = spec.init(rng);
    let noisy = weights.values().iter().map(|weight| weight + 0.2 * (rng.random::<f32>() - 0.5)).collect();
    Weights::new(spec.layout(), noisy)
}

pub(crate) fn pixels(count: usize, spec: &NetSpec, rng: &mut impl Rng) -> Vec<u8> {
    (0..count * spec.inputs()).map(|_| rng.random_range(0..=255u32) as u8).collect()
}

fn values(spec: &NetSpec, weights: &Weights, rows: &[u8]) -> Vec<f32> {
    HostNet::new(spec, weights).forward(rows).to_vec()
}

#[track_caller]
pub(crate) fn check_close(what: &str, a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() < 1e-5 * (1.0 + b.abs()), "{what}: {a} and {b}");
    }
}

/// Acting, learning and burn; bytes and the same numbers as `f32`.
#[test]
fn the_three_ways_to_compute_agree_for_every_activation() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for spec in specs() {
        let weights = trained(&spec, &mut rng);
        let bytes = pixels(5, &spec, &mut rng);
        let floats: Vec<f32> = bytes.iter().map(|&byte| f32::from(byte)).collect();
        let acting = values(&spec, &weights, &bytes);
        let what = spec.to_string();
        assert_eq!(HostNet::new(&spec, &weights).forward(&floats), acting, "{what}");
        check_close(&what, HostNetPass::new(&spec).forward(weights.values(), &bytes), &acting);
        check_close(&what, HostNetPass::new(&spec).forward(weights.values(), &floats), &acting);
        #[cfg(feature = "burn")]
        {
            check_close(&what, &spec.values_on(&weights, &bytes, &flex()), &acting);
            check_close(&what, &spec.values_on(&weights, &floats, &flex()), &acting);
        }
    }
}

/// 1 x 2 x 2 image, one kernel of 2 x 2, one place: relu(1*1 + 2*0 + 3*0 + 4*2 - 1) = 8; one node: 8 * 0.5 + 1 = 5;
/// one output: 5 * 2 - 3 = 7.
#[test]
fn a_small_network_by_hand() {
    let mut spec = small([1, 2, 2], 1, 2);
    (spec.head.hidden, spec.head.limits.min_nodes) = (vec![1], 1);
    let weights = Weights::new(spec.layout(), vec![1.0, 0.0, 0.0, 2.0, -1.0, 0.5, 1.0, 2.0, -3.0]);
    assert_eq!(values(&spec, &weights, &[1, 2, 3, 4]), [7.0]);
}

#[test]
fn images_with_channels_last_are_the_same_images() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (first, last) = (spec(Activation::Relu, false), spec(Activation::Relu, true));
    let [channels, height, width] = first.encoder.as_ref().unwrap().input;
    let weights = first.init(&mut rng);
    let image: Vec<u8> = pixels(1, &first, &mut rng);
    let mut swapped = Vec::new();
    for place in 0..height * width {
        swapped.extend((0..channels).map(|channel| image[channel * height * width + place]));
    }
    assert_eq!(values(&first, &weights, &image), values(&last, &weights, &swapped));
}

#[test]
fn a_row_does_not_depend_on_the_rows_beside_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for spec in specs() {
        let weights = trained(&spec, &mut rng);
        let rows = pixels(5, &spec, &mut rng);
        let mut pass = HostNetPass::new(&spec);
        let mut alone = [Vec::new(), Vec::new()];
        for row in rows.chunks(spec.inputs()) {
            alone[0].extend(values(&spec, &weights, row));
            alone[1].extend_from_slice(pass.forward(weights.values(), row));
        }
        let together = [values(&spec, &weights, &rows), pass.forward(weights.values(), &rows).to_vec()];
        assert_eq!(together, alone, "{spec}");
    }
}

#[cfg(feature = "burn")]
#[test]
fn gradients_are_those_of_burns_autodiff() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let device = flex();
    for spec in specs() {
        let weights = trained(&spec, &mut rng);
        let rows: Vec<f32> = pixels(6, &spec, &mut rng).into_iter().map(f32::from).collect();
        let factors: Vec<f32> = (0..6 * spec.outputs()).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect();
        let mut pass = HostNetPass::new(&spec);
        let mut gradient = vec![f32::NAN; weights.values().len()];
        pass.forward(weights.values(), &rows);
        pass.backward(weights.values(), &factors, &mut gradient);

        let flat = Tensor::<1>::from_data(TensorData::from(weights.values()), &device);
        let parameters: Vec<_> =
            spec.split(&flat.unsqueeze()).into_iter().map(|p| p.autodiff().require_grad()).collect();
        let tensor = |values: &[f32], width| {
            Tensor::<3>::from_data(TensorData::new(values.to_vec(), [1, values.len() / width, width]), &device)
        };
        let sum = (spec.forward(&parameters, tensor(&rows, spec.inputs())) * tensor(&factors, spec.outputs())).sum();
        let mut gradients = sum.backward();
        for (entry, parameter) in spec.layout().entries().iter().zip(&parameters) {
            let expected = parameter.grad_remove(&mut gradients).expect("every parameter takes part");
            let expected = expected.into_data().try_into_vec::<f32>().unwrap();
            check_close(&format!("{spec}: {}", entry.name), &gradient[entry.range()], &expected);
        }
    }
}

/// Largest difference of the values before and after, as a part of their root mean square.
pub(crate) fn relative_change(before: &[f32], after: &[f32]) -> f32 {
    let scale = (before.iter().map(|v| v * v).sum::<f32>() / before.len() as f32).sqrt();
    before.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / scale
}

fn conv_mutations() -> impl Strategy<Value = NetMutation> {
    prop_oneof![
        Just(NetMutation::AddConv),
        Just(NetMutation::RemoveConv),
        (0..3usize, 1..40usize).prop_map(|(layer, count)| NetMutation::AddChannels { layer, count }),
        (0..3usize, 1..40usize).prop_map(|(layer, count)| NetMutation::RemoveChannels { layer, count }),
        (0..3usize, 0..12usize).prop_map(|(layer, kernel)| NetMutation::ChangeKernel { layer, kernel }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn growth_keeps_the_function_of_convolutions_with_every_activation(
        seed: u64,
        which in 0..20usize,
        mutation in conv_mutations(),
    ) {
        let spec = specs().nth(which).unwrap();
        let convs = &spec.encoder.as_ref().unwrap().convs;
        let grows = match mutation {
            NetMutation::ChangeKernel { layer, kernel } => convs.get(layer).is_some_and(|conv| kernel > conv.kernel),
            mutation => mutation.name().starts_with("add"),
        };
        prop_assume!(grows && spec.apply(&mutation).is_some());
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let weights = trained(&spec, &mut rng);
        let rows = pixels(8, &spec, &mut rng);
        let morph = NetMorph::plan(&spec, &mutation, &weights, Growth::Preserving).unwrap();
        let grown = morph.weights(&weights, &mut rng);
        let change = relative_change(&values(&spec, &weights, &rows), &values(morph.to(), &grown, &rows));
        prop_assert!(change < 1e-4, "{} to {}: {}", spec, morph.to(), change);
    }

    #[test]
    fn what_the_limits_allow_can_be_done_and_the_rest_is_none(
        seed: u64,
        which in 0..20usize,
        mutation in conv_mutations(),
    ) {
        let spec = specs().nth(which).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let weights = trained(&spec, &mut rng);
        let morph = NetMorph::plan(&spec, &mutation, &weights, Growth::Preserving);
        prop_assert_eq!(morph.as_ref().map(|morph| morph.to().clone()), spec.apply(&mutation));
        if let Some(morph) = morph {
            let new = morph.weights(&weights, &mut rng);
            prop_assert_eq!(new.layout(), &morph.to().layout());
            let moments = morph.moments(&weights);
            prop_assert_eq!(moments.layout(), &morph.to().layout());
            prop_assert!(values(morph.to(), &new, &pixels(2, morph.to(), &mut rng)).iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn a_hundred_mutations_in_a_row_stay_within_the_limits(seed: u64, which in 0..20usize) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut spec = specs().nth(which).unwrap();
        // So that a hundred steps do not take minutes.
        spec.head.limits.max_nodes = 64;
        let limits = &mut encoder(&mut spec).limits;
        (limits.max_channels, limits.max_layers) = (40, 3);
        let mut weights = spec.init(&mut rng);
        let (mut done, mut names) = (0, std::collections::BTreeSet::new());
        for _ in 0..100 {
            let mutation = spec.draw(0.4, &mut rng);
            if let Some(morph) = NetMorph::plan(&spec, &mutation, &weights, Growth::Preserving) {
                let moments = morph.moments(&weights);
                weights = morph.weights(&weights, &mut rng);
                spec = morph.to().clone();
                prop_assert_eq!(weights.layout(), moments.layout());
                prop_assert!(spec.validate().is_ok());
                (done, _) = (done + 1, names.insert(mutation.name()));
            }
        }
        prop_assert!(done > 20, "only {} of 100 draws were allowed", done);
        prop_assert!(names.len() > 3, "only {:?}", names);
        prop_assert!(values(&spec, &weights, &pixels(2, &spec, &mut rng)).iter().all(|v| v.is_finite()));
    }
}

/// A network whose moments count up, and what the mutation makes of them.
fn moments_after(spec: &NetSpec, mutation: NetMutation) -> (Weights, Weights) {
    let weights = spec.init(&mut ChaCha8Rng::seed_from_u64(5));
    let moments = Weights::new(spec.layout(), (0..spec.layout().len()).map(|i| 1.0 + i as f32).collect());
    let new = NetMorph::plan(spec, &mutation, &weights, Growth::Preserving).unwrap().moments(&moments);
    (moments, new)
}

#[test]
fn moments_of_surviving_channels_go_with_them_through_the_flattening() {
    let spec = NetSpec { head: MlpSpec::new(72, &[16], 2), ..small([2, 5, 5], 8, 3) };
    let (old, new) = moments_after(&spec, NetMutation::AddChannels { layer: 0, count: 3 });
    let part = |weights: &Weights, name: &str| weights.get(name).unwrap().to_vec();
    // 8 kernels of 2 x 3 x 3, then 3 new ones; in the head 8 blocks of 3 x 3 places, then 3 new ones.
    assert_eq!(part(&new, "conv.0.weight"), [part(&old, "conv.0.weight"), vec![0.0; 3 * 18]].concat());
    for (new, old) in part(&new, "hidden.0.weight").chunks(11 * 9).zip(part(&old, "hidden.0.weight").chunks(8 * 9)) {
        assert_eq!(new, [old, &[0.0; 27]].concat());
    }
    assert_eq!(part(&new, "output.weight"), part(&old, "output.weight"));
}

#[test]
fn a_larger_kernel_has_the_old_one_in_its_centre_and_a_smaller_one_is_cut_out_of_it() {
    let spec = small([1, 6, 6], 8, 3);
    let (old, new) = moments_after(&spec, NetMutation::ChangeKernel { layer: 0, kernel: 5 });
    let kernel = new.get("conv.0.weight").unwrap()[..25].to_vec();
    let inner: Vec<f32> = (1..4).flat_map(|y| kernel[5 * y + 1..5 * y + 4].to_vec()).collect();
    assert_eq!(inner, old.get("conv.0.weight").unwrap()[..9]);
    assert_eq!(kernel.iter().filter(|x| **x == 0.0).count(), 16);
    assert_eq!(new.get("hidden.0.weight"), old.get("hidden.0.weight"), "the map has its shape still");

    let wider = spec.apply(&NetMutation::ChangeKernel { layer: 0, kernel: 5 }).unwrap();
    let (old, new) = moments_after(&wider, NetMutation::ChangeKernel { layer: 0, kernel: 3 });
    assert_eq!(new.get("conv.0.weight").unwrap()[..3], old.get("conv.0.weight").unwrap()[6..9]);
}

#[test]
fn the_least_salient_channels_go() {
    let spec = small([1, 3, 3], 4, 3);
    let mut weights = spec.init(&mut ChaCha8Rng::seed_from_u64(6));
    weights.get_mut("conv.0.weight").unwrap().fill(1.0);
    weights.get_mut("conv.0.bias").unwrap().fill(0.0);
    for row in weights.get_mut("hidden.0.weight").unwrap().chunks_mut(4) {
        row.copy_from_slice(&[0.1, -3.0, 0.0, 2.0]);
    }
    let mutation = NetMutation::RemoveChannels { layer: 0, count: 2 };
    let morph = NetMorph::plan(&spec, &mutation, &weights, Growth::Preserving).unwrap();
    let new = morph.weights(&weights, &mut ChaCha8Rng::seed_from_u64(7));
    assert_eq!(new.get("hidden.0.weight").unwrap()[..2], [-3.0, 2.0]);
}

/// The first channel hears nothing and says 3 all the same, the second hears a little: 3^2 beside 9 * 0.1^2.
#[test]
fn a_channels_bias_is_part_of_what_it_says() {
    let spec = small([1, 3, 3], 2, 3);
    let mut weights = Weights::new(spec.layout(), vec![1.0; spec.layout().len()]);
    weights.get_mut("conv.0.weight").unwrap()[..9].fill(0.0);
    weights.get_mut("conv.0.weight").unwrap()[9..].fill(0.1);
    weights.get_mut("conv.0.bias").unwrap().copy_from_slice(&[3.0, 0.0]);
    let mutation = NetMutation::RemoveChannels { layer: 0, count: 1 };
    let morph = NetMorph::plan(&spec, &mutation, &weights, Growth::Preserving).unwrap();
    let new = morph.weights(&weights, &mut ChaCha8Rng::seed_from_u64(14));
    assert_eq!(new.get("conv.0.bias").unwrap(), [3.0]);
}

/// Two places of each channel in a row of the head, 3^2 + 3^2 beside 0^2 + 4^2.
#[test]
fn a_channel_is_heard_at_all_of_its_places() {
    let spec = small([1, 4, 3], 2, 3);
    let mut weights = Weights::new(spec.layout(), vec![1.0; spec.layout().len()]);
    for row in weights.get_mut("hidden.0.weight").unwrap().chunks_mut(4) {
        row.copy_from_slice(&[3.0, 3.0, 0.0, 4.0]);
    }
    let mutation = NetMutation::RemoveChannels { layer: 0, count: 1 };
    let morph = NetMorph::plan(&spec, &mutation, &weights, Growth::Preserving).unwrap();
    let new = morph.weights(&weights, &mut ChaCha8Rng::seed_from_u64(15));
    assert_eq!(new.get("hidden.0.weight").unwrap()[..2], [3.0, 3.0]);
}

#[test]
fn a_convolution_just_added_is_removed_without_a_trace() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for activation in [Activation::Relu, Activation::Tanh] {
        let spec = spec(activation, false);
        let weights = trained(&spec, &mut rng);
        let deeper = NetMorph::plan(&spec, &NetMutation::AddConv, &weights, Growth::Preserving).unwrap();
        let new = deeper.weights(&weights, &mut rng);
        let back = NetMorph::plan(deeper.to(), &NetMutation::RemoveConv, &new, Growth::Preserving).unwrap();
        assert_eq!(back.to(), &spec);
        check_close(&spec.to_string(), back.weights(&new, &mut rng).values(), weights.values());
    }
}

/// Without an activation a convolution folds into the head exactly, whatever its kernel, stride and padding.
#[test]
fn a_linear_convolution_that_goes_leaves_the_values() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut spec = spec(Activation::Linear, false);
    encoder(&mut spec).convs[1] = ConvSpec { padding: 2, ..ConvSpec::new(9, 3, 2) };
    spec.fit_head().unwrap();
    let (weights, rows) = (trained(&spec, &mut rng), pixels(8, &spec, &mut rng));
    let morph = NetMorph::plan(&spec, &NetMutation::RemoveConv, &weights, Growth::Preserving).unwrap();
    let new = morph.weights(&weights, &mut rng);
    let change = relative_change(&values(&spec, &weights, &rows), &values(morph.to(), &new, &rows));
    assert!(change < 1e-4, "{change}");
}

/// AgileRL's way: the corner that both have is copied, and the values move.
#[test]
fn random_growth_copies_what_lies_in_the_same_place() {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    let spec = spec(Activation::Tanh, false);
    let weights = trained(&spec, &mut rng);
    let wider = NetMutation::AddChannels { layer: 0, count: 8 };
    let morph = NetMorph::plan(&spec, &wider, &weights, Growth::Random).unwrap();
    let new = morph.weights(&weights, &mut rng);
    let kernels = |weights: &Weights, name: &str| weights.get(name).unwrap().to_vec();
    assert_eq!(kernels(&new, "conv.0.weight")[..8 * 27], kernels(&weights, "conv.0.weight"));
    for (new, old) in
        kernels(&new, "conv.1.weight").chunks(16 * 4).zip(kernels(&weights, "conv.1.weight").chunks(8 * 4))
    {
        assert_eq!(new[..8 * 4], *old);
    }
    let plain = NetMorph::plan(&spec, &NetMutation::AddConv, &weights, Growth::Random).unwrap();
    assert!(!plain.to().encoder.as_ref().unwrap().convs[2].gated);
}

#[test]
fn mutations_of_the_head_leave_the_convolutions() {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let spec = spec(Activation::Relu, false);
    let (weights, rows) = (trained(&spec, &mut rng), pixels(8, &spec, &mut rng));
    let mutation = NetMutation::AddNodes { layer: 0, count: 16 };
    let morph = NetMorph::plan(&spec, &mutation, &weights, Growth::Preserving).unwrap();
    let new = morph.weights(&weights, &mut rng);
    assert_eq!(new.get("conv.1.weight"), weights.get("conv.1.weight"));
    check_close("wider head", &values(morph.to(), &new, &rows), &values(&spec, &weights, &rows));
}

#[test]
fn limits_refuse_at_both_ends_and_not_one_before() {
    let mut cnn = NetSpec::with_encoder(EncoderSpec::new([4, 10, 10], &[ConvSpec::new(16, 3, 1)]), &[32], 3);
    encoder(&mut cnn).limits.max_layers = 2;
    let allowed = |spec: &NetSpec, mutation: NetMutation| spec.apply(&mutation).is_some();
    assert!(allowed(&cnn, NetMutation::RemoveChannels { layer: 0, count: 8 }), "8 channels are allowed");
    assert!(!allowed(&cnn, NetMutation::RemoveChannels { layer: 0, count: 9 }));
    assert!(!allowed(&cnn, NetMutation::RemoveChannels { layer: 0, count: 17 }));
    assert!(allowed(&cnn, NetMutation::AddChannels { layer: 0, count: 240 }), "256 channels are allowed");
    assert!(!allowed(&cnn, NetMutation::AddChannels { layer: 0, count: 241 }));
    assert!(!allowed(&cnn, NetMutation::AddChannels { layer: 1, count: 8 }), "there is no second convolution");
    assert!(!allowed(&cnn, NetMutation::RemoveConv), "1 convolution is the fewest");
    assert!(!allowed(&cnn, NetMutation::ChangeKernel { layer: 0, kernel: 3 }), "it has that kernel");
    assert!(!allowed(&cnn, NetMutation::ChangeKernel { layer: 0, kernel: 4 }), "the map would change");
    assert!(!allowed(&cnn, NetMutation::ChangeKernel { layer: 0, kernel: 1 }), "there is no padding to take away");
    assert!(allowed(&cnn, NetMutation::ChangeKernel { layer: 0, kernel: 9 }));
    assert!(!allowed(&cnn, NetMutation::ChangeKernel { layer: 0, kernel: 11 }), "9 is the largest");
    let deeper = cnn.apply(&NetMutation::AddConv).unwrap();
    assert!(!allowed(&deeper, NetMutation::AddConv), "2 convolutions are the most");
    assert_eq!(deeper.head, cnn.head, "the map has its shape still");
    let perceptron = NetSpec::from(cnn.head.clone());
    assert_eq!(perceptron.apply(&NetMutation::AddConv), None, "a perceptron has none");
}

#[test]
fn impossible_networks_are_refused_by_name() {
    let check_spec = |change: &dyn Fn(&mut NetSpec), expected: &str| {
        let mut spec = NetSpec::with_encoder(EncoderSpec::new([4, 10, 10], &[ConvSpec::new(16, 3, 1)]), &[32], 3);
        change(&mut spec);
        let message = spec.validate().unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    };
    let check = |change: fn(&mut EncoderSpec), expected| check_spec(&|spec| change(encoder(spec)), expected);
    let check_head = |change: fn(&mut MlpSpec), expected| check_spec(&|spec| change(&mut spec.head), expected);
    check(|s| s.input = [4, 0, 10], "input = [4, 0, 10]");
    check(|s| s.input = [4, usize::MAX, 10], "must each lie in 1..=4096");
    check(|s| s.convs.clear(), "convs = a list of 0; must be 1 to 6 convolutions");
    check(|s| s.convs[0].channels = 0, "the stride must be at least 1");
    check(|s| s.convs[0].stride = 0, "the stride must be at least 1");
    check(|s| s.convs[0].kernel = 0, "the stride must be at least 1");
    check(|s| s.convs[0].kernel = 11, "the kernel is larger than the map of 10 x 10 with padding 0");
    check(|s| s.convs[0].kernel = usize::MAX, "channels and kernel must lie in 1..=4096");
    // Counted before it is listed: a few bytes of JSON must not claim a network of any depth.
    check(|s| (s.limits.max_layers, s.convs[0].padding) = (usize::MAX, 0), "limits.min_layers..=max_layers");
    check_head(
        |head| (head.limits.max_layers, head.residual) = (usize::MAX, vec![1 << 40]),
        "limits.min_layers..=max_layers",
    );
    check(|s| s.convs[0].padding = 3, "the padding must be smaller than the kernel");
    check(|s| s.convs[0].channels = usize::MAX, "channels and kernel must lie in 1..=4096");
    check(|s| s.convs[0].channels = 300, "convs.channels = 300; must lie in 8..=256");
    check(|s| s.convs[0].kernel = 10, "convs.kernel = 10; at most 9");
    check(|s| s.limits.min_channels = 0, "limits.min_channels..=max_channels");
    check(|s| s.scale = f32::NAN, "scale = NaN");
    check_head(|head| head.inputs = 7, "head.inputs = 7; the last map, [16, 8, 8], has 1024 numbers");
    check_head(|head| head.outputs = 0, "outputs = 0");
}

#[test]
fn a_spec_comes_back_from_json_and_its_weights_from_their_file() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for spec in specs() {
        let json = serde_json::to_string(&spec).unwrap();
        assert!(json.starts_with(r#"{"encoder":{"input":[3,7,6],"#), "{json}");
        assert_eq!(serde_json::from_str::<NetSpec>(&json).unwrap(), spec);
        let weights = trained(&spec, &mut rng);
        assert_eq!(Weights::from_safetensors(&spec.layout(), &weights.to_safetensors()).unwrap(), weights);
    }
    for mutation in [NetMutation::AddConv, NetMutation::AddLayer] {
        let json = serde_json::to_string(&mutation).unwrap();
        assert_eq!(serde_json::from_str::<NetMutation>(&json).unwrap(), mutation, "{json}");
    }
}

#[test]
fn weights_of_another_network_or_broken_ones_are_refused_by_name() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let small = spec(Activation::Relu, false);
    let check = |spec: &NetSpec, bytes: &[u8], expected: &str| {
        let message = Weights::from_safetensors(&spec.layout(), bytes).unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    };
    let mut weights = trained(&small, &mut rng);
    let saved = weights.to_safetensors();
    let wider = small.apply(&NetMutation::AddChannels { layer: 0, count: 8 }).unwrap();
    check(&wider, &saved, "conv.0.weight is F32 [8, 3, 3, 3], the spec says F32 [16, 3, 3, 3]");
    check(&NetSpec::from(small.head.clone()), &saved, "conv.0.bias is not a parameter");
    weights.get_mut("conv.1.gate").unwrap()[0] = f32::NAN;
    check(&small, &weights.to_safetensors(), "conv.1.gate holds a weight that is not a finite number");
}
