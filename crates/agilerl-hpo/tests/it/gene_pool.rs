//! An individual in which every kind of mutation takes hold, with any hyperparameters.

use agilerl_hpo::{Change, Evolve, Hyperparameter, Mutation, MutationKind, StreamRng};

/// Counts its mutations.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Genes {
    pub(crate) hyperparameters: Vec<Hyperparameter>,
    pub(crate) architecture: u32,
    pub(crate) parameters: u32,
    pub(crate) activation: u32,
    pub(crate) dormant: u32,
    /// Refuses to change anything but hyperparameters.
    pub(crate) rigid: bool,
}

impl Genes {
    pub(crate) fn new(hyperparameters: &[(&str, f64, bool)]) -> Self {
        let hyperparameter =
            |&(name, value, integer): &(&str, f64, bool)| Hyperparameter { name: name.to_owned(), value, integer };
        Self { hyperparameters: hyperparameters.iter().map(hyperparameter).collect(), ..Self::default() }
    }

    /// With the hyperparameters of the seed.
    pub(crate) fn usual() -> Self {
        Self::new(&[("lr", 1e-3, false), ("batch_size", 64.0, true), ("learn_step", 4.0, true)])
    }

    pub(crate) fn value(&self, name: &str) -> f64 {
        self.hyperparameters.iter().find(|hyperparameter| hyperparameter.name == name).expect("it has it").value
    }
}

impl Evolve for Genes {
    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        self.hyperparameters.clone()
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) {
        let mut hyperparameters = self.hyperparameters.iter_mut();
        hyperparameters.find(|hyperparameter| hyperparameter.name == name).expect("it has it").value = value;
    }

    fn mutate(&mut self, kind: MutationKind, _: &Mutation, _: &mut StreamRng) -> Option<Change> {
        let counter = match kind {
            MutationKind::Architecture => &mut self.architecture,
            MutationKind::Parameters => &mut self.parameters,
            MutationKind::Activation => &mut self.activation,
            MutationKind::Dormant => &mut self.dormant,
            _ => unreachable!("{kind} is not asked of an agent"),
        };
        if self.rigid {
            return None;
        }
        *counter += 1;
        Some(Change { what: kind.to_string(), before: (*counter - 1).into(), after: (*counter).into() })
    }
}
