//! A network as a list of plain layers, for readers without this library.

use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::spec::block::{Block, LAYER_NORM_EPSILON};

/// One step of a forward pass. The names are those of the saved tensors.
///
/// Images are arrays `[channels, height, width]`; the others take and give rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Layer {
    /// `(x - mean) / std`, in double precision, cut off at plus and minus `clip`.
    Normalize {
        /// Subtracted from each component.
        mean: Vec<f64>,
        /// Divides each component.
        std: Vec<f64>,
        /// Largest size of a component afterwards.
        clip: f64,
    },
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
    /// The row becomes an image.
    Image {
        /// Channels of the image.
        channels: usize,
        /// Its height.
        height: usize,
        /// Its width.
        width: usize,
        /// Whether the row holds `[height, width, channels]`; `[channels, height, width]` if not.
        channels_last: bool,
    },
    /// `factor x`.
    Scale {
        /// What each number is multiplied by.
        factor: f32,
    },
    /// A convolution as PyTorch has it: each output is the bias plus the products of the kernel with what lies under it,
    /// channel by channel, each row by row.
    Conv {
        /// Name of the kernels, `[out, in, height, width]`.
        weight: String,
        /// Name of the bias, `[out]`.
        bias: String,
        /// Step from one output to the next.
        stride: usize,
        /// Rows and columns of zeros on each side.
        padding: usize,
    },
    /// The image becomes a row, channel by channel, each row by row.
    Flatten,
    /// An elementwise function.
    Activation {
        /// Which.
        function: Activation,
        /// Name of PReLU's slope, `[1]`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        slope: Option<String>,
        /// Name of the gate, `[1]`: then the function f gives `x + gate (f(x) - x)`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        gate: Option<String>,
    },
    /// `x + gate * y`, where `y` is what the layers make of `x`.
    Residual {
        /// In order.
        layers: Vec<Layer>,
        /// Name of the factor, `[1]`.
        gate: String,
    },
    /// `(a - mean(a)) + v`, where both are made of what comes in.
    Dueling {
        /// What makes `a`, `[outputs]`.
        advantages: Vec<Layer>,
        /// What makes `v`, `[1]`.
        value: Vec<Layer>,
    },
}

impl Layer {
    /// What a block does to the row that comes into it.
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
