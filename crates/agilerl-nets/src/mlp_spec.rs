//! What a multi-layer perceptron is made of.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::{Activation, ArchMutation, Layer, Layout, NetError, Weights};

/// Added to the variance by layer normalisation (PyTorch's default).
pub(crate) const LAYER_NORM_EPSILON: f32 = 1e-5;

/// A multi-layer perceptron: hidden layers, each linear, then (if wanted) layer normalisation, then the activation;
/// and a linear output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpSpec {
    /// Length of an observation row.
    pub inputs: usize,
    /// Nodes of each hidden layer.
    pub hidden: Vec<usize>,
    /// Length of an output row.
    pub outputs: usize,
    /// Between the layers.
    pub activation: Activation,
    /// Whether every hidden layer is normalised before its activation.
    pub layer_norm: bool,
    /// Factor on the initial weights of the output layer (AgileRL's `output_vanish`: 0.1), so that first values are small.
    pub output_scale: f32,
    /// How far mutations may go.
    pub limits: MlpLimits,
}

/// How far mutations may change a perceptron. Both ends are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MlpLimits {
    /// Fewest hidden layers (AgileRL: 1).
    pub min_layers: usize,
    /// Most hidden layers (AgileRL: 3).
    pub max_layers: usize,
    /// Fewest nodes in a hidden layer (AgileRL 0.1: 64, so that its documented `[32, 32]` could never shrink).
    pub min_nodes: usize,
    /// Most nodes in a hidden layer (AgileRL: 500).
    pub max_nodes: usize,
}

impl Default for MlpLimits {
    fn default() -> Self {
        Self { min_layers: 1, max_layers: 3, min_nodes: 16, max_nodes: 500 }
    }
}

impl MlpSpec {
    /// A perceptron with ReLU, without layer normalisation, with the default limits.
    pub fn new(inputs: usize, hidden: &[usize], outputs: usize) -> Self {
        Self {
            inputs,
            hidden: hidden.to_vec(),
            outputs,
            activation: Activation::Relu,
            layer_norm: false,
            output_scale: 0.1,
            limits: MlpLimits::default(),
        }
    }

    /// Checks that such a network can exist and lies within its own limits.
    ///
    /// # Errors
    /// [`NetError::Spec`] naming the field, its value and the rule.
    pub fn validate(&self) -> Result<(), NetError> {
        /// Beyond this the product of two widths would no longer be a sensible number of weights.
        const WIDEST: usize = 1 << 16;
        let refuse = |field, value: String, rule: String| Err(NetError::Spec { field, value, rule });
        let MlpLimits { min_layers, max_layers, min_nodes, max_nodes } = self.limits;
        for (field, value) in [("inputs", self.inputs), ("outputs", self.outputs)] {
            if !(1..=WIDEST).contains(&value) {
                return refuse(field, value.to_string(), format!("must lie in 1..={WIDEST}"));
            }
        }
        if min_layers == 0 || min_layers > max_layers {
            let value = format!("{min_layers}..={max_layers}");
            return refuse(
                "limits.min_layers..=max_layers",
                value,
                "must begin at 1 or more and not be reversed".into(),
            );
        }
        if min_nodes == 0 || min_nodes > max_nodes || max_nodes > WIDEST {
            let value = format!("{min_nodes}..={max_nodes}");
            let rule = format!("must begin at 1 or more, end at {WIDEST} or less and not be reversed");
            return refuse("limits.min_nodes..=max_nodes", value, rule);
        }
        if !(min_layers..=max_layers).contains(&self.hidden.len()) {
            let value = format!("{:?} ({} layers)", self.hidden, self.hidden.len());
            return refuse(
                "hidden",
                value,
                format!("must have {min_layers} to {max_layers} layers, or widen `limits`"),
            );
        }
        if let Some(nodes) = self.hidden.iter().find(|nodes| !(min_nodes..=max_nodes).contains(*nodes)) {
            let rule =
                format!("every layer must have {min_nodes} to {max_nodes} nodes (not {nodes}), or widen `limits`");
            return refuse("hidden", format!("{:?}", self.hidden), rule);
        }
        if !(self.output_scale.is_finite() && self.output_scale > 0.0) {
            return refuse("output_scale", self.output_scale.to_string(), "must be a positive number".into());
        }
        Ok(())
    }

    /// Names, shapes and places of the weights.
    pub fn layout(&self) -> Layout {
        let mut layout = Layout::default();
        let mut inputs = self.inputs;
        for (i, &nodes) in self.hidden.iter().enumerate() {
            layout.push(format!("hidden.{i}.weight"), &[nodes, inputs]);
            layout.push(format!("hidden.{i}.bias"), &[nodes]);
            if self.layer_norm {
                layout.push(format!("hidden.{i}.norm.weight"), &[nodes]);
                layout.push(format!("hidden.{i}.norm.bias"), &[nodes]);
            }
            if self.activation == Activation::Prelu {
                layout.push(format!("hidden.{i}.slope"), &[1]);
            }
            inputs = nodes;
        }
        layout.push("output.weight".into(), &[self.outputs, inputs]);
        layout.push("output.bias".into(), &[self.outputs]);
        layout
    }

    /// Initial weights, drawn on the host so that they are the same on every device: PyTorch's default for linear
    /// layers, uniform in +-1/sqrt(inputs) for weights and biases, the output layer scaled by `output_scale`.
    pub fn init(&self, rng: &mut impl Rng) -> Weights {
        let mut weights = Weights::zeros(self.layout());
        let mut inputs = self.inputs;
        for (i, &nodes) in self.hidden.iter().enumerate() {
            let bound = 1.0 / (inputs as f32).sqrt();
            for part in ["weight", "bias"] {
                fill_uniform(weights.get_mut(&format!("hidden.{i}.{part}")).expect("laid out"), bound, rng);
            }
            if let Some(gain) = weights.get_mut(&format!("hidden.{i}.norm.weight")) {
                gain.fill(1.0);
            }
            if let Some(slope) = weights.get_mut(&format!("hidden.{i}.slope")) {
                slope.fill(0.25);
            }
            inputs = nodes;
        }
        let bound = self.output_scale / (inputs as f32).sqrt();
        for part in ["weight", "bias"] {
            fill_uniform(weights.get_mut(&format!("output.{part}")).expect("laid out"), bound, rng);
        }
        weights
    }

    /// Draws a change of architecture as AgileRL does: with `new_layer_prob` a layer more or less, otherwise 16, 32 or
    /// 64 nodes more or less in a random layer. Whether the limits allow it is for [`apply`](Self::apply) to say.
    pub fn draw(&self, new_layer_prob: f64, rng: &mut impl Rng) -> ArchMutation {
        let (deeper_or_wider, more) = (rng.random_bool(new_layer_prob), rng.random_bool(0.5));
        let layer = rng.random_range(0..self.hidden.len() as u32) as usize;
        let count = [16, 32, 64][rng.random_range(0..3u32) as usize];
        match (deeper_or_wider, more) {
            (true, true) => ArchMutation::AddLayer,
            (true, false) => ArchMutation::RemoveLayer,
            (false, true) => ArchMutation::AddNodes { layer, count },
            (false, false) => ArchMutation::RemoveNodes { layer, count },
        }
    }

    /// The spec after a mutation; `None` if the limits do not allow it or it names a layer that is not there.
    pub fn apply(&self, mutation: &ArchMutation) -> Option<Self> {
        let mut next = self.clone();
        match *mutation {
            ArchMutation::AddLayer => next.hidden.push(*self.hidden.last()?),
            ArchMutation::RemoveLayer => {
                next.hidden.pop();
            }
            ArchMutation::AddNodes { layer, count } => {
                let nodes = next.hidden.get_mut(layer)?;
                *nodes = nodes.checked_add(count)?;
            }
            ArchMutation::RemoveNodes { layer, count } => {
                let nodes = next.hidden.get_mut(layer)?;
                *nodes = nodes.checked_sub(count)?;
            }
        }
        (next != *self && next.validate().is_ok()).then_some(next)
    }

    /// Length of the rows that come into a hidden layer.
    pub(crate) fn inputs_of(&self, layer: usize) -> usize {
        if layer == 0 { self.inputs } else { self.hidden[layer - 1] }
    }

    /// The same network as a list of plain layers.
    pub fn layers(&self) -> Vec<Layer> {
        let mut layers = Vec::new();
        let mut inputs = self.inputs;
        let linear = |name: &str, inputs, outputs| Layer::Linear {
            weight: format!("{name}.weight"),
            bias: format!("{name}.bias"),
            inputs,
            outputs,
        };
        for (i, &nodes) in self.hidden.iter().enumerate() {
            layers.push(linear(&format!("hidden.{i}"), inputs, nodes));
            if self.layer_norm {
                layers.push(Layer::LayerNorm {
                    weight: format!("hidden.{i}.norm.weight"),
                    bias: format!("hidden.{i}.norm.bias"),
                    features: nodes,
                    epsilon: LAYER_NORM_EPSILON,
                });
            }
            let slope = (self.activation == Activation::Prelu).then(|| format!("hidden.{i}.slope"));
            layers.push(Layer::Activation { function: self.activation, slope, gate: None });
            inputs = nodes;
        }
        layers.push(linear("output", inputs, self.outputs));
        layers
    }
}

impl std::fmt::Display for MlpSpec {
    /// One short line: `8-[64, 64]-4 relu`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let norm = if self.layer_norm { " norm" } else { "" };
        write!(f, "{}-{:?}-{} {}{norm}", self.inputs, self.hidden, self.outputs, self.activation)
    }
}

pub(crate) fn fill_uniform(weights: &mut [f32], bound: f32, rng: &mut impl Rng) {
    for weight in weights {
        *weight = bound * (2.0 * rng.random::<f32>() - 1.0);
    }
}
