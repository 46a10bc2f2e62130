//! A network as a list of plain layers, for readers without this library.

use serde::{Deserialize, Serialize};

use crate::Activation;

/// One step of a forward pass. The names are those of the saved tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Layer {
    /// `x W^T + b`.
    Linear {
        /// Name of `W`, `[outputs, inputs]`.
        weight: String,
        /// Name of `b`, `[outputs]`.
        bias: String,
        /// Length of a row that comes in.
        inputs: usize,
        /// Length of a row that goes out.
        outputs: usize,
    },
    /// `(x - mean) / sqrt(variance + epsilon) * weight + bias`, over each row, the variance divided by the row's length.
    LayerNorm {
        /// Name of the gain, `[features]`.
        weight: String,
        /// Name of the shift, `[features]`.
        bias: String,
        /// Length of a row.
        features: usize,
        /// Added to the variance.
        epsilon: f32,
    },
    /// An elementwise function.
    Activation {
        /// Which.
        function: Activation,
        /// Name of PReLU's slope, `[1]`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        slope: Option<String>,
    },
}
