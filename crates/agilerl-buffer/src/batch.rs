//! Rows drawn to learn from.

use crate::{Row, RowLayout, Stored};

/// Transitions to learn from, one array for each column; made once and filled again and again.
///
/// Two columns are there for adapters, and a learner that honours them takes any memory: the bootstrap of row `i` is
/// discounted by gamma to the power `steps[i]`, and its loss is multiplied by `weights[i]`. Both are 1 in rows from a
/// plain memory.
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
    /// An empty batch that draws will fill with `size` rows.
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

    /// Empties the batch and sets how many rows the next draws fill it with. Allocates only beyond the largest size it
    /// ever had.
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

    /// Removes all rows. Memories call it before they push what they drew.
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

    /// Adds one row as it is stored, with one step and weight one.
    ///
    /// # Panics
    /// If the row does not have the lengths of the layout, or an observation is none of its choices.
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
            "a row that does not fit this batch's layout {:?}",
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

    /// Rows that draws fill it with.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Rows in it now: [`size`](Batch::size) after a draw.
    pub fn len(&self) -> usize {
        self.rewards.len()
    }

    /// Whether there are no rows in it.
    pub fn is_empty(&self) -> bool {
        self.rewards.is_empty()
    }

    /// Lengths of the columns.
    pub fn layout(&self) -> &RowLayout {
        &self.layout
    }

    /// `[len, input_len]`: what was acted on, one-hot where the layout says so.
    pub fn obs(&self) -> &[O] {
        &self.obs
    }

    /// `[len, action_len]`.
    pub fn actions(&self) -> &[A] {
        &self.actions
    }

    /// `[len]`: rewards, or sums of discounted rewards from an n-step adapter.
    pub fn rewards(&self) -> &[f32] {
        &self.rewards
    }

    /// `[len, input_len]`: the true successors, one-hot where the layout says so.
    pub fn next_obs(&self) -> &[O] {
        &self.next_obs
    }

    /// `[len]`: the bootstrap is cut here.
    pub fn terminated(&self) -> &[bool] {
        &self.terminated
    }

    /// `[len]`: the episode was stopped here, the bootstrap is not cut.
    pub fn truncated(&self) -> &[bool] {
        &self.truncated
    }

    /// `[len, mask_len]`: which choices are legal in the successors; `None` if the layout has no masks.
    pub fn next_masks(&self) -> Option<&[bool]> {
        self.layout.mask_len.map(|_| self.next_masks.as_slice())
    }

    /// `[len]`: names of the rows in the memory they were drawn from, to write priorities back for.
    pub fn ordinals(&self) -> &[u64] {
        &self.ordinals
    }

    /// `[len]`: transitions that a row spans; the exponent of gamma in front of the bootstrap.
    pub fn steps(&self) -> &[u32] {
        &self.steps
    }

    /// `[len]`: factors of the rows' losses.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// [`steps`](Batch::steps), for adapters.
    pub fn steps_mut(&mut self) -> &mut [u32] {
        &mut self.steps
    }

    /// [`weights`](Batch::weights), for adapters.
    pub fn weights_mut(&mut self) -> &mut [f32] {
        &mut self.weights
    }
}
