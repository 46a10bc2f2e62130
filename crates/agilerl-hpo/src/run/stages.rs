//! The stages of a generation that need a task: training and scoring. The other two, selection and mutation, are
//! [`Selector::select`](crate::Selector::select) with [`Selection::reproduce`](crate::Selection::reproduce), and
//! [`Mutation::mutate`](crate::Mutation::mutate).
//!
//! Each can be called alone, from your own training loop. Individuals run in parallel on the current rayon pool; the
//! results depend neither on its size nor on the order in which they run.

use rayon::prelude::*;

use crate::error::{BoxError, HpoError};
use crate::evolution::individual::Individual;
use crate::run::guard::guard;
use crate::run::stats::{Evaluation, RoundStats};
use crate::run::task::{RoundContext, Task, Trainee};
use crate::streams::Streams;

/// The position of a round in the run.
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

/// Trains every individual for one round, then [merges](Task::merge) the results in the order of the individuals.
///
/// # Errors
/// [`HpoError::Task`] of the first individual, in their order, that failed or panicked. The population is then half
/// trained and must not be used further.
pub fn train_round<T: Task>(
    task: &T,
    population: &mut [Individual<T::Agent>],
    slots: &mut [T::Slot],
    shared: &mut T::Shared,
    round: &Round,
) -> Result<Vec<RoundStats>, HpoError> {
    assert_eq!(population.len(), slots.len(), "every individual has a slot");
    let mut trainees = Vec::with_capacity(population.len());
    for (place, (individual, slot)) in population.iter_mut().zip(slots.iter_mut()).enumerate() {
        let context = RoundContext {
            streams: round.streams,
            generation: round.generation,
            round: round.round,
            individual: place,
            env_steps: round.env_steps,
            clock: individual.env_steps,
        };
        trainees.push(Trainee { agent: &mut individual.agent, slot, context });
    }
    let results = guard(|| Ok(task.train_all(trainees, shared)))
        .map_err(|source| failed(&population[0], round.generation, "training", source))?;
    assert_eq!(results.len(), population.len(), "the task trained another number of individuals");
    let mut stats = Vec::with_capacity(results.len());
    for (individual, result) in population.iter_mut().zip(results) {
        let result = result.map_err(|source| failed(individual, round.generation, "training", source))?;
        individual.env_steps += result.env_steps;
        stats.push(result);
    }
    task.merge(shared, &mut slots.iter_mut().collect::<Vec<_>>());
    Ok(stats)
}

/// Scores every individual on the same episodes and adds the mean return to its fitness.
///
/// # Errors
/// [`HpoError::Task`] of the first individual, in their order, that failed or panicked.
pub fn evaluate<T: Task>(
    task: &T,
    population: &mut [Individual<T::Agent>],
    generation: u64,
    seeds: &[u64],
) -> Result<Vec<Evaluation>, HpoError> {
    let individuals: Vec<&Individual<T::Agent>> = population.iter().collect();
    let evaluations = score(task, &individuals, generation, seeds)?;
    for (individual, evaluation) in population.iter_mut().zip(&evaluations) {
        individual.fitness.push(evaluation.mean());
    }
    Ok(evaluations)
}

/// Scores individuals on the same episodes without changing them. Targets are confirmed this way.
///
/// # Errors
/// [`HpoError::Task`] of the first individual, in their order, that failed or panicked.
pub fn score<T: Task>(
    task: &T,
    individuals: &[&Individual<T::Agent>],
    generation: u64,
    seeds: &[u64],
) -> Result<Vec<Evaluation>, HpoError> {
    let results: Vec<Result<Evaluation, HpoError>> = individuals
        .par_iter()
        .with_max_len(1)
        .map(|individual| {
            guard(|| episodes(task, &individual.agent, seeds))
                .map_err(|source| failed(individual, generation, "evaluation", source))
        })
        .collect();
    results.into_iter().collect()
}

/// Evaluates an agent, and checks that there is one return for each seed.
fn episodes<T: Task>(task: &T, agent: &T::Agent, seeds: &[u64]) -> Result<Evaluation, BoxError> {
    let evaluation = task.evaluate(agent, seeds)?;
    let (returns, asked) = (evaluation.returns.len(), seeds.len());
    if returns == asked {
        Ok(evaluation)
    } else {
        Err(format!("the task returned {returns} episodes for {asked} seeds").into())
    }
}

fn failed<A>(individual: &Individual<A>, generation: u64, stage: &'static str, source: BoxError) -> HpoError {
    HpoError::Task { individual: individual.id, generation, stage, source }
}
