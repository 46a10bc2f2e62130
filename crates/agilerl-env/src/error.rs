//! What can go wrong with an environment.

/// Error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvError {
    /// The catalogue has no environment of that name.
    #[error("unknown environment {name:?}; known are: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// All names, separated by commas.
        known: String,
    },
    /// The environment does not implement saving its state.
    #[error("{env} cannot save its state: implement `save` and `restore` of its `Env`")]
    StateNotSaved {
        /// Name of the environment.
        env: String,
    },
    /// The bytes are no state of this environment.
    #[error("these {len} bytes are no saved state of {env}: {why}")]
    BadState {
        /// Name of the environment.
        env: String,
        /// Number of bytes given.
        len: usize,
        /// What the reader found wrong.
        why: String,
    },
    /// An environment in a lane panicked.
    #[error("{env} panicked in lane {lane} (seed {seed:?}) at step {step} of its episode: {message}")]
    Lane {
        /// Name of the environment.
        env: String,
        /// Index of the lane.
        lane: usize,
        /// Seed of its last seeded reset.
        seed: Option<u64>,
        /// Steps taken in the episode before.
        step: u64,
        /// The panic's message.
        message: String,
    },
}
