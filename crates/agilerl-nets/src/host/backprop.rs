//! The forward and the backward pass of a batch on the host.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::activation::Activation;
use crate::host::backprop_head::HostPass;
use crate::host::infer::join_rows;
use crate::host::matrix_product::{Matrix, MatrixProduct};
use crate::host::patches::{Patches, exchange_axes};
use crate::host::vectors::vectors;
use crate::input_number::InputNumber;
use crate::spec::encoder::EncoderSpec;
use crate::spec::net::NetSpec;

/// Outputs of a batch and the gradient of the weights on the host: [`HostPass`] behind an optional encoder.
///
/// A convolution is the product of the windows of all images with its kernels. After the largest batch nothing more is
/// allocated. It runs on one thread and gives the same bits on vectors of any width.
///
/// ```
/// use agilerl_nets::{ConvSpec, EncoderSpec, HostNetPass, NetSpec};
/// use rand::SeedableRng;
///
/// let spec = NetSpec::with_encoder(EncoderSpec::new([4, 10, 10], &[ConvSpec::new(16, 3, 1)]), &[32], 3);
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
    /// Number of weights.
    len: usize,
    /// Rows as `f32`, if they arrive as bytes.
    rows: Vec<f32>,
    /// Features and, behind them, the extra numbers; in a backward pass the gradient of the features.
    joined: Vec<f32>,
    /// Gradient of the extra numbers.
    at_extra: Vec<f32>,
}

impl HostNetPass {
    /// Returns passes for networks of this spec, which must be valid.
    pub fn new(spec: &NetSpec) -> Self {
        let encoder = spec.encoder.as_ref().map(Encoder::new);
        let (head, len) = (HostPass::new(&spec.head), spec.layout().len());
        let (rows, joined, at_extra) = (Vec::new(), Vec::new(), Vec::new());
        Self { spec: spec.clone(), encoder, head, len, rows, joined, at_extra }
    }

    /// Returns the spec of the networks.
    pub fn spec(&self) -> &NetSpec {
        &self.spec
    }

    /// Returns the outputs of a batch of rows: `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows, the number of weights is wrong, or the network reads extra numbers.
    pub fn forward<O: InputNumber>(&mut self, weights: &[f32], rows: &[O]) -> &[f32] {
        self.forward_with(weights, rows, &[])
    }

    /// As [`forward`](Self::forward), with the numbers that the head reads behind the features, `[batch, extra]`.
    ///
    /// # Panics
    /// If a length does not fit.
    pub fn forward_with<O: InputNumber>(&mut self, weights: &[f32], rows: &[O], extra: &[f32]) -> &[f32] {
        let (inputs, width) = (self.spec.inputs(), self.spec.extra);
        assert_eq!(rows.len() % inputs, 0, "{} numbers are not rows of {inputs}", rows.len());
        assert_eq!(extra.len(), rows.len() / inputs * width, "{} numbers are not rows of {width}", extra.len());
        assert_eq!(weights.len(), self.len, "{} weights for {}", weights.len(), self.spec);
        let encoder_len = self.encoder.as_ref().map_or(0, |encoder| encoder.len);
        let (own, head) = weights.split_at(encoder_len);
        let features = match &mut self.encoder {
            None => O::widen(rows, &mut self.rows),
            Some(encoder) => encoder.forward(own, rows),
        };
        if width == 0 {
            return self.head.forward(head, features);
        }
        join_rows(features, extra, width, &mut self.joined);
        self.head.forward(head, &self.joined)
    }

    /// Computes the gradient of the weights, `[weights]`, from the gradient of the outputs, `[batch, outputs]`, of the
    /// last [`forward`](Self::forward), which must have used the same weights. Returns the gradient of the extra
    /// numbers, `[batch, extra]`.
    ///
    /// # Panics
    /// If a length does not fit.
    pub fn backward(&mut self, weights: &[f32], outputs_gradient: &[f32], gradient: &mut [f32]) -> &[f32] {
        assert_eq!((weights.len(), gradient.len()), (self.len, self.len), "weights and gradient for {}", self.spec);
        let (width, columns) = (self.spec.extra, self.spec.head.inputs);
        self.at_extra.clear();
        let Some(encoder) = &mut self.encoder else {
            if width == 0 {
                self.head.backward(weights, outputs_gradient, gradient);
            } else {
                let at_rows = self.head.backward_to_input(weights, outputs_gradient, gradient);
                self.at_extra.extend(at_rows.chunks_exact(columns).flat_map(|row| &row[columns - width..]));
            }
            return &self.at_extra;
        };
        let (own, head) = weights.split_at(encoder.len);
        let (own_gradient, head_gradient) = gradient.split_at_mut(encoder.len);
        let at_rows = self.head.backward_to_input(head, outputs_gradient, head_gradient);
        if width == 0 {
            encoder.backward(own, at_rows, own_gradient);
        } else {
            self.joined.clear();
            for row in at_rows.chunks_exact(columns) {
                let (features, extra) = row.split_at(columns - width);
                self.joined.extend_from_slice(features);
                self.at_extra.extend_from_slice(extra);
            }
            encoder.backward(own, &self.joined, own_gradient);
        }
        &self.at_extra
    }
}

/// The convolutions, and the flattening behind them.
#[derive(Clone, Debug)]
struct Encoder {
    scale: f32,
    convs: Vec<Conv>,
    /// Number of weights of all convolutions.
    len: usize,
    /// `[batch, features]`: the last map, channel by channel.
    features: Vec<f32>,
    /// Gradient of a map, and gradient of the windows of its convolution.
    outer: Vec<f32>,
    inner: Vec<f32>,
    product: MatrixProduct,
    arch: Arch,
}

/// A convolution and its activation. Maps are `[batch, places, channels]`.
#[derive(Clone, Debug)]
struct Conv {
    patches: Patches,
    channels: usize,
    weight: Range<usize>,
    bias: Range<usize>,
    slope: Option<usize>,
    gate: Option<usize>,
    activation: Activation,
    /// `[batch * places, window]`: the windows of its input.
    windows: Vec<f32>,
    /// Input of the activation.
    before: Vec<f32>,
    /// Output of the activation.
    after: Vec<f32>,
    /// Output of the gate, if there is one.
    mixed: Vec<f32>,
}

impl Encoder {
    fn new(spec: &EncoderSpec) -> Self {
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

    /// Returns the features of images.
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

    /// Computes the gradient of the weights from the gradient of the features.
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

/// [`Conv::finish`] on the widest vectors. A type, as in [`HostPass`], because a closure is not inlined.
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
    /// Returns the input of the next layer.
    fn output(&self) -> &[f32] {
        if self.gate.is_some() { &self.mixed } else { &self.after }
    }

    /// Multiplies the windows by the kernels.
    fn multiply(&mut self, weights: &[f32], product: &mut MatrixProduct) {
        let window = self.patches.window();
        let places = self.windows.len() / window;
        self.before.resize(places * self.channels, 0.0);
        let kernels = Matrix::new(&weights[self.weight.clone()], self.channels, window).transposed();
        product.write(Matrix::new(&self.windows, places, window), kernels, &mut self.before);
    }

    /// Applies bias, activation and gate.
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

    /// Turns the gradient of the output into the gradient of the sums, in place, and writes the gradients of all
    /// parameters except the kernels.
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
