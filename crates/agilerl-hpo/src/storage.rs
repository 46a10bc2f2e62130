//! Where files are written: through one small trait, so that a fault can be put at every call.

mod memory_storage;

use std::{
    fs::{self, File},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::Path,
    sync::Arc,
};

pub use memory_storage::MemoryStorage;

use crate::HpoError;

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
    let fill = || {
        write_synced(storage, &temporary, bytes)?;
        storage.rename(&temporary, path).map_err(at("rename to", path))
    };
    if let Err(error) = fill() {
        // The first error is the one to tell; that the rest cannot be tidied up is no news then.
        let _ = storage.remove(&temporary);
        return Err(error);
    }
    let folder = folder_of(path);
    storage.sync_dir(folder).map_err(at("sync", folder))
}

/// Makes a folder and those above it that are missing, so that they survive a loss of power: the folder above each new one
/// is synced. Folders that are there already are left alone, for they may be anybody's.
///
/// # Errors
/// [`HpoError::Storage`] with what failed.
pub fn create_dir_synced(storage: &dyn Storage, path: &Path) -> Result<(), HpoError> {
    let mut missing = Vec::new();
    for folder in path.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
        match storage.list(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(folder),
            // There it is, though only its owner may look into it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => break,
            Err(error) => return Err(at("list", folder)(error)),
            Ok(_) => break,
        }
    }
    for folder in missing.into_iter().rev() {
        storage.create_dir(folder).map_err(at("create", folder))?;
        let above = folder_of(folder);
        storage.sync_dir(above).map_err(at("sync", above))?;
    }
    Ok(())
}

/// The folder that holds a name.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file and syncs it. Its name is safe once the folder is synced.
pub(crate) fn write_synced(storage: &dyn Storage, path: &Path, bytes: &[u8]) -> Result<(), HpoError> {
    let mut file = storage.create(path).map_err(at("create", path))?;
    file.write(bytes).map_err(at("write", path))?;
    // Without this a loss of power may leave the new name on an empty file.
    file.sync().map_err(at("sync", path))
}

/// Gives an error of the storage its place.
pub(crate) fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> HpoError {
    let path = path.to_owned();
    move |source| HpoError::Storage { action, path, source }
}

fn too_short(found: u64, len: u64) -> io::Error {
    let message = format!("it holds {found} bytes, and {len} were written to it");
    io::Error::new(io::ErrorKind::UnexpectedEof, message)
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Storage for Disk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(DiskFile(File::create(path)?)))
    }

    fn open_at(&self, path: &Path, len: u64) -> io::Result<Box<dyn StorageFile>> {
        let mut file = File::options().write(true).open(path)?;
        let found = file.metadata()?.len();
        if found < len {
            return Err(too_short(found, len));
        }
        file.set_len(len)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Box::new(DiskFile(file)))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        let mut names = fs::read_dir(path)?.map(name).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
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
