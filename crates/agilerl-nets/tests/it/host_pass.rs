//! The passes that learning on the processor is made of.

use agilerl_nets::{Activation, HostMlp, HostPass, MlpSpec, Weights};
#[cfg(feature = "burn")]
use burn::tensor::{Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::forward::{rows, specs, trained};

#[test]
fn a_batch_has_the_values_that_acting_sees() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for spec in specs() {
        let weights = trained(&spec, &mut rng);
        let rows = rows(37, &spec, &mut rng);
        let mut pass = HostPass::new(&spec);
        let learner = pass.forward(weights.values(), &rows);
        for (learner, actor) in learner.iter().zip(HostMlp::new(&spec, &weights).forward(&rows)) {
            assert!((learner - actor).abs() < 1e-5 * (1.0 + actor.abs()), "{spec}: {learner} and {actor}");
        }
    }
}

/// Not even in the last bit, and whatever the pass was used for before.
#[test]
fn a_row_does_not_depend_on_the_rows_beside_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for spec in specs() {
        let weights = trained(&spec, &mut rng);
        let rows = rows(21, &spec, &mut rng);
        let mut pass = HostPass::new(&spec);
        let together = pass.forward(weights.values(), &rows).to_vec();
        let alone: Vec<f32> =
            rows.chunks(spec.inputs).flat_map(|row| pass.forward(weights.values(), row).to_vec()).collect();
        assert_eq!(together, alone, "{spec}");
    }
}

/// The derivative of `sum factor * value` by every weight, against central differences of the same network in `f64`,
/// which are right to some 1e-9; the rest is the rounding of the gradient's own `f32`.
#[test]
fn gradients_are_those_of_finite_differences() {
    const STEP: f64 = 1e-6;
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for spec in specs() {
        let weights = trained(&spec, &mut rng);
        let rows = rows(9, &spec, &mut rng);
        let factors: Vec<f32> = (0..9 * spec.outputs).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect();
        let mut pass = HostPass::new(&spec);
        let mut gradient = vec![f32::NAN; weights.values().len()];
        pass.forward(weights.values(), &rows);
        pass.backward(weights.values(), &factors, &mut gradient);
        let exact_rows: Vec<f64> = rows.iter().map(|&x| f64::from(x)).collect();
        let mut exact: Vec<f64> = weights.values().iter().map(|&weight| f64::from(weight)).collect();
        for (index, &found) in gradient.iter().enumerate() {
            let weight = exact[index];
            let mut at = |weight| {
                exact[index] = weight;
                let values = in_f64(&spec, &weights, &exact, &exact_rows);
                values.iter().zip(&factors).map(|(value, &factor)| value * f64::from(factor)).sum::<f64>()
            };
            let expected = (at(weight + STEP) - at(weight - STEP)) / (2.0 * STEP);
            at(weight);
            let error = (f64::from(found) - expected).abs();
            assert!(error < 1e-5 * (1.0 + expected.abs()), "{spec}: weight {index}: {found} for {expected}");
        }
    }
}

#[test]
fn the_gradient_of_the_rows_is_that_of_finite_differences() {
    const STEP: f64 = 1e-6;
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for spec in specs() {
        let weights = trained(&spec, &mut rng);
        let rows = rows(3, &spec, &mut rng);
        let factors: Vec<f32> = (0..3 * spec.outputs).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect();
        let mut pass = HostPass::new(&spec);
        let mut gradient = vec![0.0; weights.values().len()];
        pass.forward(weights.values(), &rows);
        let found = pass.backward_to_input(weights.values(), &factors, &mut gradient).to_vec();
        assert_eq!(found.len(), rows.len());
        let flat: Vec<f64> = weights.values().iter().map(|&weight| f64::from(weight)).collect();
        let mut exact: Vec<f64> = rows.iter().map(|&x| f64::from(x)).collect();
        for (index, &found) in found.iter().enumerate() {
            let x = exact[index];
            let mut at = |x| {
                exact[index] = x;
                let values = in_f64(&spec, &weights, &flat, &exact);
                values.iter().zip(&factors).map(|(value, &factor)| value * f64::from(factor)).sum::<f64>()
            };
            let expected = (at(x + STEP) - at(x - STEP)) / (2.0 * STEP);
            at(x);
            let error = (f64::from(found) - expected).abs();
            assert!(error < 1e-5 * (1.0 + expected.abs()), "{spec}: input {index}: {found} for {expected}");
        }
    }
}

/// The same as burn's autodiff finds it.
#[cfg(feature = "burn")]
#[test]
fn gradients_are_those_of_autodiff() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let device = crate::flex();
    for spec in specs() {
        let weights = trained(&spec, &mut rng);
        let rows = rows(9, &spec, &mut rng);
        let factors: Vec<f32> = (0..9 * spec.outputs).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect();
        let mut pass = HostPass::new(&spec);
        let mut gradient = vec![f32::NAN; weights.values().len()];
        pass.forward(weights.values(), &rows);
        pass.backward(weights.values(), &factors, &mut gradient);

        let matrix = |values: &[f32]| {
            let width = values.len() / 9;
            Tensor::<3>::from_data(TensorData::new(values.to_vec(), [1, 9, width]), &device)
        };
        let flat = Tensor::<1>::from_data(TensorData::from(weights.values()), &device).autodiff().require_grad();
        let parameters = spec.split(&flat.clone().unsqueeze());
        let sum = (spec.forward(&parameters, matrix(&rows).autodiff()) * matrix(&factors).autodiff()).sum();
        let expected = flat.grad(&sum.backward()).unwrap().into_data().try_into_vec::<f32>().unwrap();
        for (index, (found, expected)) in gradient.iter().zip(&expected).enumerate() {
            let error = (found - expected).abs();
            assert!(error < 1e-5 * (1.0 + expected.abs()), "{spec}: weight {index}: {found} for {expected}");
        }
    }
}

/// The network, plainly, in `f64`.
pub(crate) fn in_f64(spec: &MlpSpec, weights: &Weights, flat: &[f64], rows: &[f64]) -> Vec<f64> {
    let mut values = Vec::new();
    for row in rows.chunks(spec.inputs) {
        let mut x = row.to_vec();
        let entries = weights.layout().entries();
        let (gates, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.name.ends_with(".gate"));
        let mut gates = gates.into_iter().map(|entry| flat[entry.offset]);
        let mut parameters = others.into_iter().map(|entry| &flat[entry.range()]);
        let mut next = || parameters.next().expect("one for each entry");
        let mut dense = |x: &[f64], is_hidden: bool| {
            let (matrix, bias) = (next(), next());
            let dot = |row: &[f64]| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
            let mut y: Vec<f64> = matrix.chunks(x.len()).zip(bias).map(|(row, bias)| dot(row) + bias).collect();
            if is_hidden && spec.layer_norm {
                let (gain, shift) = (next(), next());
                let mean = y.iter().sum::<f64>() / y.len() as f64;
                let variance = y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / y.len() as f64;
                let norm =
                    |((y, gain), shift): ((&f64, &f64), &f64)| (y - mean) / (variance + 1e-5).sqrt() * gain + shift;
                y = y.iter().zip(gain).zip(shift).map(norm).collect();
            }
            if is_hidden {
                let slope = if spec.activation == Activation::Prelu { next()[0] } else { 0.0 };
                y.iter_mut().for_each(|y| *y = activation_in_f64(spec.activation, *y, slope));
            }
            y
        };
        for stage in 0..spec.hidden.len() {
            x = dense(&x, true);
            for _ in 0..spec.residual.get(stage).copied().unwrap_or(0) {
                let y = dense(&x, true);
                let gate = gates.next().unwrap();
                x.iter_mut().zip(y).for_each(|(x, y)| *x += gate * y);
            }
        }
        let output = dense(&x, false);
        if spec.dueling {
            let value = dense(&x, false)[0];
            let mean = output.iter().sum::<f64>() / output.len() as f64;
            values.extend(output.iter().map(|advantage| value + advantage - mean));
        } else {
            values.extend(output);
        }
    }
    values
}

fn activation_in_f64(activation: Activation, x: f64, slope: f64) -> f64 {
    match activation {
        Activation::Relu => x.max(0.0),
        Activation::Elu => x.max(0.0) + x.min(0.0).exp_m1(),
        Activation::Gelu => 0.5 * x * (1.0 + libm::erf(x / 2f64.sqrt())),
        Activation::Tanh => x.tanh(),
        Activation::Linear => x,
        Activation::Softsign => x / (1.0 + x.abs()),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Softplus => x.exp().ln_1p(),
        Activation::Lrelu => x.max(0.01 * x),
        Activation::Prelu => x.max(0.0) + slope * x.min(0.0),
    }
}
