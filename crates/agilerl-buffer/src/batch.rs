//! A batch of transitions drawn from a memory.

use crate::layout::RowLayout;
use crate::stored::Stored;
use crate::transitions::Row;

/// A batch of transitions to learn from, one array for each column. It is allocated once and refilled by every draw.
///
/// Two columns are set by memories with n-step returns or priorities: a learner discounts the bootstrap of row `i` by gamma
/// to the power `steps[i]` and multiplies its loss by `weights[i]`. Rows of a plain [`Replay`](crate::Replay) have 1 in
/// both.
#[derive(Clone, Debug)]
pub struct Batch<O, A> {
    layout: RowLayout,
    size: usize,
    obs: Vec<O>,
    actions: Vec<A>,
    rewards: Vec<f32>,
    next_obs: Vec<O>,
    terminated: Vec<bool>,
    truncated: Vec<bool>,
    next_masks: Vec<bool>,
    ordinals: Vec<u64>,
    steps: Vec<u32>,
    weights: Vec<f32>,
}

impl<O: Copy, A: Copy> Batch<O, A> {
    /// Returns an empty batch that a draw fills with `size` rows.
    pub fn new(size: usize, layout: &RowLayout) -> Self {
        let mut batch = Self {
            layout: *layout,
            size: 0,
            obs: Vec::new(),
            actions: Vec::new(),
            rewards: Vec::new(),
            next_obs: Vec::new(),
            terminated: Vec::new(),
            truncated: Vec::new(),
            next_masks: Vec::new(),
            ordinals: Vec::new(),
            steps: Vec::new(),
            weights: Vec::new(),
        };
        batch.resize(size);
        batch
    }

    /// Empties the batch and sets the number of rows that a draw fills it with. Allocates only if `size` exceeds every
    /// earlier size.
    pub fn resize(&mut self, size: usize) {
        self.clear();
        self.size = size;
        self.obs.reserve(size * self.layout.input_len());
        self.actions.reserve(size * self.layout.action_len);
        self.rewards.reserve(size);
        self.next_obs.reserve(size * self.layout.input_len());
        self.terminated.reserve(size);
        self.truncated.reserve(size);
        self.next_masks.reserve(size * self.layout.mask_len.unwrap_or(0));
        self.ordinals.reserve(size);
        self.steps.reserve(size);
        self.weights.reserve(size);
    }

    /// Removes all rows. A memory calls it before it pushes the rows that it drew.
    pub fn clear(&mut self) {
        self.obs.clear();
        self.actions.clear();
        self.rewards.clear();
        self.next_obs.clear();
        self.terminated.clear();
        self.truncated.clear();
        self.next_masks.clear();
        self.ordinals.clear();
        self.steps.clear();
        self.weights.clear();
    }

    /// Adds one row as a memory stores it, with 1 step and weight 1.
    ///
    /// # Panics
    /// If the row does not have the lengths of the layout, or an observation is not the index of a choice.
    #[track_caller]
    #[inline]
    pub fn push(&mut self, ordinal: u64, row: Row<'_, O, A>)
    where
        O: Stored,
    {
        let RowLayout { obs_len, action_len, mask_len, .. } = self.layout;
        assert!(
            row.obs.len() == obs_len
                && row.next_obs.len() == obs_len
                && row.action.len() == action_len
                && row.next_mask.map(<[bool]>::len) == mask_len,
            "the row does not fit the layout of this batch, {:?}",
            self.layout
        );
        self.layout.put_inputs(row.obs, &mut self.obs);
        self.actions.extend_from_slice(row.action);
        self.rewards.push(row.reward);
        self.layout.put_inputs(row.next_obs, &mut self.next_obs);
        self.terminated.push(row.terminated);
        self.truncated.push(row.truncated);
        if let Some(mask) = row.next_mask {
            self.next_masks.extend_from_slice(mask);
        }
        self.ordinals.push(ordinal);
        self.steps.push(1);
        self.weights.push(1.0);
    }

    /// Returns the number of rows that a draw fills the batch with.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns the number of rows in the batch: [`size`](Batch::size) after a draw.
    pub fn len(&self) -> usize {
        self.rewards.len()
    }

    /// Returns whether the batch has no rows.
    pub fn is_empty(&self) -> bool {
        self.rewards.is_empty()
    }

    /// Returns the lengths of the columns.
    pub fn layout(&self) -> &RowLayout {
        &self.layout
    }

    /// `[len, input_len]`: the observations that the actions were chosen for, one-hot if the layout is.
    pub fn obs(&self) -> &[O] {
        &self.obs
    }

    /// `[len, action_len]`: the actions.
    pub fn actions(&self) -> &[A] {
        &self.actions
    }

    /// `[len]`: the rewards, or sums of discounted rewards from a memory with n-step returns.
    pub fn rewards(&self) -> &[f32] {
        &self.rewards
    }

    /// `[len, input_len]`: the true successors, one-hot if the layout is.
    pub fn next_obs(&self) -> &[O] {
        &self.next_obs
    }

    /// `[len]`: the task ended, so the target has no bootstrap.
    pub fn terminated(&self) -> &[bool] {
        &self.terminated
    }

    /// `[len]`: a limit stopped the episode, so the target keeps its bootstrap.
    pub fn truncated(&self) -> &[bool] {
        &self.truncated
    }

    /// `[len, mask_len]`: the choices that are legal in the successors; `None` if the layout has no masks.
    pub fn next_masks(&self) -> Option<&[bool]> {
        self.layout.mask_len.map(|_| self.next_masks.as_slice())
    }

    /// `[len]`: the ordinals of the rows in their memory, by which priorities are written back.
    pub fn ordinals(&self) -> &[u64] {
        &self.ordinals
    }

    /// `[len]`: the number of transitions that a row spans, the exponent of gamma in front of the bootstrap.
    pub fn steps(&self) -> &[u32] {
        &self.steps
    }

    /// `[len]`: the factors of the rows' losses.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// [`steps`](Batch::steps), to be set by a memory with n-step returns.
    pub fn steps_mut(&mut self) -> &mut [u32] {
        &mut self.steps
    }

    /// [`weights`](Batch::weights), to be set by a memory with priorities.
    pub fn weights_mut(&mut self) -> &mut [f32] {
        &mut self.weights
    }
}
