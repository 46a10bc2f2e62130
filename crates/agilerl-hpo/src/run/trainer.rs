//! The trainer, which runs generations until the target is confirmed or all generations are done.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{BoxError, HpoError};
use crate::evolution::individual::Individual;
use crate::run::audience::Audience;
use crate::run::config::TrainerConfig;
use crate::run::event::{Ending, Event, Flow, Observer, OnEvent};
use crate::run::progress::Progress;
use crate::run::task::Task;
use crate::streams::{Purpose, Streams};

/// Trains and evolves a population.
///
/// In each generation the individuals train in rounds and are evaluated on the same fresh episodes; then the observers
/// are told, and the next generation is bred. An individual that the selection keeps goes on learning as it was
/// evaluated, in any place; it is not mutated.
///
/// With one seed a run gives the same bits at any number of threads, for one build on one kind of processor.
///
/// # The elite of a run
/// A fitness is the mean of a few episodes, and the best of many such means is biased upwards (the winner's curse). So
/// a fitness never ends a run: an individual whose fitness reaches the target is evaluated on `confirm_episodes` fresh
/// episodes, the fittest first, and only that mean decides. If no target is confirmed, the best snapshot so far (by its
/// fitness, or by its mean on fresh episodes if it was evaluated on them) and the last generation's elite are evaluated
/// on the same `confirm_episodes` fresh episodes, and the better one is the elite of the run. Its mean there is the
/// maximum of two means, so still a little biased.
pub struct Trainer<T: Task> {
    pub(super) config: TrainerConfig,
    pub(super) streams: Streams,
    pub(crate) task: T,
    pub(super) pool: ThreadPool,
    pub(crate) shared: T::Shared,
    pub(crate) slots: Vec<T::Slot>,
    pub(crate) progress: Progress<T::Agent>,
    pub(super) audience: Audience<T::Agent>,
    /// Messages for the observers when the run begins.
    notices: Vec<String>,
    pub(super) began: Option<Instant>,
    pub(super) broken: bool,
}

impl<T: Task> Trainer<T> {
    /// Creates a run of these agents. All settings are checked here, before any training.
    ///
    /// # Errors
    /// If a setting is invalid, alone or for these agents, or if the task cannot create its shared state or a slot.
    pub fn new(task: T, mut agents: Vec<T::Agent>, config: TrainerConfig) -> Result<Self, HpoError> {
        config.validate(agents.len())?;
        let streams = Streams::new(config.seed);
        for (place, agent) in agents.iter_mut().enumerate() {
            if config.mutation.rl_hp > 0.0 || config.initial_diversity {
                config.mutation.validate_agent(agent)?;
            }
            if config.initial_diversity {
                let mut rng = streams.get(Purpose::InitialHyperparameters, 0, place, 0);
                config.mutation.draw_hyperparameters(agent, &mut rng);
            }
        }
        let shared = task
            .shared()
            .map_err(|source| HpoError::Setup { what: "the shared state of the population".to_owned(), source })?;
        let slot = |place| {
            let what = || format!("the slot of place {place}");
            task.slot(place, &streams).map_err(|source| HpoError::Setup { what: what(), source })
        };
        let slots = (0..agents.len()).map(slot).collect::<Result<_, _>>()?;
        let pool = worker_threads(config.threads, agents.len())?;
        let progress = Progress::new(Individual::founders(agents));
        let audience = Audience { observers: Vec::new(), stop: false, pause: false };
        let (notices, began, broken) = (Vec::new(), None, false);
        Ok(Self { config, streams, task, pool, shared, slots, progress, audience, notices, began, broken })
    }

    /// Adds an observer. Observers get each event in the order in which they were added.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer<T::Agent> + Send + 'static) -> Self {
        self.audience.observers.push(Box::new(observer));
        self
    }

    /// Adds an observer that calls a closure for every event.
    #[must_use]
    pub fn on_event<F>(self, closure: F) -> Self
    where
        F: FnMut(&Event<'_, T::Agent>) -> Result<Flow, BoxError> + Send + 'static,
    {
        self.with_observer(OnEvent(closure))
    }

    /// Sends a message for the user to the observers, at once or when the run begins. The run itself does not depend on
    /// it.
    ///
    /// # Errors
    /// If an observer fails.
    pub fn notice(&mut self, text: impl Into<String>) -> Result<(), HpoError> {
        self.notices.push(text.into());
        if self.began.is_none() { Ok(()) } else { self.tell_notices() }
    }

    /// Runs to the end: until a target is confirmed, an observer asks for a stop, or all generations are done.
    ///
    /// # Errors
    /// See [`generation`](Self::generation).
    pub fn run(&mut self) -> Result<Outcome<T::Agent>, HpoError> {
        let ending = loop {
            if let ControlFlow::Break(ending) = self.generation()? {
                break ending;
            }
        };
        // A run that had ended when it was resumed does not begin again.
        self.tell_notices()?;
        if self.progress.verdict.is_none() {
            self.progress.verdict = Some(self.judge()?);
        }
        let verdict = self.progress.verdict.as_ref().expect("just judged");
        let signature = self.progress.signature(verdict);
        if !self.progress.announced_end {
            self.progress.announced_end = true;
            self.audience.tell(&Event::Ended {
                ending,
                elite: &verdict.individual,
                confirmed_mean: verdict.estimate,
                env_steps: self.progress.env_steps,
                eval_steps: self.progress.eval_steps,
                signature: &signature,
                wall: self.wall(),
            })?;
        }
        Ok(Outcome {
            ending,
            elite: verdict.individual.clone(),
            confirmed_mean: verdict.estimate,
            generations: self.progress.generation,
            env_steps: self.progress.env_steps,
            eval_steps: self.progress.eval_steps,
            population: self.progress.population.clone(),
            fitness_history: self.progress.fitness_history.clone(),
            signature,
        })
    }

    /// Runs one generation: trains, evaluates, and breeds the next one. Returns `Break` once the run has ended, with
    /// the population as it was last evaluated.
    ///
    /// # Errors
    /// If an individual fails or panics, if none is finite, or if the task or an observer fails; this trainer cannot go
    /// on then. [`HpoError::Paused`] if an observer asked for a pause: the next call goes on.
    pub fn generation(&mut self) -> Result<ControlFlow<Ending>, HpoError> {
        let before = self.progress.generation;
        loop {
            let flow = self.step()?;
            if flow.is_break() || self.progress.generation > before {
                return Ok(flow);
            }
        }
    }

    /// Runs one step: one round, or the evaluation and breeding that end a generation. Between two steps a run can be
    /// saved.
    ///
    /// # Errors
    /// See [`generation`](Self::generation).
    pub fn step(&mut self) -> Result<ControlFlow<Ending>, HpoError> {
        if let Some(ending) = self.progress.ending {
            return Ok(ControlFlow::Break(ending));
        }
        // Reset once the step is complete: after an error the population must not be used further.
        if std::mem::replace(&mut self.broken, true) {
            return Err(HpoError::Broken);
        }
        if self.began.is_none() {
            self.begin()?;
        }
        match self.config.rounds().nth(self.progress.round) {
            Some(env_steps) => self.train(env_steps)?,
            None => self.finish_generation()?,
        }
        self.broken = false;
        match self.progress.ending {
            Some(ending) => Ok(ControlFlow::Break(ending)),
            None if std::mem::take(&mut self.audience.pause) => Err(HpoError::Paused),
            None => Ok(ControlFlow::Continue(())),
        }
    }

    /// Returns the current generation.
    pub fn population(&self) -> &[Individual<T::Agent>] {
        &self.progress.population
    }

    /// Returns the best individual so far, as it was evaluated; none before the first evaluation.
    pub fn best_so_far(&self) -> Option<&Individual<T::Agent>> {
        self.progress.champion.as_ref().map(|champion| &champion.individual)
    }

    /// Returns the number of generations done.
    pub fn generations_done(&self) -> u64 {
        self.progress.generation
    }

    /// Returns the reason why the run ended, if it has.
    pub fn ending(&self) -> Option<Ending> {
        self.progress.ending
    }

    /// Returns the number of rounds done of the current generation.
    pub fn rounds_done(&self) -> usize {
        self.progress.round
    }

    /// Returns the time that the run took, without the time between a stop and the next resume. For logs only.
    pub fn wall(&self) -> Duration {
        self.progress.earlier + self.began.map(|began| began.elapsed()).unwrap_or_default()
    }

    /// Returns the number of transitions trained so far, over all individuals.
    pub fn env_steps(&self) -> u64 {
        self.progress.env_steps
    }

    /// Returns the number of transitions of evaluations so far, including those that confirm.
    pub fn eval_steps(&self) -> u64 {
        self.progress.eval_steps
    }

    /// Returns the shared state.
    pub fn shared(&self) -> &T::Shared {
        &self.shared
    }

    /// Returns the task.
    pub fn task(&self) -> &T {
        &self.task
    }

    /// Returns the settings.
    pub fn config(&self) -> &TrainerConfig {
        &self.config
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    pub(crate) fn streams(&self) -> &Streams {
        &self.streams
    }

    fn tell_notices(&mut self) -> Result<(), HpoError> {
        std::mem::take(&mut self.notices).iter().try_for_each(|text| self.audience.tell(&Event::Notice { text }))
    }

    pub(super) fn begin(&mut self) -> Result<(), HpoError> {
        self.began = Some(Instant::now());
        let Self { config, progress, audience, .. } = self;
        let (evolving, population) = (&config.mutation.rl_hp_selection[..], &progress.population[..]);
        let generation_env_steps = config.generation_env_steps.saturating_mul(population.len() as u64);
        let generations = config.generations;
        if std::mem::replace(&mut progress.announced_start, true) {
            let (generation, env_steps) = (progress.generation, progress.env_steps);
            let resumed =
                Event::Resumed { generation, generations, generation_env_steps, env_steps, evolving, population };
            audience.tell(&resumed)?;
        } else {
            let (seed, target) = (config.seed, config.target);
            audience.tell(&Event::Started { seed, generations, generation_env_steps, target, evolving, population })?;
        }
        self.tell_notices()
    }
}

/// The outcome of a run.
#[derive(Clone, Debug)]
pub struct Outcome<A> {
    /// The reason why it ended.
    pub ending: Ending,
    /// The best individual, as it was evaluated.
    pub elite: Individual<A>,
    /// Its mean return on `confirm_episodes` fresh episodes.
    pub confirmed_mean: f64,
    /// Generations done.
    pub generations: u64,
    /// Transitions trained, over all individuals.
    pub env_steps: u64,
    /// Transitions of evaluations, including those that confirm.
    pub eval_steps: u64,
    /// The last generation, as it was evaluated.
    pub population: Vec<Individual<A>>,
    /// For each generation, the fitness in each place of the population.
    pub fitness_history: Vec<Vec<f64>>,
    /// A digest of the lineage and of the learned state. It is equal for equal runs, at any number of threads and after
    /// any number of resumes.
    pub signature: String,
}

/// Creates a thread pool for this run, so that its number of threads is the one in the settings. More threads than
/// individuals would idle.
fn worker_threads(threads: usize, population: usize) -> Result<ThreadPool, HpoError> {
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if threads == 0 { processors() } else { threads }.min(population);
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("individuals-{index}"))
        .build()
        .map_err(|source| HpoError::Threads { threads, source })
}
