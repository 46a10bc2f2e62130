//! The forward and the backward pass of a batch through a perceptron on the host.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::activation::Activation;
use crate::host::infer_head::centre_on;
use crate::host::matrix_product::{Matrix, MatrixProduct};
use crate::host::vectors::vectors;
use crate::spec::block::{Block, LAYER_NORM_EPSILON};
use crate::spec::head::MlpSpec;

/// Outputs of a batch and the gradient of the weights on the host, without a device or a graph: the core of learning on
/// the CPU.
///
/// The caller keeps the weights, flat in the order of the spec's layout. All other memory is kept here and reused:
/// after the largest batch nothing more is allocated. It runs on one thread and gives the same bits on vectors of any
/// width.
///
/// ```
/// use agilerl_nets::{HostPass, MlpSpec};
/// use rand::SeedableRng;
///
/// let spec = MlpSpec::new(8, &[32, 32], 4);
/// let weights = spec.init(&mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
/// let mut pass = HostPass::new(&spec);
/// let values = pass.forward(weights.values(), &[0.5; 2 * 8]);
/// assert_eq!(values.len(), 2 * 4);
/// // The gradient of the sum of all values: 2 for every bias of the output, since there are two rows.
/// let mut gradient = vec![0.0; weights.values().len()];
/// pass.backward(weights.values(), &[1.0; 2 * 4], &mut gradient);
/// assert!(gradient.ends_with(&[2.0; 4]));
/// ```
#[derive(Clone, Debug)]
pub struct HostPass {
    spec: MlpSpec,
    hidden: Vec<Dense>,
    /// The output layer, and the value layer if the network is dueling.
    heads: Vec<Dense>,
    len: usize,
    obs: Vec<f32>,
    /// Output of a dueling network.
    values: Vec<f32>,
    gradients: Gradients,
    product: MatrixProduct,
    arch: Arch,
}

/// Gradients of the backward pass.
#[derive(Clone, Debug, Default)]
struct Gradients {
    /// Gradient of the output of the layers that are still to be done.
    stream: Vec<f32>,
    /// Gradient of the output of a layer, then of its sums.
    outer: Vec<f32>,
    /// Gradient of the input of a layer.
    inner: Vec<f32>,
}

/// A linear layer; of a hidden layer also normalisation and activation, of a residual layer also the gate.
#[derive(Clone, Debug)]
struct Dense {
    inputs: usize,
    outputs: usize,
    /// Ranges of its parameters in the flat vector.
    weight: Range<usize>,
    bias: Range<usize>,
    norm: Option<Norm>,
    slope: Option<usize>,
    gate: Option<usize>,
    activation: Activation,
    /// `[batch, outputs]`: input of the activation.
    before: Vec<f32>,
    /// `[batch, outputs]`: output of the activation. Empty where the activation is the identity.
    after: Vec<f32>,
    /// `[batch, outputs]`: of a residual layer, its input plus the gate times `after`.
    sum: Vec<f32>,
}

#[derive(Clone, Debug)]
struct Norm {
    gain: Range<usize>,
    shift: Range<usize>,
    /// `[batch, outputs]`: rows with mean 0 and variance 1.
    normal: Vec<f32>,
    /// `[batch]`: the divisors of the rows.
    deviations: Vec<f32>,
}

impl HostPass {
    /// Returns passes for networks of this spec.
    pub fn new(spec: &MlpSpec) -> Self {
        let mut len = 0;
        let mut hidden: Vec<Dense> = spec.blocks().iter().map(|block| Dense::new(block, &mut len)).collect();
        let heads = hidden.split_off(hidden.len() - if spec.dueling { 2 } else { 1 });
        Self {
            spec: spec.clone(),
            hidden,
            heads,
            len,
            obs: Vec::new(),
            values: Vec::new(),
            gradients: Gradients::default(),
            product: MatrixProduct::new(),
            arch: vectors(),
        }
    }

    /// Returns the spec of the networks.
    pub fn spec(&self) -> &MlpSpec {
        &self.spec
    }

    /// Returns the outputs of a batch of rows: `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows, or the number of weights is wrong.
    pub fn forward(&mut self, weights: &[f32], rows: &[f32]) -> &[f32] {
        let inputs = self.spec.inputs;
        assert_eq!(rows.len() % inputs, 0, "{} numbers are not rows of {inputs}", rows.len());
        assert_eq!(weights.len(), self.len, "{} weights for {}", weights.len(), self.spec);
        let batch = rows.len() / inputs;
        self.obs.clear();
        self.obs.extend_from_slice(rows);
        let Self { hidden, heads, product, arch, .. } = self;
        for i in 0..hidden.len() {
            let (done, rest) = hidden.split_at_mut(i);
            let input = done.last().map_or(self.obs.as_slice(), Dense::output);
            rest[0].forward(product, *arch, weights, input, batch);
        }
        let input = hidden.last().map_or(self.obs.as_slice(), Dense::output);
        heads.iter_mut().for_each(|head| head.forward(product, *arch, weights, input, batch));
        match &self.heads[..] {
            [advantages, value] => {
                self.values.clear();
                self.values.extend_from_slice(advantages.output());
                centre_on(value.output(), &mut self.values, self.spec.outputs);
                &self.values
            }
            heads => heads[0].output(),
        }
    }

    /// Computes the gradient of the weights, `[weights]`, from the gradient of the outputs, `[batch, outputs]`, of the
    /// last [`forward`](Self::forward), which must have used the same weights.
    ///
    /// # Panics
    /// If a length does not fit.
    pub fn backward(&mut self, weights: &[f32], values_gradient: &[f32], gradient: &mut [f32]) {
        self.differentiate(weights, values_gradient, gradient, false);
    }

    /// As [`backward`](Self::backward). Returns the gradient of the input rows, `[batch, inputs]`, for the layers in
    /// front of the perceptron.
    ///
    /// # Panics
    /// If a length does not fit.
    pub fn backward_to_input(&mut self, weights: &[f32], values_gradient: &[f32], gradient: &mut [f32]) -> &[f32] {
        self.differentiate(weights, values_gradient, gradient, true);
        &self.gradients.stream
    }

    /// Computes the gradient of the weights; if `to_input`, leaves the gradient of the input rows in the stream.
    fn differentiate(&mut self, weights: &[f32], values_gradient: &[f32], gradient: &mut [f32], to_input: bool) {
        assert_eq!((weights.len(), gradient.len()), (self.len, self.len), "weights and gradient for {}", self.spec);
        let batch = self.obs.len() / self.spec.inputs;
        assert_eq!(values_gradient.len(), batch * self.spec.outputs, "a gradient for each of the values");
        let Self { hidden, heads, product, arch, .. } = self;
        let Gradients { stream, outer, inner } = &mut self.gradients;
        let input = hidden.last().map_or(self.obs.as_slice(), Dense::output);
        let goes_on = to_input || !hidden.is_empty();
        for (i, head) in heads.iter().enumerate() {
            outer.clear();
            match (i, self.spec.dueling) {
                (_, false) => outer.extend_from_slice(values_gradient),
                (0, true) => extend_centred(outer, values_gradient, self.spec.outputs),
                (_, true) => {
                    outer.extend(values_gradient.chunks_exact(self.spec.outputs).map(|row| row.iter().sum::<f32>()))
                }
            }
            head.backward(product, *arch, weights, input, batch, outer, gradient, goes_on.then_some(&mut *inner));
            match i {
                0 => std::mem::swap(stream, inner),
                _ => add(stream, inner),
            }
        }
        for i in (0..hidden.len()).rev() {
            let (earlier, rest) = hidden.split_at(i);
            let layer = &rest[0];
            let input = earlier.last().map_or(self.obs.as_slice(), Dense::output);
            let goes_on = to_input || i > 0;
            let Some(gate) = layer.gate else {
                layer.backward(product, *arch, weights, input, batch, stream, gradient, goes_on.then_some(&mut *inner));
                std::mem::swap(stream, inner);
                continue;
            };
            gradient[gate] = stream.iter().zip(layer.activated()).map(|(gradient, y)| gradient * y).sum();
            outer.clear();
            outer.extend(stream.iter().map(|gradient| weights[gate] * gradient));
            // A residual layer is behind a plain one, so the gradient always goes on.
            layer.backward(product, *arch, weights, input, batch, outer, gradient, Some(&mut *inner));
            add(stream, inner);
        }
    }
}

/// [`Dense::finish`] on the widest vectors. Not a closure: long closures are not inlined, and are then compiled for the
/// vectors that every processor has.
struct Finish<'a> {
    layer: &'a mut Dense,
    weights: &'a [f32],
    input: &'a [f32],
}

impl WithSimd for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.layer.finish(self.weights, self.input);
    }
}

/// [`Dense::undo_finish`] on the widest vectors.
struct UndoFinish<'a> {
    layer: &'a Dense,
    weights: &'a [f32],
    outer: &'a mut [f32],
    gradient: &'a mut [f32],
}

impl WithSimd for UndoFinish<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.layer.undo_finish(self.weights, self.outer, self.gradient);
    }
}

impl Dense {
    /// Returns a layer whose parameters begin at `len`, and moves `len` behind them.
    fn new(block: &Block, len: &mut usize) -> Self {
        let mut next = |count: usize| {
            *len += count;
            *len - count..*len
        };
        let Block { inputs, outputs, activation, .. } = *block;
        Self {
            inputs,
            outputs,
            weight: next(inputs * outputs),
            bias: next(outputs),
            norm: block.has_norm.then(|| Norm {
                gain: next(outputs),
                shift: next(outputs),
                normal: Vec::new(),
                deviations: Vec::new(),
            }),
            slope: block.has_slope().then(|| next(1).start),
            gate: block.is_residual().then(|| next(1).start),
            activation,
            before: Vec::new(),
            after: Vec::new(),
            sum: Vec::new(),
        }
    }

    fn forward(&mut self, product: &mut MatrixProduct, arch: Arch, weights: &[f32], input: &[f32], batch: usize) {
        self.before.resize(batch * self.outputs, 0.0);
        let weight = Matrix::new(&weights[self.weight.clone()], self.outputs, self.inputs);
        product.write(Matrix::new(input, batch, self.inputs), weight.transposed(), &mut self.before);
        arch.dispatch(Finish { layer: self, weights, input });
    }

    /// Computes the gradients of the parameters (except the gate) and, if it is asked for, of the input, from the
    /// gradient of the activation's output, `outer`, which becomes the gradient of the sums.
    #[expect(clippy::too_many_arguments, reason = "the parts of a pass, borrowed one by one")]
    fn backward(
        &self,
        product: &mut MatrixProduct,
        arch: Arch,
        weights: &[f32],
        input: &[f32],
        batch: usize,
        outer: &mut [f32],
        gradient: &mut [f32],
        inner: Option<&mut Vec<f32>>,
    ) {
        arch.dispatch(UndoFinish { layer: self, weights, outer, gradient });
        let at_sums = Matrix::new(outer, batch, self.outputs);
        let into = &mut gradient[self.weight.clone()];
        product.write(at_sums.transposed(), Matrix::new(input, batch, self.inputs), into);
        if let Some(inner) = inner {
            inner.resize(batch * self.inputs, 0.0);
            let weight = Matrix::new(&weights[self.weight.clone()], self.outputs, self.inputs);
            product.write(at_sums, weight, inner);
        }
    }

    /// Returns the input of the next layer.
    fn output(&self) -> &[f32] {
        if self.gate.is_some() { &self.sum } else { self.activated() }
    }

    /// Returns the output of the activation.
    fn activated(&self) -> &[f32] {
        if self.activation == Activation::Linear { &self.before } else { &self.after }
    }

    /// Applies everything behind the product: bias, normalisation, activation, gate.
    #[inline(always)]
    fn finish(&mut self, weights: &[f32], input: &[f32]) {
        let bias = &weights[self.bias.clone()];
        for row in self.before.chunks_exact_mut(self.outputs) {
            for (x, bias) in row.iter_mut().zip(bias) {
                *x += bias;
            }
        }
        if let Some(norm) = &mut self.norm {
            norm.forward(weights, &mut self.before, self.outputs);
        }
        if self.activation != Activation::Linear {
            self.after.clear();
            self.after.extend_from_slice(&self.before);
            self.activation.apply_in_place(&mut self.after, self.slope.map_or(0.0, |slope| weights[slope]));
        }
        if let Some(gate) = self.gate {
            let mut sum = std::mem::take(&mut self.sum);
            sum.clear();
            sum.extend(input.iter().zip(self.activated()).map(|(x, y)| x + weights[gate] * y));
            self.sum = sum;
        }
    }

    /// Turns the gradient of the activation's output into the gradient of the sums, in place, and writes the gradients
    /// of all parameters except the matrix and the gate.
    #[inline(always)]
    fn undo_finish(&self, weights: &[f32], outer: &mut [f32], gradient: &mut [f32]) {
        if let Some(slope) = self.slope {
            let negative = |(&gradient, &x): (&f32, &f32)| gradient * x.min(0.0);
            gradient[slope] = outer.iter().zip(&self.before).map(negative).sum();
        }
        let slope = self.slope.map_or(0.0, |slope| weights[slope]);
        self.activation.pull_back(outer, &self.before, &self.after, slope);
        if let Some(norm) = &self.norm {
            norm.backward(weights, outer, gradient, self.outputs);
        }
        let bias = &mut gradient[self.bias.clone()];
        bias.fill(0.0);
        for row in outer.chunks_exact(self.outputs) {
            for (sum, x) in bias.iter_mut().zip(row) {
                *sum += x;
            }
        }
    }
}

/// Appends the gradient of the advantages, given the gradient of the values.
fn extend_centred(outer: &mut Vec<f32>, values_gradient: &[f32], outputs: usize) {
    for row in values_gradient.chunks_exact(outputs) {
        let mean = row.iter().sum::<f32>() / outputs as f32;
        outer.extend(row.iter().map(|gradient| gradient - mean));
    }
}

fn add(into: &mut [f32], more: &[f32]) {
    into.iter_mut().zip(more).for_each(|(into, more)| *into += more);
}

impl Norm {
    #[inline(always)]
    fn forward(&mut self, weights: &[f32], rows: &mut [f32], width: usize) {
        let (gain, shift) = (&weights[self.gain.clone()], &weights[self.shift.clone()]);
        self.normal.resize(rows.len(), 0.0);
        self.deviations.resize(rows.len() / width, 0.0);
        let kept = self.normal.chunks_exact_mut(width).zip(&mut self.deviations);
        for (row, (normal, kept_deviation)) in rows.chunks_exact_mut(width).zip(kept) {
            let mean = sum(row.iter().copied()) / width as f32;
            let variance = sum(row.iter().map(|x| (x - mean) * (x - mean))) / width as f32;
            let deviation = (variance + LAYER_NORM_EPSILON).sqrt();
            *kept_deviation = deviation;
            for (((x, normal), gain), shift) in row.iter_mut().zip(normal).zip(gain).zip(shift) {
                *normal = (*x - mean) / deviation;
                *x = *normal * gain + shift;
            }
        }
    }

    /// With `x = (s - mean) / deviation` and `y = gain x + shift`, rows of `n`, `d` the gradient of `y`:
    /// `gain` gets `sum d x` and `shift` gets `sum d` over the batch, and `s` gets
    /// `(g - mean(g) - x mean(g x)) / deviation` with `g = gain d`.
    #[inline(always)]
    fn backward(&self, weights: &[f32], outer: &mut [f32], gradient: &mut [f32], width: usize) {
        let gain = &weights[self.gain.clone()];
        gradient[self.gain.clone()].fill(0.0);
        gradient[self.shift.clone()].fill(0.0);
        let kept = self.normal.chunks_exact(width).zip(&self.deviations);
        for (row, (normal, deviation)) in outer.chunks_exact_mut(width).zip(kept) {
            for ((sum, d), x) in gradient[self.gain.clone()].iter_mut().zip(&*row).zip(normal) {
                *sum += d * x;
            }
            for (sum, d) in gradient[self.shift.clone()].iter_mut().zip(&*row) {
                *sum += d;
            }
            for (d, gain) in row.iter_mut().zip(gain) {
                *d *= gain;
            }
            let mean = sum(row.iter().copied()) / width as f32;
            let along = sum(row.iter().zip(normal).map(|(g, x)| g * x)) / width as f32;
            for (g, x) in row.iter_mut().zip(normal) {
                *g = (*g - mean - x * along) / deviation;
            }
        }
    }
}

/// Returns the sum, adding one number after another.
#[inline(always)]
fn sum(numbers: impl Iterator<Item = f32>) -> f32 {
    numbers.sum()
}
