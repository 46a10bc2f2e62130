//! Networks as plain data, and what changes them.

pub(crate) mod net;
pub(crate) mod head;
pub(crate) mod encoder;
pub(crate) mod block;
pub(crate) mod layer;
pub(crate) mod mutation;
