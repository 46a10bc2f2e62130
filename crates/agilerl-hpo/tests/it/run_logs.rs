//! The logs of a run as a list.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use agilerl_hpo::{
    BoxError, Evaluation, Event, Flow, GenerationReport, Individual, MetricsCsv, Observer, RoundStats, RunLog,
    RunLogKind, TrainerConfig, toy::Guess,
};
use agilerl_storage::{Digest, LogFile, MemoryStorage, Storage, StorageError};

use crate::population::{Toy, short, trainer};

/// A log of one's own: the number of each generation.
struct Generations(LogFile);

impl Observer<Guess> for Generations {
    fn observe(&mut self, event: &Event<'_, Guess>) -> Result<Flow, BoxError> {
        if let Event::Evaluated(report) = event {
            self.0.write(format!("{}\n", report.generation).as_bytes())?;
        }
        Ok(Flow::Continue)
    }
}

impl RunLog<Guess> for Generations {
    fn file_name(&self) -> &str {
        self.0.name()
    }
    fn digest(&mut self) -> Result<Digest, StorageError> {
        self.0.sync()?;
        Ok(self.0.digest())
    }
}

fn kinds() -> Vec<RunLogKind<Guess>> {
    let own = RunLogKind {
        file_name: "generations.txt",
        create: |storage, path| Ok(Box::new(Generations(LogFile::create(storage, path)?))),
        resume: |storage, path, digest| Ok(Box::new(Generations(LogFile::resume(storage, path, digest)?))),
    };
    vec![RunLogKind::json_lines("events.jsonl"), RunLogKind::metrics_csv("metrics.csv"), own]
}

fn read(storage: &MemoryStorage, name: &str) -> String {
    let text = String::from_utf8(storage.read(&Path::new("run").join(name)).expect("it was written")).expect("UTF-8");
    if name.ends_with("jsonl") { agilerl_hpo::without_clock(&text) } else { text }
}

#[test]
fn a_list_of_logs_is_created_and_resumed_without_knowing_any_of_them() {
    let folder = Path::new("run");
    let storages = [MemoryStorage::new(), MemoryStorage::new()];
    for (storage, stops) in storages.iter().zip([false, true]) {
        storage.create_dir(folder).expect("it is memory");
        let mut toy: Toy = trainer(short(2));
        let logs = kinds().iter().map(|kind| kind.create(storage, folder).expect("it is memory")).collect::<Vec<_>>();
        let logs: Vec<_> = logs.into_iter().map(|log| Arc::new(Mutex::new(log))).collect();
        for log in &logs {
            toy = toy.with_observer(Arc::clone(log));
        }
        if !stops {
            toy.run().expect("it runs");
            continue;
        }
        for _ in 0..2 {
            assert!(toy.generation().expect("it runs").is_continue());
        }
        let digests: Vec<(String, Digest)> = (logs.iter())
            .map(|log| {
                let mut log = log.lock().unwrap();
                (log.file_name().to_owned(), log.digest().expect("it is memory"))
            })
            .collect();
        assert_eq!(
            digests.iter().map(|(name, _)| &**name).collect::<Vec<_>>(),
            kinds().iter().map(|kind| kind.file_name).collect::<Vec<_>>()
        );
        let (saved, items) = (toy.save().unwrap(), toy.save_items(toy.items()).unwrap());
        // It goes on, and all that is lost.
        assert!(toy.generation().expect("it runs").is_continue());
        let mut again: Toy = trainer(short(2));
        again.restore(&saved, [(0..items.len() as u64 / 8, &items[..])]).unwrap();
        for (kind, (_, digest)) in kinds().iter().zip(&digests) {
            again = again.with_observer(kind.resume(storage, folder, digest).expect("it is as it was"));
        }
        again.run().expect("it runs");
    }
    for kind in kinds() {
        assert_eq!(read(&storages[1], kind.file_name), read(&storages[0], kind.file_name), "{}", kind.file_name);
    }
    assert_eq!(read(&storages[1], "generations.txt"), "0\n1\n2\n3\n4\n");
}

#[test]
fn a_log_that_was_changed_is_not_resumed() {
    let storage = MemoryStorage::new();
    for kind in kinds() {
        let mut log = kind.create(&storage, "".as_ref()).expect("it is memory");
        let population = Individual::founders(vec![Guess::new()]);
        log.observe(&Event::Evaluated(&report(0, &population, &[RoundStats::default()]))).expect("it is memory");
        let digest = log.digest().expect("it is memory");
        storage.tamper(kind.file_name.as_ref(), |bytes| bytes[0] ^= 1);
        let error = kind.resume(&storage, "".as_ref(), &digest).err().expect("it is another one");
        assert!(matches!(error, StorageError::Changed { .. }), "{error}");
    }
}

fn report<'a>(
    generation: u64,
    population: &'a [Individual<Guess>],
    training: &'a [RoundStats],
) -> GenerationReport<'a, Guess> {
    static NONE: [Evaluation; 2] = [const { Evaluation { returns: Vec::new(), env_steps: 0, cut: 0 } }; 2];
    let (elite, env_steps, eval_steps, wall) = (0, 0, 0, Duration::ZERO);
    let evaluations = &NONE;
    GenerationReport { generation, population, training, evaluations, elite, env_steps, eval_steps, wall }
}

#[test]
fn the_columns_of_metrics_are_those_of_the_first_generation_after_a_resume_too() {
    let storage = MemoryStorage::new();
    let population = Individual::founders(vec![Guess::new(); 2]);
    let stats = |metrics: &[(&'static str, f64)]| RoundStats {
        updates: 2,
        metrics: metrics.iter().copied().collect(),
        ..RoundStats::default()
    };
    let mut table = MetricsCsv::create(&storage, "t".as_ref()).expect("it is memory");
    // The names of all individuals, in the order in which they come first.
    let first = [stats(&[("loss", 1.0)]), stats(&[("loss", 2.0), ("mutation", 5.0)])];
    table.observe(&Event::Evaluated(&report(0, &population, &first))).expect("it is memory");
    let digest = RunLog::<Guess>::digest(&mut table).expect("it is memory");
    let mut table = MetricsCsv::resume(&storage, "t".as_ref(), &digest).expect("it is as it was");
    // A name that comes later has no column, and one that does not come has an empty cell.
    let second = [stats(&[("late", 9.0), ("mutation", 3.0)]), stats(&[])];
    table.observe(&Event::Evaluated(&report(1, &population, &second))).expect("it is memory");
    let text = String::from_utf8(storage.read("t".as_ref()).expect("it was written")).expect("UTF-8");
    assert!(
        text.lines()
            .next()
            .is_some_and(|header| header.ends_with(",updates,loss,mutation,mutation,architecture,lr,batch_size")),
        "{text}"
    );
    // Means over two updates.
    assert_eq!(
        text.lines()
            .skip(1)
            .map(|line| line.split(',').skip(11).take(2).collect::<Vec<_>>().join(","))
            .collect::<Vec<_>>(),
        ["0.5,", "1,2.5", ",1.5", ","]
    );
}

#[test]
fn a_metric_whose_name_needs_quotes_is_found_again() {
    let storage = MemoryStorage::new();
    let population = Individual::founders(vec![Guess::new()]);
    let training =
        [RoundStats { updates: 1, metrics: [("a \"b\", c\nd", 7.0), ("loss", 8.0)].into(), ..RoundStats::default() }];
    let mut table = MetricsCsv::create(&storage, "t".as_ref()).expect("it is memory");
    let mut expected = Vec::new();
    for generation in 0..2 {
        table.observe(&Event::Evaluated(&report(generation, &population, &training))).expect("it is memory");
        let digest = RunLog::<Guess>::digest(&mut table).expect("it is memory");
        table = MetricsCsv::resume(&storage, "t".as_ref(), &digest).expect("it is as it was");
        expected.push(format!("{generation},0,0,0,,1,,NaN,0,,1,7,8,,1 float,0.001,128"));
    }
    let text = String::from_utf8(storage.read("t".as_ref()).expect("it was written")).expect("UTF-8");
    assert!(text.contains(",updates,\"a \"\"b\"\", c\nd\",loss,mutation,"), "{text}");
    assert_eq!(text.lines().skip(2).collect::<Vec<_>>(), expected);
}

#[test]
fn a_table_of_a_task_without_metrics_has_no_columns_for_them() {
    let storage = MemoryStorage::new();
    let table = MetricsCsv::create(&storage, "t".as_ref()).expect("it is memory");
    trainer(TrainerConfig { generations: 1, ..short(1) }).with_observer(table).run().expect("it runs");
    let text = String::from_utf8(storage.read("t".as_ref()).expect("it was written")).expect("UTF-8");
    assert!(text.contains(",updates,mutation,architecture,lr,batch_size\n"), "{text}");
}
