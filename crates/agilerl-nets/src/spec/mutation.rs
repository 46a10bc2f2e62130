//! A change of a network's architecture, as a value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change of a network's architecture. Nodes and layers are those of the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mutation", rename_all = "snake_case")]
pub enum NetMutation {
    /// One more hidden layer behind the last, as wide as it.
    AddLayer,
    /// The last hidden layer goes.
    RemoveLayer,
    /// More nodes in a hidden layer.
    AddNodes {
        /// Index of the layer.
        layer: usize,
        /// Number of new nodes.
        count: usize,
    },
    /// Fewer nodes in a hidden layer; the least salient go.
    RemoveNodes {
        /// Index of the layer.
        layer: usize,
        /// Number of nodes that go.
        count: usize,
    },
    /// Layer normalisation is switched on or off.
    ToggleLayerNorm,
    /// One more convolution behind the last, 3 x 3 with as many channels: the map keeps its shape.
    AddConv,
    /// The last convolution goes.
    RemoveConv,
    /// More channels in a convolution.
    AddChannels {
        /// Index of the convolution.
        layer: usize,
        /// Number of new channels.
        count: usize,
    },
    /// Fewer channels in a convolution; the least salient go.
    RemoveChannels {
        /// Index of the convolution.
        layer: usize,
        /// Number of channels that go.
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
            Self::AddLayer => "add_layer",
            Self::RemoveLayer => "remove_layer",
            Self::AddNodes { .. } => "add_nodes",
            Self::RemoveNodes { .. } => "remove_nodes",
            Self::ToggleLayerNorm => "layer_norm",
            Self::AddConv => "add_conv",
            Self::RemoveConv => "remove_conv",
            Self::AddChannels { .. } => "add_channels",
            Self::RemoveChannels { .. } => "remove_channels",
            Self::ChangeKernel { .. } => "change_kernel",
        }
    }

    /// Whether it changes the convolutions.
    pub fn is_of_encoder(&self) -> bool {
        matches!(
            self,
            Self::AddConv
                | Self::RemoveConv
                | Self::AddChannels { .. }
                | Self::RemoveChannels { .. }
                | Self::ChangeKernel { .. }
        )
    }
}

/// The treatment of weights when the architecture changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// The function is kept as well as possible, and the optimiser's moments go with the weights.
    #[default]
    Preserving,
    /// As AgileRL: weights at places that both networks have are copied, the last nodes and layers go, all that is new is
    /// drawn as in a new network, and the optimiser starts afresh. For comparison.
    Random,
}
