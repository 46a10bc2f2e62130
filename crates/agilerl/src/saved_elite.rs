//! The trained elite on disk: `elite.safetensors` and `elite.json`.

use std::path::Path;

use agilerl_algo::{Dqn, Elite};
use agilerl_hpo::{Event, Flow, Individual, Observer, ObserverError, Storage, write_atomically};
use agilerl_nets::InputNumber;
use serde_json::{Map, Value, json};

use crate::Error;

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

/// Reads what [`save_elite`] wrote.
///
/// # Errors
/// If a file cannot be read, or its content cannot be understood.
pub fn load_elite(storage: &dyn Storage, folder: &Path) -> Result<Elite, Error> {
    let read = |name| {
        let path = folder.join(name);
        storage.read(&path).map_err(|source| Error::Read { path, source })
    };
    Ok(Elite::from_bytes(&read(RECORD)?, &read(WEIGHTS)?)?)
}

/// Saves the best individual so far whenever there is a better one, as it was evaluated, before anything touches it;
/// and at the end the elite of the run.
pub(crate) struct SaveElite<S> {
    pub(crate) storage: S,
    pub(crate) folder: std::path::PathBuf,
    pub(crate) env: String,
    pub(crate) one_hot: Option<usize>,
    pub(crate) seed: u64,
    /// The score of what is saved: its fitness, or its mean on fresh episodes once it had to face them.
    pub(crate) best: f64,
    /// Which individual is saved, as of which generation: a survivor goes on learning, and is another one then.
    pub(crate) saved: Option<(u64, u64)>,
}

impl<S: Storage, O: InputNumber> Observer<Dqn<O>> for SaveElite<S> {
    fn observe(&mut self, event: &Event<'_, Dqn<O>>) -> Result<Flow, ObserverError> {
        match event {
            Event::Evaluated(report) => {
                let elite = report.elite();
                let fitness = elite.latest_fitness().unwrap_or(f64::NAN);
                if fitness > self.best {
                    (self.best, self.saved) = (fitness, Some((elite.id, report.generation)));
                    self.save(
                        elite,
                        report.env_steps,
                        report.eval_steps,
                        [("generation", json!(report.generation + 1))],
                    )?;
                }
            }
            // It was luck: let a better one through.
            Event::Confirmed { generation, individual, mean, reached: false, .. }
                if self.saved == Some((individual.id, *generation)) =>
            {
                self.best = *mean;
            }
            Event::Ended { elite, confirmed_mean, env_steps, eval_steps, ending, .. } => {
                let facts = [("confirmed_mean", json!(confirmed_mean)), ("ending", json!(ending))];
                self.save(elite, *env_steps, *eval_steps, facts)?;
            }
            _ => {}
        }
        Ok(Flow::Continue)
    }
}

impl<S: Storage> SaveElite<S> {
    fn save<O: InputNumber, const N: usize>(
        &self,
        individual: &Individual<Dqn<O>>,
        env_steps: u64,
        eval_steps: u64,
        facts: [(&str, Value); N],
    ) -> Result<(), Error> {
        let mut elite = Elite::new(&individual.agent, &self.env);
        elite.record.one_hot = self.one_hot;
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
        save_elite(&self.storage, &self.folder, &elite)
    }
}
