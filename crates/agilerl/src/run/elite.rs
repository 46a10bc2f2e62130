//! The observer that saves the elite of a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agilerl_algo::{AlgoError, AnyAgent, Elite};
use agilerl_env::WrapperConfig;
use agilerl_hpo::{BoxError, Event, Flow, Individual, Observer};
use agilerl_storage::{Storage, StorageError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::config::run_config::RunConfig;
use crate::error::Error;
use crate::run::envs::observation_wrappers;

/// Saves the best individual so far, exactly as it was evaluated, whenever there is a better one; and at the end the elite of
/// the run.
pub(crate) struct SaveElite {
    storage: Arc<dyn Storage>,
    folder: PathBuf,
    env: String,
    own_env: Option<String>,
    wrappers: Vec<WrapperConfig>,
    one_hot: Option<usize>,
    step_limit: u64,
    seed: u64,
    /// The score of the saved individual: its fitness, or its mean on fresh episodes if it was evaluated on some.
    best: f64,
    /// Id and generation of the saved individual: if it survives, it goes on learning, and is another one then.
    saved: Option<(u64, u64)>,
    /// The content of the files.
    elite: Option<Elite>,
}

/// The state that a checkpoint keeps beside the two files.
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
        Self {
            storage,
            folder,
            env: config.env.clone(),
            own_env,
            wrappers: observation_wrappers(&config.wrappers),
            one_hot,
            step_limit: config.off_policy.eval_step_limit,
            seed: config.evolution.seed,
            best: f64::NEG_INFINITY,
            saved: None,
            elite: None,
        }
    }

    /// Returns the files that a checkpoint must hold, by name.
    pub(crate) fn save_state(&self) -> BTreeMap<String, Vec<u8>> {
        let state = State { best: self.best.to_bits(), saved: self.saved };
        let state = serde_json::to_vec(&state).expect("numbers can be written");
        let elite = self.elite.iter().flat_map(|elite| {
            let [record, weights] = Elite::FILES.map(str::to_owned);
            [(record, elite.record_json().into_bytes()), (weights, elite.weights.clone())]
        });
        elite.chain([(STATE.to_owned(), state)]).collect()
    }

    /// Restores the state and the files of [`save_state`](Self::save_state): the files in the folder may be of a later time, or
    /// the run was stopped between the writing of the two.
    pub(crate) fn restore(&mut self, files: &BTreeMap<String, Vec<u8>>) -> Result<(), Error> {
        let broken = |source: String| Error::Algo(AlgoError::Elite(source));
        let state = files.get(STATE).ok_or_else(|| broken(format!("{STATE} is missing")))?;
        let State { best, saved } =
            serde_json::from_slice(state).map_err(|error| broken(format!("{STATE}: {error}")))?;
        self.elite = match Elite::FILES.map(|name| files.get(name)) {
            [Some(record), Some(weights)] => Some(Elite::from_bytes(record, weights)?),
            _ => None,
        };
        (self.best, self.saved) = (f64::from_bits(best), saved);
        match &self.elite {
            Some(elite) => Ok(elite.save(&*self.storage, &self.folder)?),
            None => remove_elite(&*self.storage, &self.folder),
        }
    }

    fn save<const N: usize>(
        &mut self,
        individual: &Individual<AnyAgent>,
        env_steps: u64,
        eval_steps: u64,
        facts: [(&str, Value); N],
    ) -> Result<(), Error> {
        let mut elite = individual.agent.elite(&self.env);
        elite.record.one_hot = self.one_hot;
        elite.record.wrappers.clone_from(&self.wrappers);
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
        elite.save(&*self.storage, &self.folder)?;
        self.elite = Some(elite);
        Ok(())
    }
}

impl Observer<AnyAgent> for SaveElite {
    fn observe(&mut self, event: &Event<'_, AnyAgent>) -> Result<Flow, BoxError> {
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
            // Its fitness was luck: a lower one may take its place.
            Event::Confirmed { generation, individual, mean, reached: false, .. }
                if self.saved == Some((individual.id, *generation)) =>
            {
                self.best = *mean;
            }
            // The elite of the run so far is saved: only a better one takes its place.
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

/// Removes the elite of another run, or of a later generation than a resumed run's.
pub(crate) fn remove_elite(storage: &dyn Storage, folder: &Path) -> Result<(), Error> {
    for path in Elite::FILES.map(|name| folder.join(name)) {
        if storage.size(&path).is_ok() {
            storage.remove(&path).map_err(StorageError::at("remove", &path))?;
        }
    }
    Ok(())
}
