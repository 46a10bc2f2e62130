//! Mutations of an agent: what they change, what they leave, and that it goes on learning.

use crate::unused_rng;
use agilerl_algo::{Dqn, DqnConfig, Elite, LearnedSum, Learner, NetConfig, OffPolicy};
use agilerl_buffer::{Batch, Memory, Replay, RowLayout, Transitions};
use agilerl_hpo::{Evolve, Mutation, MutationKind, Purpose, StreamRng, Streams};
use agilerl_nets::{Activation, Growth, HostNet, parse_device};
use rand::RngExt;

fn rng(name: usize) -> StreamRng {
    Streams::new(1).get(Purpose::Mutation, 0, name, 0)
}

/// Transitions whose rewards depend on observation and action, all terminal: a regression to be learnt.
fn memory() -> Replay<f32, u32> {
    let mut rng = rng(99);
    let mut memory = Replay::new(512, RowLayout::new(3, 1)).unwrap();
    for _ in 0..512 {
        let obs: [f32; 3] = std::array::from_fn(|_| 2.0 * rng.random::<f32>() - 1.0);
        let action = rng.random_range(0..2u32);
        let reward = f64::from(obs[action as usize] * 2.0 + obs[2]);
        memory.extend(&Transitions {
            obs: &obs,
            actions: &[action],
            rewards: &[reward],
            next_obs: &obs,
            terminated: &[true],
            truncated: &[false],
            next_masks: None,
        });
    }
    memory
}

/// Mean loss over some updates.
fn learn(agent: &mut Dqn, memory: &Replay<f32, u32>, updates: usize, rng: &mut StreamRng) -> f64 {
    let mut batch = Batch::new(agent.batch_size(), memory.layout());
    let mut sum = LearnedSum::new(&["loss", "value", "grad_norm"]);
    for _ in 0..updates {
        memory.sample_into(rng, &mut batch);
        sum.add(agent.learn(&batch, &mut unused_rng()));
    }
    let (updates, [loss, ..]) = crate::read(sum);
    loss / updates as f64
}

fn trained() -> (Dqn, Replay<f32, u32>) {
    trained_on("cpu")
}

fn trained_on(device: &str) -> (Dqn, Replay<f32, u32>) {
    trained_with(DqnConfig::default(), device)
}

fn trained_with(config: DqnConfig, device: &str) -> (Dqn, Replay<f32, u32>) {
    let memory = memory();
    let config = DqnConfig { batch_size: 64, ..config };
    let mut agent = Dqn::new(config, 3, 2, &parse_device(device).unwrap(), &mut rng(0)).unwrap();
    learn(&mut agent, &memory, 50, &mut rng(1));
    (agent, memory)
}

#[test]
fn the_agent_learns_on_after_every_kind_of_mutation() {
    for device in crate::DEVICES {
        check_learning_goes_on(DqnConfig::default(), device);
    }
    let (dueling, layer_norm, activation) = (true, true, Activation::Elu);
    let mut config =
        DqnConfig { net: NetConfig { dueling, layer_norm, activation, ..Default::default() }, ..Default::default() };
    config.net.limits.layer_norm_gene = true;
    check_learning_goes_on(config.clone(), "cpu");
    check_learning_goes_on(DqnConfig { net: NetConfig { growth: Growth::Random, ..config.net }, ..config }, "cpu");
}

#[track_caller]
fn check_learning_goes_on(config: DqnConfig, device: &str) {
    let (agent, memory) = trained_with(config, device);
    /// Whether the mutation took effect.
    type Mutate = fn(&mut Dqn, &mut StreamRng) -> bool;
    let kinds: [(&str, Mutate); 4] = [
        ("layers", |agent, rng| crate::mutate_architecture(agent, 1.0, rng).is_some()),
        ("nodes", |agent, rng| crate::mutate_architecture(agent, 0.0, rng).is_some()),
        ("parameters", |agent, rng| crate::mutate_parameters(agent, 0.1, rng).is_some()),
        ("activation", |agent, rng| crate::mutate_activation(agent, rng).is_some()),
    ];
    for (kind, mutate) in kinds {
        let mut tried = 0;
        for name in (0..40).filter(|&name| mutate(&mut agent.clone(), &mut rng(name))).take(4) {
            tried += 1;
            let mut mutant = agent.clone();
            let mut rng = rng(name);
            mutate(&mut mutant, &mut rng);
            let before = mutant.weights();
            let early = learn(&mut mutant, &memory, 10, &mut rng);
            learn(&mut mutant, &memory, 300, &mut rng);
            let late = learn(&mut mutant, &memory, 10, &mut rng);
            assert!(late < 0.5 * early, "{device} {kind} {name}: the loss went from {early} to {late}");
            let after = mutant.weights();
            for ((entry, old), (_, new)) in before.iter().zip(after.iter()) {
                assert_ne!(old, new, "{device} {kind} {name}: {} is frozen", entry.name);
            }
        }
        assert_eq!(tried, 4, "{device} {kind}: too few mutations took effect to prove anything");
    }
}

/// The target network lags behind the online network, and goes on doing so: growth transplants both and changes the
/// values of neither, noise and another activation leave the target's weights alone.
#[test]
fn nothing_is_copied_into_the_target_network() {
    for device in crate::DEVICES {
        let (agent, _) = trained_on(device);
        let target_values = |agent: &Dqn| {
            let rows: Vec<f32> = (0..30).map(|i| (i as f32).sin()).collect();
            HostNet::new(agent.spec(), &agent.target_weights()).forward(&rows).to_vec()
        };
        assert_ne!(agent.weights(), agent.target_weights());
        let mut grown = 0;
        for name in 0..20 {
            let mut mutant = agent.clone();
            let change = crate::mutate_architecture(&mut mutant, 0.5, &mut rng(name));
            if change.is_some_and(|change| change.what.starts_with("add")) {
                grown += 1;
                for (before, after) in target_values(&agent).iter().zip(target_values(&mutant)) {
                    assert!((before - after).abs() < 1e-5, "{device} {name}: the target went from {before} to {after}");
                }
                assert_ne!(mutant.weights(), mutant.target_weights());
            }
        }
        assert!(grown > 3, "{grown}");
        let mut mutant = agent.clone();
        crate::mutate_parameters(&mut mutant, 0.1, &mut rng(1)).unwrap();
        crate::mutate_activation(&mut mutant, &mut rng(2)).unwrap();
        assert_eq!(mutant.target_weights(), agent.target_weights());
        assert_ne!(mutant.weights(), agent.weights());
    }
}

/// Growth that preserves leaves the values; random growth draws a new last layer.
#[test]
fn growth_is_a_setting() {
    let obs: Vec<f32> = (0..30).map(|i| (i as f32).sin()).collect();
    for (growth, keeps) in [(Growth::Preserving, true), (Growth::Random, false)] {
        for device in crate::DEVICES {
            let config = DqnConfig {
                net: NetConfig { growth, activation: Activation::Tanh, ..Default::default() },
                ..Default::default()
            };
            let (agent, _) = trained_with(config, device);
            let add_layer = |name: &usize| {
                crate::mutate_architecture(&mut agent.clone(), 1.0, &mut rng(*name))
                    .is_some_and(|c| c.what == "add_layer")
            };
            let mut mutant = agent.clone();
            crate::mutate_architecture(&mut mutant, 1.0, &mut rng((0..40).find(add_layer).unwrap())).unwrap();
            let (before, after) = (agent.clone().values(&obs).to_vec(), mutant.values(&obs).to_vec());
            assert_eq!(before == after, keeps, "{device} {growth:?}");
            assert_eq!(mutant.spec().head.residual.len() == 2, keeps, "{device} {growth:?}: {}", mutant.spec());
            assert_eq!(mutant.config().net.head(3, 2), mutant.spec().head);
        }
    }
}

#[test]
fn a_mutation_that_the_limits_refuse_changes_nothing() {
    let config = DqnConfig { net: NetConfig { hidden: vec![16], ..Default::default() }, ..Default::default() };
    let mut config = config;
    (config.net.limits.max_layers, config.net.limits.max_nodes) = (1, 16);
    let device = parse_device("cpu").unwrap();
    let mut agent = Dqn::new(config, 3, 2, &device, &mut rng(0)).unwrap();
    let before = (agent.weights(), agent.target_weights(), agent.config().clone());
    for name in 0..20 {
        assert_eq!(crate::mutate_architecture(&mut agent, 0.5, &mut rng(name)), None);
    }
    assert_eq!((agent.weights(), agent.target_weights(), agent.config().clone()), before);
}

#[test]
fn every_declared_hyperparameter_can_be_set() {
    let (mut agent, _) = trained();
    for hyperparameter in agent.hyperparameters() {
        let value = if hyperparameter.integer { hyperparameter.value + 3.0 } else { hyperparameter.value * 0.5 };
        agent.set_hyperparameter(&hyperparameter.name, value);
        let now = agent.hyperparameters().into_iter().find(|hp| hp.name == hyperparameter.name).unwrap();
        assert_eq!(now.value, value, "{}", hyperparameter.name);
    }
    assert_eq!(agent.hyperparameters().len(), 5);
}

#[test]
fn an_activation_mutation_never_draws_the_present_one() {
    let (mut agent, _) = trained();
    let mut seen = std::collections::HashSet::new();
    for name in 0..60 {
        let before = agent.spec().activation();
        let change = crate::mutate_activation(&mut agent, &mut rng(name)).unwrap();
        assert_ne!(agent.spec().activation(), before);
        assert_eq!(change.after, agent.spec().activation().name());
        seen.insert(agent.spec().activation());
    }
    assert_eq!(seen, [Activation::Relu, Activation::Elu, Activation::Gelu].into());
}

#[test]
fn a_saved_mutant_acts_as_it_did() {
    let (mut agent, memory) = trained();
    for name in 0..6 {
        crate::mutate_architecture(&mut agent, 0.5, &mut rng(name));
        learn(&mut agent, &memory, 5, &mut rng(name));
        let elite = Elite::new(&agent, "probe");
        let again = Elite::from_bytes(elite.record_json().as_bytes(), &elite.weights).unwrap();
        let rows: Vec<f32> = (0..30).map(|i| (i as f32).sin()).collect();
        assert_eq!(again.policy().unwrap().outputs(&rows), agent.values(&rows));
    }
}

#[test]
fn an_agent_with_a_weight_that_is_no_number_says_so() {
    let (mut agent, memory) = trained();
    assert!(agent.is_finite());
    agent.set_hyperparameter("lr", 1e38);
    learn(&mut agent, &memory, 20, &mut rng(1));
    assert!(!agent.is_finite());
}

/// A fresh agent's networks are equal, and so are they after any mutation of the architecture: the new nodes of both are drawn
/// alike. Drawn apart, the target would say other things by them than the online network ever said.
#[test]
fn both_networks_grow_the_same_nodes() {
    for device in crate::DEVICES {
        for growth in [Growth::Preserving, Growth::Random] {
            let config = DqnConfig { net: NetConfig { growth, ..Default::default() }, ..DqnConfig::default() };
            let agent = Dqn::new(config, 3, 2, &parse_device(device).unwrap(), &mut rng(0)).unwrap();
            let mut seen = std::collections::BTreeSet::new();
            for name in 0..20 {
                let mut mutant = agent.clone();
                let Some(change) = crate::mutate_architecture(&mut mutant, 0.5, &mut rng(name)) else { continue };
                seen.insert(change.what);
                assert_eq!(mutant.weights(), mutant.target_weights(), "{device} {growth:?} {name}");
            }
            assert!(seen.contains("add_layer") && seen.contains("add_nodes"), "{seen:?}");
        }
    }
}

/// The acting copy was up to date before every one of them.
#[test]
fn a_mutant_acts_by_its_mutated_weights() {
    type Mutate = fn(&mut Dqn, &mut StreamRng) -> bool;
    let kinds: [(&str, Mutate); 3] = [
        ("architecture", |agent, rng| crate::mutate_architecture(agent, 0.5, rng).is_some()),
        ("parameters", |agent, rng| crate::mutate_parameters(agent, 0.1, rng).is_some()),
        ("activation", |agent, rng| crate::mutate_activation(agent, rng).is_some()),
    ];
    let obs: Vec<f32> = (0..30).map(|i| (i as f32).sin()).collect();
    for device in crate::DEVICES {
        let (mut agent, _) = trained_on(device);
        let before = agent.values(&obs).to_vec();
        for (kind, mutate) in kinds {
            let mut mutant = agent.clone();
            assert!((0..20).any(|name| mutate(&mut mutant, &mut rng(name))), "{kind}");
            let expected = HostNet::new(mutant.spec(), &mutant.weights()).forward(&obs).to_vec();
            assert_eq!(mutant.values(&obs), expected, "{device} {kind}");
            assert!(kind == "architecture" || expected != before, "{device} {kind} changes values");
        }
    }
}

#[test]
fn the_settings_follow_the_network() {
    let mut config = DqnConfig::default();
    config.net.limits.layer_norm_gene = true;
    let device = parse_device("cpu").unwrap();
    let mut agent = Dqn::new(config, 3, 2, &device, &mut rng(0)).unwrap();
    let (mut norms, mut residuals) = (0, 0);
    for name in 0..60 {
        crate::mutate_architecture(&mut agent, 0.5, &mut rng(name));
        crate::mutate_activation(&mut agent, &mut rng(name));
        assert_eq!(agent.config().net.head(3, 2), agent.spec().head);
        norms += usize::from(agent.config().net.layer_norm);
        residuals += usize::from(!agent.config().net.residual.is_empty());
    }
    assert!(norms > 0 && residuals > 0, "{norms} {residuals}");
}

/// `[online, target, first moment, second moment]`, of so many weights each, and the number of updates.
fn vectors(agent: &Dqn) -> ([Vec<f32>; 4], u32) {
    let bytes = agent.fingerprint();
    let (updates, values) = bytes.split_first_chunk().unwrap();
    let values: Vec<f32> = values.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
    let len = agent.weights().values().len();
    ([0, 1, 2, 3].map(|vector| values[vector * len..][..len].to_vec()), u32::from_le_bytes(*updates))
}

/// The biases of the output, the last two weights, survive a growth that preserves: so do their moments, and the count by
/// which Adam corrects them.
#[test]
fn moments_go_with_the_weights_that_survive() {
    for device in crate::DEVICES {
        let (agent, _) = trained_on(device);
        let (before, updates) = vectors(&agent);
        assert!(updates > 0);
        let mut tried = 0;
        for name in 0..20 {
            let mut mutant = agent.clone();
            let change = crate::mutate_architecture(&mut mutant, 0.5, &mut rng(name));
            if !change.is_some_and(|change| change.what.starts_with("add")) {
                continue;
            }
            tried += 1;
            let (after, updates_after) = vectors(&mutant);
            assert_eq!(updates_after, updates);
            for vector in 0..4 {
                let last_two = |all: &[Vec<f32>; 4]| all[vector][all[vector].len() - 2..].to_vec();
                assert_eq!(last_two(&after), last_two(&before), "{device} {name}, vector {vector}");
                assert!(last_two(&after).iter().all(|value| *value != 0.0), "{device} {name}, vector {vector}");
            }
        }
        assert!(tried > 3, "{tried}");
    }
}

#[test]
fn a_target_that_is_no_number_is_not_finite_either() {
    for device in crate::DEVICES {
        for odd in [f32::NAN, f32::INFINITY] {
            let (agent, _) = trained_on(device);
            let mut target = agent.target_weights();
            target.get_mut("output.bias").unwrap()[1] = odd;
            assert!(agent.is_finite() && !agent.with_target(&target).is_finite(), "{device} {odd}");
        }
    }
}

/// Its slope is a weight that the others lack.
#[test]
fn prelu_is_neither_left_nor_taken_on() {
    let config =
        DqnConfig { net: NetConfig { activation: Activation::Prelu, ..Default::default() }, ..DqnConfig::default() };
    let device = parse_device("cpu").unwrap();
    let mut agent = Dqn::new(config, 3, 2, &device, &mut rng(0)).unwrap();
    assert_eq!(crate::mutate_activation(&mut agent, &mut rng(1)), None);
    let config = DqnConfig {
        net: NetConfig { activation_selection: vec![Activation::Prelu, Activation::Relu], ..Default::default() },
        ..DqnConfig::default()
    };
    let mut agent = Dqn::new(config, 3, 2, &device, &mut rng(0)).unwrap();
    assert_eq!(crate::mutate_activation(&mut agent, &mut rng(1)), None, "nothing is left but the present one");
}

/// The elite is the network that acts, not the one that lags behind.
#[test]
fn an_elite_holds_the_online_network_and_says_how_to_use_it() {
    let (agent, _) = trained();
    assert_ne!(agent.weights(), agent.target_weights());
    let elite = Elite::new(&agent, "probe");
    assert_eq!(elite.network().unwrap(), agent.weights());
    assert_eq!((&elite.record.spec, &elite.settings("DQN").unwrap()), (agent.spec(), agent.config()));
    assert_eq!((elite.record.env.as_str(), elite.record.layers.len()), ("probe", agent.spec().layers().len()));
}

#[test]
fn an_elite_of_other_weights_is_refused() {
    let (agent, memory) = trained();
    let elite = Elite::new(&agent, "probe");
    let mut other = agent.clone();
    learn(&mut other, &memory, 1, &mut rng(1));
    let other = Elite::new(&other, "probe");
    let message = Elite::from_bytes(elite.record_json().as_bytes(), &other.weights).unwrap_err().to_string();
    assert!(message.contains("not the file that elite.json was written with"), "{message}");
}

/// The length of the header stands in the first eight bytes. Neither it nor the network that is claimed is believed.
#[test]
fn an_elite_whose_weights_cannot_be_those_of_its_network_is_refused() {
    let (agent, _) = trained();
    let elite = Elite::new(&agent, "probe");
    let check = |weights: Vec<u8>, expected: &str| {
        let message = Elite { weights, ..elite.clone() }.policy().unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    };
    check(elite.weights[..7].to_vec(), "elite.safetensors is cut off");
    check([&(1_u64 << 21).to_le_bytes(), &elite.weights[8..]].concat(), "a header of 2097152 bytes");
    let short = &elite.weights[..elite.weights.len() - 4];
    check(short.to_vec(), &format!("{} bytes, which cannot hold the weights of 3-[32, 32]-2", short.len()));
}

/// A unit that no observation of the latest batch wakes is drawn anew; before there is a batch nothing is known of any.
#[test]
fn dormant_units_are_reset_once_there_are_observations_to_find_them_with() {
    let reset = |agent: &mut Dqn| agent.mutate(MutationKind::Dormant, &Mutation::default(), &mut rng(1));
    for device in crate::DEVICES {
        let (mut agent, memory) = trained_on(device);
        let mut weights = agent.weights();
        weights.get_mut("hidden.0.bias").unwrap()[3] = -100.0;
        let config = agent.config().clone();
        let spec = agent.spec().clone();
        agent = Dqn::with_weights(config, spec, &weights, &parse_device(device).unwrap()).unwrap();
        assert_eq!(reset(&mut agent), None, "{device}: no observation yet");
        learn(&mut agent, &memory, 3, &mut rng(2));
        let change = reset(&mut agent).expect("a dormant unit");
        assert_eq!(change.what, "dormant");
        assert!(agent.weights().get("hidden.0.bias").unwrap()[3] > -1.0, "{device}: it hears again");
        let outgoing =
            agent.weights().get("hidden.1.weight").unwrap().iter().skip(3).step_by(32).copied().collect::<Vec<_>>();
        assert!(outgoing.iter().all(|weight| *weight == 0.0), "{device}: and is not heard at first");
        let moments = agent.network().state();
        for moment in [&moments.first, &moments.second] {
            assert_eq!(moment.get("hidden.0.bias").unwrap()[3], 0.0, "{device}: nothing of the old unit moves it");
            assert!(
                moment.get("output.bias").unwrap().iter().all(|moment| *moment != 0.0),
                "{device}: others keep theirs"
            );
        }
        assert!(moments.target.unwrap().get("hidden.0.bias").unwrap()[3] < -90.0, "{device}: the target follows later");
    }
}
