//! Settings that work well.

use agilerl_algo::{DqnConfig, Epsilon, Loss, NetConfig};
use agilerl_env::{Observations, env_info};
use agilerl_nets::ConvSpec;

use crate::config::run_config::RunConfig;

impl RunConfig {
    /// Returns settings that solved CartPole-v1 and LunarLander-v3 with every seed tried (`docs/benchmarks.md`); for MinAtar's
    /// games, settings with the network of Young and Tian (2019).
    ///
    /// The differences from the defaults, with their reasons: two hidden layers of 64 nodes instead of 32; `learn_step` 8
    /// instead of 16, so that each transition is learned from 16 times instead of 8; tau 5e-3 instead of 1e-3, so that
    /// the target network follows within some hundred updates; Huber loss, which a crash's -100 does not dominate; epsilon
    /// down to 0.02 within 30,000 steps, since the differences within the population explore too. If the environment has no
    /// time limit of its own, an evaluation episode is cut after 1,000 steps.
    pub fn recommended(env: &str) -> Self {
        let info = env_info(env).ok();
        if info.is_some_and(|info| info.observations == Observations::Pixels) {
            return Self::recommended_for_boards(env);
        }
        let dqn = DqnConfig {
            net: NetConfig { hidden: vec![64, 64], ..NetConfig::default() },
            learn_step: 8,
            tau: 5e-3,
            loss: Loss::Huber,
            epsilon: Epsilon { start: 1.0, end: 0.02, decay_steps: 30_000 },
            ..DqnConfig::default()
        };
        let mut config = Self { env: env.to_owned(), algorithm: dqn.into(), ..Self::default() };
        // A policy that walks in circles along the cliff would take the default limit of 10,000 steps.
        if info.is_some_and(|info| info.max_episode_steps.is_none()) {
            config.off_policy.eval_step_limit = 1_000;
        }
        config
    }

    /// Settings for MinAtar, with the network of Young and Tian (2019): one convolution of 16 channels, 3 x 3, and 128 nodes.
    fn recommended_for_boards(env: &str) -> Self {
        let dqn = DqnConfig {
            net: NetConfig { convs: vec![ConvSpec::new(16, 3, 1)], hidden: vec![128], ..NetConfig::default() },
            batch_size: 32,
            learn_step: 4,
            lr: 5e-4,
            tau: 5e-3,
            loss: Loss::Huber,
            epsilon: Epsilon { start: 1.0, end: 0.02, decay_steps: 100_000 },
            ..DqnConfig::default()
        };
        let mut config = Self { env: env.to_owned(), population: 4, algorithm: dqn.into(), ..Self::default() };
        config.off_policy.memory_size = 300_000;
        config.off_policy.learning_starts = 5_000;
        config.evolution.generation_env_steps = 25_000;
        config.evolution.generations = 20;
        config
    }
}
