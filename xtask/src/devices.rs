//! `cargo xtask devices`: the suite that holds every device to the processor's results.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::libtorch;
use crate::workspace::{cargo, succeed, target};

/// Mesa's Vulkan driver on the processor (Debian: `mesa-vulkan-drivers`): the code path of a GPU without one.
const LAVAPIPE: &str = "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json";

/// What to run it on.
#[derive(Args)]
pub(crate) struct Options {
    /// Which of burn's devices beside flex
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

/// Forward pass, update, mutation, stacking and saving on every device named, against the processor.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut command = cargo();
    command.args(["test", "--profile", "devices", "--package", "agilerl-algo", "--test", "it"]);
    command.args(["--features", &options.features.join(",")]);
    let uses = |feature: &str| options.features.iter().any(|name| name == feature);
    if uses("tch") {
        command.envs(libtorch::environment(&libtorch::Options::default())?);
    }
    if uses("wgpu") && !options.gpu {
        if !Path::new(LAVAPIPE).exists() {
            bail!("{LAVAPIPE} is missing: install Mesa's Vulkan drivers (Debian: mesa-vulkan-drivers), or say --gpu");
        }
        command.env("VK_ICD_FILENAMES", LAVAPIPE).env("XDG_RUNTIME_DIR", runtime_folder()?);
    }
    command.args(["--", "devices::", "stacks::", "pixels::"]);
    succeed(&mut command)
}

/// The driver wants a folder of the user's own.
fn runtime_folder() -> Result<PathBuf> {
    let folder = target()?.join("xdg-runtime");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}
