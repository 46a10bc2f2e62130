//! The convolutions of a network.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::error::NetError;
use crate::spec::layer::Layer;
use crate::spec::mutation::{Growth, NetMutation};
use crate::weights::draws::fill_uniform;
use crate::weights::layout::Layout;
use crate::weights::weights::Weights;

/// The convolutions in front of a network's head, each followed by the activation. The last map is flattened channel by
/// channel into features.
///
/// ```
/// use agilerl_nets::{ConvSpec, EncoderSpec};
///
/// // MinAtar's boards and the convolution of Young and Tian (2019).
/// let encoder = EncoderSpec::new([4, 10, 10], &[ConvSpec::new(16, 3, 1)]);
/// assert_eq!(encoder.features()?, 16 * 8 * 8);
/// # Ok::<(), agilerl_nets::NetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderSpec {
    /// `[channels, height, width]` of an image.
    pub input: [usize; 3],
    /// Whether a row holds the channels of one pixel together, `[height, width, channels]`, and not whole channels,
    /// `[channels, height, width]`.
    pub channels_last: bool,
    /// Factor on every number of the input: 1/255 for brightnesses in bytes, 1 for masks.
    pub scale: f32,
    /// The convolutions, in order.
    pub convs: Vec<ConvSpec>,
    /// Activation behind every convolution. The head has its own.
    pub activation: Activation,
    /// Limits of mutations of the convolutions.
    pub limits: CnnLimits,
}

/// One convolution with a square kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvSpec {
    /// Number of output channels.
    pub channels: usize,
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Step between neighbouring outputs.
    #[serde(default = "one")]
    pub stride: usize,
    /// Number of rows and columns of zeros on each side.
    #[serde(default)]
    pub padding: usize,
    /// Whether the activation f is gated: `x + gate (f(x) - x)` with a learnt gate that starts at 0. An inserted
    /// convolution is gated where f is not idempotent, so that it starts as the identity with any f.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gated: bool,
}

/// Limits of mutations of convolutions. Both ends are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CnnLimits {
    /// Fewest convolutions (1).
    pub min_layers: usize,
    /// Most convolutions (AgileRL: 6).
    pub max_layers: usize,
    /// Fewest channels of a convolution (8).
    pub min_channels: usize,
    /// Most channels of a convolution (AgileRL: 256).
    pub max_channels: usize,
    /// Largest kernel (9).
    pub max_kernel: usize,
}

impl Default for CnnLimits {
    fn default() -> Self {
        Self { min_layers: 1, max_layers: 6, min_channels: 8, max_channels: 256, max_kernel: 9 }
    }
}

const fn one() -> usize {
    1
}

impl ConvSpec {
    /// Returns a convolution without padding and gate.
    pub fn new(channels: usize, kernel: usize, stride: usize) -> Self {
        Self { channels, kernel, stride, padding: 0, gated: false }
    }

    /// Returns the edge length of the output map, given that of the input map; `None` if the kernel does not fit.
    fn edge(&self, before: usize) -> Option<usize> {
        Some((before + 2 * self.padding).checked_sub(self.kernel)? / self.stride + 1)
    }
}

impl EncoderSpec {
    /// Returns an encoder with ReLU, for whole channels without scaling.
    pub fn new(input: [usize; 3], convs: &[ConvSpec]) -> Self {
        Self {
            input,
            channels_last: false,
            scale: 1.0,
            convs: convs.to_vec(),
            activation: Activation::Relu,
            limits: CnnLimits::default(),
        }
    }

    /// Returns the number of features: the size of the last map.
    ///
    /// # Errors
    /// [`NetError::Spec`] if a convolution does not fit on its map.
    pub fn features(&self) -> Result<usize, NetError> {
        Ok(self.maps()?.last().expect("the input is a map").iter().product())
    }

    /// Returns the length of a row of the input.
    pub fn inputs(&self) -> usize {
        self.input.iter().product()
    }

    /// Returns `[channels, height, width]` of the input and of the output of each convolution.
    ///
    /// # Errors
    /// [`NetError::Spec`] if a map is empty or too large.
    pub fn maps(&self) -> Result<Vec<[usize; 3]>, NetError> {
        if self.input.iter().any(|edge| !(1..=MOST_EDGE).contains(edge)) {
            let rule = format!("channels, height and width must each lie in 1..={MOST_EDGE}");
            return refuse("input", format!("{:?}", self.input), rule);
        }
        let mut maps = vec![self.input];
        // The windows of all convolutions: the numbers that a pass keeps of one image.
        let mut windows = 0_usize;
        for (i, conv) in self.convs.iter().enumerate() {
            let [channels, height, width] = maps[i];
            let refuse = |rule: String| refuse("convs", format!("{conv:?}, number {i}"), rule);
            if conv.stride == 0 || [conv.kernel, conv.channels].iter().any(|n| !(1..=MOST_EDGE).contains(n)) {
                return refuse(format!(
                    "channels and kernel must lie in 1..={MOST_EDGE}, the stride must be at least 1"
                ));
            }
            if conv.padding >= conv.kernel {
                return refuse("the padding must be smaller than the kernel".into());
            }
            let (Some(rows), Some(columns)) = (conv.edge(height), conv.edge(width)) else {
                let padding = conv.padding;
                return refuse(format!(
                    "the kernel is larger than the map of {height} x {width} with padding {padding}"
                ));
            };
            let window = channels.saturating_mul(conv.kernel).saturating_mul(conv.kernel);
            windows = windows.saturating_add(window.saturating_mul(rows * columns));
            if window.saturating_mul(conv.channels) > MOST_NUMBERS || windows > MOST_NUMBERS {
                return refuse(format!(
                    "must have at most {MOST_NUMBERS} weights, and at most as many numbers in its windows"
                ));
            }
            maps.push([conv.channels, rows, columns]);
        }
        Ok(maps)
    }

    /// Checks that the convolutions are possible and within their own limits.
    ///
    /// # Errors
    /// [`NetError::Spec`] naming the field, its value and the rule.
    pub fn validate(&self) -> Result<(), NetError> {
        let CnnLimits { min_layers, max_layers, min_channels, max_channels, max_kernel } = self.limits;
        let ranges = [
            ("limits.min_layers..=max_layers", min_layers, max_layers),
            ("limits.min_channels..=max_channels", min_channels, max_channels),
        ];
        for (field, min, max) in ranges {
            if min == 0 || min > max || max > MOST_EDGE {
                let rule = format!("must begin at 1 or more, not be reversed, and end at {MOST_EDGE} or less");
                return refuse(field, format!("{min}..={max}"), rule);
            }
        }
        if !(min_layers..=max_layers).contains(&self.convs.len()) {
            let rule = format!("must be {min_layers} to {max_layers} convolutions, or widen `limits`");
            return refuse("convs", format!("a list of {}", self.convs.len()), rule);
        }
        self.maps()?;
        for conv in &self.convs {
            if !(min_channels..=max_channels).contains(&conv.channels) {
                let rule = format!("must lie in {min_channels}..={max_channels}, or widen `limits`");
                return refuse("convs.channels", conv.channels.to_string(), rule);
            }
            if conv.kernel > max_kernel {
                return refuse(
                    "convs.kernel",
                    conv.kernel.to_string(),
                    format!("at most {max_kernel}, or widen `limits`"),
                );
            }
        }
        if !(self.scale.is_finite() && self.scale > 0.0) {
            return refuse("scale", self.scale.to_string(), "must be a positive number".into());
        }
        Ok(())
    }

    /// Adds the parameters and their shapes to a layout.
    pub(crate) fn lay_out(&self, layout: &mut Layout) {
        let mut inputs = self.input[0];
        for (i, conv) in self.convs.iter().enumerate() {
            layout.push(format!("conv.{i}.weight"), &[conv.channels, inputs, conv.kernel, conv.kernel]);
            layout.push(format!("conv.{i}.bias"), &[conv.channels]);
            if self.activation == Activation::Prelu {
                layout.push(format!("conv.{i}.slope"), &[1]);
            }
            if conv.gated {
                layout.push(format!("conv.{i}.gate"), &[1]);
            }
            inputs = conv.channels;
        }
    }

    /// Returns the number of weights.
    pub(crate) fn len(&self) -> usize {
        let mut layout = Layout::default();
        self.lay_out(&mut layout);
        layout.len()
    }

    /// Draws the initial weights of a network that begins with this encoder.
    pub(crate) fn init(&self, weights: &mut Weights, rng: &mut impl Rng) {
        for i in 0..self.convs.len() {
            let bound = self.init_bound(i);
            for part in ["weight", "bias"] {
                fill_uniform(weights.get_mut(&format!("conv.{i}.{part}")).expect("laid out"), bound, rng);
            }
            if let Some(slope) = weights.get_mut(&format!("conv.{i}.slope")) {
                slope.fill(FIRST_SLOPE);
            }
        }
    }

    /// Returns the bound of the initial weights of a convolution.
    pub(crate) fn init_bound(&self, layer: usize) -> f32 {
        let fan_in = self.inputs_of(layer) * self.convs[layer].kernel * self.convs[layer].kernel;
        1.0 / (fan_in as f32).sqrt()
    }

    /// Returns the number of input channels of a convolution.
    pub(crate) fn inputs_of(&self, layer: usize) -> usize {
        if layer == 0 { self.input[0] } else { self.convs[layer - 1].channels }
    }

    pub(crate) fn apply_as(&self, mutation: &NetMutation, growth: Growth) -> Option<Self> {
        let mut convs = self.convs.clone();
        match *mutation {
            NetMutation::AddConv => {
                let last = convs.last()?;
                // Applying an idempotent activation once more changes nothing, unless a gate held the first back.
                let is_identity = self.activation.is_idempotent() && !last.gated;
                let gated = growth == Growth::Preserving && !is_identity;
                convs.push(ConvSpec { channels: last.channels, kernel: 3, stride: 1, padding: 1, gated });
            }
            NetMutation::RemoveConv => {
                convs.pop();
            }
            NetMutation::AddChannels { layer, count } => {
                let conv = convs.get_mut(layer)?;
                conv.channels = conv.channels.checked_add(count)?;
            }
            NetMutation::RemoveChannels { layer, count } => {
                let conv = convs.get_mut(layer)?;
                conv.channels = conv.channels.checked_sub(count)?;
            }
            NetMutation::ChangeKernel { layer, kernel } => {
                let conv = convs.get_mut(layer)?;
                if kernel % 2 != conv.kernel % 2 || kernel > MOST_EDGE {
                    return None;
                }
                conv.padding = (conv.padding + kernel / 2).checked_sub(conv.kernel / 2)?;
                conv.kernel = kernel;
            }
            _ => return None,
        }
        Some(Self { convs, ..self.clone() })
    }

    /// Returns the convolutions as a list of plain layers.
    pub fn layers(&self) -> Vec<Layer> {
        let [channels, height, width] = self.input;
        let mut layers = vec![Layer::Image { channels, height, width, channels_last: self.channels_last }];
        if self.scale != 1.0 {
            layers.push(Layer::Scale { factor: self.scale });
        }
        for (i, conv) in self.convs.iter().enumerate() {
            let name = |part: &str| format!("conv.{i}.{part}");
            let (stride, padding) = (conv.stride, conv.padding);
            layers.push(Layer::Conv { weight: name("weight"), bias: name("bias"), stride, padding });
            let slope = (self.activation == Activation::Prelu).then(|| name("slope"));
            let gate = conv.gated.then(|| name("gate"));
            layers.push(Layer::Activation { function: self.activation, slope, gate });
        }
        layers.push(Layer::Flatten);
        layers
    }
}

/// Longest edge of an image, and most channels.
const MOST_EDGE: usize = 1 << 12;
/// Most weights of a convolution, and most numbers in the windows of one image.
const MOST_NUMBERS: usize = 1 << 26;
/// Initial slope of PReLU.
pub(crate) const FIRST_SLOPE: f32 = 0.25;

fn refuse<T>(field: &'static str, value: String, rule: String) -> Result<T, NetError> {
    Err(NetError::Spec { field, value, rule })
}

impl std::fmt::Display for EncoderSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [channels, height, width] = self.input;
        write!(f, "{channels}x{height}x{width}")?;
        self.convs.iter().try_for_each(|conv| write!(f, "-{conv}"))
    }
}

impl std::fmt::Display for ConvSpec {
    /// Writes channels, kernel, and every other field that is not the default: `32k8s4`, `16k3p1`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}k{}", self.channels, self.kernel)?;
        if self.stride != 1 {
            write!(f, "s{}", self.stride)?;
        }
        if self.padding != 0 {
            write!(f, "p{}", self.padding)?;
        }
        if self.gated { f.write_str("g") } else { Ok(()) }
    }
}
