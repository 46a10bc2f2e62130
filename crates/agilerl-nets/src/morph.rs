//! Transplants weights from one architecture to the next.
//!
//! These modules call a network's nodes speakers and listeners. A node *listens* to its inputs through its incoming
//! weights, it *says* its output, and it *is heard* through the outgoing weights: the columns of the next layers that
//! multiply its output. A node with outgoing weights of zero is not heard, and adding or removing it changes nothing.
//! The same holds for channels of a convolution.

pub(crate) mod net;
pub(crate) mod head;
mod encoder;
pub(crate) mod dormant;
mod edit;
mod statistics;
mod gaussian_rows;
