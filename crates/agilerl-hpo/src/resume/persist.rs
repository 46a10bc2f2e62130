//! The traits of agents and tasks that can be saved and restored.

use std::ops::Range;

use crate::error::BoxError;
use crate::evolution::evolve::Evolve;
use crate::run::task::Task;

/// An agent that can be saved as bytes and restored bit by bit.
pub trait Persist: Evolve {
    /// Returns the whole state: weights, hyperparameters, architecture, optimiser.
    ///
    /// # Errors
    /// If the state cannot be saved.
    fn save(&self) -> Result<Vec<u8>, BoxError>;

    /// Restores a state of [`save`](Persist::save). Properties that do not change in a run (a device) stay as they are.
    ///
    /// # Errors
    /// If the bytes are not such a state. Any bytes must give an error rather than a panic, and allocate no more than
    /// their own length.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), BoxError>;
}

/// A task whose state can be saved as bytes between two rounds and restored bit by bit.
///
/// The shared state is a sequence of numbered items that grows at its end and drops items at its start, like a replay
/// memory; so a checkpoint writes only the new items.
pub trait PersistTask: Task {
    /// Returns the state of a slot between two rounds.
    ///
    /// # Errors
    /// If it cannot be saved: an environment that cannot save its state.
    fn save_slot(&self, slot: &Self::Slot) -> Result<Vec<u8>, BoxError>;

    /// Restores a slot to a state of [`save_slot`](PersistTask::save_slot).
    ///
    /// # Errors
    /// If the bytes are not such a state.
    fn restore_slot(&self, slot: &mut Self::Slot, bytes: &[u8]) -> Result<(), BoxError>;

    /// Returns the numbers of the items in the shared state, from the oldest to the next one that will be added.
    ///
    /// By default there are none, for a task that shares nothing.
    fn items(&self, shared: &Self::Shared) -> Range<u64> {
        let _ = shared;
        0..0
    }

    /// Returns these items as bytes. By default there are none.
    ///
    /// # Errors
    /// If they cannot be saved.
    fn save_items(&self, shared: &Self::Shared, items: Range<u64>) -> Result<Vec<u8>, BoxError> {
        let _ = (shared, items);
        Ok(Vec::new())
    }

    /// Appends items of [`save_items`](PersistTask::save_items). The first call sets the beginning; items beyond the
    /// capacity are dropped as in training. By default any item is refused.
    ///
    /// # Errors
    /// If the bytes are not these items.
    fn restore_items(&self, shared: &mut Self::Shared, items: Range<u64>, bytes: &[u8]) -> Result<(), BoxError> {
        let _ = shared;
        if items.is_empty() && bytes.is_empty() {
            return Ok(());
        }
        Err("this task shares nothing, and has no items to restore".into())
    }
}
