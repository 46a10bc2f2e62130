//! Agents that act and learn as one program.

use agilerl_buffer::Batch;
use agilerl_nets::{InputNumber, NetSpec};
use burn::tensor::Tensor;

use super::{Dqn, DqnConfig, choose, learner::BurnLearner};
use crate::{Acting, LearnedSum, Stack};

/// Agents of one architecture on one burn device: their weights in one tensor, a row each.
pub(super) struct DqnStack {
    learner: BurnLearner,
    spec: NetSpec,
    /// Sums of what the updates said, `[agents, 3]`, and how many there were.
    said: Option<Tensor<2>>,
    updates: Vec<u64>,
}

impl DqnStack {
    pub(super) fn new<O: InputNumber>(agents: &[&mut Dqn<O>]) -> Self {
        let learners: Vec<_> =
            agents.iter().map(|agent| agent.learner.on_device().expect("agents with a stack key")).collect();
        let (learner, spec) = (BurnLearner::stack(&learners), agents[0].spec.clone());
        Self { learner, spec, said: None, updates: vec![0; agents.len()] }
    }
}

impl<O: InputNumber> Stack<Dqn<O>> for DqnStack {
    fn act(&mut self, agents: &mut [&mut Dqn<O>], acting: &mut [Acting<'_, O, u32>]) {
        let obs: Vec<O> = acting.iter().flat_map(|acting| acting.obs.iter().copied()).collect();
        let values = self.learner.values(&self.spec, &obs);
        let share = values.len() / agents.len();
        for ((agent, acting), values) in agents.iter().zip(acting).zip(values.chunks_exact(share)) {
            choose(agent.epsilon(acting.mode), values, acting.masks, acting.rng, acting.actions);
        }
    }

    fn learn(&mut self, agents: &[&Dqn<O>], batches: &[Option<&Batch<O, u32>>]) {
        let configs: Vec<&DqnConfig> = agents.iter().map(|agent| &agent.config).collect();
        let said = self.learner.learn(&configs, &self.spec, batches);
        self.said = Some(match self.said.take() {
            Some(sum) => sum + said,
            None => said,
        });
        for (updates, batch) in self.updates.iter_mut().zip(batches) {
            *updates += u64::from(batch.is_some());
        }
    }

    fn unstack(self: Box<Self>, agents: &mut [&mut Dqn<O>]) -> Vec<LearnedSum> {
        for (i, agent) in agents.iter_mut().enumerate() {
            agent.learner.take_back(self.learner.of(i));
            agent.policy_is_behind = true;
        }
        let said = self.said.map(|said| said.into_data().try_into_vec::<f32>().expect("learners report f32"));
        let said =
            |agent: usize| said.as_ref().map_or([0.0; 3], |said| [0, 1, 2].map(|i| f64::from(said[3 * agent + i])));
        self.updates.iter().enumerate().map(|(agent, updates)| LearnedSum::of(*updates, said(agent))).collect()
    }
}
