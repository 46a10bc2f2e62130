//! A network as a list of linear layers with what belongs to each.

use crate::activation::Activation;
use crate::spec::head::MlpSpec;
use crate::weights::layout::Layout;
use crate::weights::weights::Weights;

/// Added to the variance by layer normalisation (PyTorch's default).
pub(crate) const LAYER_NORM_EPSILON: f32 = 1e-5;

/// A linear layer, the normalisation and the activation behind it, and its place in the network. The parameters of a
/// network are those of its blocks, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    /// What its parameters are called: `"hidden.0"`.
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) has_norm: bool,
    pub(crate) activation: Activation,
}

/// What a block is to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The first layer of a stage: its output replaces what came in.
    Plain {
        /// Index of the stage.
        stage: usize,
    },
    /// A further layer of a stage: its output, times a gate, is added to what came in.
    Residual {
        /// Index of the stage.
        stage: usize,
    },
    /// The values, or with a dueling network the advantages.
    Output,
    /// The value of the observation, in a dueling network.
    Value,
}

impl Role {
    /// The stage, of a hidden layer.
    pub(crate) fn stage(self) -> Option<usize> {
        match self {
            Self::Plain { stage } | Self::Residual { stage } => Some(stage),
            Self::Output | Self::Value => None,
        }
    }
}

impl Block {
    pub(crate) fn is_residual(&self) -> bool {
        matches!(self.role, Role::Residual { .. })
    }

    /// Whether the nodes of this stage are its inputs.
    pub(crate) fn hears(&self, stage: usize, spec: &MlpSpec) -> bool {
        match self.role {
            Role::Plain { stage: own } => own == stage + 1,
            Role::Residual { stage: own } => own == stage,
            Role::Output | Role::Value => stage + 1 == spec.hidden.len(),
        }
    }

    /// Whether it has a slope to learn.
    pub(crate) fn has_slope(&self) -> bool {
        self.activation == Activation::Prelu
    }

    /// Name of one of its parameters.
    pub(crate) fn parameter(&self, part: &str) -> String {
        format!("{}.{part}", self.name)
    }

    /// Its parameters and their shapes, in the order of the layout.
    pub(crate) fn lay_out(&self, layout: &mut Layout) {
        layout.push(self.parameter("weight"), &[self.outputs, self.inputs]);
        layout.push(self.parameter("bias"), &[self.outputs]);
        if self.has_norm {
            layout.push(self.parameter("norm.weight"), &[self.outputs]);
            layout.push(self.parameter("norm.bias"), &[self.outputs]);
        }
        if self.has_slope() {
            layout.push(self.parameter("slope"), &[1]);
        }
        if self.is_residual() {
            layout.push(self.parameter("gate"), &[1]);
        }
    }

    /// Sets its normalisation to the identity, and its slope to PyTorch's first.
    pub(crate) fn fill_neutral(&self, weights: &mut Weights) {
        for (part, value) in [("norm.weight", 1.0), ("norm.bias", 0.0), ("slope", 0.25)] {
            if let Some(values) = weights.get_mut(&self.parameter(part)) {
                values.fill(value);
            }
        }
    }
}

impl MlpSpec {
    /// The network as blocks, in the order of its layout: hidden layers, output, and the value if it is dueling.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut inputs = self.inputs;
        let hidden = |name, role, inputs, outputs| Block {
            name,
            role,
            inputs,
            outputs,
            has_norm: self.layer_norm,
            activation: self.activation,
        };
        for (stage, &nodes) in self.hidden.iter().enumerate() {
            blocks.push(hidden(format!("hidden.{stage}"), Role::Plain { stage }, inputs, nodes));
            for i in 0..self.residual_layers(stage) {
                let name = format!("hidden.{stage}.residual.{i}");
                blocks.push(hidden(name, Role::Residual { stage }, nodes, nodes));
            }
            inputs = nodes;
        }
        let head = |name: &str, role, outputs| Block {
            has_norm: false,
            activation: Activation::Linear,
            ..hidden(name.to_owned(), role, inputs, outputs)
        };
        blocks.push(head("output", Role::Output, self.outputs));
        if self.dueling {
            blocks.push(head("value", Role::Value, 1));
        }
        blocks
    }
}
