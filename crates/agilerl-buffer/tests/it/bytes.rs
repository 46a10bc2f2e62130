//! Rows go to bytes and back, and bytes that are no rows are refused.

use agilerl_buffer::{Replay, RowLayout, Transitions};
use proptest::prelude::*;

use crate::{add, memory};

fn check_same(one: &Replay<f32, u32>, other: &Replay<f32, u32>) {
    assert_eq!((one.len(), one.total(), one.oldest()), (other.len(), other.total(), other.oldest()));
    for ordinal in one.oldest()..one.total() {
        assert_eq!(one.row(ordinal), other.row(ordinal), "row {ordinal}");
    }
}

proptest! {
    /// Whatever was written in whichever pieces, and wherever the ring wraps.
    #[test]
    fn a_memory_written_in_pieces_is_the_same_memory(
        capacity in 1_usize..20,
        first in 0_u32..30,
        second in 0_u32..30,
        third in 1_u32..30,
    ) {
        let mut whole = memory(capacity);
        let mut segments = Vec::new();
        let mut total = 0;
        for rows in [first, second, third] {
            add(&mut whole, total..total + rows);
            // What a run would write: what is new, and still held.
            let from = whole.oldest().max(u64::from(total));
            let begins = segments.is_empty() || from != u64::from(total);
            if begins {
                segments.clear();
            }
            segments.push(whole.to_bytes(from..whole.total()));
            total += rows;
        }
        let mut again = memory(capacity);
        for segment in &segments {
            again.extend_from_bytes(segment).unwrap();
        }
        let held = whole.oldest().max(again.oldest());
        for ordinal in held..whole.total() {
            prop_assert_eq!(whole.row(ordinal), again.row(ordinal));
        }
        prop_assert_eq!(whole.total(), again.total());
        // And all at once.
        let mut again = memory(capacity);
        again.extend_from_bytes(&whole.to_bytes(whole.oldest()..whole.total())).unwrap();
        check_same(&whole, &again);
        add(&mut whole, total..total + 7);
        add(&mut again, total..total + 7);
        check_same(&whole, &again);
    }
}

#[test]
fn pixels_components_and_masks_come_back() {
    let layout = RowLayout::new(2, 3).with_mask(2);
    let mut memory: Replay<u8, f32> = Replay::new(4, layout).unwrap();
    memory.extend(&Transitions {
        obs: &[1, 255],
        actions: &[0.5, -0.0, f32::NAN],
        rewards: &[0.25],
        next_obs: &[3, 4],
        terminated: &[true],
        truncated: &[false],
        next_masks: Some(&[true, false]),
    });
    let mut again: Replay<u8, f32> = Replay::new(4, layout).unwrap();
    again.extend_from_bytes(&memory.to_bytes(0..1)).unwrap();
    let (row, other) = (memory.row(0).unwrap(), again.row(0).unwrap());
    assert_eq!(
        row.action.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        other.action.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    );
    assert_eq!(
        (row.obs, row.next_obs, row.next_mask, row.terminated),
        (other.obs, other.next_obs, other.next_mask, other.terminated)
    );
}

#[test]
fn bytes_that_are_no_rows_are_refused_and_change_nothing() {
    let mut source = memory(8);
    add(&mut source, 0..5);
    let good = source.to_bytes(0..5);
    let refuse = |bytes: &[u8], expected: &str| {
        let mut memory = memory(8);
        let error = memory.extend_from_bytes(bytes).expect_err("no rows").to_string();
        assert!(error.contains(expected), "{error:?} does not say {expected:?}");
        assert_eq!((memory.len(), memory.total()), (0, 0));
    };
    refuse(b"", "begin like a file of rows");
    refuse(&good[..30], "middle of the header");
    refuse(&good[..good.len() - 1], "not fit the 5 rows");
    refuse(&[&good[..], &[0]].concat(), "not fit the 5 rows");
    let with = |place: usize, number: u64| {
        let mut bytes = good.clone();
        bytes[8 + 8 * place..][..8].copy_from_slice(&number.to_le_bytes());
        bytes
    };
    refuse(&with(1, u64::MAX), "not fit the 18446744073709551615 rows");
    refuse(&with(1, 1 << 60), "rows that their header names");
    refuse(&with(0, u64::MAX), "exceed 64 bits");
    refuse(&with(2, u64::MAX), "another layout");
    refuse(&with(5, 1), "another layout");
    let mut flag = good.clone();
    *flag.last_mut().unwrap() = 7;
    refuse(&flag, "neither true nor false");
    let mut elsewhere = memory(8);
    add(&mut elsewhere, 0..2);
    let error = elsewhere.extend_from_bytes(&good).unwrap_err().to_string();
    assert!(error.contains("begin at row 0, and row 2 comes next"), "{error}");
    // Nor is a gap left.
    let error = elsewhere.extend_from_bytes(&source.to_bytes(3..5)).unwrap_err().to_string();
    assert!(error.contains("begin at row 3, and row 2 comes next"), "{error}");
    assert_eq!((elsewhere.len(), elsewhere.total()), (2, 2));
}

#[test]
#[should_panic(expected = "rows 1..4 of 2..4")]
fn rows_that_are_overwritten_have_no_bytes() {
    let mut memory = memory(2);
    add(&mut memory, 0..4);
    memory.to_bytes(1..4);
}

#[test]
fn bytes_that_lie_allocate_nothing() {
    let mut source = memory(8);
    add(&mut source, 0..5);
    let mut lie = source.to_bytes(0..5);
    lie[16..24].copy_from_slice(&(1_u64 << 50).to_le_bytes());
    let mut memory = memory(8);
    let counted = allocation_counter::measure(|| assert!(memory.extend_from_bytes(&lie).is_err()));
    assert!(counted.bytes_max < 1_000, "{} bytes", counted.bytes_max);
}
