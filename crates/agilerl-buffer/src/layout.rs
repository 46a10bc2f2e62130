//! The lengths of the columns of one row.

use crate::error::BufferError;
use crate::stored::Stored;

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
    /// Number of discrete actions, if each row stores which of them are legal in the successor.
    pub mask_len: Option<usize>,
    /// Number of values of a discrete observation, if it is stored as an index and drawn as a one-hot row.
    pub one_hot: Option<usize>,
}

impl RowLayout {
    /// Returns the layout of rows without action masks.
    pub fn new(obs_len: usize, action_len: usize) -> Self {
        Self { obs_len, action_len, mask_len: None, one_hot: None }
    }

    /// Returns this layout with a mask: which of `choices` actions are legal in the successor.
    pub fn with_mask(self, choices: usize) -> Self {
        Self { mask_len: Some(choices), ..self }
    }

    /// Returns this layout for a discrete observation of `choices` values: a memory stores its index, and a
    /// [`Batch`](crate::Batch) holds `choices` numbers, 1 at the index and 0 elsewhere.
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
        assert_eq!(self.obs_len, 1, "the index of one of {choices} choices is one number");
        Self { one_hot: Some(choices), ..self }
    }

    /// Returns the numbers in one observation as a batch holds it: those stored, or those of the one-hot row.
    pub fn input_len(&self) -> usize {
        self.one_hot.unwrap_or(self.obs_len)
    }

    /// Appends stored observations, `[rows, obs_len]`, to `inputs` as a batch holds them, `[rows, input_len]`.
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
            let index = choice(number, choices)
                .unwrap_or_else(|| panic!("observation {number:?} is not an index below {choices}"));
            let start = inputs.len();
            inputs.resize(start + choices, O::default());
            inputs[start + index] = O::ONE;
        }
    }

    /// Returns the position of the first stored observation that is not the index of a choice. `None` if there is none, or
    /// if the layout is not one-hot.
    pub fn no_choice<O: Stored>(&self, obs: &[O]) -> Option<usize> {
        let choices = self.one_hot?;
        obs.iter().position(|&number| choice(number, choices).is_none())
    }

    /// Returns the bytes that `capacity` rows take, computed before anything is allocated.
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

    /// Returns the bytes of one row, in 128 bits, where no product of two lengths overflows.
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
