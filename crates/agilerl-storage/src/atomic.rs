//! Files and folders whose names survive a loss of power.

use std::{io, path::Path};

use crate::{error::StorageError, storage::Storage};

/// Writes a file so that at every moment, whichever call fails, it has either the whole old content or the whole new
/// content.
///
/// ```
/// use agilerl_storage::{MemoryStorage, Storage, write_atomically};
///
/// let storage = MemoryStorage::new();
/// write_atomically(&storage, "elite.json".as_ref(), b"{}")?;
/// assert_eq!(storage.read("elite.json".as_ref())?, b"{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StorageError::Io`] with the call that failed. The file has its old content, unless only the last call failed: then
/// it has the new content, which may not survive a loss of power.
///
/// # Panics
/// If `path` names no file.
pub fn write_atomically(storage: &dyn Storage, path: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    let name = path.file_name().expect("a path to a file").to_string_lossy();
    // Beside the target: a name in another folder might be on another disk, where a rename is a copy.
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    let fill = || {
        write_synced(storage, &temporary, bytes)?;
        storage.rename(&temporary, path).map_err(StorageError::at("rename to", path))
    };
    if let Err(error) = fill() {
        // The first error is reported, even if the temporary file cannot be removed.
        let _ = storage.remove(&temporary);
        return Err(error);
    }
    let folder = folder_of(path);
    storage.sync_dir(folder).map_err(StorageError::at("sync", folder))
}

/// Creates a folder and all missing folders above it, and syncs the folder above each new one, so that they survive a
/// loss of power. Existing folders are not touched: they may belong to other programs.
///
/// # Errors
/// [`StorageError::Io`] with the call that failed.
pub fn create_dir_synced(storage: &dyn Storage, path: &Path) -> Result<(), StorageError> {
    let mut missing = Vec::new();
    for folder in path.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
        match storage.list(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(folder),
            // The folder exists, though only its owner may list it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => break,
            Err(error) => return Err(StorageError::at("list", folder)(error)),
            Ok(_) => break,
        }
    }
    for folder in missing.into_iter().rev() {
        storage.create_dir(folder).map_err(StorageError::at("create", folder))?;
        let above = folder_of(folder);
        storage.sync_dir(above).map_err(StorageError::at("sync", above))?;
    }
    Ok(())
}

/// Returns the folder of a file.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file and syncs it. Its name survives a loss of power once its folder is synced.
pub fn write_synced(storage: &dyn Storage, path: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    let mut file = storage.create(path).map_err(StorageError::at("create", path))?;
    file.write(bytes).map_err(StorageError::at("write", path))?;
    // Without this a loss of power may leave the new name on an empty file.
    file.sync().map_err(StorageError::at("sync", path))
}
