//! Rows of a memory as bytes.

use std::ops::Range;

use crate::error::BufferError;
use crate::layout::RowLayout;
use crate::replay::Replay;
use crate::stored::Stored;
use crate::transitions::Transitions;

/// The first bytes of a file of rows.
const MAGIC: &[u8; 8] = b"agrows\0\x01";
/// The first bytes of a file of rows whose observations are indices; its header also holds the number of choices.
const ONE_HOT_MAGIC: &[u8; 8] = b"agrows\0\x02";

impl<O: Stored, A: Stored> Replay<O, A> {
    /// Returns the rows with these ordinals as bytes, column by column.
    ///
    /// # Panics
    /// If the memory does not hold one of them.
    pub fn to_bytes(&self, ordinals: Range<u64>) -> Vec<u8> {
        let held = self.oldest()..self.total();
        assert!(
            held.start <= ordinals.start && ordinals.start <= ordinals.end && ordinals.end <= held.end,
            "rows {ordinals:?} of {held:?}"
        );
        let pieces = self.pieces((ordinals.start - held.start) as usize..(ordinals.end - held.start) as usize);
        let rows = ordinals.end - ordinals.start;
        let layout = self.layout();
        let header = header::<O, A>(layout, ordinals.start, rows);
        let mut bytes = Vec::with_capacity(header.len() + layout.row_bytes::<O, A>() as usize * rows as usize);
        bytes.extend_from_slice(&header);
        pieces.iter().for_each(|piece| O::put(piece.obs, &mut bytes));
        pieces.iter().for_each(|piece| A::put(piece.actions, &mut bytes));
        pieces.iter().for_each(|piece| f32::put(piece.rewards, &mut bytes));
        pieces.iter().for_each(|piece| O::put(piece.next_obs, &mut bytes));
        pieces.iter().for_each(|piece| bool::put(piece.terminated, &mut bytes));
        pieces.iter().for_each(|piece| bool::put(piece.truncated, &mut bytes));
        pieces.iter().for_each(|piece| bool::put(piece.next_masks.unwrap_or(&[]), &mut bytes));
        bytes
    }

    /// Appends rows written by [`to_bytes`](Replay::to_bytes) and returns their ordinals. They keep their ordinals: they must
    /// begin where this memory ends, unless it is empty.
    ///
    /// ```
    /// use agilerl_buffer::{Replay, RowLayout, Transitions};
    ///
    /// let mut memory: Replay<f32, u32> = Replay::new(2, RowLayout::new(1, 1))?;
    /// for step in 0..5 {
    ///     let flags = [false];
    ///     let (obs, next_obs) = ([step as f32], [step as f32 + 1.0]);
    ///     memory.extend(&Transitions {
    ///         obs: &obs, actions: &[step], rewards: &[0.5], next_obs: &next_obs,
    ///         terminated: &flags, truncated: &flags, next_masks: None,
    ///     });
    /// }
    /// let mut again: Replay<f32, u32> = Replay::new(2, RowLayout::new(1, 1))?;
    /// assert_eq!(again.extend_from_bytes(&memory.to_bytes(3..5))?, 3..5);
    /// assert_eq!(again.row(4), memory.row(4));
    /// assert!(again.extend_from_bytes(b"something else").is_err());
    /// # Ok::<(), agilerl_buffer::BufferError>(())
    /// ```
    ///
    /// # Errors
    /// [`BufferError::NoRows`] if the bytes are not rows of this layout, or not the rows that come next. The memory is then
    /// unchanged. Reading allocates no more than the length of `bytes`.
    pub fn extend_from_bytes(&mut self, bytes: &[u8]) -> Result<Range<u64>, BufferError> {
        let refuse = |why: String| BufferError::NoRows { bytes: bytes.len(), why };
        if !bytes.starts_with(MAGIC) && !bytes.starts_with(ONE_HOT_MAGIC) {
            return Err(refuse("they do not begin like a file of rows".into()));
        }
        let layout = *self.layout();
        let another = || {
            let observation = match layout.one_hot {
                Some(choices) => format!("the index of one of {choices} choices"),
                None => format!("a row of {}", layout.obs_len),
            };
            refuse(format!("they are rows of another layout; here an observation is {observation}"))
        };
        let header_of = |first, rows| header::<O, A>(&layout, first, rows);
        if bytes[..MAGIC.len()] != header_of(0, 0)[..MAGIC.len()] {
            return Err(another());
        }
        let (found, mut columns) = bytes
            .split_at_checked(header_of(0, 0).len())
            .ok_or_else(|| refuse("they end in the middle of the header".into()))?;
        let [first, rows] = [8, 16].map(|place| u64::from_le_bytes(found[place..][..8].try_into().expect("8 bytes")));
        if found != header_of(first, rows) {
            return Err(another());
        }
        if u128::from(rows) * layout.row_bytes::<O, A>() != columns.len() as u128 {
            return Err(refuse(format!("their length does not fit the {rows} rows that their header names")));
        }
        let end = first.checked_add(rows).ok_or_else(|| refuse("their ordinals exceed 64 bits".into()))?;
        if self.total() != first && self.total() != 0 {
            return Err(refuse(format!("they begin at row {first}, and row {} comes next", self.total())));
        }
        let rows = rows as usize;
        let mut column = |row_bytes: usize| {
            let (column, rest) = columns.split_at(rows * row_bytes);
            columns = rest;
            column
        };
        let obs = O::get(column(layout.obs_len * O::BYTES));
        let actions = A::get(column(layout.action_len * A::BYTES));
        let rewards = f32::get(column(f32::BYTES));
        let next_obs = O::get(column(layout.obs_len * O::BYTES));
        let flags = [bool::get(column(1)), bool::get(column(1)), bool::get(column(layout.mask_len.unwrap_or(0)))];
        let (Some(obs), Some(actions), Some(rewards), Some(next_obs), [Some(terminated), Some(truncated), Some(masks)]) =
            (obs, actions, rewards, next_obs, flags)
        else {
            return Err(refuse("a flag is neither true nor false".into()));
        };
        if layout.no_choice(&obs).or(layout.no_choice(&next_obs)).is_some() {
            return Err(refuse("an observation is not the index of a choice".into()));
        }
        if self.total() == 0 {
            self.begin_at(first);
        }
        self.extend(&Transitions {
            obs: &obs,
            actions: &actions,
            rewards: &rewards,
            next_obs: &next_obs,
            terminated: &terminated,
            truncated: &truncated,
            next_masks: layout.mask_len.map(|_| &masks[..]),
        });
        Ok(first..end)
    }
}

/// Magic; first ordinal; number of rows; lengths of observation, action and mask (0 without masks, else the length plus 1);
/// bytes of a number of observation and action; for one-hot rows, the number of choices.
fn header<O: Stored, A: Stored>(layout: &RowLayout, first: u64, rows: u64) -> Vec<u8> {
    let mask = layout.mask_len.map_or(0, |mask_len| mask_len as u64 + 1);
    let numbers =
        [first, rows, layout.obs_len as u64, layout.action_len as u64, mask, O::BYTES as u64, A::BYTES as u64];
    let choices = layout.one_hot.map(|choices| choices as u64);
    let magic = if choices.is_some() { ONE_HOT_MAGIC } else { MAGIC };
    magic.iter().copied().chain(numbers.into_iter().chain(choices).flat_map(u64::to_le_bytes)).collect()
}
