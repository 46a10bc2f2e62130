//! Rows to be stored in a memory, and single rows of one.

use crate::layout::RowLayout;

/// Transitions to be stored, as borrowed columns: row `i` of every column belongs to transition `i`.
///
/// `R` is the number type of the rewards: `f64` as environments compute them, or `f32` as memories store them.
#[derive(Clone, Copy, Debug)]
pub struct Transitions<'a, O, A, R = f64> {
    /// `[rows, obs_len]`: the observation that the action was chosen for.
    pub obs: &'a [O],
    /// `[rows, action_len]`.
    pub actions: &'a [A],
    /// `[rows]`. Stored as `f32`.
    pub rewards: &'a [R],
    /// `[rows, obs_len]`: the true successor, not the first observation of the next episode.
    pub next_obs: &'a [O],
    /// `[rows]`: the task ended, so the target has no bootstrap.
    pub terminated: &'a [bool],
    /// `[rows]`: a limit stopped the episode, so the target keeps its bootstrap.
    pub truncated: &'a [bool],
    /// `[rows, mask_len]`: the choices that are legal in the successor. Given exactly if the layout has masks.
    pub next_masks: Option<&'a [bool]>,
}

impl<O, A, R> Transitions<'_, O, A, R> {
    /// Returns the number of rows.
    ///
    /// # Panics
    /// If a column does not have the length that the layout gives it; the message names the column.
    #[track_caller]
    pub fn rows(&self, layout: &RowLayout) -> usize {
        let rows = self.rewards.len();
        let check = |column: &str, found: usize, row_len: usize| {
            assert_eq!(found, rows * row_len, "column {column:?} does not hold {rows} rows of {row_len}");
        };
        check("obs", self.obs.len(), layout.obs_len);
        check("actions", self.actions.len(), layout.action_len);
        check("next_obs", self.next_obs.len(), layout.obs_len);
        check("terminated", self.terminated.len(), 1);
        check("truncated", self.truncated.len(), 1);
        match (self.next_masks, layout.mask_len) {
            (Some(masks), Some(mask_len)) => check("next_masks", masks.len(), mask_len),
            (None, None) => {}
            (Some(_), None) => panic!("column \"next_masks\" was given, but this layout stores no masks"),
            (None, Some(_)) => panic!("column \"next_masks\" is missing, and this layout stores masks"),
        }
        rows
    }
}

/// One transition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<'a, O, A> {
    /// `[obs_len]`: the observation that the action was chosen for.
    pub obs: &'a [O],
    /// `[action_len]`.
    pub action: &'a [A],
    /// Reward of the transition.
    pub reward: f32,
    /// `[obs_len]`: the true successor.
    pub next_obs: &'a [O],
    /// The task ended, so the target has no bootstrap.
    pub terminated: bool,
    /// A limit stopped the episode, so the target keeps its bootstrap.
    pub truncated: bool,
    /// `[mask_len]`: the choices that are legal in the successor.
    pub next_mask: Option<&'a [bool]>,
}

/// A number type of rewards: `f32` is stored as it is, `f64` is rounded to the nearest `f32`.
pub trait Reward: Copy + sealed::Sealed {
    /// Returns the number as it is stored.
    fn narrow(self) -> f32;
}

impl Reward for f32 {
    fn narrow(self) -> f32 {
        self
    }
}

impl Reward for f64 {
    fn narrow(self) -> f32 {
        self as f32
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}
