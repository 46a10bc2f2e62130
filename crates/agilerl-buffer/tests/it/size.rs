//! Bytes and allocations.

use agilerl_buffer::{Batch, BufferError, Memory, Replay, RoundView, RowLayout, Stored, Transitions};
use allocation_counter::measure;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

#[track_caller]
fn check_bytes<O: Stored, A: Copy>(capacity: usize, layout: RowLayout, by_hand: usize) {
    let announced = layout.bytes::<O, A>(capacity).unwrap();
    assert_eq!(announced, by_hand);
    let mut memory = None;
    let allocated = measure(|| memory = Some(Replay::<O, A>::new(capacity, layout).unwrap())).bytes_max as usize;
    assert_eq!(memory.unwrap().bytes(), announced);
    assert!(allocated.abs_diff(announced) * 100 <= announced, "{allocated} allocated, {announced} announced");
}

#[test]
fn the_announced_bytes_are_the_allocated_bytes() {
    // A lander: 2 x 8 features of 4 bytes, a choice of 4, a reward of 4, two flags.
    check_bytes::<f32, u32>(10_000, RowLayout::new(8, 1), 10_000 * (64 + 4 + 4 + 2));
    // Four stacked frames of 84 x 84 pixels, a byte each; a mask of 18 choices.
    check_bytes::<u8, u32>(100, RowLayout::new(28_224, 1).with_mask(18), 100 * (56_448 + 4 + 4 + 2 + 18));
    check_bytes::<f32, f32>(1, RowLayout::new(3, 2), 24 + 8 + 4 + 2);
    // A taxi: two indices of 500 places in 4 bytes each, where 500 numbers each were 4,016 bytes a row.
    check_bytes::<f32, u32>(100_000, RowLayout::new(1, 1).with_mask(6).with_one_hot(500), 100_000 * 24);
}

#[test]
fn after_new_nothing_is_allocated() {
    let layout = RowLayout::new(2, 1).with_mask(2);
    let mut memory = Replay::<f32, u32>::new(100, layout).unwrap();
    let mut own = Replay::<f32, u32>::new(50, layout).unwrap();
    let mut batch = Batch::new(32, &layout);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let rows = Transitions {
        obs: &[0.0; 32],
        actions: &[0; 16],
        rewards: &[0.0; 16],
        next_obs: &[0.0; 32],
        terminated: &[false; 16],
        truncated: &[false; 16],
        next_masks: Some(&[true; 32]),
    };
    let counted = measure(|| {
        // From empty, over the wrap, with every size that the batch already had.
        for size in [32, 8, 32] {
            batch.resize(size);
            for _ in 0..10 {
                own.extend(&rows);
                memory.extend(&rows);
                memory.sample_into(&mut rng, &mut batch);
                RoundView::new(&memory, &own).sample_into(&mut rng, &mut batch);
            }
            memory.append(&own);
            own.clear();
        }
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

#[test]
fn a_capacity_of_nothing_is_an_error() {
    let error = Replay::<f32, u32>::new(0, RowLayout::new(8, 1)).unwrap_err();
    assert!(matches!(error, BufferError::ZeroCapacity));
}

#[test]
fn a_capacity_that_cannot_fit_is_an_error_with_bytes_and_a_way_out() {
    // Beyond what can be addressed, in the product and in the row itself.
    for (capacity, layout) in [(usize::MAX, RowLayout::new(8, 1)), (2, RowLayout::new(usize::MAX, usize::MAX))] {
        let error = Replay::<f32, u32>::new(capacity, layout).unwrap_err();
        assert!(matches!(error, BufferError::TooLarge { .. }), "{error:?}");
        assert!(error.to_string().contains("lower the capacity"), "{error}");
    }
    // Addressable, and more than any machine has: 74 bytes x 10^16.
    let error = Replay::<f32, u32>::new(10_000_000_000_000_000, RowLayout::new(8, 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the system refused 740000000000000000 bytes for 10000000000000000 transitions; lower the capacity (a \
         transition takes 74 bytes), or keep pixels as u8"
    );
}
