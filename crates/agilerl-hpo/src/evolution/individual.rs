//! A member of the population.

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
    /// What evolves.
    pub agent: A,
    /// Fitness of this very individual, one value per generation that it has lived, the latest last. A child starts
    /// without any: its parent's results were earned with other weights.
    pub fitness: Vec<f64>,
    /// Transitions that it and its ancestors trained: the clock of schedules.
    pub env_steps: u64,
    /// What made it differ from its parent.
    pub mutated: Mutated,
}

impl<A> Individual<A> {
    /// The first generation: ids from 0, no parents.
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

    /// Whether it has been evaluated. In a newborn generation this tells the elite that was kept from its children.
    pub fn is_evaluated(&self) -> bool {
        !self.fitness.is_empty()
    }

    /// Its latest fitness.
    pub fn latest_fitness(&self) -> Option<f64> {
        self.fitness.last().copied()
    }
}

impl<A: Evolve> Individual<A> {
    /// A child of this individual before its mutation: everything that was learnt, nothing that was scored.
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

    /// What selection compares: the mean of its own last `window` fitnesses. NaN, which ranks last and is never a
    /// parent, before its first evaluation and once a weight or a fitness is not finite.
    pub fn score(&self, window: usize) -> f64 {
        let recent = &self.fitness[self.fitness.len().saturating_sub(window)..];
        let mean = recent.iter().sum::<f64>() / recent.len() as f64;
        if mean.is_finite() && self.agent.is_finite() { mean } else { f64::NAN }
    }

    /// Its line in the family tree.
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

/// Ids that no individual has had in this run: a generation always holds the greatest id given so far.
pub(crate) fn new_ids<A>(population: &[Individual<A>]) -> impl Iterator<Item = u64> + use<A> {
    population.iter().map(|individual| individual.id + 1).max().unwrap_or(0)..
}

/// One line of an individual's life, without its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineageRecord {
    /// Unique within the run.
    pub id: u64,
    /// Ids of the parents; none in the first generation.
    pub parents: Vec<u64>,
    /// What made it differ from its parent.
    pub mutation: Mutated,
    /// Hyperparameters by name.
    pub hyperparameters: serde_json::Map<String, serde_json::Value>,
    /// One short line.
    pub architecture: String,
    /// Its own last fitness, if it has been evaluated.
    pub fitness: Option<f64>,
    /// Transitions that it and its ancestors trained.
    pub env_steps: u64,
}
