//! Agents and tasks of any algorithm as one type.

pub(crate) mod agent;
pub(crate) mod task;
