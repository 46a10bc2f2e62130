//! A run that trains, and is saved while it does.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agilerl_algo::{Dqn, OffPolicyTask};
use agilerl_hpo::{Checkpoints, HpoError, Outcome, Trainer};

use crate::run_folder::RunFolder;
use crate::{CheckpointConfig, Error, Observation};

/// A run with everything that it needs, ready to train.
pub struct Training<O: Observation = f32> {
    pub(crate) trainer: Trainer<Dqn<O>, OffPolicyTask<u32, O>>,
    pub(crate) saving: Option<Saving>,
}

/// What saves a run.
pub(crate) struct Saving {
    pub(crate) folder: Arc<Mutex<RunFolder>>,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) config: CheckpointConfig,
    /// The clock of the run when it was saved last.
    pub(crate) last: Duration,
    /// Newer checkpoints that were not whole when the run was resumed, and why.
    pub(crate) passed_over: Vec<String>,
    /// How often the run was saved, and how long that took.
    pub(crate) cost: (u64, Duration),
}

impl<O: Observation> Training<O> {
    /// Trains to the end, and saves the run on the way.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if an observer asked for a pause: the state of the run is saved then. Otherwise what went
    /// wrong, as the source of [`Error::Stopped`] if there is a checkpoint to resume from.
    pub fn run(&mut self) -> Result<Outcome<Dqn<O>>, Error> {
        self.train().map_err(|error| match (&self.saving, error) {
            (_, error @ Error::Interrupted { .. }) | (None, error) => error,
            (Some(saving), error) => match saving.checkpoints.newest() {
                Some((generation, _)) => {
                    Error::Stopped { folder: saving.folder().path.clone(), generation, source: Box::new(error) }
                }
                None => error,
            },
        })
    }

    /// The trainer.
    pub fn trainer(&self) -> &Trainer<Dqn<O>, OffPolicyTask<u32, O>> {
        &self.trainer
    }

    /// Newer checkpoints that were passed over when the run was resumed, because they are not whole, and why.
    pub fn passed_over(&self) -> &[String] {
        self.saving.as_ref().map_or(&[], |saving| &saving.passed_over)
    }

    /// How often the run was saved since it began or was resumed, and how long that took in all.
    pub fn saving_cost(&self) -> (u64, Duration) {
        self.saving.as_ref().map_or((0, Duration::ZERO), |saving| saving.cost)
    }

    fn train(&mut self) -> Result<Outcome<Dqn<O>>, Error> {
        loop {
            match self.trainer.step() {
                Ok(ControlFlow::Continue(())) if self.is_due() => self.save()?,
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(_)) => break,
                Err(HpoError::Paused) => {
                    self.save()?;
                    let saved = self.saving.as_ref().map(|saving| saving.folder().path.clone());
                    return Err(Error::Interrupted { saved });
                }
                Err(error) => return Err(error.into()),
            }
        }
        let outcome = self.trainer.run()?;
        // So that resuming a run that is over says so, and trains nothing.
        self.save()?;
        Ok(outcome)
    }

    fn is_due(&self) -> bool {
        self.saving.as_ref().is_some_and(|saving| {
            let since = self.trainer.wall().saturating_sub(saving.last);
            self.trainer.rounds_done() == 0
                && self.trainer.generations_done().is_multiple_of(saving.config.every)
                && since.as_secs_f64() >= saving.config.seconds
        })
    }

    fn save(&mut self) -> Result<(), Error> {
        let Self { trainer, saving: Some(saving) } = self else { return Ok(()) };
        let began = trainer.wall();
        let mut saved = trainer.save()?;
        let beside = {
            let mut folder = saving.folder();
            saved.files.extend(folder.save_state());
            folder.sync()?
        };
        let versions: BTreeMap<_, _> = [("agilerl".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into();
        saving.checkpoints.write(&saved, trainer.items(), |items| trainer.save_items(items), beside, versions)?;
        saving.last = trainer.wall();
        saving.cost = (saving.cost.0 + 1, saving.cost.1 + (saving.last - began));
        Ok(())
    }
}

impl Saving {
    fn folder(&self) -> MutexGuard<'_, RunFolder> {
        // Whoever panicked with it in hand has ended the run already.
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
