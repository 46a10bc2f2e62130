//! Logs that a run keeps beside its checkpoints.

use std::path::Path;

use agilerl_storage::{Digest, Storage, StorageError};

use crate::run::event::Observer;

/// An observer that writes one file, which a resumed run continues.
///
/// A checkpoint stores the [`digest`](Self::digest) of each log beside it; the log is [resumed](RunLogKind::resume)
/// from that digest, as if it had never been written further.
pub trait RunLog<A>: Observer<A> + Send {
    /// Returns the name of the file, without its folder.
    fn file_name(&self) -> &str;

    /// Syncs the file, and returns the digest of its content.
    ///
    /// # Errors
    /// If it cannot be synced.
    fn digest(&mut self) -> Result<Digest, StorageError>;
}

type BoxLog<A> = Box<dyn RunLog<A>>;
type Create<A> = fn(&dyn Storage, &Path) -> Result<BoxLog<A>, StorageError>;
type Resume<A> = fn(&dyn Storage, &Path, &Digest) -> Result<BoxLog<A>, StorageError>;

/// A kind of run log: a file name, and how the file is opened. A run keeps a list of them.
///
/// ```
/// use agilerl_hpo::{RunLogKind, toy::Guess};
/// use agilerl_storage::MemoryStorage;
///
/// let kinds: [RunLogKind<Guess>; 2] = [RunLogKind::json_lines("events.jsonl"), RunLogKind::metrics_csv("metrics.csv")];
/// let storage = MemoryStorage::new();
/// for kind in &kinds {
///     let mut log = kind.create(&storage, "".as_ref())?;
///     let digest = log.digest()?;
///     let resumed = kind.resume(&storage, "".as_ref(), &digest)?;
///     assert_eq!(resumed.file_name(), kind.file_name);
/// }
/// # Ok::<(), agilerl_storage::StorageError>(())
/// ```
pub struct RunLogKind<A> {
    /// The name of the file in the folder of the run.
    pub file_name: &'static str,
    /// Creates the file of this path.
    pub create: Create<A>,
    /// Continues the file of this path from the state with this digest.
    pub resume: Resume<A>,
}

impl<A> RunLogKind<A> {
    /// Creates the log in a folder; a file of its name is overwritten. The folder must exist.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(&self, storage: &dyn Storage, folder: &Path) -> Result<BoxLog<A>, StorageError> {
        (self.create)(storage, &folder.join(self.file_name))
    }

    /// Continues the log in a folder from the state with this digest; everything written since is cut off.
    ///
    /// # Errors
    /// If the file is missing, or if its content up to that state has changed.
    pub fn resume(&self, storage: &dyn Storage, folder: &Path, digest: &Digest) -> Result<BoxLog<A>, StorageError> {
        (self.resume)(storage, &folder.join(self.file_name), digest)
    }
}
