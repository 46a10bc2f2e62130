//! A run that trains, and is saved while it does.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agilerl_algo::{Dqn, OffPolicyTask};
use agilerl_hpo::{Checkpoints, Ending, HpoError, Outcome, Trainer};

use crate::run_folder::RunFolder;
use crate::run_record::Stage;
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
    /// Why there are no checkpoints, if there are none.
    pub(crate) no_checkpoints: Option<String>,
    /// Newer checkpoints that were not whole when the run was resumed, and why.
    pub(crate) passed_over: Vec<String>,
    /// What whoever started the run should know.
    pub(crate) notices: Vec<String>,
    /// How often the run was saved, and how long that took.
    pub(crate) cost: (u64, Duration),
}

impl<O: Observation> Training<O> {
    /// Trains to the end, and saves the run on the way.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if an observer asked for a pause: the state of the run is saved then, if it can be. Otherwise
    /// what went wrong, as the source of [`Error::Stopped`] if there is a checkpoint to resume from.
    pub fn run(&mut self) -> Result<Outcome<Dqn<O>>, Error> {
        self.train().map_err(|error| match (&self.saving, error) {
            // What lies in the folder by now is another run's.
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
    pub fn trainer(&self) -> &Trainer<Dqn<O>, OffPolicyTask<u32, O>> {
        &self.trainer
    }

    /// Newer checkpoints that were passed over when the run was resumed, because they are not whole, and why.
    pub fn passed_over(&self) -> &[String] {
        self.saving.as_ref().map_or(&[], |saving| &saving.passed_over)
    }

    /// What whoever started the run should know, and what observers hear as [`Event::Notice`](agilerl_hpo::Event::Notice) when
    /// it begins: checkpoints that were passed over, files that were set aside, why there are no checkpoints.
    pub fn notices(&self) -> &[String] {
        self.saving.as_ref().map_or(&[], |saving| &saving.notices)
    }

    /// Why this run, which has a folder, has no checkpoints and cannot be resumed: its environment cannot be saved.
    pub fn why_no_checkpoints(&self) -> Option<&str> {
        self.saving.as_ref()?.no_checkpoints.as_deref()
    }

    /// How often the run was saved since it began or was resumed, and how long that took in all.
    pub fn saving_cost(&self) -> (u64, Duration) {
        self.saving.as_ref().map_or((0, Duration::ZERO), |saving| saving.cost)
    }

    fn train(&mut self) -> Result<Outcome<Dqn<O>>, Error> {
        loop {
            self.train_to_the_end()?;
            let outcome = self.trainer.run()?;
            // So that resuming a run that is over says so, and trains nothing.
            self.save()?;
            if outcome.ending == Ending::Stopped || !self.go_on()? {
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

    /// Extends a run that is over, if it was told to go further; whether it was.
    pub(crate) fn go_on(&mut self) -> Result<bool, Error> {
        let Self { trainer, saving: Some(saving) } = self else { return Ok(false) };
        let stages = saving.folder().stages_to_come();
        // One whose target the elite has confirmed already is over before it begins.
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
