//! The stages of a generation that a task does: training and scoring. The other two, selection and mutation, are
//! [`Tournament::select`](crate::Tournament::select) with [`Selection::reproduce`](crate::Selection::reproduce), and
//! [`Mutation::mutate`](crate::Mutation::mutate).
//!
//! Each can be called alone, from a training loop of one's own. Individuals run in parallel on the rayon pool that is
//! current; the results depend neither on its size nor on who runs first.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rayon::prelude::*;

use crate::{Evaluation, Evolve, HpoError, Individual, RoundContext, RoundStats, Streams, Task, TaskError};

/// Where in the run a round stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// The streams of the run.
    pub streams: Streams,
    /// Generation, from 0.
    pub generation: u64,
    /// Round within the generation, from 0.
    pub round: usize,
    /// Transitions that each individual takes.
    pub env_steps: u64,
}

/// Trains every individual for one round, then hands over what they gathered, in their order.
///
/// # Errors
/// [`HpoError::Task`] of the first individual, in their order, that failed or panicked. The population is then half
/// trained: do not go on with it.
pub fn train_round<A: Evolve, T: Task<A>>(
    task: &T,
    population: &mut [Individual<A>],
    slots: &mut [T::Slot],
    shared: &mut T::Shared,
    round: &Round,
) -> Result<Vec<RoundStats>, HpoError> {
    assert_eq!(population.len(), slots.len(), "every individual has a slot");
    let frozen = &*shared;
    let train = |(place, (individual, slot)): (usize, (&mut Individual<A>, &mut T::Slot))| {
        let context = RoundContext {
            streams: round.streams,
            generation: round.generation,
            round: round.round,
            individual: place,
            env_steps: round.env_steps,
            clock: individual.env_steps,
        };
        let stats = guard(|| task.train(&mut individual.agent, slot, frozen, &context))
            .map_err(|source| failed(individual, round.generation, "training", source))?;
        individual.env_steps += stats.env_steps;
        Ok(stats)
    };
    // One job per individual: whoever is ready takes the next.
    let results: Vec<Result<RoundStats, HpoError>> =
        population.par_iter_mut().zip(slots.par_iter_mut()).enumerate().with_max_len(1).map(train).collect();
    let stats = results.into_iter().collect::<Result<Vec<_>, _>>()?;
    task.merge(shared, slots);
    Ok(stats)
}

/// Scores every individual on the same episodes and adds the mean return to its fitness.
///
/// # Errors
/// [`HpoError::Task`] of the first individual, in their order, that failed or panicked.
pub fn evaluate<A: Evolve, T: Task<A>>(
    task: &T,
    population: &mut [Individual<A>],
    generation: u64,
    seeds: &[u64],
) -> Result<Vec<Evaluation>, HpoError> {
    let individuals: Vec<&Individual<A>> = population.iter().collect();
    let evaluations = score(task, &individuals, generation, seeds)?;
    for (individual, evaluation) in population.iter_mut().zip(&evaluations) {
        individual.fitness.push(evaluation.mean());
    }
    Ok(evaluations)
}

/// Scores individuals on the same episodes and leaves them as they are: how a target is confirmed.
///
/// # Errors
/// [`HpoError::Task`] of the first individual, in their order, that failed or panicked.
pub fn score<A: Evolve, T: Task<A>>(
    task: &T,
    individuals: &[&Individual<A>],
    generation: u64,
    seeds: &[u64],
) -> Result<Vec<Evaluation>, HpoError> {
    let score = |individual: &&Individual<A>| {
        guard(|| {
            let evaluation = task.evaluate(&individual.agent, seeds)?;
            let (returns, asked) = (evaluation.returns.len(), seeds.len());
            if returns == asked {
                Ok(evaluation)
            } else {
                Err(format!("the task returned {returns} episodes for {asked} seeds").into())
            }
        })
        .map_err(|source| failed(individual, generation, "evaluation", source))
    };
    let results: Vec<Result<Evaluation, HpoError>> = individuals.par_iter().with_max_len(1).map(score).collect();
    results.into_iter().collect()
}

/// A panic in foreign code becomes an error like any other.
pub(crate) fn guard<R>(work: impl FnOnce() -> Result<R, TaskError>) -> Result<R, TaskError> {
    // Whatever a panic leaves half done is dropped with the population: the error ends the run.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(message(&*panic).into()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without a message"))
}

fn failed<A>(individual: &Individual<A>, generation: u64, stage: &'static str, source: TaskError) -> HpoError {
    HpoError::Task { individual: individual.id, generation, stage, source }
}
