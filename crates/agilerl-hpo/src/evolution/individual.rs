//! Individuals: agents with their place in the family tree.

use serde::{Deserialize, Serialize};

use crate::evolution::evolve::{Evolve, Mutated};

/// An agent with its place in the family tree and its own results.
///
/// The agent knows none of this: no id, no fitness, no generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Individual<A> {
    /// Unique within the run.
    pub id: u64,
    /// Ids of its parents; none in the first generation.
    pub parents: Vec<u64>,
    /// The agent.
    pub agent: A,
    /// Fitness of this individual, one value for each generation that it has lived, the latest last. A child starts
    /// without any: its parent earned its fitness with other weights.
    pub fitness: Vec<f64>,
    /// Transitions that it and its ancestors trained: the clock of schedules.
    pub env_steps: u64,
    /// The mutation that made it differ from its parent.
    pub mutated: Mutated,
}

impl<A> Individual<A> {
    /// Creates the first generation, with ids from 0 and no parents.
    pub fn founders(agents: Vec<A>) -> Vec<Self> {
        let founder = |(id, agent)| Self {
            id,
            parents: Vec::new(),
            agent,
            fitness: Vec::new(),
            env_steps: 0,
            mutated: Mutated::default(),
        };
        (0..).zip(agents).map(founder).collect()
    }

    /// Returns whether it has been evaluated. In a newborn generation that is true for the kept individuals and false
    /// for children.
    pub fn is_evaluated(&self) -> bool {
        !self.fitness.is_empty()
    }

    /// Returns its latest fitness.
    pub fn latest_fitness(&self) -> Option<f64> {
        self.fitness.last().copied()
    }
}

impl<A: Evolve> Individual<A> {
    /// Returns a child of this individual before its mutation, with the learned state and without any fitness.
    pub fn child(&self, id: u64) -> Self {
        Self {
            id,
            parents: vec![self.id],
            agent: self.agent.clone(),
            fitness: Vec::new(),
            env_steps: self.env_steps,
            mutated: Mutated::default(),
        }
    }

    /// Returns the score that selection compares: the mean of its own last `window` fitnesses. It is NaN, which ranks
    /// last and is never a parent, before the first evaluation and once a weight or a fitness is not finite.
    pub fn score(&self, window: usize) -> f64 {
        let recent = &self.fitness[self.fitness.len().saturating_sub(window)..];
        let mean = recent.iter().sum::<f64>() / recent.len() as f64;
        if mean.is_finite() && self.agent.is_finite() { mean } else { f64::NAN }
    }

    /// Returns its record in the family tree.
    pub fn record(&self) -> LineageRecord {
        LineageRecord {
            id: self.id,
            parents: self.parents.clone(),
            mutation: self.mutated.clone(),
            hyperparameters: self.agent.hyperparameters().iter().map(|hp| (hp.name.clone(), hp.to_json())).collect(),
            architecture: self.agent.architecture(),
            fitness: self.latest_fitness(),
            env_steps: self.env_steps,
        }
    }
}

/// Returns ids that no individual has had in this run: a generation always holds the greatest id given so far.
pub(crate) fn new_ids<A>(population: &[Individual<A>]) -> impl Iterator<Item = u64> + use<A> {
    population.iter().map(|individual| individual.id + 1).max().unwrap_or(0)..
}

/// The record of an individual in the family tree, without its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineageRecord {
    /// Unique within the run.
    pub id: u64,
    /// Ids of the parents; none in the first generation.
    pub parents: Vec<u64>,
    /// The mutation that made it differ from its parent.
    pub mutation: Mutated,
    /// Hyperparameters by name.
    pub hyperparameters: serde_json::Map<String, serde_json::Value>,
    /// A short description of its network.
    pub architecture: String,
    /// Its own last fitness, if it has been evaluated.
    pub fitness: Option<f64>,
    /// Transitions that it and its ancestors trained.
    pub env_steps: u64,
}
