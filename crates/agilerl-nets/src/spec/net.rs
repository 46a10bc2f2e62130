//! The spec of a network.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::error::NetError;
use crate::spec::encoder::EncoderSpec;
use crate::spec::head::MlpSpec;
use crate::spec::layer::Layer;
use crate::spec::mutation::{Growth, NetMutation};
use crate::weights::layout::Layout;
use crate::weights::weights::Weights;

/// The spec of a network: an optional encoder of convolutions for images, then always a perceptron, the head.
///
/// The head reads the encoder's features, or the observation itself without an encoder, and behind them `extra`
/// numbers. With a critic, these are the action.
///
/// ```
/// use agilerl_nets::{ConvSpec, EncoderSpec, MlpSpec, NetSpec};
///
/// // MinAtar's boards and the network of Young and Tian (2019).
/// let encoder = EncoderSpec::new([4, 10, 10], &[ConvSpec::new(16, 3, 1)]);
/// let spec = NetSpec::with_encoder(encoder, &[128], 3);
/// assert_eq!(spec.head.inputs, 16 * 8 * 8);
/// assert!(spec.validate().is_ok());
///
/// // A critic of eight numbers and two components of an action.
/// let critic = NetSpec { head: MlpSpec::new(8 + 2, &[64, 64], 1), encoder: None, extra: 2 };
/// assert_eq!(critic.inputs(), 8);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetSpec {
    /// The convolutions, for images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderSpec>,
    /// The perceptron.
    pub head: MlpSpec,
    /// Number of values that the head reads behind the features (0).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub extra: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl NetSpec {
    /// Returns a network with this encoder and a head that fits it.
    ///
    /// # Panics
    /// If a convolution does not fit its map.
    pub fn with_encoder(encoder: EncoderSpec, hidden: &[usize], outputs: usize) -> Self {
        let mut spec = Self { encoder: Some(encoder), head: MlpSpec::new(1, hidden, outputs), extra: 0 };
        spec.fit_head().expect("convolutions that fit on their maps");
        spec
    }

    /// Sets the inputs of the head to the features of the encoder, if there is one, and the extra numbers.
    ///
    /// # Errors
    /// [`NetError::Spec`] if a convolution does not fit its map.
    pub fn fit_head(&mut self) -> Result<(), NetError> {
        if let Some(encoder) = &self.encoder {
            self.head.inputs = encoder.features()?.saturating_add(self.extra);
        }
        Ok(())
    }

    /// Returns the length of an observation row.
    pub fn inputs(&self) -> usize {
        self.encoder.as_ref().map_or(self.head.inputs - self.extra, EncoderSpec::inputs)
    }

    /// Returns the length of an output row.
    pub fn outputs(&self) -> usize {
        self.head.outputs
    }

    /// Returns the activation between the layers; with an encoder, that of the convolutions.
    pub fn activation(&self) -> Activation {
        self.encoder.as_ref().map_or(self.head.activation, |encoder| encoder.activation)
    }

    /// Sets the activation of encoder and head. PReLU cannot be exchanged with another activation in a network that has
    /// weights: its slope is a weight that the others do not have.
    pub fn set_activation(&mut self, activation: Activation) {
        self.head.activation = activation;
        if let Some(encoder) = &mut self.encoder {
            encoder.activation = activation;
        }
    }

    /// Checks that the network is possible and within its own limits.
    ///
    /// # Errors
    /// [`NetError::Spec`] naming the field, its value and the rule.
    pub fn validate(&self) -> Result<(), NetError> {
        if let Some(encoder) = &self.encoder {
            encoder.validate()?;
            let (map, features) = (encoder.maps()?.pop().expect("the input is a map"), encoder.features()?);
            if Some(self.head.inputs) != features.checked_add(self.extra) {
                let extra = if self.extra == 0 { String::new() } else { format!(", and {} are extra", self.extra) };
                let rule = format!("the last map, {map:?}, has {features} numbers{extra}");
                return Err(NetError::Spec { field: "head.inputs", value: self.head.inputs.to_string(), rule });
            }
        } else if self.extra >= self.head.inputs && self.extra > 0 {
            let rule = format!("must be less than head.inputs, {}", self.head.inputs);
            return Err(NetError::Spec { field: "extra", value: self.extra.to_string(), rule });
        }
        self.head.validate()
    }

    /// Returns the names, shapes and places of the weights.
    pub fn layout(&self) -> Layout {
        let mut layout = Layout::default();
        if let Some(encoder) = &self.encoder {
            encoder.lay_out(&mut layout);
        }
        self.head.lay_out(&mut layout);
        layout
    }

    /// Returns the number of weights in front of the head's.
    pub(crate) fn encoder_len(&self) -> usize {
        self.encoder.as_ref().map_or(0, EncoderSpec::len)
    }

    /// Draws initial weights, on the host so that they are the same on every device.
    pub fn init(&self, rng: &mut impl Rng) -> Weights {
        let mut weights = Weights::zeros(self.layout());
        if let Some(encoder) = &self.encoder {
            encoder.init(&mut weights, rng);
        }
        let head = self.head.init(rng);
        let start = self.encoder_len();
        weights.values_mut()[start..].copy_from_slice(head.values());
        weights
    }

    /// Draws a mutation of the architecture. With probability `new_layer_prob` it changes the depth, of the encoder or
    /// of the head with equal odds; otherwise a kernel (0.2), channels (0.45) or nodes of the head (0.35). Without an
    /// encoder, it is [`MlpSpec::draw`].
    ///
    /// These are AgileRL's CNN mutations, with its counts of 8, 16 or 32 channels.
    pub fn draw(&self, new_layer_prob: f64, rng: &mut impl Rng) -> NetMutation {
        let Some(encoder) = &self.encoder else { return self.head.draw(new_layer_prob, rng) };
        if rng.random_bool(new_layer_prob) {
            return match (rng.random_bool(0.5), rng.random_bool(0.5)) {
                (true, true) => NetMutation::AddConv,
                (true, false) => NetMutation::RemoveConv,
                (false, _) => self.head.draw(1.0, rng),
            };
        }
        let (share, more) = (rng.random::<f64>(), rng.random_bool(0.5));
        let layer = rng.random_range(0..encoder.convs.len() as u32) as usize;
        let count = [8, 16, 32][rng.random_range(0..3u32) as usize];
        let kernel = encoder.convs[layer].kernel;
        match (share, more) {
            (..0.2, true) => NetMutation::ChangeKernel { layer, kernel: kernel + 2 },
            (..0.2, false) => NetMutation::ChangeKernel { layer, kernel: kernel.saturating_sub(2) },
            (..0.65, true) => NetMutation::AddChannels { layer, count },
            (..0.65, false) => NetMutation::RemoveChannels { layer, count },
            _ => self.head.draw(0.0, rng),
        }
    }

    /// Returns the spec after a mutation; `None` if the limits do not allow it, or the network has no such part.
    pub fn apply(&self, mutation: &NetMutation) -> Option<Self> {
        self.apply_as(mutation, Growth::Preserving)
    }

    pub(crate) fn apply_as(&self, mutation: &NetMutation, growth: Growth) -> Option<Self> {
        let mut next = self.clone();
        if mutation.is_of_encoder() {
            next.encoder = Some(self.encoder.as_ref()?.apply_as(mutation, growth)?);
            next.fit_head().ok()?;
        } else {
            next.head = self.head.apply_as(mutation, growth)?;
        }
        (next != *self && next.validate().is_ok()).then_some(next)
    }

    /// Returns the network as a list of plain layers, without the extra numbers.
    pub fn layers(&self) -> Vec<Layer> {
        let encoder = self.encoder.as_ref().map(EncoderSpec::layers).unwrap_or_default();
        encoder.into_iter().chain(self.head.layers()).collect()
    }
}

impl From<MlpSpec> for NetSpec {
    fn from(head: MlpSpec) -> Self {
        Self { encoder: None, head, extra: 0 }
    }
}

impl From<&MlpSpec> for NetSpec {
    fn from(head: &MlpSpec) -> Self {
        head.clone().into()
    }
}

impl From<&Self> for NetSpec {
    fn from(spec: &Self) -> Self {
        spec.clone()
    }
}

impl std::fmt::Display for NetSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(encoder) = &self.encoder else { return write!(f, "{}", self.head) };
        write!(f, "{encoder}-{}", self.head)?;
        if encoder.activation == self.head.activation {
            Ok(())
        } else {
            write!(f, ", convolutions {}", encoder.activation)
        }
    }
}
