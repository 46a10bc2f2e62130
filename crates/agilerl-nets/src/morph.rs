//! Transplants weights from one architecture to the next.

pub(crate) mod net;
pub(crate) mod head;
mod encoder;
pub(crate) mod dormant;
mod edit;
mod statistics;
