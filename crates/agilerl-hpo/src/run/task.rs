//! The task that a population is trained on.

use rayon::prelude::*;

use crate::error::BoxError;
use crate::evolution::evolve::Evolve;
use crate::run::guard::guard;
use crate::run::stats::{Evaluation, RoundStats};
use crate::selection::selector::Origin;
use crate::streams::Streams;

/// Trains and scores individuals. A task knows environments and memories; the trainer knows neither.
///
/// Individuals train in parallel. During a round each one changes only itself and its slot, and reads the shared state
/// as it stood when the round began; [`merge`](Task::merge) then collects the results from the slots in the order of the
/// individuals. So the outcome does not depend on the order in which the threads ran.
///
/// A task that shares nothing sets `type Shared = ()`, and a task without state in its slots `type Slot = ()`.
pub trait Task: Sync {
    /// The individuals' agents.
    type Agent: Evolve;
    /// State that the whole population shares and only reads during a round: a replay memory.
    type Shared: Send + Sync;
    /// State of one place of the population, independent of which individual occupies it: environments, rows of the
    /// round.
    type Slot: Send;

    /// Returns the shared state at the start of a run.
    ///
    /// # Errors
    /// If it cannot be created: a memory that does not fit.
    fn shared(&self) -> Result<Self::Shared, BoxError>;

    /// Returns the slot of place `place` at the start of a run, its environments seeded from `streams`.
    ///
    /// # Errors
    /// If it cannot be created.
    fn slot(&self, place: usize, streams: &Streams) -> Result<Self::Slot, BoxError>;

    /// Trains one individual for `context.env_steps` transitions: a pure function of its arguments.
    ///
    /// # Errors
    /// If the environment fails.
    fn train(
        &self,
        agent: &mut Self::Agent,
        slot: &mut Self::Slot,
        shared: &Self::Shared,
        context: &RoundContext,
    ) -> Result<RoundStats, BoxError>;

    /// Trains all individuals for a round, and returns their results in the same order.
    ///
    /// By default each individual is [trained](Self::train) by itself, in parallel on the current rayon pool. A task whose
    /// individuals share a device may train them as one program; the results must not depend on the number of threads
    /// either way.
    fn train_all(
        &self,
        trainees: Vec<Trainee<'_, Self::Agent, Self::Slot>>,
        shared: &Self::Shared,
    ) -> Vec<Result<RoundStats, BoxError>> {
        // One job per individual: a thread that is done takes the next one.
        trainees.into_par_iter().with_max_len(1).map(|trainee| trainee.train(self, shared)).collect()
    }

    /// Moves the results of the round from the slots into the shared state, in the given order. By default there is
    /// nothing to move.
    fn merge(&self, shared: &mut Self::Shared, slots: &mut [&mut Self::Slot]) {
        let _ = (shared, slots);
    }

    /// Called when a generation is born, before its first round: the individual in place `i` comes from `origins[i]`, a
    /// place of the generation before. State in the slots that belongs to an individual can follow it here. By default
    /// every slot stays with its place. The first generation has no origins.
    ///
    /// # Errors
    /// If the state cannot be moved.
    fn inherit(&self, slots: &mut [&mut Self::Slot], origins: &[Origin]) -> Result<(), BoxError> {
        let _ = (slots, origins);
        Ok(())
    }

    /// Scores an individual on complete episodes, one for each seed, in environments of their own. An episode that may
    /// never end is [cut](Evaluation::cut).
    ///
    /// # Errors
    /// If the environment fails.
    fn evaluate(&self, agent: &Self::Agent, seeds: &[u64]) -> Result<Evaluation, BoxError>;
}

/// An individual's part in a round.
#[derive(Debug)]
pub struct Trainee<'a, A, S> {
    /// The agent that learns.
    pub agent: &'a mut A,
    /// The slot of its place.
    pub slot: &'a mut S,
    /// The position of the round in the run.
    pub context: RoundContext,
}

impl<A, S> Trainee<'_, A, S> {
    /// Trains the individual by itself; a panic becomes an error.
    ///
    /// # Errors
    /// If the task fails or panics.
    pub fn train<T>(self, task: &T, shared: &T::Shared) -> Result<RoundStats, BoxError>
    where
        T: Task<Agent = A, Slot = S> + ?Sized,
    {
        guard(|| task.train(self.agent, self.slot, shared, &self.context))
    }
}

/// The position of a round in the run, for one individual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoundContext {
    /// The streams of the run.
    pub streams: Streams,
    /// Generation, from 0.
    pub generation: u64,
    /// Round within the generation, from 0.
    pub round: usize,
    /// Place of the individual in the population.
    pub individual: usize,
    /// Transitions to take in this round.
    pub env_steps: u64,
    /// Transitions that this individual and its ancestors took before this round: the clock of schedules.
    pub clock: u64,
}
