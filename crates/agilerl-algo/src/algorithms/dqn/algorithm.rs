//! Deep Q-learning for a registry of algorithms.

use agilerl_env::Space;
use agilerl_hpo::StreamRng;
use agilerl_nets::{Device, NetSpec};

use crate::algorithm::Algorithm;
use crate::algorithms::dqn::config::DqnConfig;
use crate::algorithms::dqn::dqn::Dqn;
use crate::elite::Elite;
use crate::error::AlgoError;
use crate::policy_source::PolicySource;

impl Algorithm for DqnConfig {
    type Action = u32;
    type Agent = Dqn;

    fn validate(&self) -> Result<(), AlgoError> {
        self.validate()?;
        // The network's own sizes are not known before the environment is: one in, one out.
        Ok(self.net.head(1, 1).validate()?)
    }

    fn batch_size(&self) -> usize {
        self.batch_size
    }

    fn hyperparameters(&self) -> &'static [&'static str] {
        &Self::HYPERPARAMETERS
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) {
        self.set_hyperparameter(name, value);
    }

    fn check_activations(&self) -> Result<(), AlgoError> {
        let selection = format!("{:?}", self.net.activation_selection);
        let another = format!("another than {} (and not prelu) for a mutation of the activation", self.net.activation);
        let has_another = self.net.activations_to_mutate_to().next().is_some();
        AlgoError::check(has_another, "net.activation_selection", selection, &another)
    }

    fn specs(&self, env: &str, observations: &Space, actions: &Space) -> Result<Vec<NetSpec>, AlgoError> {
        let choices = choices(env, actions)?;
        Ok(vec![self.net.spec(observations, 0, choices).map_err(|error| error.inside("net"))?])
    }

    fn agent(
        &self,
        env: &str,
        observations: &Space,
        actions: &Space,
        device: &Device,
        rng: &mut StreamRng,
    ) -> Result<Dqn, AlgoError> {
        Dqn::for_space(self.clone(), observations, choices(env, actions)?, device, rng)
    }

    fn of_elite(elite: &Elite) -> Result<Self, AlgoError> {
        let mut config: Self = elite.settings(Dqn::ALGORITHM)?;
        // Exploration goes on where it would have ended: random actions would throw away what the elite can do.
        config.epsilon.start = config.epsilon.end;
        Ok(config)
    }

    fn founder(
        &self,
        elite: &Elite,
        env: &str,
        observations: &Space,
        actions: &Space,
        device: &Device,
    ) -> Result<Dqn, AlgoError> {
        let record = &elite.record;
        let settings: Self = elite.settings(Dqn::ALGORITHM)?;
        let spec = |config: &Self| Ok::<_, AlgoError>(config.specs(env, observations, actions)?.remove(0));
        let drawn = spec(self)?;
        let shape = |spec: &NetSpec| (spec.inputs(), spec.outputs(), spec.encoder.is_some());
        if shape(&drawn) != shape(&record.spec) {
            return Err(AlgoError::Elite(format!(
                "its network, {}, was made for {}, and {env} would have one of {drawn}",
                record.spec, record.env
            )));
        }
        if drawn != spec(&settings)? {
            return Err(AlgoError::Elite(format!(
                "its network stays as it is, {}, so the settings of the network must be those of its elite.json",
                record.spec
            )));
        }
        if self.normalize_observations != settings.normalize_observations {
            let (found, wanted) = (self.normalize_observations, settings.normalize_observations);
            return Err(AlgoError::Elite(format!(
                "its network learned with normalize_observations = {wanted}, and this run has {found}: take the elite's setting"
            )));
        }
        let agent = Dqn::with_weights(self.clone(), record.spec.clone(), &elite.network()?, device)?;
        Ok(agent.with_normalizer(record.normalizer.clone()))
    }
}

fn choices(env: &str, actions: &Space) -> Result<usize, AlgoError> {
    actions.choices().ok_or_else(|| AlgoError::Space {
        agent: "DQN",
        env: env.to_owned(),
        why: "it chooses among actions, and this environment wants numbers".to_owned(),
    })
}
