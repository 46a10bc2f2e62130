//! The state of a place of the population.

use agilerl_buffer::{Batch, Replay};
use agilerl_env::{ActionElement, Element};

use crate::collect::collector::Collector;

/// The environments of a place of the population, and what off-policy learning keeps beside them: the rows of the round, the
/// batch that is used again, and the updates that are due.
pub struct Slot<O: Element, C: ActionElement> {
    pub(crate) collector: Collector<O, C>,
    /// Rows of the round, not yet handed over to the shared memory.
    pub(crate) fresh_rows: Replay<O, C>,
    pub(crate) batch: Batch<O, C>,
    /// Environment steps taken for which no update has been made yet.
    pub(crate) steps_owed: f64,
}
