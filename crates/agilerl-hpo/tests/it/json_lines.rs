//! The log that machines read.

use std::{collections::BTreeMap, path::Path};

use agilerl_hpo::{
    HpoError, JsonLines, LineageRecord, MetricsCsv, Mutation, RoundContext, RoundStats, Tournament, TrainerConfig,
    toy::Guess, without_clock,
};
use agilerl_storage::{MemoryStorage, Storage};
use serde_json::Value;

use crate::{
    population::{Toy, short, trainer},
    scripted,
};

const PATH: &str = "run.jsonl";

fn log(config: TrainerConfig) -> String {
    let storage = MemoryStorage::new();
    let observer = JsonLines::create(&storage, PATH.as_ref()).expect("it is memory");
    trainer(config).with_observer(observer).run().expect("it runs");
    String::from_utf8(storage.read(PATH.as_ref()).expect("it was written")).expect("JSON is UTF-8")
}

fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
}

#[test]
fn logs_of_one_seed_differ_in_the_clock_only() {
    let config = |threads| TrainerConfig { threads, ..short(4) };
    let (one, five) = (log(config(1)), log(config(5)));
    assert_ne!(one, five, "the clock ran");
    assert_eq!(without_clock(&one), without_clock(&five));
    assert_ne!(without_clock(&one), without_clock(&log(short(5))));
}

#[test]
fn the_family_tree_can_be_rebuilt_from_the_log() {
    let config =
        TrainerConfig { mutation: Mutation { no_mutation: 0.1, rl_hp: 0.9, ..Mutation::default() }, ..short(4) };
    let mut known: BTreeMap<u64, LineageRecord> = BTreeMap::new();
    let mut mutations = 0;
    for line in lines(&log(config)) {
        if line["event"] != "born" {
            continue;
        }
        let record = LineageRecord {
            id: line["id"].as_u64().expect("an id"),
            parents: serde_json::from_value(line["parents"].clone()).expect("ids"),
            mutation: serde_json::from_value(line["mutation"].clone()).expect("a mutation"),
            hyperparameters: line["hyperparameters"].as_object().expect("names and values").clone(),
            architecture: line["architecture"].as_str().expect("a line").to_owned(),
            fitness: None,
            env_steps: line["env_steps"].as_u64().expect("a count"),
        };
        if let [parent] = record.parents[..] {
            let parent = &known[&parent];
            // Before is the parent's value, after the child's, and all the rest is the parent's.
            let mut expected = parent.hyperparameters.clone();
            if let Some(change) = record.mutation.change.as_ref().filter(|change| change.what != "value") {
                assert_eq!(expected[&change.what], change.before);
                expected[&change.what] = change.after.clone();
                mutations += 1;
            }
            assert_eq!(record.hyperparameters, expected);
        } else {
            assert!(record.parents.is_empty());
        }
        assert!(known.insert(record.id, record).is_none(), "everybody is born once");
    }
    assert_eq!(known.len(), 6 + 4 * 5, "six founders, and five children in each of four later generations");
    assert!(mutations > 5, "{mutations}");
}

#[test]
fn every_line_of_an_individual_has_its_results() {
    let log = log(short(4));
    let individuals: Vec<Value> = lines(&log).into_iter().filter(|line| line["event"] == "individual").collect();
    assert_eq!(individuals.len(), 5 * 6);
    for line in individuals {
        let returns: Vec<f64> = serde_json::from_value(line["returns"].clone()).expect("numbers");
        assert_eq!(returns.len(), 3);
        let mean = returns.iter().sum::<f64>() / 3.0;
        assert_eq!(line["fitness"].as_f64(), Some(mean));
        assert_eq!(line["training"]["env_steps"], 25);
        assert!(line["hyperparameters"]["batch_size"].is_u64(), "a whole number has no fraction: {line}");
    }
    let events: Vec<Value> = lines(&log).iter().map(|line| line["event"].clone()).collect();
    assert_eq!((events.first(), events.last()), (Some(&"started".into()), Some(&"ended".into())));
    assert_eq!(events.iter().filter(|event| **event == "generation").count(), 5);
}

#[test]
fn a_line_is_handed_over_as_soon_as_it_is_known() {
    let storage = MemoryStorage::new();
    let observer = JsonLines::create(&storage, PATH.as_ref()).expect("it is memory");
    let mut trainer = trainer(short(4)).with_observer(observer);
    let _ = trainer.generation().expect("one generation");
    let text = String::from_utf8(storage.read(PATH.as_ref()).expect("it was written")).expect("JSON is UTF-8");
    assert!(text.ends_with('\n'));
    let generations = lines(&text).iter().filter(|line| line["event"] == "generation").count();
    assert_eq!(generations, 1, "the run goes on, and what is done is written");
}

#[test]
fn a_log_that_cannot_be_written_is_known_before_the_run_or_ends_it() {
    let error = JsonLines::create(&MemoryStorage::new(), Path::new("missing/run.jsonl")).err().expect("no folder");
    assert_eq!(error.to_string(), "cannot create missing/run.jsonl");
    let storage = MemoryStorage::new().failing_at(20);
    let observer = JsonLines::create(&storage, PATH.as_ref()).expect("it is memory");
    assert_eq!(why_it_ended(trainer(short(4)).with_observer(observer)), "cannot write to run.jsonl");
}

/// Runs until an observer fails, and says how.
fn why_it_ended(mut trainer: Toy) -> String {
    match trainer.run().expect_err("a call fails") {
        HpoError::Observer { source } => {
            let cause = source.source().expect("the system's words").to_string();
            assert!(cause.contains("told to fail"), "{cause}");
            source.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn whatever_call_of_a_log_or_a_table_fails_the_error_names_the_file() {
    let observed = |storage: &MemoryStorage| {
        let log = JsonLines::create(storage, "events.jsonl".as_ref())?;
        let table = MetricsCsv::create(storage, "metrics.csv".as_ref())?;
        let config = TrainerConfig { generations: 2, ..short(4) };
        Ok::<_, HpoError>(trainer(config).with_observer(log).with_observer(table))
    };
    let whole = MemoryStorage::new();
    observed(&whole).unwrap().run().unwrap();
    let calls = whole.calls();
    // Both are created, the table has a header and a block for each generation, and the log is synced at the end.
    assert_eq!(calls.iter().filter(|call| *call == "write metrics.csv").count(), 3);
    assert_eq!(calls.iter().filter(|call| *call == "sync events.jsonl").count(), 1);
    for (number, call) in calls.iter().enumerate() {
        let storage = MemoryStorage::new().failing_at(number);
        let error = observed(&storage).map_or_else(|error| error.to_string(), why_it_ended);
        let expected = call.replace("write ", "write to ");
        assert_eq!(error, format!("cannot {expected}"), "call {number}");
    }
}

#[test]
fn each_line_has_the_numbers_of_its_own_individual() {
    // Three that take 1, 2 and 3 transitions a round and are worth 5, 7 and 6.
    let train =
        |agent: &mut Guess, _: &RoundContext| RoundStats { env_steps: agent.value as u64, ..RoundStats::default() };
    let evaluate = |agent: &Guess, _| [5.0, 7.0, 6.0][agent.value as usize - 1];
    let agents = [1.0, 2.0, 3.0].map(|value| Guess { value, ..Guess::new() }).to_vec();
    let storage = MemoryStorage::new();
    let observer = JsonLines::create(&storage, PATH.as_ref()).expect("it is memory");
    let config = TrainerConfig { generations: 1, round_env_steps: 25, ..short(1) };
    scripted::trainer(agents, config, train, evaluate).with_observer(observer).run().expect("it runs");
    let log = lines(std::str::from_utf8(&storage.read(PATH.as_ref()).expect("it was written")).expect("JSON"));
    let of = |event: &str| log.iter().filter(|line| line["event"] == event).cloned().collect::<Vec<Value>>();
    let individuals = of("individual");
    let fields = |name: &str| individuals.iter().map(|line| line[name].clone()).collect::<Vec<_>>();
    assert_eq!(fields("elite"), [false, true, false]);
    assert_eq!(fields("fitness"), [5.0, 7.0, 6.0]);
    assert_eq!(fields("training").iter().map(|line| line["env_steps"].clone()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(fields("eval_env_steps"), [6, 6, 6]);
    let [generation] = &of("generation")[..] else { panic!("one generation") };
    // 1 + 2 + 3 transitions trained; three evaluations of 3 episodes with two transitions each.
    assert_eq!((&generation["env_steps"], &generation["eval_steps"]), (&6.into(), &18.into()));
    assert_eq!((&generation["elite"], &generation["fitness"]), (&1.into(), &7.0.into()));
}

#[test]
fn the_whole_log_of_a_run_that_ended_survives_a_loss_of_power() {
    let storage = MemoryStorage::new();
    let observer = JsonLines::create(&storage, PATH.as_ref()).expect("it is memory");
    storage.sync_dir(".".as_ref()).expect("it is memory");
    trainer(short(4)).with_observer(observer).run().expect("it runs");
    let whole = storage.read(PATH.as_ref()).expect("it was written");
    storage.cut_power();
    assert_eq!(storage.read(PATH.as_ref()).expect("its name is safe"), whole);
}

#[test]
fn without_elitism_place_0_is_born_too() {
    let tournament = Tournament { elitism: false, ..Tournament::default() };
    let born = lines(&log(TrainerConfig { selection: tournament.into(), ..short(4) }));
    let born = born.iter().filter(|line| line["event"] == "born").count();
    assert_eq!(born, 6 + 4 * 6, "six founders, and six children in each of four later generations");
}
