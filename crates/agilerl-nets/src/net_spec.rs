//! What a network is made of, whatever its kind.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::{Activation, CnnSpec, Layer, Layout, MlpSpec, NetError, NetMutation, Weights};

/// A network's spec: a perceptron for features, or convolutions with a perceptron behind them for images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NetSpec {
    /// A multi-layer perceptron.
    Mlp(MlpSpec),
    /// A convolutional network.
    Cnn(CnnSpec),
}

/// Calls the same method of whichever spec it is.
macro_rules! each {
    ($net:expr, $spec:ident => $body:expr) => {
        match $net {
            NetSpec::Mlp($spec) => $body,
            NetSpec::Cnn($spec) => $body,
        }
    };
}

impl NetSpec {
    /// Length of an observation row.
    pub fn inputs(&self) -> usize {
        match self {
            Self::Mlp(spec) => spec.inputs,
            Self::Cnn(spec) => spec.input.iter().product(),
        }
    }

    /// Length of an output row.
    pub fn outputs(&self) -> usize {
        self.head().outputs
    }

    /// The perceptron: all of the network, or what reads the flattened map.
    pub fn head(&self) -> &MlpSpec {
        match self {
            Self::Mlp(spec) => spec,
            Self::Cnn(spec) => &spec.head,
        }
    }

    /// Between the layers: of the convolutions, where there are some.
    pub fn activation(&self) -> Activation {
        each!(self, spec => spec.activation)
    }

    /// Another activation everywhere. Not from or to PReLU, whose slope is a weight that the others lack.
    pub fn set_activation(&mut self, activation: Activation) {
        match self {
            Self::Mlp(spec) => spec.activation = activation,
            Self::Cnn(spec) => (spec.activation, spec.head.activation) = (activation, activation),
        }
    }

    /// Checks that such a network can exist and lies within its own limits.
    ///
    /// # Errors
    /// [`NetError::Spec`] naming the field, its value and the rule.
    pub fn validate(&self) -> Result<(), NetError> {
        each!(self, spec => spec.validate())
    }

    /// Names, shapes and places of the weights.
    pub fn layout(&self) -> Layout {
        each!(self, spec => spec.layout())
    }

    /// Initial weights, drawn on the host so that they are the same on every device.
    pub fn init(&self, rng: &mut impl Rng) -> Weights {
        each!(self, spec => spec.init(rng))
    }

    /// Draws a change of architecture: see [`MlpSpec::draw`] and [`CnnSpec::draw`].
    pub fn draw(&self, new_layer_prob: f64, rng: &mut impl Rng) -> NetMutation {
        match self {
            Self::Mlp(spec) => spec.draw(new_layer_prob, rng).into(),
            Self::Cnn(spec) => spec.draw(new_layer_prob, rng),
        }
    }

    /// The spec after a mutation; `None` if the limits do not allow it, or a perceptron has no such part.
    pub fn apply(&self, mutation: &NetMutation) -> Option<Self> {
        match (self, mutation) {
            (Self::Mlp(spec), NetMutation::Mlp(mutation)) => spec.apply(mutation).map(Self::Mlp),
            (Self::Mlp(_), NetMutation::Conv(_)) => None,
            (Self::Cnn(spec), mutation) => spec.apply(mutation).map(Self::Cnn),
        }
    }

    /// The same network as a list of plain layers.
    pub fn layers(&self) -> Vec<Layer> {
        each!(self, spec => spec.layers())
    }
}

impl From<MlpSpec> for NetSpec {
    fn from(spec: MlpSpec) -> Self {
        Self::Mlp(spec)
    }
}

impl From<CnnSpec> for NetSpec {
    fn from(spec: CnnSpec) -> Self {
        Self::Cnn(spec)
    }
}

impl From<&MlpSpec> for NetSpec {
    fn from(spec: &MlpSpec) -> Self {
        Self::Mlp(spec.clone())
    }
}

impl From<&Self> for NetSpec {
    fn from(spec: &Self) -> Self {
        spec.clone()
    }
}

impl std::fmt::Display for NetSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        each!(self, spec => spec.fmt(f))
    }
}
