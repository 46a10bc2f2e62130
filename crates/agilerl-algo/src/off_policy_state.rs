//! The state of off-policy training as bytes.

use std::ops::Range;

use agilerl_buffer::{Replay, Stored};
use agilerl_env::{ActionElement, Element, EpisodeStats, VecEnv, decode_state, encode_state};
use agilerl_hpo::{PersistTask, TaskError};

use crate::off_policy::{OffPolicyTask, Slot};
use crate::{AlgoError, OffPolicy};

/// What the bytes of a slot are marked with.
const SLOT: &str = "off-policy slot";

/// What is written of a slot: its environments, what it acts on next, the episodes that run, and the updates it owes.
/// The rows of the round are handed over before, and all else is written anew before it is read.
type SavedSlot<O> = (Vec<u8>, Vec<O>, EpisodeStats, f64);

impl<A, C, O> PersistTask<A> for OffPolicyTask<C, O>
where
    A: OffPolicy<Obs = O, Action = C> + Clone + Send + Sync,
    C: ActionElement + Stored,
    O: Element + Stored,
{
    fn save_slot(&self, slot: &Slot<C, O>) -> Result<Vec<u8>, TaskError> {
        if !slot.own.is_empty() {
            return Err("the rows of a round were not handed over: a slot is saved between two rounds".into());
        }
        let saved: SavedSlot<O> = (slot.envs.save()?, slot.obs.clone(), slot.episodes.clone(), slot.debt);
        Ok(encode_state(SLOT, &saved)?)
    }

    fn restore_slot(&self, slot: &mut Slot<C, O>, bytes: &[u8]) -> Result<(), TaskError> {
        let (envs, obs, episodes, debt): SavedSlot<O> = decode_state(SLOT, bytes)?;
        if obs.len() != slot.obs.len()
            || episodes.lanes() != slot.envs.num_envs()
            || self.rows().no_choice(&obs).is_some()
            || !(0.0..=f64::from(u32::MAX)).contains(&debt)
        {
            let (found, expected) = (obs.len(), slot.obs.len());
            return Err(format!("a slot of other lanes: it acts on {found} numbers, and these on {expected}").into());
        }
        slot.envs.restore(&envs)?;
        (slot.obs, slot.episodes, slot.debt) = (obs, episodes, debt);
        slot.own.clear();
        Ok(())
    }

    fn items(&self, shared: &Replay<O, C>) -> Range<u64> {
        shared.oldest()..shared.total()
    }

    fn save_items(&self, shared: &Replay<O, C>, items: Range<u64>) -> Result<Vec<u8>, TaskError> {
        Ok(shared.to_bytes(items))
    }

    fn restore_items(&self, shared: &mut Replay<O, C>, items: Range<u64>, bytes: &[u8]) -> Result<(), TaskError> {
        let found = shared.extend_from_bytes(bytes)?;
        if found != items {
            return Err(AlgoError::Rows { found, expected: items }.into());
        }
        Ok(())
    }
}
