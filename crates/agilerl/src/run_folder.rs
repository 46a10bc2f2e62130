//! What a run leaves on disk, and how it is found again.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agilerl_algo::Dqn;
use agilerl_hpo::{
    Checkpoint, Digest, Event, Flow, HpoError, JsonLines, MetricsCsv, Observer, ObserverError, Storage,
    write_atomically,
};
use agilerl_nets::InputNumber;

use crate::saved_elite::{RECORD, SaveElite, WEIGHTS, remove_elite};
use crate::{Error, RunConfig};

pub(crate) const CONFIG: &str = "config.toml";
const EVENTS: &str = "events.jsonl";
const METRICS: &str = "metrics.csv";
const LOCK: &str = "run.lock";

/// The files of a run beside its checkpoints: one observer that writes the log, the table and the elite.
pub(crate) struct RunFolder {
    pub(crate) path: PathBuf,
    config: Digest,
    log: JsonLines,
    metrics: MetricsCsv,
    elite: SaveElite,
    /// Held as long as the run lives; the system releases it, however the run ends.
    _lock: Option<RunLock>,
}

/// A folder that nobody else works in.
pub(crate) struct RunLock(#[expect(dead_code, reason = "the lock lasts as long as the open file")] File);

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
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut by = String::new();
                // Only for the message: whoever holds the lock wrote its number.
                let _ = file.read_to_string(&mut by);
                let by = if by.trim().is_empty() { by } else { format!(" (process {})", by.trim()) };
                return Err(Error::InUse { folder: folder.to_owned(), by });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock")(source)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed("write"))?;
        Ok(Self(file.try_clone().map_err(failed("open"))?))
    }
}

impl RunFolder {
    /// The files of a run that begins; those of another run are there no more then. The log is created: the proof, before
    /// training starts, that it can be written.
    pub(crate) fn begin(
        storage: Arc<dyn Storage>,
        path: PathBuf,
        config: &RunConfig,
        one_hot: Option<usize>,
        lock: Option<RunLock>,
    ) -> Result<Self, Error> {
        let text = config.to_toml();
        write_atomically(&*storage, &path.join(CONFIG), text.as_bytes())?;
        let log = JsonLines::create(&*storage, &path.join(EVENTS))?;
        let metrics = MetricsCsv::create(&*storage, &path.join(METRICS))?;
        // The elite of another run has no place beside this one's log.
        remove_elite(&*storage, &path)?;
        let elite = SaveElite::new(Arc::clone(&storage), path.clone(), config, one_hot);
        Ok(Self { path, config: Digest::of(text.as_bytes()), log, metrics, elite, _lock: lock })
    }

    /// The files of a run as they stood at a checkpoint: what was written since is cut off.
    pub(crate) fn resume(
        storage: Arc<dyn Storage>,
        path: PathBuf,
        config: &RunConfig,
        one_hot: Option<usize>,
        lock: Option<RunLock>,
        checkpoint: &Checkpoint,
    ) -> Result<Self, Error> {
        let beside = &checkpoint.manifest.beside;
        let changed = |name: &str, what: &str| HpoError::Changed { path: path.join(name), what: what.to_owned() };
        let digest = |name| beside.get(name).ok_or_else(|| changed(name, "the checkpoint does not name it"));
        let text =
            storage.read(&path.join(CONFIG)).map_err(|source| Error::Read { path: path.join(CONFIG), source })?;
        if !digest(CONFIG)?.fits(&text) {
            let what =
                "it was changed since the checkpoint was written, and a run has one configuration from start to end";
            return Err(changed(CONFIG, what).into());
        }
        let log = JsonLines::resume(&*storage, &path.join(EVENTS), digest(EVENTS)?)?;
        let metrics = MetricsCsv::resume(&*storage, &path.join(METRICS), digest(METRICS)?)?;
        let mut elite = SaveElite::new(Arc::clone(&storage), path.clone(), config, one_hot);
        elite.restore(&checkpoint.saved.files)?;
        Ok(Self { path, config: Digest::of(&text), log, metrics, elite, _lock: lock })
    }

    /// What a checkpoint must hold beside the trainer's state, by file name.
    pub(crate) fn save_state(&self) -> BTreeMap<String, Vec<u8>> {
        self.elite.save_state()
    }

    /// How the files stand that grow, made to survive a loss of power.
    pub(crate) fn sync(&mut self) -> Result<BTreeMap<String, Digest>, Error> {
        let failed = |name: &str| {
            let path = self.path.join(name);
            move |source| HpoError::Storage { action: "sync", path, source }
        };
        let (in_events, in_metrics) = (failed(EVENTS), failed(METRICS));
        let events = self.log.digest().map_err(in_events)?;
        let metrics = self.metrics.digest().map_err(in_metrics)?;
        let beside = [(CONFIG, self.config.clone()), (EVENTS, events), (METRICS, metrics)];
        Ok(beside.map(|(name, digest)| (name.to_owned(), digest)).into())
    }
}

impl<O: InputNumber> Observer<Dqn<O>> for RunFolder {
    fn observe(&mut self, event: &Event<'_, Dqn<O>>) -> Result<Flow, ObserverError> {
        // Each does its own, even after another failed: the first error is the one to tell.
        let told = [self.log.observe(event), self.metrics.observe(event), self.elite.observe(event)];
        told.into_iter().collect::<Result<Vec<_>, _>>().map(|_| Flow::Continue)
    }
}

/// Whether a folder holds the files of a run.
pub(crate) fn is_occupied(storage: &dyn Storage, folder: &Path) -> bool {
    [CONFIG, EVENTS, METRICS, RECORD, WEIGHTS].iter().any(|name| storage.size(&folder.join(name)).is_ok())
}
