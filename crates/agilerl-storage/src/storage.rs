//! The trait through which all files are read and written, so that a test can make any call fail.

use std::{io, path::Path, sync::Arc};

/// A place that holds files: the disk, or memory in a test.
pub trait Storage: Send + Sync {
    /// Creates an empty file and opens it. A file of that name is emptied.
    ///
    /// # Errors
    /// If the file cannot be created.
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>>;

    /// Cuts a file to its first `len` bytes and opens it to append.
    ///
    /// # Errors
    /// If there is no such file, or if it is shorter.
    fn open_at(&self, path: &Path, len: u64) -> io::Result<Box<dyn StorageFile>>;

    /// Returns the content of a file.
    ///
    /// # Errors
    /// If the file cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Returns the length of a file in bytes, so that a file of the wrong length need not be read.
    ///
    /// # Errors
    /// If there is no such file.
    fn size(&self, path: &Path) -> io::Result<u64>;

    /// Returns the names of all files and folders in a folder, in alphabetical order.
    ///
    /// # Errors
    /// If there is no such folder.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;

    /// Renames a file or a folder in one step. A file that has the new name is replaced; a folder that has it is
    /// replaced only if it is empty.
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
    /// If the folder is not empty.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Creates a folder and all missing folders above it. An existing folder is no error.
    ///
    /// # Errors
    /// If the folder cannot be created.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Syncs a folder: the names in it survive a loss of power.
    ///
    /// # Errors
    /// If the folder cannot be synced.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

/// A file that is open for writing.
pub trait StorageFile: Send {
    /// Appends the bytes.
    ///
    /// # Errors
    /// If they cannot be written; some of them may have been.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Syncs the file: the bytes written so far survive a loss of power.
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

/// Returns the error of a file that is shorter than it was.
pub(crate) fn too_short(found: u64, len: u64) -> io::Error {
    let message = format!("it holds {found} bytes, and {len} were written to it");
    io::Error::new(io::ErrorKind::UnexpectedEof, message)
}
