//! What is drawn from it.

use std::convert::Infallible;

use agilerl_buffer::{Batch, Memory, Replay, Row, RowLayout};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{SeedableRng, TryRng};

use crate::{add, memory};

/// Draws of `size` rows with the generator of this seed, as actions.
fn draw(memory: &impl Memory<f32, u32>, size: usize, seed: u64) -> Vec<u32> {
    let mut batch = Batch::new(size, memory.layout());
    memory.sample_into(&mut ChaCha8Rng::seed_from_u64(seed), &mut batch);
    batch.actions().to_vec()
}

#[test]
fn the_same_seed_draws_the_same_rows_on_every_platform() {
    let mut memory = memory(1000);
    add(&mut memory, 0..1000);
    assert_eq!(draw(&memory, 8, 1), [402, 80, 596, 219, 283, 710, 461, 152]);
}

#[test]
fn where_the_ring_stands_does_not_change_the_draws() {
    let (mut straight, mut wrapped) = (memory(100), memory(100));
    add(&mut straight, 30..130);
    add(&mut wrapped, 0..77);
    add(&mut wrapped, 77..130);
    assert_eq!(draw(&straight, 50, 3), draw(&wrapped, 50, 3));
}

#[test]
fn every_row_is_equally_likely() {
    let (rows, draws) = (50, 100_000);
    let mut memory = memory(rows);
    add(&mut memory, 0..80); // wrapped
    let mut counts = vec![0_u32; 80];
    for action in draw(&memory, draws, 7) {
        counts[action as usize] += 1;
    }
    assert_eq!(counts[..30], [0; 30], "overwritten rows are gone");
    let expected = draws as f64 / rows as f64;
    let chi_square: f64 = counts[30..].iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
    // 49 degrees of freedom: mean 49, and above 85.4 once in a thousand seeds.
    assert!(chi_square < 85.4, "chi-square {chi_square}");
}

#[test]
fn the_rows_of_a_batch_belong_together() {
    let mut memory = memory(20);
    add(&mut memory, 0..33);
    let mut batch = Batch::new(64, memory.layout());
    memory.sample_into(&mut ChaCha8Rng::seed_from_u64(2), &mut batch);
    assert_eq!(batch.len(), 64);
    for row in 0..64 {
        let k = batch.actions()[row];
        assert_eq!(batch.ordinals()[row], u64::from(k));
        assert_eq!(batch.obs()[row], k as f32);
        assert_eq!(batch.next_obs()[row], k as f32 + 0.5);
        assert_eq!(batch.rewards()[row], -(k as f32));
        assert_eq!(batch.terminated()[row], k % 3 == 0);
        assert_eq!(batch.truncated()[row], k % 5 == 0);
        assert_eq!((batch.steps()[row], batch.weights()[row]), (1, 1.0));
    }
}

#[test]
fn masks_are_drawn_with_their_rows() {
    let layout = RowLayout::new(1, 1).with_mask(2);
    let mut batch = Batch::<f32, u32>::new(1, &layout);
    assert_eq!(batch.next_masks(), Some(&[][..]));
    let row = Row {
        obs: &[0.0],
        action: &[1],
        reward: 0.0,
        next_obs: &[0.0],
        terminated: false,
        truncated: false,
        next_mask: Some(&[false, true][..]),
    };
    batch.push(0, row);
    assert_eq!(batch.next_masks(), Some(&[false, true][..]));
}

/// Answers with what it is given.
struct Scripted(std::vec::IntoIter<u64>);

impl TryRng for Scripted {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("a draw is a u64")
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next().expect("no draw is left"))
    }
    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        unreachable!("a draw is a u64")
    }
}

/// Of three rows, the row of a draw x is 3 x / 2^64. 2^64 is 1 more than a multiple of 3, so one draw is too many: that
/// whose 3 x is a multiple of 2^64, which is 0. With x = (2^64 + 2) / 3 the product is 2^64 + 2: row 1, and it counts,
/// although its low half is below 3.
#[test]
fn only_a_draw_that_would_favour_a_row_is_drawn_again() {
    let mut memory = memory(3);
    add(&mut memory, 10..13);
    let third = 0x5555_5555_5555_5556;
    let mut draws = Scripted(vec![0, 0, third, third, u64::MAX].into_iter());
    let mut batch = Batch::new(3, memory.layout());
    memory.sample_into(&mut draws, &mut batch);
    assert_eq!(batch.actions(), [11, 11, 12]);
}

#[test]
#[should_panic(expected = "does not fit the layout of this batch")]
fn a_mask_of_another_length_does_not_fit() {
    let row = Row {
        obs: &[0.0],
        action: &[1],
        reward: 0.0,
        next_obs: &[0.0],
        terminated: false,
        truncated: false,
        next_mask: Some(&[true; 3][..]),
    };
    Batch::<f32, u32>::new(1, &RowLayout::new(1, 1).with_mask(2)).push(0, row);
}

#[test]
fn a_batch_larger_than_the_memory_repeats_rows() {
    let mut memory = memory(10);
    add(&mut memory, [4]);
    assert_eq!(draw(&memory, 3, 0), [4, 4, 4]);
}

#[test]
fn a_reused_batch_forgets_what_an_adapter_wrote() {
    let mut memory = memory(10);
    add(&mut memory, 0..10);
    let mut batch = Batch::new(4, memory.layout());
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    memory.sample_into(&mut rng, &mut batch);
    batch.steps_mut().fill(3);
    batch.weights_mut().fill(0.1);
    memory.sample_into(&mut rng, &mut batch);
    assert_eq!((batch.steps(), batch.weights()), (&[1; 4][..], &[1.0; 4][..]));
}

#[test]
#[should_panic(expected = "cannot sample from an empty memory")]
fn an_empty_memory_has_no_rows_to_draw() {
    draw(&memory(10), 1, 0);
}

#[test]
#[should_panic(expected = "does not fit the layout of this batch")]
fn a_batch_for_another_layout_is_refused() {
    let mut memory = memory(10);
    add(&mut memory, [1]);
    let mut batch = Batch::new(1, &RowLayout::new(2, 1));
    Replay::sample_into(&memory, &mut ChaCha8Rng::seed_from_u64(0), &mut batch);
}
