//! Integration tests of `agilerl-algo`, one binary because each binary links burn.

mod acting;
mod devices;
mod elite;
mod evolving;
mod learning;
mod off_policy;
mod persisting;
mod pixels;
mod probes;
mod stacks;
