//! Transplants the weights of a network with an encoder from one architecture to the next.

use rand::Rng;

use crate::host::patches::{Patches, exchange_axes, grid};
use crate::morph::head::Morph;
use crate::spec::encoder::{ConvSpec, EncoderSpec, FIRST_SLOPE};
use crate::spec::mutation::{Growth, NetMutation};
use crate::spec::net::NetSpec;
use crate::weights::draws::fill_uniform;
use crate::weights::layout::Entry;
use crate::weights::weights::Weights;

/// A planned change of a network with an encoder.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CnnMorph {
    from: NetSpec,
    to: NetSpec,
    growth: Growth,
    /// One origin for each convolution of `to`.
    convs: Vec<Origin>,
    /// The change of the head, if there is one.
    head: Option<Morph>,
}

/// The origin of a convolution of the new network.
#[derive(Clone, Debug, PartialEq)]
struct Origin {
    /// Index of the old convolution; `None` for one inserted as the identity.
    layer: Option<usize>,
    /// For each output channel, the old channel (of the old convolution, or of the one before an inserted one); `None`
    /// for a new one.
    channels: Vec<Option<usize>>,
}

/// Name of the head's first matrix.
const FIRST: &str = "hidden.0.weight";

impl CnnMorph {
    /// Plans the mutation; `None` if the limits do not allow it.
    pub(crate) fn plan(from: &NetSpec, mutation: &NetMutation, weights: &Weights, growth: Growth) -> Option<Self> {
        let to = from.apply_as(mutation, growth)?;
        let keep = |(layer, conv): (usize, &ConvSpec)| Origin {
            layer: Some(layer),
            channels: (0..conv.channels).map(Some).collect(),
        };
        let mut convs: Vec<Origin> = encoder(from).convs.iter().enumerate().map(keep).collect();
        let head = if mutation.is_of_encoder() {
            match *mutation {
                NetMutation::AddConv => {
                    let channels = convs.last()?.channels.clone();
                    convs.push(Origin { layer: None, channels });
                }
                NetMutation::RemoveConv => {
                    convs.pop();
                }
                NetMutation::AddChannels { layer, count } => {
                    convs[layer].channels.extend(std::iter::repeat_n(None, count));
                }
                NetMutation::RemoveChannels { layer, .. } => {
                    let keep = encoder(&to).convs[layer].channels;
                    let survivors = most_salient(&saliences(from, weights, layer), keep);
                    convs[layer].channels = survivors.into_iter().map(Some).collect();
                }
                // A new kernel leaves all channels in their places.
                _ => {}
            }
            rewire_head(from, &to, &convs)
        } else {
            Some(Morph::plan_with(&from.head, mutation, &head_of(from, weights), growth, None)?)
        };
        Some(Self { from: from.clone(), to, growth, convs, head })
    }

    pub(crate) fn to(&self) -> &NetSpec {
        &self.to
    }

    pub(crate) fn weights(&self, old: &Weights, rng: &mut impl Rng) -> Weights {
        if self.growth == Growth::Random {
            let mut new = self.to.init(rng);
            copy_common_corners(old, &mut new);
            return new;
        }
        let mut new = self.transplant(old);
        for (layer, origin) in self.convs.iter().enumerate() {
            self.grow(&mut new, layer, origin, rng);
        }
        let head = head_of(&self.from, old);
        let mut head = self.head.as_ref().map_or_else(|| head.clone(), |morph| morph.weights(&head, rng));
        if self.folds_a_conv() {
            fold(&self.from, old, &mut head);
        }
        self.join(new, &head)
    }

    pub(crate) fn moments(&self, old: &Weights) -> Weights {
        if self.growth == Growth::Random {
            return Weights::zeros(self.to.layout());
        }
        let head = head_of(&self.from, old);
        // After a fold the head's first matrix is a product of two matrices, and the moments of neither fit it:
        // rewiring left zeros.
        let head = self.head.as_ref().map_or_else(|| head.clone(), |morph| morph.moments(&head));
        self.join(self.transplant(old), &head)
    }

    fn folds_a_conv(&self) -> bool {
        encoder(&self.to).convs.len() < encoder(&self.from).convs.len()
    }

    /// Returns the weights of the convolutions with those of the head behind them.
    fn join(&self, mut convs: Weights, head: &Weights) -> Weights {
        let start = self.to.encoder_len();
        convs.values_mut()[start..].copy_from_slice(head.values());
        convs
    }

    /// Copies the surviving weights of the convolutions; new ones, and the head's, are zero.
    fn transplant(&self, old: &Weights) -> Weights {
        assert_eq!(old.layout(), &self.from.layout(), "these weights belong to another spec");
        let mut new = Weights::zeros(self.to.layout());
        let mut inputs: Vec<Option<usize>> = (0..encoder(&self.from).input[0]).map(Some).collect();
        for (layer, origin) in self.convs.iter().enumerate() {
            if let Some(source) = origin.layer {
                let part = |name: &str| old.get(&format!("conv.{source}.{name}"));
                self.copy_kernels(
                    part("weight").expect("laid out"),
                    source,
                    &mut new,
                    layer,
                    &inputs,
                    &origin.channels,
                );
                let bias = part("bias").expect("laid out");
                for (into, from) in named(&mut new, layer, "bias").iter_mut().zip(&origin.channels) {
                    *into = from.map_or(0.0, |channel| bias[channel]);
                }
                for name in ["slope", "gate"] {
                    if let Some(number) = part(name) {
                        named(&mut new, layer, name).copy_from_slice(number);
                    }
                }
            }
            inputs.clone_from(&origin.channels);
        }
        new
    }

    /// Copies the kernels between channels that both networks have. The smaller of two kernels lies in the centre of
    /// the larger one.
    fn copy_kernels(
        &self,
        old: &[f32],
        source: usize,
        new: &mut Weights,
        layer: usize,
        inputs: &[Option<usize>],
        outputs: &[Option<usize>],
    ) {
        let (from, to) = (encoder(&self.from).convs[source].kernel, encoder(&self.to).convs[layer].kernel);
        let common = from.min(to);
        let (from_border, to_border) = ((from - common) / 2, (to - common) / 2);
        let old_inputs = encoder(&self.from).inputs_of(source);
        let new = named(new, layer, "weight");
        for (output, old_output) in outputs.iter().enumerate() {
            for (input, old_input) in inputs.iter().enumerate() {
                let (Some(old_output), Some(old_input)) = (old_output, old_input) else { continue };
                let old = &old[(old_output * old_inputs + old_input) * from * from..][..from * from];
                let new = &mut new[(output * inputs.len() + input) * to * to..][..to * to];
                for (y, x) in grid(common, common) {
                    new[(y + to_border) * to + x + to_border] = old[(y + from_border) * from + x + from_border];
                }
            }
        }
    }

    /// Writes the weights of new channels and of a new convolution.
    fn grow(&self, new: &mut Weights, layer: usize, origin: &Origin, rng: &mut impl Rng) {
        let (inputs, kernel) = (encoder(&self.to).inputs_of(layer), encoder(&self.to).convs[layer].kernel);
        let window = inputs * kernel * kernel;
        if origin.layer.is_none() {
            let centre = kernel * kernel / 2;
            let identity = named(new, layer, "weight");
            for channel in 0..inputs {
                identity[channel * window + channel * kernel * kernel + centre] = 1.0;
            }
            if let Some(slope) = new.get_mut(&format!("conv.{layer}.slope")) {
                slope.fill(FIRST_SLOPE);
            }
            return;
        }
        let bound = encoder(&self.to).init_bound(layer);
        for (channel, _) in origin.channels.iter().enumerate().filter(|(_, old)| old.is_none()) {
            fill_uniform(&mut named(new, layer, "weight")[channel * window..][..window], bound, rng);
            fill_uniform(&mut named(new, layer, "bias")[channel..=channel], bound, rng);
        }
    }
}

/// Plans how the head reads the new map: its columns follow their channels. `None` if it reads the old map.
fn rewire_head(from: &NetSpec, to: &NetSpec, convs: &[Origin]) -> Option<Morph> {
    let features = from.head.inputs - from.extra;
    // The extra numbers stand behind the features, before and after.
    let extra = (features..from.head.inputs).map(Some);
    if encoder(to).convs.len() < encoder(from).convs.len() {
        // The new columns are products, which `fold` writes.
        let columns = std::iter::repeat_n(None, to.head.inputs - to.extra).chain(extra);
        return Some(Morph::rewire(&from.head, columns.collect()));
    }
    let channels = &convs.last()?.channels;
    let places = (to.head.inputs - to.extra) / channels.len();
    let column = |channel: &Option<usize>| {
        let channel = *channel;
        (0..places).map(move |place| channel.map(|channel| channel * places + place))
    };
    let columns: Vec<Option<usize>> = channels.iter().flat_map(column).chain(extra).collect();
    let is_as_it_was = columns.len() == from.head.inputs && columns.iter().enumerate().all(|(i, old)| *old == Some(i));
    (!is_as_it_was).then(|| Morph::rewire(&from.head, columns))
}

/// Multiplies the removed last convolution into the head's first layer, `W (K * x + b) + c = (W K) * x + (W b + c)`,
/// without its activation. Each row of the new matrix is the old row passed backward through the convolution, as a
/// gradient is.
fn fold(from: &NetSpec, old: &Weights, head: &mut Weights) {
    let convs = &encoder(from).convs;
    let last = convs.len() - 1;
    let (patches, channels) = (Patches::new(encoder(from), last), convs[last].channels);
    let (window, places, before) = (patches.window(), patches.places(), encoder(from).inputs_of(last));
    let part = |name: &str| old.get(&format!("conv.{last}.{name}")).expect("laid out");
    let (kernels, bias) = (part("weight"), part("bias"));
    let (mut map, mut image, mut row) = (Vec::new(), Vec::new(), Vec::new());
    let old_first = old.get(FIRST).expect("a head has a hidden layer");
    for (node, old_row) in old_first.chunks_exact(from.head.inputs).enumerate() {
        exchange_axes(&old_row[..channels * places], channels, places, &mut map);
        let mut windows = vec![0.0; places * window];
        let mut shift = 0.0;
        for (place, window) in map.chunks_exact(channels).zip(windows.chunks_exact_mut(window)) {
            for ((&factor, kernel), bias) in place.iter().zip(kernels.chunks_exact(window.len())).zip(bias) {
                shift += factor * bias;
                for (sum, weight) in window.iter_mut().zip(kernel) {
                    *sum += factor * weight;
                }
            }
        }
        patches.scatter(&windows, &mut image);
        // The map before it is in the order of products: another convolution precedes, or this one could not be
        // removed.
        exchange_axes(&image, image.len() / before, before, &mut row);
        head.get_mut(FIRST).expect("a head has a hidden layer")[node * (row.len() + from.extra)..][..row.len()]
            .copy_from_slice(&row);
        head.get_mut("hidden.0.bias").expect("a head has a hidden layer")[node] += shift;
    }
}

/// Returns the saliency of each channel: the squared norm of its incoming weights times that of its outgoing ones.
fn saliences(spec: &NetSpec, weights: &Weights, layer: usize) -> Vec<f32> {
    let convs = &encoder(spec).convs;
    let channels = convs[layer].channels;
    let part = |name: &str| weights.get(name).expect("laid out");
    let square = |numbers: &[f32]| numbers.iter().map(|w| w * w).sum::<f32>();
    let (kernels, bias) = (part(&format!("conv.{layer}.weight")), part(&format!("conv.{layer}.bias")));
    // The outgoing weights of a channel are blocks of neighbouring weights, in the next convolution and in the head
    // alike.
    let features = spec.head.inputs - spec.extra;
    let (outgoing, block) = match convs.get(layer + 1) {
        Some(next) => (part(&format!("conv.{}.weight", layer + 1)).to_vec(), next.kernel * next.kernel),
        None => {
            let rows = part(FIRST).chunks_exact(spec.head.inputs);
            (rows.flat_map(|row| &row[..features]).copied().collect(), features / channels)
        }
    };
    let heard = kernels.chunks_exact(kernels.len() / channels).zip(bias).map(|(kernel, b)| square(kernel) + b * b);
    let spoken = |channel: usize| outgoing.chunks_exact(block).skip(channel).step_by(channels).map(square).sum::<f32>();
    heard.enumerate().map(|(channel, heard)| heard * spoken(channel)).collect()
}

/// Returns the `keep` most salient channels, in their order. Of equals, the first stay.
fn most_salient(saliences: &[f32], keep: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..saliences.len()).collect();
    order.sort_by(|&a, &b| saliences[b].total_cmp(&saliences[a]));
    order.truncate(keep);
    order.sort_unstable();
    order
}

/// Copies, of each parameter that both networks have, the corner that both shapes have: AgileRL's way for every
/// mutation.
fn copy_common_corners(old: &Weights, new: &mut Weights) {
    let strides = |entry: &Entry, axis: usize| entry.shape[axis + 1..].iter().product::<usize>();
    for (from, values) in old.iter() {
        let Some(into) = new.layout().entries().iter().find(|into| into.name == from.name).cloned() else { continue };
        let target = new.get_mut(&into.name).expect("laid out");
        for (place, &value) in values.iter().enumerate() {
            let index = |axis: usize| place / strides(from, axis) % from.shape[axis];
            let axes = 0..from.shape.len();
            if axes.clone().all(|axis| index(axis) < into.shape[axis]) {
                target[axes.map(|axis| index(axis) * strides(&into, axis)).sum::<usize>()] = value;
            }
        }
    }
}

/// Returns the weights of the head.
fn head_of(spec: &NetSpec, weights: &Weights) -> Weights {
    Weights::new(spec.head.layout(), weights.values()[spec.encoder_len()..].to_vec())
}

/// Returns a parameter of a convolution that the layout has.
fn named<'a>(weights: &'a mut Weights, layer: usize, part: &str) -> &'a mut [f32] {
    weights.get_mut(&format!("conv.{layer}.{part}")).expect("laid out")
}

fn encoder(spec: &NetSpec) -> &EncoderSpec {
    spec.encoder.as_ref().expect("a network with convolutions")
}
