//! The error of this crate.

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
        /// Its range.
        expected: String,
    },
    /// The environment's actions or observations are not what the agent can handle.
    #[error("{agent} cannot learn {env}: {why}")]
    Space {
        /// The agent.
        agent: &'static str,
        /// The environment.
        env: String,
        /// The reason.
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
    /// An environment whose observation is none of the choices that its space has.
    #[error(
        "{env} returned the {what} {value} in lane {lane}: nothing was stored; its observation space has {choices} choices, \
         counted from 0"
    )]
    NoChoice {
        /// The environment.
        env: String,
        /// The name of the number.
        what: &'static str,
        /// The number.
        value: f64,
        /// The lane that returned it.
        lane: usize,
        /// Choices of its observation space.
        choices: usize,
    },
    /// An environment that returned NaN or something infinite.
    #[error(
        "{env} returned the {what} {value} in {place}: nothing was stored; every number must be finite, and a reward an f32"
    )]
    NotFinite {
        /// The environment.
        env: String,
        /// The name of the number.
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
        /// The fault of the mask.
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
    /// A file of an elite cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file of an elite cannot be written.
    #[error(transparent)]
    Storage(#[from] agilerl_storage::StorageError),
    /// The two files of a saved elite are not of one writing.
    #[error(
        "the weights are not the file that elite.json was written with: take both from one folder; a run that was stopped \
         while it wrote them puts them right when it is resumed"
    )]
    ElitePair,
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

impl AlgoError {
    /// Ok if a setting holds, or the error that names it, its value and its range.
    pub(crate) fn check<T: ToString>(holds: bool, field: &str, value: T, expected: &str) -> Result<(), Self> {
        let refuse =
            || Self::Config { field: field.to_owned(), value: value.to_string(), expected: expected.to_owned() };
        if holds { Ok(()) } else { Err(refuse()) }
    }

    /// The same error, with the name of the section that the setting stands in.
    pub(crate) fn inside(self, section: &str) -> Self {
        match self {
            Self::Config { field, value, expected } => {
                Self::Config { field: format!("{section}.{field}"), value, expected }
            }
            other => other,
        }
    }
}
