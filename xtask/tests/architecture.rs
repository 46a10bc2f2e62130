//! What `ARCHITECTURE.md` says is not there, is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use proc_macro2::{TokenStream, TokenTree};
use serde::Deserialize;

/// The crates that know nothing of each other.
const LEAVES: [&str; 4] = ["agilerl-env", "agilerl-buffer", "agilerl-nets", "agilerl-hpo"];

#[test]
fn env_buffer_and_hpo_build_without_burn() {
    for name in ["agilerl-env", "agilerl-buffer", "agilerl-hpo"] {
        let burn: Vec<_> = dependency_tree(name).into_iter().filter(|package| is_burn(package)).collect();
        assert!(burn.is_empty(), "{name} depends on {burn:?}");
    }
}

#[test]
fn xtask_links_neither_burn_nor_a_crate_of_the_workspace() {
    let linked: Vec<_> =
        dependency_tree("xtask").into_iter().filter(|package| is_burn(package) || is_ours(package)).collect();
    assert!(linked.is_empty(), "xtask depends on {linked:?}");
}

#[test]
fn the_leaves_are_strangers_to_each_other() {
    for package in packages().into_iter().filter(|package| LEAVES.contains(&package.name.as_str())) {
        // Of every kind: a test that needs a sibling belongs above both.
        let siblings: Vec<_> = package.dependencies.iter().filter(|dependency| is_ours(&dependency.name)).collect();
        assert!(siblings.is_empty(), "{} depends on {siblings:?}", package.name);
    }
}

#[test]
fn nothing_but_the_facade_and_xtask_stands_above_the_algorithms() {
    for package in packages().into_iter().filter(|package| package.name != "agilerl") {
        let above = package.dependencies.iter().find(|on| ["agilerl", "agilerl-algo"].contains(&on.name.as_str()));
        assert!(above.is_none(), "{} depends on {above:?}", package.name);
    }
}

#[test]
fn hpo_names_no_tensor_no_observation_no_batch_and_no_algorithm() {
    // The names of hyperparameters are data there: an individual declares them, in strings or as fields of a toy.
    let hyperparameters = ["batch_size"];
    let foreign = ["tensor", "tensors", "observation", "observations", "obs", "batch", "batches", "minibatch", "dqn"];
    let algorithms = algorithms();
    let mut found = Vec::new();
    for source in sources("agilerl-hpo") {
        for identifier in &source.identifiers {
            let words = words(&identifier.name);
            if hyperparameters.contains(&identifier.name.as_str()) {
                continue;
            }
            if words.iter().any(|word| foreign.contains(&word.as_str()) || algorithms.contains(word)) {
                found.push(source.place(identifier));
            }
        }
    }
    assert!(found.is_empty(), "foreign words in agilerl-hpo: {found:#?}");
}

#[test]
fn algorithms_never_import_each_other() {
    let algorithms = algorithms();
    let mut found = Vec::new();
    for source in sources("agilerl-algo") {
        let Some(own) = algorithms.iter().find(|algorithm| source.is_within(algorithm)) else { continue };
        for identifier in &source.identifiers {
            if identifier.name != *own && algorithms.contains(&identifier.name) {
                found.push(source.place(identifier));
            }
        }
    }
    assert!(found.is_empty(), "algorithms that name their siblings: {found:#?}");
}

#[test]
fn backends_are_named_in_one_file() {
    // Deprecated ones end with burn 0.22: one file is what has to change then.
    let backends = ["flex", "ndarray", "libtorch", "tch", "wgpu", "webgpu", "vulkan", "metal", "cuda", "rocm"];
    let mut files = BTreeMap::<PathBuf, Vec<String>>::new();
    for source in all_sources() {
        for identifier in &source.identifiers {
            let whole = identifier.name.replace('_', "").to_lowercase();
            if backends.contains(&whole.as_str())
                || words(&identifier.name).iter().any(|word| backends.contains(&word.as_str()))
            {
                files.entry(source.path.clone()).or_default().push(source.place(identifier));
            }
        }
    }
    assert!(files.len() <= 1, "burn's backends are named in {} files: {files:#?}", files.len());
}

#[test]
fn every_kernel_takes_the_vectors_that_one_file_chooses() {
    // Otherwise a test that forces a width would not force it there.
    let mut files = BTreeSet::new();
    for source in all_sources().into_iter().filter(|source| source.path.starts_with("crates/agilerl-nets")) {
        if source.identifiers.windows(2).any(|pair| [&pair[0].name, &pair[1].name] == ["Arch", "new"]) {
            files.insert(source.path);
        }
    }
    assert_eq!(files, [PathBuf::from("crates/agilerl-nets/src/vectors.rs")].into(), "pulp's `Arch::new`");
}

#[test]
fn draws_and_clocks_are_arguments() {
    // The trainer tells its observers how long a run has lasted, and they write it into logs, where nothing reads it.
    let for_logs =
        ["trainer.rs", "console.rs", "json_lines.rs"].map(|file| Path::new("crates/agilerl-hpo/src").join(file));
    let may_ask_the_time = |source: &Source| for_logs.contains(&source.path);
    let mut found = Vec::new();
    for source in all_sources() {
        for (index, identifier) in source.identifiers.iter().enumerate() {
            let after = source.identifiers.get(index + 1).map_or("", |next| next.name.as_str());
            let forbidden = match (identifier.name.as_str(), after) {
                ("thread_rng" | "ThreadRng" | "SysRng" | "OsRng" | "from_os_rng" | "make_rng", _) => true,
                // burn's generators are global to the process: what they draw depends on who drew before.
                ("Tensor", "random") => true,
                ("SystemTime" | "Instant", "now") => !may_ask_the_time(&source),
                _ => false,
            };
            if forbidden {
                found.push(source.place(identifier));
            }
        }
    }
    assert!(found.is_empty(), "ambient randomness or time: {found:#?}");
}

#[test]
fn every_crate_says_first_what_it_does_not_know() {
    let absence = ["no", "not", "never", "nothing", "neither"];
    let mut silent = Vec::new();
    for name in crates() {
        let text = std::fs::read_to_string(folder(&name).join("src/lib.rs")).unwrap();
        let lines = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
        let paragraph = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        if !paragraph.split(|letter: char| !letter.is_alphabetic()).any(|word| absence.contains(&word)) {
            silent.push((name, paragraph));
        }
    }
    assert!(silent.is_empty(), "first paragraphs that do not say what is not there: {silent:#?}");
}

#[test]
fn every_crate_has_a_readme_and_a_place_in_the_architecture() {
    let architecture = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let crates = crates();
    let without_readme: Vec<_> = crates.iter().filter(|name| !folder(name).join("README.md").exists()).collect();
    let unlisted: Vec<_> = crates.iter().filter(|name| !architecture.contains(&format!("| `{name}` |"))).collect();
    assert!(without_readme.is_empty(), "crates without a README.md: {without_readme:?}");
    assert!(unlisted.is_empty(), "crates that ARCHITECTURE.md does not list: {unlisted:?}");
}

#[test]
fn words_of_identifiers_are_told_apart() {
    assert_eq!(words("batch_size"), ["batch", "size"]);
    assert_eq!(words("NumEnvSteps"), ["num", "env", "steps"]);
    assert_eq!(words("DQN"), ["dqn"]);
    assert_eq!(words("DqnConfig2"), ["dqn", "config"]);
    assert_eq!(words("observer"), ["observer"], "which is not an observation");
}

#[test]
fn only_code_counts_as_an_identifier() {
    let source =
        Source::parse(PathBuf::new(), "/// A tensor.\nfn step() { log(\"batch_size\"); /* obs */ call!(dqn) }");
    let names: Vec<_> = source.identifiers.iter().map(|identifier| identifier.name.as_str()).collect();
    assert_eq!(names, ["fn", "step", "log", "call", "dqn"]);
    assert_eq!(source.place(source.identifiers.last().unwrap()), ":2: dqn");
}

/// A source file of a crate, reduced to what it names.
struct Source {
    path: PathBuf,
    identifiers: Vec<Identifier>,
}

struct Identifier {
    name: String,
    line: usize,
}

impl Source {
    fn parse(path: PathBuf, text: &str) -> Self {
        let tokens: TokenStream =
            text.parse().unwrap_or_else(|error| panic!("{} is not Rust: {error}", path.display()));
        let mut identifiers = Vec::new();
        collect(tokens, &mut identifiers);
        Self { path, identifiers }
    }

    /// Whether the file is `name.rs` or lies in a folder `name`.
    fn is_within(&self, name: &str) -> bool {
        self.path.with_extension("").iter().any(|part| part == name)
    }

    fn place(&self, identifier: &Identifier) -> String {
        format!("{}:{}: {}", self.path.display(), identifier.line, identifier.name)
    }
}

/// Identifiers in reading order. Comments are no tokens, and what stands in strings or docs is a literal.
fn collect(tokens: TokenStream, identifiers: &mut Vec<Identifier>) {
    let mut previous = None;
    for token in tokens {
        match token {
            // The `doc` of a doc comment is nothing that somebody wrote.
            TokenTree::Group(group) if previous == Some('#') && is_doc(group.stream()) => {}
            TokenTree::Group(group) => collect(group.stream(), identifiers),
            TokenTree::Ident(ident) => {
                let name = ident.to_string();
                let name = name.strip_prefix("r#").unwrap_or(&name).to_owned();
                identifiers.push(Identifier { name, line: ident.span().start().line });
            }
            TokenTree::Punct(punct) => {
                // `#![doc]` has a `!` between.
                if punct.as_char() != '!' {
                    previous = Some(punct.as_char());
                }
                continue;
            }
            TokenTree::Literal(_) => {}
        }
        previous = None;
    }
}

fn is_doc(attribute: TokenStream) -> bool {
    attribute.into_iter().next().is_some_and(|token| token.to_string() == "doc")
}

/// `batch_size` and `BatchSize` are both "batch" and "size".
fn words(identifier: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower_case = false;
    for letter in identifier.chars() {
        if !letter.is_alphabetic() || (letter.is_uppercase() && after_lower_case) {
            words.push(String::new());
        }
        after_lower_case = letter.is_lowercase();
        if letter.is_alphabetic() {
            words.last_mut().expect("begins with one").extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn folder(name: &str) -> PathBuf {
    root().join("crates").join(name)
}

/// All crates of the library, by their folders.
fn crates() -> Vec<String> {
    let mut crates = entries(&root().join("crates"));
    crates.retain(|path| path.join("Cargo.toml").exists());
    crates.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// The algorithms are the folders of agilerl-algo; what several share is a file beside them.
fn algorithms() -> BTreeSet<String> {
    let folders = entries(&folder("agilerl-algo").join("src")).into_iter().filter(|path| path.is_dir());
    folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

fn all_sources() -> Vec<Source> {
    crates().iter().flat_map(|name| sources(name)).collect()
}

fn sources(name: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![folder(name).join("src")];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push(Source::parse(path.strip_prefix(root()).unwrap().to_owned(), &text));
            }
        }
    }
    assert!(!found.is_empty(), "{name} has no sources");
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
}

/// The workspace's packages with what their manifests name, of every kind.
fn packages() -> Vec<Package> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    serde_json::from_str::<Metadata>(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap().packages
}

/// Names of all that a package links, itself left out.
fn dependency_tree(name: &str) -> BTreeSet<String> {
    let tree =
        cargo(&["tree", "--package", name, "--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}"]);
    tree.lines().skip(1).filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn is_burn(package: &str) -> bool {
    package == "burn" || package.starts_with("burn-")
}

fn is_ours(package: &str) -> bool {
    package == "agilerl" || package.starts_with("agilerl-")
}

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).current_dir(root()).args(arguments).output().expect("cargo starts");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
