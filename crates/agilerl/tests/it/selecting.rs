//! Selections other than tournaments.

use agilerl::hpo::TruncationSelection;
use agilerl::prelude::*;

use crate::resume::{PauseEvery, end};
use crate::short_run;

fn config() -> RunConfig {
    let mut config = short_run("CartPole-v1");
    config.evolution.selection = TruncationSelection { share: 0.25, window: 1 }.into();
    config.checkpoints.seconds = 0.0;
    config
}

#[test]
fn truncation_replaces_the_worst_and_keeps_the_others() {
    let mut trainer = Run::with(config()).start().unwrap().into_trainer();
    let _ = trainer.generation().unwrap();
    let ids: Vec<u64> = trainer.population().iter().map(|individual| individual.id).collect();
    // A quarter of four is one: three founders go on in their places, one place has a child.
    let kept = ids.iter().enumerate().filter(|(place, id)| *place as u64 == **id).count();
    assert_eq!((kept, ids.iter().filter(|id| **id >= 4).count()), (3, 1), "{ids:?}");
}

#[test]
fn a_run_with_truncation_is_resumed_to_the_same_bits_and_is_another_than_with_tournaments() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, pieces) = (folder.path().join("whole"), folder.path().join("pieces"));
    let signature = Run::with(config()).out(&whole).run().unwrap().signature;
    let mut run = Run::with(config()).out(&pieces);
    let resumed = loop {
        match run.observe(PauseEvery(5, 0)).run() {
            Ok(outcome) => break outcome.signature,
            Err(Error::Interrupted { .. }) => run = Run::resume(&pieces).unwrap(),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(resumed, signature);
    assert!(end(&whole) == end(&pieces));
    assert_ne!(signature, Run::with(short_run("CartPole-v1")).run().unwrap().signature);
}
