//! What one stored row consists of.

use crate::{BufferError, Stored};

/// Lengths of the columns of one transition.
///
/// ```
/// use agilerl_buffer::RowLayout;
///
/// // Eight features and a choice: two observations of 32 bytes, 4 for the action, 4 for the reward, 2 flags.
/// let layout = RowLayout::new(8, 1);
/// assert_eq!(layout.bytes::<f32, u32>(1_000_000)?, 74_000_000);
/// assert!(layout.bytes::<f32, u32>(usize::MAX).is_err());
/// # Ok::<(), agilerl_buffer::BufferError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowLayout {
    /// Numbers in one observation, as it is stored.
    pub obs_len: usize,
    /// Numbers in one action: 1 for a choice.
    pub action_len: usize,
    /// Number of discrete choices, if the legal ones of the successor are stored with each row.
    pub mask_len: Option<usize>,
    /// Number of choices that an observation is one of, if it is stored as the index and learnt from as a one-hot row.
    pub one_hot: Option<usize>,
}

impl RowLayout {
    /// Rows without action masks.
    pub fn new(obs_len: usize, action_len: usize) -> Self {
        Self { obs_len, action_len, mask_len: None, one_hot: None }
    }

    /// Rows that also say which of `choices` actions are legal in the successor.
    pub fn with_mask(self, choices: usize) -> Self {
        Self { mask_len: Some(choices), ..self }
    }

    /// Rows whose observation is one of `choices`: one number is stored, the index, and a [`Batch`](crate::Batch) holds
    /// `choices` numbers, a 1 in its place, else 0.
    ///
    /// ```
    /// use agilerl_buffer::RowLayout;
    ///
    /// // A choice among 500 and 6 actions: 24 bytes a row, where 500 numbers for each observation were 4,016.
    /// let layout = RowLayout::new(1, 1).with_mask(6).with_one_hot(500);
    /// assert_eq!(layout.bytes::<f32, u32>(1)?, 24);
    /// assert_eq!(layout.input_len(), 500);
    /// # Ok::<(), agilerl_buffer::BufferError>(())
    /// ```
    ///
    /// # Panics
    /// If an observation is more than one number.
    pub fn with_one_hot(self, choices: usize) -> Self {
        assert_eq!(self.obs_len, 1, "one choice among {choices} is one number");
        Self { one_hot: Some(choices), ..self }
    }

    /// Numbers in one observation as it is learnt from: the stored ones, or those of the one-hot row.
    pub fn input_len(&self) -> usize {
        self.one_hot.unwrap_or(self.obs_len)
    }

    /// Appends observations, `[rows, obs_len]` as they are stored, to `inputs` as they are learnt from,
    /// `[rows, input_len]`.
    ///
    /// # Panics
    /// If one of them is [no choice](RowLayout::no_choice).
    #[inline]
    pub fn put_inputs<O: Stored>(&self, obs: &[O], inputs: &mut Vec<O>) {
        let Some(choices) = self.one_hot else {
            inputs.extend_from_slice(obs);
            return;
        };
        for &number in obs {
            let index =
                choice(number, choices).unwrap_or_else(|| panic!("observation {number:?} is none of {choices}"));
            let start = inputs.len();
            inputs.resize(start + choices, O::default());
            inputs[start + index] = O::ONE;
        }
    }

    /// Position of the first stored observation that is no index of a choice; `None` if all are, or need not be.
    pub fn no_choice<O: Stored>(&self, obs: &[O]) -> Option<usize> {
        let choices = self.one_hot?;
        obs.iter().position(|&number| choice(number, choices).is_none())
    }

    /// Bytes that `capacity` rows take, computed before anything is allocated.
    ///
    /// # Errors
    /// [`BufferError::ZeroCapacity`], or [`BufferError::TooLarge`] if the product cannot be addressed.
    pub fn bytes<O, A>(&self, capacity: usize) -> Result<usize, BufferError> {
        if capacity == 0 {
            return Err(BufferError::ZeroCapacity);
        }
        let row_bytes = self.row_bytes::<O, A>();
        row_bytes
            .checked_mul(capacity as u128)
            // Rust's allocations end at `isize::MAX`.
            .filter(|&bytes| bytes <= isize::MAX as u128)
            .map(|bytes| bytes as usize)
            .ok_or(BufferError::TooLarge { capacity, row_bytes })
    }

    /// Bytes of one row. In 128 bits, where no product of two lengths overflows.
    pub(crate) fn row_bytes<O, A>(&self) -> u128 {
        let bytes = |len: usize, size: usize| len as u128 * size as u128;
        2 * bytes(self.obs_len, size_of::<O>())
            + bytes(self.action_len, size_of::<A>())
            + size_of::<f32>() as u128
            + 2 * size_of::<bool>() as u128
            + self.mask_len.unwrap_or(0) as u128
    }
}

fn choice<O: Stored>(number: O, choices: usize) -> Option<usize> {
    number.index().filter(|&index| index < choices)
}
