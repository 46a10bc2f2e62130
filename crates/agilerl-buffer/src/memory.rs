//! A source of batches.

use rand::Rng;

use crate::batch::Batch;
use crate::layout::RowLayout;

/// A collection of transitions that batches can be drawn from.
///
/// It is not usable as a trait object, so that a draw can be inlined; write learners and loops generic over it.
pub trait Memory<O, A> {
    /// Returns the lengths of the columns.
    fn layout(&self) -> &RowLayout;

    /// Returns the number of transitions that can be drawn.
    ///
    /// A smaller number than the size of a batch is allowed, and then rows repeat more often. Training loops wait until
    /// `memory.len() >= batch_size`.
    fn len(&self) -> usize;

    /// Draws [`batch.size()`](Batch::size) transitions, uniformly and with replacement. They replace the rows of `batch`.
    ///
    /// A row takes one `u64` of the generator, very rarely more. The same generator gives the same rows on every platform.
    ///
    /// # Panics
    /// If the memory is empty, or the batch was made for another layout.
    fn sample_into<G: Rng + ?Sized>(&self, rng: &mut G, batch: &mut Batch<O, A>);

    /// Returns whether there is nothing to draw.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Returns a number in `0..bound`, each equally likely.
///
/// Lemire's multiplication with rejection (Fast Random Integer Generation in an Interval, 2019, algorithm 5), written
/// out here because its draws are part of the meaning of a seed, and a library may change its own algorithm.
#[inline]
pub(crate) fn below<G: Rng + ?Sized>(rng: &mut G, bound: u64) -> u64 {
    let mut product = u128::from(rng.next_u64()) * u128::from(bound);
    if (product as u64) < bound {
        // 2^64 mod bound: the number of low halves that would make some values likelier than others.
        let surplus = bound.wrapping_neg() % bound;
        while (product as u64) < surplus {
            product = u128::from(rng.next_u64()) * u128::from(bound);
        }
    }
    (product >> 64) as u64
}
