//! A setting that can be switched off, in a format that has no null.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// How the setting is written: a number, or the word "none". JSON's null is read too.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum NumberOrNone {
    /// The number.
    Number(f64),
    /// "none"
    Word(String),
    /// JSON's null.
    Null(()),
}

pub(crate) fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(number) => serializer.serialize_f64(*number),
        None => serializer.serialize_str("none"),
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    match NumberOrNone::deserialize(deserializer).map_err(|_| Error::custom("expected a number or \"none\""))? {
        NumberOrNone::Number(number) => Ok(Some(number)),
        NumberOrNone::Null(()) => Ok(None),
        NumberOrNone::Word(word) if word == "none" => Ok(None),
        NumberOrNone::Word(word) => Err(Error::custom(format!("{word:?} is neither a number nor \"none\""))),
    }
}
