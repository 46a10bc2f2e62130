//! Agents that learn, and the task that trains a population of them. This crate knows no run and no folder of one: how many
//! agents there are, which of them is selected and what is mutated is decided elsewhere.
#![doc = ""]
#![doc = include_str!("../README.md")]

mod error;

mod agent;
mod metrics;
mod network;
mod normalizer;
mod policy;
mod policy_source;

mod collect;
mod evaluate;
mod off_policy;

mod elite;

mod algorithm;
mod algorithms;
mod erased;

pub use agent::{ActRequest, Agent, Mode};
pub use algorithm::Algorithm;
pub use algorithms::*;
pub use collect::collector::Collector;
pub use elite::{Elite, EliteRecord};
pub use erased::agent::AnyAgent;
pub use erased::task::{AnyShared, AnySlot, AnyTask};
pub use error::AlgoError;
pub use evaluate::evaluate;
pub use metrics::{Learned, LearnedSum, Numbers};
#[cfg(feature = "burn")]
pub use network::burn::BurnNetwork;
pub use network::config::NetConfig;
pub use network::host::HostNetwork;
pub use network::network::{Network, NetworkState, Place};
pub use network::optimizer::OptimizerStep;
pub use normalizer::Normalizer;
pub use off_policy::config::OffPolicyConfig;
pub use off_policy::learner::{Learner, OffPolicy, Stack};
pub use off_policy::slot::Slot;
pub use off_policy::task::OffPolicyTask;
pub use policy::{Output, Policy, PolicyAction};
pub use policy_source::PolicySource;
