//! Environments around environments: each changes one thing and passes the rest through.

pub(crate) mod time_limit;
pub(crate) mod one_hot;
pub(crate) mod frame_stack;
pub(crate) mod channels_first;
pub(crate) mod reward_transform;
pub(crate) mod normalize_observations;
pub(crate) mod wrapper_config;
#[cfg(feature = "render")]
mod picture;
