//! The error type of this crate.

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BufferError {
    /// The capacity is 0.
    #[error("capacity is 0, but must be at least 1 transition")]
    ZeroCapacity,
    /// The size in bytes exceeds the address space.
    #[error(
        "{capacity} transitions of {row_bytes} bytes each are more than this machine can address; lower the capacity"
    )]
    TooLarge {
        /// The capacity asked for, in transitions.
        capacity: usize,
        /// Bytes of one transition.
        row_bytes: u128,
    },
    /// The system refused to allocate the memory.
    #[error(
        "the system refused {bytes} bytes for {capacity} transitions; lower the capacity (a transition takes \
         {row_bytes} bytes), or keep pixels as u8"
    )]
    Refused {
        /// The capacity asked for, in transitions.
        capacity: usize,
        /// Bytes of the whole memory.
        bytes: usize,
        /// Bytes of one transition.
        row_bytes: u128,
    },
    /// The bytes are not rows of this memory.
    #[error("these {bytes} bytes are not rows of this memory: {why}")]
    NoRows {
        /// Number of bytes.
        bytes: usize,
        /// The reason.
        why: String,
    },
}
