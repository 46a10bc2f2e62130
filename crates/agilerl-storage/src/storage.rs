//! Where files are written: through one small trait, so that a fault can be put at every call.

use std::{io, path::Path, sync::Arc};

/// Everything that this project does to files.
pub trait Storage: Send + Sync {
    /// Opens a new, empty file; one of that name loses what it held.
    ///
    /// # Errors
    /// If the file cannot be created.
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>>;

    /// Opens a file behind its first `len` bytes; what it holds beyond them is lost.
    ///
    /// # Errors
    /// If there is no such file, or if it is shorter.
    fn open_at(&self, path: &Path, len: u64) -> io::Result<Box<dyn StorageFile>>;

    /// The whole content of a file.
    ///
    /// # Errors
    /// If the file cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The length of a file in bytes, so that nobody need read one that cannot be right.
    ///
    /// # Errors
    /// If there is no such file.
    fn size(&self, path: &Path) -> io::Result<u64>;

    /// The names of all files and folders in a folder, in alphabetical order.
    ///
    /// # Errors
    /// If there is no such folder.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;

    /// Gives a file or a folder another name, in one step. A file that has the name is replaced; a folder that has it
    /// is not, unless it is empty.
    ///
    /// # Errors
    /// If it cannot be renamed.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// If the file cannot be removed.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// If it holds anything.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

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

impl<S: Storage + ?Sized> Storage for Arc<S> {
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        (**self).create(path)
    }
    fn open_at(&self, path: &Path, len: u64) -> io::Result<Box<dyn StorageFile>> {
        (**self).open_at(path, len)
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        (**self).read(path)
    }
    fn size(&self, path: &Path) -> io::Result<u64> {
        (**self).size(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        (**self).list(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        (**self).rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        (**self).remove(path)
    }
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        (**self).remove_dir(path)
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        (**self).create_dir(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        (**self).sync_dir(path)
    }
}

/// The error of a file that is shorter than it was.
pub(crate) fn too_short(found: u64, len: u64) -> io::Error {
    let message = format!("it holds {found} bytes, and {len} were written to it");
    io::Error::new(io::ErrorKind::UnexpectedEof, message)
}
