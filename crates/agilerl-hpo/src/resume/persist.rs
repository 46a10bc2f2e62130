//! What must be written down of individuals and tasks, so that a run can be resumed.

use std::ops::Range;

use crate::error::BoxError;
use crate::evolution::evolve::Evolve;
use crate::run::task::Task;

/// An individual that can be written as bytes and read back, to the last bit.
pub trait Persist: Evolve {
    /// Its whole state: what it has learnt, its hyperparameters, its architecture, its optimiser.
    ///
    /// # Errors
    /// If the state cannot be had.
    fn save(&self) -> Result<Vec<u8>, BoxError>;

    /// Takes on a state of [`save`](Persist::save). What does not change in a run (a device) stays.
    ///
    /// # Errors
    /// If the bytes are no such state, whoever wrote them: never a panic, and no more memory than they take.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), BoxError>;
}

/// A task whose state can be written as bytes between two rounds and read back, to the last bit.
///
/// What the population shares is a sequence of items that grows at its end and forgets at its start, as a replay memory
/// does: each item has a number, so that a checkpoint need only write those that are new.
pub trait PersistTask: Task {
    /// The state of a slot between two rounds.
    ///
    /// # Errors
    /// If it cannot be had: an environment that cannot save its state.
    fn save_slot(&self, slot: &Self::Slot) -> Result<Vec<u8>, BoxError>;

    /// Puts a slot into a state of [`save_slot`](PersistTask::save_slot).
    ///
    /// # Errors
    /// If the bytes are no such state.
    fn restore_slot(&self, slot: &mut Self::Slot, bytes: &[u8]) -> Result<(), BoxError>;

    /// The numbers of the items that are shared now: from the oldest to the one that comes next.
    ///
    /// By default there are none: a task that shares nothing.
    fn items(&self, shared: &Self::Shared) -> Range<u64> {
        let _ = shared;
        0..0
    }

    /// These items as bytes.
    ///
    /// # Errors
    /// If they cannot be had.
    fn save_items(&self, shared: &Self::Shared, items: Range<u64>) -> Result<Vec<u8>, BoxError> {
        let _ = (shared, items);
        Ok(Vec::new())
    }

    /// Adds items of [`save_items`](PersistTask::save_items) behind those that are there; the first ones make the
    /// beginning. Items older than what is kept are forgotten, as ever.
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
