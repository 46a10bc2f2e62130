//! Checkpoints on disk: folders that are complete or absent.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use agilerl_storage::{Digest, Storage, StorageError, write_atomically, write_synced};

use crate::error::HpoError;
use crate::resume::manifest::{Manifest, Segment};
use crate::resume::trainer_state::TrainerState;

const MANIFEST: &str = "manifest.json";
/// A manifest has some kilobytes; a larger file is not read.
const LARGEST_MANIFEST: u64 = 1 << 20;
/// At this number of segments all items are written again, as one segment.
const MOST_SEGMENTS: usize = 64;

/// The checkpoints of a run.
///
/// ```text
/// checkpoints/000012/manifest.json       the parts of the checkpoint, with lengths and digests
/// checkpoints/000012/progress.json, ..   the state after 12 generations (000012-0003: and 3 rounds)
/// memory/000000060000-000000120000.rows  items of the shared state, in segments that several checkpoints use
/// ```
///
/// A checkpoint is written under a temporary name in the same folder, synced and renamed; then that folder is synced.
/// The folder of the run is synced before, so that the logs beside a checkpoint exist as long as the checkpoint does.
/// At every moment, whichever call fails, the checkpoint before is intact. The folder of the run itself must be created
/// by [`create_dir_synced`](agilerl_storage::create_dir_synced). Afterwards all checkpoints but the `keep` newest are
/// removed. Only files that a manifest of this run names, and files and folders with names that only this code gives,
/// are ever removed.
pub struct Checkpoints {
    storage: Arc<dyn Storage>,
    run: PathBuf,
    keep: usize,
    /// The intact checkpoints, the oldest first.
    kept: Vec<(Name, Manifest)>,
}

/// An intact checkpoint, as it was read.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Its manifest.
    pub manifest: Manifest,
    /// The state of the trainer, with all other files that were saved with it.
    pub saved: TrainerState,
    /// The items of the shared state, in segments.
    pub segments: Vec<(Range<u64>, Vec<u8>)>,
    /// Newer checkpoints that are not intact, with the faults.
    pub passed_over: Vec<String>,
}

impl Checkpoints {
    /// Prepares the checkpoints of a new run. Checkpoints of an earlier run in this folder are removed for good, even
    /// if the power is lost.
    ///
    /// # Errors
    /// If the folders cannot be created or cleaned.
    pub fn begin(storage: Arc<dyn Storage>, run: &Path, keep: usize) -> Result<Self, HpoError> {
        let mut checkpoints = Self::new(storage, run, keep)?;
        checkpoints.remove_leftovers()?;
        for name in checkpoints.names()? {
            match checkpoints.manifest(name) {
                Ok(manifest) => checkpoints.kept.push((name, manifest)),
                // An unreadable checkpoint may belong to another program, but its name is needed.
                Err(_) => checkpoints.set_aside(name)?,
            }
        }
        let old = std::mem::take(&mut checkpoints.kept);
        checkpoints.hide(&old)?;
        // Files are removed only once their checkpoint has lost its name for good, so that no half of it returns after
        // a loss of power.
        checkpoints.sync(&checkpoints.folder())?;
        checkpoints.forget(&old, u64::MAX)?;
        checkpoints.sync(&checkpoints.folder())?;
        checkpoints.sync(&checkpoints.memory())?;
        Ok(checkpoints)
    }

    /// Opens the checkpoints of a run, and reads the newest intact one; none if the run was stopped before its first
    /// checkpoint. Newer checkpoints that are not intact are renamed to `<name>.set-aside-<n>`.
    ///
    /// # Errors
    /// [`HpoError::NoWholeCheckpoint`] if there are checkpoints and none is intact; [`HpoError::NewerFormat`] or
    /// [`HpoError::OlderFormat`]; or if the folder cannot be read.
    pub fn resume(storage: Arc<dyn Storage>, run: &Path, keep: usize) -> Result<(Self, Option<Checkpoint>), HpoError> {
        let mut checkpoints = Self::new(storage, run, keep)?;
        checkpoints.remove_leftovers()?;
        let names = checkpoints.names()?;
        let mut passed_over = Vec::new();
        for (index, &name) in names.iter().enumerate().rev() {
            match checkpoints.load(name) {
                Ok(mut checkpoint) => {
                    for &broken in &names[index + 1..] {
                        checkpoints.set_aside(broken)?;
                    }
                    for &older in &names[..index] {
                        checkpoints.kept.extend(checkpoints.manifest(older).ok().map(|manifest| (older, manifest)));
                    }
                    checkpoints.kept.push((name, checkpoint.manifest.clone()));
                    checkpoint.passed_over = passed_over;
                    return Ok((checkpoints, Some(checkpoint)));
                }
                Err(error @ (HpoError::NewerFormat { .. } | HpoError::OlderFormat { .. })) => return Err(error),
                Err(error) => passed_over.push(format!("{name}: {}", with_causes(&error))),
            }
        }
        if passed_over.is_empty() {
            return Ok((checkpoints, None));
        }
        Err(HpoError::NoWholeCheckpoint { folder: checkpoints.folder(), reasons: passed_over })
    }

    /// Writes a checkpoint, and removes the oldest ones. `items` are the numbers of the items in the shared state,
    /// `save_items` returns the bytes of the items that no earlier checkpoint holds, and `run_files` has the digests of
    /// the run's logs. The content of the logs must be synced; their names are synced here, with the folder of the run.
    ///
    /// # Errors
    /// If a file cannot be written. The newest checkpoint is then the one before, unless only the removal of old ones
    /// failed.
    pub fn write(
        &mut self,
        saved: &TrainerState,
        items: Range<u64>,
        save_items: impl FnOnce(Range<u64>) -> Result<Vec<u8>, HpoError>,
        run_files: BTreeMap<String, Digest>,
        versions: BTreeMap<String, String>,
    ) -> Result<(), HpoError> {
        let name = Name { generation: saved.generation, round: saved.round };
        if self.kept.last().is_some_and(|(newest, _)| *newest == name) {
            return Ok(()); // there it is
        }
        let segments = self.write_segments(items, save_items)?;
        let files = saved.files.iter().map(|(file, content)| (file.clone(), Digest::of(content))).collect();
        let (generation, round) = (saved.generation, saved.round);
        let manifest = Manifest { schema: Manifest::SCHEMA, versions, generation, round, files, segments, run_files };
        let (temporary, place) = (self.folder().join(format!(".{name}.tmp")), self.folder().join(name.to_string()));
        self.storage.create_dir(&temporary).map_err(StorageError::at("create", &temporary))?;
        for (file, content) in &saved.files {
            write_synced(&*self.storage, &temporary.join(file), content)?;
        }
        write_synced(&*self.storage, &temporary.join(MANIFEST), &manifest.to_bytes())?;
        self.sync(&temporary)?;
        // The logs are synced, but not yet their names: after a loss of power there must be no checkpoint without its
        // logs.
        self.sync(&self.run)?;
        self.storage.rename(&temporary, &place).map_err(StorageError::at("rename to", &place))?;
        self.sync(&self.folder())?;
        self.kept.push((name, manifest));
        self.prune()
    }

    /// Returns the folder of the checkpoints.
    pub fn folder(&self) -> PathBuf {
        self.run.join("checkpoints")
    }

    /// Returns the generations and rounds done at the newest intact checkpoint.
    pub fn newest(&self) -> Option<(u64, usize)> {
        self.kept.last().map(|(name, _)| (name.generation, name.round))
    }

    fn new(storage: Arc<dyn Storage>, run: &Path, keep: usize) -> Result<Self, HpoError> {
        let checkpoints = Self { storage, run: run.to_owned(), keep: keep.max(1), kept: Vec::new() };
        for folder in [checkpoints.folder(), checkpoints.memory()] {
            checkpoints.storage.create_dir(&folder).map_err(StorageError::at("create", &folder))?;
        }
        checkpoints.sync(run)?;
        Ok(checkpoints)
    }

    fn memory(&self) -> PathBuf {
        self.run.join("memory")
    }

    fn sync(&self, folder: &Path) -> Result<(), HpoError> {
        Ok(self.storage.sync_dir(folder).map_err(StorageError::at("sync", folder))?)
    }

    fn list(&self, folder: &Path) -> Result<Vec<String>, HpoError> {
        Ok(self.storage.list(folder).map_err(StorageError::at("list", folder))?)
    }

    /// Returns all folders with the name of a checkpoint, the oldest first.
    fn names(&self) -> Result<Vec<Name>, HpoError> {
        let mut names: Vec<Name> = self.list(&self.folder())?.iter().filter_map(|name| Name::parse(name)).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Writes the items that no checkpoint holds yet, and returns the segments of all items.
    fn write_segments(
        &self,
        items: Range<u64>,
        save_items: impl FnOnce(Range<u64>) -> Result<Vec<u8>, HpoError>,
    ) -> Result<Vec<Segment>, HpoError> {
        let known = self.kept.last().map_or(&[][..], |(_, manifest)| &manifest.segments);
        let mut segments: Vec<Segment> = known.iter().filter(|segment| segment.end > items.start).cloned().collect();
        let begins = segments.first().is_none_or(|first| first.first <= items.start);
        let mut from = segments.last().map_or(items.start, |last| last.end);
        if !begins || from > items.end || segments.len() >= MOST_SEGMENTS {
            segments.clear();
            from = items.start;
        }
        if from < items.end || segments.is_empty() {
            let content = save_items(from..items.end)?;
            let segment = Segment { first: from, end: items.end, digest: Digest::of(&content) };
            write_atomically(&*self.storage, &self.memory().join(segment.file()), &content)?;
            segments.push(segment);
        }
        Ok(segments)
    }

    fn prune(&mut self) -> Result<(), HpoError> {
        let surplus = self.kept.len().saturating_sub(self.keep);
        let old: Vec<_> = self.kept.drain(..surplus).collect();
        let oldest = self.kept.iter().filter_map(|(_, manifest)| Some(manifest.segments.first()?.first)).min();
        self.hide(&old)?;
        self.forget(&old, oldest.unwrap_or(0))
    }

    /// Renames checkpoints before their files are removed, so that half of one is never taken for a checkpoint.
    fn hide(&self, old: &[(Name, Manifest)]) -> Result<(), HpoError> {
        for (name, _) in old {
            let (place, hidden) = (self.folder().join(name.to_string()), self.hidden(*name));
            self.storage.rename(&place, &hidden).map_err(StorageError::at("rename to", &hidden))?;
        }
        Ok(())
    }

    fn hidden(&self, name: Name) -> PathBuf {
        self.folder().join(format!(".{name}.old"))
    }

    /// Removes these hidden checkpoints, the segments that only they needed, and segments that end before `oldest`.
    fn forget(&self, old: &[(Name, Manifest)], oldest: u64) -> Result<(), HpoError> {
        for (name, manifest) in old {
            let hidden = self.hidden(*name);
            let mut files: Vec<&str> = manifest.files.keys().map(String::as_str).collect();
            files.push(MANIFEST);
            self.remove_folder(&hidden, &files);
        }
        let (needed, named) = (segment_files(&self.kept), segment_files(old));
        for file in self.list(&self.memory())? {
            let is_past = Segment::span(&file).is_some_and(|span| span.end <= oldest);
            // A segment without items ends at `oldest`, and may still be needed.
            if (named.contains(&file) || is_past) && !needed.contains(&file) {
                let path = self.memory().join(&file);
                self.storage.remove(&path).map_err(StorageError::at("remove", &path))?;
            }
        }
        Ok(())
    }

    /// Removes the files that a stop in the middle of a checkpoint left.
    fn remove_leftovers(&self) -> Result<(), HpoError> {
        for name in self.list(&self.folder())? {
            let hidden =
                name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp").or(name.strip_suffix(".old")));
            if hidden.is_some_and(|name| Name::parse(name).is_some()) {
                let folder = self.folder().join(&name);
                let files = self.list(&folder)?;
                self.remove_folder(&folder, &files.iter().map(String::as_str).collect::<Vec<_>>());
            }
        }
        for name in self.list(&self.memory())? {
            let hidden = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp"));
            if hidden.is_some_and(|name| Segment::span(name).is_some()) {
                let _ = self.storage.remove(&self.memory().join(&name));
            }
        }
        Ok(())
    }

    /// Removes these files, and the folder if nothing else is in it. Errors are ignored: remaining files do no harm.
    fn remove_folder(&self, folder: &Path, files: &[&str]) {
        for file in files {
            let _ = self.storage.remove(&folder.join(file));
        }
        let _ = self.storage.remove_dir(folder);
    }

    /// Renames an unusable checkpoint to `<name>.set-aside-<n>`; it is never removed.
    fn set_aside(&self, name: Name) -> Result<(), HpoError> {
        let taken = self.list(&self.folder())?;
        let free = (1..).map(|n| format!("{name}.set-aside-{n}")).find(|free| !taken.contains(free));
        let (from, to) = (self.folder().join(name.to_string()), self.folder().join(free.expect("numbers go on")));
        Ok(self.storage.rename(&from, &to).map_err(StorageError::at("rename to", &to))?)
    }

    fn load(&self, name: Name) -> Result<Checkpoint, HpoError> {
        let manifest = self.manifest(name)?;
        let folder = self.folder().join(name.to_string());
        let mut files = BTreeMap::new();
        for (file, digest) in &manifest.files {
            files.insert(file.clone(), self.read_checked(&folder.join(file), digest)?);
        }
        let mut segments = Vec::new();
        for segment in &manifest.segments {
            let content = self.read_checked(&self.memory().join(segment.file()), &segment.digest)?;
            segments.push((segment.first..segment.end, content));
        }
        let saved = TrainerState { generation: manifest.generation, round: manifest.round, files };
        Ok(Checkpoint { manifest, saved, segments, passed_over: Vec::new() })
    }

    fn manifest(&self, name: Name) -> Result<Manifest, HpoError> {
        let path = self.folder().join(name.to_string()).join(MANIFEST);
        if self.storage.size(&path).map_err(StorageError::at("read", &path))? > LARGEST_MANIFEST {
            let what = format!("it is larger than {LARGEST_MANIFEST} bytes");
            return Err(StorageError::Changed { path, what }.into());
        }
        let manifest = Manifest::parse(&self.storage.read(&path).map_err(StorageError::at("read", &path))?, &path)?;
        if (manifest.generation, manifest.round) != (name.generation, name.round) {
            let what = "it is the manifest of another checkpoint".to_owned();
            return Err(StorageError::Changed { path, what }.into());
        }
        Ok(manifest)
    }

    /// Reads a file and checks its digest. The length is checked first, so that a file of the wrong length is not read.
    fn read_checked(&self, path: &Path, digest: &Digest) -> Result<Vec<u8>, HpoError> {
        let changed = |what: String| HpoError::from(StorageError::Changed { path: path.to_owned(), what });
        let found = self.storage.size(path).map_err(StorageError::at("read", path))?;
        if found != digest.bytes {
            return Err(changed(format!("it has {found} bytes instead of {}", digest.bytes)));
        }
        let content = self.storage.read(path).map_err(StorageError::at("read", path))?;
        if digest.fits(&content) { Ok(content) } else { Err(changed("its digest is another one".to_owned())) }
    }
}

fn segment_files(checkpoints: &[(Name, Manifest)]) -> BTreeSet<String> {
    checkpoints.iter().flat_map(|(_, manifest)| &manifest.segments).map(Segment::file).collect()
}

/// The position of a checkpoint in the run, which is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    generation: u64,
    round: usize,
}

impl Name {
    fn parse(text: &str) -> Option<Self> {
        let (generation, round) = text.split_once('-').unwrap_or((text, "0"));
        let name = Self { generation: generation.parse().ok()?, round: round.parse().ok()? };
        (name.to_string() == text).then_some(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.generation)?;
        if self.round == 0 { Ok(()) } else { write!(f, "-{:04}", self.round) }
    }
}

fn with_causes(error: &HpoError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
