//! Observations that are one of n choices: an index in the memory, n numbers in a batch.

use agilerl_buffer::{Batch, Memory, Replay, RoundView, Row, RowLayout, Transitions};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// A choice among `choices`, one action.
fn memory(choices: usize) -> Replay<f32, u32> {
    Replay::new(4, RowLayout::new(1, 1).with_one_hot(choices)).unwrap()
}

/// Adds a transition from one index to another.
#[track_caller]
fn add(memory: &mut Replay<f32, u32>, obs: f32, next_obs: f32) {
    memory.extend(&Transitions {
        obs: &[obs],
        actions: &[0],
        rewards: &[0.0],
        next_obs: &[next_obs],
        terminated: &[false],
        truncated: &[false],
        next_masks: None,
    });
}

#[test]
fn an_index_is_stored_and_a_one_in_its_place_is_drawn() {
    let mut memory = memory(3);
    add(&mut memory, 0.0, 2.0);
    assert_eq!(memory.row(0).unwrap().obs, [0.0]);
    let mut batch = Batch::new(2, memory.layout());
    // Twice, over what the batch held.
    for _ in 0..2 {
        memory.sample_into(&mut ChaCha8Rng::seed_from_u64(1), &mut batch);
        assert_eq!(batch.obs(), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(batch.next_obs(), [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    }
}

/// What a run draws must not depend on how its observations are kept.
#[test]
fn the_draw_is_that_of_a_memory_of_one_hot_rows() {
    let mut indices = memory(3);
    let mut spelled: Replay<f32, u32> = Replay::new(4, RowLayout::new(3, 1)).unwrap();
    let row = |index: usize| std::array::from_fn::<f32, 3, _>(|place| if place == index { 1.0 } else { 0.0 });
    for index in [0, 1, 2, 1, 0] {
        add(&mut indices, index as f32, 1.0);
        spelled.extend(&Transitions {
            obs: &row(index),
            actions: &[0],
            rewards: &[0.0],
            next_obs: &row(1),
            terminated: &[false],
            truncated: &[false],
            next_masks: None,
        });
    }
    let (own, own_spelled) = (indices.clone(), spelled.clone());
    let mut batches = [Batch::new(9, indices.layout()), Batch::new(9, spelled.layout())];
    RoundView::new(&indices, &own).sample_into(&mut ChaCha8Rng::seed_from_u64(1), &mut batches[0]);
    RoundView::new(&spelled, &own_spelled).sample_into(&mut ChaCha8Rng::seed_from_u64(1), &mut batches[1]);
    assert_eq!(batches[0].obs(), batches[1].obs());
    assert_eq!(batches[0].next_obs(), batches[1].next_obs());
    assert_eq!(batches[0].ordinals(), batches[1].ordinals());
}

#[test]
fn an_observation_that_is_no_choice_is_refused_on_the_way_in() {
    for (obs, next_obs, said) in [
        (3.0, 0.0, "column \"obs\" has 3.0 in row 0, which is not the index of one of 3 choices"),
        (0.0, -1.0, "column \"next_obs\" has -1.0 in row 0"),
        (0.5, 0.0, "has 0.5"),
        (f32::NAN, 0.0, "has NaN"),
    ] {
        let panic = std::panic::catch_unwind(|| add(&mut memory(3), obs, next_obs)).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(said), "{message:?} does not say {said:?}");
    }
}

#[test]
#[should_panic(expected = "observation 2.0 is not an index below 2")]
fn a_batch_refuses_what_is_no_choice() {
    let row = Row {
        obs: &[2.0],
        action: &[0],
        reward: 0.0,
        next_obs: &[0.0],
        terminated: false,
        truncated: false,
        next_mask: None,
    };
    Batch::<f32, u32>::new(1, &RowLayout::new(1, 1).with_one_hot(2)).push(0, row);
}

#[test]
#[should_panic(expected = "the index of one of 3 choices is one number")]
fn rows_of_several_numbers_are_no_choice() {
    let _ = RowLayout::new(2, 1).with_one_hot(3);
}

/// Rows of an older build are 500 numbers long, those of another environment have another number of choices; and one number
/// that is a feature is no index.
#[test]
fn bytes_of_rows_with_other_choices_are_refused() {
    let mut source = memory(3);
    add(&mut source, 1.0, 2.0);
    let bytes = source.to_bytes(0..1);
    let mut again = memory(3);
    again.extend_from_bytes(&bytes).unwrap();
    assert_eq!(again.row(0), source.row(0));
    let features: Replay<f32, u32> = Replay::new(4, RowLayout::new(1, 1)).unwrap();
    let spelled: Replay<f32, u32> = Replay::new(4, RowLayout::new(3, 1)).unwrap();
    for mut other in [memory(2), memory(4), features, spelled] {
        let error = other.extend_from_bytes(&bytes).unwrap_err().to_string();
        assert!(error.contains("rows of another layout"), "{error}");
        let error = memory(3).extend_from_bytes(&other.to_bytes(0..0)).unwrap_err().to_string();
        assert!(error.contains("another layout; here an observation is the index of one of 3 choices"), "{error}");
    }
}

#[test]
fn bytes_with_an_index_beyond_the_choices_are_refused() {
    let mut source = memory(3);
    add(&mut source, 1.0, 2.0);
    let bytes = source.to_bytes(0..1);
    // The header is 9 numbers of 8 bytes; obs stands behind it, then 4 bytes each of action and reward, then next_obs.
    for place in [72, 84] {
        let mut bytes = bytes.clone();
        bytes[place..place + 4].copy_from_slice(&3.0_f32.to_le_bytes());
        let mut memory = memory(3);
        let error = memory.extend_from_bytes(&bytes).unwrap_err().to_string();
        assert!(error.contains("not the index of a choice"), "{error}");
        assert!(memory.is_empty());
    }
}
