//! A multi-layer perceptron on the host, for acting.

use crate::spec::block::{Block, LAYER_NORM_EPSILON, Role};
use crate::spec::head::MlpSpec;
use crate::weights::weights::Weights;

/// A multi-layer perceptron on the host, without a device or a graph: the fastest way to act on a few rows. It gives
/// the same numbers on every machine.
///
/// Every sum starts from the bias and adds one product after another, in the order of the inputs, in `f32` and without
/// fused multiply-add. So the outputs of a row do not depend on its neighbours, and a few lines of numpy in the same
/// order give the same bits (for activations without a library function).
#[derive(Clone, Debug)]
pub struct HostMlp {
    spec: MlpSpec,
    layers: Vec<Dense>,
    /// Input of a layer, its output, and the output of the network; reused.
    scratch: [Vec<f32>; 3],
}

/// A linear layer, its normalisation and its activation.
#[derive(Clone, Debug)]
struct Dense {
    block: Block,
    /// The matrix transposed, `[inputs, outputs]`, so that neighbouring outputs are computed together.
    columns: Vec<f32>,
    bias: Vec<f32>,
    norm: Option<(Vec<f32>, Vec<f32>)>,
    slope: f32,
    gate: f32,
}

/// Inputs and outputs of a block for a batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    /// `[batch, inputs]`.
    pub(crate) input: Vec<f32>,
    /// `[batch, outputs]`, before normalisation and activation.
    pub(crate) sums: Vec<f32>,
    /// `[batch, outputs]`, after them; for a residual layer, before its gate.
    pub(crate) output: Vec<f32>,
}

impl HostMlp {
    /// Returns the network with these weights.
    ///
    /// # Panics
    /// If the weights have another layout than the spec's.
    pub fn new(spec: &MlpSpec, weights: &Weights) -> Self {
        assert_eq!(weights.layout(), &spec.layout(), "these weights belong to another spec");
        let layers = spec.blocks().into_iter().map(Dense::new).collect();
        let mut net = Self { spec: spec.clone(), layers, scratch: Default::default() };
        net.load(weights.values());
        net
    }

    /// Returns the spec of the network.
    pub fn spec(&self) -> &MlpSpec {
        &self.spec
    }

    /// Loads new weights, flat in the order of the spec's layout, without allocating.
    ///
    /// # Panics
    /// If their number is not that of the spec.
    pub fn load(&mut self, flat: &[f32]) {
        let mut rest = flat;
        let mut next = |len: usize| {
            let (head, tail) = rest.split_at(len);
            rest = tail;
            head
        };
        for layer in &mut self.layers {
            let Block { inputs, outputs, .. } = layer.block;
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
            if layer.block.has_slope() {
                layer.slope = next(1)[0];
            }
            if layer.block.is_residual() {
                layer.gate = next(1)[0];
            }
        }
        assert!(rest.is_empty(), "{} weights too many for {}", rest.len(), self.spec);
    }

    /// Returns the outputs of a batch of rows: `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows.
    pub fn forward(&mut self, rows: &[f32]) -> &[f32] {
        self.run(rows, None);
        &self.scratch[2]
    }

    /// Returns the inputs and outputs of every block for a batch of rows, in the order of the blocks.
    pub(crate) fn trace(&mut self, rows: &[f32]) -> Vec<Trace> {
        let mut traces = Vec::new();
        self.run(rows, Some(&mut traces));
        traces
    }

    fn run(&mut self, rows: &[f32], mut traces: Option<&mut Vec<Trace>>) {
        assert_eq!(rows.len() % self.spec.inputs, 0, "{} numbers are not rows of {}", rows.len(), self.spec.inputs);
        let [x, y, values] = &mut self.scratch;
        x.clear();
        x.extend_from_slice(rows);
        let batch = rows.len() / self.spec.inputs;
        for layer in &self.layers {
            y.resize(batch * layer.block.outputs, 0.0);
            layer.sum(x, y);
            let sums = traces.is_some().then(|| y.clone());
            layer.finish(y);
            if let (Some(traces), Some(sums)) = (&mut traces, sums) {
                traces.push(Trace { input: x.clone(), sums, output: y.clone() });
            }
            match layer.block.role {
                Role::Plain { .. } => std::mem::swap(x, y),
                Role::Residual { .. } => x.iter_mut().zip(&*y).for_each(|(x, y)| *x += layer.gate * y),
                Role::Output => std::mem::swap(values, y),
                Role::Value => centre_on(y, values, self.spec.outputs),
            }
        }
    }
}

impl Dense {
    fn new(block: Block) -> Self {
        let outputs = block.outputs;
        Self {
            columns: vec![0.0; block.inputs * outputs],
            bias: vec![0.0; outputs],
            norm: block.has_norm.then(|| (vec![0.0; outputs], vec![0.0; outputs])),
            slope: 0.0,
            gate: 0.0,
            block,
        }
    }

    /// Computes `x W^T + b`.
    fn sum(&self, x: &[f32], y: &mut [f32]) {
        let Block { inputs, outputs, .. } = self.block;
        for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
            y.copy_from_slice(&self.bias);
            for (&x, column) in x.iter().zip(self.columns.chunks_exact(outputs)) {
                for (y, &weight) in y.iter_mut().zip(column) {
                    *y += x * weight;
                }
            }
        }
    }

    /// Applies normalisation and activation in place.
    fn finish(&self, y: &mut [f32]) {
        for row in y.chunks_exact_mut(self.block.outputs) {
            if let Some((gain, shift)) = &self.norm {
                normalise(row, gain, shift);
            }
            self.block.activation.apply_in_place(row, self.slope);
        }
    }
}

/// Turns advantages into values in place: `(a - mean(a)) + v` for each row.
pub(crate) fn centre_on(values: &[f32], advantages: &mut [f32], outputs: usize) {
    for (row, value) in advantages.chunks_exact_mut(outputs).zip(values) {
        let mean = row.iter().sum::<f32>() / outputs as f32;
        row.iter_mut().for_each(|advantage| *advantage = (*advantage - mean) + value);
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
