//! A multi-layer perceptron on the host, for acting.

use crate::mlp_spec::LAYER_NORM_EPSILON;
use crate::{Activation, MlpSpec, Weights};

/// A multi-layer perceptron on the host, without a device or a graph: the fastest way to act on a few rows, and the
/// same numbers wherever it runs.
///
/// Every sum starts from the bias and adds one product after another, in the order of the inputs, in `f32` and without
/// fused multiply-add. So a row's values do not depend on the rows beside it, and a few lines of numpy in the same
/// order give the same bits (for activations that need no library function).
#[derive(Clone, Debug)]
pub struct HostMlp {
    spec: MlpSpec,
    layers: Vec<Dense>,
    /// Activations of two neighbouring layers, reused.
    scratch: [Vec<f32>; 2],
}

/// One linear layer, then normalisation and activation if it is a hidden one.
#[derive(Clone, Debug)]
struct Dense {
    /// Transposed, `[inputs, outputs]`: then neighbouring outputs are computed together.
    columns: Vec<f32>,
    bias: Vec<f32>,
    norm: Option<(Vec<f32>, Vec<f32>)>,
    slope: f32,
}

impl HostMlp {
    /// The network with these weights.
    ///
    /// # Panics
    /// If the weights are not laid out as the spec says.
    pub fn new(spec: &MlpSpec, weights: &Weights) -> Self {
        assert_eq!(weights.layout(), &spec.layout(), "these weights belong to another spec");
        let mut net = Self { spec: spec.clone(), layers: Vec::new(), scratch: Default::default() };
        let mut inputs = spec.inputs;
        for &outputs in spec.hidden.iter().chain([&spec.outputs]) {
            let norm = (spec.layer_norm && net.layers.len() < spec.hidden.len())
                .then(|| (vec![0.0; outputs], vec![0.0; outputs]));
            net.layers.push(Dense { columns: vec![0.0; inputs * outputs], bias: vec![0.0; outputs], norm, slope: 0.0 });
            inputs = outputs;
        }
        net.load(weights.values());
        net
    }

    /// What it is made of.
    pub fn spec(&self) -> &MlpSpec {
        &self.spec
    }

    /// Takes new weights, flat in the order of the spec's layout, without allocating.
    ///
    /// # Panics
    /// If there are too few or too many.
    pub fn load(&mut self, flat: &[f32]) {
        let mut rest = flat;
        let mut next = |len: usize| {
            let (head, tail) = rest.split_at(len);
            rest = tail;
            head
        };
        let hidden = self.spec.hidden.len();
        for (i, layer) in self.layers.iter_mut().enumerate() {
            let outputs = layer.bias.len();
            let inputs = layer.columns.len() / outputs;
            for (output, row) in next(inputs * outputs).chunks_exact(inputs).enumerate() {
                for (column, &weight) in layer.columns.chunks_exact_mut(outputs).zip(row) {
                    column[output] = weight;
                }
            }
            layer.bias.copy_from_slice(next(outputs));
            if let Some((gain, shift)) = &mut layer.norm {
                gain.copy_from_slice(next(outputs));
                shift.copy_from_slice(next(outputs));
            }
            if i < hidden && self.spec.activation == Activation::Prelu {
                layer.slope = next(1)[0];
            }
        }
        assert!(rest.is_empty(), "{} weights too many for {}", rest.len(), self.spec);
    }

    /// What [`forward`](Self::forward) returned last.
    pub fn values(&self) -> &[f32] {
        &self.scratch[0]
    }

    /// Values of a batch of rows: `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows.
    pub fn forward(&mut self, rows: &[f32]) -> &[f32] {
        assert_eq!(rows.len() % self.spec.inputs, 0, "{} numbers are no rows of {}", rows.len(), self.spec.inputs);
        let [x, y] = &mut self.scratch;
        x.clear();
        x.extend_from_slice(rows);
        let batch = rows.len() / self.spec.inputs;
        let last = self.layers.len() - 1;
        for (i, layer) in self.layers.iter().enumerate() {
            let outputs = layer.bias.len();
            y.resize(batch * outputs, 0.0);
            for (x, y) in x.chunks_exact(layer.columns.len() / outputs).zip(y.chunks_exact_mut(outputs)) {
                y.copy_from_slice(&layer.bias);
                for (&x, column) in x.iter().zip(layer.columns.chunks_exact(outputs)) {
                    for (y, &weight) in y.iter_mut().zip(column) {
                        *y += x * weight;
                    }
                }
                if let Some((gain, shift)) = &layer.norm {
                    normalise(y, gain, shift);
                }
                if i < last {
                    self.spec.activation.apply_in_place(y, layer.slope);
                }
            }
            std::mem::swap(x, y);
        }
        x
    }
}

fn normalise(row: &mut [f32], gain: &[f32], shift: &[f32]) {
    let count = row.len() as f32;
    let mean = row.iter().sum::<f32>() / count;
    let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / count;
    let deviation = (variance + LAYER_NORM_EPSILON).sqrt();
    for ((x, gain), shift) in row.iter_mut().zip(gain).zip(shift) {
        *x = (*x - mean) / deviation * gain + shift;
    }
}
