//! State in the slots that follows the individuals.

use std::sync::{Arc, Mutex};

use agilerl_hpo::{
    BoxError, Evaluation, Event, Flow, HpoError, Mutation, Origin, PersistTask, RoundContext, RoundStats, Selection,
    SelectionConfig, Streams, Task, Tournament, Trainer, TrainerConfig, TruncationSelection, toy::Guess,
};

use crate::population::{guesses, short};

/// Every slot holds the names of the individuals that trained in it or handed it over: `"5"`, and `"5/"` for its child.
#[derive(Default)]
struct Names {
    /// The origins of every generation that was born.
    born: Mutex<Vec<Vec<Origin>>>,
    fails: Fails,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Fails {
    #[default]
    Never,
    WithAnError,
    WithAPanic,
}

impl Task for Names {
    type Agent = Guess;
    type Shared = ();
    type Slot = String;

    fn shared(&self) -> Result<(), BoxError> {
        Ok(())
    }
    fn slot(&self, place: usize, _: &Streams) -> Result<String, BoxError> {
        Ok(place.to_string())
    }
    fn train(&self, _: &mut Guess, _: &mut String, (): &(), context: &RoundContext) -> Result<RoundStats, BoxError> {
        Ok(RoundStats { env_steps: context.env_steps, ..RoundStats::default() })
    }
    fn inherit(&self, slots: &mut [&mut String], origins: &[Origin]) -> Result<(), BoxError> {
        assert!(self.fails != Fails::WithAPanic, "the priorities are gone");
        if self.fails == Fails::WithAnError {
            return Err("the priorities do not fit".into());
        }
        let before: Vec<String> = slots.iter().map(|slot| (**slot).clone()).collect();
        for (slot, origin) in slots.iter_mut().zip(origins) {
            **slot = match origin {
                Origin::Kept(place) => before[*place].clone(),
                Origin::ChildOf(place) => format!("{}/", before[*place]),
            };
        }
        self.born.lock().unwrap().push(origins.to_vec());
        Ok(())
    }
    fn evaluate(&self, agent: &Guess, seeds: &[u64]) -> Result<Evaluation, BoxError> {
        Ok(Evaluation { returns: vec![agent.value; seeds.len()], env_steps: 0, cut: 0 })
    }
}

impl PersistTask for Names {
    fn save_slot(&self, slot: &String) -> Result<Vec<u8>, BoxError> {
        Ok(slot.clone().into_bytes())
    }
    fn restore_slot(&self, slot: &mut String, bytes: &[u8]) -> Result<(), BoxError> {
        *slot = String::from_utf8(bytes.to_vec())?;
        Ok(())
    }
}

fn names(selection: impl Into<SelectionConfig>) -> Trainer<Names> {
    let config = TrainerConfig { selection: selection.into(), mutation: Mutation::none(), ..short(1) };
    Trainer::new(Names::default(), guesses(), config).expect("a sound configuration")
}

/// The slots of a trainer, as they are saved: their number, their lengths, their bytes.
fn slots(trainer: &Trainer<Names>) -> Vec<String> {
    let saved = trainer.save().expect("it can be saved");
    let bytes = &saved.files["slots.bin"];
    let number = |at: usize| u64::from_le_bytes(bytes[8 * at..8 * at + 8].try_into().unwrap()) as usize;
    let mut from = 8 * (1 + number(0));
    let lengths = (1..=number(0)).map(number);
    lengths
        .map(|length| {
            String::from_utf8(
                bytes[from..{
                    from += length;
                    from
                }]
                    .to_vec(),
            )
            .unwrap()
        })
        .collect()
}

fn born(trainer: &Trainer<Names>) -> Vec<Vec<Origin>> {
    trainer.task().born.lock().unwrap().clone()
}

#[test]
fn a_generation_inherits_from_the_origins_that_were_selected_before_its_first_round() {
    let told: Arc<Mutex<Vec<Vec<u64>>>> = Arc::default();
    let heard = Arc::clone(&told);
    let mut trainer = names(Tournament::default()).on_event(move |event| {
        if let Event::Evolved { population, .. } = event {
            heard.lock().unwrap().push(population.iter().flat_map(|individual| individual.parents.clone()).collect());
        }
        Ok(Flow::Continue)
    });
    assert!(trainer.generation().expect("it runs").is_continue());
    // The founders have no origins: one generation was born, from places whose ids are the founders'. Place 5 is the best.
    let [origins] = &born(&trainer)[..] else { panic!("one generation was born") };
    assert_eq!(origins[0], Origin::Kept(5));
    assert!(origins[1..].iter().all(|origin| matches!(origin, Origin::ChildOf(_))), "{origins:?}");
    let parents: Vec<u64> = origins[1..].iter().map(|origin| origin.place() as u64).collect();
    assert_eq!(told.lock().unwrap()[0], parents, "the elite has no parents");
    let mut expected = vec!["5".to_owned()];
    expected.extend(parents.iter().map(|parent| format!("{parent}/")));
    assert_eq!(slots(&trainer), expected);
    trainer.run().expect("it runs");
    assert_eq!(born(&trainer).len(), 4, "none is born after the last of five generations");
}

#[test]
fn individuals_that_truncation_keeps_keep_their_slots() {
    let mut trainer = names(TruncationSelection { share: 0.2, window: 1 });
    assert!(trainer.generation().expect("it runs").is_continue());
    // The founder in place 0 is the worst, and the one in place 5 the best.
    assert_eq!(slots(&trainer), ["5/", "1", "2", "3", "4", "5"]);
}

#[test]
fn a_mutated_elite_is_a_child_of_itself() {
    let mutation = Mutation { mutate_elite: true, ..Mutation::none() };
    let config = TrainerConfig { mutation, ..short(1) };
    let mut trainer = Trainer::new(Names::default(), guesses(), config).expect("a sound configuration");
    assert!(trainer.generation().expect("it runs").is_continue());
    assert_eq!(born(&trainer)[0][0], Origin::ChildOf(5));
}

#[test]
fn a_resumed_run_inherits_as_if_it_had_not_been_stopped_and_nothing_twice() {
    let mut whole = names(Tournament::default());
    whole.run().expect("it runs");
    let expected = (born(&whole), slots(&whole));
    // Four steps a generation, the last of which breeds the next.
    for steps in 1..20 {
        let mut first = names(Tournament::default());
        for _ in 0..steps {
            assert!(first.step().expect("it runs").is_continue());
        }
        let mut second = names(Tournament::default());
        second.restore(&first.save().expect("it can be saved"), []).expect("its own state");
        assert_eq!(slots(&second), slots(&first));
        second.run().expect("it runs");
        let all = [born(&first), born(&second)].concat();
        assert_eq!((all, slots(&second)), expected, "stopped after {steps} steps");
    }
}

#[test]
fn the_generation_that_an_extension_breeds_inherits_too() {
    let mut trainer = names(TruncationSelection::default());
    trainer.run().expect("it runs");
    let (before, last) = (born(&trainer).len(), slots(&trainer));
    let Selection { origins, .. } = {
        use agilerl_hpo::{Purpose, Selector};
        let selector = trainer.config().selection.clone();
        let mut rng = Streams::new(1).get(Purpose::Selection, 5, 0, 0);
        selector.select(5, &selector.scores(trainer.population()), &mut rng).expect("all are finite")
    };
    trainer.extend(6, None).expect("it is over");
    assert_eq!((born(&trainer).len(), &born(&trainer)[before]), (before + 1, &origins));
    let expected = origins.iter().map(|origin| match origin {
        Origin::Kept(place) => last[*place].clone(),
        Origin::ChildOf(place) => format!("{}/", last[*place]),
    });
    assert_eq!(slots(&trainer), expected.collect::<Vec<_>>());
}

#[test]
fn a_task_that_cannot_hand_over_ends_the_run_by_name() {
    for (fails, cause) in
        [(Fails::WithAnError, "the priorities do not fit"), (Fails::WithAPanic, "panic: the priorities are gone")]
    {
        let mut trainer = Trainer::new(Names { fails, ..Names::default() }, guesses(), short(1)).expect("sound");
        let error = trainer.run().expect_err("the first birth fails");
        assert_eq!(error.to_string(), "the task could not hand its state over to generation 1");
        assert!(
            matches!(&error, HpoError::Inherit { generation: 1, source } if source.to_string() == cause),
            "{error:?}"
        );
        assert!(matches!(trainer.run(), Err(HpoError::Broken)));
    }
}
