//! What a run leaves on disk, and how it is found again.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use agilerl_algo::Dqn;
use agilerl_hpo::{
    Checkpoint, Digest, Event, Flow, HpoError, JsonLines, MetricsCsv, Observer, ObserverError, Storage,
    write_atomically,
};
use agilerl_nets::InputNumber;

use crate::run_record::{RUN, RunRecord, Stage};
use crate::saved_elite::{RECORD, SaveElite, WEIGHTS, remove_elite};
use crate::{Error, RunConfig};

pub(crate) const CONFIG: &str = "config.toml";
pub(crate) const EVENTS: &str = "events.jsonl";
const METRICS: &str = "metrics.csv";
const LOCK: &str = "run.lock";

/// The files of a run beside its checkpoints: one observer that writes the log, the table and the elite.
pub(crate) struct RunFolder {
    place: Place,
    /// The settings of the stage that the run is in.
    settings: RunConfig,
    pub(crate) record: RunRecord,
    /// None where the run is over and the file is not as it left it: nothing will be written to it.
    log: Option<JsonLines>,
    metrics: Option<MetricsCsv>,
    elite: SaveElite,
}

/// A folder that a run works in.
pub(crate) struct Place {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) folder: PathBuf,
    /// Held as long as the run lives; the system releases it, however the run ends.
    pub(crate) lock: Option<RunLock>,
}

impl RunFolder {
    /// The files of a run that begins, with its settings as they are to be read; those of another run are there no more
    /// then. The log is created: the proof, before training starts, that it can be written.
    pub(crate) fn begin(
        place: Place,
        file: &RunConfig,
        settings: RunConfig,
        record: RunRecord,
        one_hot: Option<usize>,
    ) -> Result<Self, Error> {
        let Place { storage, folder, .. } = &place;
        write_atomically(&**storage, &folder.join(RUN), record.to_json().as_bytes())?;
        write_atomically(&**storage, &folder.join(CONFIG), file.to_toml().as_bytes())?;
        let log = JsonLines::create(&**storage, &folder.join(EVENTS))?;
        let metrics = MetricsCsv::create(&**storage, &folder.join(METRICS))?;
        // The elite of another run has no place beside this one's log.
        remove_elite(&**storage, folder)?;
        let elite = save_elite(&place, &settings, &record, one_hot);
        Ok(Self { place, settings, record, log: Some(log), metrics: Some(metrics), elite })
    }

    /// The files of a run as they stood at a checkpoint: what was written since is cut off. A log that is not the run's any
    /// more is set aside, which is said, unless the run is `over`. The settings are written if they are given.
    pub(crate) fn resume(
        place: Place,
        file: Option<&RunConfig>,
        settings: RunConfig,
        record: RunRecord,
        one_hot: Option<usize>,
        checkpoint: &Checkpoint,
        over: bool,
    ) -> Result<(Self, Vec<String>), Error> {
        let Place { storage, folder, .. } = &place;
        // In this order: settings that ask for more than the record knows are asked for again, and not the other way round.
        if let Some(file) = file {
            write_atomically(&**storage, &folder.join(CONFIG), file.to_toml().as_bytes())?;
        }
        let (path, text) = (folder.join(RUN), record.to_json());
        if storage.read(&path).ok().as_deref() != Some(text.as_bytes()) {
            write_atomically(&**storage, &path, text.as_bytes())?;
        }
        let beside = &checkpoint.manifest.beside;
        let (resume, create) = (JsonLines::resume, (!over).then_some(JsonLines::create));
        let (log, not_the_log) = resume_file(&place, EVENTS, beside, resume, create)?;
        let (resume, create) = (MetricsCsv::resume, (!over).then_some(MetricsCsv::create));
        let (metrics, not_the_table) = resume_file(&place, METRICS, beside, resume, create)?;
        let mut elite = save_elite(&place, &settings, &record, one_hot);
        elite.restore(&checkpoint.saved.files)?;
        let set_aside = not_the_log.into_iter().chain(not_the_table).collect();
        Ok((Self { place, settings, record, log, metrics, elite }, set_aside))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.place.folder
    }

    /// What a checkpoint must hold beside the trainer's state, by file name.
    pub(crate) fn save_state(&self) -> BTreeMap<String, Vec<u8>> {
        let own = [(RUN, self.record.to_json()), (CONFIG, self.settings.to_toml())];
        let own = own.map(|(name, text)| (name.to_owned(), text.into_bytes()));
        self.elite.save_state().into_iter().chain(own).collect()
    }

    /// How the files stand that grow, made to survive a loss of power.
    pub(crate) fn sync(&mut self) -> Result<BTreeMap<String, Digest>, Error> {
        let log = self.log.as_mut().map(|log| log.digest().map(|digest| (EVENTS.to_owned(), digest)));
        let metrics = self.metrics.as_mut().map(|metrics| metrics.digest().map(|digest| (METRICS.to_owned(), digest)));
        Ok(log.into_iter().chain(metrics).collect::<Result<_, _>>()?)
    }

    /// What the run was told to reach, beyond what it is reaching for.
    pub(crate) fn stages_to_come(&self) -> Vec<Stage> {
        let present = Stage::of(&self.settings);
        self.record.stages.iter().skip_while(|stage| **stage != present).skip(1).copied().collect()
    }

    pub(crate) fn begin_stage(&mut self, stage: Stage) {
        stage.put_into(&mut self.settings);
    }

    /// Makes sure, before anything is saved, that no other run works here; what to say if the lock had to be taken again.
    pub(crate) fn keep_lock(&mut self) -> Result<Option<String>, Error> {
        let Place { folder, lock: Some(lock), .. } = &mut self.place else { return Ok(None) };
        if lock.is_in_place(folder)? {
            return Ok(None);
        }
        *lock = RunLock::take(folder)?;
        let path = folder.join(LOCK);
        Ok(Some(format!("{} was removed while this run worked there: it is locked again", path.display())))
    }
}

/// What saves the elite of a run.
fn save_elite(place: &Place, settings: &RunConfig, record: &RunRecord, one_hot: Option<usize>) -> SaveElite {
    let (storage, own_env) = (Arc::clone(&place.storage), record.own_env.clone());
    SaveElite::new(storage, place.folder.clone(), settings, own_env, one_hot)
}

/// A file that grows, as it stood at a checkpoint. One that holds something else than the run wrote is set aside, whoever
/// saved it, and a new one takes its place, if one is to be created: the checkpoint is whole without it.
fn resume_file<F>(
    place: &Place,
    name: &str,
    beside: &BTreeMap<String, Digest>,
    resume: impl FnOnce(&dyn Storage, &Path, &Digest) -> Result<F, HpoError>,
    create: Option<impl FnOnce(&dyn Storage, &Path) -> Result<F, HpoError>>,
) -> Result<(Option<F>, Option<String>), Error> {
    let (storage, path) = (&*place.storage, place.folder.join(name));
    let unnamed = || HpoError::Changed { path: path.clone(), what: "the checkpoint does not name it".to_owned() };
    let resumed = resume(storage, &path, beside.get(name).ok_or_else(unnamed)?);
    let Some(create) = create else { return Ok((resumed.ok(), None)) };
    let what = match resumed {
        Ok(file) => return Ok((Some(file), None)),
        Err(error @ HpoError::Changed { .. }) => {
            let aside = set_aside(place, name)?;
            format!("{error}; it is kept as {}", aside.display())
        }
        Err(HpoError::Storage { source, .. }) if source.kind() == ErrorKind::NotFound => {
            format!("{} is missing", path.display())
        }
        Err(error) => return Err(error.into()),
    };
    let file = create(storage, &path)?;
    Ok((Some(file), Some(format!("{what}, and a new one goes on from the checkpoint"))))
}

/// Gives a file that is not the run's any more a name that says so; it is removed by nobody.
fn set_aside(place: &Place, name: &str) -> Result<PathBuf, Error> {
    let (storage, folder) = (&*place.storage, &place.folder);
    let failed = |action, path: &Path| {
        let path = path.to_owned();
        move |source| HpoError::Storage { action, path, source }
    };
    let taken = storage.list(folder).map_err(failed("list", folder))?;
    let free = (1..).map(|n| format!("{name}.set-aside-{n}")).find(|free| !taken.contains(free));
    let aside = folder.join(free.expect("numbers go on"));
    storage.rename(&folder.join(name), &aside).map_err(failed("rename to", &aside))?;
    Ok(aside)
}

/// A folder that nobody else works in.
pub(crate) struct RunLock(File);

impl RunLock {
    /// # Errors
    /// [`Error::InUse`] at once, if another run works there.
    pub(crate) fn take(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(LOCK);
        let failed = |action| {
            let path = path.clone();
            move |source| Error::Hpo(HpoError::Storage { action, path, source })
        };
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let file = file.as_mut().map_err(|error| std::io::Error::new(error.kind(), error.to_string()));
        let file = file.map_err(failed("create"))?;
        match try_lock(file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let by = process_in(file);
                return Err(Error::InUse { folder: folder.to_owned(), by });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock")(source)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed("write"))?;
        Ok(Self(file.try_clone().map_err(failed("open"))?))
    }

    /// Whether the name still stands for the file that is locked; `false` if nothing has it any more.
    ///
    /// # Errors
    /// [`Error::LockLost`] if another file has the name: another run made it, and works there or has worked there.
    fn is_in_place(&self, folder: &Path) -> Result<bool, Error> {
        let path = folder.join(LOCK);
        match File::open(&path) {
            Ok(mut file)
                if !is_same(&self.0, &file).map_err(|source| Error::Read { path: path.clone(), source })? =>
            {
                Err(Error::LockLost { lock: path, by: process_in(&mut file) })
            }
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(source) => Err(Error::Read { path, source }),
        }
    }
}

/// A process that is being started on another thread holds copies of all open files for some milliseconds, those of a run
/// that has just ended too: so it is asked for a fifth of a second.
fn try_lock(file: &File) -> Result<(), TryLockError> {
    for _ in 0..20 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            outcome => return outcome,
        }
    }
    file.try_lock()
}

#[cfg(unix)]
fn is_same(one: &File, other: &File) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let (one, other) = (one.metadata()?, other.metadata()?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

/// A file that is open cannot lose its name there.
#[cfg(not(unix))]
fn is_same(_one: &File, _other: &File) -> std::io::Result<bool> {
    Ok(true)
}

/// The process that a lock names, in words; only for a message.
fn process_in(lock: &mut File) -> String {
    let mut by = String::new();
    let _ = lock.read_to_string(&mut by);
    if by.trim().is_empty() { String::new() } else { format!(" (process {})", by.trim()) }
}

impl<O: InputNumber> Observer<Dqn<O>> for RunFolder {
    fn observe(&mut self, event: &Event<'_, Dqn<O>>) -> Result<Flow, ObserverError> {
        // Each does its own, even after another failed: the first error is the one to tell.
        let log = self.log.as_mut().map(|log| log.observe(event));
        let metrics = self.metrics.as_mut().map(|metrics| metrics.observe(event));
        let told = log.into_iter().chain(metrics).chain([self.elite.observe(event)]);
        told.collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>, _>>().map(|_| Flow::Continue)
    }
}

/// Whether a folder holds the files of a run.
pub(crate) fn is_occupied(storage: &dyn Storage, folder: &Path) -> Result<bool, Error> {
    for name in [CONFIG, EVENTS, METRICS, RECORD, WEIGHTS] {
        if is_there(storage, &folder.join(name))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether there is a file of that name. A folder that may not be looked into is no folder without files.
pub(crate) fn is_there(storage: &dyn Storage, path: &Path) -> Result<bool, Error> {
    match storage.size(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
    }
}
