//! The files of a run beside its checkpoints.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agilerl_algo::{AnyAgent, Elite};
use agilerl_hpo::{BoxError, Checkpoint, Event, Flow, Observer, RunLog, RunLogKind};
use agilerl_storage::{Digest, Storage, StorageError, write_atomically};

use crate::config::run_config::RunConfig;
use crate::error::Error;
use crate::run::elite::{SaveElite, remove_elite};
use crate::run::lock::RunLock;
use crate::run::record::{RUN, RunRecord, Stage};

pub(crate) const CONFIG: &str = "config.toml";
pub(crate) const EVENTS: &str = "events.jsonl";
const METRICS: &str = "metrics.csv";

/// The logs that every run writes. Another log is another line here.
fn log_kinds() -> [RunLogKind<AnyAgent>; 2] {
    [RunLogKind::json_lines(EVENTS), RunLogKind::metrics_csv(METRICS)]
}

/// The files of a run beside its checkpoints: one observer that writes the logs and the elite.
pub(crate) struct RunFolder {
    place: Place,
    /// The settings of the stage that the run is in.
    settings: RunConfig,
    pub(crate) record: RunRecord,
    /// Without the logs that were changed after the end of the run: nothing will be written to them.
    logs: Vec<BoxLog>,
    elite: SaveElite,
}

type BoxLog = Box<dyn RunLog<AnyAgent>>;

/// A folder that a run works in.
pub(crate) struct Place {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) folder: PathBuf,
    /// Held as long as the run exists; none in a storage other than the disk.
    pub(crate) lock: Option<RunLock>,
}

impl RunFolder {
    /// Writes the first files of a run that begins, with these settings as `config.toml`, over the files of another run. The
    /// logs are created, so that a folder that cannot be written is an error before training starts.
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
        let logs = log_kinds().iter().map(|kind| kind.create(&**storage, folder)).collect::<Result<_, _>>()?;
        // The elite of another run does not belong beside these logs.
        remove_elite(&**storage, folder)?;
        let elite = save_elite(&place, &settings, &record, one_hot);
        Ok(Self { place, settings, record, logs, elite })
    }

    /// Takes the files of a run back to a checkpoint: everything written since is cut off. A log that was changed is set aside,
    /// unless the run is `over`, and a notice about it is returned. The settings are written as `config.toml` if they are
    /// given.
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
        // In this order: settings with a stage that the record lacks add it at the next resume, but not the other way round.
        if let Some(file) = file {
            write_atomically(&**storage, &folder.join(CONFIG), file.to_toml().as_bytes())?;
        }
        let (path, text) = (folder.join(RUN), record.to_json());
        if storage.read(&path).ok().as_deref() != Some(text.as_bytes()) {
            write_atomically(&**storage, &path, text.as_bytes())?;
        }
        let (mut logs, mut notices) = (Vec::new(), Vec::new());
        for kind in log_kinds() {
            let (log, notice) = resume_log(&place, &kind, &checkpoint.manifest.run_files, over)?;
            logs.extend(log);
            notices.extend(notice);
        }
        let mut elite = save_elite(&place, &settings, &record, one_hot);
        elite.restore(&checkpoint.saved.files)?;
        Ok((Self { place, settings, record, logs, elite }, notices))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.place.folder
    }

    /// Returns the files that a checkpoint must hold beside the trainer's state, by name.
    pub(crate) fn save_state(&self) -> BTreeMap<String, Vec<u8>> {
        let own = [(RUN, self.record.to_json()), (CONFIG, self.settings.to_toml())];
        let own = own.map(|(name, text)| (name.to_owned(), text.into_bytes()));
        self.elite.save_state().into_iter().chain(own).collect()
    }

    /// Syncs the logs, and returns the digest of each, by file name.
    pub(crate) fn sync(&mut self) -> Result<BTreeMap<String, Digest>, Error> {
        let mut digests = BTreeMap::new();
        for log in &mut self.logs {
            let digest = log.digest()?;
            digests.insert(log.file_name().to_owned(), digest);
        }
        Ok(digests)
    }

    /// The stages of the record after the present one.
    pub(crate) fn stages_to_come(&self) -> Vec<Stage> {
        let present = Stage::of(&self.settings);
        self.record.stages.iter().skip_while(|stage| **stage != present).skip(1).copied().collect()
    }

    pub(crate) fn begin_stage(&mut self, stage: Stage) {
        stage.put_into(&mut self.settings);
    }

    /// Makes sure, before anything is saved, that no other run works here. Returns a notice if the lock had to be taken again.
    pub(crate) fn keep_lock(&mut self) -> Result<Option<String>, Error> {
        let Place { folder, lock: Some(lock), .. } = &mut self.place else { return Ok(None) };
        if lock.is_in_place(folder)? {
            return Ok(None);
        }
        *lock = RunLock::take(folder)?;
        let path = RunLock::path(folder);
        Ok(Some(format!("{} was removed while this run worked there: it is locked again", path.display())))
    }
}

fn save_elite(place: &Place, settings: &RunConfig, record: &RunRecord, one_hot: Option<usize>) -> SaveElite {
    let (storage, own_env) = (Arc::clone(&place.storage), record.own_env.clone());
    SaveElite::new(storage, place.folder.clone(), settings, own_env, one_hot)
}

/// Resumes a log from a checkpoint. A log with another content than the run wrote is set aside, and a new one takes its place,
/// with a notice: the checkpoint is whole without it. If the run is `over`, it is left alone, and there is no log.
fn resume_log(
    place: &Place,
    kind: &RunLogKind<AnyAgent>,
    digests: &BTreeMap<String, Digest>,
    over: bool,
) -> Result<(Option<BoxLog>, Option<String>), Error> {
    let (storage, path) = (&*place.storage, place.folder.join(kind.file_name));
    let unnamed = || StorageError::Changed { path: path.clone(), what: "the checkpoint does not name it".to_owned() };
    let digest = digests.get(kind.file_name).ok_or_else(unnamed)?;
    let what = match kind.resume(storage, &place.folder, digest) {
        Ok(log) => return Ok((Some(log), None)),
        Err(_) if over => return Ok((None, None)),
        Err(error @ StorageError::Changed { .. }) => {
            let aside = set_aside(place, kind.file_name)?;
            format!("{error}; it is kept as {}", aside.display())
        }
        Err(StorageError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            format!("{} is missing", path.display())
        }
        Err(error) => return Err(error.into()),
    };
    let log = kind.create(storage, &place.folder)?;
    Ok((Some(log), Some(format!("{what}, and a new one goes on from the checkpoint"))))
}

/// Renames a file that the run did not write, or that was changed since. Nothing removes it.
fn set_aside(place: &Place, name: &str) -> Result<PathBuf, Error> {
    let (storage, folder) = (&*place.storage, &place.folder);
    let taken = storage.list(folder).map_err(StorageError::at("list", folder))?;
    let free = (1..).map(|n| format!("{name}.set-aside-{n}")).find(|free| !taken.contains(free));
    let aside = folder.join(free.expect("numbers go on"));
    storage.rename(&folder.join(name), &aside).map_err(StorageError::at("rename to", &aside))?;
    Ok(aside)
}

impl Observer<AnyAgent> for RunFolder {
    fn observe(&mut self, event: &Event<'_, AnyAgent>) -> Result<Flow, BoxError> {
        let mut first_error = None;
        // Each writes its own, even after another failed: the first error is returned.
        for log in &mut self.logs {
            first_error = first_error.or(log.observe(event).err());
        }
        first_error = first_error.or(self.elite.observe(event).err());
        first_error.map_or(Ok(Flow::Continue), Err)
    }
}

/// Whether a folder holds the files of a run.
pub(crate) fn is_occupied(storage: &dyn Storage, folder: &Path) -> Result<bool, Error> {
    let logs = log_kinds().map(|kind| kind.file_name);
    for name in [CONFIG].iter().chain(&logs).chain(&Elite::FILES) {
        if is_there(storage, &folder.join(name))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether there is a file of that name. A folder that may not be read is an error, and not a folder without files.
pub(crate) fn is_there(storage: &dyn Storage, path: &Path) -> Result<bool, Error> {
    match storage.size(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
    }
}
