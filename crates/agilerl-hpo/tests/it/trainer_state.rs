//! The state of a run as bytes.

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex},
};

use agilerl_hpo::{
    Event, Flow, HpoError, PersistTask, RoundContext, RoundStats, Tournament, Trainer, TrainerConfig, TrainerState,
    toy::Guess,
};
use serde_json::Value;

use crate::{
    population::{guesses, short, trainer},
    scripted,
};

/// Has the second trainer go on where the first one stands.
fn hand_over<T: PersistTask<Agent = Guess>>(from: &Trainer<T>, to: &mut Trainer<T>) {
    let saved = from.save().expect("it can be saved");
    let items = from.save_items(from.items()).expect("they can be saved");
    to.restore(&saved, [(from.items(), &items[..])]).expect("it is a state of this run");
}

#[test]
fn every_sum_of_the_generation_that_trains_is_gone_on_with() {
    let train = |_: &mut Guess, context: &RoundContext| RoundStats {
        env_steps: context.env_steps,
        updates: 2,
        episodes: 3,
        return_sum: 4.0,
        metrics: [("loss", 5.0), ("value", 6.0), ("grad_norm", 7.0 + context.individual as f64)].into(),
    };
    let told: Arc<Mutex<Vec<RoundStats>>> = Arc::default();
    let new = || {
        let heard = Arc::clone(&told);
        scripted::trainer(guesses(), short(1), train, |_: &Guess, _| 0.0).on_event(move |event| {
            if let Event::Evaluated(report) = event {
                *heard.lock().unwrap() = report.training.to_vec();
            }
            Ok(Flow::Continue)
        })
    };
    let (mut first, mut second) = (new(), new());
    assert!(first.step().expect("a round").is_continue() && first.step().expect("a round").is_continue());
    hand_over(&first, &mut second);
    assert!(second.generation().expect("the third round, and the evaluation").is_continue());
    // Two rounds before, one after.
    let expected = |place: usize| RoundStats {
        env_steps: 25,
        updates: 6,
        episodes: 9,
        return_sum: 12.0,
        metrics: [("loss", 15.0), ("value", 18.0), ("grad_norm", 21.0 + 3.0 * place as f64)].into(),
    };
    assert_eq!(*told.lock().unwrap(), (0..6).map(expected).collect::<Vec<_>>());
}

#[test]
fn numbers_that_json_does_not_know_are_saved_too() {
    let evaluate = |agent: &Guess, _| [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0][agent.batch_size % 4];
    let agents = || [8, 9, 10, 11].map(|batch_size| Guess { batch_size, ..Guess::new() }).to_vec();
    // Nobody is bred after the only generation.
    let config = || TrainerConfig { generations: 1, ..short(1) };
    let new = || scripted::trainer(agents(), config(), scripted::count_rounds, evaluate);
    let (mut first, mut second) = (new(), new());
    while first.step().expect("one of four is sound").is_continue() {}
    hand_over(&first, &mut second);
    let fitness = |trainer: &Trainer<_>| -> Vec<u64> {
        trainer.population().iter().map(|individual| individual.fitness[0].to_bits()).collect()
    };
    assert_eq!(fitness(&second), fitness(&first));
    assert_eq!(fitness(&second), [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0].map(f64::to_bits));
}

#[test]
fn a_run_that_is_over_is_saved_with_its_champion_and_its_verdict() {
    // After each generation 1, 10, 2; but on many episodes 1, 0.5, 3: the champion is not the elite of the run.
    let evaluate = |agent: &Guess, episodes: usize| {
        let table = if episodes == 3 { [1.0, 10.0, 2.0] } else { [1.0, 0.5, 3.0] };
        table[agent.value as usize - 1]
    };
    let config = || TrainerConfig {
        generations: 3,
        round_env_steps: 25,
        selection: Tournament { size: 1, ..Tournament::default() }.into(),
        ..short(1)
    };
    let told: Arc<Mutex<u32>> = Arc::default();
    let new = || {
        let counts = Arc::clone(&told);
        scripted::trainer(vec![Guess::new()], config(), scripted::count_rounds, evaluate).on_event(move |event| {
            *counts.lock().unwrap() += u32::from(matches!(event, Event::Ended { .. } | Event::Confirmed { .. }));
            Ok(Flow::Continue)
        })
    };
    let (mut first, mut second) = (new(), new());
    let outcome = first.run().expect("it runs");
    assert_eq!((outcome.elite.agent.value, outcome.confirmed_mean), (3.0, 3.0));
    hand_over(&first, &mut second);
    let before = *told.lock().unwrap();
    assert_eq!(format!("{:?}", second.run().expect("it is over")), format!("{outcome:?}"));
    assert_eq!(*told.lock().unwrap(), before, "nothing is told, or faced, twice");
    assert_eq!(second.ending(), Some(outcome.ending));
    let champion = second.best_so_far().expect("it was evaluated");
    assert_eq!((champion.agent.value, champion.fitness.clone()), (2.0, vec![1.0, 10.0]));
    assert!(matches!(second.step(), Ok(ControlFlow::Break(_))));
}

#[test]
fn the_clock_goes_on() {
    let (mut first, mut second) = (trainer(short(1)), trainer(short(1)));
    assert!(first.step().expect("a round").is_continue());
    let before = first.wall();
    hand_over(&first, &mut second);
    let saved = second.wall();
    assert!(before.as_nanos() > 0 && saved >= before && saved <= first.wall(), "{before:?}, {saved:?}");
    assert!(second.step().expect("a round").is_continue());
    assert!(second.wall() > saved);
}

/// A state between the first two generations.
fn state() -> TrainerState {
    let mut toy = trainer(short(1));
    assert!(toy.generation().expect("one generation").is_continue());
    toy.save().expect("it can be saved")
}

fn refusal(saved: &TrainerState) -> Option<String> {
    match trainer(short(1)).restore(saved, []) {
        Ok(()) => None,
        Err(HpoError::State { what, .. }) => Some(what),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn progress_that_does_not_fit_itself_or_the_run_is_refused() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change, bool); 13] = [
        ("nothing", |_| {}, true),
        ("an elite in the last place", |v| v["elite"] = 5.into(), true),
        ("an elite beyond the population", |v| v["elite"] = 6.into(), false),
        ("all rounds of a generation", |v| v["round"] = 3.into(), true),
        ("more rounds than a generation has", |v| v["round"] = 4.into(), false),
        ("a generation more than its history", |v| v["generation"] = 2.into(), false),
        (
            "a history of more generations",
            |v| v["fitness_history"].as_array_mut().unwrap().push(vec![0.0; 6].into()),
            false,
        ),
        ("a history of five", |v| v["fitness_history"][0] = vec![0.0; 5].into(), false),
        ("five individuals", |v| drop(v["population"].as_array_mut().unwrap().pop()), false),
        ("the training of five", |v| drop(v["training"].as_array_mut().unwrap().pop()), false),
        ("no champion, but its agent", |v| v["champion"] = Value::Null, false),
        ("a clock that ran backwards", |v| v["wall_seconds"] = (-1.0).into(), false),
        ("a digest of half its length", |v| v["lineage"] = "00".repeat(16).into(), false),
    ];
    for (what, change, fits) in cases {
        let mut saved = state();
        let mut progress: Value = serde_json::from_slice(&saved.files["progress.json"]).expect("JSON");
        change(&mut progress);
        saved.files.insert("progress.json".to_owned(), progress.to_string().into_bytes());
        let expected = if fits { None } else { Some("progress.json".to_owned()) };
        assert_eq!(refusal(&saved), expected, "{what}");
    }
}

/// Byte strings as a saved trainer holds them: their number, their lengths, their bytes.
fn parts(parts: &[Vec<u8>]) -> Vec<u8> {
    let numbers = [parts.len()].into_iter().chain(parts.iter().map(Vec::len));
    numbers.flat_map(|number| (number as u64).to_le_bytes()).chain(parts.concat()).collect()
}

#[test]
fn after_a_generation_there_is_a_champion() {
    // Without it, and without its agent: the numbers agree, and yet there was nobody to end the run with.
    let mut saved = state();
    let mut progress: Value = serde_json::from_slice(&saved.files["progress.json"]).expect("JSON");
    progress["champion"] = Value::Null;
    saved.files.insert("progress.json".to_owned(), progress.to_string().into_bytes());
    let agents = saved.files["agents.bin"][8 + 7 * 8..].chunks(24).take(6).map(<[u8]>::to_vec).collect::<Vec<_>>();
    saved.files.insert("agents.bin".to_owned(), parts(&agents));
    assert_eq!(refusal(&saved), Some("progress.json".to_owned()));
}

#[test]
fn parts_that_are_cut_off_or_too_many_are_refused() {
    let whole = state();
    let check = |file: &str, content: Vec<u8>, fits: bool| {
        let mut saved = whole.clone();
        saved.files.insert(file.to_owned(), content);
        let expected = if fits { None } else { Some(file.to_owned()) };
        assert_eq!(refusal(&saved), expected, "{file}");
    };
    for number in 5..=7 {
        check("slots.bin", parts(&vec![Vec::new(); number]), number == 6);
    }
    let agents = &whole.files["agents.bin"];
    check("agents.bin", agents.clone(), true);
    check("agents.bin", [&agents[..], &[0]].concat(), false);
    for len in [0, 7, 8, 30, agents.len() - 1] {
        check("agents.bin", agents[..len].to_vec(), false);
    }
    // A number of parts that nobody could hold.
    check("agents.bin", [&u64::MAX.to_le_bytes(), &agents[8..]].concat(), false);
    check("agents.bin", [&(1_u64 << 61).to_le_bytes(), &agents[8..]].concat(), false);
}
