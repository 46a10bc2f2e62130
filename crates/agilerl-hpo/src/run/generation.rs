//! The parts of a generation, in their order: rounds, evaluation, confirmation, breeding; and the verdict at the end.

use crate::error::HpoError;
use crate::evolution::individual::Individual;
use crate::run::event::{Ending, Event, GenerationReport};
use crate::run::guard::guard;
use crate::run::progress::Judged;
use crate::run::stages::{Round, evaluate, score, train_round};
use crate::run::stats::{Evaluation, RoundStats};
use crate::run::task::Task;
use crate::run::trainer::Trainer;
use crate::selection::selector::{Origin, Selector as _, best, descending};
use crate::streams::Purpose;

impl<T: Task> Trainer<T> {
    pub(super) fn train(&mut self, env_steps: u64) -> Result<(), HpoError> {
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

    pub(super) fn finish_generation(&mut self) -> Result<(), HpoError> {
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

    /// Evaluates individuals that reached the target on fresh episodes, the fittest first, and updates the best
    /// individual so far.
    fn confirm_target(&mut self) -> Result<bool, HpoError> {
        let Self { config, streams, task, pool, progress, audience, .. } = self;
        let generation = progress.generation;
        // The fitness of this generation alone: a window averages over earlier weights.
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

    pub(super) fn breed(&mut self, scores: &[f64]) -> Result<(), HpoError> {
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

    /// Finds the elite of a run without a confirmed target: the better of the best snapshot and the last elite, on the
    /// same fresh episodes.
    pub(super) fn judge(&mut self) -> Result<Judged<T::Agent>, HpoError> {
        let Self { config, streams, task, pool, progress, audience, .. } = self;
        let generation = progress.generation - 1;
        let last = &progress.population[progress.elite];
        let champion = progress.champion.as_ref().expect("a generation has been evaluated");
        let mut candidates = vec![(generation, last)];
        if champion.generation != generation || champion.individual.id != last.id {
            candidates.insert(0, (champion.generation, &champion.individual));
        }
        let individuals: Vec<&Individual<T::Agent>> = candidates.iter().map(|(_, individual)| *individual).collect();
        // A stream of its own: no individual has this place.
        let no_place = progress.population.len();
        let seeds = streams.seeds(Purpose::Confirmation, generation, no_place, config.confirm_episodes);
        let evaluations = pool.install(|| score(task, &individuals, generation, &seeds))?;
        progress.eval_steps += eval_steps(&evaluations);
        let means: Vec<f64> = evaluations.iter().map(Evaluation::mean).collect();
        for (&(generation, individual), &mean) in candidates.iter().zip(&means) {
            // The better of two means is biased upwards: it decides which individual is the elite, but never that the
            // target is reached.
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

fn eval_steps(evaluations: &[Evaluation]) -> u64 {
    evaluations.iter().map(|evaluation| evaluation.env_steps).sum()
}
