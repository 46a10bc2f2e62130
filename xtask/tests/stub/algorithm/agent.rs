//! The agent of the stub algorithm.

use agilerl_buffer::Batch;
use agilerl_env::Space;
use agilerl_hpo::{BoxError, Change, Evolve, Hyperparameter, Mutation, MutationKind, Persist, StreamRng};
use agilerl_nets::{Device, InputNumber, NetSpec};
use rand::RngExt;
use serde_json::Value;

use super::config::StubConfig;
use crate::agent::{Agent, Mode};
use crate::error::AlgoError;
use crate::metrics::{Learned, Numbers};
use crate::network::bytes::take_prefixed;
use crate::network::host::HostNetwork;
use crate::network::network::{Network, Place};
use crate::network::optimizer::OptimizerStep;
use crate::off_policy::learner::{Learner, OffPolicy};
use crate::policy::{Output, Policy, PolicyAction};
use crate::policy_source::PolicySource;

/// A deterministic actor, and a critic that judges its actions.
#[derive(Clone, Debug)]
pub struct Stub {
    config: StubConfig,
    actor: Network,
    critic: Network,
    /// Bounds of each component of an action.
    low: Vec<f32>,
    high: Vec<f32>,
    /// Reports of the latest update.
    td_errors: Vec<f32>,
    metrics: [f32; 2],
}

const METRICS: [&str; 2] = ["loss", "value"];

impl Stub {
    pub(super) fn new(
        config: StubConfig,
        specs: Vec<NetSpec>,
        actions: &Space,
        device: &Device,
        rng: &mut StreamRng,
    ) -> Result<Self, AlgoError> {
        let mut network = |spec: &NetSpec| Network::with_target(spec.clone(), &spec.init(rng), device);
        let (actor, critic) = (network(&specs[0])?, network(&specs[1])?);
        let Space::Box { low, high, .. } = actions else { unreachable!("the specs refuse choices") };
        let (low, high, td_errors, metrics) = (low.clone(), high.clone(), Vec::new(), [0.0; 2]);
        Ok(Self { config, actor, critic, low, high, td_errors, metrics })
    }

    fn output(&self) -> Output {
        Output::Squashed { low: self.low.clone(), high: self.high.clone() }
    }

    fn range(&self, component: usize) -> [f32; 2] {
        let component = component % self.low.len();
        [self.low[component], self.high[component]]
    }
}

impl<O: InputNumber> Agent<O, f32> for Stub {
    fn act(&mut self, obs: &[O], _: Option<&[bool]>, mode: Mode, rng: &mut StreamRng, actions: &mut [f32]) {
        let output = self.output();
        f32::choose(&output, self.actor.outputs(obs), None, actions);
        if let Mode::Explore { .. } = mode {
            for (component, action) in actions.iter_mut().enumerate() {
                let [low, high] = self.range(component);
                let noise = (2.0 * rng.random::<f32>() - 1.0) * self.config.noise as f32 * (high - low);
                *action = (*action + noise).clamp(low, high);
            }
        }
    }
}

impl Learner for Stub {
    fn batch_size(&self) -> usize {
        self.config.batch_size
    }

    fn learn_step(&self) -> f64 {
        self.config.learn_step as f64
    }

    fn metrics(&self) -> &'static [&'static str] {
        &METRICS
    }
}

impl<O: InputNumber> OffPolicy<O, f32> for Stub {
    fn learn(&mut self, batch: &Batch<O, f32>, _: &mut StreamRng) -> Learned<'_> {
        let (count, output) = (batch.len() as f32, self.output());
        let step = OptimizerStep { lr: self.config.lr, tau: self.config.tau, max_grad_norm: None };
        let (actor, critic) = (on_host(&mut self.actor), on_host(&mut self.critic));

        // The critic: towards r + gamma Q'(s', mu'(s')).
        let next_actions = squashed(&output, actor.forward_target(batch.next_obs(), &[]));
        let next = critic.forward_target(batch.next_obs(), &next_actions).to_vec();
        let values = critic.forward(batch.obs(), batch.actions());
        self.td_errors.clear();
        for row in 0..batch.len() {
            let goes_on = if batch.terminated()[row] { 0.0 } else { self.config.gamma as f32 };
            self.td_errors.push(values[row] - (batch.rewards()[row] + goes_on * next[row]));
        }
        let gradient: Vec<f32> = self.td_errors.iter().map(|error| 2.0 * error / count).collect();
        critic.backward(&gradient);
        critic.step(step);

        // The actor: up the critic's value of its own actions.
        let outputs = actor.forward(batch.obs(), &[]).to_vec();
        let actions = squashed(&output, &outputs);
        let value = critic.forward(batch.obs(), &actions).iter().sum::<f32>() / count;
        let at_actions = critic.backward(&vec![-1.0 / count; batch.len()]).to_vec();
        let mut gradient = at_actions;
        for (component, (slope, x)) in gradient.iter_mut().zip(&outputs).enumerate() {
            let [low, high] = [&self.low, &self.high].map(|bounds| bounds[component % bounds.len()]);
            let tanh = agilerl_nets::tanh(*x);
            *slope *= (1.0 - tanh * tanh) * 0.5 * (high - low);
        }
        actor.backward(&gradient);
        actor.step(step);

        let loss = self.td_errors.iter().map(|error| error * error).sum::<f32>() / count;
        self.metrics = [loss, value];
        Learned { names: &METRICS, metrics: Numbers::Host(&self.metrics), td_errors: Numbers::Host(&self.td_errors) }
    }
}

fn on_host(network: &mut Network) -> &mut HostNetwork {
    match network.learning().1 {
        Place::Host(network) => network,
        #[allow(unreachable_patterns, reason = "the other places need the feature `burn`")]
        _ => panic!("the stub learns on the CPU"),
    }
}

fn squashed(output: &Output, outputs: &[f32]) -> Vec<f32> {
    let mut actions = vec![0.0; outputs.len()];
    f32::choose(output, outputs, None, &mut actions);
    actions
}

impl Evolve for Stub {
    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        let batch_size = self.config.batch_size as f64;
        vec![
            Hyperparameter { name: "lr".into(), value: self.config.lr, integer: false },
            Hyperparameter { name: "batch_size".into(), value: batch_size, integer: true },
        ]
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) {
        crate::algorithm::Algorithm::set_hyperparameter(&mut self.config, name, value);
    }

    fn mutate(&mut self, kind: MutationKind, settings: &Mutation, rng: &mut StreamRng) -> Option<Change> {
        let Self { config, actor, critic, .. } = self;
        let of_actor = actor.mutate(kind, settings, &mut config.actor, &[], rng);
        let of_critic = critic.mutate(kind, settings, &mut config.critic, &[], rng);
        of_actor.or(of_critic)
    }

    fn architecture(&self) -> String {
        format!("{}, {}", self.actor.spec(), self.critic.spec())
    }

    fn is_finite(&self) -> bool {
        self.actor.is_finite() && self.critic.is_finite()
    }

    fn fingerprint(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.actor.fingerprint_into(&mut bytes);
        self.critic.fingerprint_into(&mut bytes);
        bytes
    }
}

impl Persist for Stub {
    fn save(&self) -> Result<Vec<u8>, BoxError> {
        let config = serde_json::to_vec(&self.config)?;
        let mut bytes = (config.len() as u64).to_le_bytes().to_vec();
        bytes.extend(config);
        self.actor.save_into(&mut bytes);
        self.critic.save_into(&mut bytes);
        Ok(bytes)
    }

    fn restore(&mut self, mut bytes: &[u8]) -> Result<(), BoxError> {
        let config = serde_json::from_slice(take_prefixed(&mut bytes)?)?;
        let actor = Network::restore_from(&mut bytes, &self.actor)?;
        let critic = Network::restore_from(&mut bytes, &self.critic)?;
        (self.config, self.actor, self.critic) = (config, actor, critic);
        Ok(())
    }
}

impl PolicySource for Stub {
    const ALGORITHM: &'static str = "Stub";

    fn policy(&self) -> Policy {
        Policy::new(self.actor.spec().clone(), self.actor.weights(), self.output())
    }

    fn settings(&self) -> Value {
        serde_json::to_value(&self.config).expect("settings have text keys only")
    }
}
