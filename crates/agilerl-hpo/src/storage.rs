//! Where files are written: through one small trait, so that a fault can be put at every call.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use crate::HpoError;

/// Everything that this project does to files.
pub trait Storage: Send + Sync {
    /// Opens a new, empty file; one of that name loses what it held.
    ///
    /// # Errors
    /// If the file cannot be created.
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>>;

    /// The whole content of a file.
    ///
    /// # Errors
    /// If the file cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Gives a file another name, and replaces a file that has it, in one step.
    ///
    /// # Errors
    /// If the file cannot be renamed.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// If the file cannot be removed.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder and those above it; one that is there already is fine.
    ///
    /// # Errors
    /// If the folder cannot be made.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder survive a loss of power.
    ///
    /// # Errors
    /// If the folder cannot be synced.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

/// A file that is being written.
pub trait StorageFile: Send {
    /// Appends all of these bytes.
    ///
    /// # Errors
    /// If they cannot be written; some of them may have been.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written survive a loss of power.
    ///
    /// # Errors
    /// If the file cannot be synced.
    fn sync(&mut self) -> io::Result<()>;
}

/// Writes a file so that at every moment, whatever fails, its name stands for the whole old content or the whole new
/// one.
///
/// ```
/// use agilerl_hpo::{MemoryStorage, Storage, write_atomically};
///
/// let storage = MemoryStorage::new();
/// write_atomically(&storage, "elite.json".as_ref(), b"{}")?;
/// assert_eq!(storage.read("elite.json".as_ref())?, b"{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`HpoError::Storage`] with what failed. The old content is still there, unless only the last step failed: then
/// the new one is, but may not survive a loss of power.
///
/// # Panics
/// If `path` names no file.
pub fn write_atomically(storage: &dyn Storage, path: &Path, bytes: &[u8]) -> Result<(), HpoError> {
    let name = path.file_name().expect("a path to a file").to_string_lossy();
    // Beside the target: a name in another folder might be on another disk, where a rename is a copy.
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    let at = |action, path: &Path| {
        let path = path.to_owned();
        move |source| HpoError::Storage { action, path, source }
    };
    let fill = || {
        let mut file = storage.create(&temporary).map_err(at("create", &temporary))?;
        file.write(bytes).map_err(at("write", &temporary))?;
        // Without this a loss of power may leave the new name on an empty file.
        file.sync().map_err(at("sync", &temporary))?;
        drop(file);
        storage.rename(&temporary, path).map_err(at("rename to", path))
    };
    if let Err(error) = fill() {
        // The first error is the one to tell; that the rest cannot be tidied up is no news then.
        let _ = storage.remove(&temporary);
        return Err(error);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    storage.sync_dir(folder).map_err(at("sync", folder))
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Storage for Disk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(DiskFile(File::create(path)?)))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        // Other systems than Unix cannot open a folder, and keep its names safe themselves.
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }
}

struct DiskFile(File);

impl StorageFile for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}

/// Files in memory, for tests: any call can be made to fail. Clones share the same files.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    state: Arc<Mutex<MemoryState>>,
}

#[derive(Debug, Default)]
struct MemoryState {
    files: BTreeMap<PathBuf, Vec<u8>>,
    folders: BTreeSet<PathBuf>,
    calls: Vec<String>,
    fails: Option<usize>,
}

impl MemoryStorage {
    /// Without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets call number `call` fail, counted from 0 over the whole life of this storage. A write that fails leaves
    /// the first half of its bytes behind.
    #[must_use]
    pub fn failing_at(self, call: usize) -> Self {
        self.lock().fails = Some(call);
        self
    }

    /// All calls so far: `"create elite.json"`.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// The names of all files, in alphabetical order.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.lock().files.keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, MemoryState> {
        // A test that panics elsewhere leaves the files as they are.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl MemoryState {
    fn call(&mut self, name: &str, path: &Path) -> io::Result<()> {
        let number = self.calls.len();
        self.calls.push(format!("{name} {}", path.display()));
        if self.fails == Some(number) {
            return Err(io::Error::other(format!("call {number} ({name} {}) was told to fail", path.display())));
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> io::Result<&mut Vec<u8>> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("no file {}", path.display()));
        self.files.get_mut(path).ok_or_else(missing)
    }
}

impl Storage for MemoryStorage {
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        let mut state = self.lock();
        state.call("create", path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !state.folders.contains(*folder)) {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("no folder {}", folder.display())));
        }
        state.files.insert(path.to_owned(), Vec::new());
        Ok(Box::new(MemoryFile { storage: self.clone(), path: path.to_owned() }))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut state = self.lock();
        state.call("read", path)?;
        state.file(path).cloned()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.call("rename", to)?;
        let content = std::mem::take(state.file(from)?);
        state.files.remove(from);
        state.files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.call("remove", path)?;
        state.file(path)?;
        state.files.remove(path);
        Ok(())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.call("create_dir", path)?;
        state.folders.extend(path.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.lock().call("sync_dir", path)
    }
}

struct MemoryFile {
    storage: MemoryStorage,
    path: PathBuf,
}

impl StorageFile for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.storage.lock();
        let result = state.call("write", &self.path);
        let written = if result.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
        state.file(&self.path)?.extend_from_slice(written);
        result
    }

    fn sync(&mut self) -> io::Result<()> {
        self.storage.lock().call("sync", &self.path)
    }
}
