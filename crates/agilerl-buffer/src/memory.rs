//! What batches are drawn from.

use rand::Rng;

use crate::{Batch, RowLayout};

/// Transitions that batches can be drawn from.
///
/// Not usable as a trait object, so that a draw inlines; write learners and loops generic over it.
pub trait Memory<O, A> {
    /// Lengths of the columns.
    fn layout(&self) -> &RowLayout;

    /// Transitions that can be drawn.
    ///
    /// A loop asks `memory.len() >= batch_size` before it learns: smaller memories can be sampled too, but a first
    /// batch made of one transition teaches nothing.
    fn len(&self) -> usize;

    /// Draws [`batch.size()`](Batch::size) transitions, uniformly and with replacement, over what the batch held.
    ///
    /// The draw of one row is one `u64` of the generator, or very rarely more; the same generator gives the same rows
    /// on every platform.
    ///
    /// # Panics
    /// If the memory is empty, or the batch was made for another layout.
    fn sample_into<G: Rng + ?Sized>(&self, rng: &mut G, batch: &mut Batch<O, A>);

    /// Whether there is nothing to draw.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A number in `0..bound`, every one equally likely.
///
/// Lemire's multiplication with rejection (Fast Random Integer Generation in an Interval, 2019, algorithm 5), written
/// out here because its draws are part of what a seed means: a library may change its own.
#[inline]
pub(crate) fn below<G: Rng + ?Sized>(rng: &mut G, bound: u64) -> u64 {
    let mut product = u128::from(rng.next_u64()) * u128::from(bound);
    if (product as u64) < bound {
        // 2^64 mod bound: so many low halves belong to values that would come up once too often.
        let surplus = bound.wrapping_neg() % bound;
        while (product as u64) < surplus {
            product = u128::from(rng.next_u64()) * u128::from(bound);
        }
    }
    (product >> 64) as u64
}
