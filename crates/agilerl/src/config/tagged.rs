//! Tables whose `kind` says which settings they hold, such as `[algorithm]`.
//!
//! serde reads such a table into a buffer until it has found the kind, and loses the places of its keys. They are found
//! again here, so that an error names the line.

use serde::Deserialize as _;
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use crate::config::run_config::RunConfig;

/// The key that names the kind.
pub(crate) const KIND: &str = "kind";

/// The tables with a `kind`, by their paths.
pub(crate) const TAGGED: [&[&str]; 2] = [&["algorithm"], &["evolution", "selection"]];
/// The list of tables with a `kind`.
pub(crate) const TAGGED_LIST: &[&str] = &["wrappers"];

pub(crate) fn read(text: &str) -> Result<RunConfig, Error> {
    read_document(DeTable::parse(text)?)
}

fn read_document(document: Spanned<DeTable<'_>>) -> Result<RunConfig, Error> {
    RunConfig::deserialize(Deserializer::from(document))
}

/// The byte of the text where the mistake is that an error of [`read`] speaks of.
pub(crate) fn offset_of(error: &Error, text: &str) -> usize {
    let found = DeTable::parse(text).ok().and_then(|document| culprit(error.message(), &document));
    let offset = found.or_else(|| Some(error.span()?.start)).unwrap_or(0);
    offset.min(text.len())
}

/// A step from a table or list to something in it.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Place(usize),
}

/// The start of the innermost key in a tagged table without which the error would be another one.
fn culprit(message: &str, document: &Spanned<DeTable<'_>>) -> Option<usize> {
    for table in TAGGED.into_iter().chain([TAGGED_LIST]) {
        let (last, path) = table.split_last()?;
        let mut path: Vec<Step<'_>> = path.iter().map(|key| Step::Key(key)).collect();
        if !is_culprit(message, document, &path, Step::Key(last)) {
            continue;
        }
        path.push(Step::Key(last));
        let mut found = None;
        while let Some((step, start)) = deeper(message, document, &path) {
            path.push(step);
            found = Some(start);
        }
        return found;
    }
    None
}

/// Whether the error would be another one without this entry of a table or list.
fn is_culprit(message: &str, document: &Spanned<DeTable<'_>>, path: &[Step<'_>], entry: Step<'_>) -> bool {
    let mut without = document.clone();
    remove(without.get_mut(), path, entry);
    read_document(without).err().is_none_or(|error| error.message() != message)
}

/// The step from a table or list to the entry without which the error would be another one, and the start of that entry.
fn deeper<'a>(message: &str, document: &'a Spanned<DeTable<'_>>, path: &[Step<'_>]) -> Option<(Step<'a>, usize)> {
    let mut entries: Vec<(Step<'a>, usize)> = Vec::new();
    match at(document.get_ref(), path)? {
        DeValue::Table(table) => {
            // Without its kind a table has another error in any case; an error of the kind itself has its place.
            let keys = table.keys().filter(|key| key.get_ref() != KIND);
            entries.extend(keys.map(|key| (Step::Key(key.get_ref().as_ref()), key.span().start)));
        }
        DeValue::Array(list) => {
            entries.extend(list.iter().enumerate().map(|(place, entry)| (Step::Place(place), entry.span().start)));
        }
        _ => {}
    }
    entries.into_iter().find(|(step, _)| is_culprit(message, document, path, *step))
}

fn at<'a, 'i>(document: &'a DeTable<'i>, path: &[Step<'_>]) -> Option<&'a DeValue<'i>> {
    let (first, rest) = path.split_first()?;
    let Step::Key(key) = first else { return None };
    let mut value = document.get(*key)?.get_ref();
    for step in rest {
        value = match (value, step) {
            (DeValue::Table(table), Step::Key(key)) => table.get(*key)?.get_ref(),
            (DeValue::Array(list), Step::Place(place)) => list.get(*place)?.get_ref(),
            _ => return None,
        };
    }
    Some(value)
}

fn remove(document: &mut DeTable<'_>, path: &[Step<'_>], last: Step<'_>) {
    let Some((Step::Key(first), rest)) = path.split_first() else {
        if let Step::Key(key) = last {
            document.remove(key);
        }
        return;
    };
    let Some(mut value) = document.get_mut(*first).map(Spanned::get_mut) else { return };
    for step in rest {
        let inner = match (value, step) {
            (DeValue::Table(table), Step::Key(key)) => table.get_mut(*key),
            (DeValue::Array(list), Step::Place(place)) => list.get_mut(*place),
            _ => None,
        };
        let Some(inner) = inner else { return };
        value = inner.get_mut();
    }
    match (value, last) {
        (DeValue::Table(table), Step::Key(key)) => drop(table.remove(key)),
        (DeValue::Array(list), Step::Place(place)) => {
            let others = list.iter().enumerate().filter(|(other, _)| *other != place);
            *list = others.map(|(_, entry)| entry.clone()).collect();
        }
        _ => {}
    }
}

/// The first of the tagged tables that has no kind.
pub(crate) fn untagged(text: &str) -> Option<&'static [&'static str]> {
    let document = DeTable::parse(text).ok()?;
    TAGGED.into_iter().find(|path| {
        let steps: Vec<Step<'_>> = path.iter().map(|key| Step::Key(key)).collect();
        matches!(at(document.get_ref(), &steps), Some(DeValue::Table(table)) if table.get(KIND).is_none())
    })
}

/// The kinds that a tagged table, or a table of a tagged list, can have by the schema.
pub(crate) fn kinds(schema: &Json, path: &[&str]) -> Vec<String> {
    let mut table = schema;
    for key in path {
        table = resolve(table, schema).pointer(&format!("/properties/{key}")).unwrap_or(&Json::Null);
    }
    let table = resolve(table, schema);
    let table = table.get("items").map_or(table, |items| resolve(items, schema));
    let variants = table.get("oneOf").and_then(Json::as_array);
    let kind = |variant: &Json| Some(variant.pointer("/properties/kind/const")?.as_str()?.to_owned());
    variants.into_iter().flatten().filter_map(kind).collect()
}

/// The schema of a table: where its kind decides, the one of its kind.
pub(crate) fn variant<'a>(schema: &'a Json, table: &toml::Table) -> &'a Json {
    let kind = table.get(KIND).and_then(toml::Value::as_str);
    let variants = schema.get("oneOf").and_then(Json::as_array);
    let mut variants = variants.into_iter().flatten();
    let is_its = |variant: &&Json| variant.pointer("/properties/kind/const").and_then(Json::as_str) == kind;
    variants.find(is_its).unwrap_or(schema)
}

/// The definition that a schema refers to.
pub(crate) fn resolve<'a>(schema: &'a Json, root: &'a Json) -> &'a Json {
    let reference = schema.get("$ref").and_then(Json::as_str).and_then(|path| path.strip_prefix('#'));
    reference.and_then(|path| root.pointer(path)).unwrap_or(schema)
}
