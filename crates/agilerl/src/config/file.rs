//! Settings as a TOML file.

use std::path::Path;

use schemars::schema_for;
use serde_json::Value as Json;
use toml::{Table, Value};

use crate::config::names::{moved, nearest, type_in_words};
use crate::config::run_config::RunConfig;
use crate::config::tagged::{KIND, TAGGED, TAGGED_LIST, kinds, offset_of, read, resolve, untagged, variant};
use crate::error::Error;

/// Columns of a comment.
const WIDTH: usize = 100;

impl RunConfig {
    /// Reads a configuration file. Settings that it leaves out have their defaults.
    ///
    /// # Errors
    /// If the file cannot be read, [`Error::ConfigFile`] if it cannot be understood, or an error of
    /// [`validate`](RunConfig::validate).
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let config = Self::from_toml(&text, &path.display().to_string())?;
        config.validate()?;
        Ok(config)
    }

    /// Reads the text of a configuration file; `file` is its name, for errors.
    ///
    /// ```
    /// use agilerl::RunConfig;
    ///
    /// let mut config = RunConfig::from_toml("population = 8\n[algorithm]\nkind = 'dqn'\nlr = 3e-4\n", "run.toml")?;
    /// assert_eq!((config.population, config.dqn().lr), (8, 3e-4));
    /// let error = RunConfig::from_toml("[algorithm]\nkind = 'dqn'\nlearnstep = 4\n", "run.toml").unwrap_err();
    /// assert!(error.to_string().starts_with("run.toml, line 3: unknown key `learnstep`; did you mean `learn_step`?"));
    /// # Ok::<(), agilerl::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ConfigFile`] with the line and its content; for an unknown key, the most similar known one.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Error> {
        read(text).map_err(|error| {
            let before = text.get(..offset_of(&error, text)).unwrap_or("");
            let line = before.matches('\n').count();
            let source_line = text.lines().nth(line).unwrap_or("").trim();
            let message = format!("{} (`{source_line}`)", in_words(error.message(), text));
            Error::ConfigFile { file: file.to_owned(), line: line + 1, message }
        })
    }

    /// Returns the text of a configuration file with all settings, each below its description. Reading it gives this
    /// configuration.
    ///
    /// # Panics
    /// If a number is too large for TOML, which [`validate`](RunConfig::validate) finds.
    pub fn to_toml(&self) -> String {
        let table = Table::try_from(self).expect("settings have text keys, and numbers that TOML knows");
        let schema = Self::schema();
        let mut text = String::new();
        write_table(&mut text, "", &table, &schema, &schema);
        text
    }

    /// Returns the JSON schema of a configuration file.
    pub fn schema() -> Json {
        schema_for!(Self).to_value()
    }
}

/// Rewords an error of serde for the author of the file.
fn in_words(message: &str, text: &str) -> String {
    let message = message.trim();
    if let Some(message) = unknown_key(message).or_else(|| unknown_kind(message)) {
        return message;
    }
    if message == format!("missing field `{KIND}`")
        && let Some(table) = untagged(text)
    {
        let known = kinds(&RunConfig::schema(), table).join(", ");
        return format!("[{}] needs a `{KIND}`; known are: {known}", table.join("."));
    }
    match message.split_once(", expected ") {
        Some((found, expected)) if message.starts_with("invalid ") => {
            format!("{found}, expected {}", type_in_words(expected))
        }
        _ => message.to_owned(),
    }
}

fn unknown_key(message: &str) -> Option<String> {
    let (key, known) = unknown(message, "unknown field ")?;
    if let Some(place) = moved(key) {
        return Some(format!("unknown key `{key}`: {place}"));
    }
    let advice = nearest(key, &known).map_or_else(|| ".".to_owned(), |nearest| format!("; did you mean {nearest}?"));
    Some(format!("unknown key `{key}`{advice} Known here: {}", known.join(", ")))
}

/// Rewords an unknown `kind`; an unknown word of another setting stays.
fn unknown_kind(message: &str) -> Option<String> {
    let (kind, known) = unknown(message, "unknown variant ")?;
    let schema = RunConfig::schema();
    let is_kind = TAGGED.into_iter().chain([TAGGED_LIST]).any(|table| kinds(&schema, table) == known);
    is_kind.then(|| format!("unknown {KIND} `{kind}`; known are: {}", known.join(", ")))
}

/// The name that is unknown, and the known ones: serde puts each in backquotes.
fn unknown<'a>(message: &'a str, start: &str) -> Option<(&'a str, Vec<&'a str>)> {
    let mut quoted = message.strip_prefix(start)?.split('`').skip(1).step_by(2);
    Some((quoted.next()?, quoted.collect()))
}

/// Writes the settings of a table, then the tables inside, all in the order of the schema.
fn write_table(text: &mut String, path: &str, table: &Table, schema: &Json, root: &Json) {
    let schema = variant(resolve(schema, root), table);
    let properties = schema.get("properties").and_then(Json::as_object).cloned().unwrap_or_default();
    let described = properties.keys().filter(|key| table.contains_key(*key));
    let others = table.keys().filter(|key| !properties.contains_key(*key));
    let keys: Vec<&String> = described.chain(others).collect();
    // A map has one schema for all its values.
    let others_schema = schema.get("additionalProperties").cloned().unwrap_or_default();
    if let Some(kind) = table.get(KIND) {
        comment(text, schema, root);
        text.push_str(&format!("{KIND} = {kind}\n"));
    }
    for key in keys.iter().filter(|key| !table[**key].is_table() && **key != KIND) {
        let property = properties.get(*key).unwrap_or(&others_schema);
        comment(text, property, root);
        text.push_str(&format!("{key} = {}\n", number(&table[*key], property)));
    }
    for key in keys {
        if let Value::Table(inner) = &table[key] {
            let property = properties.get(key).unwrap_or(&others_schema);
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            text.push('\n');
            comment(text, property, root);
            text.push_str(&format!("[{path}]\n"));
            write_table(text, &path, inner, property, root);
        }
    }
}

/// Writes the description of a setting, or of its type if the setting has none.
fn comment(text: &mut String, property: &Json, root: &Json) {
    let own = property.get("description");
    let description = own.or_else(|| resolve(property, root).get("description")).and_then(Json::as_str);
    let Some(description) = description else { return };
    let mut line = "#".to_owned();
    for word in description.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = "#".to_owned();
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

/// A value as TOML writes it; a number of 32 bits with its own digits, and not with those of the nearest f64.
fn number(value: &Value, property: &Json) -> String {
    match (value, property.get("format").and_then(Json::as_str)) {
        (Value::Float(value), Some("float")) => format!("{:?}", *value as f32),
        _ => value.to_string(),
    }
}
