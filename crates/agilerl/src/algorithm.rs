//! The registry: the one list of the algorithms that a run can train, at the end of this file. Everything else reaches them
//! through the trait [`Algorithm`].

use std::any::Any;

use agilerl_algo::{AlgoError, Algorithm, DqnConfig, Elite, PolicySource};
use agilerl_env::Space;
use agilerl_nets::NetSpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A function of the settings of any algorithm: see [`AlgorithmConfig::visit`].
pub(crate) trait Visitor {
    /// The result.
    type Output;

    /// Computes the result for this algorithm.
    fn visit<A: Algorithm>(self, settings: &A) -> Self::Output;
}

macro_rules! registry {
    ($($(#[$about:meta])* $name:ident($config:ty),)*) => {
        /// The algorithm of a run and its settings: the table `[algorithm]` of a configuration file, whose `kind` names the
        /// algorithm.
        ///
        /// ```
        /// use agilerl::AlgorithmConfig;
        /// use agilerl::algo::DqnConfig;
        ///
        /// let algorithm = AlgorithmConfig::from(DqnConfig { gamma: 0.98, ..DqnConfig::default() });
        /// assert_eq!(algorithm.name(), "DQN");
        /// assert_eq!(algorithm.settings::<DqnConfig>().unwrap().gamma, 0.98);
        /// ```
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum AlgorithmConfig {
            $($(#[$about])* $name($config),)*
        }

        $(impl From<$config> for AlgorithmConfig {
            fn from(settings: $config) -> Self {
                Self::$name(settings)
            }
        })*

        impl AlgorithmConfig {
            /// The name of the algorithm, as `elite.json` records it.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => name::<$config>(),)*
                }
            }

            /// The settings, if the algorithm is the one that they belong to.
            pub fn settings<A: Algorithm>(&self) -> Option<&A> {
                let settings: &dyn Any = match self {
                    $(Self::$name(settings) => settings,)*
                };
                settings.downcast_ref()
            }

            /// The settings, to be changed, if the algorithm is the one that they belong to.
            pub fn settings_mut<A: Algorithm>(&mut self) -> Option<&mut A> {
                let settings: &mut dyn Any = match self {
                    $(Self::$name(settings) => settings,)*
                };
                settings.downcast_mut()
            }

            /// Checks every setting by itself, as far as that is possible without an environment.
            ///
            /// # Errors
            /// [`AlgoError::Config`] or [`AlgoError::Net`], which name the setting, its value and its range.
            pub fn validate(&self) -> Result<(), AlgoError> {
                match self {
                    $(Self::$name(settings) => Algorithm::validate(settings),)*
                }
            }

            /// The number of rows of a batch.
            pub fn batch_size(&self) -> usize {
                match self {
                    $(Self::$name(settings) => Algorithm::batch_size(settings),)*
                }
            }

            /// The names of the hyperparameters that evolution may change.
            pub fn hyperparameters(&self) -> &'static [&'static str] {
                match self {
                    $(Self::$name(settings) => Algorithm::hyperparameters(settings),)*
                }
            }

            /// Sets one of the [`hyperparameters`](Self::hyperparameters).
            ///
            /// # Panics
            /// If the algorithm has no hyperparameter of that name.
            pub fn set_hyperparameter(&mut self, name: &str, value: f64) {
                match self {
                    $(Self::$name(settings) => Algorithm::set_hyperparameter(settings, name, value),)*
                }
            }

            /// Checks that a mutation of the activation has another activation to draw.
            ///
            /// # Errors
            /// [`AlgoError::Config`], which names the setting.
            pub(crate) fn check_activations(&self) -> Result<(), AlgoError> {
                match self {
                    $(Self::$name(settings) => Algorithm::check_activations(settings),)*
                }
            }

            /// The specs of all networks of an agent.
            ///
            /// # Errors
            /// If the algorithm cannot take such actions, or a network is impossible.
            pub(crate) fn specs(
                &self,
                env: &str,
                observations: &Space,
                actions: &Space,
            ) -> Result<Vec<NetSpec>, AlgoError> {
                match self {
                    $(Self::$name(settings) => settings.specs(env, observations, actions),)*
                }
            }

            /// Calls a function that is generic over the algorithm.
            pub(crate) fn visit<V: Visitor>(&self, visitor: V) -> V::Output {
                match self {
                    $(Self::$name(settings) => visitor.visit(settings),)*
                }
            }

            /// The settings of an elite, as evolution left them, with the exploration that the elite ended with.
            ///
            /// # Errors
            /// [`AlgoError::Elite`] if its algorithm is not in the registry, or its settings cannot be read.
            pub(crate) fn of_elite(elite: &Elite) -> Result<Self, AlgoError> {
                $(if elite.record.algorithm == name::<$config>() {
                    return Ok(Self::$name(Algorithm::of_elite(elite)?));
                })*
                let known = [$(name::<$config>()),*].join(", ");
                let found = &elite.record.algorithm;
                Err(AlgoError::Elite(format!("elite.json is of the algorithm {found}; known are: {known}")))
            }
        }
    };
}

fn name<A: Algorithm>() -> &'static str {
    <A::Agent as PolicySource>::ALGORITHM
}

impl Default for AlgorithmConfig {
    fn default() -> Self {
        Self::from(DqnConfig::default())
    }
}

// An algorithm that is added here is known everywhere: to configuration files, runs and elites.
registry! {
    /// Deep Q-learning (Mnih et al., 2015): learns the value of each of n choices.
    Dqn(DqnConfig),
}
