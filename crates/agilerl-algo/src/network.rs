//! Networks that learn, with everything that must change together.

pub(crate) mod config;
pub(crate) mod optimizer;
#[expect(clippy::module_inception, reason = "the file of the main type")]
pub(crate) mod network;
pub(crate) mod host;
#[cfg(feature = "burn")]
pub(crate) mod burn;
pub(crate) mod bytes;
