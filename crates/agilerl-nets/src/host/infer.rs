//! A network on the host, for acting.

use crate::activation::Activation;
use crate::host::infer_head::HostMlp;
use crate::host::patches::{Patches, exchange_axes};
use crate::input_number::InputNumber;
use crate::spec::encoder::{ConvSpec, EncoderSpec};
use crate::spec::net::NetSpec;
use crate::weights::weights::Weights;

/// A network on the host, for acting: [`HostMlp`] behind an optional encoder. It gives the same numbers on every
/// machine.
///
/// In a convolution too, every sum starts from the bias and adds one product after another, in the order of the
/// kernel's weights, without fused multiply-add. Products with an input of zero are left out; they add nothing.
#[derive(Clone, Debug)]
pub struct HostNet {
    spec: NetSpec,
    encoder: Option<Encoder>,
    head: HostMlp,
    /// Rows as `f32`, if they arrive as bytes.
    rows: Vec<f32>,
    /// Features and, behind them, the extra numbers.
    joined: Vec<f32>,
}

impl HostNet {
    /// Returns the network with these weights; the spec must be valid.
    ///
    /// # Panics
    /// If the weights have another layout than the spec's.
    pub fn new(spec: &NetSpec, weights: &Weights) -> Self {
        assert_eq!(weights.layout(), &spec.layout(), "these weights belong to another spec");
        let encoder = spec.encoder.as_ref().map(Encoder::new);
        let start = encoder.as_ref().map_or(0, |encoder| encoder.len);
        let head = Weights::new(spec.head.layout(), weights.values()[start..].to_vec());
        let (rows, joined) = (Vec::new(), Vec::new());
        let mut net = Self { spec: spec.clone(), encoder, head: HostMlp::new(&spec.head, &head), rows, joined };
        net.load(weights.values());
        net
    }

    /// Returns the spec of the network.
    pub fn spec(&self) -> &NetSpec {
        &self.spec
    }

    /// Loads new weights, flat in the order of the spec's layout, without allocating.
    ///
    /// # Panics
    /// If their number is not that of the spec.
    pub fn load(&mut self, flat: &[f32]) {
        match &mut self.encoder {
            None => self.head.load(flat),
            Some(encoder) => {
                let (own, head) = flat.split_at(encoder.len);
                encoder.load(own);
                self.head.load(head);
            }
        }
    }

    /// Returns the outputs of a batch of rows: `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows, or the network reads extra numbers.
    pub fn forward<O: InputNumber>(&mut self, rows: &[O]) -> &[f32] {
        self.forward_with(rows, &[])
    }

    /// As [`forward`](Self::forward), with the numbers that the head reads behind the features, `[batch, extra]`.
    ///
    /// # Panics
    /// If a length does not fit.
    pub fn forward_with<O: InputNumber>(&mut self, rows: &[O], extra: &[f32]) -> &[f32] {
        let (inputs, width) = (self.spec.inputs(), self.spec.extra);
        assert_eq!(rows.len() % inputs, 0, "{} numbers are not rows of {inputs}", rows.len());
        assert_eq!(extra.len(), rows.len() / inputs * width, "{} numbers are not rows of {width}", extra.len());
        let features = match &mut self.encoder {
            None => O::widen(rows, &mut self.rows),
            Some(encoder) => encoder.forward(rows),
        };
        if width == 0 {
            return self.head.forward(features);
        }
        join_rows(features, extra, width, &mut self.joined);
        self.head.forward(&self.joined)
    }

    /// Returns the rows that the head reads, `[rows, features + extra]`, of rows `[rows, inputs + extra]`.
    pub(crate) fn head_rows(&mut self, rows: &[f32]) -> Vec<f32> {
        let (inputs, extra) = (self.spec.inputs(), self.spec.extra);
        assert_eq!(rows.len() % (inputs + extra), 0, "{} numbers are not rows of {}", rows.len(), inputs + extra);
        let Some(encoder) = &mut self.encoder else { return rows.to_vec() };
        let split = rows.chunks_exact(inputs + extra).map(|row| row.split_at(inputs));
        let (images, more): (Vec<&[f32]>, Vec<&[f32]>) = split.unzip();
        let features = encoder.forward(&images.concat());
        if extra == 0 {
            return features.to_vec();
        }
        join_rows(features, &more.concat(), extra, &mut self.joined);
        self.joined.clone()
    }
}

/// Appends `width` numbers to each row.
pub(crate) fn join_rows(rows: &[f32], more: &[f32], width: usize, joined: &mut Vec<f32>) {
    joined.clear();
    let Some(count) = more.len().checked_div(width).filter(|&count| count > 0) else { return };
    for (row, more) in rows.chunks_exact(rows.len() / count).zip(more.chunks_exact(width)) {
        joined.extend_from_slice(row);
        joined.extend_from_slice(more);
    }
}

/// The convolutions, and the flattening behind them.
#[derive(Clone, Debug)]
struct Encoder {
    scale: f32,
    activation: Activation,
    convs: Vec<Conv>,
    /// Number of weights of all convolutions.
    len: usize,
    windows: Vec<f32>,
    map: Vec<f32>,
    features: Vec<f32>,
}

#[derive(Clone, Debug)]
struct Conv {
    patches: Patches,
    /// The kernels transposed, `[window, channels]`, so that all channels of a place are computed together.
    columns: Vec<f32>,
    bias: Vec<f32>,
    slope: f32,
    gate: Option<f32>,
}

impl Encoder {
    fn new(spec: &EncoderSpec) -> Self {
        let conv = |(i, conv): (usize, &ConvSpec)| {
            let patches = Patches::new(spec, i);
            let columns = vec![0.0; patches.window() * conv.channels];
            Conv { patches, columns, bias: vec![0.0; conv.channels], slope: 0.0, gate: conv.gated.then_some(0.0) }
        };
        let convs = spec.convs.iter().enumerate().map(conv).collect();
        let (scale, activation, len) = (spec.scale, spec.activation, spec.len());
        Self { scale, activation, convs, len, windows: Vec::new(), map: Vec::new(), features: Vec::new() }
    }

    fn load(&mut self, flat: &[f32]) {
        let mut rest = flat;
        let mut next = |len: usize| {
            let (head, tail) = rest.split_at(len);
            rest = tail;
            head
        };
        for conv in &mut self.convs {
            let (window, channels) = (conv.patches.window(), conv.bias.len());
            for (channel, kernel) in next(window * channels).chunks_exact(window).enumerate() {
                for (column, &weight) in conv.columns.chunks_exact_mut(channels).zip(kernel) {
                    column[channel] = weight;
                }
            }
            conv.bias.copy_from_slice(next(channels));
            if self.activation == Activation::Prelu {
                conv.slope = next(1)[0];
            }
            if let Some(gate) = &mut conv.gate {
                *gate = next(1)[0];
            }
        }
        assert!(rest.is_empty(), "{} weights too many for the convolutions", rest.len());
    }

    /// Returns the features of images, `[batch, features]`.
    fn forward<O: InputNumber>(&mut self, images: &[O]) -> &[f32] {
        for (i, conv) in self.convs.iter().enumerate() {
            match i {
                0 => conv.patches.gather(images, self.scale, &mut self.windows),
                _ => conv.patches.gather(&self.map, 1.0, &mut self.windows),
            }
            conv.forward(self.activation, &self.windows, &mut self.map);
        }
        let last = self.convs.last().expect("a valid spec has convolutions");
        exchange_axes(&self.map, last.patches.places(), last.bias.len(), &mut self.features);
        &self.features
    }
}

impl Conv {
    /// Turns windows, `[places, window]`, into a map, `[places, channels]`.
    fn forward(&self, activation: Activation, windows: &[f32], map: &mut Vec<f32>) {
        let channels = self.bias.len();
        let window = self.patches.window();
        map.resize(windows.len() / window * channels, 0.0);
        for (window, place) in windows.chunks_exact(window).zip(map.chunks_exact_mut(channels)) {
            place.copy_from_slice(&self.bias);
            for (&x, column) in window.iter().zip(self.columns.chunks_exact(channels)) {
                if x != 0.0 {
                    for (sum, &weight) in place.iter_mut().zip(column) {
                        *sum += x * weight;
                    }
                }
            }
            let Some(gate) = self.gate else {
                activation.apply_in_place(place, self.slope);
                continue;
            };
            for x in place {
                let mut y = [*x];
                activation.apply_in_place(&mut y, self.slope);
                *x += gate * (y[0] - *x);
            }
        }
    }
}
