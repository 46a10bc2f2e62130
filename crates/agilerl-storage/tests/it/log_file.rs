//! A log that grows, and is cut back.

use std::path::Path;

use agilerl_storage::{Digest, LogFile, MemoryStorage, Storage, StorageError};

const LOG: &str = "log";

/// A log of "abc", and its digest.
fn abc(storage: &MemoryStorage) -> (LogFile, Digest) {
    let mut log = LogFile::create(storage, LOG.as_ref()).expect("it is memory");
    assert!(log.is_empty());
    log.write(b"abc").expect("it is memory");
    let digest = log.digest();
    (log, digest)
}

#[test]
fn a_digest_is_of_all_bytes_written_so_far() {
    let (mut log, digest) = abc(&MemoryStorage::new());
    assert_eq!(digest, Digest::of(b"abc"));
    assert!(digest.fits(b"abc") && !digest.fits(b"abd") && !digest.fits(b"ab"));
    log.write(b"de").expect("it is memory");
    assert_eq!(log.digest(), Digest::of(b"abcde"));
    assert!(!log.is_empty());
}

#[test]
fn a_resumed_log_is_cut_back_and_goes_on_as_if_it_had_never_been_written_further() {
    let storage = MemoryStorage::new();
    let (mut log, digest) = abc(&storage);
    log.write(b"lost").expect("it is memory");
    let mut log = LogFile::resume(&storage, LOG.as_ref(), &digest).expect("it is as it was");
    log.write(b"de").expect("it is memory");
    assert_eq!(log.digest(), Digest::of(b"abcde"));
    assert_eq!(storage.read(LOG.as_ref()).expect("it is there"), b"abcde");
}

#[test]
fn a_log_that_was_changed_or_is_shorter_or_missing_is_not_resumed() {
    let storage = MemoryStorage::new();
    let (_, digest) = abc(&storage);
    let resume = |path: &str| LogFile::resume(&storage, path.as_ref(), &digest).err().expect("it is refused");
    for change in [|bytes: &mut Vec<u8>| bytes[1] = b'x', |bytes: &mut Vec<u8>| bytes.truncate(2)] {
        storage.tamper(LOG.as_ref(), change);
        let error = resume(LOG);
        assert!(matches!(error, StorageError::Changed { .. }), "{error:?}");
        assert_eq!(error.to_string(), "log is not what this run wrote: its first 3 bytes are not those of the run");
    }
    let error = resume("other");
    assert!(matches!(&error, StorageError::Io { action: "read", path, .. } if path == Path::new("other")), "{error:?}");
}

#[test]
fn what_was_synced_survives_a_loss_of_power() {
    let storage = MemoryStorage::new();
    let (mut log, digest) = abc(&storage);
    storage.sync_dir(".".as_ref()).expect("it is memory");
    log.sync().expect("it is memory");
    log.write(b"de").expect("it is memory");
    storage.cut_power();
    assert!(digest.fits(&storage.read(LOG.as_ref()).expect("its name was synced")));
}

#[test]
fn the_name_of_a_log_has_no_folder() {
    let storage = MemoryStorage::new();
    storage.create_dir("runs/1".as_ref()).expect("it is memory");
    let log = LogFile::create(&storage, "runs/1/events.jsonl".as_ref()).expect("it is memory");
    assert_eq!(log.name(), "events.jsonl");
}
