//! Agents whose policy can be saved.

use serde_json::Value;

use crate::policy::Policy;

/// An agent whose policy can be saved as an [`Elite`](crate::Elite) and used without it.
pub trait PolicySource {
    /// Name of the algorithm, as an elite records it.
    const ALGORITHM: &'static str;

    /// The network that it acts with, without exploration.
    fn policy(&self) -> Policy;

    /// The settings as evolution left them.
    fn settings(&self) -> Value;
}
