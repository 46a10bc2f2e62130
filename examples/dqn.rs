//! Trains a population of DQN agents on LunarLander and evolves it until 100 fresh episodes confirm the target:
//!
//! ```text
//! cargo run --release -p agilerl --example dqn
//! cargo run --release -p agilerl --example dqn -- --env CartPole-v1 --seed 3
//! cargo run --release -p agilerl --example dqn -- --resume runs/CartPole-v1-seed-3
//! ```
//!
//! Every generation prints a table of its individuals; the run is kept in `--out`, and Ctrl-C stops it so that it can be
//! resumed as if nothing had happened. Exit codes: 0 at the end of the run, 130 interrupted, 2 wrong flags, 1 otherwise.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use agilerl::prelude::*;
use clap::Parser;

/// Trains and evolves a population of DQN agents until a target is confirmed.
#[derive(Parser)]
struct Args {
    /// Configuration file; flags count for more than it does [default: the recommended settings].
    #[arg(long, conflicts_with = "resume")]
    config: Option<PathBuf>,
    /// Go on with the run in this folder, with its own settings; --threads and the flags of checkpoints still count.
    #[arg(long, conflicts_with_all = ["env", "population", "lanes", "generations", "steps", "seed", "device", "target", "out", "overwrite"])]
    resume: Option<PathBuf>,
    /// Environment, by Gymnasium's name [default: LunarLander-v3].
    #[arg(long)]
    env: Option<String>,
    /// Individuals in the population [default: 6].
    #[arg(long)]
    population: Option<usize>,
    /// Environments that each individual steps together [default: 16].
    #[arg(long)]
    lanes: Option<usize>,
    /// Generations at most [default: 60].
    #[arg(long)]
    generations: Option<u64>,
    /// Environment steps that each individual trains in a generation, over all its lanes [default: 10000].
    #[arg(long)]
    steps: Option<u64>,
    /// Seed of everything that is drawn: one seed, one result, at any number of threads [default: 1].
    #[arg(long)]
    seed: Option<u64>,
    /// Worker threads; 0 takes one for each processor [default: 0].
    #[arg(long)]
    threads: Option<usize>,
    /// Where the networks learn: cpu; or through burn: flex, and ndarray, tch, tch:cuda:N with the feature of that name.
    #[arg(long)]
    device: Option<String>,
    /// Mean return over 100 fresh episodes at which the run ends [default: the environment's own threshold].
    #[arg(long, allow_negative_numbers = true)]
    target: Option<f64>,
    /// Folder of the run [default: runs/ENV-seed-SEED].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Overwrite a run that the folder already holds.
    #[arg(long)]
    overwrite: bool,
    /// Generations from one checkpoint to the next [default: 1].
    #[arg(long)]
    checkpoint_every: Option<u64>,
    /// Seconds that lie between two checkpoints at least [default: 5].
    #[arg(long)]
    checkpoint_seconds: Option<f64>,
    /// Checkpoints that are kept [default: 2].
    #[arg(long)]
    keep: Option<usize>,
    /// Print the configuration that these flags make, with a description of every setting, and stop.
    #[arg(long)]
    print_config: bool,
    /// Print the JSON schema of configuration files, and stop.
    #[arg(long)]
    print_schema: bool,
}

fn main() -> ExitCode {
    match train(Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn train(args: Args) -> anyhow::Result<ExitCode> {
    let mut stdout = std::io::stdout();
    if args.print_schema {
        writeln!(stdout, "{:#}", RunConfig::schema())?;
        return Ok(ExitCode::SUCCESS);
    }
    let (run, out) = match &args.resume {
        Some(folder) => (Run::resume(folder)?, folder.clone()),
        None => {
            let config = config(&args)?;
            let out = format!("runs/{}-seed-{}", config.env, config.evolution.seed);
            let out = args.out.clone().unwrap_or_else(|| out.into());
            (Run::with(config).out(&out).overwrite(args.overwrite), out)
        }
    };
    let run = run.configure(|config| {
        config.evolution.threads = args.threads.unwrap_or(config.evolution.threads);
        let checkpoints = &mut config.checkpoints;
        checkpoints.every = args.checkpoint_every.unwrap_or(checkpoints.every);
        checkpoints.seconds = args.checkpoint_seconds.unwrap_or(checkpoints.seconds);
        checkpoints.keep = args.keep.unwrap_or(checkpoints.keep);
    });
    if args.print_config {
        run.config().validate()?;
        write!(stdout, "{}", run.config().to_toml())?;
        return Ok(ExitCode::SUCCESS);
    }

    let interrupt = Interrupt::on_signals()?;
    let mut training = run.observe(Console::stdout()).observe(interrupt.clone()).start()?;
    for reason in training.passed_over() {
        eprintln!("a checkpoint is not whole, and an older one is used instead: {reason}");
    }
    let folder = out.display();
    match training.run() {
        Ok(_) => {
            let (saves, took) = training.saving_cost();
            // Nobody may be reading any more; the run is whole all the same.
            let _ = writeln!(stdout, "saved {saves} times, which took {:.2} s", took.as_secs_f64());
            let _ = writeln!(stdout, "play it: cargo run --release -p agilerl --example play -- {folder}");
            Ok(ExitCode::SUCCESS)
        }
        Err(agilerl::Error::Interrupted { .. }) => {
            eprintln!(
                "interrupted, and saved; go on with: cargo run --release -p agilerl --example dqn -- --resume {folder}"
            );
            Ok(ExitCode::from(interrupt.exit_code()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The file, or the recommended settings; and over them the flags.
fn config(args: &Args) -> anyhow::Result<RunConfig> {
    let env = args.env.clone().unwrap_or_else(|| "LunarLander-v3".to_owned());
    let mut config = match &args.config {
        Some(path) => RunConfig::read(path)?,
        None => {
            let mut config = RunConfig::recommended(&env);
            (config.evolution.generations, config.evolution.seed) = (60, 1);
            config.evolution.target = agilerl::env::env_info(&env)?.reward_threshold;
            config
        }
    };
    config.env = args.env.clone().unwrap_or(config.env);
    config.population = args.population.unwrap_or(config.population);
    config.off_policy.lanes = args.lanes.unwrap_or(config.off_policy.lanes);
    config.device = args.device.clone().unwrap_or(config.device);
    let evolution = &mut config.evolution;
    if args.population.is_some() {
        evolution.tournament.size = evolution.tournament.size.min(config.population);
    }
    evolution.generations = args.generations.unwrap_or(evolution.generations);
    evolution.generation_env_steps = args.steps.unwrap_or(evolution.generation_env_steps);
    evolution.round_env_steps = evolution.round_env_steps.min(evolution.generation_env_steps);
    evolution.seed = args.seed.unwrap_or(evolution.seed);
    evolution.target = args.target.or(evolution.target);
    Ok(config)
}
