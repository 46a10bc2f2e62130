//! Integration tests of `agilerl-algo`, one binary because each binary links burn.

mod acting;
mod choices;
mod devices;
mod elite;
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
