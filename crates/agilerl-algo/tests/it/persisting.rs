//! An agent that is written and read back goes on to the last bit.

use crate::unused_rng;
use agilerl_algo::{Dqn, DqnConfig, NetConfig, OffPolicy};
use agilerl_buffer::{Batch, Memory, Replay, RowLayout, Transitions};
use agilerl_hpo::{Evolve, Persist};
use agilerl_nets::{Activation, Device, parse_device};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn agent(device: &Device, seed: u64) -> Dqn {
    let config = DqnConfig {
        net: NetConfig { activation: Activation::Elu, ..Default::default() },
        batch_size: 8,
        max_grad_norm: None,
        ..DqnConfig::default()
    };
    Dqn::new(config, 3, 2, device, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap()
}

fn learn(agent: &mut Dqn, updates: usize) {
    let rows = RowLayout::new(3, 1);
    let mut memory: Replay<f32, u32> = Replay::new(16, rows).unwrap();
    for k in 0..16_u32 {
        let (obs, next_obs) = ([k as f32, 1.0, -0.5], [k as f32 + 1.0, 1.0, -0.5]);
        memory.extend(&Transitions {
            obs: &obs,
            actions: &[k % 2],
            rewards: &[f64::from(k) / 4.0],
            next_obs: &next_obs,
            terminated: &[k % 5 == 0],
            truncated: &[false],
            next_masks: None,
        });
    }
    let mut batch = Batch::new(8, &rows);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..updates {
        memory.sample_into(&mut rng, &mut batch);
        let _ = agent.learn(&batch, &mut unused_rng());
    }
}

#[test]
fn a_restored_agent_learns_on_to_the_same_bits() {
    for device in crate::DEVICES {
        let device = parse_device(device).unwrap();
        let mut original = agent(&device, 1);
        learn(&mut original, 20);
        crate::mutate_architecture(&mut original, 0.5, &mut ChaCha8Rng::seed_from_u64(2));
        learn(&mut original, 5);
        let mut restored = agent(&device, 9);
        restored.restore(&original.save().unwrap()).unwrap();
        assert_eq!(restored.save().unwrap(), original.save().unwrap());
        learn(&mut original, 20);
        learn(&mut restored, 20);
        assert_eq!(restored.fingerprint(), original.fingerprint());
        assert_eq!(restored.save().unwrap(), original.save().unwrap());
        assert_eq!(restored.values(&[0.3, 0.2, 0.1]), original.values(&[0.3, 0.2, 0.1]));
    }
}

#[test]
fn an_agent_of_another_environment_is_refused() {
    let device = parse_device("cpu").unwrap();
    let other = Dqn::new(DqnConfig::default(), 4, 2, &device, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    let error = agent(&device, 1).restore(&other.save().unwrap()).unwrap_err().to_string();
    assert!(error.contains("4-[32, 32]-2") && error.contains("3-[32, 32]-2"), "{error}");
}

#[test]
fn networks_that_nobody_could_hold_are_refused() {
    let device = parse_device("cpu").unwrap();
    let mut agent = agent(&device, 1);
    let bytes = agent.save().unwrap();
    // The network's own head: its length stands in the eight bytes before it.
    let start = bytes.windows(7).position(|bytes| bytes == b"{\"spec\"").unwrap();
    let text = String::from_utf8_lossy(&bytes[start..]).into_owned();
    let head = &text[..text.find("\"updates\"").unwrap()];
    let hidden = "\"hidden\":[32,32],\"outputs\"";
    assert!(head.contains(hidden), "{head}");
    for widths in ["65536,65536", "99999999999,2", "18446744073709551615"] {
        let head = head.replace(hidden, &format!("\"hidden\":[{widths}],\"outputs\""));
        let head = format!("{}\"updates\":1}}", head.replace("\"max_nodes\":500", "\"max_nodes\":65536"));
        let bytes = [&bytes[..start - 8], &(head.len() as u64).to_le_bytes(), head.as_bytes(), &[0; 64]].concat();
        let error = agent.restore(&bytes).unwrap_err().to_string();
        assert!(error.contains("hidden") || error.contains("64 bytes of weights"), "{widths}: {error}");
    }
}

/// A saved agent with a change in what is behind its head: four vectors, from the online network to the second moment.
fn changed(agent: &Dqn, vector: usize) -> Dqn {
    let mut bytes = agent.save().unwrap();
    let vectors = 4 * 4 * agent.weights().values().len();
    let at = bytes.len() - vectors + vector * vectors / 4;
    bytes[at] ^= 1;
    let mut changed = agent.clone();
    changed.restore(&bytes).unwrap();
    changed
}

/// What a signature is made of: whoever has learnt otherwise will go on otherwise.
#[test]
fn a_fingerprint_tells_networks_moments_and_updates_apart() {
    for device in crate::DEVICES {
        let mut agent = agent(&parse_device(device).unwrap(), 1);
        learn(&mut agent, 20);
        for vector in 0..4 {
            assert_ne!(changed(&agent, vector).fingerprint(), agent.fingerprint(), "{device}, vector {vector}");
        }
        let bytes = agent.save().unwrap();
        let at = bytes.windows(12).position(|bytes| bytes == b"\"updates\":20").unwrap();
        let mut older = bytes.clone();
        older[at + 10] = b'3';
        let mut other = agent.clone();
        other.restore(&older).unwrap();
        assert_ne!(other.fingerprint(), agent.fingerprint(), "{device}: 30 updates");
        assert_eq!(other.weights(), agent.weights());
    }
}

#[test]
fn an_agent_of_other_choices_is_refused() {
    let device = parse_device("cpu").unwrap();
    let other = Dqn::new(DqnConfig::default(), 3, 4, &device, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    let error = agent(&device, 1).restore(&other.save().unwrap()).unwrap_err().to_string();
    assert!(error.contains("3-[32, 32]-4") && error.contains("3-[32, 32]-2"), "{error}");
}

#[test]
fn a_saved_agent_that_is_cut_off_is_refused() {
    let device = parse_device("cpu").unwrap();
    let mut agent = agent(&device, 1);
    let bytes = agent.save().unwrap();
    for len in [0, 7, 8, 15, 20, bytes.len() - 4, bytes.len() - 1] {
        agent.restore(&bytes[..len]).unwrap_err();
    }
    agent.restore(&bytes).unwrap();
}
