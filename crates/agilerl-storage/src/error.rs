//! Errors of files.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// A file could not be written or read.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The action that failed: `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A file does not hold the bytes that were written to it.
    #[error("{} is not what this run wrote: {what}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The difference that was found.
        what: String,
    },
}

impl StorageError {
    /// Returns a closure that adds the action and the path to an error of the system.
    ///
    /// ```
    /// use agilerl_storage::{MemoryStorage, Storage, StorageError};
    ///
    /// let path = std::path::Path::new("elite.json");
    /// let error = MemoryStorage::new().read(path).map_err(StorageError::at("read", path)).unwrap_err();
    /// assert_eq!(error.to_string(), "cannot read elite.json");
    /// ```
    pub fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
