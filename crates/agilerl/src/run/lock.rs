//! The lock of a run's folder: one run at a time works there.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use agilerl_storage::StorageError;

use crate::error::Error;

/// The lock of a folder that this run works in. The system releases it when the process ends, however it ends.
pub(crate) struct RunLock(File);

const LOCK: &str = "run.lock";

impl RunLock {
    /// Returns the path of the lock in this folder.
    pub(crate) fn path(folder: &Path) -> PathBuf {
        folder.join(LOCK)
    }

    /// Takes the lock.
    ///
    /// # Errors
    /// [`Error::InUse`] at once, if another run works there.
    pub(crate) fn take(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(LOCK);
        let failed = |action| {
            let at = StorageError::at(action, &path);
            move |source| Error::Storage(at(source))
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

    /// Whether the locked file still has its name; `false` if no file has it.
    ///
    /// # Errors
    /// [`Error::LockLost`] if another file has the name: another run made it, and works or has worked there.
    pub(crate) fn is_in_place(&self, folder: &Path) -> Result<bool, Error> {
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

/// Tries for a fifth of a second: a process that is being started on another thread holds copies of all open files for some
/// milliseconds, also those of a run that has just ended.
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

/// An open file cannot lose its name on this system.
#[cfg(not(unix))]
fn is_same(_one: &File, _other: &File) -> std::io::Result<bool> {
    Ok(true)
}

/// The process that a lock names, in words for a message; empty if it names none.
fn process_in(lock: &mut File) -> String {
    let mut by = String::new();
    let _ = lock.read_to_string(&mut by);
    if by.trim().is_empty() { String::new() } else { format!(" (process {})", by.trim()) }
}
