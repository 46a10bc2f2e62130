//! What one individual of a population reads during a round.

use rand::Rng;

use crate::memory::below;
use crate::{Batch, Memory, Replay, RowLayout, Stored};

/// The population's memory as it stood when the round began, and behind it the individual's own rows of this round.
///
/// Within a round nobody writes to `frozen`, so that all individuals can learn at the same time without a lock, and
/// what one of them draws does not depend on how far the others are. At the end of the round the loop calls
/// [`append`](Replay::append) with the rows of every individual, in their order, and [`clear`](Replay::clear)s them.
///
/// Rows are drawn uniformly over both. Ordinals of own rows go on behind those of `frozen`.
#[derive(Debug)]
pub struct RoundView<'a, O, A> {
    frozen: &'a Replay<O, A>,
    own: &'a Replay<O, A>,
}

impl<'a, O: Stored, A: Copy> RoundView<'a, O, A> {
    /// A view of both.
    ///
    /// # Panics
    /// If the layouts differ.
    #[track_caller]
    pub fn new(frozen: &'a Replay<O, A>, own: &'a Replay<O, A>) -> Self {
        assert_eq!(frozen.layout(), own.layout(), "memories with different layouts");
        Self { frozen, own }
    }
}

impl<O: Stored, A: Copy> Memory<O, A> for RoundView<'_, O, A> {
    fn layout(&self) -> &RowLayout {
        self.frozen.layout()
    }

    fn len(&self) -> usize {
        self.frozen.len() + self.own.len()
    }

    fn sample_into<G: Rng + ?Sized>(&self, rng: &mut G, batch: &mut Batch<O, A>) {
        let len = self.len() as u64;
        assert!(len > 0, "cannot sample from an empty memory");
        let oldest = self.frozen.oldest();
        batch.clear();
        for _ in 0..batch.size() {
            let position = below(rng, len);
            let row = match (position as usize).checked_sub(self.frozen.len()) {
                None => self.frozen.row_at(position as usize),
                Some(own) => self.own.row_at(own),
            };
            batch.push(oldest + position, row);
        }
    }
}

impl<O, A> Clone for RoundView<'_, O, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O, A> Copy for RoundView<'_, O, A> {}
