//! The algorithms, each in a folder of its own; none imports another.

pub(crate) mod dqn;
pub(crate) mod number_or_none;
