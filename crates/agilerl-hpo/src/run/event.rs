//! Events of a run, and the trait of their observers.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::error::BoxError;
use crate::evolution::individual::Individual;
use crate::run::stats::{Evaluation, RoundStats};

/// The answer of an observer: whether the run goes on. An observer can change nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The run goes on.
    Continue,
    /// The run ends after the evaluation of the current generation, with a complete outcome.
    Stop,
    /// The run pauses after the current round, with [`HpoError::Paused`](crate::HpoError::Paused). It can then go on,
    /// or be saved and resumed.
    Pause,
}

/// Observes a run. An observer gets events, never the trainer.
pub trait Observer<A> {
    /// Called for every event, in the order of the run.
    ///
    /// # Errors
    /// If the observer fails (a full disk): the run ends with that error.
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError>;
}

/// An observer that is shared with other code.
impl<A, O: Observer<A> + ?Sized> Observer<A> for Arc<Mutex<O>> {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
        self.lock().map_err(|_| "this observer panicked before")?.observe(event)
    }
}

impl<A, O: Observer<A> + ?Sized> Observer<A> for Box<O> {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
        (**self).observe(event)
    }
}

/// An observer that calls a closure; see [`Trainer::on_event`](crate::Trainer::on_event).
pub struct OnEvent<F>(pub F);

impl<A, F: FnMut(&Event<'_, A>) -> Result<Flow, BoxError>> Observer<A> for OnEvent<F> {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
        (self.0)(event)
    }
}

/// An event of a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a, A> {
    /// The run begins.
    Started {
        /// Root seed.
        seed: u64,
        /// Greatest number of generations.
        generations: u64,
        /// Transitions that one generation of the whole population trains.
        generation_env_steps: u64,
        /// Mean return at which the run ends.
        target: Option<f64>,
        /// Names of the hyperparameters that evolution may change.
        evolving: &'a [String],
        /// The initial population.
        population: &'a [Individual<A>],
    },
    /// A saved run is resumed. The run itself is the same as if it had never been stopped.
    Resumed {
        /// Generations done.
        generation: u64,
        /// Greatest number of generations.
        generations: u64,
        /// Transitions that one generation of the whole population trains.
        generation_env_steps: u64,
        /// Transitions trained so far, over all individuals.
        env_steps: u64,
        /// Names of the hyperparameters that evolution may change.
        evolving: &'a [String],
        /// The population as it was saved.
        population: &'a [Individual<A>],
    },
    /// A finished run is extended by more generations. It continues from its end, and its signature differs from now
    /// on.
    Extended {
        /// Generations done.
        generation: u64,
        /// Greatest number of generations from now on.
        generations: u64,
        /// Mean return at which the run ends from now on.
        target: Option<f64>,
        /// The elite of the run so far.
        elite: &'a Individual<A>,
        /// Its mean return on fresh episodes.
        confirmed_mean: f64,
    },
    /// A message to the user of the run; see [`Trainer::notice`](crate::Trainer::notice).
    Notice {
        /// The message.
        text: &'a str,
    },
    /// A round has ended.
    Round {
        /// Generation, from 0.
        generation: u64,
        /// Transitions trained so far, over all individuals.
        env_steps: u64,
        /// Time since the start. For logs only.
        wall: Duration,
    },
    /// An evaluated individual has a fitness or a weight that is NaN or infinite: it ranks last and is never a parent.
    NotFinite {
        /// Generation, from 0.
        generation: u64,
        /// The individual.
        individual: &'a Individual<A>,
    },
    /// A generation was trained and evaluated. Selection and mutation come after this event.
    Evaluated(&'a GenerationReport<'a, A>),
    /// An individual was evaluated on fresh episodes: because its fitness reached the target, or after the last
    /// generation, to find the elite of the run.
    Confirmed {
        /// The generation in which it was evaluated.
        generation: u64,
        /// The individual.
        individual: &'a Individual<A>,
        /// Number of fresh episodes.
        episodes: usize,
        /// Their mean return.
        mean: f64,
        /// Whether the mean reached the target: the run ends with this individual.
        reached: bool,
    },
    /// The next generation was born.
    Evolved {
        /// The generation that begins, from 1.
        generation: u64,
        /// Its individuals, with their parents and mutations.
        population: &'a [Individual<A>],
    },
    /// The run has ended.
    Ended {
        /// The reason.
        ending: Ending,
        /// The elite of the run, as it was evaluated.
        elite: &'a Individual<A>,
        /// Its mean return on fresh episodes.
        confirmed_mean: f64,
        /// Transitions trained, over all individuals.
        env_steps: u64,
        /// Transitions of evaluations, counted apart.
        eval_steps: u64,
        /// The digest of the run: see [`Outcome::signature`](crate::Outcome::signature).
        signature: &'a str,
        /// Time since the start. For logs only.
        wall: Duration,
    },
}

/// A generation as it was evaluated.
#[derive(Debug)]
pub struct GenerationReport<'a, A> {
    /// Generation, from 0.
    pub generation: u64,
    /// The evaluated individuals, none mutated since.
    pub population: &'a [Individual<A>],
    /// The training of each individual, in the same order.
    pub training: &'a [RoundStats],
    /// The evaluation of each individual, in the same order.
    pub evaluations: &'a [Evaluation],
    /// Place of the fittest in `population`.
    pub elite: usize,
    /// Transitions trained so far, over all individuals.
    pub env_steps: u64,
    /// Transitions of evaluations so far, counted apart.
    pub eval_steps: u64,
    /// Time since the start. For logs only.
    pub wall: Duration,
}

impl<A> GenerationReport<'_, A> {
    /// Returns the fittest individual.
    pub fn elite(&self) -> &Individual<A> {
        &self.population[self.elite]
    }
}

/// The reason why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// An individual reached the target, and fresh episodes confirmed it.
    TargetConfirmed,
    /// All generations were done.
    GenerationsDone,
    /// An observer asked for a stop.
    Stopped,
}
