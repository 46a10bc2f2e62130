//! Evolution: population, selection, mutation, generations, lineage. This crate evolves any type that implements its
//! traits; it knows no observation, no batch, no tensor and no algorithm.
//!
//! Agents implement [`Evolve`], and a [`Task`] trains and scores them. A [`Trainer`] brings them together: it trains
//! the individuals in parallel, scores them on the same episodes, chooses parents with a [`Selector`], changes the
//! children with a [`Mutation`], and passes [`Event`]s to [`Observer`]s. The module [`toy`] is the smallest example of
//! both traits, to be read and copied.
//!
//! ```
//! use agilerl_hpo::{
//!     Ending, Trainer, TrainerConfig,
//!     toy::{Guess, GuessTheNumber},
//! };
//!
//! // Six guesses start at 0 and learn from noisy readings of 7.5; the return is minus the distance.
//! let config = TrainerConfig {
//!     seed: 1,
//!     generations: 100,
//!     generation_env_steps: 200,
//!     round_env_steps: 50,
//!     target: Some(-0.05),
//!     ..TrainerConfig::default()
//! };
//! let mut trainer = Trainer::new(GuessTheNumber { number: 7.5 }, vec![Guess::new(); 6], config)?;
//! let outcome = trainer.run()?;
//! assert_eq!(outcome.ending, Ending::TargetConfirmed);
//! assert!((outcome.elite.agent.value - 7.5).abs() < 0.1);
//! # Ok::<(), agilerl_hpo::HpoError>(())
//! ```
//!
//! # Your own loop
//! Each stage of a generation is a function that can be called alone:
//!
//! ```
//! use agilerl_hpo::{
//!     Individual, Mutation, Purpose, Selector, Streams, Tournament, evaluate,
//!     toy::{Guess, GuessTheNumber},
//! };
//!
//! let task = GuessTheNumber { number: 7.5 };
//! let (streams, tournament, mutation) = (Streams::new(1), Tournament::default(), Mutation::default());
//! let mut population = Individual::founders(vec![Guess { value: 6.0, ..Guess::new() }; 6]);
//! for generation in 1..=50 {
//!     // Train each `individual.agent` here, in your own way, or with `train_round`.
//!     let seeds = streams.seeds(Purpose::Evaluation, generation, 0, 10);
//!     evaluate(&task, &mut population, generation, &seeds)?;
//!     let mut rng = streams.get(Purpose::Selection, generation, 0, 0);
//!     let selection = tournament.select(generation, &tournament.scores(&population), &mut rng)?;
//!     population = selection.reproduce(&population);
//!     mutation.mutate(&mut population, &streams, generation);
//! }
//! // Mutation and selection alone come near the number; the tournament keeps the elite in place 0.
//! assert!((population[0].agent.value - 7.5).abs() < 0.3);
//! # Ok::<(), agilerl_hpo::HpoError>(())
//! ```
//!
//! # Promises
//! - A run with one seed gives the same bits at any number of threads, for one build on one kind of processor. Every
//!   draw comes from a named stream ([`Streams`]).
//! - Kept individuals, the elite among them, go on as they were evaluated; observers get a generation before it is
//!   changed.
//! - A target counts as reached only after fresh episodes, never because of the fitness that selection used.
//! - Transitions of training are counted over all individuals; transitions of evaluation are counted apart.
//! - Hyperparameters move by factors, symmetrically, and are reflected at their bounds: without selection the median
//!   stays constant.
//! - A run that is saved between two steps ([`Trainer::save`]) and resumed ([`Trainer::restore`]) ends in the same
//!   bits, and [`Outcome::signature`] is the digest that shows it. [`Checkpoints`] keeps such states on disk, complete
//!   or not at all.
//! - An individual with a NaN ranks last and is never a parent.

mod evolution;
mod selection;

mod run;

mod observers;
mod resume;

mod error;
mod streams;

pub mod toy;

pub use error::{BoxError, HpoError};
pub use evolution::bounds::Bounds;
pub use evolution::evolve::{Change, Evolve, Hyperparameter, Mutated};
pub use evolution::individual::{Individual, LineageRecord};
pub use evolution::mutation::{Mutation, MutationKind};
pub use observers::console::Console;
pub use observers::json_lines::{JsonLines, without_clock};
pub use observers::metrics_csv::MetricsCsv;
pub use observers::run_log::{RunLog, RunLogKind};
pub use resume::checkpoint::{Checkpoint, Checkpoints};
pub use resume::manifest::{Manifest, Segment};
pub use resume::persist::{Persist, PersistTask};
pub use resume::trainer_state::TrainerState;
pub use run::config::TrainerConfig;
pub use run::event::{Ending, Event, Flow, GenerationReport, Observer, OnEvent};
pub use run::guard::guard;
pub use run::metrics::MetricSums;
pub use run::stages::{Round, evaluate, score, train_round};
pub use run::stats::{Evaluation, RoundStats};
pub use run::task::{RoundContext, Task, Trainee};
pub use run::trainer::{Outcome, Trainer};
pub use selection::config::SelectionConfig;
pub use selection::selector::{Origin, Selection, Selector};
pub use selection::tournament::Tournament;
pub use selection::truncation::TruncationSelection;
pub use streams::{Purpose, StreamRng, Streams};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
