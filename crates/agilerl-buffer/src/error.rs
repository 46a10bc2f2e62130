//! What can go wrong with a memory.

/// Error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BufferError {
    /// A memory without room.
    #[error("a memory of capacity 0 holds nothing; the capacity is in transitions, at least 1")]
    ZeroCapacity,
    /// The size in bytes is beyond what can be addressed.
    #[error(
        "{capacity} transitions of {row_bytes} bytes each are more than this machine can address; lower the capacity"
    )]
    TooLarge {
        /// The capacity asked for, in transitions.
        capacity: usize,
        /// Bytes of one transition.
        row_bytes: u128,
    },
    /// The system did not grant the memory.
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
    /// Bytes that are no rows of this memory.
    #[error("these {bytes} bytes are no rows of this memory: {why}")]
    NoRows {
        /// How many bytes.
        bytes: usize,
        /// What is wrong with them.
        why: String,
    },
}
