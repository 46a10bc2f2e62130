//! Files, and what is left of them when a call fails.

use std::path::Path;

use agilerl_storage::{Disk, MemoryStorage, Storage, StorageError, create_dir_synced, write_atomically};

#[test]
fn an_atomic_write_goes_by_a_temporary_name_and_syncs_before_it_renames() {
    let storage = MemoryStorage::new();
    storage.create_dir("out".as_ref()).expect("it is memory");
    write_atomically(&storage, "out/elite.json".as_ref(), b"new").expect("nothing fails");
    let expected = [
        "create_dir out",
        "create out/.elite.json.tmp",
        "write out/.elite.json.tmp",
        "sync out/.elite.json.tmp",
        "rename out/elite.json",
        "sync_dir out",
    ];
    assert_eq!(storage.calls(), expected);
}

#[test]
fn whichever_call_fails_the_name_stands_for_the_old_or_the_new_content() {
    let path = Path::new("elite.json");
    for call in 0..5 {
        let storage = MemoryStorage::new();
        write_atomically(&storage, path, b"old content").expect("nothing fails");
        let done = storage.calls().len();
        let storage = storage.failing_at(done + call);
        let error = write_atomically(&storage, path, b"new content").expect_err("a call fails");
        let action = ["create", "write", "sync", "rename to", "sync"][call];
        assert!(error.to_string().starts_with(&format!("cannot {action} ")), "{error}");
        let expected: &[u8] = if call < 4 { b"old content" } else { b"new content" };
        assert_eq!(storage.read(path).expect("it is there"), expected, "call {call}");
        assert_eq!(storage.paths(), [path], "nothing is left lying about after call {call}");
    }
}

#[test]
fn the_disk_does_what_the_memory_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/er/elite.json");
    Disk.create_dir(path.parent().expect("it has one")).expect("a new folder");
    write_atomically(&Disk, &path, b"old").expect("a first file");
    write_atomically(&Disk, &path, b"new").expect("a second one over it");
    assert_eq!(Disk.read(&path).expect("it is there"), b"new");
    assert_eq!(std::fs::read_dir(path.parent().expect("it has one")).expect("a folder").count(), 1);
    Disk.remove(&path).expect("it is there");
    assert!(Disk.read(&path).is_err());
}

#[test]
fn a_folder_that_is_not_there_is_an_error_with_the_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("missing/elite.json");
    for storage in [&Disk as &dyn Storage, &MemoryStorage::new()] {
        let error = write_atomically(storage, &path, b"new").expect_err("no such folder");
        assert!(matches!(&error, StorageError::Io { action: "create", .. }), "{error}");
        assert!(error.to_string().contains("missing"), "{error}");
    }
}

#[test]
fn a_new_folder_survives_a_loss_of_power_and_those_above_it_that_were_there_are_left_alone() {
    let storage = MemoryStorage::new();
    for (path, above) in [("runs", "."), ("runs/lander/7", "runs")] {
        let before = storage.calls().len();
        create_dir_synced(&storage, path.as_ref()).expect("nothing fails");
        storage.cut_power();
        assert_eq!(storage.list(path.as_ref()).expect("it is there"), [""; 0]);
        let synced = storage.calls().into_iter().skip(before).find(|call| call.starts_with("sync_dir"));
        assert_eq!(synced, Some(format!("sync_dir {above}")));
    }
    let before = storage.calls().len();
    create_dir_synced(&storage, "runs/lander/7".as_ref()).expect("nothing fails");
    assert_eq!(storage.calls()[before..storage.calls().len()], ["list runs/lander/7"]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/er");
    create_dir_synced(&Disk, &path).expect("a new folder");
    assert_eq!(Disk.list(&path).expect("it is there"), [""; 0]);
    Disk.create(&path.join("file")).expect("a new file");
    let error = create_dir_synced(&Disk, &path.join("file/run")).expect_err("a file is no folder");
    assert!(error.to_string().contains("file"), "{error}");
}

#[test]
fn a_file_is_opened_behind_what_is_kept_of_it_and_the_rest_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let (disk, memory) = (folder.path().join("log"), Path::new("log"));
    for (storage, path) in [(&Disk as &dyn Storage, &*disk), (&MemoryStorage::new(), memory)] {
        storage.create(path).expect("a new file").write(b"0123456789").expect("room");
        let mut file = storage.open_at(path, 4).expect("it holds more");
        assert_eq!(storage.size(path).expect("it is there"), 4);
        file.write(b"x").expect("room");
        file.sync().expect("it can be synced");
        assert_eq!(storage.read(path).expect("it is there"), b"0123x");
        // All that there is may be kept, and no more than that.
        storage.open_at(path, 5).expect("it holds as much").write(b"y").expect("room");
        assert_eq!(storage.read(path).expect("it is there"), b"0123xy");
        let error = storage.open_at(path, 7).err().expect("it holds less").to_string();
        assert_eq!(error, "it holds 6 bytes, and 7 were written to it");
    }
}

#[test]
fn the_memory_fails_as_a_disk_does() {
    let path = Path::new("log");
    // A write that fails leaves the first half of its bytes; and once only, or for ever.
    for (dies, later) in [(false, 0), (true, 3)] {
        let storage = MemoryStorage::new();
        let storage = if dies { storage.dying_at(1) } else { storage.failing_at(1) };
        let mut file = storage.create(path).expect("the first call is good");
        file.write(b"0123").expect_err("the second is not");
        let failed = [file.sync().is_err(), file.sync().is_err(), storage.read(path).is_err()];
        assert_eq!(failed.into_iter().filter(|failed| *failed).count(), later);
        storage.heal();
        assert_eq!(storage.read(path).expect("it is there"), b"01");
    }
    // A folder that holds something is in nobody's way.
    let storage = MemoryStorage::new();
    for folder in ["new", "old"] {
        storage.create_dir(folder.as_ref()).expect("a new folder");
    }
    storage.create("old/file".as_ref()).expect("a new file");
    storage.rename("new".as_ref(), "old".as_ref()).expect_err("it is not empty");
    storage.remove("old/file".as_ref()).expect("it is there");
    storage.rename("new".as_ref(), "old".as_ref()).expect("now it is empty");
    assert_eq!(storage.list("".as_ref()).expect("the root"), ["old"]);
}

#[test]
fn a_power_cut_leaves_what_was_synced() {
    let (storage, path) = (MemoryStorage::new(), Path::new("log"));
    let mut file = storage.create(path).expect("a new file");
    storage.sync_dir(".".as_ref()).expect("the root");
    file.write(b"old").and_then(|()| file.sync()).expect("room");
    file.write(b"new").expect("room");
    storage.cut_power();
    assert_eq!(storage.read(path).expect("its name was synced"), b"old");
}
