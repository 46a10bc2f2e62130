//! The forward and the backward pass of a batch on the host, whatever the network.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::matrix_product::{Matrix, MatrixProduct};
use crate::patches::{Patches, exchange_axes};
use crate::vectors::vectors;
use crate::{Activation, CnnSpec, HostPass, InputNumber, NetSpec};

/// [`HostPass`] for any network: values of a batch and the gradient of the weights on the host.
///
/// A convolution is the product of the windows of all images with its kernels. After the largest batch has been seen,
/// nothing is allocated. One thread, and the same bits on vectors of any width.
///
/// ```
/// use agilerl_nets::{CnnSpec, ConvSpec, HostNetPass, NetSpec};
/// use rand::SeedableRng;
///
/// let spec = NetSpec::Cnn(CnnSpec::new([4, 10, 10], &[ConvSpec::new(16, 3, 1)], &[32], 3));
/// let weights = spec.init(&mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
/// let mut pass = HostNetPass::new(&spec);
/// assert_eq!(pass.forward(weights.values(), &[1_u8; 2 * 4 * 10 * 10]).len(), 2 * 3);
/// let mut gradient = vec![0.0; weights.values().len()];
/// pass.backward(weights.values(), &[1.0; 2 * 3], &mut gradient);
/// ```
#[derive(Clone, Debug)]
pub struct HostNetPass {
    spec: NetSpec,
    encoder: Option<Encoder>,
    head: HostPass,
    /// Weights in all.
    len: usize,
    /// Rows as `f32`, where they come as bytes.
    rows: Vec<f32>,
}

impl HostNetPass {
    /// For networks of this spec, which must be valid.
    pub fn new(spec: &NetSpec) -> Self {
        let encoder = match spec {
            NetSpec::Mlp(_) => None,
            NetSpec::Cnn(spec) => Some(Encoder::new(spec)),
        };
        let (head, len) = (HostPass::new(spec.head()), spec.layout().len());
        Self { spec: spec.clone(), encoder, head, len, rows: Vec::new() }
    }

    /// What the networks are made of.
    pub fn spec(&self) -> &NetSpec {
        &self.spec
    }

    /// Values of a batch of rows: `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows, or there are too few or too many weights.
    pub fn forward<O: InputNumber>(&mut self, weights: &[f32], rows: &[O]) -> &[f32] {
        let inputs = self.spec.inputs();
        assert_eq!(rows.len() % inputs, 0, "{} numbers are no rows of {inputs}", rows.len());
        assert_eq!(weights.len(), self.len, "{} weights for {}", weights.len(), self.spec);
        match &mut self.encoder {
            None => self.head.forward(weights, O::widen(rows, &mut self.rows)),
            Some(encoder) => {
                let (own, head) = weights.split_at(encoder.len);
                self.head.forward(head, encoder.forward(own, rows))
            }
        }
    }

    /// The gradient of the weights, from the gradient of the values that [`forward`](Self::forward) returned last, for the
    /// same weights: `[batch, outputs]` into `[weights]`.
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn backward(&mut self, weights: &[f32], values_gradient: &[f32], gradient: &mut [f32]) {
        assert_eq!((weights.len(), gradient.len()), (self.len, self.len), "weights and gradient for {}", self.spec);
        let Some(encoder) = &mut self.encoder else { return self.head.backward(weights, values_gradient, gradient) };
        let (own, head) = weights.split_at(encoder.len);
        let (own_gradient, head_gradient) = gradient.split_at_mut(encoder.len);
        let at_features = self.head.backward_to_input(head, values_gradient, head_gradient);
        encoder.backward(own, at_features, own_gradient);
    }
}

/// The convolutions, and the flattening behind them.
#[derive(Clone, Debug)]
struct Encoder {
    scale: f32,
    convs: Vec<Conv>,
    /// Weights of all convolutions.
    len: usize,
    /// `[batch, features]`: the last map, channel by channel.
    features: Vec<f32>,
    /// The gradient of a map, and that of the windows that it was made of.
    outer: Vec<f32>,
    inner: Vec<f32>,
    product: MatrixProduct,
    arch: Arch,
}

/// One convolution and its activation. Maps are `[batch, places, channels]`.
#[derive(Clone, Debug)]
struct Conv {
    patches: Patches,
    channels: usize,
    weight: Range<usize>,
    bias: Range<usize>,
    slope: Option<usize>,
    gate: Option<usize>,
    activation: Activation,
    /// `[batch * places, window]`: what it saw.
    windows: Vec<f32>,
    /// What the activation was applied to.
    before: Vec<f32>,
    /// What the activation gave.
    after: Vec<f32>,
    /// What went out of the gate, if there is one.
    mixed: Vec<f32>,
}

impl Encoder {
    fn new(spec: &CnnSpec) -> Self {
        let mut len = 0;
        let mut next = |count: usize| {
            len += count;
            len - count..len
        };
        let mut convs = Vec::new();
        for (i, conv) in spec.convs.iter().enumerate() {
            let patches = Patches::new(spec, i);
            convs.push(Conv {
                channels: conv.channels,
                weight: next(conv.channels * patches.window()),
                bias: next(conv.channels),
                slope: (spec.activation == Activation::Prelu).then(|| next(1).start),
                gate: conv.gated.then(|| next(1).start),
                activation: spec.activation,
                patches,
                windows: Vec::new(),
                before: Vec::new(),
                after: Vec::new(),
                mixed: Vec::new(),
            });
        }
        Self {
            scale: spec.scale,
            convs,
            len,
            features: Vec::new(),
            outer: Vec::new(),
            inner: Vec::new(),
            product: MatrixProduct::new(),
            arch: vectors(),
        }
    }

    /// Images to flattened maps.
    fn forward<O: InputNumber>(&mut self, weights: &[f32], images: &[O]) -> &[f32] {
        for i in 0..self.convs.len() {
            let (earlier, rest) = self.convs.split_at_mut(i);
            let conv = &mut rest[0];
            match earlier.last() {
                None => conv.patches.gather(images, self.scale, &mut conv.windows),
                Some(earlier) => conv.patches.gather(earlier.output(), 1.0, &mut conv.windows),
            }
            conv.multiply(weights, &mut self.product);
            self.arch.dispatch(Finish { conv, weights });
        }
        let last = self.convs.last().expect("a valid spec has convolutions");
        exchange_axes(last.output(), last.patches.places(), last.channels, &mut self.features);
        &self.features
    }

    /// The gradient of the weights, from that of the flattened maps.
    fn backward(&mut self, weights: &[f32], at_features: &[f32], gradient: &mut [f32]) {
        let last = self.convs.last().expect("a valid spec has convolutions");
        exchange_axes(at_features, last.channels, last.patches.places(), &mut self.outer);
        for (i, conv) in self.convs.iter().enumerate().rev() {
            let Self { outer, inner, product, arch, .. } = self;
            arch.dispatch(UndoFinish { conv, weights, outer, gradient });
            let window = conv.patches.window();
            let places = outer.len() / conv.channels;
            let at_sums = Matrix::new(outer, places, conv.channels);
            let windows = Matrix::new(&conv.windows, places, window);
            product.write(at_sums.transposed(), windows, &mut gradient[conv.weight.clone()]);
            if i > 0 {
                inner.resize(places * window, 0.0);
                product.write(at_sums, Matrix::new(&weights[conv.weight.clone()], conv.channels, window), inner);
                conv.patches.scatter(inner, outer);
            }
        }
    }
}

/// [`Conv::finish`] on the widest vectors: a type for it as in [`HostPass`], since a closure is not inlined.
struct Finish<'a> {
    conv: &'a mut Conv,
    weights: &'a [f32],
}

impl WithSimd for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.conv.finish(self.weights);
    }
}

/// [`Conv::undo_finish`] on the widest vectors.
struct UndoFinish<'a> {
    conv: &'a Conv,
    weights: &'a [f32],
    outer: &'a mut [f32],
    gradient: &'a mut [f32],
}

impl WithSimd for UndoFinish<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.conv.undo_finish(self.weights, self.outer, self.gradient);
    }
}

impl Conv {
    /// What the next layer sees.
    fn output(&self) -> &[f32] {
        if self.gate.is_some() { &self.mixed } else { &self.after }
    }

    /// The products of the windows with the kernels.
    fn multiply(&mut self, weights: &[f32], product: &mut MatrixProduct) {
        let window = self.patches.window();
        let places = self.windows.len() / window;
        self.before.resize(places * self.channels, 0.0);
        let kernels = Matrix::new(&weights[self.weight.clone()], self.channels, window).transposed();
        product.write(Matrix::new(&self.windows, places, window), kernels, &mut self.before);
    }

    /// Bias, activation and gate.
    #[inline(always)]
    fn finish(&mut self, weights: &[f32]) {
        let bias = &weights[self.bias.clone()];
        for place in self.before.chunks_exact_mut(self.channels) {
            for (x, bias) in place.iter_mut().zip(bias) {
                *x += bias;
            }
        }
        self.after.clear();
        self.after.extend_from_slice(&self.before);
        self.activation.apply_in_place(&mut self.after, self.slope.map_or(0.0, |slope| weights[slope]));
        if let Some(gate) = self.gate {
            let gate = weights[gate];
            self.mixed.clear();
            self.mixed.extend(self.before.iter().zip(&self.after).map(|(&x, &y)| x + gate * (y - x)));
        }
    }

    /// Turns the gradient of what went out into that of the sums, in place, and writes the gradients of all parameters but
    /// the kernels.
    #[inline(always)]
    fn undo_finish(&self, weights: &[f32], outer: &mut [f32], gradient: &mut [f32]) {
        let gate = self.gate.map(|gate| (gate, weights[gate]));
        if let Some((place, _)) = gate {
            let pairs = self.before.iter().zip(&self.after);
            gradient[place] = outer.iter().zip(pairs).map(|(d, (x, y))| d * (y - x)).sum();
        }
        let gate = gate.map_or(1.0, |(_, gate)| gate);
        if let Some(slope) = self.slope {
            let negative = |(&d, &x): (&f32, &f32)| d * gate * x.min(0.0);
            gradient[slope] = outer.iter().zip(&self.before).map(negative).sum();
        }
        let slope = self.slope.map_or(0.0, |slope| weights[slope]);
        if self.gate.is_some() {
            // d (1 + gate (f'(x) - 1)), one number after another: pull_back alone would lose d.
            for (i, d) in outer.iter_mut().enumerate() {
                let mut through = [*d];
                self.activation.pull_back(&mut through, &self.before[i..=i], &self.after[i..=i], slope);
                *d += gate * (through[0] - *d);
            }
        } else {
            self.activation.pull_back(outer, &self.before, &self.after, slope);
        }
        let bias = &mut gradient[self.bias.clone()];
        bias.fill(0.0);
        for place in outer.chunks_exact(self.channels) {
            for (sum, x) in bias.iter_mut().zip(place) {
                *sum += x;
            }
        }
    }
}
