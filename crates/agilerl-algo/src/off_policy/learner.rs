//! Agents that learn from stored transitions.

use agilerl_buffer::Batch;
use agilerl_hpo::StreamRng;

use crate::agent::{ActRequest, Agent};
use crate::metrics::{Learned, LearnedSum};

/// The parts of an off-policy agent that do not depend on the numbers it sees and chooses.
pub trait Learner {
    /// Rows of a batch.
    fn batch_size(&self) -> usize;

    /// Environment steps for each update.
    fn learn_step(&self) -> f64;

    /// Names of the metrics that an update reports.
    fn metrics(&self) -> &'static [&'static str];

    /// Whether the two can be [stacked](OffPolicy::stack): the same architecture, device and kind of update. False if the
    /// agent trains alone, as on the CPU, where individuals already run in parallel threads.
    fn stacks_with(&self, other: &Self) -> bool {
        let _ = other;
        false
    }
}

/// Learns from stored transitions, whoever gathered them.
pub trait OffPolicy<O, C>: Learner + Agent<O, C> {
    /// Makes one update; `rng` is for what an update draws, such as the noise of target smoothing.
    ///
    /// # Panics
    /// If the batch is empty or its rows have other lengths than the agent's.
    fn learn(&mut self, batch: &Batch<O, C>, rng: &mut StreamRng) -> Learned<'_>;

    /// Puts agents together that [stack with](Learner::stacks_with) each other; until the stack is taken apart, it holds what
    /// they learn. None if this algorithm has no stacks.
    fn stack(agents: &[&mut Self]) -> Option<Box<dyn Stack<Self, O, C>>>
    where
        Self: Sized,
    {
        let _ = agents;
        None
    }
}

/// Agents of one architecture that act and learn as one program on one device, which then computes few large operations
/// instead of many small ones. Every agent keeps its own settings, its own loss and its own gradient; it does what it would do
/// alone, but for rounding.
pub trait Stack<A, O, C>: Send {
    /// [`Agent::act`] for every agent; all have as many rows.
    fn act(&mut self, agents: &mut [&mut A], requests: &mut [ActRequest<'_, O, C>]);

    /// [`OffPolicy::learn`] for every agent that has a batch; at least one has.
    fn learn(&mut self, agents: &mut [&mut A], batches: &[Option<&Batch<O, C>>], rngs: &mut [&mut StreamRng]);

    /// Copies the learned state back into each agent, and returns the sums of its metrics.
    fn unstack(self: Box<Self>, agents: &mut [&mut A]) -> Vec<LearnedSum>;
}
