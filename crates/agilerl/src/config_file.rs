//! Settings as a TOML file.

use std::path::Path;

use schemars::schema_for;
use serde_json::Value as Json;
use toml::{Table, Value};

use crate::setting_names::{meant, type_in_words};
use crate::{Error, RunConfig};

/// Columns of a comment.
const WIDTH: usize = 100;

impl RunConfig {
    /// Reads a configuration file. What it leaves out has its default.
    ///
    /// # Errors
    /// If the file cannot be read, [`Error::ConfigFile`] if it cannot be understood, or what
    /// [`validate`](RunConfig::validate) finds.
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
    /// let config = RunConfig::from_toml("population = 8\n[dqn]\nlr = 3e-4\n", "run.toml")?;
    /// assert_eq!((config.population, config.dqn.lr), (8, 3e-4));
    /// let error = RunConfig::from_toml("[dqn]\nlearnstep = 4\n", "run.toml").unwrap_err();
    /// assert!(error.to_string().starts_with("run.toml, line 2: unknown key `learnstep`; did you mean `learn_step`?"));
    /// # Ok::<(), agilerl::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ConfigFile`] with the line, what stands there, and for an unknown key the known one that looks most alike.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start).min(text.len());
            let before = text.get(..start).unwrap_or("");
            let line = before.matches('\n').count();
            let source_line = text.lines().nth(line).unwrap_or("").trim();
            let message = format!("{} (`{source_line}`)", in_words(error.message()));
            Error::ConfigFile { file: file.to_owned(), line: line + 1, message }
        })
    }

    /// The text of a configuration file with all settings, each under its description. Read back, it is this
    /// configuration.
    ///
    /// # Panics
    /// If a number is too large for TOML, which [`validate`](RunConfig::validate) tells.
    pub fn to_toml(&self) -> String {
        let table = Table::try_from(self).expect("settings have text keys, and numbers that TOML knows");
        let schema = Self::schema();
        let mut text = String::new();
        write_table(&mut text, "", &table, &schema, &schema);
        text
    }

    /// The JSON schema of a configuration file.
    pub fn schema() -> Json {
        schema_for!(Self).to_value()
    }
}

/// What serde says, in words for who wrote the file.
fn in_words(message: &str) -> String {
    let message = message.trim();
    if let Some(message) = unknown_key(message) {
        return message;
    }
    match message.split_once(", expected ") {
        Some((found, expected)) if message.starts_with("invalid ") => {
            format!("{found}, expected {}", type_in_words(expected))
        }
        _ => message.to_owned(),
    }
}

fn unknown_key(message: &str) -> Option<String> {
    let mut quoted = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    let key = quoted.next()?;
    let known: Vec<&str> = quoted.collect();
    let meant = meant(key, &known).map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
    let stop = if meant.is_empty() { "." } else { "" };
    Some(format!("unknown key `{key}`{meant}{stop} Known here: {}", known.join(", ")))
}

/// Settings first, then the tables inside, all in the order of the schema.
fn write_table(text: &mut String, path: &str, table: &Table, schema: &Json, root: &Json) {
    let schema = resolve(schema, root);
    let properties = schema.get("properties").and_then(Json::as_object).cloned().unwrap_or_default();
    let described = properties.keys().filter(|key| table.contains_key(*key));
    let others = table.keys().filter(|key| !properties.contains_key(*key));
    let keys: Vec<&String> = described.chain(others).collect();
    // A map has one schema for all of its values.
    let others_schema = schema.get("additionalProperties").cloned().unwrap_or_default();
    for key in keys.iter().filter(|key| !table[**key].is_table()) {
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

/// The description of a setting, and of the type that it has if that says more.
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

/// A value as TOML writes it; a number of 32 bits with the digits that it has.
fn number(value: &Value, property: &Json) -> String {
    match (value, property.get("format").and_then(Json::as_str)) {
        (Value::Float(value), Some("float")) => format!("{:?}", *value as f32),
        _ => value.to_string(),
    }
}

/// The definition that a schema refers to.
fn resolve<'a>(schema: &'a Json, root: &'a Json) -> &'a Json {
    let reference = schema.get("$ref").and_then(Json::as_str).and_then(|path| path.strip_prefix('#'));
    reference.and_then(|path| root.pointer(path)).unwrap_or(schema)
}
