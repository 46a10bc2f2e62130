//! The registry of algorithms.

use agilerl::prelude::*;

#[test]
fn the_kind_of_an_algorithm_is_its_table_in_json_too() {
    let algorithm = AlgorithmConfig::from(DqnConfig { gamma: 0.5, ..DqnConfig::default() });
    let json = serde_json::to_value(&algorithm).unwrap();
    assert_eq!((&json["kind"], &json["gamma"]), (&"dqn".into(), &0.5.into()));
    assert_eq!(serde_json::from_value::<AlgorithmConfig>(json.clone()).unwrap(), algorithm);
    let mut unknown = json.clone();
    unknown["kind"] = "sac".into();
    let error = serde_json::from_value::<AlgorithmConfig>(unknown).unwrap_err().to_string();
    assert!(error.contains("unknown variant `sac`, expected `dqn`"), "{error}");
    let mut misspelt = json;
    misspelt["gama"] = 0.5.into();
    let error = serde_json::from_value::<AlgorithmConfig>(misspelt).unwrap_err().to_string();
    assert!(error.contains("unknown field `gama`"), "{error}");
}

#[test]
fn the_schema_of_a_configuration_lists_the_kinds_and_allows_their_key() {
    let schema = RunConfig::schema();
    let dqn = schema.pointer("/$defs/AlgorithmConfig/oneOf/0").expect("one variant for each algorithm");
    assert_eq!(dqn.pointer("/properties/kind/const"), Some(&"dqn".into()));
    assert!(dqn.pointer("/properties/lr").is_some() && dqn.pointer("/properties/net").is_some());
    assert_eq!(dqn.get("additionalProperties"), Some(&false.into()));
}

#[test]
fn settings_of_an_algorithm_are_reached_by_their_type() {
    let mut config = RunConfig::default();
    config.dqn().lr = 3e-4;
    assert_eq!(config.algorithm.settings::<DqnConfig>().unwrap().lr, 3e-4);
    assert_eq!(config.algorithm.name(), "DQN");
    assert_eq!(config.algorithm.hyperparameters(), ["lr", "batch_size", "learn_step", "gamma", "tau"]);
    config.algorithm.set_hyperparameter("batch_size", 64.0);
    assert_eq!(config.algorithm.batch_size(), 64);
}

#[test]
fn an_elite_of_an_algorithm_that_is_not_in_the_registry_begins_no_run() {
    let folder = tempfile::tempdir().unwrap();
    Run::with(crate::short_run("probe/TwoSteps")).out(folder.path()).run().unwrap();
    let path = folder.path().join("elite.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"algorithm\": \"DQN\"", "\"algorithm\": \"SAC\"")).unwrap();
    let error = Run::from_elite(folder.path()).err().unwrap().to_string();
    assert!(error.contains("of the algorithm SAC; known are: DQN"), "{error}");
}
