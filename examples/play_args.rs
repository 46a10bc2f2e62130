//! The flags of the example `play`.

use std::path::PathBuf;

use agilerl::env::{EnvError, env_info};
use clap::Parser;

use crate::whole_number::whole_number;

/// Plays a trained elite in its environment.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Folder with elite.json and elite.safetensors, as a run leaves it.
    #[arg(required_unless_present = "policy")]
    elite: Option<PathBuf>,
    /// The elite's weights, in a file of any name, instead of its folder.
    #[arg(long, value_name = "FILE", conflicts_with = "elite")]
    policy: Option<PathBuf>,
    /// The record that --policy was written with [default: elite.json beside it].
    #[arg(long, value_name = "FILE", requires = "policy", conflicts_with = "elite")]
    record: Option<PathBuf>,
    /// Environment to play in [default: the environment of its training].
    #[arg(long, value_parser = known_env)]
    pub(crate) env: Option<String>,
    /// Episodes to play.
    #[arg(long, default_value_t = 100, allow_negative_numbers = true, value_parser = whole_number::<u64>(1..=MOST_EPISODES))]
    pub(crate) episodes: u64,
    /// Seed of the first episode; the others follow.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = whole_number::<u64>(0..=LARGEST_SEED))]
    pub(crate) seed: u64,
    /// Print the returns instead, as one JSON list.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the first episodes into this animated GIF (with the feature `render`).
    #[arg(long, value_name = "FILE", value_parser = rendered)]
    pub(crate) gif: Option<PathBuf>,
    /// Number of episodes that the GIF shows.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true, value_parser = whole_number::<u64>(1..=1_000))]
    pub(crate) gif_episodes: u64,
    /// Its width in pixels.
    #[arg(long, default_value_t = 300, allow_negative_numbers = true, value_parser = whole_number::<u64>(16..=4_096))]
    pub(crate) gif_width: u64,
}

impl Args {
    /// The record and the weights that the flags name.
    pub(crate) fn files(&self) -> (PathBuf, PathBuf) {
        match (&self.elite, &self.policy) {
            (_, Some(weights)) => {
                let beside = || weights.with_file_name("elite.json");
                (self.record.clone().unwrap_or_else(beside), weights.clone())
            }
            (folder, None) => {
                let folder = folder.as_deref().expect("clap asks for one of them");
                (folder.join("elite.json"), folder.join("elite.safetensors"))
            }
        }
    }
}

/// Their returns are kept, for the deviation.
const MOST_EPISODES: u64 = 1_000_000;
/// As in the settings of a run.
const LARGEST_SEED: u64 = i64::MAX as u64;

/// The value of `--gif`.
fn rendered(path: &str) -> Result<PathBuf, &'static str> {
    if cfg!(feature = "render") { Ok(path.into()) } else { Err("it needs pictures: build with `--features render`") }
}

/// The value of `--env`.
fn known_env(name: &str) -> Result<String, EnvError> {
    env_info(name).map(|info| info.name.to_owned())
}
