//! Policies: how outputs become actions, and how observations are normalised on the way.

use agilerl_algo::{
    Agent, Algorithm, Dqn, DqnConfig, Elite, Mode, NetConfig, Normalizer, Output, Policy, PolicySource,
};
use agilerl_env::Space;
use agilerl_hpo::{Evolve, Persist};
use agilerl_nets::{MlpSpec, NetSpec, Weights, parse_device};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::unused_rng;

fn spec(inputs: usize, outputs: usize) -> NetSpec {
    MlpSpec::new(inputs, &[16], outputs).into()
}

/// Weights of zero, so that the outputs are the biases whatever is observed.
fn constant(spec: &NetSpec, outputs: &[f32]) -> Weights {
    let mut weights = Weights::zeros(spec.layout());
    weights.get_mut("output.bias").unwrap().copy_from_slice(outputs);
    weights
}

/// tanh(0) = 0: the middle of the bounds. tanh(+-20) is +-1 as an f32: the bounds themselves.
#[test]
fn a_squashed_output_lies_between_its_bounds() {
    let spec = spec(2, 3);
    let output = Output::Squashed { low: vec![-2.0, 0.0, -1.0], high: vec![4.0, 1.0, 3.0] };
    let mut policy = Policy::new(spec.clone(), constant(&spec, &[0.0, 20.0, -20.0]), output);
    let actions: Vec<f32> = policy.act(&[0.5_f32; 4]);
    assert_eq!(actions, [1.0, 1.0, -1.0, 1.0, 1.0, -1.0], "two rows of three components");
}

#[test]
fn a_greedy_policy_takes_the_first_of_the_highest_legal_outputs() {
    let spec = spec(2, 3);
    let mut policy = Policy::new(spec.clone(), constant(&spec, &[1.0, 2.0, 2.0]), Output::Greedy);
    assert_eq!(policy.act::<u32>(&[0.5_f32; 4]), [1, 1]);
    let mut actions = [9_u32; 2];
    policy.act_into(&[0.5_f32; 4], Some(&[true, false, true, true, false, false]), &mut actions);
    assert_eq!(actions, [2, 0]);
}

#[test]
#[should_panic(expected = "a policy of choices chooses u32")]
fn components_cannot_be_asked_of_a_policy_of_choices() {
    let spec = spec(2, 3);
    Policy::new(spec.clone(), constant(&spec, &[0.0; 3]), Output::Greedy).act::<f32>(&[0.5_f32; 2]);
}

#[test]
fn an_index_is_encoded_before_the_network_reads_it() {
    let spec = spec(4, 2);
    let weights = spec.init(&mut ChaCha8Rng::seed_from_u64(3));
    let mut plain = Policy::new(spec.clone(), weights.clone(), Output::Greedy);
    let expected = plain.outputs(&[0.0_f32, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]).to_vec();
    let mut encoding = Policy::new(spec, weights, Output::Greedy).with_one_hot(Some(4));
    assert_eq!(encoding.outputs(&[2.0_f32, 0.0]), expected);
}

/// As an agent in training sees it: the statistics are those of the encoded rows.
#[test]
fn an_encoded_index_is_normalised_too() {
    let spec = spec(3, 2);
    let weights = spec.init(&mut ChaCha8Rng::seed_from_u64(3));
    let (mut normalizer, mut buffer) = (Normalizer::new(3), Vec::new());
    normalizer.observe(&[1.0_f32, 0.0, 0.0, 0.0, 0.0, 1.0], &mut buffer);
    let plain = Policy::new(spec, weights, Output::Greedy).with_normalizer(Some(normalizer));
    let expected = plain.clone().outputs(&[0.0_f32, 0.0, 1.0]).to_vec();
    assert_eq!(plain.with_one_hot(Some(3)).outputs(&[2.0_f32]), expected);
}

/// Of 0 and 4, a thousand times, the mean is 2 and the standard deviation 2, but for the first guess, which counts 1e-4: 6
/// becomes 2, and a million is cut off at 10.
#[test]
fn observations_are_scaled_by_what_was_seen_and_cut_off() {
    let (mut normalizer, mut buffer) = (Normalizer::new(1), Vec::new());
    for _ in 0..1_000 {
        normalizer.observe(&[0.0_f32, 4.0], &mut buffer);
    }
    let scaled = normalizer.apply(&[6.0_f32, 1e6, -1e6], &mut buffer);
    assert!((scaled[0] - 2.0).abs() < 1e-5, "{scaled:?}");
    assert_eq!(scaled[1..], [10.0, -10.0]);
}

fn normalizing() -> Dqn {
    let net = NetConfig { hidden: vec![16], ..NetConfig::default() };
    let config = DqnConfig { net, normalize_observations: true, ..DqnConfig::default() };
    Dqn::new(config, 2, 2, &parse_device("cpu").unwrap(), &mut ChaCha8Rng::seed_from_u64(1)).unwrap()
}

fn act(agent: &mut Dqn, mode: Mode) {
    agent.act(&[30.0_f32, -7.0, 10.0, 1.0], None, mode, &mut unused_rng(), &mut [0; 2]);
}

/// The statistics are those of training alone, they go with a clone, and they are part of what was learnt.
#[test]
fn statistics_are_gathered_in_training_and_follow_the_individual() {
    let mut agent = normalizing();
    let fresh = (agent.fingerprint(), agent.values(&[20.0_f32, -3.0]).to_vec());
    act(&mut agent, Mode::Greedy);
    assert_eq!(agent.fingerprint(), fresh.0, "evaluation changes nothing");
    act(&mut agent, Mode::Explore { clock: 0 });
    assert_ne!(agent.fingerprint(), fresh.0);
    let mut child = agent.clone();
    // 20 and -3 are the means of what was seen: the network sees zeros, but for the first guess.
    let (seen, zeros) =
        (child.values(&[20.0_f32, -3.0]).to_vec(), child.network().clone().outputs(&[0.0_f32; 2]).to_vec());
    assert!(seen.iter().zip(&zeros).all(|(a, b)| (a - b).abs() < 1e-3), "{seen:?} {zeros:?}");
    assert_ne!(seen, fresh.1);
}

#[test]
fn statistics_are_saved_with_the_agent_and_with_its_elite() {
    let mut agent = normalizing();
    act(&mut agent, Mode::Explore { clock: 0 });
    let mut restored = normalizing();
    restored.restore(&agent.save().unwrap()).unwrap();
    assert_eq!(restored.fingerprint(), agent.fingerprint());
    let elite = Elite::new(&agent, "probe");
    let again = Elite::from_bytes(elite.record_json().as_bytes(), &elite.weights).unwrap();
    let rows = [11.0_f32, 2.0, 35.0, -9.0];
    assert_eq!(again.policy().unwrap().outputs(&rows), agent.values(&rows));
    assert_eq!(again.policy().unwrap().outputs(&rows), agent.policy().outputs(&rows));
    let mut without = again.clone();
    without.record.normalizer = None;
    let message = Elite::from_bytes(without.record_json().as_bytes(), &elite.weights).unwrap_err().to_string();
    assert!(message.contains("layers[0]"), "another reader would normalise: {message}");
}

/// The network of such an elite reads scaled numbers: raw ones would be other observations to it.
#[test]
fn founders_normalise_observations_as_their_elite_did() {
    let mut agent = normalizing();
    act(&mut agent, Mode::Explore { clock: 0 });
    let elite = Elite::new(&agent, "probe");
    let (observations, actions) = (Space::bounded(&[-50.0; 2], &[50.0; 2]), Space::discrete(2));
    let device = parse_device("cpu").unwrap();
    let config = DqnConfig::of_elite(&elite).unwrap();
    let mut founder = config.founder(&elite, "probe", &observations, &actions, &device).unwrap();
    let rows = [11.0_f32, 2.0, 35.0, -9.0];
    assert_eq!(founder.values(&rows), agent.values(&rows), "with its statistics");
    let raw = DqnConfig { normalize_observations: false, ..config };
    let message = raw.founder(&elite, "probe", &observations, &actions, &device).unwrap_err().to_string();
    assert!(message.contains("normalize_observations = true") && message.contains("has false"), "{message}");
}
