//! The three ways to compute a network agree.

use agilerl_nets::{Activation, HostMlp, Layer, MlpLimits, MlpSpec, Weights, parse_device};
#[cfg(feature = "burn")]
use burn::tensor::{Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[cfg(feature = "burn")]
use crate::flex;

/// Every activation, with and without normalisation, residual layers and two heads.
pub(crate) fn specs() -> impl Iterator<Item = MlpSpec> {
    Activation::ALL.into_iter().flat_map(|activation| {
        (0..8).map(move |options| {
            let [layer_norm, dueling, is_residual] = [0, 1, 2].map(|bit| options >> bit & 1 == 1);
            let residual = if is_residual { vec![1, 2] } else { Vec::new() };
            let limits = MlpLimits { max_layers: 6, ..MlpLimits::default() };
            let hidden = [24, 17];
            MlpSpec {
                activation,
                layer_norm,
                dueling,
                residual,
                output_scale: 1.0,
                limits,
                ..MlpSpec::new(5, &hidden, 3)
            }
        })
    })
}

/// Weights as after some training: norms and slopes differ from their initial values too.
pub(crate) fn trained(spec: &MlpSpec, rng: &mut ChaCha8Rng) -> Weights {
    let mut weights = spec.init(rng);
    for entry in weights.layout().entries().to_vec() {
        for weight in weights.get_mut(&entry.name).unwrap() {
            *weight += 0.2 * (rng.random::<f32>() - 0.5);
        }
    }
    weights
}

pub(crate) fn rows(count: usize, spec: &MlpSpec, rng: &mut ChaCha8Rng) -> Vec<f32> {
    (0..count * spec.inputs).map(|_| 4.0 * rng.random::<f32>() - 2.0).collect()
}

pub(crate) fn values(spec: &MlpSpec, weights: &Weights, rows: &[f32]) -> Vec<f32> {
    HostMlp::new(spec, weights).forward(rows).to_vec()
}

#[cfg(feature = "burn")]
#[test]
fn host_and_device_agree_for_every_activation() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let numbers = |tensor: Tensor<3>| tensor.into_data().try_into_vec::<f32>().unwrap();
    for spec in specs() {
        let weights = trained(&spec, &mut rng);
        let rows = rows(7, &spec, &mut rng);
        let flat = Tensor::from_data(TensorData::new(weights.values().to_vec(), [1, weights.values().len()]), &flex());
        let parameters = spec.split(&flat);
        let input = Tensor::from_data(TensorData::new(rows.clone(), [1, 7, 5]), &flex());
        let device_values = numbers(spec.forward(&parameters, input));
        for (host, device) in values(&spec, &weights, &rows).iter().zip(&device_values) {
            assert!((host - device).abs() < 1e-5 * (1.0 + host.abs()), "{spec}: {host} on the host, {device} on burn");
        }
        let again: Vec<f32> = parameters.into_iter().flat_map(numbers).collect();
        assert_eq!(again, weights.values(), "{spec}: weights come back as they went");
    }
}

/// 2 inputs, 2 nodes, 1 output, by hand: relu([1*1 + 2*2 + 0.5, -1*1 + 1*2 - 2]) = [5.5, 0]; 3 * 5.5 + 7 * 0 - 1 = 15.5.
#[test]
fn a_small_network_by_hand() {
    let mut spec = MlpSpec::new(2, &[2], 1);
    spec.limits.min_nodes = 1;
    let weights = Weights::new(spec.layout(), vec![1.0, 2.0, -1.0, 1.0, 0.5, -2.0, 3.0, 7.0, -1.0]);
    assert_eq!(values(&spec, &weights, &[1.0, 2.0]), [15.5]);
}

#[test]
fn a_row_does_not_depend_on_the_rows_beside_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for spec in specs() {
        let weights = trained(&spec, &mut rng);
        let rows = rows(9, &spec, &mut rng);
        let together = values(&spec, &weights, &rows);
        let alone: Vec<f32> = rows.chunks(spec.inputs).flat_map(|row| values(&spec, &weights, row)).collect();
        assert_eq!(together, alone, "{spec}");
    }
}

#[test]
fn the_list_of_layers_names_every_parameter_once() {
    fn names(layers: Vec<Layer>) -> Vec<String> {
        let of = |layer| match layer {
            Layer::Linear { weight, bias, .. } | Layer::LayerNorm { weight, bias, .. } => vec![weight, bias],
            Layer::Activation { slope, .. } => slope.into_iter().collect(),
            Layer::Residual { layers, gate } => [names(layers), vec![gate]].concat(),
            Layer::Dueling { advantages, value } => [names(advantages), names(value)].concat(),
            other => panic!("a perceptron has no {other:?}"),
        };
        layers.into_iter().flat_map(of).collect()
    }
    for spec in specs() {
        let layout = spec.layout();
        let named: Vec<_> = layout.entries().iter().map(|entry| entry.name.clone()).collect();
        assert_eq!(names(spec.layers()), named, "{spec}");
    }
}

/// h = relu(1 * 2 + 1) = 3, then 3 + 0.5 relu(2 * 3 - 1) = 5.5; advantages [5.5, -5.5 + 1] = [5.5, -4.5] of mean 0.5, value
/// 10 * 5.5 = 55: 55 + 5 and 55 - 5.
#[test]
fn a_residual_dueling_network_by_hand() {
    let mut spec = MlpSpec { residual: vec![1], dueling: true, ..MlpSpec::new(1, &[1], 2) };
    spec.limits.min_nodes = 1;
    let flat = vec![2.0, 1.0, 2.0, -1.0, 0.5, 1.0, -1.0, 0.0, 1.0, 10.0, 0.0];
    let weights = Weights::new(spec.layout(), flat);
    assert_eq!(values(&spec, &weights, &[1.0]), [60.0, 50.0]);
}

/// Dueling or not, a residual layer is not there when it is born.
#[test]
fn residual_layers_begin_as_the_identity() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for spec in specs().filter(|spec| !spec.residual.is_empty()) {
        let weights = spec.init(&mut rng);
        let rows = rows(5, &spec, &mut rng);
        let plain = MlpSpec { residual: Vec::new(), ..spec.clone() };
        let kept =
            plain.layout().entries().iter().flat_map(|entry| weights.get(&entry.name).unwrap().to_vec()).collect();
        let without = Weights::new(plain.layout(), kept);
        assert_eq!(values(&spec, &weights, &rows), values(&plain, &without, &rows), "{spec}");
    }
}

#[test]
fn unknown_devices_are_refused_with_those_known() {
    let message = parse_device("gpu").unwrap_err().to_string();
    assert!(message.contains("\"gpu\"") && message.contains("cpu, flex; and"), "{message}");
}

#[cfg(not(feature = "tch"))]
#[test]
fn a_device_that_is_not_built_in_says_which_feature_it_needs() {
    let message = parse_device("tch:cuda:0").unwrap_err().to_string();
    assert!(message.contains("--features tch"), "{message}");
}

/// Each by its own name, whatever stands behind it.
#[cfg(not(feature = "burn"))]
#[test]
fn without_burn_its_devices_name_the_feature_they_need() {
    for (name, device, feature) in [
        ("flex", "flex", "burn"),
        ("ndarray", "ndarray", "ndarray"),
        ("cuda:1", "cuda", "cuda"),
        ("wgpu", "wgpu", "wgpu"),
    ] {
        let message = parse_device(name).unwrap_err().to_string();
        assert_eq!(message, format!("device {device:?} was not built in: build with `--features {feature}`"));
    }
    assert_eq!(parse_device("cpu").unwrap(), agilerl_nets::Device::Cpu);
}
