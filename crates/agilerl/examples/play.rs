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

#![allow(clippy::print_stdout, reason = "it is a program, and what it prints is what it is for")]

use std::ops::Range;
use std::path::{Path, PathBuf};

use agilerl::algo::Elite;
use agilerl::env::{BoxEnv, Element, EnvError, Observations, env_info, make_pixels, one_hot_env};
#[cfg(feature = "render")]
use agilerl::env::{BoxRenderEnv, OneHot, make_rendered, make_rendered_pixels};
use agilerl::hpo::Disk;
use agilerl::nets::InputNumber;
use agilerl::prelude::*;
use anyhow::ensure;
use clap::Parser;

/// Plays a trained elite in its environment.
#[derive(Parser)]
struct Args {
    /// Folder with elite.json and elite.safetensors, as a run leaves it.
    #[arg(required_unless_present = "policy")]
    elite: Option<PathBuf>,
    /// The elite's weights instead of its folder; elite.json lies beside them.
    #[arg(long, value_name = "FILE", conflicts_with = "elite")]
    policy: Option<PathBuf>,
    /// Environment to play in [default: the one that it was trained in].
    #[arg(long)]
    env: Option<String>,
    /// Episodes to play.
    #[arg(long, default_value_t = 100)]
    episodes: u64,
    /// Seed of the first episode; the others follow.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print the returns instead, as one JSON list.
    #[arg(long)]
    json: bool,
    /// Write the first episodes into this animated GIF (with the feature `render`).
    #[arg(long, value_name = "FILE")]
    gif: Option<PathBuf>,
    /// How many episodes the GIF shows.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    gif_episodes: u64,
    /// Its width in pixels.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=4096))]
    gif_width: u32,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    ensure!(args.episodes > 0, "--episodes is 0; it takes at least one to have a mean");
    let beside = |weights: &Path| weights.parent().unwrap_or(Path::new("")).to_owned();
    let folder = args.elite.clone().or(args.policy.as_deref().map(beside)).expect("clap asks for one of them");
    let elite = agilerl::load_elite(&Disk, &folder)?;
    let env = args.env.as_deref().unwrap_or(&elite.record.env);
    match env_info(env)?.observations {
        Observations::Pixels => play::<u8>(&args, &elite, env),
        _ => play::<f32>(&args, &elite, env),
    }
}

/// Plays in an environment whose observations are made of `O`.
fn play<O: Played>(args: &Args, elite: &Elite, env: &str) -> anyhow::Result<()> {
    let mut agent = elite.agent_of::<O>(&parse_device("cpu")?)?;
    let example = O::one(env)?;
    let fits = (example.observation_space().row_len(), example.action_space().choices());
    let spec = agent.spec();
    ensure!(fits == (spec.inputs(), Some(spec.outputs())), "an agent of {spec} cannot play {env}");

    let last = args.seed + args.episodes - 1;
    let seeds: Vec<u64> = (args.seed..=last).collect();
    let step_limit = OffPolicyConfig::default().eval_step_limit;
    if let Some(path) = &args.gif {
        let shown = args.seed..args.seed + args.gif_episodes;
        film(&mut agent, env, path, shown, args.gif_width, step_limit)?;
    }
    let evaluation = agilerl::algo::evaluate(&mut agent, || O::one(env), &seeds, step_limit)?;
    if args.json {
        println!("{}", serde_json::to_string(&evaluation.returns)?);
        return Ok(());
    }
    let mean = evaluation.mean();
    let squares = evaluation.returns.iter().map(|total| (total - mean).powi(2));
    let deviation = (squares.sum::<f64>() / args.episodes as f64).sqrt();
    println!("{env}: {} episodes, seeds {} to {last}", args.episodes, args.seed);
    println!("mean return {mean:.4}, standard deviation {deviation:.4}");
    Ok(())
}

/// How an environment of the catalogue is made whose observations are made of this.
trait Played: InputNumber + Element {
    fn one(env: &str) -> Result<BoxEnv<u32, Self>, EnvError>;
    #[cfg(feature = "render")]
    fn rendered(env: &str) -> Result<BoxRenderEnv<u32, Self>, EnvError>;
}

impl Played for f32 {
    fn one(env: &str) -> Result<BoxEnv, EnvError> {
        make(env).map(one_hot_env)
    }
    #[cfg(feature = "render")]
    fn rendered(env: &str) -> Result<BoxRenderEnv, EnvError> {
        let env = make_rendered(env)?;
        Ok(if env.observation_space().choices().is_some() { Box::new(OneHot::new(env)) } else { env })
    }
}

impl Played for u8 {
    fn one(env: &str) -> Result<BoxEnv<u32, u8>, EnvError> {
        make_pixels(env)
    }
    #[cfg(feature = "render")]
    fn rendered(env: &str) -> Result<BoxRenderEnv<u32, u8>, EnvError> {
        make_rendered_pixels(env)
    }
}

/// Plays the first episodes once more and draws them, 25 pictures in a second at most.
#[cfg(feature = "render")]
fn film<O: Played>(
    agent: &mut Dqn<O>,
    env: &str,
    path: &Path,
    seeds: Range<u64>,
    gif_width: u32,
    step_limit: u64,
) -> anyhow::Result<()> {
    use std::fs::File;
    use std::io::{BufWriter, Write};

    use agilerl::env::{Gif, Pixmap, Render};
    use anyhow::Context;

    let mut env = O::rendered(env)?;
    let [width, height] = env.size();
    let size = [gif_width, (gif_width * height).div_ceil(width)];
    let mut picture = Pixmap::new(size[0], size[1]).context("a picture of no height")?;
    let every = env.steps_per_second().div_ceil(25); // steps from picture to picture
    let pictures_per_second = env.steps_per_second() / every;
    let mut gif = Gif::new(BufWriter::new(File::create(path)?), size, pictures_per_second)?;

    let mut rng = Streams::new(seeds.start).get(Purpose::Exploration, 0, 0, 0); // a greedy agent draws nothing from it
    let (mut obs, mut action) = (vec![O::default(); env.observation_space().row_len()], [0]);
    for seed in seeds {
        env.reset(Some(seed), &mut obs);
        for step in 0..step_limit {
            if step % u64::from(every) == 0 {
                env.render(&mut picture);
                gif.add(&picture)?;
            }
            let mask = env.action_mask().map(<[bool]>::to_vec);
            agent.act(&obs, mask.as_deref(), Mode::Greedy, &mut rng, &mut action);
            if env.step(&action, &mut obs).ended() {
                break;
            }
        }
        env.render(&mut picture);
        for _ in 0..pictures_per_second {
            gif.add(&picture)?; // the end stays for a second
        }
    }
    gif.finish()?.flush()?;
    Ok(())
}

#[cfg(not(feature = "render"))]
fn film<O>(_: &mut Dqn<O>, _: &str, _: &Path, _: Range<u64>, _: u32, _: u64) -> anyhow::Result<()> {
    anyhow::bail!("--gif needs pictures: build with --features render")
}
