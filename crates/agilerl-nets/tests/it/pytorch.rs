//! The crate held to PyTorch: acting, learning on the host and learning on burn.
//!
//! `tests/record/pytorch.py` made the numbers of `tests/pytorch`, in `f64` from `f32` inputs. So a difference is the rounding of
//! this crate alone, and the bars are some times what was measured.

use std::collections::{BTreeMap, HashMap};

use agilerl_nets::{
    Activation, AdamStep, ConvSpec, EncoderSpec, HostAdam, HostMlp, HostNet, HostNetPass, HostPass, MlpSpec, NetSpec,
    Weights,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
#[cfg(feature = "burn")]
use {
    crate::flex,
    agilerl_nets::Adam,
    burn::tensor::{Tensor, TensorData},
};

type Rows = Vec<Vec<f32>>;

macro_rules! recorded {
    ($name:literal) => {
        read(include_str!(concat!("../pytorch/", $name, ".json")))
    };
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

#[cfg(feature = "burn")]
fn tensor<const D: usize>(values: &[f32], shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), &flex())
}

#[cfg(feature = "burn")]
fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

/// The largest difference, as a part of the largest number.
#[track_caller]
fn apart(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0_f32, |largest, x| largest.max(x.abs()));
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    // `max` would lose a NaN.
    differences.fold(0.0, |most, d| if d <= most { most } else { d }) / largest
}

#[track_caller]
fn check(what: &str, found: &[f32], expected: &[f32], most: f32) {
    let apart = apart(found, expected);
    assert!(apart <= most, "{what} is off by {apart:e}: {found:?} for {expected:?}");
}

#[derive(Deserialize)]
struct Activations {
    points: Vec<f32>,
    activations: HashMap<Activation, Points>,
}

#[derive(Deserialize)]
struct Points {
    values: Vec<f32>,
    derivatives: Vec<f32>,
    #[serde(default)]
    slope_derivative: f32,
}

/// A network of one node with weights of one passes on what the activation gives.
///
/// Each value and derivative for itself, off by 1e-7 of 1 + its size at most. At exactly 0, ReLU's derivative is 0, and that of
/// leaky ReLU and PReLU the slope of the negative side.
#[test]
fn activations_and_their_derivatives_are_pytorchs() {
    let Activations { points, activations } = recorded!("activations");
    assert_eq!(activations.len(), Activation::ALL.len());
    for (activation, expected) in &activations {
        let spec = MlpSpec { activation: *activation, ..MlpSpec::new(1, &[1], 1) };
        let slope = if *activation == Activation::Prelu { vec![0.25] } else { Vec::new() };
        let weights = Weights::new(spec.layout(), [vec![1.0, 0.0], slope, vec![1.0, 0.0]].concat());
        let check = |how: &str, what: &str, found: &[f32], expected: &[f32]| {
            assert_eq!(found.len(), expected.len());
            for ((x, found), expected) in points.iter().zip(found).zip(expected) {
                let apart = (found - expected).abs() / (1.0 + expected.abs());
                assert!(apart <= 3e-7, "{how}: {what} of {activation} at {x} is {found}, not {expected}");
            }
        };
        check("acting", "value", HostMlp::new(&spec, &weights).forward(&points), &expected.values);

        let (mut pass, mut gradient) = (HostPass::new(&spec), vec![f32::NAN; weights.values().len()]);
        check("learning", "value", pass.forward(weights.values(), &points), &expected.values);
        let ones = vec![1.0; points.len()];
        let derivatives = pass.backward_to_input(weights.values(), &ones, &mut gradient);
        check("learning", "derivative", derivatives, &expected.derivatives);

        let check_slope = |slope: f32| {
            if *activation == Activation::Prelu {
                assert!((slope - expected.slope_derivative).abs() < 1e-4, "{slope}");
            }
        };
        check_slope(gradient[2]);

        #[cfg(feature = "burn")]
        {
            let flat = tensor(weights.values(), [1, weights.values().len()]).autodiff().require_grad();
            let rows = tensor(&points, [1, points.len(), 1]).autodiff().require_grad();
            let values = spec.forward(&spec.split(&flat), rows.clone());
            let gradients = values.clone().sum().backward();
            check("burn", "value", &numbers(values), &expected.values);
            check("burn", "derivative", &numbers(rows.grad(&gradients).unwrap()), &expected.derivatives);
            check_slope(numbers(flat.grad(&gradients).unwrap())[2]);
        }
    }
}

#[derive(Deserialize)]
struct LayerNorm {
    rows: Rows,
    gain: Vec<f32>,
    shift: Vec<f32>,
    factors: Rows,
    values: Rows,
    rows_gradient: Rows,
    gain_gradient: Vec<f32>,
    shift_gradient: Vec<f32>,
    wrong: BTreeMap<String, Rows>,
}

/// A network whose matrices are the identity is its normalisation. Off by 1e-6 of the largest value, and by 4e-6 of the largest
/// gradient, where a flat row nearly cancels.
#[test]
fn layer_normalisation_and_its_gradients_are_pytorchs() {
    const MOST: f32 = 2e-5;
    let recorded: LayerNorm = recorded!("layer_norm");
    let spec = MlpSpec { activation: Activation::Linear, layer_norm: true, ..MlpSpec::new(4, &[4], 4) };
    let mut weights = Weights::zeros(spec.layout());
    for matrix in ["hidden.0.weight", "output.weight"] {
        weights.get_mut(matrix).unwrap().iter_mut().step_by(5).for_each(|weight| *weight = 1.0);
    }
    weights.get_mut("hidden.0.norm.weight").unwrap().copy_from_slice(&recorded.gain);
    weights.get_mut("hidden.0.norm.bias").unwrap().copy_from_slice(&recorded.shift);
    let (rows, values, factors) = (recorded.rows.concat(), recorded.values.concat(), recorded.factors.concat());
    let check_gradients = |how: &str, gradient: Vec<f32>, rows_gradient: &[f32]| {
        let gradient = Weights::new(spec.layout(), gradient);
        let part = |name: &str| gradient.get(name).unwrap();
        check(&format!("gain's gradient, {how}"), part("hidden.0.norm.weight"), &recorded.gain_gradient, MOST);
        check(&format!("shift's gradient, {how}"), part("hidden.0.norm.bias"), &recorded.shift_gradient, MOST);
        check(&format!("rows' gradient, {how}"), rows_gradient, &recorded.rows_gradient.concat(), MOST);
    };
    check("norm, acting", HostMlp::new(&spec, &weights).forward(&rows), &values, MOST);

    let (mut pass, mut gradient) = (HostPass::new(&spec), vec![f32::NAN; weights.values().len()]);
    check("norm, learning", pass.forward(weights.values(), &rows), &values, MOST);
    let rows_gradient = pass.backward_to_input(weights.values(), &factors, &mut gradient).to_vec();
    check_gradients("host", gradient, &rows_gradient);

    #[cfg(feature = "burn")]
    {
        let flat = tensor(weights.values(), [1, weights.values().len()]).autodiff().require_grad();
        let input = tensor(&rows, [1, 4, 4]).autodiff().require_grad();
        let on_burn = spec.forward(&spec.split(&flat), input.clone());
        let gradients = (on_burn.clone() * tensor(&factors, [1, 4, 4]).autodiff()).sum().backward();
        check("norm, burn", &numbers(on_burn), &values, MOST);
        check_gradients("burn", numbers(flat.grad(&gradients).unwrap()), &numbers(input.grad(&gradients).unwrap()));
    }

    for (what, wrong) in recorded.wrong {
        assert!(apart(&wrong.concat(), &values) > 100.0 * MOST, "{what} would not be noticed");
    }
}

#[derive(Clone, Deserialize)]
struct Perceptron {
    hidden: Vec<usize>,
    residual: Vec<usize>,
    outputs: usize,
    activation: Activation,
    layer_norm: bool,
    dueling: bool,
}

impl Perceptron {
    fn spec(&self, inputs: usize) -> MlpSpec {
        let Self { hidden, residual, outputs, activation, layer_norm, dueling } = self.clone();
        MlpSpec { residual, activation, layer_norm, dueling, ..MlpSpec::new(inputs, &hidden, outputs) }
    }
}

/// Both losses are means over all values.
#[derive(Deserialize)]
struct Losses {
    weights: Vec<f32>,
    rows: Rows,
    wanted: Rows,
    values: Rows,
    #[cfg(feature = "burn")]
    mse: f32,
    mse_gradient: Vec<f32>,
    #[cfg(feature = "burn")]
    huber: f32,
    huber_gradient: Vec<f32>,
}

/// Values off by 5e-7 of the largest, gradients by 8e-7.
fn check_losses(spec: &NetSpec, recorded: &Losses) {
    const MOST: f32 = 3e-6;
    let weights = Weights::new(spec.layout(), recorded.weights.clone());
    let (rows, wanted, expected) = (recorded.rows.concat(), recorded.wanted.concat(), recorded.values.concat());
    let count = wanted.len() as f32;
    let differences = |values: &[f32]| values.iter().zip(&wanted).map(|(a, b)| a - b).collect::<Vec<f32>>();
    check(&format!("{spec}, acting"), HostNet::new(spec, &weights).forward(&rows), &expected, MOST);

    let mut pass = HostNetPass::new(spec);
    let values = pass.forward(weights.values(), &rows).to_vec();
    check(&format!("{spec}, learning"), &values, &expected, MOST);
    let mse: Vec<f32> = differences(&values).iter().map(|d| 2.0 * d / count).collect();
    let huber: Vec<f32> = differences(&values).iter().map(|d| d.clamp(-1.0, 1.0) / count).collect();
    for (name, outer, expected) in [("mse", mse, &recorded.mse_gradient), ("huber", huber, &recorded.huber_gradient)] {
        let mut gradient = vec![f32::NAN; weights.values().len()];
        pass.backward(weights.values(), &outer, &mut gradient);
        check(&format!("{spec}, {name}, host"), &gradient, expected, MOST);
    }

    #[cfg(feature = "burn")]
    for (name, loss, gradient) in
        [("mse", recorded.mse, &recorded.mse_gradient), ("huber", recorded.huber, &recorded.huber_gradient)]
    {
        let flat = tensor(weights.values(), [1, weights.values().len()]).autodiff().require_grad();
        let input = tensor(&rows, [1, recorded.rows.len(), spec.inputs()]).autodiff();
        let values = spec.forward(&spec.split(&flat), input);
        check(&format!("{spec}, burn"), &numbers(values.clone()), &expected, MOST);
        let difference = values - tensor(&wanted, [1, recorded.rows.len(), spec.outputs()]).autodiff();
        let size = difference.clone().abs();
        let quadratic = size.clone().clamp_max(1.0);
        let error = match name {
            "mse" => difference.square().mean(),
            _ => (quadratic.clone().square() * 0.5 + (size - quadratic)).mean(),
        };
        check(&format!("{spec}, {name} itself"), &numbers(error.clone()), &[loss], MOST);
        let found = numbers(flat.grad(&error.backward()).unwrap());
        check(&format!("{spec}, {name}, burn"), &found, gradient, MOST);
    }
}

#[derive(Deserialize)]
struct Perceptrons {
    inputs: usize,
    networks: Vec<RecordedPerceptron>,
}

#[derive(Deserialize)]
struct RecordedPerceptron {
    spec: Perceptron,
    #[serde(flatten)]
    losses: Losses,
}

#[test]
fn perceptrons_and_the_gradients_of_both_losses_are_pytorchs() {
    let Perceptrons { inputs, networks } = recorded!("perceptrons");
    for RecordedPerceptron { spec, losses } in networks {
        check_losses(&spec.spec(inputs).into(), &losses);
    }
}

#[derive(Deserialize)]
struct Convolutions {
    networks: Vec<RecordedConvolutions>,
}

#[derive(Deserialize)]
struct RecordedConvolutions {
    spec: Convolutional,
    #[serde(flatten)]
    losses: Losses,
}

#[derive(Deserialize)]
struct Convolutional {
    input: [usize; 3],
    channels_last: bool,
    scale: f32,
    activation: Activation,
    convs: Vec<ConvSpec>,
    head: Perceptron,
}

#[test]
fn convolutions_and_the_gradients_of_both_losses_are_pytorchs() {
    let Convolutions { networks } = recorded!("convolutions");
    for RecordedConvolutions { spec, losses } in networks {
        let Convolutional { input, channels_last, scale, activation, convs, head } = spec;
        let encoder = EncoderSpec { channels_last, scale, activation, ..EncoderSpec::new(input, &convs) };
        let mut spec = NetSpec { encoder: Some(encoder), head: head.spec(1), extra: 0 };
        spec.fit_head().unwrap();
        check_losses(&spec, &losses);
    }
}

#[derive(Deserialize)]
struct Optimiser {
    lr: f64,
    start: Vec<f32>,
    gradients: Rows,
    after: BTreeMap<usize, Optimised>,
    wrong: BTreeMap<String, Vec<f32>>,
}

#[derive(Deserialize)]
struct Optimised {
    weights: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Optimiser {
    /// In turn, and each time that they are through, smaller.
    fn gradient(&self, update: usize) -> Vec<f32> {
        let turn = 1 + update / self.gradients.len();
        self.gradients[update % self.gradients.len()].iter().map(|gradient| gradient / turn as f32).collect()
    }
}

/// Each moment as a part of its own size, since they go from 1e-1 to 1e-20.
#[track_caller]
fn check_each(what: &str, found: &[f32], expected: &[f32], most: f32) {
    for (found, expected) in found.iter().zip(expected).filter(|(_, expected)| **expected != 0.0) {
        check(what, &[*found], &[*expected], most);
    }
}

/// Gradients from 1 down to below the epsilon, and none. After 100 updates weights are off by 2e-7 of the largest, and moments by
/// 1.5e-6 of themselves. A beta that is off by a hundredth of itself, or an epsilon by a tenth, moves the weights by 3e-4 at
/// least.
#[test]
fn adam_is_pytorchs_after_1_update_and_after_100() {
    const MOST: f32 = 1e-6;
    let recorded: Optimiser = recorded!("adam");
    let len = recorded.start.len();
    let (mut host, mut weights, mut target) = (HostAdam::new(len), recorded.start.clone(), recorded.start.clone());
    #[cfg(feature = "burn")]
    let (mut adam, mut on_burn) = (Adam::new(len, &flex()), tensor(&recorded.start, [1, len]));
    for update in 0..100 {
        let gradient = recorded.gradient(update);
        let step = AdamStep { lr: recorded.lr, gradient_scale: 1.0, tau: 1.0 };
        host.step(&mut weights, Some(&mut target), &gradient, step);
        #[cfg(feature = "burn")]
        {
            on_burn = adam.step(on_burn, tensor(&gradient, [1, len]), &[Some(recorded.lr)]);
        }
        let Some(expected) = recorded.after.get(&(update + 1)) else { continue };
        let what = |how: &str| format!("{how} after {} updates", update + 1);
        check(&what("weights, host"), &weights, &expected.weights, MOST);
        let (first, second, updates) = host.state();
        assert_eq!(updates as usize, update + 1);
        check_each(&what("first moment, host"), first, &expected.first, 5e-6);
        check_each(&what("second moment, host"), second, &expected.second, 5e-6);
        #[cfg(feature = "burn")]
        {
            check(&what("weights, burn"), &numbers(on_burn.clone()), &expected.weights, MOST);
            let (first, second, updates) = adam.state(&MlpSpec::new(1, &[1], len / 2 - 1).layout());
            assert_eq!(updates as usize, update + 1);
            check_each(&what("first moment, burn"), first.values(), &expected.first, 5e-6);
            check_each(&what("second moment, burn"), second.values(), &expected.second, 5e-6);
        }
    }
    for (what, wrong) in &recorded.wrong {
        let apart = apart(wrong, &recorded.after[&100].weights);
        assert!(apart > 300.0 * MOST, "{what} moves the weights by {apart:e} only");
    }
}

#[derive(Deserialize)]
struct Clipping {
    most: f32,
    gradients: Vec<Clipped>,
}

#[derive(Deserialize)]
struct Clipped {
    gradient: Vec<f32>,
    norm: f32,
    clipped: Vec<f32>,
}

/// PyTorch's factor: the largest norm over the norm, which is 1e-6 more than it is, and never above 1.
fn clip(norm: f32, most: f32) -> f32 {
    (most / (norm + 1e-6)).min(1.0)
}

/// The moments after one update are a tenth of the clipped gradient, and a thousandth of its square.
#[test]
fn the_optimiser_sees_the_clipped_gradient() {
    let Clipping { most, gradients } = recorded!("clipping");
    for Clipped { gradient, norm, clipped } in gradients {
        let mut adam = HostAdam::new(gradient.len());
        let (mut weights, mut target) = (vec![0.0; gradient.len()], vec![0.0; gradient.len()]);
        let step = AdamStep { lr: 1e-3, gradient_scale: clip(norm, most), tau: 0.0 };
        adam.step(&mut weights, Some(&mut target), &gradient, step);
        let (first, second, _) = adam.state();
        check_each("first moment", first, &clipped.iter().map(|d| 0.1 * d).collect::<Vec<_>>(), 1e-6);
        check_each("second moment", second, &clipped.iter().map(|d| 0.001 * d * d).collect::<Vec<_>>(), 1e-6);
    }
}

#[derive(Deserialize)]
struct Training {
    spec: Perceptron,
    start: Vec<f32>,
    rows: Rows,
    wanted: Rows,
    lr: f64,
    most: f32,
    tau: f64,
    target: Vec<f32>,
    after_1: Trained,
    after_100: Trained,
}

#[derive(Deserialize)]
struct Trained {
    weights: Vec<f32>,
    target: Vec<f32>,
}

/// The mean squared error's gradient, clipped by its norm for the most part, Adam, and the soft update of a target: off by 6e-7 of
/// the largest weight after 100 updates. Half of `tau`, say, moves the target by 0.2.
#[test]
fn a_hundred_updates_of_a_network_and_its_target_are_pytorchs() {
    const MOST: f32 = 4e-6;
    let recorded: Training = recorded!("training");
    let spec = NetSpec::from(recorded.spec.spec(3));
    let (rows, wanted) = (recorded.rows.concat(), recorded.wanted.concat());
    let (len, count) = (recorded.start.len(), wanted.len() as f32);
    let norm = |gradient: &[f32]| gradient.iter().map(|d| d * d).sum::<f32>().sqrt();
    let expected = |update| match update {
        1 => Some(&recorded.after_1),
        100 => Some(&recorded.after_100),
        _ => None,
    };

    let (mut pass, mut adam) = (HostNetPass::new(&spec), HostAdam::new(len));
    let (mut weights, mut target, mut gradient) = (recorded.start.clone(), recorded.target.clone(), vec![0.0; len]);
    for update in 1..=100 {
        let values = pass.forward(&weights, &rows);
        let outer: Vec<f32> = values.iter().zip(&wanted).map(|(a, b)| 2.0 * (a - b) / count).collect();
        pass.backward(&weights, &outer, &mut gradient);
        let gradient_scale = clip(norm(&gradient), recorded.most);
        let step = AdamStep { lr: recorded.lr, gradient_scale, tau: recorded.tau };
        adam.step(&mut weights, Some(&mut target), &gradient, step);
        if let Some(expected) = expected(update) {
            check(&format!("weights, host, {update}"), &weights, &expected.weights, MOST);
            check(&format!("target, host, {update}"), &target, &expected.target, MOST);
        }
    }

    #[cfg(feature = "burn")]
    let (mut adam, mut weights) = (Adam::new(len, &flex()), tensor(&recorded.start, [1, len]));
    #[cfg(feature = "burn")]
    for update in 1..=100 {
        let flat = weights.clone().autodiff().require_grad();
        let values = spec.forward(&spec.split(&flat), tensor(&rows, [1, recorded.rows.len(), 3]).autodiff());
        let difference = values - tensor(&wanted, [1, recorded.rows.len(), 2]).autodiff();
        let gradient = flat.grad(&difference.square().mean().backward()).unwrap();
        let scale = clip(norm(&numbers(gradient.clone())), recorded.most);
        weights = adam.step(weights, gradient * scale, &[Some(recorded.lr)]);
        if let Some(expected) = expected(update) {
            check(&format!("weights, burn, {update}"), &numbers(weights.clone()), &expected.weights, MOST);
        }
    }
}
