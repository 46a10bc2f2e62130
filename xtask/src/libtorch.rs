//! `cargo xtask libtorch`: makes the LibTorch that the feature `tch` is built with.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::workspace::succeed;

/// The only version that the bindings of burn 0.22 support.
const VERSION: &str = "2.9.0";

/// The packages that `libtorch_cpu.so` of PyPI's wheel for x86-64 Linux, a CUDA build, needs in order to load. It needs no
/// GPU.
const CUDA_STUBS: [(&str, &str, &str); 2] = [
    ("nvidia-cuda-runtime-cu12==12.8.90", "nvidia/cuda_runtime/lib", "libcudart.so.12"),
    ("nvidia-cuda-cupti-cu12==12.8.90", "nvidia/cuda_cupti/lib", "libcupti.so.12"),
];

/// Selects the folder.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Folder to make it in [default: libtorch-2.9.0 in the cache folder of agilerl under $HOME]
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Makes a LibTorch for the CPU out of Python wheels, unless the folder holds one, and prints the lines that a shell is to
/// evaluate.
pub(crate) fn run(options: &Options) -> Result<()> {
    for (name, value) in environment(options)? {
        // In quotes: a folder may have a space in its name.
        println!("export {name}='{value}'");
    }
    Ok(())
}

/// The environment variables for building and running with the feature `tch`. Makes the folder if it is missing.
pub(crate) fn environment(options: &Options) -> Result<[(&'static str, String); 3]> {
    let folder = match &options.dir {
        Some(folder) => std::path::absolute(folder)?,
        None => cache()?.join(format!("libtorch-{VERSION}")),
    };
    let libtorch = folder.join("libtorch");
    if !libtorch.join("build-version").exists() {
        make(&folder, &libtorch)?;
    }
    let path = if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };
    let mut folders = libtorch.join("lib").display().to_string();
    if let Ok(others) = std::env::var(path)
        && !others.is_empty()
    {
        folders = format!("{folders}:{others}");
    }
    // On networks of this size LibTorch's pool of threads costs more than it gains, many times over.
    Ok([("LIBTORCH", libtorch.display().to_string()), (path, folders), ("OMP_NUM_THREADS", "1".to_owned())])
}

fn cache() -> Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    Ok(base.context("neither XDG_CACHE_HOME nor HOME is set: say where with `--dir`")?.join("agilerl"))
}

fn make(folder: &Path, libtorch: &Path) -> Result<()> {
    ensure!(
        cfg!(unix),
        "this makes LibTorch {VERSION} on Linux and macOS; elsewhere download it and set LIBTORCH to it"
    );
    eprintln!("making LibTorch {VERSION} in {} (a download of about 900 MB on x86-64 Linux)", folder.display());
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let venv = folder.join("venv");
    command("python3").arg("-m").arg("venv").arg(&venv).run("python3 with the module venv is needed")?;
    let is_cuda_wheel = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    let mut packages = vec![format!("torch=={VERSION}")];
    packages.extend(CUDA_STUBS.iter().filter(|_| is_cuda_wheel).map(|(package, ..)| (*package).to_owned()));
    let mut pip = command(venv.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-cache-dir", "--no-deps"]).args(packages);
    pip.run("the wheels could not be installed")?;
    let packages = site_packages(&venv)?;
    if is_cuda_wheel {
        link_cpu_part(&packages, libtorch)?;
    } else {
        // The other wheels are CPU builds and serve as they are.
        link(&packages.join("torch"), libtorch)?;
    }
    // Last, since it says that the rest is whole; the bindings' build script compares it with the version it wants.
    let version = libtorch.join("build-version");
    std::fs::write(&version, format!("{VERSION}+cpu\n")).with_context(|| format!("cannot write {}", version.display()))
}

/// Lays out the folder like a release of LibTorch for the CPU, as links into the wheels.
fn link_cpu_part(packages: &Path, libtorch: &Path) -> Result<()> {
    let (torch, lib) = (packages.join("torch"), libtorch.join("lib"));
    std::fs::create_dir_all(&lib).with_context(|| format!("cannot create {}", lib.display()))?;
    link(&torch.join("include"), &libtorch.join("include"))?;
    for file in ["libtorch_cpu.so", "libc10.so", "libgomp.so.1"] {
        link(&torch.join("lib").join(file), &lib.join(file))?;
    }
    for (_, folder, file) in CUDA_STUBS {
        link(&packages.join(folder).join(file), &lib.join(file))?;
    }
    // The wheel's own libtorch.so loads the CUDA half; this one stands for the CPU half alone.
    let mut gcc = command("gcc");
    gcc.args(["-shared", "-fPIC", "-x", "c", "/dev/null", "-o"]).arg(lib.join("libtorch.so"));
    gcc.args(["-Wl,-soname,libtorch.so", "-Wl,--no-as-needed"]).arg(format!("-L{}", lib.display()));
    gcc.args(["-ltorch_cpu", "-lc10", "-Wl,-rpath,$ORIGIN", "-Wl,--allow-shlib-undefined"]);
    gcc.run("gcc is needed to link libtorch.so")?;
    // 1.15 GB that nobody loads.
    for entry in std::fs::read_dir(torch.join("lib"))? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libtorch_cuda")) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn site_packages(venv: &Path) -> Result<PathBuf> {
    for entry in std::fs::read_dir(venv.join("lib"))? {
        let packages = entry?.path().join("site-packages");
        if packages.join("torch").exists() {
            return Ok(packages);
        }
    }
    bail!("no torch in {}", venv.display())
}

fn link(from: &Path, to: &Path) -> Result<()> {
    ensure!(from.exists(), "{} is missing: has the wheel another layout?", from.display());
    if to.is_symlink() {
        std::fs::remove_file(to)?;
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(from, to).with_context(|| format!("cannot link {}", to.display()))?;
    Ok(())
}

/// A command that prints to the standard error: the standard output is reserved for the lines that the shell evaluates.
fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdout(Stdio::from(std::io::stderr()));
    command
}

trait Run {
    fn run(&mut self, what: &'static str) -> Result<()>;
}

impl Run for Command {
    fn run(&mut self, what: &'static str) -> Result<()> {
        succeed(self).context(what)
    }
}
