//! Tasks of the workspace: continuous integration, benchmarks and pictures. This program links neither burn nor a crate of
//! the workspace; it calls cargo.

#![allow(clippy::print_stdout, reason = "it is a program, and its output is its purpose")]

mod ci;
mod packages;
mod supply_chain;

mod bench;
mod build_cost;
mod comparison;
mod instructions;
mod results;

mod plot;

mod devices;
mod libtorch;

mod mutants;

mod gymnasium;

mod python;
mod workspace;

use anyhow::Result;
use clap::Parser;

/// Tasks of the agilerl workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Run all checks that a change must pass, the cheapest first
    Ci,
    /// Pack every crate as for a registry, and check the contents of the packages
    Packages,
    /// Time the parts of the training loop, and print one table
    Bench(bench::Options),
    /// Measure the processor-seconds of first builds
    BuildCost(build_cost::Options),
    /// Draw a training run: fitness, ancestry and the evolved hyperparameters
    Plot(plot::Options),
    /// Test that every device of burn gives the processor's results
    Devices(devices::Options),
    /// Test that elites have the same returns here and in Gymnasium
    Gymnasium(gymnasium::Options),
    /// Break one line at a time, and check that a test fails
    Mutants(mutants::Options),
    /// Make the LibTorch that the feature `tch` needs, and print the variables to export
    Libtorch(libtorch::Options),
}

fn main() -> Result<()> {
    match Task::parse() {
        Task::Ci => ci::run(),
        Task::Packages => packages::run(),
        Task::Bench(options) => bench::run(&options),
        Task::BuildCost(options) => build_cost::run(&options),
        Task::Plot(options) => plot::run(&options),
        Task::Devices(options) => devices::run(&options),
        Task::Gymnasium(options) => gymnasium::run(&options),
        Task::Mutants(options) => mutants::run(&options),
        Task::Libtorch(options) => libtorch::run(&options),
    }
}
