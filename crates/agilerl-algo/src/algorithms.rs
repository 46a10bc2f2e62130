//! The algorithms, each in a folder of its own; none imports another.

mod dqn;
pub use dqn::*;

pub(crate) mod number_or_none;
