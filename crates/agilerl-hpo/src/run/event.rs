//! What a run tells, and who listens.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::error::BoxError;
use crate::evolution::individual::Individual;
use crate::run::stats::{Evaluation, RoundStats};

/// Whether the run goes on: the only thing that an observer can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop once the generation that trains is evaluated, with a whole outcome.
    Stop,
    /// Pause when the round that trains is over: [`HpoError::Paused`](crate::HpoError::Paused), from where the run can
    /// go on, or be saved and resumed.
    Pause,
}

/// Listens to a run. It sees values, never the trainer.
pub trait Observer<A> {
    /// Hears of an event, in the order of the run.
    ///
    /// # Errors
    /// If it cannot do its work (a full disk): the run stops and names it.
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError>;
}

/// An observer that somebody else holds too.
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

/// An observer made of a closure; see [`Trainer::on_event`](crate::Trainer::on_event).
pub struct OnEvent<F>(pub F);

impl<A, F: FnMut(&Event<'_, A>) -> Result<Flow, BoxError>> Observer<A> for OnEvent<F> {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
        (self.0)(event)
    }
}

/// Something that happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a, A> {
    /// The run is about to begin.
    Started {
        /// Root seed.
        seed: u64,
        /// Generations at most.
        generations: u64,
        /// Transitions that one generation of the whole population trains.
        generation_env_steps: u64,
        /// Mean return to reach.
        target: Option<f64>,
        /// Names of the hyperparameters that evolution may change.
        evolving: &'a [String],
        /// The initial population.
        population: &'a [Individual<A>],
    },
    /// A run goes on that was saved; the run itself is the same as if it had never been stopped.
    Resumed {
        /// Generations done.
        generation: u64,
        /// Generations at most.
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
    /// A run that was over is given more generations: it goes on from where it ended, and its signature is another from
    /// here on.
    Extended {
        /// Generations done.
        generation: u64,
        /// Generations at most from now on.
        generations: u64,
        /// Mean return to reach from now on.
        target: Option<f64>,
        /// The elite of the run so far.
        elite: &'a Individual<A>,
        /// Its mean return on fresh episodes.
        confirmed_mean: f64,
    },
    /// Something that whoever started the run should know of it; see [`Trainer::notice`](crate::Trainer::notice).
    Notice {
        /// In words.
        text: &'a str,
    },
    /// A round is over.
    Round {
        /// Generation, from 0.
        generation: u64,
        /// Transitions trained so far, over all individuals.
        env_steps: u64,
        /// The clock since the start. For logs only.
        wall: Duration,
    },
    /// An evaluated individual has a fitness or a weight that is NaN or infinite: it ranks last and is never a parent.
    NotFinite {
        /// Generation, from 0.
        generation: u64,
        /// The individual.
        individual: &'a Individual<A>,
    },
    /// A generation is trained and evaluated; nothing has been selected or mutated yet.
    Evaluated(&'a GenerationReport<'a, A>),
    /// An individual faced fresh episodes: because its fitness reached the target, or, after the last generation,
    /// to find out which individual is the elite of the run.
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
        /// Its individuals: parents and mutations stand in them.
        population: &'a [Individual<A>],
    },
    /// The run is over.
    Ended {
        /// Why.
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
        /// The clock since the start. For logs only.
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
    /// What each of them did in training, in the same order.
    pub training: &'a [RoundStats],
    /// How each of them was scored, in the same order.
    pub evaluations: &'a [Evaluation],
    /// Place of the fittest in `population`.
    pub elite: usize,
    /// Transitions trained so far, over all individuals.
    pub env_steps: u64,
    /// Transitions of evaluations so far, counted apart.
    pub eval_steps: u64,
    /// The clock since the start. For logs only.
    pub wall: Duration,
}

impl<A> GenerationReport<'_, A> {
    /// The fittest individual.
    pub fn elite(&self) -> &Individual<A> {
        &self.population[self.elite]
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// An individual reached the target, and reached it again on fresh episodes.
    TargetConfirmed,
    /// All generations were done.
    GenerationsDone,
    /// An observer said stop.
    Stopped,
}
