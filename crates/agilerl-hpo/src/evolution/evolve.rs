//! The trait of agents that evolve.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::evolution::mutation::{Mutation, MutationKind};
use crate::streams::StreamRng;

/// A hyperparameter that evolution may change, with its current value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hyperparameter {
    /// Its name, as in [`Mutation::rl_hp_selection`].
    pub name: String,
    /// Its value; a whole number if `integer`.
    pub value: f64,
    /// Whether it takes whole numbers only.
    pub integer: bool,
}

impl Hyperparameter {
    /// Returns its value as JSON, a whole number without a fraction.
    pub fn to_json(&self) -> Value {
        if self.integer { Value::from(self.value as i64) } else { Value::from(self.value) }
    }
}

/// The effect of a mutation, for the log and the lineage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The part that changed: `"lr"`, `"add_layer"`, `"activation"`.
    pub what: String,
    /// Its value before.
    pub before: Value,
    /// Its value after.
    pub after: Value,
}

/// The mutation of an individual. The default is "none".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mutated {
    /// The kind that took effect. It is `None` too if the drawn kind changed nothing.
    pub kind: MutationKind,
    /// The change, unless the kind is `None`.
    pub change: Option<Change>,
}

/// An agent that evolves: selection clones it, and mutation changes it.
///
/// Only hyperparameters are required; an agent without networks keeps the defaults of the other methods. A clone must
/// be complete (networks, optimiser, every setting): a child is a clone of its parent until it mutates.
pub trait Evolve: Clone + Send + Sync {
    /// Returns all hyperparameters that may be mutated, in a fixed order. The run's [`Mutation`] selects some of them
    /// and sets their bounds.
    fn hyperparameters(&self) -> Vec<Hyperparameter>;

    /// Sets one of [`hyperparameters`](Evolve::hyperparameters).
    ///
    /// # Panics
    /// If the agent has no hyperparameter of that name.
    fn set_hyperparameter(&mut self, name: &str, value: f64);

    /// Mutates anything that is not a hyperparameter: the kinds other than [`MutationKind::None`] and
    /// [`MutationKind::Hyperparameter`]. `settings` holds their sizes and thresholds. Returns the change, or `None` if
    /// the agent has no such kind or if the mutation would leave its limits; then the agent has not changed at all.
    fn mutate(&mut self, kind: MutationKind, settings: &Mutation, rng: &mut StreamRng) -> Option<Change> {
        let _ = (kind, settings, rng);
        None
    }

    /// Returns a short description for tables: `"8-[64, 64]-4 relu"`. By default it is empty.
    fn architecture(&self) -> String {
        String::new()
    }

    /// Returns false once a weight is NaN or infinite: such an individual is never a parent.
    fn is_finite(&self) -> bool {
        true
    }

    /// Returns the learned state as bytes, which the signature of a run covers beside its lineage. By default it is
    /// empty: the signature then covers the lineage only.
    fn fingerprint(&self) -> Vec<u8> {
        Vec::new()
    }
}
