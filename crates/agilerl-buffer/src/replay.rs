//! The ring of transitions.

use std::collections::TryReserveError;
use std::ops::Range;

use rand::Rng;

use crate::batch::Batch;
use crate::column::Column;
use crate::error::BufferError;
use crate::layout::RowLayout;
use crate::memory::{Memory, below};
use crate::stored::Stored;
use crate::transitions::{Reward, Row, Transitions};

/// A ring that holds the newest `capacity` of all transitions ever added.
///
/// `O` is the number type of an observation and `A` that of an action. [`new`](Replay::new)
/// allocates one array for each column; nothing is allocated later.
///
/// A transition is named by its *ordinal*: its index in the order of insertion, from 0. An ordinal is never reused.
#[derive(Clone, Debug)]
pub struct Replay<O, A> {
    layout: RowLayout,
    capacity: usize,
    len: usize,
    /// The slot that is written next. Until the ring is full, the rows lie in the slots `0..len`.
    next_slot: usize,
    total: u64,
    obs: Column<O>,
    actions: Column<A>,
    rewards: Column<f32>,
    next_obs: Column<O>,
    terminated: Column<bool>,
    truncated: Column<bool>,
    next_masks: Option<Column<bool>>,
}

impl<O: Stored, A: Copy> Replay<O, A> {
    /// Returns an empty memory with room for `capacity` transitions.
    ///
    /// It reserves [`RowLayout::bytes`] at once. A system that grants memory before it has it, as Linux does within limits,
    /// may end the process when the memory is first used: compare the size with the memory of the machine.
    ///
    /// # Errors
    /// [`BufferError::ZeroCapacity`]; [`BufferError::TooLarge`] or [`BufferError::Refused`] if it cannot fit.
    pub fn new(capacity: usize, layout: RowLayout) -> Result<Self, BufferError> {
        let bytes = layout.bytes::<O, A>(capacity)?;
        Self::allocate(capacity, layout).map_err(|_| BufferError::Refused {
            capacity,
            bytes,
            row_bytes: layout.row_bytes::<O, A>(),
        })
    }

    fn allocate(capacity: usize, layout: RowLayout) -> Result<Self, TryReserveError> {
        Ok(Self {
            layout,
            capacity,
            len: 0,
            next_slot: 0,
            total: 0,
            obs: Column::new(capacity, layout.obs_len)?,
            actions: Column::new(capacity, layout.action_len)?,
            rewards: Column::new(capacity, 1)?,
            next_obs: Column::new(capacity, layout.obs_len)?,
            terminated: Column::new(capacity, 1)?,
            truncated: Column::new(capacity, 1)?,
            next_masks: layout.mask_len.map(|mask_len| Column::new(capacity, mask_len)).transpose()?,
        })
    }

    /// Returns the lengths of the columns.
    pub fn layout(&self) -> &RowLayout {
        &self.layout
    }

    /// Returns the number of transitions that the memory can hold.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Returns the number of transitions that the memory holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the memory holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the number of transitions ever added, including those overwritten or cleared since. It is the ordinal of the
    /// next one.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Returns the bytes allocated for the columns.
    pub fn bytes(&self) -> usize {
        self.obs.bytes()
            + self.actions.bytes()
            + self.rewards.bytes()
            + self.next_obs.bytes()
            + self.terminated.bytes()
            + self.truncated.bytes()
            + self.next_masks.as_ref().map_or(0, Column::bytes)
    }

    /// Adds rows in order. A full ring overwrites its oldest rows; of more rows than it can hold, the newest stay.
    ///
    /// # Panics
    /// If a column does not have the length that the layout gives it, or an observation is not the index of a choice.
    #[track_caller]
    pub fn extend<R: Reward>(&mut self, transitions: &Transitions<'_, O, A, R>) {
        let rows = transitions.rows(&self.layout);
        for (column, obs) in [("obs", transitions.obs), ("next_obs", transitions.next_obs)] {
            if let Some(row) = self.layout.no_choice(obs) {
                let choices = self.layout.input_len();
                panic!(
                    "column {column:?} has {:?} in row {row}, which is not the index of one of {choices} choices",
                    obs[row]
                );
            }
        }
        let skipped = rows.saturating_sub(self.capacity);
        let kept = rows - skipped;
        // Skipped rows count as written and overwritten: they have ordinals but no slot.
        let first = self.next_slot;
        self.obs.write(first, &transitions.obs[skipped * self.layout.obs_len..]);
        self.actions.write(first, &transitions.actions[skipped * self.layout.action_len..]);
        self.next_obs.write(first, &transitions.next_obs[skipped * self.layout.obs_len..]);
        self.terminated.write(first, &transitions.terminated[skipped..]);
        self.truncated.write(first, &transitions.truncated[skipped..]);
        if let (Some(column), Some(masks)) = (&mut self.next_masks, transitions.next_masks) {
            column.write(first, &masks[skipped * column.row_len()..]);
        }
        self.rewards.write_narrowed(first, &transitions.rewards[skipped..]);
        self.next_slot = (first + kept) % self.capacity;
        self.len = (self.len + kept).min(self.capacity);
        self.total += rows as u64;
    }

    /// Adds all rows of another memory, oldest first.
    ///
    /// # Panics
    /// If the layouts differ.
    #[track_caller]
    pub fn append(&mut self, other: &Self) {
        assert_eq!(self.layout, other.layout, "memories with different layouts");
        for chunk in other.chunks() {
            self.extend(&chunk);
        }
    }

    /// Removes all rows and keeps the allocation and [`total`](Replay::total).
    pub fn clear(&mut self) {
        self.len = 0;
        self.next_slot = 0;
        self.obs.clear();
        self.actions.clear();
        self.rewards.clear();
        self.next_obs.clear();
        self.terminated.clear();
        self.truncated.clear();
        if let Some(masks) = &mut self.next_masks {
            masks.clear();
        }
    }

    /// Returns the transition with this ordinal; `None` if it was overwritten or cleared, or does not exist yet.
    pub fn row(&self, ordinal: u64) -> Option<Row<'_, O, A>> {
        let position = ordinal.checked_sub(self.oldest())?;
        (position < self.len as u64).then(|| self.row_at(position as usize))
    }

    /// Returns all rows, oldest first, in two pieces, because the ring's end may cut them; the second may be empty.
    pub fn chunks(&self) -> [Transitions<'_, O, A, f32>; 2] {
        if self.len < self.capacity {
            [self.slots(0..self.len), self.slots(0..0)]
        } else {
            [self.slots(self.next_slot..self.capacity), self.slots(0..self.next_slot)]
        }
    }

    /// Returns the rows at these positions, counted from the oldest, in two pieces, because the ring's end may cut them.
    pub(crate) fn pieces(&self, positions: Range<usize>) -> [Transitions<'_, O, A, f32>; 2] {
        if positions.is_empty() {
            return [self.slots(0..0), self.slots(0..0)];
        }
        let (first, end) = (self.slot(positions.start), self.slot(positions.end - 1) + 1);
        if first < end {
            [self.slots(first..end), self.slots(0..0)]
        } else {
            [self.slots(first..self.len), self.slots(0..end)]
        }
    }

    /// Sets the first ordinal of an empty memory, as if all rows before had been added and removed.
    pub(crate) fn begin_at(&mut self, ordinal: u64) {
        debug_assert!(self.is_empty(), "only an empty memory can begin anew");
        self.total = ordinal;
    }

    /// Returns the row at a position counted from the oldest.
    #[inline]
    pub(crate) fn row_at(&self, position: usize) -> Row<'_, O, A> {
        let slot = self.slot(position);
        Row {
            obs: self.obs.row(slot),
            action: self.actions.row(slot),
            reward: self.rewards.row(slot)[0],
            next_obs: self.next_obs.row(slot),
            terminated: self.terminated.row(slot)[0],
            truncated: self.truncated.row(slot)[0],
            next_mask: self.next_masks.as_ref().map(|masks| masks.row(slot)),
        }
    }

    /// Returns the ordinal of the oldest row; in an empty memory, that of the next row.
    pub fn oldest(&self) -> u64 {
        self.total - self.len as u64
    }

    fn slot(&self, position: usize) -> usize {
        if self.len < self.capacity {
            return position;
        }
        let slot = self.next_slot + position;
        if slot < self.capacity { slot } else { slot - self.capacity }
    }

    fn slots(&self, slots: Range<usize>) -> Transitions<'_, O, A, f32> {
        Transitions {
            obs: self.obs.rows(slots.clone()),
            actions: self.actions.rows(slots.clone()),
            rewards: self.rewards.rows(slots.clone()),
            next_obs: self.next_obs.rows(slots.clone()),
            terminated: self.terminated.rows(slots.clone()),
            truncated: self.truncated.rows(slots.clone()),
            next_masks: self.next_masks.as_ref().map(|masks| masks.rows(slots)),
        }
    }
}

impl<O: Stored, A: Copy> Memory<O, A> for Replay<O, A> {
    fn layout(&self) -> &RowLayout {
        &self.layout
    }

    fn len(&self) -> usize {
        self.len
    }

    fn sample_into<G: Rng + ?Sized>(&self, rng: &mut G, batch: &mut Batch<O, A>) {
        assert!(!self.is_empty(), "cannot sample from an empty memory");
        batch.clear();
        for _ in 0..batch.size() {
            let position = below(rng, self.len as u64);
            batch.push(self.oldest() + position, self.row_at(position as usize));
        }
    }
}
