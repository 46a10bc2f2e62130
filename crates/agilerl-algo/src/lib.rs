//! Agents that learn, and the loop that trains one of them. This crate knows no file, only
//! the bytes that its own agents are written as, and no population: how many agents there are, who is selected and what
//! is mutated is decided elsewhere.
#![doc = ""]
#![doc = include_str!("../README.md")]

mod agent;
pub mod dqn;
mod elite;
mod epsilon;
mod error;
mod evaluate;
mod number_or_none;
mod off_policy;
mod off_policy_state;
mod step_check;

pub use agent::{Acting, Agent, Learned, LearnedSum, Mode, OffPolicy, Stack};
pub use dqn::{Dqn, DqnConfig};
pub use elite::{Elite, EliteRecord};
pub use epsilon::Epsilon;
pub use error::AlgoError;
pub use evaluate::evaluate;
pub use off_policy::{OffPolicyConfig, OffPolicyTask, Slot};
