//! A network as a list of plain layers, for programs without this library.

use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::spec::block::{Block, LAYER_NORM_EPSILON};

/// One step of a forward pass. Names are names of saved tensors.
///
/// Images are arrays `[channels, height, width]`; all other layers take and return rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Layer {
    /// `(x - mean) / std` in double precision, clamped to -`clip`..=`clip`.
    Normalize {
        /// Subtracted from each component.
        mean: Vec<f64>,
        /// Divides each component.
        std: Vec<f64>,
        /// Largest absolute value of a component afterwards.
        clip: f64,
    },
    /// `x W^T + b`.
    Linear {
        /// Name of `W`, `[outputs, inputs]`.
        weight: String,
        /// Name of `b`, `[outputs]`.
        bias: String,
        /// Length of an input row.
        inputs: usize,
        /// Length of an output row.
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
    /// Reads the row as an image.
    Image {
        /// Channels of the image.
        channels: usize,
        /// Its height.
        height: usize,
        /// Its width.
        width: usize,
        /// Whether the row is ordered `[height, width, channels]` and not `[channels, height, width]`.
        channels_last: bool,
    },
    /// `factor x`.
    Scale {
        /// Factor on each number.
        factor: f32,
    },
    /// A convolution as in PyTorch: each output is the bias plus the products of the kernel with the numbers under it,
    /// channel by channel, each row by row.
    Conv {
        /// Name of the kernels, `[out, in, height, width]`.
        weight: String,
        /// Name of the bias, `[out]`.
        bias: String,
        /// Step between neighbouring outputs.
        stride: usize,
        /// Number of rows and columns of zeros on each side.
        padding: usize,
    },
    /// Turns the image into a row, channel by channel, each row by row.
    Flatten,
    /// An elementwise function.
    Activation {
        /// The function.
        function: Activation,
        /// Name of PReLU's slope, `[1]`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        slope: Option<String>,
        /// Name of the gate, `[1]`. With a gate the layer returns `x + gate (f(x) - x)`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        gate: Option<String>,
    },
    /// `x + gate * y`, where `y` is the output of the layers for `x`.
    Residual {
        /// The layers, in order.
        layers: Vec<Layer>,
        /// Name of the factor, `[1]`.
        gate: String,
    },
    /// `(a - mean(a)) + v`, both computed from the same input.
    Dueling {
        /// The layers that compute `a`, `[outputs]`.
        advantages: Vec<Layer>,
        /// The layers that compute `v`, `[1]`.
        value: Vec<Layer>,
    },
}

impl Layer {
    /// Returns the layers of a block.
    pub(crate) fn of_block(block: &Block) -> Vec<Self> {
        let mut steps = vec![Self::Linear {
            weight: block.parameter("weight"),
            bias: block.parameter("bias"),
            inputs: block.inputs,
            outputs: block.outputs,
        }];
        if block.has_norm {
            steps.push(Self::LayerNorm {
                weight: block.parameter("norm.weight"),
                bias: block.parameter("norm.bias"),
                features: block.outputs,
                epsilon: LAYER_NORM_EPSILON,
            });
        }
        if block.role.stage().is_some() {
            let slope = block.has_slope().then(|| block.parameter("slope"));
            steps.push(Self::Activation { function: block.activation, slope, gate: None });
        }
        steps
    }
}
