//! The rows that one individual of a population draws from during a round.

use rand::Rng;

use crate::batch::Batch;
use crate::layout::RowLayout;
use crate::memory::{Memory, below};
use crate::replay::Replay;
use crate::stored::Stored;

/// The population's memory as it was when the round began, followed by the individual's own rows of this round.
///
/// Within a round nothing writes to `frozen`, so all individuals learn at the same time without a lock, and the draws of
/// one do not depend on the progress of the others. At the end of the round the training loop appends the rows of every
/// individual to the population's memory with [`append`](Replay::append), in the order of the individuals, and
/// [`clear`](Replay::clear)s them.
///
/// Rows are drawn uniformly over both memories. The ordinals of the own rows continue those of `frozen`.
#[derive(Debug)]
pub struct RoundView<'a, O, A> {
    frozen: &'a Replay<O, A>,
    own: &'a Replay<O, A>,
}

impl<'a, O: Stored, A: Copy> RoundView<'a, O, A> {
    /// Returns a view of both memories.
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
