//! Settings by their paths, such as `evolution.seed`.

use serde_json::Value as Json;

use crate::config::run_config::RunConfig;

/// Returns every setting with its path, in the order of the file; a list is one setting.
pub(crate) fn setting_paths(config: &RunConfig) -> Vec<(String, Json)> {
    let mut settings = Vec::new();
    let json = serde_json::to_value(config).expect("settings have text keys");
    gather("", json, &mut settings);
    settings
}

fn gather(path: &str, value: Json, settings: &mut Vec<(String, Json)>) {
    match value {
        Json::Object(inner) => {
            for (key, value) in inner {
                let path = if path.is_empty() { key } else { format!("{path}.{key}") };
                gather(&path, value, settings);
            }
        }
        value => settings.push((path.to_owned(), value)),
    }
}
