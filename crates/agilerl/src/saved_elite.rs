//! The trained elite on disk: `elite.safetensors` and `elite.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use agilerl_algo::{AlgoError, Dqn, Elite};
use agilerl_hpo::{Event, Flow, HpoError, Individual, Observer, ObserverError, Storage, write_atomically};
use agilerl_nets::InputNumber;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Error, RunConfig};

pub(crate) const WEIGHTS: &str = "elite.safetensors";
pub(crate) const RECORD: &str = "elite.json";

/// Writes `elite.safetensors` and `elite.json` into a folder, each so that it is whole at every moment.
///
/// # Errors
/// If a file cannot be written.
pub fn save_elite(storage: &dyn Storage, folder: &Path, elite: &Elite) -> Result<(), Error> {
    write_atomically(storage, &folder.join(WEIGHTS), &elite.weights)?;
    write_atomically(storage, &folder.join(RECORD), elite.record_json().as_bytes())?;
    Ok(())
}

/// Reads what [`save_elite`] wrote. See [`load_elite_files`].
///
/// # Errors
/// If a file cannot be read, or its content cannot be understood.
pub fn load_elite(storage: &dyn Storage, folder: &Path) -> Result<Elite, Error> {
    load_elite_files(storage, &folder.join(RECORD), &folder.join(WEIGHTS))
}

/// Reads the two files of an elite, whatever they are called. A run that goes on may be between the writing of the one and
/// of the other, so files that do not belong together are read again, for half a second.
///
/// # Errors
/// If a file cannot be read, or its content cannot be understood.
pub fn load_elite_files(storage: &dyn Storage, record: &Path, weights: &Path) -> Result<Elite, Error> {
    const TRIES: u32 = 11;
    const PAUSE: Duration = Duration::from_millis(50);
    let read = |path: &Path| storage.read(path).map_err(|source| Error::Read { path: path.to_owned(), source });
    let mut tries = 1;
    loop {
        match Elite::from_bytes(&read(record)?, &read(weights)?) {
            Err(AlgoError::ElitePair) if tries < TRIES => {
                tries += 1;
                sleep(PAUSE);
            }
            elite => return Ok(elite?),
        }
    }
}

/// Saves the best individual so far whenever there is a better one, as it was evaluated, before anything touches it;
/// and at the end the elite of the run.
pub(crate) struct SaveElite {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) folder: PathBuf,
    pub(crate) env: String,
    pub(crate) own_env: Option<String>,
    pub(crate) one_hot: Option<usize>,
    pub(crate) step_limit: u64,
    pub(crate) seed: u64,
    /// The score of what is saved: its fitness, or its mean on fresh episodes once it had to face them.
    best: f64,
    /// Which individual is saved, as of which generation: a survivor goes on learning, and is another one then.
    saved: Option<(u64, u64)>,
    /// What lies in the files.
    elite: Option<Elite>,
}

/// What a checkpoint keeps of it beside the two files.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// The bits of a number that may be infinite.
    best: u64,
    saved: Option<(u64, u64)>,
}

const STATE: &str = "elite-so-far.json";

impl SaveElite {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        folder: PathBuf,
        config: &RunConfig,
        own_env: Option<String>,
        one_hot: Option<usize>,
    ) -> Self {
        let (env, step_limit, seed) = (config.env.clone(), config.off_policy.eval_step_limit, config.evolution.seed);
        let (best, saved, elite) = (f64::NEG_INFINITY, None, None);
        Self { storage, folder, env, own_env, one_hot, step_limit, seed, best, saved, elite }
    }

    /// What a checkpoint must hold, by file name.
    pub(crate) fn save_state(&self) -> BTreeMap<String, Vec<u8>> {
        let state = State { best: self.best.to_bits(), saved: self.saved };
        let state = serde_json::to_vec(&state).expect("numbers can be written");
        let elite = self.elite.iter().flat_map(|elite| {
            [(RECORD.to_owned(), elite.record_json().into_bytes()), (WEIGHTS.to_owned(), elite.weights.clone())]
        });
        elite.chain([(STATE.to_owned(), state)]).collect()
    }

    /// Goes back to what [`save_state`](Self::save_state) gave, and the files with it: they may be of a later time, or the
    /// run was stopped between the two.
    pub(crate) fn restore(&mut self, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Error> {
        let broken = |source: String| Error::Algo(AlgoError::Elite(source));
        let state = files.get(STATE).ok_or_else(|| broken(format!("{STATE} is missing")))?;
        let State { best, saved } =
            serde_json::from_slice(state).map_err(|error| broken(format!("{STATE}: {error}")))?;
        self.elite = match (files.get(RECORD), files.get(WEIGHTS)) {
            (Some(record), Some(weights)) => Some(Elite::from_bytes(record, weights)?),
            _ => None,
        };
        (self.best, self.saved) = (f64::from_bits(best), saved);
        match &self.elite {
            Some(elite) => save_elite(&*self.storage, &self.folder, elite),
            None => remove_elite(&*self.storage, &self.folder),
        }
    }

    fn save<O: InputNumber, const N: usize>(
        &mut self,
        individual: &Individual<Dqn<O>>,
        env_steps: u64,
        eval_steps: u64,
        facts: [(&str, Value); N],
    ) -> Result<(), Error> {
        let mut elite = Elite::new(&individual.agent, &self.env);
        elite.record.one_hot = self.one_hot;
        elite.record.own_env.clone_from(&self.own_env);
        elite.record.step_limit = self.step_limit;
        elite.record.versions.insert("agilerl".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        let common = [
            ("seed", json!(self.seed)),
            ("id", json!(individual.id)),
            ("parents", json!(individual.parents)),
            ("fitness", json!(individual.latest_fitness())),
            ("env_steps", json!(env_steps)),
            ("eval_steps", json!(eval_steps)),
        ];
        let facts = common.into_iter().chain(facts).map(|(name, value)| (name.to_owned(), value));
        elite.record.run = facts.collect::<Map<_, _>>();
        save_elite(&*self.storage, &self.folder, &elite)?;
        self.elite = Some(elite);
        Ok(())
    }
}

impl<O: InputNumber> Observer<Dqn<O>> for SaveElite {
    fn observe(&mut self, event: &Event<'_, Dqn<O>>) -> Result<Flow, ObserverError> {
        match event {
            Event::Evaluated(report) => {
                let elite = report.elite();
                let fitness = elite.latest_fitness().unwrap_or(f64::NAN);
                if fitness > self.best {
                    (self.best, self.saved) = (fitness, Some((elite.id, report.generation)));
                    let facts = [("generation", json!(report.generation + 1))];
                    self.save(elite, report.env_steps, report.eval_steps, facts)?;
                }
            }
            // It was luck: let a better one through.
            Event::Confirmed { generation, individual, mean, reached: false, .. }
                if self.saved == Some((individual.id, *generation)) =>
            {
                self.best = *mean;
            }
            // What the run ended with lies in the files: only a better one takes its place.
            Event::Extended { confirmed_mean, .. } => (self.best, self.saved) = (*confirmed_mean, None),
            Event::Ended { elite, confirmed_mean, env_steps, eval_steps, ending, signature, .. } => {
                let facts = [
                    ("confirmed_mean", json!(confirmed_mean)),
                    ("ending", json!(ending)),
                    ("signature", json!(signature)),
                ];
                self.save(elite, *env_steps, *eval_steps, facts)?;
            }
            _ => {}
        }
        Ok(Flow::Continue)
    }
}

/// Removes the elite of another run, or of a time that a resumed run has still before it.
pub(crate) fn remove_elite(storage: &dyn Storage, folder: &Path) -> Result<(), Error> {
    for path in [RECORD, WEIGHTS].map(|name| folder.join(name)) {
        if storage.size(&path).is_ok() {
            storage.remove(&path).map_err(|source| HpoError::Storage { action: "remove", path, source })?;
        }
    }
    Ok(())
}
