//! Integration tests of `agilerl-algo`, one binary because each binary links burn.

mod acting;
mod choices;
mod devices;
mod elite;
mod erased;
mod evaluating;
mod evolving;
mod learning;
mod misbehaving;
mod off_policy;
mod persisting;
mod pixels;
mod policies;
mod probes;
mod pytorch;
mod rounds;
#[cfg(feature = "burn")]
mod stacks;

use agilerl_algo::{Dqn, LearnedSum};
use agilerl_hpo::{Change, Evolve, Mutation, MutationKind, Purpose, StreamRng, Streams};

/// The two learners of the default build: over plain slices, and through burn. Without burn the first alone.
#[cfg(feature = "burn")]
const DEVICES: [&str; 2] = ["cpu", "flex"];
#[cfg(not(feature = "burn"))]
const DEVICES: [&str; 1] = ["cpu"];

/// For updates that draw nothing.
fn unused_rng() -> StreamRng {
    Streams::new(0).get(Purpose::Learning, 0, 0, 0)
}

fn mutate_architecture(agent: &mut Dqn, new_layer_prob: f64, rng: &mut StreamRng) -> Option<Change> {
    agent.mutate(MutationKind::Architecture, &Mutation { new_layer_prob, ..Mutation::default() }, rng)
}

fn mutate_parameters(agent: &mut Dqn, mutation_sd: f64, rng: &mut StreamRng) -> Option<Change> {
    agent.mutate(MutationKind::Parameters, &Mutation { mutation_sd, ..Mutation::default() }, rng)
}

fn mutate_activation(agent: &mut Dqn, rng: &mut StreamRng) -> Option<Change> {
    agent.mutate(MutationKind::Activation, &Mutation::default(), rng)
}

/// Sums of loss, value and gradient norm, and the number of updates.
fn read(learned: LearnedSum) -> (u64, [f64; 3]) {
    let (updates, metrics) = learned.read();
    (updates, ["loss", "value", "grad_norm"].map(|name| metrics.get(name).unwrap_or_default()))
}
