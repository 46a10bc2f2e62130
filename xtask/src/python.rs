//! Python environments among the build's outputs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::{succeed, target};

/// Returns the folder of programs of the virtual environment `target/NAME`, for which pip was called once with each of
/// `installs`. The environment is made anew if it is missing, incomplete, or has other packages.
///
/// # Errors
/// If there is no Python with `venv`, or a package cannot be installed.
pub(crate) fn venv(name: &str, installs: &[&[&str]]) -> Result<PathBuf> {
    let folder = target()?.join(name);
    let (base, programs) = if cfg!(windows) { ("python", "Scripts") } else { ("python3", "bin") };
    let programs = folder.join(programs);
    // Written last, since it says that the rest is whole.
    let (stamp, wanted) = (folder.join("packages"), format!("{installs:?}\n"));
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(programs);
    }
    succeed(Command::new(base).args(["-m", "venv", "--clear"]).arg(&folder))
        .with_context(|| format!("{base} with the module venv is needed"))?;
    for packages in installs {
        let mut pip = Command::new(program(&programs, "python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(*packages);
        succeed(&mut pip).with_context(|| format!("{} could not be installed", packages.join(" ")))?;
    }
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(programs)
}

/// A program in such a folder.
pub(crate) fn program(programs: &Path, name: &str) -> PathBuf {
    programs.join(name).with_extension(std::env::consts::EXE_EXTENSION)
}
