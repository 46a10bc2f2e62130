//! A run that trains and is saved.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agilerl_algo::{AnyAgent, AnyTask};
use agilerl_hpo::{Checkpoints, Ending, HpoError, Outcome, Trainer};

use crate::config::run_config::CheckpointConfig;
use crate::error::Error;
use crate::run::folder::RunFolder;
use crate::run::record::Stage;

/// A started run, with everything that it needs to train.
pub struct Training {
    pub(crate) trainer: Trainer<AnyTask>,
    pub(crate) saving: Option<Saving>,
}

/// Saves a run.
pub(crate) struct Saving {
    pub(crate) folder: Arc<Mutex<RunFolder>>,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) config: CheckpointConfig,
    /// The clock of the run at the last checkpoint.
    pub(crate) last: Duration,
    /// The reason why there are no checkpoints, if there are none.
    pub(crate) no_checkpoints: Option<String>,
    /// Newer checkpoints that were passed over when the run was resumed, with the reasons.
    pub(crate) passed_over: Vec<String>,
    /// Notices for the person who started the run.
    pub(crate) notices: Vec<String>,
    /// The number of checkpoints written, and the time that took.
    pub(crate) cost: (u64, Duration),
}

impl Training {
    /// Trains to the end, and saves the run on the way.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if an observer asked for a pause: the state of the run is saved first, if it can be. Any other
    /// error is the source of [`Error::Stopped`] if there is a checkpoint to resume from.
    pub fn run(&mut self) -> Result<Outcome<AnyAgent>, Error> {
        self.train().map_err(|error| match (&self.saving, error) {
            // The files in the folder are another run's by now.
            (_, error @ (Error::Interrupted { .. } | Error::LockLost { .. } | Error::InUse { .. })) | (None, error) => {
                error
            }
            (Some(saving), error) => match saving.checkpoints.newest() {
                Some((generation, _)) => {
                    Error::Stopped { folder: saving.folder().path().to_owned(), generation, source: Box::new(error) }
                }
                None => error,
            },
        })
    }

    /// The trainer.
    pub fn trainer(&self) -> &Trainer<AnyTask> {
        &self.trainer
    }

    /// Returns the trainer, to step it by hand. No more checkpoints are written; log, table and elite are, if the run has a
    /// folder.
    ///
    /// ```
    /// use agilerl::prelude::*;
    ///
    /// let run = Run::on("CartPole-v1").population(2).configure(|config| config.evolution.generation_env_steps = 1_000);
    /// let mut trainer = run.start()?.into_trainer();
    /// assert!(trainer.generation()?.is_continue());
    /// assert_eq!((trainer.generations_done(), trainer.population().len()), (1, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_trainer(self) -> Trainer<AnyTask> {
        self.trainer
    }

    /// Newer checkpoints that were passed over when the run was resumed, because they are not whole, with the reasons.
    pub fn passed_over(&self) -> &[String] {
        self.saving.as_ref().map_or(&[], |saving| &saving.passed_over)
    }

    /// Notices for the person who started the run: checkpoints that were passed over, files that were set aside, why there
    /// are no checkpoints. Observers hear each as [`Event::Notice`](agilerl_hpo::Event::Notice) when the run begins.
    pub fn notices(&self) -> &[String] {
        self.saving.as_ref().map_or(&[], |saving| &saving.notices)
    }

    /// The reason why this run has a folder but no checkpoints, and cannot be resumed: its environment cannot be saved.
    pub fn why_no_checkpoints(&self) -> Option<&str> {
        self.saving.as_ref()?.no_checkpoints.as_deref()
    }

    /// The number of checkpoints written since the run began or was resumed, and the time that took in all.
    pub fn saving_cost(&self) -> (u64, Duration) {
        self.saving.as_ref().map_or((0, Duration::ZERO), |saving| saving.cost)
    }

    fn train(&mut self) -> Result<Outcome<AnyAgent>, Error> {
        loop {
            self.train_to_the_end()?;
            let outcome = self.trainer.run()?;
            // A resumed run that is over finds its end here, and trains nothing.
            self.save()?;
            if outcome.ending == Ending::Stopped || !self.extend()? {
                return Ok(outcome);
            }
        }
    }

    fn train_to_the_end(&mut self) -> Result<(), Error> {
        loop {
            match self.trainer.step() {
                Ok(ControlFlow::Continue(())) if self.is_due() => self.save()?,
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(_)) => return Ok(()),
                Err(HpoError::Paused) => {
                    self.save()?;
                    let saved = self.saving.as_ref().filter(|saving| saving.no_checkpoints.is_none());
                    return Err(Error::Interrupted { saved: saved.map(|saving| saving.folder().path().to_owned()) });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Extends a run that is over, if its record has a further stage. Returns whether it has.
    pub(crate) fn extend(&mut self) -> Result<bool, Error> {
        let Self { trainer, saving: Some(saving) } = self else { return Ok(false) };
        let stages = saving.folder().stages_to_come();
        // A stage whose target the elite has confirmed already is over before it begins.
        let begins = |stage: &Stage| trainer.check_extension(stage.generations, stage.target).is_ok();
        let Some(stage) = stages.into_iter().find(begins) else { return Ok(false) };
        saving.folder().begin_stage(stage);
        trainer.extend(stage.generations, stage.target)?;
        Ok(true)
    }

    fn is_due(&self) -> bool {
        self.saving.as_ref().is_some_and(|saving| {
            let since = self.trainer.wall().saturating_sub(saving.last);
            self.trainer.rounds_done() == 0
                && self.trainer.generations_done().is_multiple_of(saving.config.every)
                && since.as_secs_f64() >= saving.config.seconds
        })
    }

    pub(crate) fn save(&mut self) -> Result<(), Error> {
        let Self { trainer, saving: Some(saving) } = self else { return Ok(()) };
        let taken_again = saving.folder().keep_lock()?;
        if let Some(notice) = taken_again {
            trainer.notice(&notice)?;
            saving.notices.push(notice);
        }
        if saving.no_checkpoints.is_some() {
            saving.last = trainer.wall();
            return Ok(());
        }
        let began = trainer.wall();
        let mut saved = trainer.save()?;
        let run_files = {
            let mut folder = saving.folder();
            saved.files.extend(folder.save_state());
            folder.sync()?
        };
        let versions: BTreeMap<_, _> = [("agilerl".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into();
        saving.checkpoints.write(&saved, trainer.items(), |items| trainer.save_items(items), run_files, versions)?;
        saving.last = trainer.wall();
        saving.cost = (saving.cost.0 + 1, saving.cost.1 + (saving.last - began));
        Ok(())
    }
}

impl Saving {
    fn folder(&self) -> MutexGuard<'_, RunFolder> {
        // A panic that poisoned the lock has ended the run already.
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
