//! The error type of this crate.

/// An error of this crate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvError {
    /// The catalogue has no environment of that name.
    #[error("unknown environment {name:?}{}; known are: {known}", did_you_mean(nearest))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The known name that is most similar to it, if one is similar.
        nearest: Option<String>,
        /// All names, separated by commas.
        known: String,
    },
    /// The environment's actions are continuous, and choices were asked for.
    #[error("{name} takes continuous actions, and this needs a choice among n{}", did_you_mean(instead))]
    NeedsContinuousActions {
        /// Name of the environment.
        name: String,
        /// The same task with a choice among n, if there is one.
        instead: Option<String>,
    },
    /// The environment's actions are choices, and continuous ones were asked for.
    #[error("{name} takes a choice among n, and this needs continuous actions{}", did_you_mean(instead))]
    NeedsChoices {
        /// Name of the environment.
        name: String,
        /// The same task with continuous actions, if there is one.
        instead: Option<String>,
    },
    /// The environment observes pixels, and rows of numbers were asked for.
    #[error("{name} observes pixels, and this takes rows of numbers (its observations are u8, not f32)")]
    NeedsPixels {
        /// Name of the environment.
        name: String,
    },
    /// The environment observes rows of numbers, and pixels were asked for.
    #[error("{name} observes rows of numbers, and this takes pixels (its observations are f32, not u8)")]
    NeedsNumbers {
        /// Name of the environment.
        name: String,
    },
    /// The environment has no picture.
    #[cfg(feature = "render")]
    #[error("{name} has no picture: a probe is only a number or two")]
    NoPicture {
        /// Name of the environment.
        name: String,
    },
    /// A vector environment of no lanes, or on no threads, was asked for.
    #[error("{env} was asked for with 0 {what}; at least 1 is needed")]
    Zero {
        /// Name of the environment.
        env: String,
        /// `"lanes"` or `"threads"`.
        what: &'static str,
    },
    /// A setting is outside its range.
    #[error("{field} is {value}, but must be {expected}")]
    Config {
        /// The setting: `frame_stack.frames`.
        field: String,
        /// Its value.
        value: String,
        /// Its range.
        expected: String,
    },
    /// A frame stack was asked for, and the observations are discrete.
    #[error("{name} has discrete observations, which frame_stack does not take; encode them with `one_hot` first")]
    DiscreteFrames {
        /// Name of the environment.
        name: String,
    },
    /// The environment does not implement saving its state.
    #[error("{env} cannot save its state: implement `save` and `restore` of its `Env`")]
    StateNotSaved {
        /// Name of the environment.
        env: String,
    },
    /// The bytes are not a state of this environment.
    #[error("these {len} bytes are no saved state of {env}: {why}")]
    BadState {
        /// Name of the environment.
        env: String,
        /// Number of bytes given.
        len: usize,
        /// The reason.
        why: String,
    },
    /// The numbers cannot be the statistics of this environment's observations.
    #[error("these are no statistics of {env}'s observations: {why}")]
    BadStatistics {
        /// Name of the environment.
        env: String,
        /// The reason.
        why: String,
    },
    /// An environment in a lane panicked.
    #[error("{env} panicked in lane {lane} ({}) at step {step} of episode {episode}: {message}", seeded(*seed))]
    Lane {
        /// Name of the environment.
        env: String,
        /// Index of the lane.
        lane: usize,
        /// Seed of its last seeded reset.
        seed: Option<u64>,
        /// Episodes that ended since that reset.
        episode: u64,
        /// Steps taken in the episode before the panic.
        step: u64,
        /// Message and place of the panic.
        message: String,
    },
    /// An environment in a lane has an invalid action mask.
    #[error(
        "the action mask of {env} in lane {lane} ({}) at step {step} of episode {episode} {wrong}",
        seeded(*seed)
    )]
    Mask {
        /// Name of the environment.
        env: String,
        /// Index of the lane.
        lane: usize,
        /// Seed of its last seeded reset.
        seed: Option<u64>,
        /// Episodes that ended since that reset.
        episode: u64,
        /// Steps taken in the episode.
        step: u64,
        /// The fault of the mask.
        wrong: String,
    },
}

fn did_you_mean(name: &Option<String>) -> String {
    name.as_ref().map_or_else(String::new, |name| format!(" (did you mean {name:?}?)"))
}

fn seeded(seed: Option<u64>) -> String {
    seed.map_or_else(|| "never seeded".to_owned(), |seed| format!("seed {seed}"))
}
