//! Networks as plain data, and the mutations of their architecture.

pub(crate) mod net;
pub(crate) mod head;
pub(crate) mod encoder;
pub(crate) mod block;
pub(crate) mod layer;
pub(crate) mod mutation;
