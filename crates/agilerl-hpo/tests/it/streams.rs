//! The named random streams.

use std::collections::BTreeSet;

use agilerl_hpo::{Purpose, Streams};
use rand::Rng;

const PURPOSES: [Purpose; 10] = [
    Purpose::Weights,
    Purpose::InitialHyperparameters,
    Purpose::Environment,
    Purpose::Exploration,
    Purpose::Replay,
    Purpose::Evaluation,
    Purpose::Confirmation,
    Purpose::Selection,
    Purpose::Mutation,
    Purpose::Learning,
];

#[test]
fn no_two_names_share_a_stream() {
    let mut first = BTreeSet::new();
    for root in [0, 1, 1 << 40] {
        for purpose in PURPOSES {
            for (generation, individual, index) in (0..27).map(|n| (n / 9, n as usize / 3 % 3, n as usize % 3)) {
                first.insert(Streams::new(root).get(purpose, generation, individual, index).next_u64());
            }
        }
    }
    assert_eq!(first.len(), 3 * 10 * 27);
}

#[test]
fn streams_are_pinned() {
    // ChaCha8 under the key of root (8 bytes), purpose (4), individual (4), generation (8) and index (8), with these
    // words computed by another implementation. A change here means that every seed begins another run: the changelog
    // must say so.
    let mut stream = Streams::new(7).get(Purpose::Mutation, 3, 1, 2);
    assert_eq!([stream.next_u64(), stream.next_u64()], [566898660240165183, 1521879497275020074]);
    assert_eq!(Streams::new(7).seeds(Purpose::Evaluation, 3, 0, 3), [4012800120, 2824428335, 3558158554]);
}

#[test]
fn seeds_fit_into_32_bits_and_more_of_them_begin_with_the_same() {
    let streams = Streams::new(7);
    let many = streams.seeds(Purpose::Confirmation, 3, 5, 1_000);
    assert!(many.iter().all(|seed| u32::try_from(*seed).is_ok()));
    assert_eq!(streams.seeds(Purpose::Confirmation, 3, 5, 10), many[..10]);
}

#[test]
fn one_seed_is_the_first_of_many() {
    let streams = Streams::new(7);
    assert_eq!(streams.seed(Purpose::Evaluation, 3, 0), 4012800120);
    assert_eq!(streams.seed(Purpose::Environment, 2, 5), streams.seeds(Purpose::Environment, 2, 5, 4)[0]);
}

#[test]
fn a_step_of_learning_has_the_tenth_key() {
    // The purpose is a byte of the key: a change of its number is another stream.
    assert_eq!(Purpose::Learning as u8, 10);
}
