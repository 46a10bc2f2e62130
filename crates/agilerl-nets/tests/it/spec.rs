//! What specs say: first weights, drawn mutations, lists of layers, names.

use std::collections::{BTreeMap, BTreeSet};

use agilerl_nets::{
    Activation, ConvSpec, Device, EncoderSpec, Layer, MlpSpec, NetMutation, NetSpec, Weights, built_in_devices,
    parse_device,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

/// Uniform numbers stay within their bound, and of a hundred some come close to it.
#[track_caller]
fn check_bound(weights: &Weights, name: &str, bound: f32) {
    let values = weights.get(name).unwrap();
    let largest = values.iter().fold(0_f32, |largest, w| largest.max(w.abs()));
    assert!(largest <= bound, "{name} goes to {largest}, not {bound}");
    assert!(values.iter().all(|w| *w != 0.0), "{name} has zeros");
    if values.len() >= 100 {
        assert!(largest > 0.9 * bound, "{name} goes to {largest}, not {bound}");
    }
}

/// 1/sqrt(4) = 0.5 and 1/sqrt(100) = 0.1; the heads a hundredth of 1/sqrt(100).
#[test]
fn first_weights_of_a_perceptron_lie_within_their_bounds() {
    let spec = MlpSpec {
        residual: vec![1],
        activation: Activation::Prelu,
        layer_norm: true,
        dueling: true,
        output_scale: 0.01,
        ..MlpSpec::new(4, &[100], 3)
    };
    let weights = spec.init(&mut ChaCha8Rng::seed_from_u64(1));
    for part in ["weight", "bias"] {
        check_bound(&weights, &format!("hidden.0.{part}"), 0.5);
        check_bound(&weights, &format!("hidden.0.residual.0.{part}"), 0.1);
        check_bound(&weights, &format!("output.{part}"), 0.001);
        check_bound(&weights, &format!("value.{part}"), 0.001);
    }
    for block in ["hidden.0", "hidden.0.residual.0"] {
        let part = |part: &str| weights.get(&format!("{block}.{part}")).unwrap().to_vec();
        assert_eq!((part("norm.weight"), part("norm.bias")), (vec![1.0; 100], vec![0.0; 100]));
        assert_eq!(part("slope"), [0.25]);
    }
    assert_eq!(weights.get("hidden.0.residual.0.gate").unwrap(), [0.0]);
}

/// 1/sqrt(2 * 3 * 3) = 0.2357 and 1/sqrt(16 * 2 * 2) = 0.125.
#[test]
fn first_weights_of_convolutions_lie_within_their_bounds() {
    let convs = [ConvSpec::new(16, 3, 1), ConvSpec::new(16, 2, 1)];
    let encoder = EncoderSpec { activation: Activation::Prelu, ..EncoderSpec::new([2, 6, 6], &convs) };
    let spec = NetSpec::with_encoder(encoder, &[16], 3);
    let weights = spec.init(&mut ChaCha8Rng::seed_from_u64(2));
    for part in ["weight", "bias"] {
        check_bound(&weights, &format!("conv.0.{part}"), 0.235_71);
        check_bound(&weights, &format!("conv.1.{part}"), 0.125);
    }
    assert_eq!(
        (weights.get("conv.0.slope").unwrap(), weights.get("conv.1.slope").unwrap()),
        (&[0.25][..], &[0.25][..])
    );
}

#[test]
fn perceptrons_draw_layers_or_nodes_as_they_are_told() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let spec = MlpSpec::new(4, &[64, 64], 2);
    let names = |prob, rng: &mut ChaCha8Rng| -> BTreeSet<_> { (0..100).map(|_| spec.draw(prob, rng).name()).collect() };
    assert_eq!(names(1.0, &mut rng), BTreeSet::from(["add_layer", "remove_layer"]));
    assert_eq!(names(0.0, &mut rng), BTreeSet::from(["add_nodes", "remove_nodes"]));
    let drawn: BTreeSet<(usize, usize)> = (0..200)
        .map(|_| match spec.draw(0.0, &mut rng) {
            NetMutation::AddNodes { layer, count } | NetMutation::RemoveNodes { layer, count } => (layer, count),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(drawn, BTreeSet::from([(0, 16), (0, 32), (0, 64), (1, 16), (1, 32), (1, 64)]));
}

/// AgileRL's shares, with depth left out: 20 % kernels, 45 % channels, 35 % the head.
#[test]
fn convolutional_networks_draw_by_shares() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let spec = NetSpec::with_encoder(EncoderSpec::new([2, 8, 8], &[ConvSpec::new(16, 3, 1)]), &[32], 2);
    let (mut names, mut kernels, mut counts) = (BTreeMap::<_, u32>::new(), BTreeSet::new(), BTreeSet::new());
    for _ in 0..2000 {
        let mutation = spec.draw(0.0, &mut rng);
        *names.entry(mutation.name()).or_default() += 1;
        match mutation {
            NetMutation::ChangeKernel { layer: 0, kernel } => _ = kernels.insert(kernel),
            NetMutation::AddChannels { layer: 0, count } | NetMutation::RemoveChannels { layer: 0, count } => {
                _ = counts.insert(count);
            }
            other => assert!(!other.is_of_encoder(), "{other:?}"),
        }
    }
    assert_eq!((kernels, counts), (BTreeSet::from([1, 5]), BTreeSet::from([8, 16, 32])));
    // Of 2000, give or take four standard deviations.
    for (name, expected) in [
        ("change_kernel", 400),
        ("add_channels", 450),
        ("remove_channels", 450),
        ("add_nodes", 350),
        ("remove_nodes", 350),
    ] {
        assert!(names[name].abs_diff(expected) < 80, "{name}: {} for {expected}", names[name]);
    }
    let depth: BTreeSet<_> = (0..100).map(|_| spec.draw(1.0, &mut rng).name()).collect();
    assert_eq!(depth, BTreeSet::from(["add_conv", "add_layer", "remove_conv", "remove_layer"]));
}

#[test]
fn a_perceptron_is_listed_layer_by_layer() {
    let spec = MlpSpec { residual: vec![1], layer_norm: true, dueling: true, ..MlpSpec::new(3, &[16], 2) };
    let expected = json!([
        {"kind": "linear", "weight": "hidden.0.weight", "bias": "hidden.0.bias", "inputs": 3, "outputs": 16},
        {"kind": "layer_norm", "weight": "hidden.0.norm.weight", "bias": "hidden.0.norm.bias", "features": 16, "epsilon": 1e-5_f32},
        {"kind": "activation", "function": "relu"},
        {"kind": "residual", "gate": "hidden.0.residual.0.gate", "layers": [
            {"kind": "linear", "weight": "hidden.0.residual.0.weight", "bias": "hidden.0.residual.0.bias", "inputs": 16, "outputs": 16},
            {"kind": "layer_norm", "weight": "hidden.0.residual.0.norm.weight", "bias": "hidden.0.residual.0.norm.bias", "features": 16, "epsilon": 1e-5_f32},
            {"kind": "activation", "function": "relu"},
        ]},
        {"kind": "dueling",
            "advantages": [{"kind": "linear", "weight": "output.weight", "bias": "output.bias", "inputs": 16, "outputs": 2}],
            "value": [{"kind": "linear", "weight": "value.weight", "bias": "value.bias", "inputs": 16, "outputs": 1}]},
    ]);
    assert_eq!(serde_json::to_value(spec.layers()).unwrap(), expected);
}

#[test]
fn a_convolutional_network_is_listed_layer_by_layer() {
    let conv = ConvSpec { padding: 1, gated: true, ..ConvSpec::new(8, 3, 2) };
    let activation = Activation::Prelu;
    let encoder = EncoderSpec { channels_last: true, scale: 0.5, activation, ..EncoderSpec::new([2, 5, 7], &[conv]) };
    let spec = NetSpec::with_encoder(encoder, &[16], 2);
    let layers = serde_json::to_value(spec.layers()).unwrap();
    let expected = json!([
        {"kind": "image", "channels": 2, "height": 5, "width": 7, "channels_last": true},
        {"kind": "scale", "factor": 0.5},
        {"kind": "conv", "weight": "conv.0.weight", "bias": "conv.0.bias", "stride": 2, "padding": 1},
        {"kind": "activation", "function": "prelu", "slope": "conv.0.slope", "gate": "conv.0.gate"},
        {"kind": "flatten"},
    ]);
    assert_eq!(layers.as_array().unwrap()[..5], expected.as_array().unwrap()[..]);
    assert_eq!(layers.as_array().unwrap().len(), 5 + spec.head.layers().len());
}

#[test]
fn normalisation_of_observations_is_a_layer_of_its_own() {
    let layer = Layer::Normalize { mean: vec![0.5, -1.0], std: vec![2.0, 0.1], clip: 10.0 };
    let expected = json!({"kind": "normalize", "mean": [0.5, -1.0], "std": [2.0, 0.1], "clip": 10.0});
    assert_eq!(serde_json::to_value(&layer).unwrap(), expected);
    assert_eq!(serde_json::from_value::<Layer>(expected).unwrap(), layer);
}

/// Specs used to be of one of two kinds.
#[test]
fn specs_of_a_kind_are_refused() {
    let head = serde_json::to_value(MlpSpec::new(4, &[16], 2)).unwrap();
    assert!(serde_json::from_value::<NetSpec>(json!({"head": head})).is_ok());
    let mut mlp = head.clone();
    mlp["kind"] = json!("mlp");
    for old in [mlp, json!({"kind": "cnn", "head": head})] {
        let message = serde_json::from_value::<NetSpec>(old).unwrap_err().to_string();
        assert!(message.contains("unknown field"), "{message}");
    }
}

/// As in JSON, but for the gene, whose name is the hyperparameter's.
#[test]
fn mutations_are_called_by_their_names_in_files() {
    let all: [NetMutation; 10] = [
        NetMutation::AddLayer,
        NetMutation::RemoveLayer,
        NetMutation::AddNodes { layer: 0, count: 1 },
        NetMutation::RemoveNodes { layer: 0, count: 1 },
        NetMutation::ToggleLayerNorm,
        NetMutation::AddConv,
        NetMutation::RemoveConv,
        NetMutation::AddChannels { layer: 0, count: 1 },
        NetMutation::RemoveChannels { layer: 0, count: 1 },
        NetMutation::ChangeKernel { layer: 0, kernel: 1 },
    ];
    for mutation in all {
        let saved = serde_json::to_value(mutation).unwrap();
        let name = saved["mutation"].as_str().unwrap().replace("toggle_", "");
        assert_eq!(mutation.name(), name);
    }
}

#[test]
fn the_processor_is_a_device_of_its_own_and_burns_is_another() {
    assert_eq!(parse_device("cpu").unwrap(), Device::Cpu);
    #[cfg(feature = "burn")]
    {
        assert!(matches!(parse_device("flex").unwrap(), Device::Burn(_)));
        assert!(built_in_devices().starts_with(&["cpu", "flex"]));
    }
    #[cfg(not(feature = "burn"))]
    assert_eq!(built_in_devices(), ["cpu"]);
}

#[test]
fn an_output_without_size_is_refused() {
    let mut spec = NetSpec::from(MlpSpec::new(4, &[16], 2));
    assert!(spec.validate().is_ok());
    spec.head.output_scale = 0.0;
    assert!(spec.validate().unwrap_err().to_string().contains("output_scale = 0; must be a positive number"));
}
