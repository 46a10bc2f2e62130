//! Settings of deep Q-learning.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::algorithms::dqn::epsilon::Epsilon;
use crate::error::AlgoError;
use crate::network::config::NetConfig;
use crate::network::optimizer::OptimizerStep;

/// Settings of a [`Dqn`](super::Dqn) agent. The defaults are those of AgileRL's online-training page, where it names
/// one; where it does not, the doc says whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DqnConfig {
    /// The network.
    pub net: NetConfig,
    /// Whether observations are scaled to mean 0 and variance 1 by the agent's own statistics (false).
    pub normalize_observations: bool,
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
    /// The loss (MSE, as in AgileRL).
    pub loss: Loss,
    /// The gradient is scaled down to this norm (10, as in Stable-Baselines3; AgileRL does not clip). "none": never.
    #[serde(with = "crate::algorithms::number_or_none")]
    #[schemars(with = "crate::algorithms::number_or_none::NumberOrNone")]
    pub max_grad_norm: Option<f64>,
    /// Random actions (AgileRL: 1.0 to 0.1).
    pub epsilon: Epsilon,
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
            net: NetConfig::default(),
            normalize_observations: false,
            double: true,
            lr: 1e-3,
            batch_size: 128,
            learn_step: 16,
            gamma: 0.99,
            tau: 1e-3,
            loss: Loss::Mse,
            max_grad_norm: Some(10.0),
            epsilon: Epsilon::default(),
        }
    }
}

impl DqnConfig {
    /// Names of the hyperparameters that evolution may change.
    pub const HYPERPARAMETERS: [&str; 5] = ["lr", "batch_size", "learn_step", "gamma", "tau"];

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

    /// The sizes of an optimiser's step.
    pub(crate) fn optimizer_step(&self) -> OptimizerStep {
        OptimizerStep { lr: self.lr, tau: self.tau, max_grad_norm: self.max_grad_norm }
    }

    /// Checks every setting by itself; the spec of the network checks its sizes.
    ///
    /// # Errors
    /// [`AlgoError::Config`] naming the setting, its value and its range.
    pub fn validate(&self) -> Result<(), AlgoError> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let check = AlgoError::check::<f64>;
        check(positive(self.lr), "lr", self.lr, "a positive number")?;
        AlgoError::check(self.batch_size > 0, "batch_size", self.batch_size, "at least 1")?;
        AlgoError::check(self.learn_step > 0, "learn_step", self.learn_step, "at least 1")?;
        check((0.0..=1.0).contains(&self.gamma), "gamma", self.gamma, "0 to 1")?;
        check(self.tau > 0.0 && self.tau <= 1.0, "tau", self.tau, "above 0, at most 1")?;
        if let Some(norm) = self.max_grad_norm {
            check(positive(norm), "max_grad_norm", norm, "a positive number, or none")?;
        }
        self.net.validate().map_err(|error| error.inside("net"))?;
        self.epsilon.validate()
    }
}
