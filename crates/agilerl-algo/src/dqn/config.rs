//! Settings of deep Q-learning.

use agilerl_env::Space;
use agilerl_nets::{Activation, CnnLimits, CnnSpec, ConvSpec, Growth, MlpLimits, MlpSpec, NetSpec, ParameterNoise};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AlgoError, Epsilon};

/// Settings of a [`Dqn`](super::Dqn) agent. The defaults are those of AgileRL's online-training page, where it names
/// one; where it does not, the doc says whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DqnConfig {
    /// Convolutions in front of the hidden layers, for images (`c_size`, `k_size`, `s_size`; none).
    pub convs: Vec<ConvSpec>,
    /// Whether images come as `[height, width, channels]` (`CHANNELS_LAST`: false).
    pub channels_last: bool,
    /// How far mutations of the convolutions may go.
    pub cnn_limits: CnnLimits,
    /// Nodes of each hidden layer, behind the convolutions if there are some (`h_size`: [32, 32]).
    pub hidden: Vec<usize>,
    /// How many residual layers follow each hidden layer (none).
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
    /// How far architecture mutations may go.
    pub limits: MlpLimits,
    /// What becomes of weights and moments in an architecture mutation (`preserving`; `random` is AgileRL's way).
    pub growth: Growth,
    /// Double Q-learning: the online network selects, the target network evaluates (true).
    pub double: bool,
    /// Step size of Adam (1e-3).
    pub lr: f64,
    /// Transitions in a batch (128).
    pub batch_size: usize,
    /// Environment steps for each update, over all lanes (16: the page's 1 was checked once for each step of 16 lanes).
    pub learn_step: usize,
    /// Discount of a step (0.99).
    pub gamma: f64,
    /// Share of the online network that the target network takes on with every update (1e-3).
    pub tau: f64,
    /// What is minimised (MSE, as in AgileRL).
    pub loss: Loss,
    /// The gradient is scaled down to this norm (10, as in Stable-Baselines3; AgileRL does not clip). "none": never.
    #[serde(with = "crate::number_or_none")]
    #[schemars(with = "crate::number_or_none::NumberOrNone")]
    pub max_grad_norm: Option<f64>,
    /// Random actions (AgileRL: 1.0 to 0.1).
    pub epsilon: Epsilon,
    /// What a parameter mutation does, but for its strength, which is the run's `mutation_sd`.
    pub parameter_noise: ParameterNoise,
    /// What an activation mutation chooses from (`relu`, `elu`, `gelu`).
    pub activation_selection: Vec<Activation>,
}

/// The error of a temporal difference `d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// `d^2`.
    #[default]
    Mse,
    /// `d^2 / 2` up to |d| = 1, then `|d| - 1/2` (Mnih et al., 2015, clip the error).
    Huber,
}

impl Default for DqnConfig {
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
            double: true,
            lr: 1e-3,
            batch_size: 128,
            learn_step: 16,
            gamma: 0.99,
            tau: 1e-3,
            loss: Loss::Mse,
            max_grad_norm: Some(10.0),
            epsilon: Epsilon::default(),
            parameter_noise: ParameterNoise::default(),
            activation_selection: vec![Activation::Relu, Activation::Elu, Activation::Gelu],
        }
    }
}

impl DqnConfig {
    /// Names of the hyperparameters that evolution may change.
    pub const HYPERPARAMETERS: [&str; 5] = ["lr", "batch_size", "learn_step", "gamma", "tau"];

    /// The network for observations of this space and `choices` actions: with convolutions for images, if there are
    /// [`convs`](Self::convs); otherwise a perceptron for the row of numbers, whatever its shape.
    ///
    /// Pixels are divided by the space's upper bound, where that is a positive number and the same for all.
    ///
    /// # Errors
    /// [`AlgoError::Config`] if there are convolutions, but the observations are no images;
    /// [`AlgoError::Net`] if a convolution does not fit on its map.
    pub fn net(&self, observations: &Space, choices: usize) -> Result<NetSpec, AlgoError> {
        if self.convs.is_empty() {
            return Ok(self.spec(observations.row_len(), choices).into());
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
        let mut spec = CnnSpec {
            input: if self.channels_last { [c, a, b] } else { [a, b, c] },
            channels_last: self.channels_last,
            scale: if divides { 1.0 / brightest } else { 1.0 },
            convs: self.convs.clone(),
            activation: self.activation,
            limits: self.cnn_limits,
            head: self.spec(1, choices),
        };
        spec.fit_head()?;
        Ok(spec.into())
    }

    /// The perceptron for rows of `obs_len` numbers and `choices` actions.
    pub fn spec(&self, obs_len: usize, choices: usize) -> MlpSpec {
        MlpSpec {
            inputs: obs_len,
            hidden: self.hidden.clone(),
            residual: self.residual.clone(),
            dueling: self.dueling,
            outputs: choices,
            activation: self.activation,
            layer_norm: self.layer_norm,
            output_scale: self.output_scale,
            limits: self.limits,
        }
    }

    /// Takes on what a mutation of the architecture has changed.
    pub(super) fn take_architecture(&mut self, spec: &NetSpec) {
        let head = spec.head();
        self.hidden.clone_from(&head.hidden);
        self.residual.clone_from(&head.residual);
        self.layer_norm = head.layer_norm;
        if let NetSpec::Cnn(spec) = spec {
            self.convs.clone_from(&spec.convs);
        }
    }

    /// Sets one of the hyperparameters that evolution may change.
    ///
    /// # Panics
    /// If there is none of that name.
    pub fn set_hyperparameter(&mut self, name: &str, value: f64) {
        match name {
            "lr" => self.lr = value,
            "batch_size" => self.batch_size = value as usize,
            "learn_step" => self.learn_step = value as usize,
            "gamma" => self.gamma = value,
            "tau" => self.tau = value,
            _ => panic!("DQN has no hyperparameter {name:?}"),
        }
    }

    /// What an activation mutation can draw: the selection without the present one, and without PReLU, whose slope is a
    /// weight that the others lack. None if the present one is PReLU.
    pub fn activations_to_mutate_to(&self) -> impl Iterator<Item = Activation> {
        let present = self.activation;
        let fits =
            move |other: &Activation| present != Activation::Prelu && ![present, Activation::Prelu].contains(other);
        self.activation_selection.iter().copied().filter(fits)
    }

    /// Checks every setting but the network's, which [`spec`](Self::spec) checks.
    ///
    /// # Errors
    /// [`AlgoError::Config`] naming the setting, its value and its range.
    pub fn validate(&self) -> Result<(), AlgoError> {
        let check = |ok: bool, field: &str, value: String, expected: &str| {
            let refuse = || AlgoError::Config { field: field.into(), value, expected: expected.into() };
            if ok { Ok(()) } else { Err(refuse()) }
        };
        let positive = |x: f64| x.is_finite() && x > 0.0;
        check(positive(self.lr), "lr", self.lr.to_string(), "a positive number")?;
        check(self.batch_size > 0, "batch_size", self.batch_size.to_string(), "at least 1")?;
        check(self.learn_step > 0, "learn_step", self.learn_step.to_string(), "at least 1")?;
        check((0.0..=1.0).contains(&self.gamma), "gamma", self.gamma.to_string(), "0 to 1")?;
        check(self.tau > 0.0 && self.tau <= 1.0, "tau", self.tau.to_string(), "above 0, at most 1")?;
        if let Some(norm) = self.max_grad_norm {
            check(positive(norm), "max_grad_norm", norm.to_string(), "a positive number, or none")?;
        }
        let noise = &self.parameter_noise;
        for (field, share) in
            [("share", noise.share), ("super_share", noise.super_share), ("reset_share", noise.reset_share)]
        {
            let field = format!("parameter_noise.{field}");
            check((0.0..=1.0).contains(&share), &field, share.to_string(), "a share, 0 to 1")?;
        }
        let sd = noise.super_sd;
        check(sd.is_finite() && sd >= 0.0, "parameter_noise.super_sd", sd.to_string(), "a number from 0 on")?;
        let both = noise.super_share + noise.reset_share;
        check(both <= 1.0, "parameter_noise.super_share + reset_share", both.to_string(), "at most 1")?;
        let fits = !(self.channels_last && self.convs.is_empty());
        check(fits, "channels_last", self.channels_last.to_string(), "false without convolutions (`convs`)")?;
        self.epsilon.validate()
    }
}
