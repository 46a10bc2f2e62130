//! The claims of this crate, one module per subject.

mod checkpoints;
mod configuration;
mod console;
mod extension;
mod gene_pool;
mod hyperparameters;
mod inheritance;
mod invariants;
mod json_lines;
mod metrics;
mod metrics_csv;
mod mutation;
mod population;
mod readings;
mod resume;
mod run_logs;
mod saving;
mod scripted;
mod signature;
mod stages;
mod streams;
mod task;
mod tournament;
mod trainer;
mod trainer_state;
mod truncation;
