//! A change of architecture, as a value.

use serde::{Deserialize, Serialize};

/// What is to happen to a network's architecture. Drawn by a spec, applied to a spec, and only then done to weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mutation", rename_all = "snake_case")]
pub enum ArchMutation {
    /// One more hidden layer before the output, as wide as the last: a residual layer of the last stage, or a plain one where
    /// that is the identity (ReLU or no activation, no normalisation, no residual layer in front).
    AddLayer,
    /// The last hidden layer goes, residual or plain.
    RemoveLayer,
    /// More nodes in a hidden layer and the residual ones behind it.
    AddNodes {
        /// Index of the hidden layer.
        layer: usize,
        /// How many.
        count: usize,
    },
    /// Fewer nodes in a hidden layer and the residual ones behind it; the least salient go.
    RemoveNodes {
        /// Index of the hidden layer.
        layer: usize,
        /// How many.
        count: usize,
    },
    /// Layer normalisation comes or goes, in all hidden layers. It keeps the function only roughly, as removals do.
    ToggleLayerNorm,
}

impl ArchMutation {
    /// Its name, for logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AddLayer => "add_layer",
            Self::RemoveLayer => "remove_layer",
            Self::AddNodes { .. } => "add_nodes",
            Self::RemoveNodes { .. } => "remove_nodes",
            Self::ToggleLayerNorm => "layer_norm",
        }
    }
}
