//! Evolution: population, tournament selection, mutation, generations, lineage. This crate evolves whatever
//! implements its traits; it knows no observation, no batch, no tensor and no algorithm.

mod bounds;
mod error;
mod event;
mod evolve;
mod individual;
mod mutation;
mod stages;
mod streams;
mod task;
mod tournament;
pub mod toy;
mod trainer;

pub use bounds::Bounds;
pub use error::HpoError;
pub use event::{Event, Flow, GenerationReport, LineageRecord, Observer, ObserverError};
pub use evolve::{Change, Evolve, Hyperparameter};
pub use individual::Individual;
pub use mutation::{Mutated, Mutation, MutationKind};
pub use stages::{Round, evaluate, score, train_round};
pub use streams::{Purpose, StreamRng, Streams};
pub use task::{Evaluation, RoundContext, RoundStats, Task, TaskError};
pub use tournament::{Selection, Tournament};
pub use trainer::{Ending, Outcome, Trainer, TrainerConfig};
