//! One column of a ring.

use std::collections::TryReserveError;
use std::ops::Range;

use crate::transitions::Reward;

/// `capacity` rows of `row_len` numbers. Slots are first filled in order, then overwritten.
#[derive(Debug)]
pub(crate) struct Column<T> {
    numbers: Vec<T>,
    row_len: usize,
    capacity: usize,
}

impl<T: Copy> Column<T> {
    /// Allocates all rows. The caller has checked that the product does not overflow.
    pub(crate) fn new(capacity: usize, row_len: usize) -> Result<Self, TryReserveError> {
        let mut numbers = Vec::new();
        numbers.try_reserve_exact(capacity * row_len)?;
        Ok(Self { numbers, row_len, capacity })
    }

    /// Writes rows from slot `first` on, round the end of the ring: at most two copies.
    ///
    /// There are at most `capacity` rows, and the slots before `first` were written before.
    pub(crate) fn write(&mut self, first: usize, rows: &[T]) {
        let room = (self.capacity - first) * self.row_len;
        let (here, wrapped) = rows.split_at(room.min(rows.len()));
        self.put(first * self.row_len, here);
        self.put(0, wrapped);
    }

    /// Numbers in one row.
    pub(crate) fn row_len(&self) -> usize {
        self.row_len
    }

    fn put(&mut self, start: usize, numbers: &[T]) {
        // Up to the first wrap the column grows inside its allocation; after it there is nothing left to grow.
        let (old, new) = numbers.split_at(numbers.len().min(self.numbers.len() - start));
        self.numbers[start..start + old.len()].copy_from_slice(old);
        self.numbers.extend_from_slice(new);
    }

    /// The row in a slot.
    #[inline]
    pub(crate) fn row(&self, slot: usize) -> &[T] {
        &self.numbers[slot * self.row_len..(slot + 1) * self.row_len]
    }

    /// The rows of neighbouring slots.
    pub(crate) fn rows(&self, slots: Range<usize>) -> &[T] {
        &self.numbers[slots.start * self.row_len..slots.end * self.row_len]
    }

    pub(crate) fn clear(&mut self) {
        self.numbers.clear();
    }

    pub(crate) fn bytes(&self) -> usize {
        self.numbers.capacity() * size_of::<T>()
    }
}

impl Column<f32> {
    /// [`write`](Column::write) for rewards of either width, one in a row.
    pub(crate) fn write_narrowed<R: Reward>(&mut self, first: usize, rewards: &[R]) {
        for (offset, reward) in rewards.iter().enumerate() {
            self.put((first + offset) % self.capacity, &[reward.narrow()]);
        }
    }
}

// Not derived: a cloned vector gives its spare room away, and the clone of a ring needs it.
impl<T: Clone> Clone for Column<T> {
    fn clone(&self) -> Self {
        let mut numbers = Vec::with_capacity(self.numbers.capacity());
        numbers.extend_from_slice(&self.numbers);
        Self { numbers, ..*self }
    }
}
