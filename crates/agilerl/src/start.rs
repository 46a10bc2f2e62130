//! How a run begins, or goes on.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agilerl_algo::{Dqn, OffPolicyTask};
use agilerl_hpo::{Checkpoint, Checkpoints, Disk, Ending, HpoError, Storage, Trainer, create_dir_synced};
use serde_json::Value as Json;

use crate::founder::Founder;
use crate::run::{Existing, Observation, Run};
use crate::run_folder::{CONFIG, EVENTS, Place, RunFolder, RunLock, is_occupied, is_there};
use crate::run_record::{RUN, RunRecord, Stage};
use crate::saved_elite::RECORD;
use crate::training::{Saving, Training};
use crate::{CheckpointConfig, Error, RunConfig};

impl<O: Observation> Run<O> {
    /// The run with everything that it needs; or with its state as it was saved, if it is [resumed](Run::resume).
    ///
    /// # Errors
    /// If a setting makes no sense, the folder cannot be written, another run works there, or, where the run is resumed,
    /// no checkpoint is whole, or it is another run than the one that is described.
    pub fn start(mut self) -> Result<Training<O>, Error> {
        self.config.validate()?;
        self.config.round_to_lanes();
        self.begun_with.iter_mut().for_each(RunConfig::round_to_lanes);
        let observers = std::mem::take(&mut self.observers);
        let from_elite = self.founder.is_some();
        let (mut trainer, mut saving) = match (self.out.take(), self.existing) {
            (None, _) => {
                let config = self.config.clone();
                (self.make_trainer(&config)?.0, None)
            }
            (Some(folder), Existing::Resume) => self.go_on_in(folder)?,
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
            // What the founders have learnt comes from no stream: without this nobody could begin this run again.
            training.save()?;
        }
        if training.trainer.ending().is_some() {
            training.go_on()?;
        }
        Ok(training)
    }

    /// A run that begins in a folder.
    fn begin_in(mut self, folder: PathBuf) -> Result<Started<O>, Error> {
        let config = self.config.clone();
        // Whatever can be wrong with it is known before the folder is touched.
        let (trainer, one_hot) = self.make_trainer(&config)?;
        let mut record = RunRecord::new(&config, self.own_env.clone());
        record.no_checkpoints = why_no_checkpoints(&trainer);
        record.from = self.founder.as_ref().map(Founder::origin);
        let place = self.enter(folder)?;
        if self.existing == Existing::Refuse && is_occupied(&*place.storage, &place.folder)? {
            return Err(Error::Occupied(place.folder));
        }
        // Before anything is written: a checkpoint never stands beside the settings of another run.
        let checkpoints = Checkpoints::begin(Arc::clone(&place.storage), &place.folder, config.checkpoints.keep)?;
        let notices = self.founder.as_ref().map(Founder::notice).into_iter();
        let notices = notices.chain(record.no_checkpoints.as_deref().map(no_checkpoints)).collect();
        let run_folder = RunFolder::begin(place, &config, config.clone(), record, one_hot)?;
        Ok((trainer, Some(saving(run_folder, checkpoints, config.checkpoints, notices))))
    }

    /// A run that goes on in its folder.
    fn go_on_in(self, folder: PathBuf) -> Result<Started<O>, Error> {
        let place = self.enter(folder)?;
        let record = RunRecord::read(&*place.storage, &place.folder);
        refuse_without_checkpoints(&place, &record)?;
        let (storage, keep) = (Arc::clone(&place.storage), self.config.checkpoints.keep);
        match Checkpoints::resume(storage, &place.folder, keep)? {
            (checkpoints, Some(checkpoint)) => self.go_on_from(&checkpoint, checkpoints, place, record),
            (checkpoints, None) => self.begin_again(checkpoints, place, record?),
        }
    }

    /// A run that was stopped before its first checkpoint.
    fn begin_again(
        mut self,
        checkpoints: Checkpoints,
        place: Place,
        record: Option<RunRecord>,
    ) -> Result<Started<O>, Error> {
        let begun_with = self.begun_with.clone().unwrap_or_else(|| self.config.clone());
        // The record of another environment is that of a run which was about to be overwritten.
        let record = record.filter(|record| record.env == begun_with.env);
        if let Some(record) = &record {
            record.check_env(&place.folder, self.own_env.as_deref())?;
            if let Some(from) = &record.from {
                return Err(Error::FoundersGone { folder: place.folder, from: from.folder.clone() });
            }
        }
        let (begun, asked) = (Stage::of(&begun_with), Stage::of(&self.config));
        let more = asked.generations > begun.generations;
        self.config.refuse_changes(&with_stage(&begun_with, if more { asked } else { begun }))?;
        let mut stages = record.map(|record| record.stages).unwrap_or_default();
        for stage in [begun, asked] {
            match stages.last() {
                Some(last) if *last == stage => {}
                Some(last) if last.generations < stage.generations => stages.push(stage),
                // Nothing has been done yet with what the record speaks of.
                _ => stages = vec![stage],
            }
        }
        let settings = with_stage(&self.config, stages[0]);
        let (trainer, one_hot) = self.make_trainer(&settings)?;
        let mut record = RunRecord::new(&settings, self.own_env.clone());
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

    /// A run that goes on from a checkpoint.
    fn go_on_from(
        mut self,
        checkpoint: &Checkpoint,
        checkpoints: Checkpoints,
        place: Place,
        record: Result<Option<RunRecord>, Error>,
    ) -> Result<Started<O>, Error> {
        let not_whole = |reason| format!("a checkpoint is not whole, and an older one is used instead: {reason}");
        let mut notices: Vec<String> = checkpoint.passed_over.iter().map(not_whole).collect();
        let mut settings = self.settings_of(checkpoint, &place)?;
        let (mut record, not_used) = record_of(checkpoint, record, &settings, self.own_env.as_ref(), &place)?;
        notices.extend(not_used);
        record.check_env(&place.folder, self.own_env.as_deref())?;
        let (last, asked) = (record.last_stage(), Stage::of(&self.config));
        // How far the run is to go is looked at apart: that may be more than before.
        self.config.refuse_changes(&with_stage(&settings, asked))?;
        (settings.evolution.threads, settings.memory_limit_gib) =
            (self.config.evolution.threads, self.config.memory_limit_gib);
        let (mut trainer, one_hot) = self.make_trainer(&settings)?;
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
        // With whatever else the file says, such as another number of threads.
        let file = self.begun_with.as_ref().unwrap_or(&self.config);
        let file = (Stage::of(file) != asked || self.begun_with.is_none()).then(|| with_stage(file, asked));
        let over = trainer.ending().is_some() && record.last_stage() == Stage::of(&settings);
        let (run_folder, set_aside) =
            RunFolder::resume(place, file.as_ref(), settings, record, one_hot, checkpoint, over)?;
        notices.extend(set_aside);
        let mut saving = saving(run_folder, checkpoints, self.config.checkpoints, notices);
        saving.passed_over.clone_from(&checkpoint.passed_over);
        Ok((trainer, Some(saving)))
    }

    /// The settings that a checkpoint was written with.
    fn settings_of(&self, checkpoint: &Checkpoint, place: &Place) -> Result<RunConfig, Error> {
        let path = place.folder.join(CONFIG);
        if let Some(text) = checkpoint.saved.files.get(CONFIG) {
            return RunConfig::from_toml(
                &String::from_utf8_lossy(text),
                &format!("{} of a checkpoint", path.display()),
            );
        }
        // Earlier versions knew the bytes of the file alone.
        let text = place.storage.read(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let is_same = checkpoint.manifest.beside.get(CONFIG).is_some_and(|digest| digest.fits(&text));
        let what = "it was changed since the checkpoint was written, and a run has one configuration from start to end";
        let changed = || HpoError::Changed { path, what: what.to_owned() };
        Ok(self.begun_with.clone().filter(|_| is_same).ok_or_else(changed)?)
    }

    /// Whether a run can be told to go as far as is asked, instead of as far as it was told last.
    fn check_stage(
        &self,
        asked: Stage,
        last: &RunConfig,
        trainer: &Trainer<Dqn<O>, OffPolicyTask<u32, O>>,
    ) -> Result<(), Error> {
        let has = last.evolution.generations;
        if asked.generations < has {
            let (field, value) = ("evolution.generations".to_owned(), asked.generations.to_string());
            let expected = format!("at least {has}, which this run has: it can be given more, and not fewer");
            return Err(Error::Config { field, value, expected });
        }
        if asked.generations == has && trainer.ending() != Some(Ending::TargetConfirmed) {
            // Another target alone would make it another run.
            self.config.refuse_changes(last)?;
        }
        if trainer.ending().is_some() {
            trainer.check_extension(asked.generations, asked.target)?;
        }
        Ok(())
    }

    /// The folder, made if need be and held against other runs; and where it is written.
    fn enter(&self, folder: PathBuf) -> Result<Place, Error> {
        let on_disk = self.storage.is_none();
        let storage = self.storage.clone().unwrap_or_else(|| Arc::new(Disk));
        create_dir_synced(&*storage, &folder)?;
        let lock = on_disk.then(|| RunLock::take(&folder)).transpose()?;
        Ok(Place { storage, folder, lock })
    }
}

type Started<O> = (Trainer<Dqn<O>, OffPolicyTask<u32, O>>, Option<Saving>);

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

/// Tried before anything is trained: nobody should learn it from the first checkpoint.
fn why_no_checkpoints<O: Observation>(trainer: &Trainer<Dqn<O>, OffPolicyTask<u32, O>>) -> Option<String> {
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

/// A run that has come somewhere, and whose checkpoints are not there, does not begin again without a word.
fn refuse_without_checkpoints(place: &Place, record: &Result<Option<RunRecord>, Error>) -> Result<(), Error> {
    let Place { storage, folder, .. } = place;
    if let Ok(Some(RunRecord { no_checkpoints: Some(why), .. })) = record {
        return Err(Error::NotSaved { folder: folder.clone(), why: why.clone() });
    }
    let checkpoints = folder.join("checkpoints");
    match storage.list(&checkpoints) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::Read { path: checkpoints, source: error }),
        // The folder is made before anything else is: somebody took it away.
        Err(_) if logged_generations(&**storage, folder)? > 0 || is_there(&**storage, &folder.join(RECORD))? => {
            Err(Error::CheckpointsGone { folder: folder.clone() })
        }
        Err(_) => Ok(()),
    }
}

/// The generations that the log of a folder tells of.
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

/// The record of a run as its checkpoint knows it, or as it has been added to since; and what to say of another one that
/// lies in the folder.
fn record_of(
    checkpoint: &Checkpoint,
    in_folder: Result<Option<RunRecord>, Error>,
    settings: &RunConfig,
    own_env: Option<&String>,
    place: &Place,
) -> Result<(RunRecord, Option<String>), Error> {
    let path = place.folder.join(RUN);
    let Some(saved) = checkpoint.saved.files.get(RUN) else {
        // Earlier versions wrote none, and did not know whose environment it is.
        return Ok((in_folder?.unwrap_or_else(|| RunRecord::new(settings, own_env.cloned())), None));
    };
    let saved = RunRecord::parse(saved, &path)?;
    let why = match in_folder {
        Ok(Some(record)) if record.goes_on_from(&saved) => return Ok((record, None)),
        Ok(Some(_)) => format!("{} is not what this run wrote", path.display()),
        Ok(None) => format!("{} is missing", path.display()),
        Err(Error::Hpo(error @ HpoError::Changed { .. })) => error.to_string(),
        Err(error) => return Err(error),
    };
    Ok((saved, Some(format!("{why}: it is written anew, from the checkpoint"))))
}
