//! Gymnasium's toy text: boards whose observation is the index of a state.

pub(crate) mod frozen_lake;
pub(crate) mod cliff_walking;
pub(crate) mod taxi;
#[cfg(feature = "render")]
mod picture;
