//! Deep Q-learning (Mnih et al., 2015), double by default (van Hasselt et al., 2016).

pub use config::{DqnConfig, Loss};
pub use dqn::Dqn;
pub use epsilon::Epsilon;

pub(crate) mod epsilon;
pub(crate) mod config;
pub(crate) mod target;
pub(crate) mod update_host;
#[cfg(feature = "burn")]
pub(crate) mod update_burn;
#[expect(clippy::module_inception, reason = "the file of the main type")]
pub(crate) mod dqn;
#[cfg(feature = "burn")]
pub(crate) mod stack;
pub(crate) mod algorithm;
