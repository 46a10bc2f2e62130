//! A file that only grows, and knows the digest of its content.

use std::path::{Path, PathBuf};

use crate::{
    digest::Digest,
    error::StorageError,
    storage::{Storage, StorageFile},
};

/// A log that can be cut back to an earlier state and continued, so that a resumed run writes to the same file.
pub struct LogFile {
    path: PathBuf,
    file: Box<dyn StorageFile>,
    bytes: u64,
    hasher: blake3::Hasher,
}

impl LogFile {
    /// Creates an empty log; a file of that name is overwritten. The folder must exist.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(storage: &dyn Storage, path: &Path) -> Result<Self, StorageError> {
        let file = storage.create(path).map_err(StorageError::at("create", path))?;
        Ok(Self { path: path.to_owned(), file, bytes: 0, hasher: blake3::Hasher::new() })
    }

    /// Continues a log from the state with this [`digest`](Self::digest); all bytes written since are cut off.
    ///
    /// # Errors
    /// If the file is missing, or if its content up to that state has changed.
    pub fn resume(storage: &dyn Storage, path: &Path, digest: &Digest) -> Result<Self, StorageError> {
        let content = storage.read(path).map_err(StorageError::at("read", path))?;
        let kept = usize::try_from(digest.bytes).ok().and_then(|bytes| content.get(..bytes));
        let Some(kept) = kept.filter(|kept| digest.fits(kept)) else {
            let (path, bytes) = (path.to_owned(), digest.bytes);
            return Err(StorageError::Changed {
                path,
                what: format!("its first {bytes} bytes are not those of the run"),
            });
        };
        let mut hasher = blake3::Hasher::new();
        hasher.update(kept);
        let file = storage.open_at(path, digest.bytes).map_err(StorageError::at("open", path))?;
        Ok(Self { path: path.to_owned(), file, bytes: digest.bytes, hasher })
    }

    /// Appends the bytes.
    ///
    /// # Errors
    /// If they cannot be written; the error names the file.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.file.write(bytes).map_err(StorageError::at("write to", &self.path))?;
        self.bytes += bytes.len() as u64;
        self.hasher.update(bytes);
        Ok(())
    }

    /// Syncs the file: the bytes written so far survive a loss of power.
    ///
    /// # Errors
    /// If the file cannot be synced; the error names it.
    pub fn sync(&mut self) -> Result<(), StorageError> {
        self.file.sync().map_err(StorageError::at("sync", &self.path))
    }

    /// Returns the name of the file, without its folder.
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Returns whether nothing has been written to it yet.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Returns the digest of its content.
    pub fn digest(&self) -> Digest {
        Digest { bytes: self.bytes, blake3: self.hasher.finalize().to_hex().to_string() }
    }
}
