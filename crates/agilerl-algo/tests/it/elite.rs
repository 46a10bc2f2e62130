//! A saved elite is read as it was written, and refused if its two files do not agree, or the record with itself.

use agilerl_algo::{AlgoError, Dqn, DqnConfig, Elite, NetConfig, OffPolicyConfig};
use agilerl_hpo::Streams;
use agilerl_nets::{ConvSpec, Device, EncoderSpec, NetSpec, parse_device};
use agilerl_storage::Digest;

fn cpu() -> Device {
    parse_device("cpu").unwrap()
}

/// Of a network `4-[16]-2`.
fn elite() -> Elite {
    let config = DqnConfig { net: NetConfig { hidden: vec![16], ..Default::default() }, ..DqnConfig::default() };
    let mut rng = Streams::new(1).get(agilerl_hpo::Purpose::Weights, 0, 0, 0);
    Elite::new(&Dqn::new(config, 4, 2, &cpu(), &mut rng).unwrap(), "CartPole-v1")
}

#[track_caller]
fn check_refused(from: &str, to: &str, expected: &[&str]) {
    let elite = elite();
    let json = elite.record_json();
    assert!(json.contains(from), "{json} does not say {from}");
    let error = Elite::from_bytes(json.replacen(from, to, 1).as_bytes(), &elite.weights).unwrap_err();
    let message = error.to_string();
    for part in expected {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}

#[test]
fn another_format_is_refused_whatever_else_it_says() {
    check_refused("\"format\": 4", "\"format\": 3", &["format 3", "format 4"]);
    let future = br#"{"format": 5, "algorithm": "PPO", "clip": 0.2}"#;
    let message = Elite::from_bytes(future, &[]).unwrap_err().to_string();
    assert!(message.contains("format 5"), "{message}");
}

/// Its policy plays all the same: that needs no settings.
#[test]
fn the_settings_of_another_algorithm_are_refused_by_name() {
    let mut other = elite();
    assert_eq!(other.settings::<DqnConfig>("DQN").unwrap().net.hidden, [16]);
    other.record.algorithm = "PPO".to_owned();
    let read = Elite::from_bytes(other.record_json().as_bytes(), &other.weights).unwrap();
    let message = read.settings::<DqnConfig>("DQN").unwrap_err().to_string();
    assert!(message.contains("PPO") && message.contains("DQN"), "{message}");
    assert!(read.policy().is_ok());
}

#[test]
fn layers_that_are_not_those_of_the_spec_are_refused() {
    check_refused("\"function\": \"relu\"", "\"function\": \"tanh\"", &["layers[1]", "tanh", "relu"]);
    check_refused("\"weight\": \"output.weight\"", "\"weight\": \"hidden.0.weight\"", &["layers[2]"]);
    check_refused(
        "\"hidden\": [\n        16\n      ]",
        "\"hidden\": [\n        17\n      ]",
        &["layers[0]", "16", "17"],
    );
    check_refused(
        "\"activation\": \"relu\",\n      \"layer_norm\"",
        "\"activation\": \"elu\",\n      \"layer_norm\"",
        &["elu"],
    );
    let mut short = elite();
    let _ = short.record.layers.pop();
    let message = Elite::from_bytes(short.record_json().as_bytes(), &short.weights).unwrap_err().to_string();
    assert!(message.contains("layers[2] is none"), "{message}");
}

#[test]
fn one_hot_is_the_length_of_the_networks_input() {
    check_refused("\"one_hot\": null", "\"one_hot\": 16", &["one_hot is 16", "4 inputs"]);
    let mut encoded = elite();
    encoded.record.one_hot = Some(4);
    Elite::from_bytes(encoded.record_json().as_bytes(), &encoded.weights).unwrap();
}

#[test]
fn a_record_that_cuts_episodes_before_their_first_step_is_refused() {
    let limit = OffPolicyConfig::default().eval_step_limit;
    check_refused(&format!("\"step_limit\": {limit}"), "\"step_limit\": 0", &["step_limit is 0"]);
}

#[test]
fn weights_of_another_writing_are_told_apart_from_a_record_that_is_wrong() {
    let mut other = elite();
    *other.weights.last_mut().unwrap() ^= 1;
    let error = Elite::from_bytes(other.record_json().as_bytes(), &other.weights).unwrap_err();
    assert!(matches!(error, AlgoError::ElitePair), "{error}");
    other.weights.pop();
    let error = Elite::from_bytes(other.record_json().as_bytes(), &other.weights).unwrap_err();
    assert!(matches!(error, AlgoError::ElitePair), "{error}");
}

#[test]
fn weights_that_are_not_finite_do_not_play_although_their_digest_fits() {
    let mut broken = elite();
    let last = broken.weights.len() - 4;
    broken.weights[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    broken.record.weights = Digest::of(&broken.weights);
    let read = Elite::from_bytes(broken.record_json().as_bytes(), &broken.weights).unwrap();
    let message = read.policy().unwrap_err().to_string();
    assert!(message.contains("not a finite number"), "{message}");
}

/// A factor such as 1/255 has no short decimal: the record's text must bring the same number back.
#[test]
fn a_convolutional_elite_agrees_with_itself_after_it_was_text() {
    let encoder = EncoderSpec { scale: 1.0 / 255.0, ..EncoderSpec::new([1, 6, 6], &[ConvSpec::new(8, 3, 1)]) };
    let spec = NetSpec::with_encoder(encoder, &[16], 3);
    let weights = spec.init(&mut Streams::new(1).get(agilerl_hpo::Purpose::Weights, 0, 0, 0));
    let agent: Dqn = Dqn::with_weights(DqnConfig::default(), spec, &weights, &cpu()).unwrap();
    let elite = Elite::new(&agent, "probe");
    let again = Elite::from_bytes(elite.record_json().as_bytes(), &elite.weights).unwrap();
    assert_eq!(again, elite);
}

/// A critic Q(s, a) is no policy: the player has no action to put behind its observation.
#[test]
fn a_network_that_reads_more_than_observations_is_refused() {
    let mut critic = elite();
    critic.record.spec.extra = 1;
    critic.record.layers = critic.record.spec.layers();
    let message = Elite::from_bytes(critic.record_json().as_bytes(), &critic.weights).unwrap_err().to_string();
    assert!(message.contains("1 extra numbers"), "{message}");
}
