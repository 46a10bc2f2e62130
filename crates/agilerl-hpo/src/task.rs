//! What a population is trained on.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Streams, stages::guard};

/// Error of a task, whatever it is.
pub type TaskError = Box<dyn std::error::Error + Send + Sync>;

/// Trains and scores individuals. A task knows environments and memories; the trainer knows neither.
///
/// Individuals run side by side. During a round each one changes only itself and its slot, and reads what the
/// population shares as it stood when the round began; [`merge`](Task::merge) then hands the slots' results over in
/// the order of the individuals. So the outcome does not depend on who ran when.
pub trait Task<A>: Sync {
    /// What the whole population shares and only reads during a round: a replay memory.
    type Shared: Send + Sync;
    /// What the place `i` of the population owns, whoever sits there: environments, rows of the round.
    type Slot: Send;

    /// What is shared at the start of a run.
    ///
    /// # Errors
    /// If it cannot be made: a memory that does not fit.
    fn shared(&self) -> Result<Self::Shared, TaskError>;

    /// The slot of individual `index` at the start of a run, its environments seeded from `streams`.
    ///
    /// # Errors
    /// If it cannot be made.
    fn slot(&self, index: usize, streams: &Streams) -> Result<Self::Slot, TaskError>;

    /// Trains one individual for `context.env_steps` transitions: a pure function of its arguments.
    ///
    /// # Errors
    /// If the environment fails.
    fn train(
        &self,
        agent: &mut A,
        slot: &mut Self::Slot,
        shared: &Self::Shared,
        context: &RoundContext,
    ) -> Result<RoundStats, TaskError>;

    /// Trains all individuals for a round, and gives their results in the same order.
    ///
    /// Whoever has nothing better leaves this as it is: each is [trained](Self::train) for itself, side by side on the rayon
    /// pool that is current. A task whose individuals share a device may train them as one program; the results must not
    /// depend on the number of threads either way.
    fn train_all(
        &self,
        trainees: Vec<Trainee<'_, A, Self::Slot>>,
        shared: &Self::Shared,
    ) -> Vec<Result<RoundStats, TaskError>>
    where
        A: Send,
    {
        // One job per individual: whoever is ready takes the next.
        trainees.into_par_iter().with_max_len(1).map(|trainee| trainee.train(self, shared)).collect()
    }

    /// Hands over what the slots gathered in the round that ended, in the order given.
    fn merge(&self, shared: &mut Self::Shared, slots: &mut [Self::Slot]);

    /// Scores an individual on complete episodes, one for each seed, in environments of their own. One that may never end
    /// is [cut](Evaluation::cut).
    ///
    /// # Errors
    /// If the environment fails.
    fn evaluate(&self, agent: &A, seeds: &[u64]) -> Result<Evaluation, TaskError>;
}

/// An individual's part in a round.
#[derive(Debug)]
pub struct Trainee<'a, A, S> {
    /// Who learns.
    pub agent: &'a mut A,
    /// What its place owns.
    pub slot: &'a mut S,
    /// Where the round stands.
    pub context: RoundContext,
}

impl<A, S> Trainee<'_, A, S> {
    /// Has the task train it for itself; a panic becomes an error.
    ///
    /// # Errors
    /// If the task fails or panics.
    pub fn train<T: Task<A, Slot = S> + ?Sized>(self, task: &T, shared: &T::Shared) -> Result<RoundStats, TaskError> {
        guard(|| task.train(self.agent, self.slot, shared, &self.context))
    }
}

/// Where in the run a round stands.
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

/// What an individual did in a round.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundStats {
    /// Transitions taken, over all lanes.
    pub env_steps: u64,
    /// Gradient updates made.
    pub updates: u64,
    /// Complete training episodes.
    pub episodes: u64,
    /// Sum of their returns.
    pub return_sum: f64,
    /// Sum over the updates of the loss.
    pub loss_sum: f64,
    /// Sum over the updates of the mean predicted value.
    pub value_sum: f64,
    /// Sum over the updates of the gradient's norm, before clipping.
    pub grad_norm_sum: f64,
}

impl RoundStats {
    /// Adds another round's numbers.
    pub fn add(&mut self, other: &Self) {
        self.env_steps += other.env_steps;
        self.updates += other.updates;
        self.episodes += other.episodes;
        self.return_sum += other.return_sum;
        self.loss_sum += other.loss_sum;
        self.value_sum += other.value_sum;
        self.grad_norm_sum += other.grad_norm_sum;
    }
}

/// The score of an individual.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Return of each episode, in the order of the seeds.
    pub returns: Vec<f64>,
    /// Transitions that it took, counted apart from training.
    pub env_steps: u64,
    /// How many of the episodes a limit of steps cut before their end; they score what they had returned by then.
    // Left out where there are none: the signature of a run without any is what it was before there was a limit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Evaluation {
    /// Mean return: the fitness. NaN without episodes.
    pub fn mean(&self) -> f64 {
        self.returns.iter().sum::<f64>() / self.returns.len() as f64
    }

    /// Standard deviation of the returns.
    pub fn spread(&self) -> f64 {
        let mean = self.mean();
        let squares = self.returns.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        (squares / self.returns.len() as f64).sqrt()
    }
}
