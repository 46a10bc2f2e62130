//! What can be evolved.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::evolution::mutation::{Mutation, MutationKind};
use crate::streams::StreamRng;

/// A hyperparameter that evolution may change, with its present value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hyperparameter {
    /// Its name, as in `rl_hp_selection`.
    pub name: String,
    /// Its value; a whole number if `integer`.
    pub value: f64,
    /// Whether it takes whole numbers only.
    pub integer: bool,
}

impl Hyperparameter {
    /// Its value as JSON: a whole number without a fraction.
    pub fn to_json(&self) -> Value {
        if self.integer { Value::from(self.value as i64) } else { Value::from(self.value) }
    }
}

/// What a mutation really changed, for the log and the lineage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What was changed: `"lr"`, `"add_layer"`, `"activation"`.
    pub what: String,
    /// How it was before.
    pub before: Value,
    /// How it is now.
    pub after: Value,
}

/// The mutation of an individual. The default is "none".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mutated {
    /// The kind that took effect; `None` as well if the kind that was drawn changed nothing.
    pub kind: MutationKind,
    /// The change, unless the kind is `None`.
    pub change: Option<Change>,
}

/// An individual's genes: what tournament selection copies and mutation changes.
///
/// Only hyperparameters are required; an individual without networks leaves the rest at "none". Cloning must be
/// complete (networks, optimiser, every setting): offspring are clones of their parent before they are mutated.
pub trait Evolve: Clone + Send + Sync {
    /// All hyperparameters that may be mutated, in a fixed order. Which of them a run mutates, and between which
    /// bounds, is the run's business.
    fn hyperparameters(&self) -> Vec<Hyperparameter>;

    /// Sets one of [`hyperparameters`](Evolve::hyperparameters).
    ///
    /// # Panics
    /// If the individual has no hyperparameter of that name.
    fn set_hyperparameter(&mut self, name: &str, value: f64);

    /// Mutates anything that is not a hyperparameter: the kinds other than [`MutationKind::None`] and
    /// [`MutationKind::Hyperparameter`]. `settings` says how far. Returns the change, or `None` if the agent has nothing of
    /// that kind or what was drawn would leave its limits; then nothing at all has changed.
    fn mutate(&mut self, kind: MutationKind, settings: &Mutation, rng: &mut StreamRng) -> Option<Change> {
        let _ = (kind, settings, rng);
        None
    }

    /// One short line for tables: `"8-[64, 64]-4 relu"`.
    fn architecture(&self) -> String {
        String::new()
    }

    /// False once a weight is NaN or infinite: such an individual is never a parent.
    fn is_finite(&self) -> bool {
        true
    }

    /// Everything that was learnt, as bytes: what the signature of a run covers beside its lineage. By default nothing.
    fn fingerprint(&self) -> Vec<u8> {
        Vec::new()
    }
}
