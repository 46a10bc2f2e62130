//! The state of off-policy training as bytes.

use std::ops::Range;

use agilerl_buffer::{Replay, Stored};
use agilerl_env::{ActionElement, Element, decode_state, encode_state};
use agilerl_hpo::{BoxError, Evolve, PersistTask};

use crate::error::AlgoError;
use crate::off_policy::learner::OffPolicy;
use crate::off_policy::slot::Slot;
use crate::off_policy::task::OffPolicyTask;

/// Marks the bytes of a saved slot.
const SLOT: &str = "off-policy slot";

/// The saved state of a slot: its collector and the updates it owes. The rows of the round are handed over before, and all
/// else is written anew before it is read.
type SavedSlot = (Vec<u8>, f64);

impl<A, O, C> PersistTask for OffPolicyTask<A, O, C>
where
    A: OffPolicy<O, C> + Evolve,
    O: Element + Stored,
    C: ActionElement + Stored,
{
    fn save_slot(&self, slot: &Slot<O, C>) -> Result<Vec<u8>, BoxError> {
        if !slot.fresh_rows.is_empty() {
            return Err("the rows of a round were not handed over: a slot is saved between two rounds".into());
        }
        let saved: SavedSlot = (slot.collector.save()?, slot.steps_owed);
        Ok(encode_state(SLOT, &saved)?)
    }

    fn restore_slot(&self, slot: &mut Slot<O, C>, bytes: &[u8]) -> Result<(), BoxError> {
        let (collector, steps_owed): SavedSlot = decode_state(SLOT, bytes)?;
        if !(0.0..=f64::from(u32::MAX)).contains(&steps_owed) {
            return Err(format!("a slot that owes updates for {steps_owed} steps").into());
        }
        slot.collector.restore(&collector)?;
        slot.steps_owed = steps_owed;
        slot.fresh_rows.clear();
        Ok(())
    }

    fn items(&self, shared: &Replay<O, C>) -> Range<u64> {
        shared.oldest()..shared.total()
    }

    fn save_items(&self, shared: &Replay<O, C>, items: Range<u64>) -> Result<Vec<u8>, BoxError> {
        Ok(shared.to_bytes(items))
    }

    fn restore_items(&self, shared: &mut Replay<O, C>, items: Range<u64>, bytes: &[u8]) -> Result<(), BoxError> {
        let found = shared.extend_from_bytes(bytes)?;
        if found != items {
            return Err(AlgoError::Rows { found, expected: items }.into());
        }
        Ok(())
    }
}
