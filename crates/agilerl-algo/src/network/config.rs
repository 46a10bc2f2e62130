//! Settings of a network.

use agilerl_env::Space;
use agilerl_nets::{Activation, CnnLimits, ConvSpec, EncoderSpec, Growth, MlpLimits, MlpSpec, NetSpec, ParameterNoise};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::AlgoError;

/// Settings of one network of an agent. An algorithm with several networks has one of these for each. The defaults are
/// those of AgileRL's online-training page, where it names one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NetConfig {
    /// Convolutions in front of the hidden layers, for images (`c_size`, `k_size`, `s_size`; none).
    pub convs: Vec<ConvSpec>,
    /// Whether images come as `[height, width, channels]` (`CHANNELS_LAST`: false).
    pub channels_last: bool,
    /// Limits of mutations of the convolutions.
    pub cnn_limits: CnnLimits,
    /// Nodes of each hidden layer, behind the convolutions if there are some (`h_size`: [32, 32]).
    pub hidden: Vec<usize>,
    /// Number of residual layers behind each hidden layer (none).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub residual: Vec<usize>,
    /// Value and advantages from two heads (Wang et al., 2016; off, as in AgileRL).
    pub dueling: bool,
    /// Activation between the layers (ReLU).
    pub activation: Activation,
    /// Layer normalisation in the hidden layers (off, as in AgileRL 0.1).
    pub layer_norm: bool,
    /// Factor on the initial weights of the output layer (`output_vanish`: 0.1).
    pub output_scale: f32,
    /// Limits of architecture mutations.
    pub limits: MlpLimits,
    /// Treatment of weights and moments in an architecture mutation (`preserving`; `random` is AgileRL's way).
    pub growth: Growth,
    /// Noise of a parameter mutation, but for its strength, which is the run's `mutation_sd`.
    pub parameter_noise: ParameterNoise,
    /// Activations that an activation mutation chooses from (`relu`, `elu`, `gelu`).
    pub activation_selection: Vec<Activation>,
}

impl Default for NetConfig {
    fn default() -> Self {
        Self {
            convs: Vec::new(),
            channels_last: false,
            cnn_limits: CnnLimits::default(),
            hidden: vec![32, 32],
            residual: Vec::new(),
            dueling: false,
            activation: Activation::Relu,
            layer_norm: false,
            output_scale: 0.1,
            limits: MlpLimits::default(),
            growth: Growth::Preserving,
            parameter_noise: ParameterNoise::default(),
            activation_selection: vec![Activation::Relu, Activation::Elu, Activation::Gelu],
        }
    }
}

impl NetConfig {
    /// Returns the spec of the network for observations of this space: with convolutions for images, if there are
    /// [`convs`](Self::convs); otherwise a perceptron for the row of numbers, whatever its shape. `extra` numbers, such as the
    /// components of an action, join the features in front of the first hidden layer.
    ///
    /// Pixels are divided by the space's upper bound, if it is a positive number and the same for all of them.
    ///
    /// # Errors
    /// [`AlgoError::Config`] if there are convolutions and the observations are no images;
    /// [`AlgoError::Net`] if a convolution does not fit on its map.
    pub fn spec(&self, observations: &Space, extra: usize, outputs: usize) -> Result<NetSpec, AlgoError> {
        let head = self.head(observations.row_len() + extra, outputs);
        if self.convs.is_empty() {
            return Ok(NetSpec { encoder: None, head, extra });
        }
        let (shape, high) = match observations {
            Space::Box { shape, high, .. } => (shape.as_slice(), high.as_slice()),
            Space::Discrete { .. } => (&[][..], &[][..]),
        };
        let &[a, b, c] = shape else {
            return Err(AlgoError::Config {
                field: "convs".into(),
                value: format!("a list of {}", self.convs.len()),
                expected: format!("none, since the observations are no images of three axes but {shape:?}"),
            });
        };
        let brightest = high[0];
        let divides = brightest.is_finite() && brightest > 0.0 && high.iter().all(|bound| *bound == brightest);
        let encoder = EncoderSpec {
            input: if self.channels_last { [c, a, b] } else { [a, b, c] },
            channels_last: self.channels_last,
            scale: if divides { 1.0 / brightest } else { 1.0 },
            convs: self.convs.clone(),
            activation: self.activation,
            limits: self.cnn_limits,
        };
        let mut spec = NetSpec { encoder: Some(encoder), head, extra };
        spec.fit_head()?;
        Ok(spec)
    }

    /// Returns the spec of a perceptron for rows of `inputs` numbers.
    pub fn head(&self, inputs: usize, outputs: usize) -> MlpSpec {
        MlpSpec {
            inputs,
            hidden: self.hidden.clone(),
            residual: self.residual.clone(),
            dueling: self.dueling,
            outputs,
            activation: self.activation,
            layer_norm: self.layer_norm,
            output_scale: self.output_scale,
            limits: self.limits,
        }
    }

    /// Takes over the architecture of a network that was mutated.
    pub fn follow(&mut self, spec: &NetSpec) {
        self.hidden.clone_from(&spec.head.hidden);
        self.residual.clone_from(&spec.head.residual);
        self.layer_norm = spec.head.layer_norm;
        self.activation = spec.activation();
        if let Some(encoder) = &spec.encoder {
            self.convs.clone_from(&encoder.convs);
        }
    }

    /// Returns the activations that a mutation can draw: the selection without the present one and without PReLU, whose slope
    /// is a weight that the others lack. None if the present one is PReLU.
    pub fn activations_to_mutate_to(&self) -> impl Iterator<Item = Activation> {
        let present = self.activation;
        let fits =
            move |other: &Activation| present != Activation::Prelu && ![present, Activation::Prelu].contains(other);
        self.activation_selection.iter().copied().filter(fits)
    }

    /// Checks every setting by itself; the spec of a network checks its sizes.
    ///
    /// # Errors
    /// [`AlgoError::Config`] naming the setting, its value and its range.
    pub fn validate(&self) -> Result<(), AlgoError> {
        let noise = &self.parameter_noise;
        for (field, share) in
            [("share", noise.share), ("super_share", noise.super_share), ("reset_share", noise.reset_share)]
        {
            let field = format!("parameter_noise.{field}");
            AlgoError::check((0.0..=1.0).contains(&share), &field, share, "a share, 0 to 1")?;
        }
        let sd = noise.super_sd;
        AlgoError::check(sd.is_finite() && sd >= 0.0, "parameter_noise.super_sd", sd, "a number from 0 on")?;
        let both = noise.super_share + noise.reset_share;
        AlgoError::check(both <= 1.0, "parameter_noise.super_share + reset_share", both, "at most 1")?;
        let fits = !(self.channels_last && self.convs.is_empty());
        AlgoError::check(fits, "channels_last", self.channels_last, "false without convolutions (`convs`)")
    }
}
