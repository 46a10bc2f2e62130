//! The sources of the workspace's crates as tokens, so that neither comments nor strings count as code.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;

/// One file.
pub(crate) struct Source {
    /// From the root of the workspace.
    pub(crate) path: PathBuf,
    pub(crate) tokens: TokenStream,
}

impl Source {
    pub(crate) fn parse(path: impl Into<PathBuf>, text: &str) -> Self {
        let path = path.into();
        let tokens = text.parse().unwrap_or_else(|error| panic!("{} is not Rust: {error}", path.display()));
        Self { path, tokens }
    }
}

/// All files in the `src` folder of a crate.
pub(crate) fn sources(name: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![folder(name).join("src")];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push(Source::parse(path.strip_prefix(root()).unwrap(), &text));
            }
        }
    }
    assert!(!found.is_empty(), "{name} has no sources");
    found
}

/// The crates of the library, named as their folders.
pub(crate) fn crates() -> Vec<String> {
    let mut crates = entries(&root().join("crates"));
    crates.retain(|path| path.join("Cargo.toml").exists());
    crates.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

pub(crate) fn folder(name: &str) -> PathBuf {
    root().join("crates").join(name)
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The paths in a folder, sorted.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
