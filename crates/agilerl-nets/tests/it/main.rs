//! Integration tests of `agilerl-nets`, one binary because each binary links burn.

mod adam;
mod cnn;
mod dormant;
mod extra;
mod forward;
mod host_pass;
mod morph;
mod noise;
mod pytorch;
mod spec;
mod store;

/// burn's device that is always there.
#[cfg(feature = "burn")]
fn flex() -> burn::tensor::Device {
    agilerl_nets::parse_device("flex").unwrap().burn()
}
