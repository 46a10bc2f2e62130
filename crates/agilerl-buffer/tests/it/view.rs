//! The population's memory and an individual's own rows, read as one.

use agilerl_buffer::{Batch, Memory, RoundView, RowLayout};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::{add, memory};

#[test]
fn a_view_draws_what_one_memory_with_all_the_rows_would_draw() {
    // The memory wrapped, the own rows not, and both are ragged.
    for (frozen_rows, own_rows) in [(70, 13), (70, 0), (0, 13), (200, 13)] {
        let (mut frozen, mut own, mut whole) = (memory(100), memory(20), memory(300));
        add(&mut frozen, 0..frozen_rows);
        add(&mut own, 1000..1000 + own_rows);
        whole.append(&frozen);
        whole.append(&own);

        let view = RoundView::new(&frozen, &own);
        assert_eq!(Memory::len(&view), whole.len());
        let (mut from_view, mut from_whole) = (Batch::new(64, view.layout()), Batch::new(64, whole.layout()));
        view.sample_into(&mut ChaCha8Rng::seed_from_u64(5), &mut from_view);
        whole.sample_into(&mut ChaCha8Rng::seed_from_u64(5), &mut from_whole);
        assert_eq!(from_view.obs(), from_whole.obs());
        assert_eq!(from_view.next_obs(), from_whole.next_obs());
        assert_eq!(from_view.actions(), from_whole.actions());
        assert_eq!(from_view.rewards(), from_whole.rewards());
        assert_eq!(from_view.terminated(), from_whole.terminated());
        assert_eq!(from_view.truncated(), from_whole.truncated());
    }
}

#[test]
fn own_rows_have_the_ordinals_behind_those_of_the_population() {
    let (mut frozen, mut own) = (memory(4), memory(4));
    add(&mut frozen, 0..6); // 2..6 are held
    add(&mut own, 6..9);
    let mut batch = Batch::new(64, frozen.layout());
    RoundView::new(&frozen, &own).sample_into(&mut ChaCha8Rng::seed_from_u64(5), &mut batch);
    let expected: Vec<u64> = batch.actions().iter().map(|&k| u64::from(k)).collect();
    assert_eq!(batch.ordinals(), expected);
    frozen.append(&own);
    assert!((6..9).all(|ordinal| frozen.row(ordinal).unwrap().action == [ordinal as u32]));
}

#[test]
fn what_one_individual_draws_does_not_depend_on_the_others() {
    let (mut frozen, mut own, mut other) = (memory(50), memory(10), memory(10));
    add(&mut frozen, 0..50);
    add(&mut own, 100..105);
    let draw = |own: &_| {
        let mut batch = Batch::new(32, &RowLayout::new(1, 1));
        RoundView::new(&frozen, own).sample_into(&mut ChaCha8Rng::seed_from_u64(1), &mut batch);
        batch.actions().to_vec()
    };
    let alone = draw(&own);
    add(&mut other, 200..210);
    assert_eq!(draw(&own), alone);
}

#[test]
#[should_panic(expected = "memories with different layouts")]
fn layouts_must_agree() {
    let other = agilerl_buffer::Replay::new(1, RowLayout::new(2, 1)).unwrap();
    RoundView::new(&memory(1), &other);
}
