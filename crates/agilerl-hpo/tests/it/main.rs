//! The claims of this crate, one module per subject.

mod configuration;
mod console;
mod extension;
mod gene_pool;
mod hyperparameters;
mod invariants;
mod json_lines;
mod mutation;
mod population;
mod resume;
mod saving;
mod storage;
mod streams;
mod tournament;
mod trainer;
