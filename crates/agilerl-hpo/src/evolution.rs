//! Individuals, and how they mutate.

pub(crate) mod bounds;
pub(crate) mod mutation;

pub(crate) mod evolve;
pub(crate) mod individual;
mod mutate;
