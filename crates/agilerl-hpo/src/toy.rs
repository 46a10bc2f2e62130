//! The smallest thing that evolves: a number that guesses another number.
//!
//! It has hyperparameters named `lr` and `batch_size`, mutates its one weight, reports a loss, can be saved, and runs in
//! microseconds. It is here for documentation and tests, and as something to copy: read it once, then write your own.
//! Its individuals share nothing, and their slots are empty; a task with a replay memory has a `Shared` and a `Slot` type
//! in place of `()`, and [`Task::merge`].

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::error::BoxError;
use crate::evolution::evolve::{Change, Evolve, Hyperparameter};
use crate::evolution::mutation::{Mutation, MutationKind};
use crate::resume::persist::{Persist, PersistTask};
use crate::run::stats::{Evaluation, RoundStats};
use crate::run::task::{RoundContext, Task};
use crate::streams::{Purpose, StreamRng, Streams};

/// An individual of one float, which learns by moving towards the mean of a few readings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guess {
    /// Its guess of the number.
    pub value: f64,
    /// How far it moves towards the readings, as a share of the way.
    pub lr: f64,
    /// Readings that it averages before it moves.
    pub batch_size: usize,
}

impl Guess {
    /// Guesses 0 and learns with the seed hyperparameters of the main job.
    pub fn new() -> Self {
        Self { value: 0.0, lr: 1e-3, batch_size: 128 }
    }
}

impl Default for Guess {
    fn default() -> Self {
        Self::new()
    }
}

impl Evolve for Guess {
    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        vec![
            Hyperparameter { name: "lr".to_owned(), value: self.lr, integer: false },
            Hyperparameter { name: "batch_size".to_owned(), value: self.batch_size as f64, integer: true },
        ]
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) {
        match name {
            "lr" => self.lr = value,
            "batch_size" => self.batch_size = value as usize,
            _ => panic!("a guess has no hyperparameter {name:?}"),
        }
    }

    fn mutate(&mut self, kind: MutationKind, settings: &Mutation, rng: &mut StreamRng) -> Option<Change> {
        if kind != MutationKind::Parameters {
            return None;
        }
        let before = self.value;
        self.value *= 1.0 + settings.mutation_sd * noise(rng);
        let change = || Change { what: "value".to_owned(), before: before.into(), after: self.value.into() };
        (self.value != before).then(change)
    }

    fn architecture(&self) -> String {
        "1 float".to_owned()
    }

    fn is_finite(&self) -> bool {
        self.value.is_finite()
    }

    fn fingerprint(&self) -> Vec<u8> {
        self.value.to_le_bytes().to_vec()
    }
}

/// The task: find a number of which only noisy readings can be had. The return of an episode is minus the distance to it,
/// up to a noise that depends on the episode alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuessTheNumber {
    /// The number.
    pub number: f64,
}

impl Task for GuessTheNumber {
    type Agent = Guess;
    type Shared = ();
    type Slot = ();

    fn shared(&self) -> Result<(), BoxError> {
        Ok(())
    }

    fn slot(&self, _place: usize, _streams: &Streams) -> Result<(), BoxError> {
        Ok(())
    }

    /// Each transition gives a batch of readings, and is followed by one update.
    fn train(&self, agent: &mut Guess, (): &mut (), (): &(), context: &RoundContext) -> Result<RoundStats, BoxError> {
        let RoundContext { streams, generation, individual, round, env_steps, .. } = *context;
        let mut rng = streams.get(Purpose::Environment, generation, individual, round);
        let mut stats = RoundStats { env_steps, updates: env_steps, ..RoundStats::default() };
        for _ in 0..env_steps {
            let sum: f64 = (0..agent.batch_size).map(|_| self.number + noise(&mut rng)).sum();
            let error = sum / agent.batch_size as f64 - agent.value;
            agent.value += agent.lr * error;
            stats.metrics.add("loss", error * error);
        }
        Ok(stats)
    }

    fn evaluate(&self, agent: &Guess, seeds: &[u64]) -> Result<Evaluation, BoxError> {
        let luck = |&seed| 0.01 * noise(&mut Streams::new(seed).get(Purpose::Environment, 0, 0, 0));
        let returns = seeds.iter().map(|seed| luck(seed) - (agent.value - self.number).abs()).collect();
        Ok(Evaluation { returns, env_steps: seeds.len() as u64, cut: 0 })
    }
}

impl Persist for Guess {
    fn save(&self) -> Result<Vec<u8>, BoxError> {
        Ok([self.value.to_le_bytes(), self.lr.to_le_bytes(), (self.batch_size as u64).to_le_bytes()].concat())
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), BoxError> {
        let ([value, lr, batch_size], []) = bytes.as_chunks() else { return Err("not three numbers".into()) };
        let batch_size = usize::try_from(u64::from_le_bytes(*batch_size))?;
        *self = Self { value: f64::from_le_bytes(*value), lr: f64::from_le_bytes(*lr), batch_size };
        Ok(())
    }
}

impl PersistTask for GuessTheNumber {
    fn save_slot(&self, (): &()) -> Result<Vec<u8>, BoxError> {
        Ok(Vec::new())
    }

    fn restore_slot(&self, (): &mut (), _bytes: &[u8]) -> Result<(), BoxError> {
        Ok(())
    }
}

/// Symmetric around 0, with standard deviation 1: uniform, for a toy needs no more.
fn noise(rng: &mut StreamRng) -> f64 {
    (2.0 * rng.random::<f64>() - 1.0) * 3f64.sqrt()
}
