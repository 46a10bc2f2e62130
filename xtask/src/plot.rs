//! `cargo xtask plot`: a training run as a picture.

mod run_log;
mod scale;
mod picture;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use run_log::RunLog;

/// Selects the run and the picture.
#[derive(Args)]
pub(crate) struct Options {
    /// Folder of a run, with its events.jsonl
    run: PathBuf,
    /// The picture's path, as SVG [default: run.svg in the folder of the run]
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Draws the run and prints the path of the picture.
pub(crate) fn run(options: &Options) -> Result<()> {
    let log = RunLog::read(&options.run)?;
    let out = options.out.clone().unwrap_or_else(|| options.run.join("run.svg"));
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(&out, picture::draw(&log)).with_context(|| format!("cannot write {}", out.display()))?;
    println!("{}", out.display());
    Ok(())
}
