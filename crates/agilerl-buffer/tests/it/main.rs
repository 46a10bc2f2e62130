//! The claims of this crate.

mod bytes;
mod one_hot;
mod replay;
mod sampling;
mod size;
mod view;

use agilerl_buffer::{Replay, RowLayout, Transitions};

/// A memory of single features and choices.
fn memory(capacity: usize) -> Replay<f32, u32> {
    Replay::new(capacity, RowLayout::new(1, 1)).unwrap()
}

/// Adds one row for each number `k`: observation `k`, successor `k + 0.5`, action `k`, reward `-k`, terminated if `k`
/// is a multiple of 3 and truncated if it is one of 5.
#[track_caller]
fn add(memory: &mut Replay<f32, u32>, numbers: impl IntoIterator<Item = u32>) {
    let numbers: Vec<u32> = numbers.into_iter().collect();
    let column = |number: fn(f32) -> f32| numbers.iter().map(|&k| number(k as f32)).collect::<Vec<f32>>();
    let flags = |divisor: u32| numbers.iter().map(|k| k % divisor == 0).collect::<Vec<bool>>();
    memory.extend(&Transitions {
        obs: &column(|k| k),
        actions: &numbers,
        rewards: &column(|k| -k),
        next_obs: &column(|k| k + 0.5),
        terminated: &flags(3),
        truncated: &flags(5),
        next_masks: None,
    });
}

/// The numbers in a memory, oldest first, with every column of every row compared with what [`add`] wrote.
#[track_caller]
fn numbers(memory: &Replay<f32, u32>) -> Vec<u32> {
    let chunks = memory.chunks();
    let column =
        |pick: fn(&Transitions<'_, f32, u32, f32>) -> Vec<f32>| chunks.iter().flat_map(pick).collect::<Vec<f32>>();
    let numbers: Vec<u32> = chunks.iter().flat_map(|rows| rows.actions.to_vec()).collect();
    assert_eq!(column(|rows| rows.obs.to_vec()), numbers.iter().map(|&k| k as f32).collect::<Vec<_>>());
    assert_eq!(column(|rows| rows.next_obs.to_vec()), numbers.iter().map(|&k| k as f32 + 0.5).collect::<Vec<_>>());
    assert_eq!(column(|rows| rows.rewards.to_vec()), numbers.iter().map(|&k| -(k as f32)).collect::<Vec<_>>());
    let terminated: Vec<bool> = chunks.iter().flat_map(|rows| rows.terminated.to_vec()).collect();
    let truncated: Vec<bool> = chunks.iter().flat_map(|rows| rows.truncated.to_vec()).collect();
    assert_eq!(terminated, numbers.iter().map(|k| k % 3 == 0).collect::<Vec<_>>());
    assert_eq!(truncated, numbers.iter().map(|k| k % 5 == 0).collect::<Vec<_>>());
    numbers
}
