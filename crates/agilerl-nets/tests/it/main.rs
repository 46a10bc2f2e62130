//! Integration tests of `agilerl-nets`, one binary because each binary links burn.

mod dormant;
mod cnn;
mod forward;
mod host_pass;
mod morph;
mod noise;
mod store;
