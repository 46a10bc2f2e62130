//! The run: the task, the events, and the trainer that brings them together.

pub(crate) mod task;

pub(crate) mod guard;
pub(crate) mod metrics;
pub(crate) mod stats;

pub(crate) mod event;
pub(crate) mod stages;

pub(crate) mod config;
pub(crate) mod trainer;

mod audience;
mod extension;
mod generation;
pub(crate) mod progress;
