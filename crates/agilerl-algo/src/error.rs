//! What can go wrong with an agent.

/// Error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlgoError {
    /// A setting outside its range.
    #[error("{field} = {value} is out of range: {expected}")]
    Config {
        /// The setting.
        field: String,
        /// Its value.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// The environment's actions or observations are not what the agent can handle.
    #[error("{agent} cannot learn {env}: {why}")]
    Space {
        /// The agent.
        agent: &'static str,
        /// The environment.
        env: String,
        /// What does not fit.
        why: String,
    },
    /// An environment that panicked in an evaluation episode.
    #[error("{env} with seed {seed} panicked in an evaluation episode: {message}")]
    Panicked {
        /// The environment.
        env: String,
        /// Seed of the episode.
        seed: u64,
        /// The panic's message.
        message: String,
    },
    /// An environment that returned NaN or something infinite.
    #[error(
        "{env} returned the {what} {value} in {place}: nothing was stored; every number must be finite, and a reward an f32"
    )]
    NotFinite {
        /// The environment.
        env: String,
        /// What it returned.
        what: &'static str,
        /// The number.
        value: f64,
        /// Lane or episode, seed and step.
        place: String,
    },
    /// An environment whose mask of legal choices cannot be acted on.
    #[error(
        "{env} returned {fault} in {place}: a mask has a flag for each choice, and one of them is true unless the episode \
         has terminated"
    )]
    Mask {
        /// The environment.
        env: String,
        /// What is wrong with the mask.
        fault: String,
        /// Lane or episode, seed and step.
        place: String,
    },
    /// A vector environment whose rows are suddenly more or fewer.
    #[error(
        "{env} returned {found} numbers of {what} instead of {expected} in {place}: their number must not change during a run"
    )]
    Lengths {
        /// The environment.
        env: String,
        /// Which column.
        what: &'static str,
        /// How many there were.
        found: usize,
        /// How many there should be.
        expected: usize,
        /// The step of all lanes, and their seeds.
        place: String,
    },
    /// Saved rows that are others than asked for.
    #[error("these are the rows {found:?} of a memory, and {expected:?} were asked for")]
    Rows {
        /// Their ordinals.
        found: std::ops::Range<u64>,
        /// The ordinals asked for.
        expected: std::ops::Range<u64>,
    },
    /// A saved elite that cannot be read.
    #[error("cannot load the elite: {0}")]
    Elite(String),
    /// A network that cannot be, or weights that do not fit it.
    #[error(transparent)]
    Net(#[from] agilerl_nets::NetError),
    /// A memory that cannot be had.
    #[error(transparent)]
    Buffer(#[from] agilerl_buffer::BufferError),
    /// An environment that failed.
    #[error(transparent)]
    Env(#[from] agilerl_env::EnvError),
}
