//! The trait of algorithms, as a registry needs it.

use agilerl_buffer::Stored;
use agilerl_env::{ActionElement, Space};
use agilerl_hpo::{Persist, StreamRng};
use agilerl_nets::{Device, NetSpec};

use crate::elite::Elite;
use crate::error::AlgoError;
use crate::off_policy::learner::OffPolicy;
use crate::policy_source::PolicySource;

/// The settings of an algorithm, and how its agents are made of them. A registry that knows this trait names an algorithm in
/// one line, and no `match` on its name anywhere else.
pub trait Algorithm: Clone + Send + Sync + 'static {
    /// The number that actions are made of: `u32` for choices, `f32` for components.
    type Action: ActionElement + Stored;
    /// Its agents.
    type Agent: OffPolicy<f32, Self::Action>
        + OffPolicy<u8, Self::Action>
        + Persist
        + PolicySource
        + Clone
        + Send
        + Sync
        + 'static;

    /// Checks every setting by itself, as far as that can be done without an environment.
    ///
    /// # Errors
    /// [`AlgoError::Config`] naming the setting, its value and its range.
    fn validate(&self) -> Result<(), AlgoError>;

    /// Rows of a batch.
    fn batch_size(&self) -> usize;

    /// Names of the hyperparameters that evolution may change.
    fn hyperparameters(&self) -> &'static [&'static str];

    /// Sets one of the hyperparameters that evolution may change.
    ///
    /// # Panics
    /// If there is none of that name.
    fn set_hyperparameter(&mut self, name: &str, value: f64);

    /// Checks that a mutation of the activation has another activation to draw.
    ///
    /// # Errors
    /// [`AlgoError::Config`] naming the setting, its value and its range.
    fn check_activations(&self) -> Result<(), AlgoError>;

    /// The specs of all networks of an agent.
    ///
    /// # Errors
    /// [`AlgoError::Space`] if it cannot handle such actions, [`AlgoError::Config`] or [`AlgoError::Net`] if a network cannot
    /// be made for such observations.
    fn specs(&self, env: &str, observations: &Space, actions: &Space) -> Result<Vec<NetSpec>, AlgoError>;

    /// Returns an agent whose weights are drawn from `rng`.
    ///
    /// # Errors
    /// As [`specs`](Self::specs), or if a setting is out of range.
    fn agent(
        &self,
        env: &str,
        observations: &Space,
        actions: &Space,
        device: &Device,
        rng: &mut StreamRng,
    ) -> Result<Self::Agent, AlgoError>;

    /// The settings of an elite of this algorithm, to begin a new run with: as evolution left them, with the exploration that
    /// the elite ended with.
    ///
    /// # Errors
    /// [`AlgoError::Elite`] if it is of another algorithm.
    fn of_elite(elite: &Elite) -> Result<Self, AlgoError>
    where
        Self: Sized;

    /// Returns an agent with the network of an elite, which [`specs`](Self::specs) of this run would make alike but for
    /// mutations, and with these settings.
    ///
    /// # Errors
    /// [`AlgoError::Elite`] if the network does not fit.
    fn founder(
        &self,
        elite: &Elite,
        env: &str,
        observations: &Space,
        actions: &Space,
        device: &Device,
    ) -> Result<Self::Agent, AlgoError>;
}
