//! Stepping environments, with every return value checked.

pub(crate) mod collector;
pub(crate) mod step_check;
