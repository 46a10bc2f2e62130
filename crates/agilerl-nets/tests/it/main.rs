//! Integration tests of `agilerl-nets`, one binary because each binary links burn.

mod adam;
mod cnn;
mod dormant;
mod forward;
mod host_pass;
mod morph;
mod noise;
mod pytorch;
mod spec;
mod store;
