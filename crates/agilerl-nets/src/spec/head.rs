//! The spec of a multi-layer perceptron.

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::error::NetError;
use crate::spec::block::Role;
use crate::spec::layer::Layer;
use crate::spec::mutation::{Growth, NetMutation};
use crate::weights::draws::fill_uniform;
use crate::weights::layout::Layout;
use crate::weights::weights::Weights;

/// A multi-layer perceptron: hidden layers, each linear, then layer normalisation if it is enabled, then the
/// activation; and a linear output.
///
/// A hidden layer may be followed by residual layers of its width: `h + a f(norm(W h + b))` with one learnt number `a`
/// each, initially zero (ReZero, Bachlechner et al., 2021), so that a new layer changes nothing with any activation. A
/// layer and its residual layers are a *stage*.
///
/// ```
/// let spec = agilerl_nets::MlpSpec { residual: vec![0, 1], dueling: true, ..agilerl_nets::MlpSpec::new(8, &[64, 32], 4) };
/// assert_eq!(spec.to_string(), "8-[64, 32+1]-4 relu dueling");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpSpec {
    /// Length of an input row.
    pub inputs: usize,
    /// Number of nodes of each hidden layer.
    pub hidden: Vec<usize>,
    /// Number of residual layers behind each hidden layer; zero beyond the end of the list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residual: Vec<usize>,
    /// Length of an output row.
    pub outputs: usize,
    /// Activation between the layers.
    pub activation: Activation,
    /// Whether every hidden layer is normalised before its activation.
    pub layer_norm: bool,
    /// Whether the output is `V + A - mean(A)`, the value of the row and the advantages of the choices (Wang et al.,
    /// 2016, equation 9), each from a linear layer on the last hidden one.
    #[serde(default)]
    pub dueling: bool,
    /// Factor on the initial weights of the output layer, so that initial outputs are small (AgileRL's `output_vanish`:
    /// 0.1).
    pub output_scale: f32,
    /// Limits of mutations.
    pub limits: MlpLimits,
}

/// Limits of mutations of a perceptron. Both ends are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MlpLimits {
    /// Fewest hidden layers, including residual ones (AgileRL: 1).
    pub min_layers: usize,
    /// Most hidden layers, including residual ones (AgileRL: 3).
    pub max_layers: usize,
    /// Fewest nodes in a hidden layer (AgileRL 0.1: 64, so that its documented `[32, 32]` could never shrink).
    pub min_nodes: usize,
    /// Most nodes in a hidden layer (AgileRL: 500).
    pub max_nodes: usize,
    /// Whether mutations may switch layer normalisation on and off (false).
    pub layer_norm_gene: bool,
}

impl Default for MlpLimits {
    fn default() -> Self {
        Self { min_layers: 1, max_layers: 3, min_nodes: 16, max_nodes: 500, layer_norm_gene: false }
    }
}

impl MlpSpec {
    /// Returns a perceptron with ReLU, without layer normalisation, with the default limits.
    pub fn new(inputs: usize, hidden: &[usize], outputs: usize) -> Self {
        Self {
            inputs,
            hidden: hidden.to_vec(),
            residual: Vec::new(),
            outputs,
            activation: Activation::Relu,
            layer_norm: false,
            dueling: false,
            output_scale: 0.1,
            limits: MlpLimits::default(),
        }
    }

    /// Checks that the perceptron is possible and within its own limits.
    ///
    /// # Errors
    /// [`NetError::Spec`] naming the field, its value and the rule.
    pub fn validate(&self) -> Result<(), NetError> {
        /// Wider, the product of two widths would not be a reasonable number of weights.
        const WIDEST: usize = 1 << 16;
        /// Deeper than any network here, and small enough that layers can be listed before they are counted.
        const DEEPEST: usize = 1 << 10;
        let refuse = |field, value: String, rule: String| Err(NetError::Spec { field, value, rule });
        let MlpLimits { min_layers, max_layers, min_nodes, max_nodes, .. } = self.limits;
        for (field, value) in [("inputs", self.inputs), ("outputs", self.outputs)] {
            if !(1..=WIDEST).contains(&value) {
                return refuse(field, value.to_string(), format!("must lie in 1..={WIDEST}"));
            }
        }
        if min_layers == 0 || min_layers > max_layers || max_layers > DEEPEST {
            let value = format!("{min_layers}..={max_layers}");
            return refuse(
                "limits.min_layers..=max_layers",
                value,
                "must begin at 1 or more, not be reversed, and end at 1024 or less".into(),
            );
        }
        if min_nodes == 0 || min_nodes > max_nodes || max_nodes > WIDEST {
            let value = format!("{min_nodes}..={max_nodes}");
            let rule = format!("must begin at 1 or more, end at {WIDEST} or less and not be reversed");
            return refuse("limits.min_nodes..=max_nodes", value, rule);
        }
        if self.residual.len() > self.hidden.len() {
            let rule = format!("must not be longer than `hidden`, which has {} layers", self.hidden.len());
            return refuse("residual", format!("{:?}", self.residual), rule);
        }
        let layers = self.residual.iter().fold(self.hidden.len(), |sum, more| sum.saturating_add(*more));
        if !(min_layers..=max_layers).contains(&layers) {
            let rule = format!("must have {min_layers} to {max_layers} layers, or widen `limits`");
            let hidden = format!("{:?}", self.hidden);
            return match self.residual.iter().all(|more| *more == 0) {
                true => refuse("hidden", format!("{hidden} ({layers} layers)"), rule),
                false => refuse("hidden + residual", format!("{hidden} + {:?} ({layers} layers)", self.residual), rule),
            };
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

    /// Returns the names, shapes and places of the weights.
    pub fn layout(&self) -> Layout {
        let mut layout = Layout::default();
        self.lay_out(&mut layout);
        layout
    }

    /// Adds the parameters and their shapes to a layout.
    pub(crate) fn lay_out(&self, layout: &mut Layout) {
        self.blocks().iter().for_each(|block| block.lay_out(layout));
    }

    /// Draws initial weights, on the host so that they are the same on every device. They have PyTorch's default for
    /// linear layers, uniform in +-1/sqrt(inputs) for weights and biases, with the output layer scaled by
    /// `output_scale`. The gates of residual layers start at zero.
    pub fn init(&self, rng: &mut impl Rng) -> Weights {
        let mut weights = Weights::zeros(self.layout());
        for block in self.blocks() {
            let scale = if block.role.stage().is_some() { 1.0 } else { self.output_scale };
            let bound = scale / (block.inputs as f32).sqrt();
            for part in ["weight", "bias"] {
                fill_uniform(weights.get_mut(&block.parameter(part)).expect("laid out"), bound, rng);
            }
            block.fill_neutral(&mut weights);
        }
        weights
    }

    /// Draws a mutation of the architecture as AgileRL does: with probability `new_layer_prob` one layer more or less,
    /// otherwise 16, 32 or 64 nodes more or less in a random layer. If layer normalisation is a gene, one draw in eight
    /// switches it. [`apply`](Self::apply) decides whether the limits allow the mutation.
    pub fn draw(&self, new_layer_prob: f64, rng: &mut impl Rng) -> NetMutation {
        if self.limits.layer_norm_gene && rng.random_bool(0.125) {
            return NetMutation::ToggleLayerNorm;
        }
        let (deeper_or_wider, more) = (rng.random_bool(new_layer_prob), rng.random_bool(0.5));
        let layer = rng.random_range(0..self.hidden.len() as u32) as usize;
        let count = [16, 32, 64][rng.random_range(0..3u32) as usize];
        match (deeper_or_wider, more) {
            (true, true) => NetMutation::AddLayer,
            (true, false) => NetMutation::RemoveLayer,
            (false, true) => NetMutation::AddNodes { layer, count },
            (false, false) => NetMutation::RemoveNodes { layer, count },
        }
    }

    /// Returns the spec after a mutation; `None` if the limits do not allow it or its layer does not exist.
    pub fn apply(&self, mutation: &NetMutation) -> Option<Self> {
        self.apply_as(mutation, Growth::Preserving)
    }

    /// As [`apply`](Self::apply); with random growth a new layer is always a plain one.
    pub(crate) fn apply_as(&self, mutation: &NetMutation, growth: Growth) -> Option<Self> {
        let mut next = self.clone();
        match *mutation {
            NetMutation::AddLayer => {
                // The output of a residual layer may be negative, and ReLU would cut it.
                let is_residual = self.residual_layers(self.hidden.len().checked_sub(1)?) > 0;
                let keeps_identity = self.activation.is_idempotent() && !self.layer_norm && !is_residual;
                if keeps_identity || growth == Growth::Random {
                    next.hidden.push(*self.hidden.last()?);
                } else {
                    next.residual.resize(self.hidden.len(), 0);
                    *next.residual.last_mut()? += 1;
                }
            }
            NetMutation::RemoveLayer => {
                let last = self.hidden.len().checked_sub(1)?;
                match next.residual.get_mut(last) {
                    Some(more) if *more > 0 => *more -= 1,
                    _ => next.hidden.truncate(last),
                }
            }
            NetMutation::AddNodes { layer, count } => {
                let nodes = next.hidden.get_mut(layer)?;
                *nodes = nodes.checked_add(count)?;
            }
            NetMutation::RemoveNodes { layer, count } => {
                let nodes = next.hidden.get_mut(layer)?;
                *nodes = nodes.checked_sub(count)?;
            }
            NetMutation::ToggleLayerNorm => next.layer_norm ^= self.limits.layer_norm_gene,
            _ => return None,
        }
        // Zeros at the end are cut, so that equal networks have equal specs.
        let len = next.residual.iter().rposition(|more| *more > 0).map_or(0, |last| last + 1);
        next.residual.truncate(len);
        (next != *self && next.validate().is_ok()).then_some(next)
    }

    /// Returns the number of residual layers of a stage.
    pub(crate) fn residual_layers(&self, stage: usize) -> usize {
        self.residual.get(stage).copied().unwrap_or(0)
    }

    /// Returns the perceptron as a list of plain layers.
    pub fn layers(&self) -> Vec<Layer> {
        let mut layers = Vec::new();
        let mut heads = Vec::new();
        for block in self.blocks() {
            let steps = Layer::of_block(&block);
            match block.role {
                Role::Plain { .. } => layers.extend(steps),
                Role::Residual { .. } => layers.push(Layer::Residual { layers: steps, gate: block.parameter("gate") }),
                Role::Output | Role::Value => heads.push(steps),
            }
        }
        match <[_; 2]>::try_from(heads) {
            Ok([advantages, value]) => layers.push(Layer::Dueling { advantages, value }),
            Err(heads) => layers.extend(heads.into_iter().flatten()),
        }
        layers
    }
}

impl std::fmt::Display for MlpSpec {
    /// Writes one short line: `8-[64, 64+1]-4 gelu norm dueling`, where `64+1` is a stage with one residual layer.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stage = |(stage, nodes): (usize, &usize)| match self.residual_layers(stage) {
            0 => nodes.to_string(),
            more => format!("{nodes}+{more}"),
        };
        let hidden: Vec<String> = self.hidden.iter().enumerate().map(stage).collect();
        let norm = if self.layer_norm { " norm" } else { "" };
        let dueling = if self.dueling { " dueling" } else { "" };
        let (inputs, outputs) = (self.inputs, self.outputs);
        write!(f, "{inputs}-[{}]-{outputs} {}{norm}{dueling}", hidden.join(", "), self.activation)
    }
}
