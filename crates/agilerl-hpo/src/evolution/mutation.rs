//! The settings and the kinds of mutation.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{HpoError, out_of_range};
use crate::evolution::bounds::Bounds;

/// The settings of mutation: its kinds, their weights and their sizes. Names and defaults are those of AgileRL's
/// documentation.
///
/// Each child undergoes one kind of mutation, drawn from the six weights `no_mutation`, `architecture`,
/// `parameters`, `activation`, `rl_hp` and `dormant`, which are normalised to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mutation {
    /// Weight of no mutation at all (0.4).
    pub no_mutation: f64,
    /// Weight of a change of the network's architecture (0.2).
    pub architecture: f64,
    /// Probability that an architecture mutation changes the depth rather than the width (0.2).
    pub new_layer_prob: f64,
    /// Weight of noise on some of the network's weights (0.2).
    pub parameters: f64,
    /// Weight of another activation function (0).
    pub activation: f64,
    /// Weight of a change of one hyperparameter (0.2).
    pub rl_hp: f64,
    /// Weight of a reset of dormant units (0; not in AgileRL). See `dormant_tau`.
    pub dormant: f64,
    /// A unit is dormant if its mean absolute output, divided by the mean of its layer, is at most this: from 0, only
    /// units without any output, to 1 (0.1; tau in Sokar et al., 2023, definition 3.1).
    pub dormant_tau: f64,
    /// Names of the hyperparameters that may change; each hyperparameter mutation draws one (`lr` and `batch_size`).
    pub rl_hp_selection: Vec<String>,
    /// Standard deviation of the noise, relative to each weight (0.1).
    pub mutation_sd: f64,
    /// Whether the elite that is kept is mutated as well (false; AgileRL's is true, which loses the best individual
    /// in most generations).
    pub mutate_elite: bool,
    /// Bounds and step of each hyperparameter: one search space for the whole run, never stored in an agent. By default
    /// `lr` in 0.0001 to 0.01 and `batch_size` in 8 to 512, by a factor of 1.2, and `learn_step` in 1 to 16 by a factor
    /// of 2.
    pub bounds: BTreeMap<String, Bounds>,
}

impl Default for Mutation {
    fn default() -> Self {
        let bounds = [
            ("lr", Bounds { min: 1e-4, max: 1e-2, factor: 1.2 }),
            ("batch_size", Bounds { min: 8.0, max: 512.0, factor: 1.2 }),
            ("learn_step", Bounds { min: 1.0, max: 16.0, factor: 2.0 }),
        ];
        Self {
            no_mutation: 0.4,
            architecture: 0.2,
            new_layer_prob: 0.2,
            parameters: 0.2,
            activation: 0.0,
            rl_hp: 0.2,
            dormant: 0.0,
            dormant_tau: 0.1,
            rl_hp_selection: vec!["lr".to_owned(), "batch_size".to_owned()],
            mutation_sd: 0.1,
            mutate_elite: false,
            bounds: bounds.into_iter().map(|(name, bounds)| (name.to_owned(), bounds)).collect(),
        }
    }
}

impl Mutation {
    /// Settings that never mutate: a population then only learns and competes.
    pub fn none() -> Self {
        Self {
            no_mutation: 1.0,
            architecture: 0.0,
            parameters: 0.0,
            activation: 0.0,
            rl_hp: 0.0,
            dormant: 0.0,
            ..Self::default()
        }
    }

    /// Adds a hyperparameter to those that may change, with its bounds.
    #[must_use]
    pub fn with_hyperparameter(mut self, name: &str, bounds: Bounds) -> Self {
        if !self.rl_hp_selection.iter().any(|selected| selected == name) {
            self.rl_hp_selection.push(name.to_owned());
        }
        self.bounds.insert(name.to_owned(), bounds);
        self
    }

    /// Checks the settings by themselves, without an agent.
    ///
    /// # Errors
    /// Names the setting, its value and its range.
    pub fn validate(&self) -> Result<(), HpoError> {
        let weights = KINDS.map(|row| (row.setting, (row.weight)(self)));
        for (field, value) in weights.into_iter().chain([("new_layer_prob", self.new_layer_prob)]) {
            if !(0.0..=1.0).contains(&value) {
                return Err(out_of_range(&format!("mutation.{field}"), value, "a probability between 0 and 1"));
            }
        }
        if !(0.0..=1.0).contains(&self.dormant_tau) {
            return Err(out_of_range("mutation.dormant_tau", self.dormant_tau, "a number between 0 and 1"));
        }
        if weights.iter().all(|(_, weight)| *weight == 0.0) {
            let names = weights.map(|(field, _)| field).join(", ");
            return Err(out_of_range(
                "mutation: the sum of its weights",
                0,
                format!("above 0; the weights are {names}"),
            ));
        }
        if !(self.mutation_sd.is_finite() && self.mutation_sd > 0.0) {
            return Err(out_of_range("mutation.mutation_sd", self.mutation_sd, "a number above 0"));
        }
        if self.rl_hp > 0.0 && self.rl_hp_selection.is_empty() {
            let expected = "a list of at least one hyperparameter, or mutation.rl_hp must be 0";
            return Err(out_of_range("mutation.rl_hp_selection", "empty", expected));
        }
        self.bounds.iter().try_for_each(|(name, bounds)| bounds.validate(name))
    }
}

/// The kinds of mutation.
///
/// A new kind is a variant here, a row in the table of kinds below it, the field of [`Mutation`] that holds its weight, and
/// an arm in the agents' [`Evolve::mutate`](crate::Evolve::mutate).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MutationKind {
    /// No mutation.
    #[default]
    None,
    /// The network's shape.
    Architecture,
    /// The network's weights.
    Parameters,
    /// The network's activation function.
    Activation,
    /// A hyperparameter of learning.
    Hyperparameter,
    /// A reset of the network's dormant units (Sokar et al., 2023).
    Dormant,
}

/// A row of the table of kinds.
pub(super) struct Row {
    pub(super) kind: MutationKind,
    /// Its name in logs and tables.
    name: &'static str,
    /// The setting of [`Mutation`] that holds its weight.
    setting: &'static str,
    pub(super) weight: fn(&Mutation) -> f64,
}

/// All kinds. Their order is part of every run: a kind is drawn by the sums of the weights before it.
pub(super) const KINDS: [Row; 6] = [
    Row { kind: MutationKind::None, name: "none", setting: "no_mutation", weight: |m| m.no_mutation },
    Row { kind: MutationKind::Architecture, name: "architecture", setting: "architecture", weight: |m| m.architecture },
    Row { kind: MutationKind::Parameters, name: "parameters", setting: "parameters", weight: |m| m.parameters },
    Row { kind: MutationKind::Activation, name: "activation", setting: "activation", weight: |m| m.activation },
    Row { kind: MutationKind::Hyperparameter, name: "hyperparameter", setting: "rl_hp", weight: |m| m.rl_hp },
    Row { kind: MutationKind::Dormant, name: "dormant", setting: "dormant", weight: |m| m.dormant },
];

impl MutationKind {
    /// Returns all kinds, in the order in which they are drawn.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|row| row.kind)
    }
}

impl fmt::Display for MutationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = KINDS.iter().find(|row| row.kind == *self).expect("every kind has a row");
        f.write_str(row.name)
    }
}
