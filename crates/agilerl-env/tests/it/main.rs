//! The integration tests of the crate, in one binary: each further binary would be linked again.

mod golden;
mod classic;
mod cart_pole;
mod frozen_lake;
mod toy_text;
mod seeds;
mod probe;
mod vec_env;
mod wrappers;
mod wrapper_config;
mod catalogue;
mod check_env;
mod lander;
mod minatar;
mod every_environment;
#[cfg(feature = "render")]
mod render;
