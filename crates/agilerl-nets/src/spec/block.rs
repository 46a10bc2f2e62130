//! A perceptron as a list of linear layers, each with its normalisation and activation.

use crate::activation::Activation;
use crate::spec::head::MlpSpec;
use crate::weights::layout::Layout;
use crate::weights::weights::Weights;

/// Added to the variance by layer normalisation (PyTorch's default).
pub(crate) const LAYER_NORM_EPSILON: f32 = 1e-5;

/// A linear layer, its normalisation, its activation, and its place in the network. The parameters of a perceptron are
/// the parameters of its blocks, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    /// Prefix of its parameters' names, such as `"hidden.0"`.
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) has_norm: bool,
    pub(crate) activation: Activation,
}

/// The role of a block in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The first layer of a stage: its output replaces its input.
    Plain {
        /// Index of the stage.
        stage: usize,
    },
    /// A residual layer of a stage: its output, times a gate, is added to its input.
    Residual {
        /// Index of the stage.
        stage: usize,
    },
    /// The output layer; with a dueling network, the advantages.
    Output,
    /// The value of the observation, of a dueling network.
    Value,
}

impl Role {
    /// Returns the stage of a hidden layer.
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

    /// Returns whether its inputs are the nodes of this stage.
    pub(crate) fn hears(&self, stage: usize, spec: &MlpSpec) -> bool {
        match self.role {
            Role::Plain { stage: own } => own == stage + 1,
            Role::Residual { stage: own } => own == stage,
            Role::Output | Role::Value => stage + 1 == spec.hidden.len(),
        }
    }

    /// Returns whether it has a learnt slope.
    pub(crate) fn has_slope(&self) -> bool {
        self.activation == Activation::Prelu
    }

    /// Returns the name of one of its parameters.
    pub(crate) fn parameter(&self, part: &str) -> String {
        format!("{}.{part}", self.name)
    }

    /// Adds its parameters and their shapes to the layout.
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

    /// Sets its normalisation to the identity, and its slope to PyTorch's initial value.
    pub(crate) fn fill_neutral(&self, weights: &mut Weights) {
        for (part, value) in [("norm.weight", 1.0), ("norm.bias", 0.0), ("slope", 0.25)] {
            if let Some(values) = weights.get_mut(&self.parameter(part)) {
                values.fill(value);
            }
        }
    }
}

impl MlpSpec {
    /// Returns the perceptron as blocks, in the order of its layout: the hidden layers, the output, and the value if
    /// the network is dueling.
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
