//! Any network on the host, for acting.

use crate::patches::{Patches, exchange_axes};
use crate::{Activation, CnnSpec, HostMlp, InputNumber, NetSpec, Weights};

/// [`HostMlp`] for any network: the same numbers wherever it runs.
///
/// In a convolution too every sum starts from the bias and adds one product after another, in the order of the kernel's
/// weights, without fused multiply-add; products with an input of zero are left out, since they add nothing.
#[derive(Clone, Debug)]
pub struct HostNet {
    spec: NetSpec,
    encoder: Option<Encoder>,
    head: HostMlp,
    /// Rows as `f32`, where they come as bytes.
    rows: Vec<f32>,
}

impl HostNet {
    /// The network with these weights, of a valid spec.
    ///
    /// # Panics
    /// If the weights are not laid out as the spec says.
    pub fn new(spec: &NetSpec, weights: &Weights) -> Self {
        assert_eq!(weights.layout(), &spec.layout(), "these weights belong to another spec");
        let encoder = match spec {
            NetSpec::Mlp(_) => None,
            NetSpec::Cnn(spec) => Some(Encoder::new(spec)),
        };
        let start = encoder.as_ref().map_or(0, |encoder| encoder.len);
        let head = Weights::new(spec.head().layout(), weights.values()[start..].to_vec());
        let mut net = Self { spec: spec.clone(), encoder, head: HostMlp::new(spec.head(), &head), rows: Vec::new() };
        net.load(weights.values());
        net
    }

    /// What it is made of.
    pub fn spec(&self) -> &NetSpec {
        &self.spec
    }

    /// Takes new weights, flat in the order of the spec's layout, without allocating.
    ///
    /// # Panics
    /// If there are too few or too many.
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

    /// Values of a batch of rows: `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows.
    pub fn forward<O: InputNumber>(&mut self, rows: &[O]) -> &[f32] {
        let inputs = self.spec.inputs();
        assert_eq!(rows.len() % inputs, 0, "{} numbers are no rows of {inputs}", rows.len());
        match &mut self.encoder {
            None => self.head.forward(O::widen(rows, &mut self.rows)),
            Some(encoder) => self.head.forward(encoder.forward(rows)),
        }
    }
}

/// The convolutions, and the flattening behind them.
#[derive(Clone, Debug)]
struct Encoder {
    scale: f32,
    activation: Activation,
    convs: Vec<Conv>,
    /// Weights of all convolutions.
    len: usize,
    windows: Vec<f32>,
    map: Vec<f32>,
    features: Vec<f32>,
}

#[derive(Clone, Debug)]
struct Conv {
    patches: Patches,
    /// The kernels transposed, `[window, channels]`: then all channels of a place are computed together.
    columns: Vec<f32>,
    bias: Vec<f32>,
    slope: f32,
    gate: Option<f32>,
}

impl Encoder {
    fn new(spec: &CnnSpec) -> Self {
        let conv = |(i, conv): (usize, &crate::ConvSpec)| {
            let patches = Patches::new(spec, i);
            let columns = vec![0.0; patches.window() * conv.channels];
            Conv { patches, columns, bias: vec![0.0; conv.channels], slope: 0.0, gate: conv.gated.then_some(0.0) }
        };
        let convs = spec.convs.iter().enumerate().map(conv).collect();
        let (scale, activation, len) = (spec.scale, spec.activation, spec.encoder_len());
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

    /// Images to flattened maps.
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
    /// Windows `[places, window]` to a map `[places, channels]`.
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
