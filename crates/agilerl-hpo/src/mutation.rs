//! How children come to differ from their parents.

use std::{collections::BTreeMap, fmt};

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tournament::new_ids;
use crate::{Bounds, Change, Evolve, HpoError, Individual, Purpose, StreamRng, Streams, error::out_of_range};

/// What mutates, how often, and how far: AgileRL's settings with the defaults of its documentation.
///
/// Each child undergoes one kind of mutation, drawn from the five weights `no_mutation`, `architecture`,
/// `parameters`, `activation` and `rl_hp`, which are normalised to 1.
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
    /// Names of the hyperparameters that may change, one of which is drawn (`lr` and `batch_size`).
    pub rl_hp_selection: Vec<String>,
    /// Standard deviation of the noise, relative to each weight (0.1).
    pub mutation_sd: f64,
    /// Whether the elite that is kept is mutated as well (false; AgileRL's is true, which loses the best individual
    /// in most generations).
    pub mutate_elite: bool,
    /// Between which bounds each hyperparameter moves, and how fast: one search space for the whole run, never
    /// stored in an agent. By default `lr` in 0.0001 to 0.01 and `batch_size` in 8 to 512, by a factor of 1.2, and
    /// `learn_step` in 1 to 16 by a factor of 2.
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
            rl_hp_selection: vec!["lr".to_owned(), "batch_size".to_owned()],
            mutation_sd: 0.1,
            mutate_elite: false,
            bounds: bounds.into_iter().map(|(name, bounds)| (name.to_owned(), bounds)).collect(),
        }
    }
}

impl Mutation {
    /// Never mutates: with it a population only learns and competes.
    pub fn none() -> Self {
        Self { no_mutation: 1.0, architecture: 0.0, parameters: 0.0, activation: 0.0, rl_hp: 0.0, ..Self::default() }
    }

    /// Mutates this hyperparameter too, between these bounds.
    #[must_use]
    pub fn with_hyperparameter(mut self, name: &str, bounds: Bounds) -> Self {
        if !self.rl_hp_selection.iter().any(|selected| selected == name) {
            self.rl_hp_selection.push(name.to_owned());
        }
        self.bounds.insert(name.to_owned(), bounds);
        self
    }

    /// Whether the settings make sense by themselves.
    ///
    /// # Errors
    /// Names the setting, its value and its range.
    pub fn validate(&self) -> Result<(), HpoError> {
        let weights = self.weights().map(|(kind, weight)| (kind.setting(), weight));
        for (field, value) in weights.into_iter().chain([("new_layer_prob", self.new_layer_prob)]) {
            if !(0.0..=1.0).contains(&value) {
                return Err(out_of_range(&format!("mutation.{field}"), value, "a probability between 0 and 1"));
            }
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

    /// Whether this agent has every selected hyperparameter, and each starts inside its bounds.
    ///
    /// # Errors
    /// Names the hyperparameter, what the agent has, and the way out.
    pub fn validate_agent<A: Evolve>(&self, agent: &A) -> Result<(), HpoError> {
        let hyperparameters = agent.hyperparameters();
        for name in &self.rl_hp_selection {
            let Some(hyperparameter) = hyperparameters.iter().find(|hp| hp.name == *name) else {
                let known: Vec<&str> = hyperparameters.iter().map(|hp| hp.name.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(HpoError::UnknownHyperparameter { name: name.clone(), known });
            };
            let bounds = self.bounds.get(name).ok_or_else(|| HpoError::NoBounds { name: name.clone() })?;
            if !bounds.contains(hyperparameter.value) {
                let Bounds { min, max, .. } = *bounds;
                return Err(HpoError::OutOfBounds { name: name.clone(), value: hyperparameter.value, min, max });
            }
        }
        Ok(())
    }

    /// Mutates a newborn generation in place, each individual from its own stream. The elite that was kept stays as
    /// it was evaluated, unless `mutate_elite`: then it becomes its own child, with a new id.
    ///
    /// # Panics
    /// As [`apply`](Self::apply).
    pub fn mutate<A: Evolve>(&self, population: &mut [Individual<A>], streams: &Streams, generation: u64) {
        let mut ids = new_ids(population);
        for (place, individual) in population.iter_mut().enumerate() {
            if individual.is_evaluated() {
                if !self.mutate_elite {
                    continue;
                }
                *individual = individual.child(ids.next().expect("ids do not run out"));
            }
            let mut rng = streams.get(Purpose::Mutation, generation, place, 0);
            individual.mutated = self.apply(&mut individual.agent, &mut rng);
        }
    }

    /// Mutates one agent and says what really changed.
    ///
    /// # Panics
    /// If a hyperparameter is to change that [`validate`](Self::validate) or
    /// [`validate_agent`](Self::validate_agent) would complain about; a trainer asks them first.
    pub fn apply<A: Evolve>(&self, agent: &mut A, rng: &mut StreamRng) -> Mutated {
        let kind = self.draw_kind(rng);
        let change = match kind {
            MutationKind::None => None,
            MutationKind::Architecture => agent.mutate_architecture(self.new_layer_prob, rng),
            MutationKind::Parameters => agent.mutate_parameters(self.mutation_sd, rng),
            MutationKind::Activation => agent.mutate_activation(rng),
            MutationKind::Hyperparameter => self.mutate_hyperparameter(agent, rng),
        };
        change.map_or_else(Mutated::default, |change| Mutated { kind, change: Some(change) })
    }

    /// Draws all selected hyperparameters anew, log-uniformly inside their bounds: a first generation that differs.
    ///
    /// # Panics
    /// If [`validate_agent`](Self::validate_agent) would name a missing hyperparameter or missing bounds.
    pub fn draw_hyperparameters<A: Evolve>(&self, agent: &mut A, rng: &mut StreamRng) {
        for hyperparameter in agent.hyperparameters() {
            if self.rl_hp_selection.contains(&hyperparameter.name) {
                let value = self.bounds[&hyperparameter.name].draw(hyperparameter.integer, rng);
                agent.set_hyperparameter(&hyperparameter.name, value);
            }
        }
    }

    fn weights(&self) -> [(MutationKind, f64); 5] {
        [
            (MutationKind::None, self.no_mutation),
            (MutationKind::Architecture, self.architecture),
            (MutationKind::Parameters, self.parameters),
            (MutationKind::Activation, self.activation),
            (MutationKind::Hyperparameter, self.rl_hp),
        ]
    }

    fn draw_kind(&self, rng: &mut StreamRng) -> MutationKind {
        let weights = self.weights();
        let mut rest = rng.random::<f64>() * weights.iter().map(|(_, weight)| weight).sum::<f64>();
        for (kind, weight) in weights {
            if rest < weight {
                return kind;
            }
            rest -= weight;
        }
        // Rounding can leave a crumb beyond the last weight: it belongs to the last kind that may happen at all.
        weights.iter().rev().find(|(_, weight)| *weight > 0.0).map_or(MutationKind::None, |(kind, _)| *kind)
    }

    fn mutate_hyperparameter<A: Evolve>(&self, agent: &mut A, rng: &mut StreamRng) -> Option<Change> {
        assert!(!self.rl_hp_selection.is_empty(), "rl_hp_selection is empty: `validate` tells");
        let name = &self.rl_hp_selection[rng.random_range(0..self.rl_hp_selection.len())];
        let up = rng.random::<bool>();
        let find = |agent: &A| {
            let found = agent.hyperparameters().into_iter().find(|hp| hp.name == *name);
            found.unwrap_or_else(|| panic!("the agent has no hyperparameter {name:?}: `validate_agent` tells"))
        };
        let bounds = self.bounds.get(name).unwrap_or_else(|| panic!("{name:?} has no bounds: `validate_agent` tells"));
        let before = find(agent);
        agent.set_hyperparameter(name, bounds.step(before.value, before.integer, up));
        // What the agent made of it counts, not what it was told.
        let after = find(agent);
        (after.value != before.value).then(|| Change {
            what: name.clone(),
            before: before.to_json(),
            after: after.to_json(),
        })
    }
}

/// What a mutation did to an individual. The default is "nothing".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mutated {
    /// The kind that took effect; none as well if what was drawn changed nothing.
    pub kind: MutationKind,
    /// What it changed.
    pub change: Option<Change>,
}

/// The kinds of mutation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MutationKind {
    /// Nothing changed.
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
}

impl MutationKind {
    /// The setting of [`Mutation`] that holds its weight.
    fn setting(self) -> &'static str {
        match self {
            Self::None => "no_mutation",
            Self::Architecture => "architecture",
            Self::Parameters => "parameters",
            Self::Activation => "activation",
            Self::Hyperparameter => "rl_hp",
        }
    }
}

impl fmt::Display for MutationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Architecture => "architecture",
            Self::Parameters => "parameters",
            Self::Activation => "activation",
            Self::Hyperparameter => "hyperparameter",
        })
    }
}
