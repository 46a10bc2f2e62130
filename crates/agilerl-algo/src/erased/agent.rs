//! An agent of any algorithm.

use std::any::Any;

use agilerl_hpo::{BoxError, Change, Evolve, Hyperparameter, Mutation, MutationKind, Persist, StreamRng};
use serde_json::Value;

use crate::elite::Elite;
use crate::policy::Policy;
use crate::policy_source::PolicySource;

/// An agent of any algorithm: it evolves, is saved, and gives its policy. [`downcast_ref`](Self::downcast_ref) leads back to
/// the agent of a known algorithm.
///
/// ```
/// use agilerl_algo::{AnyAgent, Dqn, DqnConfig};
/// use agilerl_hpo::Evolve;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let dqn = Dqn::new(DqnConfig::default(), 4, 2, &agilerl_nets::parse_device("cpu")?, &mut rng)?;
/// let agent = AnyAgent::new(dqn);
/// assert_eq!(agent.architecture(), "4-[32, 32]-2 relu");
/// assert_eq!(agent.downcast_ref::<Dqn>().unwrap().config().batch_size, 128);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AnyAgent(Box<dyn ErasedAgent>);

impl AnyAgent {
    /// Wraps an agent.
    pub fn new<A: Persist + PolicySource + 'static>(agent: A) -> Self {
        Self(Box::new(agent))
    }

    /// The agent itself, if it is one of this type.
    pub fn downcast_ref<A: 'static>(&self) -> Option<&A> {
        self.0.as_any().downcast_ref()
    }

    /// The agent itself, if it is one of this type.
    pub fn downcast_mut<A: 'static>(&mut self) -> Option<&mut A> {
        self.0.as_any_mut().downcast_mut()
    }

    /// Name of its algorithm.
    pub fn algorithm(&self) -> &'static str {
        self.0.algorithm()
    }

    /// The network that it acts with, without exploration.
    pub fn policy(&self) -> Policy {
        self.0.policy()
    }

    /// The settings as evolution left them.
    pub fn settings(&self) -> Value {
        self.0.settings()
    }

    /// Returns its policy and settings as the contents of an elite's files.
    pub fn elite(&self, env: &str) -> Elite {
        Elite::of_policy(&self.policy(), self.algorithm(), self.settings(), env)
    }
}

impl Clone for AnyAgent {
    fn clone(&self) -> Self {
        Self(self.0.boxed())
    }
}

impl std::fmt::Debug for AnyAgent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AnyAgent").field(&self.algorithm()).field(&self.architecture()).finish()
    }
}

impl Evolve for AnyAgent {
    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        self.0.hyperparameters()
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) {
        self.0.set_hyperparameter(name, value);
    }

    fn mutate(&mut self, kind: MutationKind, settings: &Mutation, rng: &mut StreamRng) -> Option<Change> {
        self.0.mutate(kind, settings, rng)
    }

    fn architecture(&self) -> String {
        self.0.architecture()
    }

    fn is_finite(&self) -> bool {
        self.0.is_finite()
    }

    fn fingerprint(&self) -> Vec<u8> {
        self.0.fingerprint()
    }
}

impl Persist for AnyAgent {
    fn save(&self) -> Result<Vec<u8>, BoxError> {
        self.0.save()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), BoxError> {
        self.0.restore(bytes)
    }
}

/// The traits of an agent without its type.
trait ErasedAgent: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
    fn boxed(&self) -> Box<dyn ErasedAgent>;
    fn hyperparameters(&self) -> Vec<Hyperparameter>;
    fn set_hyperparameter(&mut self, name: &str, value: f64);
    fn mutate(&mut self, kind: MutationKind, settings: &Mutation, rng: &mut StreamRng) -> Option<Change>;
    fn architecture(&self) -> String;
    fn is_finite(&self) -> bool;
    fn fingerprint(&self) -> Vec<u8>;
    fn save(&self) -> Result<Vec<u8>, BoxError>;
    fn restore(&mut self, bytes: &[u8]) -> Result<(), BoxError>;
    fn algorithm(&self) -> &'static str;
    fn policy(&self) -> Policy;
    fn settings(&self) -> Value;
}

impl<A: Persist + PolicySource + 'static> ErasedAgent for A {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
    fn boxed(&self) -> Box<dyn ErasedAgent> {
        Box::new(self.clone())
    }
    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        Evolve::hyperparameters(self)
    }
    fn set_hyperparameter(&mut self, name: &str, value: f64) {
        Evolve::set_hyperparameter(self, name, value);
    }
    fn mutate(&mut self, kind: MutationKind, settings: &Mutation, rng: &mut StreamRng) -> Option<Change> {
        Evolve::mutate(self, kind, settings, rng)
    }
    fn architecture(&self) -> String {
        Evolve::architecture(self)
    }
    fn is_finite(&self) -> bool {
        Evolve::is_finite(self)
    }
    fn fingerprint(&self) -> Vec<u8> {
        Evolve::fingerprint(self)
    }
    fn save(&self) -> Result<Vec<u8>, BoxError> {
        Persist::save(self)
    }
    fn restore(&mut self, bytes: &[u8]) -> Result<(), BoxError> {
        Persist::restore(self, bytes)
    }
    fn algorithm(&self) -> &'static str {
        A::ALGORITHM
    }
    fn policy(&self) -> Policy {
        PolicySource::policy(self)
    }
    fn settings(&self) -> Value {
        PolicySource::settings(self)
    }
}
