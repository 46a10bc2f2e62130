//! The run: generation after generation, until the target is confirmed or the time is over.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{
    BoxError, Ending, Evaluation, Event, Flow, GenerationReport, HpoError, Individual, Observer, OnEvent, Origin,
    Purpose, Round, RoundStats, Selector as _, Streams, Task, TrainerConfig,
    error::out_of_range,
    evaluate, guard,
    progress::{Judged, Progress},
    score,
    selection::{best, descending},
    train_round,
};

/// Trains and evolves a population.
///
/// A generation is: train in rounds, evaluate everybody on the same fresh episodes, tell the observers, and breed the
/// next generation. An individual that the selection keeps goes on learning as it was evaluated; nothing mutates it.
///
/// With one seed a run gives the same bits at any number of threads, for one build on one kind of processor.
///
/// # Who is the elite of a run
/// A fitness is the mean of a few episodes, and the best of many such means is too good to be true (the winner's
/// curse). So a fitness never ends a run: an individual whose fitness reaches the target is evaluated on
/// `confirm_episodes` fresh episodes, the fittest first, and only that mean decides. If no target is confirmed, the
/// best snapshot so far (by its fitness, or by its mean on fresh episodes where it had to face them) and the last
/// generation's elite face the same `confirm_episodes` fresh episodes, and the better one is the elite of the run.
/// Its mean there is the maximum of two means, so still a little flattering.
pub struct Trainer<T: Task> {
    config: TrainerConfig,
    streams: Streams,
    pub(crate) task: T,
    pool: ThreadPool,
    pub(crate) shared: T::Shared,
    pub(crate) slots: Vec<T::Slot>,
    pub(crate) progress: Progress<T::Agent>,
    audience: Audience<T::Agent>,
    /// What is to be told when the run begins.
    notices: Vec<String>,
    began: Option<Instant>,
    broken: bool,
}

impl<T: Task> Trainer<T> {
    /// A run that is about to begin with these agents. Everything is checked here, before any training.
    ///
    /// # Errors
    /// If a setting, alone or together with the agents, makes no sense, or if the task cannot make what it needs.
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
            .map_err(|source| HpoError::Setup { what: "what the population shares".to_owned(), source })?;
        let slot = |place| {
            let what = || format!("the slot of individual {place}");
            task.slot(place, &streams).map_err(|source| HpoError::Setup { what: what(), source })
        };
        let slots = (0..agents.len()).map(slot).collect::<Result<_, _>>()?;
        let pool = worker_threads(config.threads, agents.len())?;
        let progress = Progress::new(Individual::founders(agents));
        let audience = Audience { observers: Vec::new(), stop: false, pause: false };
        let (notices, began, broken) = (Vec::new(), None, false);
        Ok(Self { config, streams, task, pool, shared, slots, progress, audience, notices, began, broken })
    }

    /// Adds an observer; they hear of an event in the order in which they were added.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer<T::Agent> + Send + 'static) -> Self {
        self.audience.observers.push(Box::new(observer));
        self
    }

    /// Calls a closure at every event.
    #[must_use]
    pub fn on_event<F>(self, closure: F) -> Self
    where
        F: FnMut(&Event<'_, T::Agent>) -> Result<Flow, BoxError> + Send + 'static,
    {
        self.with_observer(OnEvent(closure))
    }

    /// Has the observers hear of something that whoever started the run should know: at once, or when the run begins. The
    /// run itself does not depend on it.
    ///
    /// # Errors
    /// If an observer fails.
    pub fn notice(&mut self, text: impl Into<String>) -> Result<(), HpoError> {
        self.notices.push(text.into());
        if self.began.is_none() { Ok(()) } else { self.tell_notices() }
    }

    /// Runs to the end: until a target is confirmed, an observer says stop, or all generations are done.
    ///
    /// # Errors
    /// See [`generation`](Self::generation).
    pub fn run(&mut self) -> Result<Outcome<T::Agent>, HpoError> {
        let ending = loop {
            if let ControlFlow::Break(ending) = self.generation()? {
                break ending;
            }
        };
        // A run that was over when it was resumed has not begun again.
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

    /// Goes one generation further: trains, evaluates, and breeds the next one. `Break` once the run is over, with
    /// the population as it was last evaluated.
    ///
    /// # Errors
    /// If an individual fails or panics, if none is finite, or if an observer fails; this trainer cannot go on then.
    /// [`HpoError::Paused`] if an observer asked for a pause: the next call goes on.
    pub fn generation(&mut self) -> Result<ControlFlow<Ending>, HpoError> {
        let before = self.progress.generation;
        loop {
            let flow = self.step()?;
            if flow.is_break() || self.progress.generation > before {
                return Ok(flow);
            }
        }
    }

    /// Goes one step further: one round, or the evaluation and breeding that end a generation. Between two steps a run
    /// can be saved.
    ///
    /// # Errors
    /// See [`generation`](Self::generation).
    pub fn step(&mut self) -> Result<ControlFlow<Ending>, HpoError> {
        if let Some(ending) = self.progress.ending {
            return Ok(ControlFlow::Break(ending));
        }
        // Until the step is whole: after an error the population is in no state to go on from.
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

    /// Whether a run that is over can [go on](Self::extend) like this.
    ///
    /// # Errors
    /// [`HpoError::Config`] if there are no more generations than are done, or if the target is one that the elite has
    /// confirmed; [`HpoError::NotOver`].
    pub fn check_extension(&self, generations: u64, target: Option<f64>) -> Result<(), HpoError> {
        let Some(verdict) = &self.progress.verdict else { return Err(HpoError::NotOver) };
        let done = self.progress.generation;
        if generations <= done {
            let expected = format!("more than the {done} that are done");
            return Err(out_of_range("generations", generations, expected));
        }
        let confirmed = self.progress.ending == Some(Ending::TargetConfirmed);
        match target {
            Some(target) if !target.is_finite() => Err(out_of_range("target", target, "finite")),
            // It would be over again at once, or go on in vain.
            Some(target) if confirmed && target <= verdict.estimate => {
                let (id, mean) = (verdict.individual.id, verdict.estimate);
                let expected = format!(
                    "more than {mean}, or none: this run is over, because individual {id} scored that on fresh episodes"
                );
                Err(out_of_range("target", target, expected))
            }
            _ => Ok(()),
        }
    }

    /// Has a run that is over go on, to so many generations in all and to this target: it breeds the generation that comes
    /// next, and what it has of an elite is the one that it ended with. The digest of the lineage takes this in, so the
    /// signature is another from here on, and the same for all that do the same.
    ///
    /// ```
    /// use agilerl_hpo::{Trainer, TrainerConfig, toy::{Guess, GuessTheNumber}};
    ///
    /// let config = TrainerConfig { generations: 2, ..TrainerConfig::default() };
    /// let mut trainer = Trainer::new(GuessTheNumber { number: 7.5 }, vec![Guess::new(); 4], config)?;
    /// let two = trainer.run()?;
    /// trainer.extend(5, None)?;
    /// let five = trainer.run()?;
    /// assert_eq!((two.generations, five.generations), (2, 5));
    /// assert_ne!(two.signature, five.signature);
    /// # Ok::<(), agilerl_hpo::HpoError>(())
    /// ```
    ///
    /// # Errors
    /// What [`check_extension`](Self::check_extension) says, and nothing has changed then; or if an observer fails.
    pub fn extend(&mut self, generations: u64, target: Option<f64>) -> Result<(), HpoError> {
        self.check_extension(generations, target)?;
        if std::mem::replace(&mut self.broken, true) {
            return Err(HpoError::Broken);
        }
        if self.began.is_none() {
            self.begin()?;
        }
        let Self { config, progress, audience, .. } = self;
        (config.generations, config.target) = (generations, target);
        progress.lineage.add_extension(generations, target);
        (progress.ending, progress.announced_end) = (None, false);
        // It is known from fresh episodes how good it is: better than any fitness tells.
        progress.champion = progress.verdict.take();
        let champion = progress.champion.as_ref().expect("a run that is over has a verdict");
        audience.stop = false;
        audience.tell(&Event::Extended {
            generation: progress.generation,
            generations,
            target,
            elite: &champion.individual,
            confirmed_mean: champion.estimate,
        })?;
        self.breed(&self.config.selection.scores(&self.progress.population))?;
        self.broken = false;
        Ok(())
    }

    /// The present generation.
    pub fn population(&self) -> &[Individual<T::Agent>] {
        &self.progress.population
    }

    /// The best individual so far, as it was evaluated; none before the first evaluation.
    pub fn best_so_far(&self) -> Option<&Individual<T::Agent>> {
        self.progress.champion.as_ref().map(|champion| &champion.individual)
    }

    /// Generations done.
    pub fn generations_done(&self) -> u64 {
        self.progress.generation
    }

    /// Why the run ended, if it has.
    pub fn ending(&self) -> Option<Ending> {
        self.progress.ending
    }

    /// Rounds done of the generation that trains.
    pub fn rounds_done(&self) -> usize {
        self.progress.round
    }

    /// The clock of the run, without the time between a stop and the next resume. For logs only.
    pub fn wall(&self) -> Duration {
        self.progress.earlier + self.began.map(|began| began.elapsed()).unwrap_or_default()
    }

    /// Transitions trained so far, over all individuals.
    pub fn env_steps(&self) -> u64 {
        self.progress.env_steps
    }

    /// Transitions of evaluations so far, those that confirm included.
    pub fn eval_steps(&self) -> u64 {
        self.progress.eval_steps
    }

    /// What the population shares.
    pub fn shared(&self) -> &T::Shared {
        &self.shared
    }

    /// The task.
    pub fn task(&self) -> &T {
        &self.task
    }

    /// The settings.
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

    fn begin(&mut self) -> Result<(), HpoError> {
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

    fn train(&mut self, env_steps: u64) -> Result<(), HpoError> {
        let Self { streams, task, pool, shared, slots, progress, .. } = self;
        let generation = progress.generation;
        let round = Round { streams: *streams, generation, round: progress.round, env_steps };
        let stats = pool.install(|| train_round(task, &mut progress.population, slots, shared, &round))?;
        for (total, stats) in progress.training.iter_mut().zip(&stats) {
            total.add(stats);
            progress.env_steps += stats.env_steps;
        }
        progress.round += 1;
        let (env_steps, wall) = (progress.env_steps, self.wall());
        self.audience.tell(&Event::Round { generation, env_steps, wall })
    }

    fn finish_generation(&mut self) -> Result<(), HpoError> {
        let scores = self.evaluate()?;
        let reached = self.confirm_target()?;
        self.progress.generation += 1;
        self.progress.round = 0;
        self.progress.training.fill(RoundStats::default());
        self.progress.ending = if reached {
            Some(Ending::TargetConfirmed)
        } else if self.audience.stop {
            Some(Ending::Stopped)
        } else if self.progress.generation >= self.config.generations {
            Some(Ending::GenerationsDone)
        } else {
            self.breed(&scores)?;
            None
        };
        Ok(())
    }

    fn evaluate(&mut self) -> Result<Vec<f64>, HpoError> {
        let wall = self.wall();
        let Self { config, streams, task, pool, progress, audience, .. } = self;
        let generation = progress.generation;
        let seeds = streams.seeds(Purpose::Evaluation, generation, 0, config.eval_episodes);
        let evaluations = pool.install(|| evaluate(task, &mut progress.population, generation, &seeds))?;
        progress.eval_steps += eval_steps(&evaluations);
        progress.fitness_history.push(evaluations.iter().map(Evaluation::mean).collect());

        let scores = config.selection.scores(&progress.population);
        for (individual, _) in progress.population.iter().zip(&scores).filter(|(_, score)| score.is_nan()) {
            audience.tell(&Event::NotFinite { generation, individual })?;
        }
        let places: Vec<usize> = (0..scores.len()).filter(|&place| scores[place].is_finite()).collect();
        progress.elite =
            best(&places, &scores).ok_or(HpoError::NoneFinite { population: progress.population.len() })?;
        let report = GenerationReport {
            generation,
            population: &progress.population,
            training: &progress.training,
            evaluations: &evaluations,
            elite: progress.elite,
            env_steps: progress.env_steps,
            eval_steps: progress.eval_steps,
            wall,
        };
        progress.lineage.add(&report);
        audience.tell(&Event::Evaluated(&report))?;
        Ok(scores)
    }

    /// Has those who reached the target face fresh episodes, and remembers the best individual so far.
    fn confirm_target(&mut self) -> Result<bool, HpoError> {
        let Self { config, streams, task, pool, progress, audience, .. } = self;
        let generation = progress.generation;
        // This generation's fitness alone: a window averages over weights that are gone.
        let mut estimates: Vec<f64> = progress.population.iter().map(|individual| individual.score(1)).collect();
        let mut candidates: Vec<usize> = (0..estimates.len())
            .filter(|&place| config.target.is_some_and(|target| estimates[place] >= target))
            .collect();
        candidates.sort_by(|&a, &b| descending(&estimates, a, b));
        for place in candidates {
            let individual = &progress.population[place];
            let seeds = streams.seeds(Purpose::Confirmation, generation, place, config.confirm_episodes);
            let evaluations = pool.install(|| score(task, &[individual], generation, &seeds))?;
            progress.eval_steps += eval_steps(&evaluations);
            let mean = evaluations[0].mean();
            let reached = config.target.is_some_and(|target| mean >= target);
            let episodes = config.confirm_episodes;
            progress.lineage.add_confirmation(individual.id, mean);
            audience.tell(&Event::Confirmed { generation, individual, episodes, mean, reached })?;
            if reached {
                progress.verdict = Some(Judged { generation, individual: individual.clone(), estimate: mean });
                return Ok(true);
            }
            estimates[place] = mean;
        }
        let places: Vec<usize> = (0..estimates.len()).collect();
        let place = best(&places, &estimates).expect("a population is never empty");
        let estimate = estimates[place];
        if progress.champion.as_ref().is_none_or(|champion| estimate > champion.estimate) {
            let individual = progress.population[place].clone();
            progress.champion = Some(Judged { generation, individual, estimate });
        }
        Ok(false)
    }

    fn breed(&mut self, scores: &[f64]) -> Result<(), HpoError> {
        let Self { config, streams, task, slots, progress, audience, .. } = self;
        let generation = progress.generation;
        let mut rng = streams.get(Purpose::Selection, generation, 0, 0);
        let mut selection = config.selection.select(generation, scores, &mut rng)?;
        progress.population = selection.reproduce(&progress.population);
        config.mutation.mutate(&mut progress.population, streams, generation);
        for (origin, individual) in selection.origins.iter_mut().zip(&progress.population) {
            // A mutated elite is its own child.
            if !individual.is_evaluated() {
                *origin = Origin::ChildOf(origin.place());
            }
        }
        let mut slots: Vec<&mut T::Slot> = slots.iter_mut().collect();
        guard(|| task.inherit(&mut slots, &selection.origins))
            .map_err(|source| HpoError::Inherit { generation, source })?;
        audience.tell(&Event::Evolved { generation, population: &progress.population })
    }

    /// Without a confirmed target: the better of the best snapshot and the last elite, on the same fresh episodes.
    fn judge(&mut self) -> Result<Judged<T::Agent>, HpoError> {
        let Self { config, streams, task, pool, progress, audience, .. } = self;
        let generation = progress.generation - 1;
        let last = &progress.population[progress.elite];
        let champion = progress.champion.as_ref().expect("a generation has been evaluated");
        let mut candidates = vec![(generation, last)];
        if champion.generation != generation || champion.individual.id != last.id {
            candidates.insert(0, (champion.generation, &champion.individual));
        }
        let individuals: Vec<&Individual<T::Agent>> = candidates.iter().map(|(_, individual)| *individual).collect();
        // A stream of its own, under a place where nobody sits.
        let nobody = progress.population.len();
        let seeds = streams.seeds(Purpose::Confirmation, generation, nobody, config.confirm_episodes);
        let evaluations = pool.install(|| score(task, &individuals, generation, &seeds))?;
        progress.eval_steps += eval_steps(&evaluations);
        let means: Vec<f64> = evaluations.iter().map(Evaluation::mean).collect();
        for (&(generation, individual), &mean) in candidates.iter().zip(&means) {
            // The better of two means flatters: it decides who is the elite, and never that a target is reached.
            let (episodes, reached) = (config.confirm_episodes, false);
            progress.lineage.add_confirmation(individual.id, mean);
            audience.tell(&Event::Confirmed { generation, individual, episodes, mean, reached })?;
        }
        let places: Vec<usize> = (0..means.len()).collect();
        let better = best(&places, &means).expect("there is at least the last elite");
        let (generation, individual) = candidates[better];
        Ok(Judged { generation, individual: individual.clone(), estimate: means[better] })
    }
}

/// What a run leaves.
#[derive(Clone, Debug)]
pub struct Outcome<A> {
    /// Why it ended.
    pub ending: Ending,
    /// The best individual, as it was evaluated.
    pub elite: Individual<A>,
    /// Its mean return on `confirm_episodes` fresh episodes.
    pub confirmed_mean: f64,
    /// Generations done.
    pub generations: u64,
    /// Transitions trained, over all individuals.
    pub env_steps: u64,
    /// Transitions of evaluations, those that confirm included.
    pub eval_steps: u64,
    /// The last generation, as it was evaluated.
    pub population: Vec<Individual<A>>,
    /// For each generation, the fitness in each place of the population.
    pub fitness_history: Vec<Vec<f64>>,
    /// A digest of the lineage and of all that was learnt: equal for equal runs, whatever the number of threads and
    /// however often they were resumed.
    pub signature: String,
}

struct Audience<A> {
    observers: Vec<Box<dyn Observer<A> + Send>>,
    stop: bool,
    pause: bool,
}

impl<A> Audience<A> {
    /// Everybody hears of everything, even after one of them said stop or failed: a table that cannot be printed must not
    /// cost the elite that the next observer saves.
    fn tell(&mut self, event: &Event<'_, A>) -> Result<(), HpoError> {
        let mut told = Ok(());
        for observer in &mut self.observers {
            match observer.observe(event) {
                Ok(flow) => {
                    self.stop |= flow == Flow::Stop;
                    self.pause |= flow == Flow::Pause;
                }
                Err(source) => told = told.and(Err(HpoError::Observer { source })),
            }
        }
        told
    }
}

/// A pool of its own, so that the number of threads is what was asked for. More threads than individuals would idle.
fn worker_threads(threads: usize, population: usize) -> Result<ThreadPool, HpoError> {
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if threads == 0 { processors() } else { threads }.min(population);
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("individuals-{index}"))
        .build()
        .map_err(|source| HpoError::Threads { threads, source })
}

fn eval_steps(evaluations: &[Evaluation]) -> u64 {
    evaluations.iter().map(|evaluation| evaluation.env_steps).sum()
}
