//! Agents that act and learn as one program.

use agilerl_buffer::Batch;
use agilerl_hpo::StreamRng;
use agilerl_nets::{InputNumber, NetSpec};
use burn::tensor::Tensor;

use crate::agent::ActRequest;
use crate::algorithms::dqn::config::DqnConfig;
use crate::algorithms::dqn::dqn::{Dqn, METRICS, choose};
use crate::algorithms::dqn::update_burn::{AgentBatch, learn};
use crate::metrics::LearnedSum;
use crate::network::burn::BurnNetwork;
use crate::network::network::Place;
use crate::off_policy::learner::Stack;

/// Agents of one architecture on one burn device: their weights in one tensor, a row each.
pub(crate) struct DqnStack {
    network: BurnNetwork,
    spec: NetSpec,
    /// Sums of the metrics, `[agents, 3]`, and the number of updates of each agent.
    metrics: Option<Tensor<2>>,
    updates: Vec<u64>,
}

impl DqnStack {
    /// None if an agent learns on the CPU.
    pub(crate) fn new(agents: &[&mut Dqn]) -> Option<Self> {
        let on_device = |agent: &&mut Dqn| match agent.network().place() {
            (_, Place::Burn(network)) => Some((**network).clone()),
            _ => None,
        };
        let networks = agents.iter().map(on_device).collect::<Option<Vec<_>>>()?;
        let network = BurnNetwork::stack(&networks.iter().collect::<Vec<_>>());
        Some(Self { network, spec: agents[0].spec().clone(), metrics: None, updates: vec![0; agents.len()] })
    }

    fn learn<I: InputNumber, O: Copy>(&mut self, configs: &[&DqnConfig], batches: &[Option<AgentBatch<'_, I, O>>]) {
        let metrics = learn(&mut self.network, configs, &self.spec, batches).metrics;
        self.metrics = Some(match self.metrics.take() {
            Some(sum) => sum + metrics,
            None => metrics,
        });
        for (updates, batch) in self.updates.iter_mut().zip(batches) {
            *updates += u64::from(batch.is_some());
        }
    }
}

impl<O: InputNumber> Stack<Dqn, O, u32> for DqnStack {
    fn act(&mut self, agents: &mut [&mut Dqn], requests: &mut [ActRequest<'_, O, u32>]) {
        let mut normalized = Vec::new();
        for (agent, request) in agents.iter_mut().zip(requests.iter()) {
            agent.observe(request.obs, request.mode);
            normalized.extend(agent.normalize(request.obs).into_iter().flatten().copied());
        }
        let values = if normalized.is_empty() {
            let obs: Vec<O> = requests.iter().flat_map(|request| request.obs.iter().copied()).collect();
            self.network.outputs(&self.spec, &obs)
        } else {
            self.network.outputs(&self.spec, &normalized)
        };
        let share = values.len() / agents.len();
        for ((agent, request), values) in agents.iter().zip(requests).zip(values.chunks_exact(share)) {
            choose(agent.epsilon(request.mode), values, request.masks, request.rng, request.actions);
        }
    }

    fn learn(&mut self, agents: &mut [&mut Dqn], batches: &[Option<&Batch<O, u32>>], _: &mut [&mut StreamRng]) {
        for (agent, batch) in agents.iter_mut().zip(batches) {
            if let Some(batch) = batch {
                agent.keep_probe(batch);
                agent.normalize_batch(batch);
            }
        }
        let configs: Vec<&DqnConfig> = agents.iter().map(|agent| agent.config()).collect();
        if configs[0].normalize_observations {
            let normalized = agents.iter().zip(batches).map(|(agent, batch)| {
                let (rows, [obs, next_obs]) = ((*batch)?, agent.normalized());
                Some(AgentBatch { obs, next_obs, rows })
            });
            self.learn(&configs, &normalized.collect::<Vec<_>>());
        } else {
            let as_they_are = batches
                .iter()
                .map(|batch| batch.map(|rows| AgentBatch { obs: rows.obs(), next_obs: rows.next_obs(), rows }));
            self.learn(&configs, &as_they_are.collect::<Vec<_>>());
        }
    }

    fn unstack(self: Box<Self>, agents: &mut [&mut Dqn]) -> Vec<LearnedSum> {
        for (i, agent) in agents.iter_mut().enumerate() {
            *agent.network_mut().learning().1 = Place::Burn(Box::new(self.network.of(i)));
        }
        let metrics = self.metrics.map(|sums| sums.into_data().try_into_vec::<f32>().expect("learners report f32"));
        let sums_of = |agent: usize| match &metrics {
            Some(metrics) => metrics[METRICS.len() * agent..][..METRICS.len()].iter().map(|&x| f64::from(x)).collect(),
            None => vec![0.0; METRICS.len()],
        };
        self.updates.iter().enumerate().map(|(i, updates)| LearnedSum::of(*updates, &METRICS, sums_of(i))).collect()
    }
}
