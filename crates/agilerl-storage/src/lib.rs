//! Files that survive faults. This crate knows no run, no individual and no algorithm: it writes bytes so that a file is
//! whole or not there, and recognises bytes by their digests.
//!
//! All access goes through the trait [`Storage`]: [`Disk`] is the file system, and [`MemoryStorage`] is a file system for
//! tests in which any call can be made to fail and the power can be cut.
//!
//! ```
//! use agilerl_storage::{Digest, LogFile, MemoryStorage, Storage, write_atomically};
//!
//! let storage = MemoryStorage::new();
//! write_atomically(&storage, "settings.toml".as_ref(), b"seed = 1")?;
//!
//! // A log that is cut back to a known state, and continued.
//! let mut log = LogFile::create(&storage, "events.log".as_ref())?;
//! log.write(b"first\n")?;
//! let digest: Digest = log.digest();
//! log.write(b"lost\n")?;
//! LogFile::resume(&storage, "events.log".as_ref(), &digest)?.write(b"second\n")?;
//! assert_eq!(storage.read("events.log".as_ref())?, b"first\nsecond\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod storage;

mod disk;
mod memory;

mod atomic;
mod digest;
mod error;
mod log_file;

pub use atomic::{create_dir_synced, write_atomically, write_synced};
pub use digest::Digest;
pub use disk::Disk;
pub use error::StorageError;
pub use log_file::LogFile;
pub use memory::MemoryStorage;
pub use storage::{Storage, StorageFile};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
