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

use agilerl::algo::{EliteRecord, Output, PolicyAction};
use agilerl::env::{Actions, BoxEnv, Element, EnvError, Observations, env_info, wrap_env};
use agilerl::nets::InputNumber;
use agilerl::prelude::*;
use agilerl::storage::Disk;
use anyhow::{Context, ensure};
use clap::Parser as _;
use play_args::Args;
use serde_json::json;

/// Number of episodes that run side by side, each in an environment of its own.
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
    let policy = elite.policy().with_context(files)?;
    let env = match &args.env {
        Some(env) => env,
        None => catalogued(&elite.record)?,
    };
    let info = env_info(env)?;
    match (info.observations, info.actions) {
        (Observations::Numbers, Actions::Choice) => play_in::<f32, u32>(args, &elite.record, env, policy),
        (Observations::Numbers, Actions::Continuous) => play_in::<f32, f32>(args, &elite.record, env, policy),
        (Observations::Pixels, Actions::Choice) => play_in::<u8, u32>(args, &elite.record, env, policy),
        (Observations::Pixels, Actions::Continuous) => play_in::<u8, f32>(args, &elite.record, env, policy),
    }
}

fn load(record: &Path, weights: &Path) -> anyhow::Result<Elite> {
    let is_run = record.with_file_name("config.toml").exists();
    ensure!(record.exists() || !is_run, "there is no elite yet: the first generation of this run is not over");
    Ok(Elite::load_files(&Disk, record, weights)?)
}

/// The environment of an elite, if it is in the catalogue.
fn catalogued(EliteRecord { env, own_env, .. }: &EliteRecord) -> anyhow::Result<&str> {
    let own = match own_env {
        Some(own) => format!(" ({own})"),
        None if env_info(env).is_ok() => return Ok(env),
        None => String::new(),
    };
    anyhow::bail!(
        "this elite was trained in {env:?}{own}, which is not in the catalogue but an environment of the program's own: play \
         it in a program that makes this environment, with `Elite::load(folder)?.policy()?` and `evaluate`, or name an \
         environment of the catalogue with --env"
    );
}

/// Plays in an environment with observations of `O` and actions of `C`.
fn play_in<O, C>(args: &Args, record: &EliteRecord, env: &str, mut policy: Policy) -> anyhow::Result<()>
where
    O: Element + InputNumber,
    C: PolicyAction,
{
    let step_limit = record.step_limit;
    let make = || wrapped::<O, C>(record, env);
    check_fit(record, env, &make()?)?;
    #[cfg(feature = "render")]
    if let Some(path) = &args.gif {
        film::<O, C>(&mut policy, record, env, path, args)
            .with_context(|| format!("cannot draw {}", path.display()))?;
    }
    let seeds: Vec<u64> = (args.seed..args.seed + args.episodes).collect();
    let (mut returns, mut cut) = (Vec::with_capacity(seeds.len()), 0);
    for seeds in seeds.chunks(SIDE_BY_SIDE) {
        let evaluation = evaluate(&mut policy, make, seeds, step_limit)?;
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

/// The environment inside the wrappers that the elite observes through.
fn wrapped<O: Element, C: PolicyAction>(record: &EliteRecord, env: &str) -> Result<BoxEnv<C, O>, EnvError> {
    wrap_env(make(env)?, &record.wrappers)
}

/// Checks that the elite can act there, on the same encoding of observations.
fn check_fit<E: Env>(record: &EliteRecord, name: &str, env: &E) -> anyhow::Result<()> {
    let (spec, one_hot) = (&record.spec, record.one_hot);
    let (observations, choices) = (env.observation_space(), env.action_space().choices());
    let inputs = observations.choices().unwrap_or(observations.row_len());
    let outputs = choices.unwrap_or(env.action_space().row_len());
    let greedy = record.output == Output::Greedy;
    ensure!(
        (inputs, outputs, choices.is_some()) == (spec.inputs(), spec.outputs(), greedy),
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

#[cfg(feature = "render")]
fn film<O, C>(policy: &mut Policy, record: &EliteRecord, env: &str, path: &Path, args: &Args) -> anyhow::Result<()>
where
    O: Element + InputNumber,
    C: PolicyAction,
{
    let env = agilerl::env::wrap_rendered(agilerl::env::make_rendered::<O, C>(env)?, &record.wrappers)?;
    let shown = args.seed..args.seed + args.gif_episodes;
    play_film::film(policy, env, path, shown, args.gif_width as u32, record.step_limit)
}
