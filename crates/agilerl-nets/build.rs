//! Checks the version of LibTorch for the feature `tch` before its bindings are compiled, which takes minutes.

use std::path::Path;

/// The only version that burn 0.22's bindings support.
const WANTED: &str = "2.9.0";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for variable in ["LIBTORCH", "LIBTORCH_USE_PYTORCH", "LIBTORCH_BYPASS_VERSION_CHECK"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let is_set = |name: &str| std::env::var_os(name).is_some();
    if !is_set("CARGO_FEATURE_TCH") || is_set("LIBTORCH_USE_PYTORCH") || is_set("DOCS_RS") {
        return;
    }
    let cure = "`cargo xtask libtorch` installs it and prints the variables to export";
    let Some(folder) = std::env::var_os("LIBTORCH") else {
        println!(
            "cargo::warning=feature `tch` needs LibTorch {WANTED}, and LIBTORCH is not set: its bindings try to download it; {cure}"
        );
        return;
    };
    let folder = Path::new(&folder);
    if !folder.join("lib").exists() {
        println!(
            "cargo::error=LIBTORCH is {}, which has no folder lib; LibTorch {WANTED} is needed: {cure}",
            folder.display()
        );
        return;
    }
    let Ok(version) = std::fs::read_to_string(folder.join("build-version")) else { return };
    let version = version.trim();
    let fits = version == WANTED || version.starts_with(&format!("{WANTED}+"));
    if !fits && !is_set("LIBTORCH_BYPASS_VERSION_CHECK") {
        println!(
            "cargo::error=LIBTORCH is {}, version {version}, but burn 0.22 needs LibTorch {WANTED}: {cure}",
            folder.display()
        );
    }
}
