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
    /// An evaluation episode that went on for longer than any should.
    #[error("{env} with seed {seed}: the evaluation episode has not ended after {steps} steps; give it a time limit")]
    Endless {
        /// The environment.
        env: String,
        /// Seed of the episode.
        seed: u64,
        /// Steps taken.
        steps: u64,
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
