//! What is known before a run is saved, and what is said where files fail.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use agilerl_hpo::{
    BoxError, Console, Evaluation, Event, Flow, HpoError, JsonLines, MetricsCsv, Observer, PersistTask, RoundContext,
    RoundStats, Streams, Task, Trainer, toy::Guess,
};
use agilerl_storage::{MemoryStorage, Storage, StorageError};

use crate::population::{Toy, guesses, short, trainer};

/// Where a slot refuses to be saved.
#[derive(Clone, Copy, PartialEq)]
enum Refuses {
    Nowhere,
    Saving,
    SavingLoudly,
    Restoring,
}

impl Task for Refuses {
    type Agent = Guess;
    type Shared = ();
    type Slot = u8;

    fn shared(&self) -> Result<(), BoxError> {
        Ok(())
    }
    fn slot(&self, index: usize, _: &Streams) -> Result<u8, BoxError> {
        Ok(index as u8)
    }
    fn train(&self, _: &mut Guess, _: &mut u8, _: &(), _: &RoundContext) -> Result<RoundStats, BoxError> {
        Ok(RoundStats::default())
    }
    fn evaluate(&self, _: &Guess, seeds: &[u64]) -> Result<Evaluation, BoxError> {
        Ok(Evaluation { returns: vec![0.0; seeds.len()], env_steps: 0, cut: 0 })
    }
}

impl PersistTask for Refuses {
    fn save_slot(&self, slot: &u8) -> Result<Vec<u8>, BoxError> {
        assert!(*self != Self::SavingLoudly, "no time for that");
        if *self == Self::Saving { Err("it cannot be saved".into()) } else { Ok(vec![*slot]) }
    }
    fn restore_slot(&self, _: &mut u8, _: &[u8]) -> Result<(), BoxError> {
        if *self == Self::Restoring { Err("it cannot be restored".into()) } else { Ok(()) }
    }
}

#[test]
fn whether_a_run_can_be_saved_is_known_before_it_begins() {
    let tried = |refuses| Trainer::new(refuses, guesses(), short(1)).unwrap().try_saving();
    tried(Refuses::Nowhere).unwrap();
    let refusals = [
        (Refuses::Saving, "it cannot be saved"),
        (Refuses::SavingLoudly, "no time for that"),
        (Refuses::Restoring, "it cannot be restored"),
    ];
    for (refuses, why) in refusals {
        let error = tried(refuses).unwrap_err();
        let HpoError::State { source, .. } = &error else { panic!("{error:?}") };
        assert!(source.to_string().contains(why), "{source}");
    }
}

#[test]
fn a_task_that_shares_nothing_is_saved_without_a_line_for_it() {
    let toy = || {
        let task = agilerl_hpo::toy::GuessTheNumber { number: 3.3 };
        Trainer::new(task, guesses(), short(1)).expect("a sound configuration")
    };
    let expected = toy().run().unwrap().signature;
    let mut first = toy();
    for _ in 0..7 {
        assert!(first.step().unwrap().is_continue());
    }
    assert_eq!((first.items(), first.save_items(0..0).unwrap()), (0..0, Vec::new()));
    let mut second = toy();
    second.restore(&first.save().unwrap(), [(0..0, &[][..])]).unwrap();
    assert_eq!(second.run().unwrap().signature, expected);
    // Items that this task cannot have written are those of another one.
    for (items, bytes) in [(0..1, &[][..]), (0..0, &[7][..])] {
        let error = causes(&toy().restore(&first.save().unwrap(), [(items, bytes)]).unwrap_err());
        assert_eq!(error, "cannot resume from the shared items: this task shares nothing, and has no items to restore");
    }
}

#[test]
fn a_notice_is_heard_when_the_run_begins_and_later_at_once() {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let listener = Arc::clone(&heard);
    let mut toy = trainer(short(1)).on_event(move |event| {
        let told = match event {
            Event::Started { .. } => "started".to_owned(),
            Event::Notice { text } => (*text).to_owned(),
            Event::Round { .. } => "round".to_owned(),
            _ => return Ok(Flow::Continue),
        };
        listener.lock().unwrap().push(told);
        Ok(Flow::Continue)
    });
    toy.notice("there is no disk").unwrap();
    assert!(heard.lock().unwrap().is_empty());
    assert!(toy.step().unwrap().is_continue());
    toy.notice("there is one now").unwrap();
    assert_eq!(*heard.lock().unwrap(), ["started", "there is no disk", "round", "there is one now"]);
}

#[test]
fn a_notice_is_heard_of_a_run_that_is_over_too() {
    let mut toy = trainer(short(1));
    toy.run().unwrap();
    let (saved, items) = (toy.save().unwrap(), toy.save_items(toy.items()).unwrap());
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let listener = Arc::clone(&heard);
    let mut again = trainer(short(1)).on_event(move |event| {
        if let Event::Notice { text } = event {
            listener.lock().unwrap().push((*text).to_owned());
        }
        Ok(Flow::Continue)
    });
    again.restore(&saved, [(toy.items(), &items[..])]).unwrap();
    again.notice("an older checkpoint is used").unwrap();
    again.run().unwrap();
    assert_eq!(*heard.lock().unwrap(), ["an older checkpoint is used"]);
}

fn causes(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|source| format!(": {}", causes(source)));
    format!("{error}{}", cause.unwrap_or_default())
}

/// The error of a run with this observer, when the call of that name fails.
fn failing<O: Observer<Guess> + Send + 'static>(
    call: &str,
    observer: impl Fn(&MemoryStorage) -> Result<O, StorageError>,
) -> String {
    let whole = MemoryStorage::new();
    trainer(short(1)).with_observer(observer(&whole).unwrap()).run().unwrap();
    let number = whole.calls().iter().rposition(|found| found == call).unwrap_or_else(|| panic!("no {call}"));
    let storage = MemoryStorage::new().failing_at(number);
    causes(&trainer(short(1)).with_observer(observer(&storage).unwrap()).run().unwrap_err())
}

#[test]
fn a_log_that_cannot_be_written_is_named() {
    let json = |storage: &MemoryStorage| JsonLines::create(storage, Path::new("events.jsonl"));
    let csv = |storage: &MemoryStorage| MetricsCsv::create(storage, Path::new("metrics.csv"));
    for (said, expected) in [
        (failing("write events.jsonl", json), "cannot write to events.jsonl: call"),
        (failing("sync events.jsonl", json), "cannot sync events.jsonl: call"),
        (failing("write metrics.csv", csv), "cannot write to metrics.csv: call"),
    ] {
        assert!(said.contains(expected), "{said} does not say {expected}");
    }
}

/// A device that is always full.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_table_that_cannot_be_printed_is_said_to_be_one() {
    let said = causes(&trainer(short(1)).with_observer(Console::new(Full)).run().unwrap_err());
    assert!(said.contains("cannot print the progress of the run to its writer: no storage space"), "{said}");
}

/// Trains three generations, and resumes the fourth and fifth with logs that begin in the middle of the run.
#[test]
fn a_log_and_a_table_that_begin_in_the_middle_say_so_and_have_their_titles() {
    let mut toy = trainer(short(2));
    for _ in 0..3 {
        assert!(toy.generation().unwrap().is_continue());
    }
    let (saved, items) = (toy.save().unwrap(), toy.save_items(toy.items()).unwrap());
    let storage = MemoryStorage::new();
    let mut again: Toy = trainer(short(2));
    again.restore(&saved, [(toy.items(), &items[..])]).unwrap();
    let mut again = again
        .with_observer(JsonLines::create(&storage, Path::new("events.jsonl")).unwrap())
        .with_observer(MetricsCsv::create(&storage, Path::new("metrics.csv")).unwrap());
    again.run().unwrap();
    let read = |name: &str| String::from_utf8(storage.read(name.as_ref()).unwrap()).unwrap();
    // 3 generations of 6 individuals, 25 steps each.
    let first = r#"{"event":"resumed","generation":3,"generations":5,"env_steps":450,"population":6}"#;
    assert_eq!(read("events.jsonl").lines().next(), Some(first));
    let table = read("metrics.csv");
    assert!(table.starts_with("generation,env_steps,") && table.contains("\n3,"), "{table}");
    assert_eq!(table.lines().count(), 1 + 2 * 6);
}
