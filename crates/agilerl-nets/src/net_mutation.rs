//! A change of a network's architecture, whatever the network.

use serde::{Deserialize, Serialize};

use crate::ArchMutation;

/// What is to happen to a network: to its perceptron, which in a convolutional network is the head, or to its
/// convolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum NetMutation {
    /// To the perceptron.
    Mlp(ArchMutation),
    /// To the convolutions.
    Conv(ConvMutation),
}

/// What is to happen to the convolutions of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mutation", rename_all = "snake_case")]
pub enum ConvMutation {
    /// One more convolution behind the last, 3 x 3 with as many channels: the map keeps its shape.
    AddConv,
    /// The last convolution goes.
    RemoveConv,
    /// More channels in a convolution.
    AddChannels {
        /// Index of the convolution.
        layer: usize,
        /// How many.
        count: usize,
    },
    /// Fewer channels in a convolution; the least salient go.
    RemoveChannels {
        /// Index of the convolution.
        layer: usize,
        /// How many.
        count: usize,
    },
    /// Another kernel in a convolution, with another padding, so that the map keeps its shape.
    ChangeKernel {
        /// Index of the convolution.
        layer: usize,
        /// Its new height and width, odd if the old one was, even if not.
        kernel: usize,
    },
}

impl NetMutation {
    /// Its name, for logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mlp(mutation) => mutation.name(),
            Self::Conv(mutation) => mutation.name(),
        }
    }
}

impl ConvMutation {
    /// Its name, for logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AddConv => "add_conv",
            Self::RemoveConv => "remove_conv",
            Self::AddChannels { .. } => "add_channels",
            Self::RemoveChannels { .. } => "remove_channels",
            Self::ChangeKernel { .. } => "change_kernel",
        }
    }
}

impl From<ArchMutation> for NetMutation {
    fn from(mutation: ArchMutation) -> Self {
        Self::Mlp(mutation)
    }
}

impl From<ConvMutation> for NetMutation {
    fn from(mutation: ConvMutation) -> Self {
        Self::Conv(mutation)
    }
}
