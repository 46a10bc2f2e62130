//! Integration tests of `agilerl-algo`, one binary because each binary links burn.

mod acting;
mod devices;
mod evaluating;
mod evolving;
mod learning;
mod misbehaving;
mod off_policy;
mod persisting;
mod pixels;
mod probes;
mod pytorch;
mod rounds;
mod stacks;
