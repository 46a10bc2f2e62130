//! The readers of bytes from outside. Each must return on any input: no panic, no abort, and no more memory than the bytes
//! justify. The tests mutate valid inputs, and `fuzz/` searches.

use std::cell::RefCell;

use agilerl::algo::AnyTask;
use agilerl::hpo::{Manifest, Persist, Segment, TrainerState};
use agilerl::prelude::*;
use agilerl::storage::Digest;

/// A reader, by name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 6] = [
    ("manifest", manifest),
    ("replay_rows", replay_rows),
    ("agent", agent),
    ("elite", elite),
    ("trainer_state", trainer_state),
    ("config", config),
];

pub fn manifest(bytes: &[u8]) {
    let _ = Manifest::parse(bytes, "manifest.json".as_ref());
}

pub fn replay_rows(bytes: &[u8]) {
    let mut memory: Replay<f32, u32> = Replay::new(64, RowLayout::new(4, 1)).unwrap();
    let _ = memory.extend_from_bytes(bytes);
}

pub fn agent(bytes: &[u8]) {
    let mut agent = small_agent();
    if agent.restore(bytes).is_ok() {
        let _ = agent.values(&[0.1_f32; 4]);
    }
}

/// `elite.json` behind its length, and `elite.safetensors`.
pub fn elite(bytes: &[u8]) {
    if let Some([record, weights]) = parts(bytes)
        && let Ok(elite) = Elite::from_bytes(record, weights)
    {
        let _ = elite.policy();
    }
}

/// The three files of a saved trainer, each behind its length, but for the last.
pub fn trainer_state(bytes: &[u8]) {
    thread_local!(static TRAINER: RefCell<Trainer<AnyTask>> = RefCell::new(small_trainer()));
    let Some(parts) = parts::<3>(bytes) else { return };
    let names = ["progress.json", "agents.bin", "slots.bin"];
    let files = names.iter().zip(parts).map(|(name, part)| ((*name).to_owned(), part.to_vec())).collect();
    let saved = TrainerState { generation: 0, round: 0, files };
    TRAINER.with_borrow_mut(|trainer| drop(trainer.restore(&saved, [])));
}

pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(config) = RunConfig::from_toml(text, "run.toml") {
        let _ = config.validate();
    }
}

/// An input for each target that is read without an error.
pub fn seeds() -> [Vec<u8>; 6] {
    let mut trainer = small_trainer();
    for _ in 0..7 {
        let _ = trainer.step().unwrap();
    }
    let saved = trainer.save().unwrap();
    let memory: &Replay<f32, u32> = trainer.shared().downcast_ref().unwrap();
    let [progress, agents, slots] = ["progress.json", "agents.bin", "slots.bin"].map(|name| saved.files[name].clone());
    let elite = Elite::new(&small_agent(), "CartPole-v1");
    let digest = || Digest::of(b"four");
    let manifest = Manifest {
        schema: Manifest::SCHEMA,
        versions: [("agilerl".to_owned(), "0.1.0".to_owned())].into(),
        generation: 3,
        round: 0,
        files: [("agents.bin".to_owned(), digest())].into(),
        segments: vec![Segment { first: 0, end: 8, digest: digest() }],
        run_files: [("events.jsonl".to_owned(), digest())].into(),
    };
    [
        manifest.to_bytes(),
        memory.to_bytes(memory.total() - 20..memory.total()),
        small_agent().save().unwrap(),
        join(&[elite.record_json().as_bytes(), &elite.weights]),
        join(&[&progress, &agents, &slots]),
        RunConfig::default().to_toml().into_bytes(),
    ]
}

fn small_trainer() -> Trainer<AnyTask> {
    let mut config = RunConfig { env: "CartPole-v1".to_owned(), population: 2, ..RunConfig::default() };
    config.dqn().net.hidden = vec![16];
    config.dqn().batch_size = 8;
    config.evolution.mutation.rl_hp = 0.0;
    config.off_policy = OffPolicyConfig { lanes: 2, memory_size: 64, ..OffPolicyConfig::default() };
    let evolution = &mut config.evolution;
    (evolution.generations, evolution.generation_env_steps, evolution.round_env_steps) = (4, 32, 16);
    (evolution.eval_episodes, evolution.confirm_episodes, evolution.threads) = (2, 2, 1);
    Run::with(config).start().unwrap().into_trainer()
}

fn small_agent() -> Dqn {
    let mut config = DqnConfig::default();
    config.net.hidden = vec![16];
    let mut rng = Streams::new(1).get(Purpose::Weights, 0, 0, 0);
    Dqn::new(config, 4, 2, &parse_device("cpu").unwrap(), &mut rng).unwrap()
}

/// Byte strings as one: each but the last behind its length in four bytes.
fn join(parts: &[&[u8]]) -> Vec<u8> {
    let (last, first) = parts.split_last().unwrap();
    let mut bytes = Vec::new();
    for part in first {
        bytes.extend((part.len() as u32).to_le_bytes());
        bytes.extend_from_slice(part);
    }
    bytes.extend_from_slice(last);
    bytes
}

fn parts<const N: usize>(mut bytes: &[u8]) -> Option<[&[u8]; N]> {
    let mut parts = [&[][..]; N];
    for part in &mut parts[..N - 1] {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        (*part, bytes) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    }
    parts[N - 1] = bytes;
    Some(parts)
}
