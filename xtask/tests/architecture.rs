//! Checks the rules of `ARCHITECTURE.md`: the dependencies of the crates, and names that a crate must not use.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use proc_macro2::{TokenStream, TokenTree};
use serde::Deserialize;

use source::{Source, crates, entries, folder, root, sources};

/// Each crate of the library with the crates of the workspace that it may depend on, from the bottom up.
const GRAPH: [(&str, &[&str]); 7] = [
    ("agilerl-storage", &[]),
    ("agilerl-env", &[]),
    ("agilerl-buffer", &[]),
    ("agilerl-nets", &[]),
    ("agilerl-hpo", &["agilerl-storage"]),
    ("agilerl-algo", &["agilerl-storage", "agilerl-env", "agilerl-buffer", "agilerl-nets", "agilerl-hpo"]),
    ("agilerl", &["agilerl-storage", "agilerl-env", "agilerl-buffer", "agilerl-nets", "agilerl-hpo", "agilerl-algo"]),
];

/// Members of the workspace that are not published and may depend on all of it.
const BESIDE: [&str; 1] = ["agilerl-bench"];

#[test]
fn crates_depend_on_what_is_below_them() {
    let graph = BTreeMap::from(GRAPH);
    for package in packages().into_iter().filter(|package| !BESIDE.contains(&package.name.as_str())) {
        let allowed = if package.name == "xtask" { &[][..] } else { graph[package.name.as_str()] };
        // Of every kind: a test that needs a sibling belongs above both.
        let ours = package.dependencies.iter().map(|on| on.name.as_str()).filter(|name| is_ours(name));
        let foreign: Vec<_> = ours.filter(|name| !allowed.contains(name)).collect();
        assert!(foreign.is_empty(), "{} depends on {foreign:?}", package.name);
    }
}

#[test]
fn what_computes_nothing_builds_without_burn() {
    for name in ["agilerl-storage", "agilerl-env", "agilerl-buffer", "agilerl-hpo", "xtask"] {
        if name == "xtask" || folder(name).exists() {
            let burn: Vec<_> = dependency_tree(&[name]).into_iter().filter(|package| is_burn(package)).collect();
            assert!(burn.is_empty(), "{name} depends on {burn:?}");
        }
    }
}

#[test]
fn the_processors_learner_builds_without_burn() {
    for package in packages().into_iter().filter(|package| package.features.contains_key("burn")) {
        let tree = dependency_tree(&[&package.name, "--no-default-features"]);
        let burn: Vec<_> = tree.into_iter().filter(|package| is_burn(package)).collect();
        assert!(burn.is_empty(), "{} --no-default-features depends on {burn:?}", package.name);
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
        for identifier in &identifiers(&source) {
            let words = words(&identifier.name);
            if hyperparameters.contains(&identifier.name.as_str()) {
                continue;
            }
            if words.iter().any(|word| foreign.contains(&word.as_str()) || algorithms.contains(word)) {
                found.push(identifier.place(&source));
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
        let Some(own) = algorithms.iter().find(|algorithm| is_within(&source.path, algorithm)) else { continue };
        for identifier in &identifiers(&source) {
            if identifier.name != *own && algorithms.contains(&identifier.name) {
                found.push(identifier.place(&source));
            }
        }
    }
    assert!(found.is_empty(), "algorithms that name their siblings: {found:#?}");
}

#[test]
fn backends_are_named_in_one_file() {
    // Deprecated backends end with burn 0.22: then one file has to change.
    let backends = ["flex", "ndarray", "libtorch", "tch", "wgpu", "webgpu", "vulkan", "metal", "cuda", "rocm"];
    let mut files = BTreeMap::<PathBuf, Vec<String>>::new();
    for source in all_sources() {
        for identifier in &identifiers(&source) {
            let whole = identifier.name.replace('_', "").to_lowercase();
            if backends.contains(&whole.as_str())
                || words(&identifier.name).iter().any(|word| backends.contains(&word.as_str()))
            {
                files.entry(source.path.clone()).or_default().push(identifier.place(&source));
            }
        }
    }
    assert!(files.len() <= 1, "burn's backends are named in {} files: {files:#?}", files.len());
}

#[test]
fn every_kernel_takes_the_vectors_that_one_file_chooses() {
    // Otherwise a test that forces a vector width would have no effect there.
    let mut files = BTreeSet::new();
    for source in all_sources().into_iter().filter(|source| source.path.starts_with("crates/agilerl-nets")) {
        if identifiers(&source).windows(2).any(|pair| [&pair[0].name, &pair[1].name] == ["Arch", "new"]) {
            files.insert(source.path);
        }
    }
    let is_the_one = files.len() == 1 && files.iter().all(|file| file.ends_with("vectors.rs"));
    assert!(is_the_one, "pulp's `Arch::new` stands in {files:?}, not in `vectors.rs` alone");
}

#[test]
fn draws_and_clocks_are_arguments() {
    // The trainer tells its observers how long a run has lasted, and they write it into logs, where nothing reads it.
    let for_logs = ["run/trainer.rs", "observers/console.rs", "observers/json_lines.rs"];
    // Where they are until the crate has folders.
    let for_logs_before = ["trainer.rs", "console.rs", "json_lines.rs"];
    let may_ask_the_time = |source: &Source| {
        let in_hpo = source.path.strip_prefix("crates/agilerl-hpo/src");
        in_hpo.is_ok_and(|path| for_logs.iter().chain(&for_logs_before).any(|file| path == Path::new(file)))
    };
    let mut found = Vec::new();
    for source in all_sources() {
        let identifiers = identifiers(&source);
        for (index, identifier) in identifiers.iter().enumerate() {
            let after = identifiers.get(index + 1).map_or("", |next| next.name.as_str());
            let forbidden = match (identifier.name.as_str(), after) {
                ("thread_rng" | "ThreadRng" | "SysRng" | "OsRng" | "from_os_rng" | "make_rng", _) => true,
                // burn's generators are global to the process: what they draw depends on who drew before.
                ("Tensor", "random") => true,
                ("SystemTime" | "Instant", "now") => !may_ask_the_time(&source),
                _ => false,
            };
            if forbidden {
                found.push(identifier.place(&source));
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
    let source = Source::parse("", "/// A tensor.\nfn step() { log(\"batch_size\"); /* obs */ call!(dqn) }");
    let identifiers = identifiers(&source);
    let names: Vec<_> = identifiers.iter().map(|identifier| identifier.name.as_str()).collect();
    assert_eq!(names, ["fn", "step", "log", "call", "dqn"]);
    assert_eq!(identifiers.last().unwrap().place(&source), ":2: dqn");
}

struct Identifier {
    name: String,
    line: usize,
}

impl Identifier {
    fn place(&self, source: &Source) -> String {
        format!("{}:{}: {}", source.path.display(), self.line, self.name)
    }
}

fn identifiers(source: &Source) -> Vec<Identifier> {
    let mut identifiers = Vec::new();
    collect(source.tokens.clone(), &mut identifiers);
    identifiers
}

/// Whether the file is `name.rs` or lies in a folder `name`.
fn is_within(path: &Path, name: &str) -> bool {
    path.with_extension("").iter().any(|part| part == name)
}

/// Identifiers in reading order. Comments are no tokens, and what stands in strings or docs is a literal.
fn collect(tokens: TokenStream, identifiers: &mut Vec<Identifier>) {
    let mut previous = None;
    for token in tokens {
        match token {
            // The `doc` attribute of a doc comment does not occur in the text.
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

/// The algorithms, named as the folders in `algorithms/`.
fn algorithms() -> BTreeSet<String> {
    let src = folder("agilerl-algo").join("src");
    // Until there is that folder, each folder of the crate but one.
    let (parent, not_one) = if src.join("algorithms").exists() { ("algorithms", "") } else { ("", "off_policy") };
    let folders = entries(&src.join(parent)).into_iter().filter(|path| path.is_dir());
    let mut names: BTreeSet<_> = folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.remove(not_one);
    names
}

fn all_sources() -> Vec<Source> {
    crates().iter().flat_map(|name| sources(name)).collect()
}

#[derive(Deserialize)]
struct Package {
    name: String,
    features: BTreeMap<String, Vec<String>>,
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

/// Names of all that a package links, itself left out. `selection` is its name and further arguments for cargo.
fn dependency_tree(selection: &[&str]) -> BTreeSet<String> {
    let format = ["--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}"];
    let tree = cargo(&[&["tree", "--package"], selection, &format].concat());
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
