//! The named random streams of a run.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The generator behind every stream. It is portable, and its authors promise that its output does not change.
pub type StreamRng = ChaCha8Rng;

/// The purpose of a random stream. The numbers are part of a run's identity: never reuse or reorder them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Purpose {
    /// Initial weights of an individual.
    Weights = 1,
    /// Initial hyperparameters, where they are drawn.
    InitialHyperparameters = 2,
    /// Seeds of the training environments.
    Environment = 3,
    /// Exploration noise: epsilon coins and random actions.
    Exploration = 4,
    /// Rows drawn from a replay memory.
    Replay = 5,
    /// Seeds of the evaluation episodes of a generation, the same for all individuals.
    Evaluation = 6,
    /// Seeds of the fresh episodes that confirm a target.
    Confirmation = 7,
    /// Selection of parents.
    Selection = 8,
    /// Kind and content of a mutation.
    Mutation = 9,
    /// Noise of a learning step: smoothed targets, reparametrised actions.
    Learning = 10,
}

/// The random streams of one run.
///
/// A stream is named by its purpose, a generation, an individual and an index that counts inside the purpose: a round,
/// an environment, a layer. The four numbers and the root seed *are* the 256-bit key of a ChaCha8 generator, so two
/// names never share a stream, and no draw depends on the order of the others. That is why a run is the same at any
/// number of threads.
///
/// ```
/// use agilerl_hpo::{Purpose, Streams};
/// use rand::Rng;
///
/// let streams = Streams::new(7);
/// let first = streams.get(Purpose::Mutation, 3, 0, 0).next_u64();
/// assert_eq!(first, streams.get(Purpose::Mutation, 3, 0, 0).next_u64());
/// assert_ne!(first, streams.get(Purpose::Mutation, 3, 1, 0).next_u64());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    root: u64,
}

impl Streams {
    /// Creates the streams of the run with this root seed.
    pub fn new(root: u64) -> Self {
        Self { root }
    }

    /// Returns the root seed.
    pub fn root(&self) -> u64 {
        self.root
    }

    /// Returns the stream of this name, from its beginning. The [type](Self) explains the name's parts.
    pub fn get(&self, purpose: Purpose, generation: u64, individual: usize, index: usize) -> StreamRng {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.root.to_le_bytes());
        key[8] = purpose as u8;
        key[12..16].copy_from_slice(&u32::try_from(individual).expect("fewer than 2^32 individuals").to_le_bytes());
        key[16..24].copy_from_slice(&generation.to_le_bytes());
        key[24..].copy_from_slice(&(index as u64).to_le_bytes());
        StreamRng::from_seed(key)
    }

    /// Returns one seed: the first of [`seeds`](Self::seeds).
    pub fn seed(&self, purpose: Purpose, generation: u64, individual: usize) -> u64 {
        u64::from(self.get(purpose, generation, individual, 0).next_u32())
    }

    /// Returns seeds for `episodes` episodes, drawn from the stream of this name with index 0. They are below 2^32, which
    /// every simulator and every other language takes.
    pub fn seeds(&self, purpose: Purpose, generation: u64, individual: usize, episodes: usize) -> Vec<u64> {
        let mut rng = self.get(purpose, generation, individual, 0);
        (0..episodes).map(|_| u64::from(rng.next_u32())).collect()
    }
}
