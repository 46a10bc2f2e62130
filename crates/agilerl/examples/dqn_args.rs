//! The flags of the example `dqn`, and the configuration that they make.

use std::path::PathBuf;

use agilerl::RunConfig;
use clap::Parser;

/// Trains and evolves a population of DQN agents until a target is confirmed.
#[derive(Parser)]
pub(crate) struct Args {
    /// Configuration file; flags count for more than it does [default: the recommended settings].
    #[arg(long, conflicts_with = "resume")]
    pub(crate) config: Option<PathBuf>,
    /// Go on with the run in this folder, with its own settings; --threads and the flags of checkpoints still count.
    #[arg(long, conflicts_with_all = ["env", "population", "lanes", "generations", "steps", "seed", "device", "target", "out", "overwrite"])]
    pub(crate) resume: Option<PathBuf>,
    /// Environment, by Gymnasium's name [default: LunarLander-v3].
    #[arg(long)]
    pub(crate) env: Option<String>,
    /// Individuals in the population [default: 6].
    #[arg(long)]
    pub(crate) population: Option<usize>,
    /// Environments that each individual steps together [default: 16].
    #[arg(long)]
    pub(crate) lanes: Option<usize>,
    /// Generations at most [default: 60].
    #[arg(long)]
    pub(crate) generations: Option<u64>,
    /// Environment steps that each individual trains in a generation, over all its lanes [default: 10000].
    #[arg(long)]
    pub(crate) steps: Option<u64>,
    /// Seed of everything that is drawn: one seed, one result, at any number of threads [default: 1].
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Worker threads; 0 takes one for each processor [default: 0].
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Where the networks learn: cpu, flex; and with the feature of that name ndarray, tch, tch:cuda:N, wgpu, cuda:N.
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// Mean return over 100 fresh episodes at which the run ends [default: the environment's own threshold].
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) target: Option<f64>,
    /// Folder of the run [default: runs/ENV-seed-SEED].
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Overwrite a run that the folder already holds.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Generations from one checkpoint to the next [default: 1].
    #[arg(long)]
    pub(crate) checkpoint_every: Option<u64>,
    /// Seconds that lie between two checkpoints at least [default: 10].
    #[arg(long)]
    pub(crate) checkpoint_seconds: Option<f64>,
    /// Checkpoints that are kept [default: 2].
    #[arg(long)]
    pub(crate) keep: Option<usize>,
    /// Print the configuration that these flags make, with a description of every setting, and stop.
    #[arg(long)]
    pub(crate) print_config: bool,
    /// Print the JSON schema of configuration files, and stop.
    #[arg(long)]
    pub(crate) print_schema: bool,
}

impl Args {
    /// The file, or the recommended settings; and over them the flags.
    pub(crate) fn config(&self) -> anyhow::Result<RunConfig> {
        let env = self.env.clone().unwrap_or_else(|| "LunarLander-v3".to_owned());
        let mut config = match &self.config {
            Some(path) => RunConfig::read(path)?,
            None => {
                let mut config = RunConfig::recommended(&env);
                (config.evolution.generations, config.evolution.seed) = (60, 1);
                config.evolution.target = agilerl::env::env_info(&env)?.reward_threshold;
                config
            }
        };
        config.env = self.env.clone().unwrap_or(config.env);
        config.population = self.population.unwrap_or(config.population);
        config.off_policy.lanes = self.lanes.unwrap_or(config.off_policy.lanes);
        config.device = self.device.clone().unwrap_or(config.device);
        let evolution = &mut config.evolution;
        if self.population.is_some() {
            evolution.tournament.size = evolution.tournament.size.min(config.population);
        }
        evolution.generations = self.generations.unwrap_or(evolution.generations);
        evolution.generation_env_steps = self.steps.unwrap_or(evolution.generation_env_steps);
        evolution.round_env_steps = evolution.round_env_steps.min(evolution.generation_env_steps);
        evolution.seed = self.seed.unwrap_or(evolution.seed);
        evolution.target = self.target.or(evolution.target);
        Ok(config)
    }

    /// What may differ between a run and its resumption.
    pub(crate) fn adjust(&self, config: &mut RunConfig) {
        config.evolution.threads = self.threads.unwrap_or(config.evolution.threads);
        let checkpoints = &mut config.checkpoints;
        checkpoints.every = self.checkpoint_every.unwrap_or(checkpoints.every);
        checkpoints.seconds = self.checkpoint_seconds.unwrap_or(checkpoints.seconds);
        checkpoints.keep = self.keep.unwrap_or(checkpoints.keep);
    }
}
