//! Agents that learn from stored transitions, and the task that trains a population of them.

pub(crate) mod config;
pub(crate) mod learner;
pub(crate) mod lockstep;
pub(crate) mod round;
pub(crate) mod slot;
pub(crate) mod state;
pub(crate) mod task;
