//! A run that is saved and resumed is the run that was never stopped.

use std::{collections::BTreeMap, ops::ControlFlow, path::Path, sync::Arc};

use agilerl_hpo::{
    Checkpoints, Event, Flow, HpoError, JsonLines, Manifest, RunLog, TrainerConfig, toy::Guess, without_clock,
};
use agilerl_storage::{Digest, MemoryStorage, Storage, StorageError, create_dir_synced};

use crate::population::{Toy, short, trainer};

const RUN: &str = "run";
const LOG: &str = "run/events.jsonl";

/// The end of a run: its signature and its log.
type End = (String, String);

fn undisturbed(config: TrainerConfig) -> End {
    let storage = MemoryStorage::new();
    storage.create_dir(RUN.as_ref()).unwrap();
    let log = JsonLines::create(&storage, LOG.as_ref()).unwrap();
    let signature = trainer(config).with_observer(log).run().unwrap().signature;
    (signature, log_of(&storage))
}

fn log_of(storage: &MemoryStorage) -> String {
    without_clock(std::str::from_utf8(&storage.copy().read(LOG.as_ref()).unwrap()).unwrap())
}

/// Trains with a checkpoint after every step, from the newest one if there is one, until the end or an error.
fn train(storage: &MemoryStorage, config: TrainerConfig, steps: usize) -> Result<Option<String>, HpoError> {
    train_and_tell(storage, config, steps, &mut None)
}

/// Generations and rounds done at a checkpoint.
type Place = (u64, usize);

/// Trains, and tells the newest checkpoint that was said to be written.
fn train_and_tell(
    storage: &MemoryStorage,
    config: TrainerConfig,
    steps: usize,
    written: &mut Option<Place>,
) -> Result<Option<String>, HpoError> {
    let shared: Arc<dyn Storage> = Arc::new(storage.clone());
    create_dir_synced(&*shared, RUN.as_ref())?;
    let (mut checkpoints, checkpoint) = Checkpoints::resume(Arc::clone(&shared), RUN.as_ref(), 2)?;
    let mut toy: Toy = trainer(config);
    let log = match &checkpoint {
        None => JsonLines::create(storage, LOG.as_ref())?,
        Some(checkpoint) => {
            let segments = checkpoint.segments.iter().map(|(items, bytes)| (items.clone(), &bytes[..]));
            toy.restore(&checkpoint.saved, segments)?;
            JsonLines::resume(storage, LOG.as_ref(), &checkpoint.manifest.run_files["events.jsonl"])?
        }
    };
    let log = Arc::new(std::sync::Mutex::new(log));
    let mut toy = toy.with_observer(Arc::clone(&log));
    for _ in 0..steps {
        if let ControlFlow::Break(_) = toy.step()? {
            return Ok(Some(toy.run()?.signature));
        }
        let digest = RunLog::<Guess>::digest(&mut *log.lock().unwrap())?;
        let run_files = [("events.jsonl".to_owned(), digest)].into();
        let saved = toy.save()?;
        checkpoints.write(&saved, toy.items(), |items| toy.save_items(items), run_files, BTreeMap::new())?;
        *written = Some((saved.generation, saved.round));
    }
    Ok(None)
}

#[test]
fn a_run_stopped_after_any_step_ends_as_if_it_had_not_been() {
    let expected = undisturbed(short(3));
    // Four steps a generation: rounds of 10, 10 and 5, and the evaluation.
    for stop in 1..20 {
        let storage = MemoryStorage::new();
        assert!(train(&storage, short(3), stop).unwrap().is_none());
        let end = train(&storage, short(3), usize::MAX).unwrap().unwrap();
        assert_eq!((end, log_of(&storage)), expected, "stopped after {stop} steps");
    }
}

#[test]
fn a_run_goes_on_with_another_number_of_threads() {
    let expected = undisturbed(short(4));
    let storage = MemoryStorage::new();
    let mut end = None;
    for threads in [1, 2, 5, 3, 8].into_iter().cycle() {
        end = train(&storage, TrainerConfig { threads, ..short(4) }, 3).unwrap();
        if end.is_some() {
            break;
        }
    }
    assert_eq!((end.unwrap(), log_of(&storage)), expected);
}

#[test]
fn a_pause_leaves_a_trainer_that_goes_on() {
    let expected = undisturbed(short(5)).0;
    let mut toy = trainer(short(5))
        .on_event(|event| Ok(if matches!(event, Event::Round { .. }) { Flow::Pause } else { Flow::Continue }));
    let mut pauses = 0;
    let outcome = loop {
        match toy.run() {
            Err(HpoError::Paused) => pauses += 1,
            end => break end.unwrap(),
        }
    };
    assert_eq!((pauses, outcome.signature), (5 * 3, expected));
}

/// Every call of a checkpoint fails in turn, once only or from there on; and then the power is cut, or it is not.
#[test]
fn whichever_call_of_a_checkpoint_fails_the_run_can_be_resumed_to_the_same_end() {
    let config = || TrainerConfig { generations: 3, ..short(6) };
    let expected = undisturbed(config());
    let whole = MemoryStorage::new();
    train(&whole, config(), usize::MAX).unwrap();
    let calls = whole.calls().len();
    assert!(calls > 150, "{calls}");
    let mut survived = 0;
    for call in 0..calls {
        for (dies, power_cut) in [(false, false), (true, false), (true, true), (false, true)] {
            let storage = MemoryStorage::new();
            let storage = if dies { storage.dying_at(call) } else { storage.failing_at(call) };
            let mut written = None;
            match train_and_tell(&storage, config(), usize::MAX, &mut written) {
                // A file of an old checkpoint that could not be removed harms nobody.
                Ok(end) => assert_eq!(end.as_ref(), Some(&expected.0), "call {call}"),
                Err(error) => assert!(format!("{error:?}").contains("told to fail"), "call {call}: {error:?}"),
            }
            storage.heal();
            if power_cut {
                storage.cut_power();
            }
            if let Some(written) = written {
                let (generation, round, passed_over) = newest(&storage).unwrap();
                assert!((generation, round) >= written, "call {call}: {written:?} is lost");
                assert!(passed_over.is_empty(), "call {call}: {passed_over:?}");
                survived += usize::from(power_cut);
            }
            let end = train(&storage, config(), usize::MAX)
                .unwrap_or_else(|error| panic!("{:?}: {error}", whole.calls()[call]));
            assert_eq!((end.unwrap(), log_of(&storage)), expected, "call {call} ({})", whole.calls()[call]);
        }
    }
    assert!(survived > calls, "of two cuts a call most come after a checkpoint: {survived} of {calls} calls");
}

/// A storage with a few checkpoints in it.
fn saved() -> MemoryStorage {
    let storage = MemoryStorage::new();
    assert!(train(&storage, short(7), 10).unwrap().is_none());
    storage
}

fn newest(storage: &MemoryStorage) -> Result<(u64, usize, Vec<String>), HpoError> {
    let (_, checkpoint) = Checkpoints::resume(Arc::new(storage.copy()), RUN.as_ref(), 2)?;
    let checkpoint = checkpoint.expect("there are checkpoints");
    Ok((checkpoint.manifest.generation, checkpoint.manifest.round, checkpoint.passed_over))
}

#[test]
fn two_checkpoints_are_kept_and_nothing_else_is_left() {
    let paths: Vec<_> = saved().paths().iter().map(|path| path.display().to_string()).collect();
    let folders = ["000002-0001", "000002-0002"];
    let files = ["agents.bin", "manifest.json", "progress.json", "slots.bin"];
    let mut expected: Vec<String> =
        folders.iter().flat_map(|folder| files.map(|file| format!("run/checkpoints/{folder}/{file}"))).collect();
    expected.push(LOG.to_owned());
    assert_eq!(paths.iter().filter(|path| !path.contains("memory")).cloned().collect::<Vec<_>>(), expected);
}

#[test]
fn files_of_somebody_else_are_left_alone() {
    let storage = MemoryStorage::new();
    let others = [
        "run/checkpoints/notes.txt",
        "run/checkpoints/000001/notes.txt",
        "run/checkpoints/my-000001.tmp/precious",
        "run/memory/holiday.rows",
        "run/memory/1-2.rows",
    ];
    for path in others {
        let path = Path::new(path);
        storage.create_dir(path.parent().unwrap()).unwrap();
        storage.create(path).unwrap().write(b"mine").unwrap();
    }
    let mut folder_in_the_way = false;
    match train(&storage, short(7), usize::MAX) {
        Ok(end) => assert!(end.is_some()),
        // A folder that is named as a checkpoint and is none is said to be none, and not touched.
        Err(error) => {
            folder_in_the_way = true;
            assert!(matches!(error, HpoError::NoWholeCheckpoint { .. }), "{error}");
        }
    }
    assert!(folder_in_the_way);
    Checkpoints::begin(Arc::new(storage.clone()), RUN.as_ref(), 1).unwrap();
    let paths: Vec<_> = storage.paths().iter().map(|path| path.display().to_string()).collect();
    for path in others {
        let aside = path.replace("000001/", "000001.set-aside-1/");
        assert!(paths.iter().any(|found| found == path || *found == aside), "{path} of {paths:?}");
    }
}

#[test]
fn a_checkpoint_that_is_not_whole_is_passed_over_and_said() {
    type Harm = fn(&mut Vec<u8>);
    let truncate: Harm = |bytes| bytes.truncate(bytes.len() / 2);
    let flip: Harm = |bytes| bytes[7] ^= 1;
    let swap: Harm = |bytes| bytes.reverse();
    for file in ["agents.bin", "manifest.json", "progress.json", "slots.bin"] {
        for harm in [truncate, flip, swap] {
            let storage = saved();
            storage.tamper(&Path::new("run/checkpoints/000002-0002").join(file), harm);
            let (generation, round, passed_over) = newest(&storage).unwrap();
            assert_eq!((generation, round), (2, 1), "{file}");
            assert_eq!(passed_over.len(), 1);
            assert!(passed_over[0].starts_with("000002-0002: "), "{passed_over:?}");
            let end = train(&storage, short(7), usize::MAX).unwrap().unwrap();
            assert_eq!((end, log_of(&storage)), undisturbed(short(7)), "{file}");
        }
    }
}

#[test]
fn without_a_whole_checkpoint_every_reason_is_told() {
    let storage = saved();
    storage.tamper("run/checkpoints/000002-0002/slots.bin".as_ref(), |bytes| bytes.push(0));
    storage.tamper("run/checkpoints/000002-0001/manifest.json".as_ref(), Vec::clear);
    let error = newest(&storage).unwrap_err().to_string();
    assert!(error.starts_with("no checkpoint in run/checkpoints is intact:"), "{error}");
    assert!(error.contains("000002-0002") && error.contains("57 bytes instead of 56"), "{error}");
    assert!(error.contains("000002-0001") && error.contains("EOF"), "{error}");
}

#[test]
fn a_later_versions_checkpoint_is_named_as_one() {
    // Whatever a later version adds, its manifest ends in the digest of what stands before.
    let content = "{\n  \"schema\": 4,\n  \"versions\": {\"agilerl\": \"9.1.0\"},\n  \"more\": []";
    let digest = blake3::hash(content.as_bytes()).to_hex();
    let whole = format!("{content},\n  \"blake3\": \"{digest}\"\n}}");
    let text = Manifest::parse(whole.as_bytes(), "m.json".as_ref()).unwrap_err().to_string();
    assert!(text.contains("format 4") && text.contains("reads format 3") && text.contains("9.1.0"), "{text}");
    // A number that was changed is no later version.
    let changed = whole.replace("\"schema\": 4", "\"schema\": 7");
    let error = Manifest::parse(changed.as_bytes(), "m.json".as_ref()).unwrap_err();
    assert!(
        matches!(&error, HpoError::Storage(StorageError::Changed { what, .. }) if what.contains("digest of itself")),
        "{error}"
    );
}

/// A manifest as formats 1 and 2 wrote it: the first without a digest of itself.
fn of_format(schema: u64, manifest: &Manifest) -> Vec<u8> {
    let versions = [("agilerl".to_owned(), "0.1.0".to_owned())].into();
    let manifest = Manifest { schema, versions, ..manifest.clone() };
    if schema == 1 { serde_json::to_vec_pretty(&manifest).unwrap() } else { manifest.to_bytes() }
}

#[test]
fn an_earlier_versions_checkpoint_is_named_as_one() {
    for (found, schemas) in [(1, [1, 1]), (2, [1, 2]), (2, [3, 2])] {
        let storage = saved();
        for (name, schema) in ["000002-0001", "000002-0002"].into_iter().zip(schemas) {
            let path = Path::new("run/checkpoints").join(name).join("manifest.json");
            let manifest = Manifest::parse(&storage.read(&path).unwrap(), &path).unwrap();
            assert_eq!(manifest.schema, 3);
            storage.tamper(&path, |bytes| *bytes = of_format(schema, &manifest));
        }
        let error = newest(&storage).unwrap_err();
        assert!(matches!(error, HpoError::OlderFormat { found: format, known: 3, .. } if format == found), "{error:?}");
        let expected = format!(
            "run/checkpoints/000002-0002/manifest.json has the format {found}, and this version reads format 3: finish the \
             run with the version that wrote it ({{\"agilerl\":\"0.1.0\"}})"
        );
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn whichever_byte_of_a_manifest_flips_the_checkpoint_before_is_used_and_nothing_else_is_blamed() {
    let storage = saved();
    let path = Path::new("run/checkpoints/000002-0002/manifest.json");
    let whole = storage.read(path).unwrap();
    assert!(whole.windows(11).any(|word| word == b"\"run_files\""), "it names the log");
    for place in 0..whole.len() {
        // All bits, and one each in turn; 1 makes a digit or a letter another one, 32 changes the case, 3 makes 2 a 1.
        for mask in [0xff, 1 << (place % 8), 1, 3, 32] {
            storage.tamper(path, |bytes| {
                bytes.clone_from(&whole);
                bytes[place] ^= mask;
            });
            let (generation, round, passed_over) = newest(&storage).unwrap();
            assert_eq!((generation, round), (2, 1), "byte {place}");
            let expected = format!("000002-0002: {} is not what this run wrote: ", path.display());
            assert!(passed_over.len() == 1 && passed_over[0].starts_with(&expected), "byte {place}: {passed_over:?}");
        }
    }
    // A digest of itself that is cut off is missed, too.
    let end = whole.len() - ",\n  \"blake3\": \"\"\n}".len() - 64;
    storage.tamper(path, |bytes| *bytes = [&whole[..end], b"\n}"].concat());
    assert_eq!(newest(&storage).unwrap().1, 1);
}

#[test]
fn a_manifest_leads_nowhere_else() {
    for name in ["../../secret", "/etc/passwd", ".hidden", "a/b", ""] {
        let manifest = Manifest {
            schema: Manifest::SCHEMA,
            versions: BTreeMap::new(),
            generation: 1,
            round: 0,
            files: [(name.to_owned(), Digest::of(b""))].into(),
            segments: Vec::new(),
            run_files: BTreeMap::new(),
        };
        let error = Manifest::parse(&manifest.to_bytes(), "m.json".as_ref()).unwrap_err().to_string();
        assert!(error.contains("is not a plain file name"), "{name:?}: {error}");
    }
}

#[test]
fn a_log_that_was_changed_is_an_error() {
    let storage = saved();
    storage.tamper(LOG.as_ref(), |bytes| bytes[3] ^= 1);
    let error = train(&storage, short(7), 1).unwrap_err().to_string();
    assert!(error.contains("run/events.jsonl is not what this run wrote"), "{error}");
}

#[test]
fn a_state_that_does_not_fit_the_settings_is_an_error() {
    let storage = saved();
    let error = train(&storage, TrainerConfig { generations: 1, ..short(7) }, 1).unwrap_err();
    assert!(matches!(error, HpoError::State { .. }), "{error}");
}
