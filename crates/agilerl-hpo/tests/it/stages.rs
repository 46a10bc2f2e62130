//! What an individual hears of the run, and what the run makes of what it did.

use std::sync::{Arc, Mutex};

use agilerl_hpo::{
    Event, Flow, Individual, Mutation, Purpose, Round, RoundContext, RoundStats, Selector, Streams, Tournament,
    TrainerConfig, evaluate, toy::Guess, train_round,
};

use crate::{
    population::{guesses, short, trainer},
    scripted::{self, Scripted},
};

type Told = Arc<Mutex<Vec<RoundContext>>>;

/// Training that does nothing but remember what it was told.
fn witness() -> (Told, impl Fn(&mut Guess, &RoundContext) -> RoundStats + Sync) {
    let told = Told::default();
    let hears = Arc::clone(&told);
    let train = move |_: &mut Guess, context: &RoundContext| {
        hears.lock().unwrap().push(*context);
        // Half of what was asked: an environment may end early.
        RoundStats { env_steps: context.env_steps / 2, ..RoundStats::default() }
    };
    (told, train)
}

#[test]
fn an_individual_hears_where_it_stands_and_its_clock_counts_what_it_took() {
    let (told, train) = witness();
    let task = Scripted { train, evaluate: |_: &Guess, _| 0.0 };
    let mut population = Individual::founders(guesses()[..2].to_vec());
    population[1].env_steps = 100;
    let round = Round { streams: Streams::new(9), generation: 3, round: 2, env_steps: 10 };
    train_round(&task, &mut population, &mut [(), ()], &mut (), &round).expect("nothing fails");
    let mut told = told.lock().unwrap().clone();
    told.sort_by_key(|context| context.individual);
    let context = |individual, clock| RoundContext {
        streams: Streams::new(9),
        generation: 3,
        round: 2,
        individual,
        env_steps: 10,
        clock,
    };
    assert_eq!(told, [context(0, 0), context(1, 100)]);
    assert_eq!([population[0].env_steps, population[1].env_steps], [5, 105]);
}

#[test]
fn no_two_rounds_of_a_run_have_the_same_name_and_each_has_the_runs_streams() {
    let (told, train) = witness();
    let config = TrainerConfig { generations: 2, ..short(8) };
    let mut trainer = scripted::trainer(guesses(), config, train, |_: &Guess, _| 0.0);
    let outcome = trainer.run().expect("it runs");
    // 25 transitions are rounds of 10, 10 and 5, of which half are taken: 5, 5 and 2. The clock goes on from generation
    // to generation, for children as for the elite.
    let rounds = [(0, 10, 0), (1, 10, 5), (2, 5, 10)];
    let mut expected = Vec::new();
    for generation in 0..2 {
        for (round, env_steps, before) in rounds {
            expected.extend((0..6).map(|place| (generation, round, place, env_steps, 12 * generation + before)));
        }
    }
    let mut told = told.lock().unwrap().clone();
    assert!(told.iter().all(|context| context.streams == Streams::new(8)));
    told.sort_by_key(|context| (context.generation, context.round, context.individual));
    let name = |c: &RoundContext| (c.generation, c.round, c.individual, c.env_steps, c.clock);
    assert_eq!(told.iter().map(name).collect::<Vec<_>>(), expected);
    // The run counts what was taken: 12 in 2 generations of 6.
    assert_eq!(outcome.env_steps, 2 * 6 * 12);
}

#[test]
fn a_generation_is_bred_from_the_streams_that_bear_its_number() {
    let config = short(12);
    let Mutation { no_mutation, .. } = config.mutation;
    assert!(no_mutation < 1.0);
    let (selection, mutation) = (config.selection.clone(), config.mutation.clone());
    let mut evaluated: Vec<Individual<Guess>> = Vec::new();
    let bred = Arc::new(Mutex::new(0));
    let counts = Arc::clone(&bred);
    let mut trainer = trainer(config).on_event(move |event| {
        match event {
            Event::Evaluated(report) => evaluated = report.population.to_vec(),
            Event::Evolved { generation, population } => {
                let streams = Streams::new(12);
                let mut rng = streams.get(Purpose::Selection, *generation, 0, 0);
                let decision = selection.select(*generation, &selection.scores(&evaluated), &mut rng)?;
                let mut expected = decision.reproduce(&evaluated);
                mutation.mutate(&mut expected, &streams, *generation);
                assert_eq!(*population, expected);
                *counts.lock().unwrap() += 1;
            }
            _ => {}
        }
        Ok(Flow::Continue)
    });
    trainer.run().expect("it runs");
    assert_eq!(*bred.lock().unwrap(), 4);
}

#[test]
fn a_fitness_is_added_to_those_of_earlier_generations() {
    let task = Scripted { train: scripted::count_rounds, evaluate: |agent: &Guess, _| agent.value };
    let mut population = Individual::founders(vec![Guess { value: 2.0, ..Guess::new() }]);
    evaluate(&task, &mut population, 0, &[1, 2]).expect("nothing fails");
    population[0].agent.value = 4.0;
    evaluate(&task, &mut population, 1, &[1, 2]).expect("nothing fails");
    assert_eq!(population[0].fitness, [2.0, 4.0]);
    assert_eq!(Tournament { window: 2, ..Tournament::default() }.scores(&population), [3.0]);
}
