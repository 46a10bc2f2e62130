//! The state of a trainer as bytes.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::error::{BoxError, HpoError};
use crate::evolution::evolve::Mutated;
use crate::evolution::individual::Individual;
use crate::resume::persist::{Persist, PersistTask};
use crate::run::event::Ending;
use crate::run::guard::guard;
use crate::run::metrics::MetricSums;
use crate::run::progress::{Judged, Lineage, Progress};
use crate::run::stats::RoundStats;
use crate::run::trainer::Trainer;

/// The names of the parts of a saved trainer.
const PROGRESS: &str = "progress.json";
const AGENTS: &str = "agents.bin";
const SLOTS: &str = "slots.bin";

/// The state of a run between two steps, as the contents of files. The shared state is not included, because it is
/// large and most of it was written by earlier checkpoints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainerState {
    /// Generations done.
    pub generation: u64,
    /// Rounds done of the generation after those.
    pub round: usize,
    /// Contents by file name.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl<T: PersistTask> Trainer<T>
where
    T::Agent: Persist,
{
    /// Returns the state of the run, between two steps.
    ///
    /// # Errors
    /// [`HpoError::Broken`] after an error; [`HpoError::State`] if an agent or a slot cannot be saved.
    pub fn save(&self) -> Result<TrainerState, HpoError> {
        if self.is_broken() {
            return Err(HpoError::Broken);
        }
        let progress = &self.progress;
        let snapshots = [&progress.champion, &progress.verdict].into_iter().flatten().map(|judged| &judged.individual);
        let agents = progress.population.iter().chain(snapshots).map(|individual| individual.agent.save());
        let agents = agents.collect::<Result<Vec<_>, _>>().map_err(in_part(AGENTS))?;
        let slots = self.slots.iter().map(|slot| self.task.save_slot(slot));
        let slots = slots.collect::<Result<Vec<_>, _>>().map_err(in_part(SLOTS))?;
        let text = serde_json::to_vec_pretty(&SavedProgress::of(progress, self.wall()));
        let text = text.map_err(|error| in_part(PROGRESS)(error.into()))?;
        let files = [(PROGRESS, text), (AGENTS, join(&agents)), (SLOTS, join(&slots))];
        let files = files.map(|(name, content)| (name.to_owned(), content)).into();
        Ok(TrainerState { generation: progress.generation, round: progress.round, files })
    }

    /// Checks whether the slots of this run can be saved and restored: saves the first one, and restores it to a new
    /// slot, which is dropped. Call this before training, so that the error does not come at the first checkpoint.
    ///
    /// # Errors
    /// [`HpoError::State`] if the task cannot save or restore a slot: environments that do not implement it.
    pub fn try_saving(&self) -> Result<(), HpoError> {
        let Some(first) = self.slots.first() else { return Ok(()) };
        let try_it = || {
            let bytes = self.task.save_slot(first)?;
            self.task.restore_slot(&mut self.task.slot(0, self.streams())?, &bytes)
        };
        guard(try_it).map_err(in_part(SLOTS))
    }

    /// Returns the numbers of the items in the shared state.
    pub fn items(&self) -> Range<u64> {
        self.task.items(&self.shared)
    }

    /// Returns some of the items in the shared state, as bytes.
    ///
    /// # Errors
    /// If they cannot be saved.
    pub fn save_items(&self, items: Range<u64>) -> Result<Vec<u8>, HpoError> {
        self.task.save_items(&self.shared, items).map_err(in_part("the shared items"))
    }

    /// Restores a saved state, with the items that were shared then. The trainer must be new and have the same
    /// settings.
    ///
    /// # Errors
    /// [`HpoError::State`] if the bytes are not a state of a run with these settings; this trainer must not be used
    /// then.
    pub fn restore<'a>(
        &mut self,
        saved: &TrainerState,
        segments: impl IntoIterator<Item = (Range<u64>, &'a [u8])>,
    ) -> Result<(), HpoError> {
        let part = |name| {
            let missing = || in_part(name)("it is missing".into());
            saved.files.get(name).map(Vec::as_slice).ok_or_else(missing)
        };
        let progress: SavedProgress = parse(part(PROGRESS)?).map_err(in_part(PROGRESS))?;
        let agents = split(part(AGENTS)?).map_err(in_part(AGENTS))?;
        let prototype = self.progress.population[0].agent.clone();
        let agents = agents.into_iter().map(|bytes| {
            let mut agent = prototype.clone();
            guard(|| agent.restore(bytes)).map(|()| agent)
        });
        let agents = agents.collect::<Result<Vec<_>, _>>().map_err(in_part(AGENTS))?;
        let limits = Limits {
            individuals: self.progress.population.len(),
            generations: self.config().generations,
            rounds: self.config().rounds().count(),
        };
        self.progress = progress.into_progress(agents, &limits).map_err(in_part(PROGRESS))?;
        let slots = split(part(SLOTS)?).map_err(in_part(SLOTS))?;
        if slots.len() != self.slots.len() {
            let why = format!("{} slots for {} individuals", slots.len(), self.slots.len());
            return Err(in_part(SLOTS)(why.into()));
        }
        for (slot, bytes) in self.slots.iter_mut().zip(slots) {
            guard(|| self.task.restore_slot(slot, bytes)).map_err(in_part(SLOTS))?;
        }
        for (items, bytes) in segments {
            guard(|| self.task.restore_items(&mut self.shared, items, bytes)).map_err(in_part("the shared items"))?;
        }
        Ok(())
    }
}

/// [`Progress`] as it is saved, without the agents.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedProgress {
    generation: u64,
    round: usize,
    env_steps: u64,
    eval_steps: u64,
    elite: usize,
    ending: Option<Ending>,
    announced_start: bool,
    announced_end: bool,
    wall_seconds: f64,
    lineage: String,
    population: Vec<SavedIndividual>,
    champion: Option<SavedJudged>,
    verdict: Option<SavedJudged>,
    training: Vec<SavedStats>,
    fitness_history: Vec<Vec<Exact>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedIndividual {
    id: u64,
    parents: Vec<u64>,
    fitness: Vec<Exact>,
    env_steps: u64,
    mutated: Mutated,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedJudged {
    generation: u64,
    estimate: Exact,
    individual: SavedIndividual,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedStats {
    env_steps: u64,
    updates: u64,
    episodes: u64,
    return_sum: Exact,
    /// Names and sums in their order.
    metrics: Vec<(String, Exact)>,
}

struct Limits {
    individuals: usize,
    generations: u64,
    rounds: usize,
}

impl SavedProgress {
    fn of<A>(progress: &Progress<A>, wall: Duration) -> Self {
        Self {
            generation: progress.generation,
            round: progress.round,
            env_steps: progress.env_steps,
            eval_steps: progress.eval_steps,
            elite: progress.elite,
            ending: progress.ending,
            announced_start: progress.announced_start,
            announced_end: progress.announced_end,
            wall_seconds: wall.as_secs_f64(),
            lineage: blake3::Hash::from(progress.lineage.0).to_hex().to_string(),
            population: progress.population.iter().map(SavedIndividual::of).collect(),
            champion: progress.champion.as_ref().map(SavedJudged::of),
            verdict: progress.verdict.as_ref().map(SavedJudged::of),
            training: progress.training.iter().map(SavedStats::of).collect(),
            fitness_history: progress.fitness_history.iter().map(|row| exact(row)).collect(),
        }
    }

    /// Adds the agents: those of the population, then the champion's and the verdict's.
    fn into_progress<A>(self, agents: Vec<A>, limits: &Limits) -> Result<Progress<A>, BoxError> {
        let snapshots = usize::from(self.champion.is_some()) + usize::from(self.verdict.is_some());
        let fits = self.population.len() == limits.individuals
            && self.training.len() == limits.individuals
            && agents.len() == limits.individuals + snapshots
            && self.elite < limits.individuals
            && self.generation <= limits.generations
            && self.round <= limits.rounds
            && self.fitness_history.iter().all(|row| row.len() == limits.individuals)
            && self.fitness_history.len() as u64 == self.generation
            && (self.generation == 0 || self.champion.is_some() || self.verdict.is_some());
        if !fits {
            return Err("its numbers contradict each other or the settings of the run".into());
        }
        let mut agents = agents.into_iter();
        let mut with_agent = |individual: SavedIndividual| individual.with(agents.next().expect("counted above"));
        let population = self.population.into_iter().map(&mut with_agent).collect();
        let mut judged = |judged: SavedJudged| Judged {
            generation: judged.generation,
            estimate: judged.estimate.0,
            individual: with_agent(judged.individual),
        };
        Ok(Progress {
            generation: self.generation,
            round: self.round,
            training: self.training.into_iter().map(SavedStats::into_stats).collect(),
            population,
            elite: self.elite,
            champion: self.champion.map(&mut judged),
            env_steps: self.env_steps,
            eval_steps: self.eval_steps,
            fitness_history: self.fitness_history.into_iter().map(numbers).collect(),
            lineage: Lineage(*blake3::Hash::from_hex(&self.lineage)?.as_bytes()),
            announced_start: self.announced_start,
            ending: self.ending,
            verdict: self.verdict.map(&mut judged),
            announced_end: self.announced_end,
            earlier: Duration::try_from_secs_f64(self.wall_seconds)?,
        })
    }
}

impl SavedIndividual {
    fn of<A>(individual: &Individual<A>) -> Self {
        Self {
            id: individual.id,
            parents: individual.parents.clone(),
            fitness: exact(&individual.fitness),
            env_steps: individual.env_steps,
            mutated: individual.mutated.clone(),
        }
    }

    fn with<A>(self, agent: A) -> Individual<A> {
        let Self { id, parents, fitness, env_steps, mutated } = self;
        Individual { id, parents, agent, fitness: numbers(fitness), env_steps, mutated }
    }
}

impl SavedJudged {
    fn of<A>(judged: &Judged<A>) -> Self {
        let individual = SavedIndividual::of(&judged.individual);
        Self { generation: judged.generation, estimate: Exact(judged.estimate), individual }
    }
}

impl SavedStats {
    fn of(stats: &RoundStats) -> Self {
        Self {
            env_steps: stats.env_steps,
            updates: stats.updates,
            episodes: stats.episodes,
            return_sum: Exact(stats.return_sum),
            metrics: stats.metrics.iter().map(|(name, sum)| (name.to_owned(), Exact(sum))).collect(),
        }
    }

    fn into_stats(self) -> RoundStats {
        let Self { env_steps, updates, episodes, return_sum, metrics } = self;
        let metrics: MetricSums = metrics.into_iter().map(|(name, sum)| (name, sum.0)).collect();
        RoundStats { env_steps, updates, episodes, return_sum: return_sum.0, metrics }
    }
}

/// A number with all its bits: NaN and the infinities, which JSON lacks, are written as text.
#[derive(Clone, Copy)]
struct Exact(f64);

impl Serialize for Exact {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() { serializer.serialize_f64(self.0) } else { serializer.collect_str(&self.0) }
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(value) => Ok(Self(value)),
            Written::Text(text) => text.parse().map(Self).map_err(serde::de::Error::custom),
        }
    }
}

fn exact(numbers: &[f64]) -> Vec<Exact> {
    numbers.iter().copied().map(Exact).collect()
}

fn numbers(exact: Vec<Exact>) -> Vec<f64> {
    exact.into_iter().map(|exact| exact.0).collect()
}

/// Joins byte strings: their number, their lengths, their bytes.
fn join(parts: &[Vec<u8>]) -> Vec<u8> {
    let lengths = std::iter::once(parts.len()).chain(parts.iter().map(Vec::len));
    let mut bytes: Vec<u8> = lengths.flat_map(|length| (length as u64).to_le_bytes()).collect();
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

/// Splits the result of [`join`]. Never allocates more than the length of `bytes`.
fn split(bytes: &[u8]) -> Result<Vec<&[u8]>, BoxError> {
    let short = || BoxError::from("it is cut off");
    let (count, mut lengths) = bytes.split_first_chunk::<8>().ok_or_else(short)?;
    let count = usize::try_from(u64::from_le_bytes(*count))?;
    let header = count.checked_mul(8).filter(|&header| header <= lengths.len()).ok_or_else(short)?;
    let mut content = &lengths[header..];
    let mut parts = Vec::with_capacity(count);
    for _ in 0..count {
        let (length, rest) = lengths.split_first_chunk::<8>().ok_or_else(short)?;
        let length = usize::try_from(u64::from_le_bytes(*length))?;
        let (part, behind) = content.split_at_checked(length).ok_or_else(short)?;
        parts.push(part);
        (lengths, content) = (rest, behind);
    }
    if content.is_empty() { Ok(parts) } else { Err(format!("{} bytes are left over", content.len()).into()) }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BoxError> {
    Ok(serde_json::from_slice(bytes)?)
}

fn in_part(what: &str) -> impl Fn(BoxError) -> HpoError {
    let what = what.to_owned();
    move |source| HpoError::State { what: what.clone(), source }
}
