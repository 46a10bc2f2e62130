//! Which files a checkpoint consists of, and when they go.

use std::{collections::BTreeMap, ops::Range, path::Path, sync::Arc};

use agilerl_hpo::{Checkpoints, HpoError, Manifest, Segment, TrainerState};
use agilerl_storage::{Digest, MemoryStorage, Storage, StorageError};

const RUN: &str = "run";

/// Checkpoints of a run of which each item is a byte, its number.
struct Writer {
    storage: MemoryStorage,
    checkpoints: Checkpoints,
}

impl Writer {
    fn new(keep: usize) -> Self {
        let storage = MemoryStorage::new();
        let checkpoints = Checkpoints::begin(Arc::new(storage.clone()), RUN.as_ref(), keep).expect("it is memory");
        Self { storage, checkpoints }
    }

    /// Writes a checkpoint, and gives the items that it had to ask for.
    fn write(&mut self, generation: u64, items: Range<u64>) -> Option<Range<u64>> {
        let mut asked = None;
        let saved = TrainerState { generation, round: 0, files: [("state.bin".to_owned(), vec![7])].into() };
        let save_items = |range: Range<u64>| {
            asked = Some(range.clone());
            Ok(range.map(|item| item as u8).collect())
        };
        let written = self.checkpoints.write(&saved, items, save_items, BTreeMap::new(), BTreeMap::new());
        written.expect("it is memory");
        asked
    }

    /// What the memory's folder holds.
    fn segments(&self) -> Vec<String> {
        self.storage.list("run/memory".as_ref()).expect("it is there")
    }

    fn folders(&self) -> Vec<String> {
        self.storage.list("run/checkpoints".as_ref()).expect("it is there")
    }

    /// Generation, and all items, of the newest checkpoint that is whole.
    fn resumed(&self) -> (u64, Vec<(u64, u64)>, Vec<u8>) {
        let (_, checkpoint) = Checkpoints::resume(Arc::new(self.storage.copy()), RUN.as_ref(), 2).expect("whole");
        let checkpoint = checkpoint.expect("there is one");
        let segments = checkpoint.segments.into_iter();
        let (spans, bytes): (Vec<_>, Vec<_>) = segments.map(|(items, bytes)| ((items.start, items.end), bytes)).unzip();
        (checkpoint.saved.generation, spans, bytes.concat())
    }
}

fn rows(segments: &[(u64, u64)]) -> Vec<String> {
    segments.iter().map(|(first, end)| format!("{first:012}-{end:012}.rows")).collect()
}

#[test]
fn a_checkpoint_adds_the_items_that_no_earlier_one_holds_and_the_forgotten_ones_go() {
    let mut writer = Writer::new(2);
    assert_eq!(writer.write(1, 0..10), Some(0..10));
    assert_eq!(writer.write(2, 5..15), Some(10..15));
    assert_eq!(writer.resumed(), (2, vec![(0, 10), (10, 15)], (0..15).collect()));
    // What a checkpoint that was never finished left: before all that is needed, and within it.
    for (first, end) in [(3, 10), (3, 12)] {
        writer.storage.create(&Path::new("run/memory").join(&rows(&[(first, end)])[0])).expect("a new file");
    }
    // The first segment ends where the memory begins now: it is not needed any more, but for the checkpoint before.
    assert_eq!(writer.write(3, 10..20), Some(15..20));
    assert_eq!(writer.segments(), rows(&[(0, 10), (3, 10), (3, 12), (10, 15), (15, 20)]));
    // Nothing new: nothing is asked for. The second checkpoint goes, and with it what only it needed.
    assert_eq!(writer.write(4, 12..20), None);
    assert_eq!(writer.folders(), ["000003", "000004"]);
    assert_eq!(writer.segments(), rows(&[(3, 12), (10, 15), (15, 20)]));
    assert_eq!(writer.resumed(), (4, vec![(10, 15), (15, 20)], (10..20).collect()));
}

#[test]
fn a_memory_that_does_not_go_on_where_the_last_checkpoint_stood_is_written_as_a_whole() {
    let mut writer = Writer::new(1);
    writer.write(1, 0..20);
    assert_eq!(writer.write(2, 0..15), Some(0..15), "shorter than before");
    assert_eq!(writer.write(3, 40..45), Some(40..45), "all forgotten");
    assert_eq!(writer.write(4, 30..45), Some(30..45), "longer at its beginning");
    assert_eq!(writer.resumed(), (4, vec![(30, 45)], (30..45).collect()));
    // A memory without items has a place in the order all the same.
    assert_eq!(writer.write(5, 45..45), Some(45..45));
    assert_eq!(writer.resumed(), (5, vec![(45, 45)], Vec::new()));
}

#[test]
fn sixty_four_segments_become_one() {
    let mut writer = Writer::new(1);
    for item in 0..64 {
        assert_eq!(writer.write(item + 1, 0..item + 1), Some(item..item + 1));
    }
    assert_eq!(writer.resumed().1.len(), 64);
    assert_eq!(writer.write(65, 0..65), Some(0..65));
    assert_eq!(writer.resumed(), (65, vec![(0, 65)], (0..65).collect()));
    assert_eq!(writer.segments(), rows(&[(0, 65)]));
}

#[test]
fn a_checkpoint_that_is_there_is_not_written_again() {
    let mut writer = Writer::new(3);
    writer.write(1, 0..10);
    writer.write(2, 0..20);
    let calls = writer.storage.calls().len();
    assert_eq!(writer.write(2, 0..20), None);
    assert_eq!(writer.storage.calls().len(), calls);
    assert_eq!(writer.checkpoints.newest(), Some((2, 0)));
}

#[test]
fn one_checkpoint_is_kept_at_least() {
    let mut writer = Writer::new(0);
    writer.write(1, 0..10);
    writer.write(2, 0..20);
    assert_eq!(writer.folders(), ["000002"]);
    assert_eq!(writer.checkpoints.newest(), Some((2, 0)));
}

#[test]
fn after_a_resume_the_older_ones_are_still_counted() {
    let mut writer = Writer::new(2);
    writer.write(1, 0..10);
    writer.write(2, 0..20);
    let (checkpoints, _) = Checkpoints::resume(Arc::new(writer.storage.clone()), RUN.as_ref(), 2).expect("whole");
    writer.checkpoints = checkpoints;
    assert_eq!(writer.write(3, 0..30), Some(20..30));
    assert_eq!(writer.folders(), ["000002", "000003"]);
}

#[test]
fn the_newest_is_the_one_with_the_greatest_number() {
    let mut writer = Writer::new(2);
    // In the alphabet they stand the other way round.
    writer.write(999_999, 0..10);
    writer.write(1_000_000, 0..20);
    assert_eq!(writer.folders(), ["1000000", "999999"]);
    assert_eq!(writer.resumed().0, 1_000_000);
}

#[test]
fn a_checkpoint_under_another_ones_name_is_not_used() {
    let mut writer = Writer::new(2);
    writer.write(1, 0..10);
    writer.write(2, 0..20);
    for (name, copy) in [("000002", "000002-0001"), ("000001", "000003")] {
        let [from, to] = [name, copy].map(|name| Path::new("run/checkpoints").join(name));
        writer.storage.create_dir(&to).expect("a new folder");
        for file in ["manifest.json", "state.bin"] {
            let content = writer.storage.read(&from.join(file)).expect("it is there");
            writer.storage.create(&to.join(file)).and_then(|mut file| file.write(&content)).expect("it is memory");
        }
    }
    let (_, checkpoint) = Checkpoints::resume(Arc::new(writer.storage.clone()), RUN.as_ref(), 2).expect("whole");
    let checkpoint = checkpoint.expect("there is one");
    assert_eq!((checkpoint.manifest.generation, checkpoint.manifest.round), (2, 0));
    let why = "manifest.json is not what this run wrote: it is the manifest of another checkpoint";
    let expected = |name: &str| format!("{name}: run/checkpoints/{name}/{why}");
    assert_eq!(checkpoint.passed_over, [expected("000003"), expected("000002-0001")]);
}

#[test]
fn a_run_that_begins_anew_leaves_no_segment_behind() {
    let mut writer = Writer::new(2);
    writer.write(1, 0..10);
    let orphan = Path::new("run/memory").join(&rows(&[(30, 40)])[0]);
    writer.storage.create(&orphan).expect("a new file");
    Checkpoints::begin(Arc::new(writer.storage.clone()), RUN.as_ref(), 2).expect("it is memory");
    assert_eq!((writer.folders().len(), writer.segments().len()), (0, 0));
}

#[test]
fn segments_follow_each_other_without_a_gap() {
    let check = |spans: &[(u64, u64)]| {
        let digest = Digest::of(b"");
        let segment = |&(first, end): &(u64, u64)| Segment { first, end, digest: digest.clone() };
        let manifest = Manifest {
            schema: Manifest::SCHEMA,
            versions: BTreeMap::new(),
            generation: 1,
            round: 0,
            files: BTreeMap::new(),
            segments: spans.iter().map(segment).collect(),
            run_files: BTreeMap::new(),
        };
        match Manifest::parse(&manifest.to_bytes(), "manifest.json".as_ref()) {
            Ok(read) => read == manifest,
            Err(HpoError::Storage(StorageError::Changed { what, .. }))
                if what == "its segments do not follow each other" =>
            {
                false
            }
            Err(other) => panic!("{other}"),
        }
    };
    assert!(check(&[]) && check(&[(4, 4)]) && check(&[(0, 8), (8, 12)]));
    assert!(!check(&[(0, 8), (9, 12)]) && !check(&[(0, 8), (7, 12)]) && !check(&[(8, 4)]));
}

#[test]
fn a_task_that_shares_nothing_has_checkpoints_too() {
    let mut writer = Writer::new(1);
    for generation in 1..=3 {
        writer.write(generation, 0..0);
        assert_eq!(writer.resumed(), (generation, vec![(0, 0)], Vec::new()));
    }
}
