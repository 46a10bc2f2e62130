//! `cargo xtask devices`: tests that every device of burn gives the processor's results.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use crate::libtorch;
use crate::workspace::{cargo, succeed, target};

/// The folder in which Vulkan drivers are registered.
const DRIVERS: &str = "/usr/share/vulkan/icd.d";

/// Selects the devices.
#[derive(Args)]
pub(crate) struct Options {
    /// The devices of burn to test beside flex
    #[arg(long, value_delimiter = ',', default_values_t = Self::default().features)]
    features: Vec<String>,
    /// Use the GPU's own Vulkan driver, not the one in software
    #[arg(long)]
    gpu: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { features: ["ndarray", "tch", "wgpu"].map(str::to_owned).into(), gpu: false }
    }
}

/// Compares forward pass, update, mutation, stacking and saving on each selected device with the processor.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut command = cargo();
    command.args(["test", "--package", "agilerl-algo", "--test", "it"]);
    command.args(["--features", &options.features.join(",")]);
    let uses = |feature: &str| options.features.iter().any(|name| name == feature);
    if uses("tch") {
        command.envs(libtorch::environment(&libtorch::Options::default())?);
    }
    if uses("wgpu") && !options.gpu {
        let driver = lavapipe().with_context(|| {
            format!("no lvp_icd*.json in {DRIVERS}: install Mesa's Vulkan drivers (Debian: mesa-vulkan-drivers), or pass --gpu")
        })?;
        command.env("VK_ICD_FILENAMES", driver).env("XDG_RUNTIME_DIR", runtime_folder()?);
    }
    command.args(["--", "devices::", "stacks::", "pixels::"]);
    succeed(&mut command)
}

/// Mesa's Vulkan driver that runs on the processor: it exercises the GPU's code path without a GPU.
fn lavapipe() -> Option<PathBuf> {
    let drivers = std::fs::read_dir(DRIVERS).ok()?;
    let is_lavapipe = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("lvp_icd") && name.ends_with(".json")
    };
    drivers.filter_map(|entry| Some(entry.ok()?.path())).find(is_lavapipe)
}

/// The driver needs a folder that belongs to the user.
fn runtime_folder() -> Result<PathBuf> {
    let folder = target()?.join("xdg-runtime");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}
