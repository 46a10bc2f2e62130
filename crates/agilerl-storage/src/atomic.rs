//! Files and folders whose names survive a loss of power.

use std::{io, path::Path};

use crate::{error::StorageError, storage::Storage};

/// Writes a file so that at every moment, whatever fails, its name stands for the whole old content or the whole new
/// one.
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
/// [`StorageError::Io`] with what failed. The old content is still there, unless only the last step failed: then
/// the new one is, but may not survive a loss of power.
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
        // The first error is the one to tell; that the rest cannot be tidied up is no news then.
        let _ = storage.remove(&temporary);
        return Err(error);
    }
    let folder = folder_of(path);
    storage.sync_dir(folder).map_err(StorageError::at("sync", folder))
}

/// Makes a folder and those above it that are missing, so that they survive a loss of power: the folder above each new one
/// is synced. Folders that are there already are left alone, for they may be anybody's.
///
/// # Errors
/// [`StorageError::Io`] with what failed.
pub fn create_dir_synced(storage: &dyn Storage, path: &Path) -> Result<(), StorageError> {
    let mut missing = Vec::new();
    for folder in path.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
        match storage.list(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(folder),
            // There it is, though only its owner may look into it.
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

/// The folder that holds a name.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file and syncs it. Its name is safe once the folder is synced.
pub fn write_synced(storage: &dyn Storage, path: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    let mut file = storage.create(path).map_err(StorageError::at("create", path))?;
    file.write(bytes).map_err(StorageError::at("write", path))?;
    // Without this a loss of power may leave the new name on an empty file.
    file.sync().map_err(StorageError::at("sync", path))
}
