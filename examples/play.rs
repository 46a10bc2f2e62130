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

mod play_args;
#[cfg(feature = "render")]
mod play_film;
mod whole_number;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use agilerl::algo::{Elite, EliteRecord, evaluate};
use agilerl::env::{BoxEnv, Element, EnvError, Observations, env_info, make_pixels, one_hot_env};
use agilerl::hpo::Disk;
use agilerl::nets::InputNumber;
use agilerl::prelude::*;
use anyhow::{Context, ensure};
use clap::Parser as _;
use play_args::Args;
use serde_json::json;

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
    let (record, weights) = args.files();
    let files = || format!("{} with {}", weights.display(), record.display());
    let elite = load(&record, &weights).with_context(files)?;
    let env = match &args.env {
        Some(env) => env,
        None => catalogued(&elite.record)?,
    };
    match env_info(env)?.observations {
        Observations::Pixels => play_in(args, &elite, env, agent::<u8>(&elite).with_context(files)?),
        _ => play_in(args, &elite, env, agent::<f32>(&elite).with_context(files)?),
    }
}

fn load(record: &Path, weights: &Path) -> anyhow::Result<Elite> {
    let is_run = record.with_file_name("config.toml").exists();
    ensure!(record.exists() || !is_run, "there is no elite yet: the first generation of this run is not over");
    Ok(agilerl::load_elite_files(&Disk, record, weights)?)
}

/// The environment of an elite, if it is one of the catalogue.
fn catalogued(EliteRecord { env, own_env, .. }: &EliteRecord) -> anyhow::Result<&str> {
    let own = match own_env {
        Some(own) => format!(" ({own})"),
        None if env_info(env).is_ok() => return Ok(env),
        None => String::new(),
    };
    anyhow::bail!(
        "this elite was trained in {env:?}{own}, which is not in the catalogue but an environment of the program's own: play \
         it in a program that makes this environment, with agilerl::load_elite and agilerl::algo::evaluate, or name an \
         environment of the catalogue with --env"
    );
}

fn agent<O: Played>(elite: &Elite) -> anyhow::Result<Dqn<O>> {
    Ok(elite.agent_of(&parse_device("cpu")?)?)
}

/// Plays in an environment whose observations are made of `O`.
fn play_in<O: Played>(args: &Args, elite: &Elite, env: &str, mut agent: Dqn<O>) -> anyhow::Result<()> {
    let step_limit = elite.record.step_limit;
    check_fit(elite, env, &O::one(env)?)?;
    if let Some(path) = &args.gif {
        film(&mut agent, env, path, args, step_limit).with_context(|| format!("cannot draw {}", path.display()))?;
    }
    let seeds: Vec<u64> = (args.seed..args.seed + args.episodes).collect();
    let (mut returns, mut cut) = (Vec::with_capacity(seeds.len()), 0);
    for seeds in seeds.chunks(SIDE_BY_SIDE) {
        let evaluation = evaluate(&mut agent, || O::one(env).map(O::encode), seeds, step_limit)?;
        returns.extend(evaluation.returns);
        cut += evaluation.cut;
    }
    let mut text = serde_json::to_string(&returns)?;
    if !args.json {
        let [mean, deviation] = mean_and_deviation(&returns);
        let last = args.seed + args.episodes - 1;
        text = format!("{env}: {} episodes, seeds {} to {last}\n", args.episodes, args.seed);
        text += &format!("mean return {mean:.4}, standard deviation {deviation:.4}");
        if cut > 0 {
            text += &format!("\n{cut} of the episodes had not ended after {step_limit} steps, and were cut there");
        }
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
    let [found, wanted] = [json!(one_hot), json!(observations.choices())];
    ensure!(found == wanted, "elite.json: one_hot is {found}, but for {name} it must be {wanted}");
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
