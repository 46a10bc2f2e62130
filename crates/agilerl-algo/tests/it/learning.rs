//! One update, against numbers computed by hand.

use agilerl_algo::dqn::Loss;
use agilerl_algo::{Dqn, DqnConfig, Learned, LearnedSum, OffPolicy};
use agilerl_buffer::{Batch, Memory, Replay, RowLayout, Transitions};
use agilerl_nets::{Activation, MlpSpec, Weights, parse_device};
use approx::assert_relative_eq;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The two learners that are always there: over plain slices, and through burn.
const DEVICES: [&str; 2] = ["cpu", "flex"];

/// A network without hidden work: one identity node, so that Q(s, a) = s * weight[a] + bias[a].
fn linear_config() -> (DqnConfig, MlpSpec) {
    let mut config = DqnConfig { hidden: vec![1], activation: Activation::Linear, ..Default::default() };
    config.limits.min_nodes = 1;
    let spec = config.spec(1, 2);
    (config, spec)
}

fn linear_weights(spec: &MlpSpec, weight: [f32; 2], bias: [f32; 2]) -> Weights {
    Weights::new(spec.layout(), vec![1.0, 0.0, weight[0], weight[1], bias[0], bias[1]])
}

/// A batch of the same transition, again and again.
fn batch(rows: usize, obs: f32, action: u32, reward: f64, next: f32, ended: [bool; 2]) -> Batch<f32, u32> {
    let layout = RowLayout::new(1, 1);
    let mut memory = Replay::new(rows, layout).unwrap();
    memory.extend(&Transitions {
        obs: &[obs],
        actions: &[action],
        rewards: &[reward],
        next_obs: &[next],
        terminated: &[ended[0]],
        truncated: &[ended[1]],
        next_masks: None,
    });
    let mut batch = Batch::new(rows, &layout);
    memory.sample_into(&mut ChaCha8Rng::seed_from_u64(1), &mut batch);
    batch
}

fn read(learned: Learned) -> [f64; 3] {
    let mut sum = LearnedSum::default();
    sum.add(learned);
    sum.read().1
}

/// An agent whose two networks have been set apart: the online values are (2, 3) s, the target's (10, 1) s.
fn apart(config: DqnConfig, spec: &MlpSpec, device: &str) -> Dqn {
    let device = parse_device(device).unwrap();
    let agent = Dqn::with_weights(config, spec.clone(), &linear_weights(spec, [2.0, 3.0], [0.0; 2]), &device).unwrap();
    agent.with_target(&linear_weights(spec, [10.0, 1.0], [0.0; 2]))
}

/// s = 1, a = 0, r = 0.5, s' = 2, gamma = 0.9. Online selects action 1 in s' (4 < 6), the target says 2 there: y = 0.5 +
/// 0.9 * 2 = 2.3. Plain DQN takes the target's best, 20: y = 18.5. Q(s, a) = 2, so the losses are 0.3^2 and 16.5^2.
#[test]
fn online_selects_and_target_evaluates() {
    let (config, spec) = linear_config();
    let config = DqnConfig { gamma: 0.9, ..config };
    let batch = batch(3, 1.0, 0, 0.5, 2.0, [false, false]);
    for device in DEVICES {
        let [loss, value, _] = read(apart(config.clone(), &spec, device).learn(&batch));
        assert_relative_eq!(loss, 0.09, epsilon = 1e-5);
        assert_relative_eq!(value, 2.0, epsilon = 1e-6);
        let plain = DqnConfig { double: false, ..config.clone() };
        let [loss, ..] = read(apart(plain, &spec, device).learn(&batch));
        assert_relative_eq!(loss, 16.5 * 16.5, epsilon = 1e-3);
    }
}

/// Terminated: y = r = 0.5, loss (2 - 0.5)^2. Truncated: as if it went on, 0.3^2.
#[test]
fn termination_cuts_the_bootstrap_and_truncation_does_not() {
    let (config, spec) = linear_config();
    let config = DqnConfig { gamma: 0.9, ..config };
    for device in DEVICES {
        let loss = |ended| read(apart(config.clone(), &spec, device).learn(&batch(3, 1.0, 0, 0.5, 2.0, ended)))[0];
        assert_relative_eq!(loss([true, false]), 2.25, epsilon = 1e-5);
        assert_relative_eq!(loss([false, true]), 0.09, epsilon = 1e-5);
    }
}

/// Huber: |d| - 1/2 beyond 1. With d = 1.5: 1.0.
#[test]
fn huber_is_linear_beyond_one() {
    let (config, spec) = linear_config();
    let config = DqnConfig { loss: Loss::Huber, ..config };
    for device in DEVICES {
        let [loss, ..] = read(apart(config.clone(), &spec, device).learn(&batch(3, 1.0, 0, 0.5, 2.0, [true, false])));
        assert_relative_eq!(loss, 1.0, epsilon = 1e-5);
    }
}

/// d = 1.5 (terminated case), loss d^2, dloss/dQ = 3 for action 0. Parameters: hidden weight 1 and bias 0, output weights
/// (2, 3), biases 0. Gradients: output weight 0: 3 * h = 3, output bias 0: 3, hidden weight: 3 * 2 * s = 6, hidden bias: 6.
/// Norm = sqrt(9 + 9 + 36 + 36) = 9.4868.
/// Adam's first step is lr * g / (|g| + eps), whatever the scale of g: clipping changes nothing yet, and every weight with a
/// gradient moves by lr against its sign.
#[test]
fn the_first_update_by_hand() {
    let (config, spec) = linear_config();
    let config = DqnConfig { lr: 0.01, tau: 0.25, max_grad_norm: Some(1.0), ..config };
    for device in DEVICES {
        let mut agent = apart(config.clone(), &spec, device);
        let [_, _, norm] = read(agent.learn(&batch(3, 1.0, 0, 0.5, 2.0, [true, false])));
        assert_relative_eq!(norm, 90f64.sqrt(), epsilon = 1e-4);
        let moved = [0.99, -0.01, 1.99, 3.0, -0.01, 0.0];
        for (weight, expected) in agent.weights().values().iter().zip(moved) {
            assert_relative_eq!(*weight, expected, epsilon = 1e-5);
        }
        // The target goes a quarter of the way from (1, 0, 10, 1, 0, 0).
        let quarter = [0.9975, -0.0025, 0.75 * 10.0 + 0.25 * 1.99, 0.75 + 0.25 * 3.0, -0.0025, 0.0];
        for (weight, expected) in agent.target_weights().values().iter().zip(quarter) {
            assert_relative_eq!(*weight, expected, epsilon = 1e-5);
        }
    }
}

#[test]
fn a_clone_is_complete_and_learns_alike() {
    let (config, spec) = linear_config();
    let batch = batch(4, 1.0, 0, 0.5, 2.0, [false, false]);
    for device in DEVICES {
        let mut agent = apart(config.clone(), &spec, device);
        for _ in 0..3 {
            agent.learn(&batch);
        }
        let mut clone = agent.clone();
        for _ in 0..3 {
            agent.learn(&batch);
            clone.learn(&batch);
        }
        assert_eq!(clone.config(), agent.config(), "double and all");
        assert_eq!(clone.weights(), agent.weights(), "moments came along");
        assert_eq!(clone.target_weights(), agent.target_weights());
    }
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let check = |change: fn(&mut DqnConfig), expected: &str| {
        let mut config = DqnConfig::default();
        change(&mut config);
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    };
    check(|c| c.lr = -1e-3, "lr = -0.001 is out of range: a positive number");
    check(|c| c.lr = f64::NAN, "lr = NaN");
    check(|c| c.batch_size = 0, "batch_size = 0");
    check(|c| c.learn_step = 0, "learn_step = 0");
    check(|c| c.gamma = 1.5, "gamma = 1.5 is out of range: 0 to 1");
    check(|c| c.tau = 0.0, "tau = 0");
    check(|c| c.max_grad_norm = Some(0.0), "max_grad_norm = 0");
    check(|c| c.epsilon.end = 1.1, "epsilon.end = 1.1");
    check(|c| c.parameter_noise.share = -0.1, "parameter_noise.share = -0.1");
}
