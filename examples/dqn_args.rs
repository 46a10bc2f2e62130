//! The flags of the example `dqn`, and the run that they describe.

use std::path::PathBuf;

use agilerl::env::{Observations, env_info};
use agilerl::hpo::SelectionConfig;
use agilerl::prelude::*;
use clap::Parser;

use crate::whole_number::whole_number;

/// Trains and evolves a population of DQN agents until a target is confirmed.
#[derive(Parser)]
#[command(name = "dqn", version)]
pub(crate) struct Args {
    /// Configuration file; flags override it [default: the recommended settings].
    #[arg(long, conflicts_with = "resume")]
    config: Option<PathBuf>,
    /// Resume the run in this folder, with its own settings; --generations and --target extend a run that is over, and
    /// --threads, --memory-limit-gib and the flags of checkpoints may be given.
    #[arg(long, conflicts_with_all = ["env", "population", "lanes", "steps", "seed", "device", "out", "overwrite"])]
    resume: Option<PathBuf>,
    /// Begin a new run with the elite of the run in this folder, and with that run's settings; flags override them.
    #[arg(long, conflicts_with_all = ["config", "resume", "env"])]
    from: Option<PathBuf>,
    /// Environment, by Gymnasium's name; --list-envs lists them [default: LunarLander-v3].
    #[arg(long)]
    env: Option<String>,
    /// Individuals in the population [default: 6].
    #[arg(long, value_parser = whole_number::<usize>(1..=65_536), allow_hyphen_values = true)]
    population: Option<usize>,
    /// Number of environments that each individual steps together [default: 16].
    #[arg(long, value_parser = whole_number::<usize>(1..=65_536), allow_hyphen_values = true)]
    lanes: Option<usize>,
    /// Greatest number of generations [default: 60, and 20 on pixels].
    #[arg(long, value_parser = whole_number::<u64>(1..=COUNT), allow_hyphen_values = true)]
    generations: Option<u64>,
    /// Environment steps of each individual in a generation, summed over its lanes [default: 10000, and 25000 on pixels].
    #[arg(long, value_parser = whole_number::<u64>(1..=COUNT), allow_hyphen_values = true)]
    steps: Option<u64>,
    /// Seed of every random draw: one seed, one result, at any number of threads [default: 1].
    #[arg(long, value_parser = whole_number::<u64>(0..=SEED), allow_hyphen_values = true)]
    seed: Option<u64>,
    /// Worker threads; 0 takes one for each processor [default: 0].
    #[arg(long, value_parser = whole_number::<usize>(0..=4_096), allow_hyphen_values = true)]
    threads: Option<usize>,
    /// Where the networks learn: cpu, flex; and with the feature of that name ndarray, tch, tch:cuda:N, wgpu, cuda:N
    /// [default: cpu].
    #[arg(long)]
    device: Option<String>,
    /// Mean return over 100 fresh episodes that ends the run; none: all generations are trained [default: the environment's
    /// own threshold].
    #[arg(long, value_parser = target, allow_hyphen_values = true)]
    target: Option<Target>,
    /// Folder of the run [default: runs/ENV-seed-SEED].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Overwrite a run that the folder already holds.
    #[arg(long)]
    overwrite: bool,
    /// Generations from one checkpoint to the next [default: 1].
    #[arg(long, value_parser = whole_number::<u64>(1..=COUNT), allow_hyphen_values = true)]
    checkpoint_every: Option<u64>,
    /// Least number of seconds between two checkpoints [default: 10].
    #[arg(long, value_parser = number, allow_hyphen_values = true)]
    checkpoint_seconds: Option<f64>,
    /// Number of checkpoints that are kept [default: 2].
    #[arg(long, value_parser = whole_number::<usize>(1..=COUNT), allow_hyphen_values = true)]
    keep: Option<usize>,
    /// GiB of memory that the run may ask for [default: the memory of this machine].
    #[arg(long, value_parser = number, allow_hyphen_values = true)]
    memory_limit_gib: Option<f64>,
    /// Print the configuration of these flags, with a description of every setting, and stop.
    #[arg(long)]
    pub(crate) print_config: bool,
    /// Print the JSON schema of configuration files, and stop.
    #[arg(long)]
    pub(crate) print_schema: bool,
    /// Print the environments of the catalogue, and stop.
    #[arg(long)]
    pub(crate) list_envs: bool,
}

impl Args {
    /// The run that the flags describe or resume, and its folder.
    pub(crate) fn run(&self) -> anyhow::Result<(Run, PathBuf)> {
        if let Some(folder) = &self.resume {
            let run = Run::resume(folder)?.configure(|config| self.adjust(config));
            return Ok((run, folder.clone()));
        }
        let run = match (&self.from, &self.config) {
            (Some(elite), _) => Run::from_elite(elite)?,
            (None, Some(path)) => Run::with(RunConfig::read(path)?),
            (None, None) => Run::with(recommended(self.env.as_deref().unwrap_or("LunarLander-v3"))?),
        };
        let run = run.configure(|config| self.set(config));
        let folder = self.folder(run.config());
        Ok((run.out(&folder).overwrite(self.overwrite), folder))
    }

    fn folder(&self, config: &RunConfig) -> PathBuf {
        let name = format!("{}-seed-{}", config.env.replace('/', "-"), config.evolution.seed);
        self.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(name))
    }

    /// Overrides the settings of a file.
    fn set(&self, config: &mut RunConfig) {
        config.env = self.env.clone().unwrap_or_else(|| config.env.clone());
        config.population = self.population.unwrap_or(config.population);
        config.off_policy.lanes = self.lanes.unwrap_or(config.off_policy.lanes);
        config.device = self.device.clone().unwrap_or_else(|| config.device.clone());
        let evolution = &mut config.evolution;
        if let (Some(population), SelectionConfig::Tournament(tournament)) = (self.population, &mut evolution.selection)
        {
            tournament.size = tournament.size.min(population);
        }
        evolution.generation_env_steps = self.steps.unwrap_or(evolution.generation_env_steps);
        evolution.round_env_steps = evolution.round_env_steps.min(evolution.generation_env_steps);
        evolution.seed = self.seed.unwrap_or(evolution.seed);
        self.adjust(config);
    }

    /// Changes the settings that may differ when a run is resumed.
    fn adjust(&self, config: &mut RunConfig) {
        config.evolution.target = self.target.as_ref().map_or(config.evolution.target, |target| target.0);
        config.evolution.generations = self.generations.unwrap_or(config.evolution.generations);
        config.memory_limit_gib = self.memory_limit_gib.or(config.memory_limit_gib);
        config.evolution.threads = self.threads.unwrap_or(config.evolution.threads);
        let checkpoints = &mut config.checkpoints;
        checkpoints.every = self.checkpoint_every.unwrap_or(checkpoints.every);
        checkpoints.seconds = self.checkpoint_seconds.unwrap_or(checkpoints.seconds);
        checkpoints.keep = self.keep.unwrap_or(checkpoints.keep);
    }
}

fn recommended(env: &str) -> anyhow::Result<RunConfig> {
    let info = env_info(env)?;
    let mut config = RunConfig::recommended(env);
    if info.observations == Observations::Numbers {
        config.evolution.generations = 60;
    }
    (config.evolution.seed, config.evolution.target) = (1, info.reward_threshold);
    Ok(config)
}

/// Up to here a float counts exactly.
const COUNT: u64 = 1 << 53;
const SEED: u64 = i64::MAX as u64;

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "a number is needed, such as 2.5".to_owned())
}

/// The mean return that ends a run, or none.
#[derive(Clone)]
struct Target(Option<f64>);

fn target(text: &str) -> Result<Target, String> {
    if text == "none" {
        return Ok(Target(None));
    }
    let target: Option<f64> = text.parse().ok();
    let target = target.filter(|target| target.is_finite());
    target.map(|target| Target(Some(target))).ok_or_else(|| "a number or \"none\" is needed".to_owned())
}
