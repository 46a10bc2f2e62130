//! The modules of a crate import in one direction.
//!
//! A node is a first-level module of `src/`: a file, a folder, or a file with the folder of the same name. `lib.rs` is
//! none: it re-exports from all, and nothing imports from it.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use source::{Source, crates, sources};

#[test]
fn the_modules_of_a_crate_import_in_one_direction() {
    let cycles: Vec<_> = crates().into_iter().flat_map(|name| Imports::of(&sources(&name)).cycles()).collect();
    assert!(cycles.is_empty(), "modules that import each other:\n{}", cycles.join("\n"));
}

#[test]
fn modules_import_from_the_module_that_defines_a_thing() {
    let through_root: Vec<_> =
        crates().into_iter().flat_map(|name| Imports::of(&sources(&name)).through_root).collect();
    assert!(through_root.is_empty(), "imports through the root of the crate:\n{}", through_root.join("\n"));
}

#[test]
fn a_cycle_is_reported_by_its_files() {
    let tree = [
        ("src/lib.rs", "mod error; mod host; mod morph; mod spec; pub use host::infer::HostNet;"),
        ("src/error.rs", "pub enum Error {}"),
        ("src/spec/net.rs", "use crate::error::Error;\nfn of(x: crate::host::infer::HostNet) {}"),
        ("src/host/infer.rs", "use crate::{error::Error, morph::net::{NetMorph, Other}};"),
        ("src/morph.rs", "use super::spec;"),
        ("src/morph/net.rs", "use super::head::Head; use crate::morph::Morph; use super::super::error::Error;"),
    ];
    let cycles = imports(&tree).cycles();
    let expected = "host -> morph -> spec -> host\n  \
                    src/host/infer.rs:1 imports morph\n  \
                    src/morph.rs:1 imports spec\n  \
                    src/spec/net.rs:2 imports host";
    assert_eq!(cycles, [expected]);
    assert_eq!(imports(&tree[..4]).cycles(), [""; 0], "without morph's sources there is a way out");
}

#[test]
fn an_import_through_the_root_is_reported() {
    let tree = [
        ("src/lib.rs", "mod a; pub use a::Thing; fn f() { crate::Thing }"),
        ("src/a.rs", "use crate::a::Thing; use crate::Thing;\nfn f() { let x = super::Thing; }"),
        ("src/a/b.rs", "use super::Thing;\nuse super::super::*; pub(crate) struct B; pub(in crate::a) struct C;"),
    ];
    let expected = ["src/a.rs:1: Thing", "src/a.rs:2: Thing", "src/a/b.rs:2: *"];
    assert_eq!(imports(&tree).through_root, expected);
}

#[test]
fn tests_and_macros_may_use_what_they_like() {
    let tree = [
        ("src/lib.rs", "mod a; #[macro_use] mod b; #[cfg(test)] mod c;"),
        ("src/a.rs", "use crate::each; fn f() { crate::each!(x); } #[cfg(test)] mod tests { use crate::b::B; }"),
        ("src/b.rs", "use crate::a::A; macro_rules! each { () => { $crate::A } } #[cfg(test)] use crate::Anything;"),
        ("src/c.rs", "use crate::Anything;"),
    ];
    let imports = imports(&tree);
    assert_eq!((imports.cycles(), imports.through_root), (vec![], vec![]));
}

fn imports(tree: &[(&str, &str)]) -> Imports {
    Imports::of(&tree.iter().map(|(path, text)| Source::parse(path, text)).collect::<Vec<_>>())
}

/// The imports between the first-level modules of one crate.
#[derive(Default)]
struct Imports {
    /// The modules that a module imports from, and the places where it does.
    of: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Places that import a re-export of the root.
    through_root: Vec<String>,
}

impl Imports {
    fn of(sources: &[Source]) -> Self {
        let own_paths: Vec<_> = sources.iter().map(|source| module_path(&source.path)).collect();
        let modules = own_paths.iter().filter_map(|path| path.first().cloned()).collect();
        let mut reader = Reader { modules, ..Reader::default() };
        for (source, path) in sources.iter().zip(&own_paths) {
            reader.declarations(source.tokens.clone(), path);
        }
        for (source, path) in sources.iter().zip(&own_paths) {
            if !reader.only_in_tests.iter().any(|test| path.starts_with(test)) {
                reader.file = source.path.display().to_string();
                reader.read(source.tokens.clone(), path);
            }
        }
        reader.imports
    }

    /// For each knot of modules that import each other, the shortest cycle through its first module.
    fn cycles(&self) -> Vec<String> {
        let mut reported = BTreeSet::new();
        let mut cycles = Vec::new();
        for start in self.of.keys() {
            let Some(cycle) = self.shortest_cycle(start) else { continue };
            if cycle.iter().all(|module| !reported.contains(module)) {
                let mut text = format!("{} -> {start}", cycle.join(" -> "));
                for (from, to) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
                    self.of[from][to].iter().for_each(|place| text += &format!("\n  {place} imports {to}"));
                }
                cycles.push(text);
            }
            reported.extend(cycle);
        }
        cycles
    }

    /// The modules from `start` around to the one that imports it.
    fn shortest_cycle(&self, start: &str) -> Option<Vec<String>> {
        let mut ways = std::collections::VecDeque::from([vec![start.to_owned()]]);
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            for next in self.of.get(way.last()?).into_iter().flat_map(BTreeMap::keys) {
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    ways.push_back([&way[..], std::slice::from_ref(next)].concat());
                }
            }
        }
        None
    }
}

/// `crates/x/src/a/b.rs` is the module `a::b`; `src/lib.rs` is the root.
fn module_path(path: &Path) -> Vec<String> {
    let parts = path.with_extension("");
    let parts = parts.iter().map(|part| part.to_str().unwrap().to_owned());
    let mut parts: Vec<_> = parts.skip_while(|part| part != "src").skip(1).collect();
    if parts == ["lib"] || parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

#[derive(Default)]
struct Reader {
    modules: BTreeSet<String>,
    macros: BTreeSet<String>,
    /// Modules with files of their own, declared under `#[cfg(test)]`.
    only_in_tests: Vec<Vec<String>>,
    file: String,
    imports: Imports,
}

impl Reader {
    /// Collects the macros and the modules that only tests compile.
    fn declarations(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            let name = |offset: usize| tokens.get(index + offset).map(ToString::to_string);
            match token {
                TokenTree::Group(group) if is_cfg_test(group) && name(1).is_some_and(|next| next == "mod") => {
                    self.only_in_tests.push([module, &[name(2).unwrap()]].concat());
                }
                TokenTree::Ident(ident) if ident == "macro_rules" => self.macros.extend(name(2)),
                _ => {}
            }
        }
    }

    fn read(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut index = 0;
        while let Some(token) = tokens.get(index) {
            index += 1;
            match token {
                TokenTree::Group(group) if is_cfg_test(group) => index = end_of_item(&tokens, index),
                TokenTree::Group(group) => {
                    let before = |back: usize| index.checked_sub(back).map(|at| tokens[at].to_string());
                    match (before(3).as_deref(), before(2)) {
                        // A module in the same file.
                        (Some("mod"), Some(name)) => self.read(group.stream(), &[module, &[name]].concat()),
                        _ => self.read(group.stream(), module),
                    }
                }
                TokenTree::Ident(ident) if ident == "crate" || ident == "super" => {
                    // A macro may expand in another crate, which sees only the root.
                    let in_macro = index >= 2 && is_punct(&tokens[index - 2], '$');
                    let restricts = index >= 2 && tokens[index - 2].to_string() == "in";
                    if !in_macro && !restricts && is_path(&tokens, index) {
                        let start = if ident == "crate" { &[] } else { &module[..module.len().saturating_sub(1)] };
                        index = self.path(&tokens, index + 2, start, module);
                    }
                }
                _ => {}
            }
        }
    }

    /// Follows a path whose first part is the module `at`, and returns the index at which it stops.
    fn path(&mut self, tokens: &[TokenTree], mut index: usize, at: &[String], module: &[String]) -> usize {
        let mut at = at.to_vec();
        while tokens.get(index).is_some_and(|token| token.to_string() == "super") && is_path(tokens, index + 1) {
            at.pop();
            index += 3;
        }
        match tokens.get(index) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                for part in inner.split(|token| is_punct(token, ',')).filter(|part| !part.is_empty()) {
                    self.path(part, 0, &at, module);
                }
            }
            Some(token) => {
                // Imports within a first-level module are not checked.
                let is_macro = tokens.get(index + 1).is_some_and(|next| is_punct(next, '!'));
                let name = token.to_string();
                if at.is_empty() && !is_macro && !self.macros.contains(&name) {
                    self.import(&name, token.span().start().line, module);
                }
            }
            None => {}
        }
        index
    }

    fn import(&mut self, name: &str, line: usize, module: &[String]) {
        // The root may re-export from everywhere.
        let Some(own) = module.first() else { return };
        if !self.modules.contains(name) {
            self.imports.through_root.push(format!("{}:{line}: {name}", self.file));
        } else if name != own {
            let places = self.imports.of.entry(own.clone()).or_default().entry(name.to_owned()).or_default();
            places.push(format!("{}:{line}", self.file));
        }
    }
}

/// Whether `::` stands at `index`.
fn is_path(tokens: &[TokenTree], index: usize) -> bool {
    matches!(tokens.get(index..index + 2), Some([a, b]) if is_punct(a, ':') && is_punct(b, ':'))
}

fn is_punct(token: &TokenTree, letter: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == letter)
}

/// Whether this is the bracket of `#[cfg(test)]`.
fn is_cfg_test(group: &proc_macro2::Group) -> bool {
    group.delimiter() == Delimiter::Bracket && group.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// The index behind the item that begins at `index`: attributes, then tokens up to a block or a semicolon.
fn end_of_item(tokens: &[TokenTree], index: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(token, ';'),
    };
    // A `use` ends with its semicolon, whatever braces it has.
    let is_use = tokens[index..].iter().take(3).any(|token| token.to_string() == "use");
    let ends = |token: &&TokenTree| if is_use { is_punct(token, ';') } else { ends(token) };
    tokens[index..].iter().position(|token| ends(&token)).map_or(tokens.len(), |end| index + end + 1)
}
