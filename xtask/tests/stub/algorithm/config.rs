//! Settings of the stub algorithm, and its entry for the registry.

use agilerl_env::Space;
use agilerl_hpo::StreamRng;
use agilerl_nets::{Device, NetSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::agent::Stub;
use crate::algorithm::Algorithm;
use crate::elite::Elite;
use crate::error::AlgoError;
use crate::network::config::NetConfig;
use crate::policy_source::PolicySource;

/// Settings of a [`Stub`] agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StubConfig {
    /// The actor: an action for an observation.
    pub actor: NetConfig,
    /// The critic: the value of an observation and an action.
    pub critic: NetConfig,
    /// Step size of both optimisers (2e-3).
    pub lr: f64,
    /// Rows of a batch (64).
    pub batch_size: usize,
    /// Environment steps for each update (1).
    pub learn_step: usize,
    /// Discount of a step (0.99).
    pub gamma: f64,
    /// Share of the online networks that the target networks take over (0.01).
    pub tau: f64,
    /// Greatest noise on an action, as a share of its range (0.25).
    pub noise: f64,
}

impl Default for StubConfig {
    fn default() -> Self {
        let (actor, critic) = (NetConfig::default(), NetConfig::default());
        Self { actor, critic, lr: 2e-3, batch_size: 64, learn_step: 1, gamma: 0.99, tau: 0.01, noise: 0.25 }
    }
}

impl Algorithm for StubConfig {
    type Action = f32;
    type Agent = Stub;

    fn validate(&self) -> Result<(), AlgoError> {
        AlgoError::check(self.lr > 0.0, "lr", self.lr, "a positive number")?;
        AlgoError::check(self.batch_size > 0, "batch_size", self.batch_size, "at least 1")?;
        AlgoError::check(self.learn_step > 0, "learn_step", self.learn_step, "at least 1")?;
        for (name, net) in [("actor", &self.actor), ("critic", &self.critic)] {
            net.validate().map_err(|error| error.inside(name))?;
            net.head(1, 1).validate()?;
        }
        Ok(())
    }

    fn batch_size(&self) -> usize {
        self.batch_size
    }

    fn hyperparameters(&self) -> &'static [&'static str] {
        &["lr", "batch_size"]
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) {
        match name {
            "lr" => self.lr = value,
            "batch_size" => self.batch_size = value as usize,
            _ => panic!("the stub has no hyperparameter {name:?}"),
        }
    }

    fn check_activations(&self) -> Result<(), AlgoError> {
        Ok(())
    }

    fn specs(&self, env: &str, observations: &Space, actions: &Space) -> Result<Vec<NetSpec>, AlgoError> {
        if actions.choices().is_some() {
            let why = "it sets components of an action, and this environment wants a choice".to_owned();
            return Err(AlgoError::Space { agent: Stub::ALGORITHM, env: env.to_owned(), why });
        }
        let components = actions.row_len();
        let actor = self.actor.spec(observations, 0, components).map_err(|error| error.inside("actor"))?;
        let critic = self.critic.spec(observations, components, 1).map_err(|error| error.inside("critic"))?;
        Ok(vec![actor, critic])
    }

    fn agent(
        &self,
        env: &str,
        observations: &Space,
        actions: &Space,
        device: &Device,
        rng: &mut StreamRng,
    ) -> Result<Stub, AlgoError> {
        Stub::new(self.clone(), self.specs(env, observations, actions)?, actions, device, rng)
    }

    fn of_elite(elite: &Elite) -> Result<Self, AlgoError> {
        elite.settings(Stub::ALGORITHM)
    }

    fn founder(&self, _: &Elite, _: &str, _: &Space, _: &Space, _: &Device) -> Result<Stub, AlgoError> {
        Err(AlgoError::Elite("the elite of a stub has no critic, so it begins no run".to_owned()))
    }
}
