//! What the ring holds.

use std::collections::VecDeque;

use agilerl_buffer::{Replay, RowLayout, Transitions};
use proptest::prelude::*;

use crate::{add, memory, numbers};

#[test]
fn the_newest_rows_stay_when_the_ring_wraps() {
    let mut memory = memory(5);
    add(&mut memory, 0..3);
    assert_eq!(numbers(&memory), [0, 1, 2]);
    add(&mut memory, 3..7); // slots 3, 4, 0, 1
    assert_eq!(numbers(&memory), [2, 3, 4, 5, 6]);
    assert_eq!((memory.len(), memory.total()), (5, 7));
}

#[test]
fn of_more_rows_than_fit_the_newest_stay() {
    let mut memory = memory(3);
    add(&mut memory, 0..2);
    add(&mut memory, 10..18);
    assert_eq!(numbers(&memory), [15, 16, 17]);
    assert_eq!(memory.total(), 10);
}

/// Every number says its row, tens, and its place, units; of three rows the first finds no room.
#[test]
fn of_more_rows_than_fit_the_newest_stay_whole() {
    let mut memory = Replay::<u8, u32>::new(2, RowLayout::new(2, 3).with_mask(2)).unwrap();
    memory.extend(&Transitions {
        obs: &[10, 11, 20, 21, 30, 31],
        actions: &[10, 11, 12, 20, 21, 22, 30, 31, 32],
        rewards: &[1.0, 2.0, 3.0],
        next_obs: &[15, 16, 25, 26, 35, 36],
        terminated: &[true, false, true],
        truncated: &[false, true, true],
        next_masks: Some(&[false, false, true, false, true, true]),
    });
    let (row, newest) = (memory.row(1).unwrap(), memory.row(2).unwrap());
    assert_eq!((row.obs, row.action, row.reward, row.next_obs), (&[20, 21][..], &[20, 21, 22][..], 2.0, &[25, 26][..]));
    assert_eq!((row.terminated, row.truncated, row.next_mask), (false, true, Some(&[true, false][..])));
    assert_eq!((newest.obs, newest.action, newest.next_mask), (&[30, 31][..], &[30, 31, 32][..], Some(&[true; 2][..])));
}

#[test]
fn termination_and_truncation_are_kept_apart() {
    let mut memory = memory(4);
    add(&mut memory, [3, 5, 15, 1]);
    let flags = [0, 1, 2, 3].map(|ordinal| memory.row(ordinal).map(|row| (row.terminated, row.truncated)).unwrap());
    assert_eq!(flags, [(true, false), (false, true), (true, true), (false, false)]);
}

#[test]
fn an_ordinal_names_one_transition_for_ever() {
    let mut memory = memory(2);
    add(&mut memory, [7, 8]);
    assert_eq!(memory.row(1).unwrap().action, [8]);
    add(&mut memory, [9]);
    assert_eq!(memory.row(0), None, "overwritten");
    assert_eq!(memory.row(1).unwrap().action, [8]);
    assert_eq!(memory.row(2).unwrap().action, [9]);
    assert_eq!(memory.row(3), None, "still to come");
    memory.clear();
    add(&mut memory, [10]);
    assert_eq!(memory.row(2), None, "cleared");
    assert_eq!(memory.row(3).unwrap().action, [10]);
}

#[test]
fn append_keeps_the_order_of_insertion() {
    let (mut population, mut first, mut second) = (memory(6), memory(3), memory(3));
    add(&mut population, [1, 2]);
    add(&mut first, [10, 11]);
    add(&mut first, [12, 13]); // wrapped: 13 lies before 11, and 10 is gone
    add(&mut second, [20]);
    population.append(&first);
    population.append(&second);
    assert_eq!(numbers(&population), [1, 2, 11, 12, 13, 20]);
}

#[test]
fn a_clone_has_the_same_room() {
    let mut original = memory(4);
    add(&mut original, 0..2);
    let mut clone = original.clone();
    assert_eq!(clone.bytes(), original.bytes());
    add(&mut clone, 2..7);
    assert_eq!(numbers(&clone), [3, 4, 5, 6]);
    assert_eq!(numbers(&original), [0, 1]);
}

#[test]
fn pixels_components_and_masks_are_kept_as_they_are() {
    let mut memory = Replay::<u8, f32>::new(2, RowLayout::new(3, 2).with_mask(2)).unwrap();
    memory.extend(&Transitions {
        obs: &[0, 1, 2, 253, 254, 255],
        actions: &[0.1, -0.2, 0.3, -0.4],
        rewards: &[0.1, 1e-3], // f64, as environments give them
        next_obs: &[3, 4, 5, 6, 7, 8],
        terminated: &[false, false],
        truncated: &[false, false],
        next_masks: Some(&[true, false, false, true]),
    });
    let row = memory.row(1).unwrap();
    assert_eq!((row.obs, row.next_obs), (&[253, 254, 255][..], &[6, 7, 8][..]));
    assert_eq!((row.action, row.reward), (&[0.3, -0.4][..], 1e-3));
    assert_eq!(row.next_mask, Some(&[false, true][..]));
}

#[test]
fn a_column_of_the_wrong_length_is_named() {
    let sound = Transitions {
        obs: &[0.0, 0.0],
        actions: &[0],
        rewards: &[0.0],
        next_obs: &[0.0, 0.0],
        terminated: &[false],
        truncated: &[false],
        next_masks: Some(&[true; 3]),
    };
    let check = |transitions: Transitions<'_, f32, u32>, expected: &str| {
        let mut memory = Replay::<f32, u32>::new(2, RowLayout::new(2, 1).with_mask(3)).unwrap();
        let extend = std::panic::AssertUnwindSafe(|| memory.extend(&transitions));
        let panic = std::panic::catch_unwind(extend).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(&format!("column {expected}")), "{message:?} does not say {expected:?}");
    };
    check(Transitions { obs: &[0.0], ..sound }, "\"obs\" does not hold 1 rows of 2");
    check(Transitions { actions: &[0; 2], ..sound }, "\"actions\" does not hold 1 rows of 1");
    check(Transitions { next_obs: &[0.0], ..sound }, "\"next_obs\" does not hold 1 rows of 2");
    check(Transitions { terminated: &[], ..sound }, "\"terminated\" does not hold 1 rows of 1");
    check(Transitions { truncated: &[true; 2], ..sound }, "\"truncated\" does not hold 1 rows of 1");
    check(Transitions { next_masks: Some(&[true; 2]), ..sound }, "\"next_masks\" does not hold 1 rows of 3");
}

#[test]
#[should_panic(expected = "\"next_masks\" is missing")]
fn a_missing_mask_is_named() {
    let mut memory = Replay::<f32, u32>::new(2, RowLayout::new(1, 1).with_mask(2)).unwrap();
    add(&mut memory, [1]);
}

#[derive(Clone, Debug)]
enum Step {
    Add(usize),
    Append(usize),
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0_usize..12).prop_map(Step::Add),
        3 => (0_usize..12).prop_map(Step::Append),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    #[test]
    fn the_ring_is_a_queue_that_forgets_its_oldest(capacity in 1_usize..9, steps in steps()) {
        let mut memory = memory(capacity);
        let mut model = VecDeque::new();
        let mut total = 0_u32;
        for step in steps {
            match step {
                Step::Add(rows) => {
                    add(&mut memory, total..total + rows as u32);
                    model.extend(total..total + rows as u32);
                    total += rows as u32;
                }
                // Room for all, wherever its own ring stands, so that nothing is lost on the way.
                Step::Append(rows) => {
                    let mut other = crate::memory(rows.max(1) + 3);
                    add(&mut other, 0..5);
                    other.clear();
                    add(&mut other, total..total + rows as u32);
                    memory.append(&other);
                    model.extend(total..total + rows as u32);
                    total += rows as u32;
                }
                Step::Clear => {
                    memory.clear();
                    model.clear();
                }
            }
            while model.len() > capacity {
                model.pop_front();
            }
            prop_assert_eq!(numbers(&memory), model.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(memory.len(), model.len());
            prop_assert_eq!(memory.total(), u64::from(total));
            for ordinal in 0..u64::from(total) + 2 {
                let expected = model.contains(&(ordinal as u32)).then_some(ordinal as u32);
                prop_assert_eq!(memory.row(ordinal).map(|row| row.action[0]), expected);
            }
        }
    }
}
