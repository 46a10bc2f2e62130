//! The names that most programs need.

pub use agilerl_algo::{
    Agent, AnyAgent, Collector, Dqn, DqnConfig, Elite, Epsilon, Learner, Mode, OffPolicy, OffPolicyConfig, Policy,
    evaluate,
};
pub use agilerl_buffer::{Batch, Memory, Replay, RowLayout};
pub use agilerl_env::{Env, Space, Step, TimeLimit, VecEnv, WrapperConfig, make, make_vec};
pub use agilerl_hpo::{
    Bounds, Console, Ending, Event, Evolve, Flow, Individual, Mutation, MutationKind, Observer, Outcome, Purpose,
    Selector, Streams, Task, Tournament, Trainer, TrainerConfig,
};
pub use agilerl_nets::{Activation, parse_device};

pub use crate::algorithm::AlgorithmConfig;
pub use crate::config::run_config::{CheckpointConfig, RunConfig};
pub use crate::error::Error;
pub use crate::interrupt::Interrupt;
pub use crate::run::run::Run;
pub use crate::run::training::Training;
