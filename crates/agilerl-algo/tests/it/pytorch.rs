//! Whole updates held to PyTorch: on the host and through burn.
//!
//! `tests/record/pytorch.py` made the numbers of `tests/pytorch`, in `f64` from `f32` inputs. So a difference is the rounding
//! of this crate alone.

use crate::unused_rng;
use agilerl_algo::Loss;
use agilerl_algo::{Dqn, DqnConfig, LearnedSum, NetConfig, OffPolicy};
use agilerl_buffer::{Batch, Row, RowLayout};
use agilerl_hpo::Evolve;
use agilerl_nets::{Activation, Weights, parse_device};
use serde::Deserialize;

#[derive(Deserialize)]
struct Recorded {
    lr: f64,
    gamma: f64,
    tau: f64,
    online: Vec<f32>,
    target: Vec<f32>,
    batches: Vec<Rows>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Rows {
    obs: Vec<Vec<f32>>,
    actions: Vec<u32>,
    rewards: Vec<f32>,
    next_obs: Vec<Vec<f32>>,
    terminated: Vec<bool>,
    steps: Vec<u32>,
    weights: Vec<f32>,
    masks: Vec<Vec<bool>>,
}

#[derive(Deserialize)]
struct Case {
    double: bool,
    loss: Loss,
    max_grad_norm: Option<f64>,
    /// Masks, weights and rows of several steps.
    extras: bool,
    after_1: State,
    after_100: State,
}

/// What the update said (loss, mean value, norm before clipping), and what is so after it.
#[derive(Debug, Deserialize, PartialEq)]
struct State {
    said: [f32; 3],
    online: Vec<f32>,
    target: Vec<f32>,
    exp_avg: Vec<f32>,
    exp_avg_sq: Vec<f32>,
}

fn recorded() -> Recorded {
    serde_json::from_str(include_str!("../pytorch/updates.json")).unwrap()
}

impl Rows {
    fn batch(&self, extras: bool) -> Batch<f32, u32> {
        let layout = RowLayout::new(self.obs[0].len(), 1);
        let layout = if extras { layout.with_mask(self.masks[0].len()) } else { layout };
        let mut batch = Batch::new(self.actions.len(), &layout);
        for (row, obs) in self.obs.iter().enumerate() {
            let (action, next_obs) = (&[self.actions[row]], &self.next_obs[row]);
            let (reward, terminated) = (self.rewards[row], self.terminated[row]);
            let next_mask = extras.then_some(self.masks[row].as_slice());
            batch.push(row as u64, Row { obs, action, reward, next_obs, terminated, truncated: false, next_mask });
        }
        if extras {
            batch.steps_mut().copy_from_slice(&self.steps);
            batch.weights_mut().copy_from_slice(&self.weights);
        }
        batch
    }
}

/// The states after 1 and 100 updates on a device.
fn learnt(recorded: &Recorded, case: &Case, device: &str) -> [State; 2] {
    let mut config = DqnConfig {
        net: NetConfig { hidden: vec![6, 5], activation: Activation::Tanh, ..Default::default() },
        double: case.double,
        loss: case.loss,
        max_grad_norm: case.max_grad_norm,
        lr: recorded.lr,
        gamma: recorded.gamma,
        tau: recorded.tau,
        ..DqnConfig::default()
    };
    config.net.limits.min_nodes = 1;
    let spec = config.net.head(3, 4);
    let weights = |values: &[f32]| Weights::new(spec.layout(), values.to_vec());
    let device = parse_device(device).unwrap();
    let mut agent = Dqn::with_weights(config, spec.clone(), &weights(&recorded.online), &device)
        .unwrap()
        .with_target(&weights(&recorded.target));
    let batches: Vec<_> = recorded.batches.iter().map(|rows| rows.batch(case.extras)).collect();
    let mut update = |number: usize| {
        let mut said = LearnedSum::new(&["loss", "value", "grad_norm"]);
        said.add(agent.learn(&batches[number % batches.len()], &mut unused_rng()));
        let said = crate::read(said).1.map(|number| number as f32);
        // The number of updates, then both networks and both moments.
        let numbers: Vec<f32> = agent.fingerprint()[4..].as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect();
        let [online, target, exp_avg, exp_avg_sq] =
            [0, 1, 2, 3].map(|vector| numbers.chunks_exact(recorded.online.len()).nth(vector).unwrap().to_vec());
        State { said, online, target, exp_avg, exp_avg_sq }
    };
    let first = update(0);
    [first, (1..100).map(update).last().unwrap()]
}

/// The largest difference of two vectors, as a part of the largest number of the second.
#[track_caller]
fn apart(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0_f32, |largest, x| largest.max(x.abs()));
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    // `max` would lose a NaN.
    differences.fold(0.0, |most, d| if d <= most { most } else { d }) / largest
}

impl State {
    fn apart(&self, expected: &Self) -> [f32; 5] {
        [
            apart(&self.said, &expected.said),
            apart(&self.online, &expected.online),
            apart(&self.target, &expected.target),
            apart(&self.exp_avg, &expected.exp_avg),
            apart(&self.exp_avg_sq, &expected.exp_avg_sq),
        ]
    }
}

/// An `f32` has 6e-8 of its size, and every number here is a sum of some dozens of them. The largest difference met was 3e-7
/// after an update and 1.2e-6 after a hundred, in which the weights go about a tenth of their size: the bars are three times
/// that.
#[test]
fn an_update_is_the_one_that_pytorch_makes() {
    let recorded = recorded();
    for case in &recorded.cases {
        for device in crate::DEVICES {
            let [first, last] = learnt(&recorded, case, device);
            let (first, last) = (first.apart(&case.after_1), last.apart(&case.after_100));
            let Case { double, loss, max_grad_norm, extras, .. } = case;
            let what = format!("{device}: double {double}, {loss:?}, clipped at {max_grad_norm:?}, extras {extras}");
            assert!(first.iter().all(|apart| *apart < 1e-6), "{what}: off by {first:?} after an update");
            assert!(last.iter().all(|apart| *apart < 4e-6), "{what}: off by {last:?} after 100 updates");
        }
    }
}

/// Every setting makes a difference in the recording that is far above what the test above lets pass.
#[test]
fn the_recording_tells_the_settings_apart() {
    let recorded = recorded();
    for (i, one) in recorded.cases.iter().enumerate() {
        for other in &recorded.cases[..i] {
            let apart = one.after_100.apart(&other.after_100);
            assert!(apart[1..].iter().all(|apart| *apart > 1e-3), "{i}: {apart:?}");
        }
    }
}
