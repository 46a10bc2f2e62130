//! Draws mutations and carries them out.

use rand::RngExt;

use crate::error::HpoError;
use crate::evolution::bounds::Bounds;
use crate::evolution::evolve::{Change, Evolve, Mutated};
use crate::evolution::individual::{Individual, new_ids};
use crate::evolution::mutation::{KINDS, Mutation, MutationKind};
use crate::streams::{Purpose, StreamRng, Streams};

impl Mutation {
    /// Checks that this agent has every selected hyperparameter, and that each starts inside its bounds.
    ///
    /// # Errors
    /// Names the hyperparameter, the names that the agent has, and the way out.
    pub fn validate_agent<A: Evolve>(&self, agent: &A) -> Result<(), HpoError> {
        let hyperparameters = agent.hyperparameters();
        for name in &self.rl_hp_selection {
            let Some(hyperparameter) = hyperparameters.iter().find(|hp| hp.name == *name) else {
                let known: Vec<&str> = hyperparameters.iter().map(|hp| hp.name.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let advice = if Self::default().rl_hp_selection.contains(name) { SELECTED_BY_DEFAULT } else { "" };
                return Err(HpoError::UnknownHyperparameter { name: name.clone(), known, advice });
            };
            let bounds = self.bounds.get(name).ok_or_else(|| HpoError::NoBounds { name: name.clone() })?;
            if !bounds.contains(hyperparameter.value) {
                let Bounds { min, max, .. } = *bounds;
                return Err(HpoError::OutOfBounds { name: name.clone(), value: hyperparameter.value, min, max });
            }
        }
        Ok(())
    }

    /// Mutates a newborn generation in place, each individual from its own stream. Individuals that selection kept stay
    /// as they were evaluated. With `mutate_elite` the kept elite becomes its own child, with a new id, and mutates
    /// too.
    ///
    /// # Panics
    /// See [`apply`](Self::apply).
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

    /// Mutates one agent, and returns the change that took effect.
    ///
    /// # Panics
    /// If a selected hyperparameter is missing or has no bounds; [`validate`](Self::validate) and
    /// [`validate_agent`](Self::validate_agent) find that before a run.
    pub fn apply<A: Evolve>(&self, agent: &mut A, rng: &mut StreamRng) -> Mutated {
        let kind = self.draw_kind(rng);
        let change = match kind {
            MutationKind::None => None,
            MutationKind::Hyperparameter => self.mutate_hyperparameter(agent, rng),
            kind => agent.mutate(kind, self, rng),
        };
        change.map_or_else(Mutated::default, |change| Mutated { kind, change: Some(change) })
    }

    /// Draws new values of all selected hyperparameters, log-uniformly inside their bounds, for a first generation that
    /// differs.
    ///
    /// # Panics
    /// If a selected hyperparameter has no bounds; [`validate_agent`](Self::validate_agent) finds that before a run.
    pub fn draw_hyperparameters<A: Evolve>(&self, agent: &mut A, rng: &mut StreamRng) {
        for hyperparameter in agent.hyperparameters() {
            if self.rl_hp_selection.contains(&hyperparameter.name) {
                let value = self.bounds[&hyperparameter.name].draw(hyperparameter.integer, rng);
                agent.set_hyperparameter(&hyperparameter.name, value);
            }
        }
    }

    fn draw_kind(&self, rng: &mut StreamRng) -> MutationKind {
        let weights = KINDS.map(|row| (row.kind, (row.weight)(self)));
        let mut rest = rng.random::<f64>() * weights.iter().map(|(_, weight)| weight).sum::<f64>();
        for (kind, weight) in weights {
            if rest < weight {
                return kind;
            }
            rest -= weight;
        }
        // Rounding can leave a rest beyond the last weight: it belongs to the last kind with a weight.
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
        // The value that the agent accepted counts: it may have rounded the one it was given.
        let after = find(agent);
        (after.value != before.value).then(|| Change {
            what: name.clone(),
            before: before.to_json(),
            after: after.to_json(),
        })
    }
}

/// The advice for an agent that has none of the hyperparameters that are selected by default.
const SELECTED_BY_DEFAULT: &str = " (lr and batch_size are selected by default: set mutation.rl_hp_selection to names that \
                                   this agent has, each with bounds in mutation.bounds, or mutation.rl_hp to 0)";
