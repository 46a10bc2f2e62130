//! How a run begins, or is resumed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agilerl_algo::{AnyTask, Elite};
use agilerl_hpo::{Checkpoint, Checkpoints, Ending, HpoError, Trainer};
use agilerl_storage::{Disk, Storage, StorageError, create_dir_synced};
use serde_json::Value as Json;

use crate::config::run_config::{CheckpointConfig, RunConfig};
use crate::error::Error;
use crate::run::build::{Built, build};
use crate::run::folder::{CONFIG, EVENTS, Place, RunFolder, is_occupied, is_there};
use crate::run::founder::Founder;
use crate::run::lock::RunLock;
use crate::run::record::{RUN, RunRecord, Stage};
use crate::run::run::{Existing, Run};
use crate::run::training::{Saving, Training};

impl Run {
    /// Prepares the run: makes its environments, agents and folder, or reads its state if it is [resumed](Run::resume).
    ///
    /// # Errors
    /// If a setting makes no sense, the folder cannot be written, or another run works there. When resuming: if no checkpoint
    /// is whole, or if it is another run than the described one.
    pub fn start(mut self) -> Result<Training, Error> {
        self.config.validate()?;
        self.config.round_to_lanes();
        self.started_with.iter_mut().for_each(RunConfig::round_to_lanes);
        let observers = std::mem::take(&mut self.observers);
        let from_elite = self.founder.is_some();
        let (mut trainer, mut saving) = match (self.out.take(), self.existing) {
            (None, _) => {
                let config = self.config.clone();
                (self.build(&config)?.trainer, None)
            }
            (Some(folder), Existing::Resume) => self.resume_in(folder)?,
            (Some(folder), _) => self.begin_in(folder)?,
        };
        if let Some(saving) = &mut saving {
            trainer = trainer.with_observer(Arc::clone(&saving.folder));
            saving.last = trainer.wall();
        }
        for observer in observers {
            trainer = trainer.with_observer(observer);
        }
        for notice in saving.iter().flat_map(|saving| &saving.notices) {
            trainer.notice(notice)?;
        }
        let mut training = Training { trainer, saving };
        if from_elite {
            // The founders' weights come from no stream: without a checkpoint this run could not begin again.
            training.save()?;
        }
        if training.trainer.ending().is_some() {
            training.extend()?;
        }
        Ok(training)
    }

    /// Begins a run in a folder.
    fn begin_in(mut self, folder: PathBuf) -> Result<Started, Error> {
        let config = self.config.clone();
        let own_env = self.own_env_type();
        // Before the folder is touched: any error of the settings is found here.
        let Built { trainer, one_hot } = self.build(&config)?;
        let mut record = RunRecord::new(&config, own_env);
        record.no_checkpoints = why_no_checkpoints(&trainer);
        record.from = self.founder.as_ref().map(Founder::origin);
        let place = self.enter(folder)?;
        if self.existing == Existing::Refuse && is_occupied(&*place.storage, &place.folder)? {
            return Err(Error::Occupied(place.folder));
        }
        // Before anything is written: a checkpoint is never beside the settings of another run.
        let checkpoints = Checkpoints::begin(Arc::clone(&place.storage), &place.folder, config.checkpoints.keep)?;
        let notices = self.founder.as_ref().map(Founder::notice).into_iter();
        let notices = notices.chain(record.no_checkpoints.as_deref().map(no_checkpoints)).collect();
        let run_folder = RunFolder::begin(place, &config, config.clone(), record, one_hot)?;
        Ok((trainer, Some(saving(run_folder, checkpoints, config.checkpoints, notices))))
    }

    /// Resumes a run in its folder.
    fn resume_in(self, folder: PathBuf) -> Result<Started, Error> {
        let place = self.enter(folder)?;
        let record = RunRecord::read(&*place.storage, &place.folder);
        refuse_without_checkpoints(&place, &record)?;
        let (storage, keep) = (Arc::clone(&place.storage), self.config.checkpoints.keep);
        match Checkpoints::resume(storage, &place.folder, keep)? {
            (checkpoints, Some(checkpoint)) => self.resume_from(&checkpoint, checkpoints, place, record),
            (checkpoints, None) => self.begin_again(checkpoints, place, record?),
        }
    }

    /// Begins a run again that was stopped before its first checkpoint.
    fn begin_again(
        mut self,
        checkpoints: Checkpoints,
        place: Place,
        record: Option<RunRecord>,
    ) -> Result<Started, Error> {
        let own_env = self.own_env_type();
        let started_with = self.started_with.clone().unwrap_or_else(|| self.config.clone());
        // A record of another environment is left from a run that was about to be overwritten.
        let record = record.filter(|record| record.env == started_with.env);
        if let Some(record) = &record {
            record.check_env(&place.folder, own_env.as_deref())?;
            if let Some(from) = &record.from {
                return Err(Error::FoundersGone { folder: place.folder, from: from.folder.clone() });
            }
        }
        let (begun, asked) = (Stage::of(&started_with), Stage::of(&self.config));
        let more = asked.generations > begun.generations;
        self.config.refuse_changes(&with_stage(&started_with, if more { asked } else { begun }))?;
        let mut stages = record.map(|record| record.stages).unwrap_or_default();
        for stage in [begun, asked] {
            match stages.last() {
                Some(last) if *last == stage => {}
                Some(last) if last.generations < stage.generations => stages.push(stage),
                // No generation of the record's stages has been trained yet.
                _ => stages = vec![stage],
            }
        }
        let settings = with_stage(&self.config, stages[0]);
        let Built { trainer, one_hot } = self.build(&settings)?;
        let mut record = RunRecord::new(&settings, own_env);
        (record.stages, record.no_checkpoints) = (stages, why_no_checkpoints(&trainer));
        let logged = logged_generations(&*place.storage, &place.folder)?;
        let again = format!(
            "there is no checkpoint yet: the run begins again, and the {logged} generations of its log are computed once more"
        );
        let again = (logged > 0).then_some(again).into_iter();
        let notices = again.chain(record.no_checkpoints.as_deref().map(no_checkpoints)).collect();
        let run_folder = RunFolder::begin(place, &self.config, settings, record, one_hot)?;
        Ok((trainer, Some(saving(run_folder, checkpoints, self.config.checkpoints, notices))))
    }

    /// Resumes a run from a checkpoint.
    fn resume_from(
        mut self,
        checkpoint: &Checkpoint,
        checkpoints: Checkpoints,
        place: Place,
        record: Result<Option<RunRecord>, Error>,
    ) -> Result<Started, Error> {
        let not_whole = |reason| format!("a checkpoint is not whole, and an older one is used instead: {reason}");
        let mut notices: Vec<String> = checkpoint.passed_over.iter().map(not_whole).collect();
        let own_env = self.own_env_type();
        let mut settings = settings_of(checkpoint, &place)?;
        let (mut record, not_used) = record_of(checkpoint, record, &place)?;
        notices.extend(not_used);
        record.check_env(&place.folder, own_env.as_deref())?;
        let (last, asked) = (record.last_stage(), Stage::of(&self.config));
        // The stage is checked apart: it may be a further one.
        self.config.refuse_changes(&with_stage(&settings, asked))?;
        (settings.evolution.threads, settings.memory_limit_gib) =
            (self.config.evolution.threads, self.config.memory_limit_gib);
        let Built { mut trainer, one_hot } = self.build(&settings)?;
        let segments = checkpoint.segments.iter().map(|(items, bytes)| (items.clone(), &bytes[..]));
        trainer.restore(&checkpoint.saved, segments)?;
        trainer.try_saving()?;
        if asked != last {
            self.check_stage(asked, &with_stage(&settings, last), &trainer)?;
            record.stages.push(asked);
            if trainer.ending().is_none() {
                let (more, first) = (asked.generations, last.generations);
                notices.push(format!("the run goes on to {more} generations once the {first} that it has are over"));
            }
        }
        // With everything else that the file has, such as another number of threads.
        let file = self.started_with.as_ref().unwrap_or(&self.config);
        let file = (Stage::of(file) != asked || self.started_with.is_none()).then(|| with_stage(file, asked));
        let over = trainer.ending().is_some() && record.last_stage() == Stage::of(&settings);
        let (run_folder, set_aside) =
            RunFolder::resume(place, file.as_ref(), settings, record, one_hot, checkpoint, over)?;
        notices.extend(set_aside);
        let mut saving = saving(run_folder, checkpoints, self.config.checkpoints, notices);
        saving.passed_over.clone_from(&checkpoint.passed_over);
        Ok((trainer, Some(saving)))
    }

    /// Checks that a run can have this stage after its last one.
    fn check_stage(&self, asked: Stage, last: &RunConfig, trainer: &Trainer<AnyTask>) -> Result<(), Error> {
        let has = last.evolution.generations;
        if asked.generations < has {
            let (field, value) = ("evolution.generations".to_owned(), asked.generations.to_string());
            let expected = format!("at least {has}, which this run has: it can be given more, but not fewer");
            return Err(Error::Config { field, value, expected });
        }
        if asked.generations == has && trainer.ending() != Some(Ending::TargetConfirmed) {
            // A new target alone would make it another run.
            self.config.refuse_changes(last)?;
        }
        if trainer.ending().is_some() {
            trainer.check_extension(asked.generations, asked.target)?;
        }
        Ok(())
    }

    /// Creates the folder if it is missing, and locks it against other runs.
    fn enter(&self, folder: PathBuf) -> Result<Place, Error> {
        let on_disk = self.storage.is_none();
        let storage = self.storage.clone().unwrap_or_else(|| Arc::new(Disk));
        create_dir_synced(&*storage, &folder)?;
        let lock = on_disk.then(|| RunLock::take(&folder)).transpose()?;
        Ok(Place { storage, folder, lock })
    }

    /// Builds the trainer for these settings.
    fn build(&mut self, config: &RunConfig) -> Result<Built, Error> {
        if let Some(founder) = &self.founder {
            founder.check_env(config, self.own_env_type().as_deref())?;
        }
        build(config, self.own_env.take(), self.founder.as_ref())
    }

    /// The type of the program's own environment, if the run is on one.
    fn own_env_type(&self) -> Option<String> {
        self.own_env.as_ref().map(|own_env| own_env.type_name.clone())
    }
}

type Started = (Trainer<AnyTask>, Option<Saving>);

fn saving(folder: RunFolder, checkpoints: Checkpoints, config: CheckpointConfig, notices: Vec<String>) -> Saving {
    Saving {
        no_checkpoints: folder.record.no_checkpoints.clone(),
        folder: Arc::new(Mutex::new(folder)),
        checkpoints,
        config,
        last: Duration::ZERO,
        passed_over: Vec::new(),
        notices,
        cost: (0, Duration::ZERO),
    }
}

fn with_stage(config: &RunConfig, stage: Stage) -> RunConfig {
    let mut config = config.clone();
    stage.put_into(&mut config);
    config
}

/// Tries to save the run before anything is trained, and returns the reason if that is impossible.
fn why_no_checkpoints(trainer: &Trainer<AnyTask>) -> Option<String> {
    match trainer.try_saving() {
        Ok(()) => None,
        Err(HpoError::State { source, .. }) => Some(source.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

fn no_checkpoints(why: &str) -> String {
    format!(
        "this run has no checkpoints and cannot be resumed, because its environment cannot be saved ({why}); its log, table \
         and elite are kept"
    )
}

/// Refuses to begin a run again that had checkpoints, or could have none.
fn refuse_without_checkpoints(place: &Place, record: &Result<Option<RunRecord>, Error>) -> Result<(), Error> {
    let Place { storage, folder, .. } = place;
    if let Ok(Some(RunRecord { no_checkpoints: Some(why), .. })) = record {
        return Err(Error::NotSaved { folder: folder.clone(), why: why.clone() });
    }
    let checkpoints = folder.join("checkpoints");
    match storage.list(&checkpoints) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::Read { path: checkpoints, source: error }),
        // The folder is the first thing that a run creates: it was removed.
        Err(_)
            if logged_generations(&**storage, folder)? > 0 || is_there(&**storage, &folder.join(Elite::FILES[0]))? =>
        {
            Err(Error::CheckpointsGone { folder: folder.clone() })
        }
        Err(_) => Ok(()),
    }
}

/// The number of generations in the log of a folder.
fn logged_generations(storage: &dyn Storage, folder: &Path) -> Result<usize, Error> {
    let path = folder.join(EVENTS);
    let log = match storage.read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        log => log.map_err(|source| Error::Read { path, source })?,
    };
    let is_generation = |line: &&[u8]| {
        serde_json::from_slice::<Json>(line)
            .is_ok_and(|line| line.get("event").is_some_and(|event| event == "generation"))
    };
    Ok(log.split(|&byte| byte == b'\n').filter(is_generation).count())
}

/// The settings that a checkpoint was written with.
fn settings_of(checkpoint: &Checkpoint, place: &Place) -> Result<RunConfig, Error> {
    let path = place.folder.join(CONFIG);
    let text = file_of(checkpoint, CONFIG, &path)?;
    RunConfig::from_toml(&String::from_utf8_lossy(text), &format!("{} of a checkpoint", path.display()))
}

/// The record of the folder, if it is the checkpoint's or has further stages; otherwise the checkpoint's, with a notice.
fn record_of(
    checkpoint: &Checkpoint,
    in_folder: Result<Option<RunRecord>, Error>,
    place: &Place,
) -> Result<(RunRecord, Option<String>), Error> {
    let path = place.folder.join(RUN);
    let saved = RunRecord::parse(file_of(checkpoint, RUN, &path)?, &path)?;
    let why = match in_folder {
        Ok(Some(record)) if record.extends(&saved) => return Ok((record, None)),
        Ok(Some(_)) => format!("{} is not what this run wrote", path.display()),
        Ok(None) => format!("{} is missing", path.display()),
        Err(Error::Storage(error @ StorageError::Changed { .. })) => error.to_string(),
        Err(error) => return Err(error),
    };
    Ok((saved, Some(format!("{why}: it is written anew, from the checkpoint"))))
}

/// A file that every checkpoint of a run holds.
fn file_of<'a>(checkpoint: &'a Checkpoint, name: &str, path: &Path) -> Result<&'a [u8], Error> {
    let what = || StorageError::Changed { path: path.to_owned(), what: "the checkpoint does not hold it".to_owned() };
    let bytes = checkpoint.saved.files.get(name).ok_or_else(what)?;
    Ok(bytes)
}
