//! The environments.

pub(crate) mod classic;
pub(crate) mod toy_text;
pub(crate) mod lander;
pub(crate) mod minatar;
pub(crate) mod probe;
mod trig;
