//! What one stored row consists of.

use crate::BufferError;

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
    /// Numbers in one observation.
    pub obs_len: usize,
    /// Numbers in one action: 1 for a choice.
    pub action_len: usize,
    /// Number of discrete choices, if the legal ones of the successor are stored with each row.
    pub mask_len: Option<usize>,
}

impl RowLayout {
    /// Rows without action masks.
    pub fn new(obs_len: usize, action_len: usize) -> Self {
        Self { obs_len, action_len, mask_len: None }
    }

    /// Rows that also say which of `choices` actions are legal in the successor.
    pub fn with_mask(self, choices: usize) -> Self {
        Self { mask_len: Some(choices), ..self }
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
