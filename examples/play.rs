//! Plays a trained elite, greedily, and prints its mean return:
//!
//! ```text
//! cargo run --release -p agilerl --example play -- runs/LunarLander-v3-seed-1
//! ```
//!
//! A hundred episodes take about a second. `examples/python/play_elite.py` plays the same episodes in Gymnasium itself
//! and prints the same lines. With the feature `render` the first episode can be watched:
//!
//! ```text
//! cargo run --release -p agilerl --features render --example play -- runs/LunarLander-v3-seed-1 --gif lander.gif
//! ```
//!
//! Exit codes: 0 if all episodes were played, 2 wrong flags, 1 otherwise.

#[cfg(feature = "render")]
mod play_film;
mod whole_number;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use agilerl::algo::{Elite, evaluate};
use agilerl::env::{BoxEnv, Element, EnvError, Observations, env_info, make_pixels, one_hot_env};
use agilerl::hpo::Disk;
use agilerl::nets::InputNumber;
use agilerl::prelude::*;
use anyhow::{Context, ensure};
use clap::Parser;
use whole_number::whole_number;

/// Plays a trained elite in its environment.
#[derive(Parser)]
struct Args {
    /// Folder with elite.json and elite.safetensors, as a run leaves it.
    #[arg(required_unless_present = "policy")]
    elite: Option<PathBuf>,
    /// The elite's weights, in a file of any name, instead of its folder.
    #[arg(long, value_name = "FILE", conflicts_with = "elite")]
    policy: Option<PathBuf>,
    /// The record that --policy was written with [default: elite.json beside it].
    #[arg(long, value_name = "FILE", requires = "policy")]
    record: Option<PathBuf>,
    /// Environment to play in [default: the one that it was trained in].
    #[arg(long, value_parser = known_env)]
    env: Option<String>,
    /// Episodes to play.
    #[arg(long, default_value_t = 100, allow_negative_numbers = true, value_parser = whole_number(1..=MOST_EPISODES))]
    episodes: u64,
    /// Seed of the first episode; the others follow.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = whole_number(0..=LARGEST_SEED))]
    seed: u64,
    /// Print the returns instead, as one JSON list.
    #[arg(long)]
    json: bool,
    /// Write the first episodes into this animated GIF (with the feature `render`).
    #[arg(long, value_name = "FILE", value_parser = rendered)]
    gif: Option<PathBuf>,
    /// How many episodes the GIF shows.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true, value_parser = whole_number(1..=1_000))]
    gif_episodes: u64,
    /// Its width in pixels.
    #[arg(long, default_value_t = 300, allow_negative_numbers = true, value_parser = whole_number(16..=4_096))]
    gif_width: u64,
}

/// Their returns are kept, for the deviation.
const MOST_EPISODES: u64 = 1_000_000;
/// As in the settings of a run.
const LARGEST_SEED: u64 = i64::MAX as u64;
/// How many episodes run side by side, each in an environment of its own.
const SIDE_BY_SIDE: usize = 1_000;

fn main() -> ExitCode {
    match play(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn play(args: &Args) -> anyhow::Result<()> {
    let elite = load(args)?;
    let env = match &args.env {
        Some(env) => env,
        None => catalogued(&elite.record.env)?,
    };
    match env_info(env)?.observations {
        Observations::Pixels => play_in::<u8>(args, &elite, env),
        _ => play_in::<f32>(args, &elite, env),
    }
}

/// Reads the two files that the flags name.
fn load(args: &Args) -> anyhow::Result<Elite> {
    let (record, weights) = match (&args.elite, &args.policy) {
        (Some(folder), _) => (folder.join("elite.json"), folder.join("elite.safetensors")),
        (None, Some(weights)) => {
            let beside = || weights.with_file_name("elite.json");
            (args.record.clone().unwrap_or_else(beside), weights.clone())
        }
        (None, None) => unreachable!("clap asks for one of them"),
    };
    let folder = record.parent().unwrap_or(Path::new(""));
    ensure!(
        record.exists() || !folder.join("config.toml").exists(),
        "{} holds a run without an elite: its first generation is not over yet",
        folder.display()
    );
    let both = || format!("{} with {}", weights.display(), record.display());
    agilerl::load_elite_files(&Disk, &record, &weights).with_context(both)
}

/// The environment of an elite, if the catalogue has it.
fn catalogued(env: &str) -> anyhow::Result<&str> {
    ensure!(
        env_info(env).is_ok(),
        "this elite was trained in {env:?}, which is not in the catalogue but the trainer's own: play it in a program \
         that makes the environment, with agilerl::load_elite and agilerl::algo::evaluate, or name one of the catalogue \
         with --env"
    );
    Ok(env)
}

/// Plays in an environment whose observations are made of `O`.
fn play_in<O: Played>(args: &Args, elite: &Elite, env: &str) -> anyhow::Result<()> {
    let mut agent = elite.agent_of::<O>(&parse_device("cpu")?)?;
    let step_limit = elite.record.step_limit;
    check_fit(elite, env, &O::one(env)?)?;
    if let Some(path) = &args.gif {
        film(&mut agent, env, path, args, step_limit).with_context(|| format!("cannot draw {}", path.display()))?;
    }
    let seeds: Vec<u64> = (args.seed..args.seed + args.episodes).collect();
    let mut returns = Vec::with_capacity(seeds.len());
    for seeds in seeds.chunks(SIDE_BY_SIDE) {
        returns.extend(evaluate(&mut agent, || O::one(env).map(O::encode), seeds, step_limit)?.returns);
    }
    let mut text = serde_json::to_string(&returns)?;
    if !args.json {
        let [mean, deviation] = mean_and_deviation(&returns);
        let last = args.seed + args.episodes - 1;
        text = format!("{env}: {} episodes, seeds {} to {last}\n", args.episodes, args.seed);
        text += &format!("mean return {mean:.4}, standard deviation {deviation:.4}");
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).context("cannot write to the standard output")
}

/// Whether the elite can act there, on the same encoding of what it observes.
fn check_fit<E: Env + ?Sized>(elite: &Elite, name: &str, env: &E) -> anyhow::Result<()> {
    let (spec, one_hot) = (&elite.record.spec, elite.record.one_hot);
    let (observations, choices) = (env.observation_space(), env.action_space().choices());
    let inputs = observations.choices().unwrap_or(observations.row_len());
    ensure!(
        (inputs, choices) == (spec.inputs(), Some(spec.outputs())),
        "an agent of {spec} cannot play {name}, which has observations of {inputs} numbers and {} actions",
        choices.map_or("continuous".to_owned(), |choices| choices.to_string())
    );
    ensure!(
        one_hot == observations.choices(),
        "elite.json says one_hot {one_hot:?}, but {name} has observations of {:?} categories",
        observations.choices()
    );
    Ok(())
}

fn mean_and_deviation(returns: &[f64]) -> [f64; 2] {
    let count = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / count;
    let squares = returns.iter().map(|total| (total - mean).powi(2));
    [mean, (squares.sum::<f64>() / count).sqrt()]
}

/// How an environment of the catalogue is made whose observations are made of this, and how they are encoded.
trait Played: InputNumber + Element {
    fn one(env: &str) -> Result<BoxEnv<u32, Self>, EnvError>;
    fn encode(env: BoxEnv<u32, Self>) -> BoxEnv<u32, Self>;
    #[cfg(feature = "render")]
    fn rendered(env: &str) -> Result<agilerl::env::BoxRenderEnv<u32, Self>, EnvError>;
}

impl Played for f32 {
    fn one(env: &str) -> Result<BoxEnv, EnvError> {
        make(env)
    }
    fn encode(env: BoxEnv) -> BoxEnv {
        one_hot_env(env)
    }
    #[cfg(feature = "render")]
    fn rendered(env: &str) -> Result<agilerl::env::BoxRenderEnv, EnvError> {
        let env = agilerl::env::make_rendered(env)?;
        let is_index = env.observation_space().choices().is_some();
        Ok(if is_index { Box::new(agilerl::env::OneHot::new(env)) } else { env })
    }
}

impl Played for u8 {
    fn one(env: &str) -> Result<BoxEnv<u32, u8>, EnvError> {
        make_pixels(env)
    }
    fn encode(env: BoxEnv<u32, u8>) -> BoxEnv<u32, u8> {
        env
    }
    #[cfg(feature = "render")]
    fn rendered(env: &str) -> Result<agilerl::env::BoxRenderEnv<u32, u8>, EnvError> {
        agilerl::env::make_rendered_pixels(env)
    }
}

#[cfg(feature = "render")]
fn film<O: Played>(agent: &mut Dqn<O>, env: &str, path: &Path, args: &Args, step_limit: u64) -> anyhow::Result<()> {
    let shown = args.seed..args.seed + args.gif_episodes;
    play_film::film(agent, O::rendered(env)?, path, shown, args.gif_width as u32, step_limit)
}

#[cfg(not(feature = "render"))]
fn film<O>(_: &mut Dqn<O>, _: &str, _: &Path, _: &Args, _: u64) -> anyhow::Result<()> {
    unreachable!("the flag is refused without pictures")
}

/// The value of `--gif`.
fn rendered(path: &str) -> Result<PathBuf, &'static str> {
    if cfg!(feature = "render") { Ok(path.into()) } else { Err("it needs pictures: build with `--features render`") }
}

/// The value of `--env`.
fn known_env(name: &str) -> Result<String, EnvError> {
    env_info(name).map(|info| info.name.to_owned())
}
