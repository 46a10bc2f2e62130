//! Mutations of a network's architecture, as values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A mutation of a network's architecture. Nodes and layers are the nodes and hidden layers of the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mutation", rename_all = "snake_case")]
pub enum NetMutation {
    /// Adds a hidden layer behind the last one, of the same width.
    AddLayer,
    /// Removes the last hidden layer.
    RemoveLayer,
    /// Adds nodes to a hidden layer.
    AddNodes {
        /// Index of the layer.
        layer: usize,
        /// Number of new nodes.
        count: usize,
    },
    /// Removes the least salient nodes of a hidden layer.
    RemoveNodes {
        /// Index of the layer.
        layer: usize,
        /// Number of removed nodes.
        count: usize,
    },
    /// Switches layer normalisation on or off.
    ToggleLayerNorm,
    /// Adds a convolution behind the last one, 3 x 3 with as many channels; the map keeps its shape.
    AddConv,
    /// Removes the last convolution.
    RemoveConv,
    /// Adds channels to a convolution.
    AddChannels {
        /// Index of the convolution.
        layer: usize,
        /// Number of new channels.
        count: usize,
    },
    /// Removes the least salient channels of a convolution.
    RemoveChannels {
        /// Index of the convolution.
        layer: usize,
        /// Number of removed channels.
        count: usize,
    },
    /// Changes the kernel of a convolution, and its padding so that the map keeps its shape.
    ChangeKernel {
        /// Index of the convolution.
        layer: usize,
        /// The new height and width: odd if the old one is odd, even otherwise.
        kernel: usize,
    },
}

impl NetMutation {
    /// Returns its name, for logs.
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

    /// Returns whether it changes the encoder.
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

/// The treatment of weights and moments when the architecture changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// Keeps the network's function as well as possible; the optimiser's moments follow the weights.
    #[default]
    Preserving,
    /// As AgileRL: weights at places that both networks have are copied, the last nodes and layers are removed, new
    /// weights are drawn as in a new network, and the optimiser starts afresh. For comparison.
    Random,
}
