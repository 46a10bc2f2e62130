//! A run as bytes, and the checkpoints that hold them.

pub(crate) mod persist;
pub(crate) mod trainer_state;

pub(crate) mod checkpoint;
pub(crate) mod manifest;
