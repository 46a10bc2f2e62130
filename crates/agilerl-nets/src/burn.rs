//! Networks on a device of burn.

mod activation;
pub(crate) mod adam;
mod head;
mod net;
