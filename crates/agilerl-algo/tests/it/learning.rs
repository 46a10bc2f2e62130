//! One update, against numbers computed by hand.

use crate::{DEVICES, unused_rng};
use agilerl_algo::Loss;
use agilerl_algo::{Dqn, DqnConfig, Learned, LearnedSum, NetConfig, OffPolicy};
use agilerl_buffer::{Batch, Memory, Replay, RowLayout, Transitions};
use agilerl_hpo::Evolve;
use agilerl_nets::{Activation, MlpSpec, Weights, parse_device};
use approx::assert_relative_eq;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A network without hidden work: one identity node, so that Q(s, a) = s * weight[a] + bias[a].
fn linear_config() -> (DqnConfig, MlpSpec) {
    let mut config = DqnConfig {
        net: NetConfig { hidden: vec![1], activation: Activation::Linear, ..Default::default() },
        ..Default::default()
    };
    config.net.limits.min_nodes = 1;
    let spec = config.net.head(1, 2);
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
    let mut sum = LearnedSum::new(&["loss", "value", "grad_norm"]);
    sum.add(learned);
    crate::read(sum).1
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
        let [loss, value, _] = read(apart(config.clone(), &spec, device).learn(&batch, &mut unused_rng()));
        assert_relative_eq!(loss, 0.09, epsilon = 1e-5);
        assert_relative_eq!(value, 2.0, epsilon = 1e-6);
        let plain = DqnConfig { double: false, ..config.clone() };
        let [loss, ..] = read(apart(plain, &spec, device).learn(&batch, &mut unused_rng()));
        assert_relative_eq!(loss, 16.5 * 16.5, epsilon = 1e-3);
    }
}

/// Terminated: y = r = 0.5, loss (2 - 0.5)^2. Truncated: as if it went on, 0.3^2.
#[test]
fn termination_cuts_the_bootstrap_and_truncation_does_not() {
    let (config, spec) = linear_config();
    let config = DqnConfig { gamma: 0.9, ..config };
    for device in DEVICES {
        let loss = |ended| {
            read(apart(config.clone(), &spec, device).learn(&batch(3, 1.0, 0, 0.5, 2.0, ended), &mut unused_rng()))[0]
        };
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
        let [loss, ..] = read(
            apart(config.clone(), &spec, device).learn(&batch(3, 1.0, 0, 0.5, 2.0, [true, false]), &mut unused_rng()),
        );
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
        let [_, _, norm] = read(agent.learn(&batch(3, 1.0, 0, 0.5, 2.0, [true, false]), &mut unused_rng()));
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
            agent.learn(&batch, &mut unused_rng());
        }
        let mut clone = agent.clone();
        for _ in 0..3 {
            agent.learn(&batch, &mut unused_rng());
            clone.learn(&batch, &mut unused_rng());
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
    check(|c| c.net.parameter_noise.share = -0.1, "parameter_noise.share = -0.1");
    check(|c| c.lr = 0.0, "lr = 0 ");
    check(|c| c.lr = f64::INFINITY, "lr = inf");
    check(|c| c.gamma = -0.1, "gamma = -0.1");
    check(|c| c.tau = 1.1, "tau = 1.1 is out of range: above 0, at most 1");
    check(|c| c.max_grad_norm = Some(f64::NAN), "max_grad_norm = NaN");
    check(|c| c.epsilon.start = -0.5, "epsilon.start = -0.5");
    check(|c| c.net.parameter_noise.super_share = 1.5, "parameter_noise.super_share = 1.5");
    check(|c| c.net.parameter_noise.reset_share = f64::NAN, "parameter_noise.reset_share = NaN");
    check(|c| c.net.parameter_noise.super_sd = -1.0, "parameter_noise.super_sd = -1");
    check(
        |c| (c.net.parameter_noise.super_share, c.net.parameter_noise.reset_share) = (0.6, 0.5),
        "parameter_noise.super_share + reset_share = 1.1",
    );
}

/// Online values (2, 3) s, target (10, 1) s, gamma 0.5. After three steps y = 0.5 + 0.5^3 * 2 = 0.75 for s' = 2, where action 1
/// is selected: the loss is (2 - 0.75)^2. After one it is (2 - 1.5)^2. One row of each: their mean.
#[test]
fn a_row_of_n_steps_is_discounted_n_times() {
    let (config, spec) = linear_config();
    let config = DqnConfig { gamma: 0.5, ..config };
    for device in DEVICES {
        let mut batch = batch(2, 1.0, 0, 0.5, 2.0, [false, false]);
        batch.steps_mut().copy_from_slice(&[3, 1]);
        let [loss, ..] = read(apart(config.clone(), &spec, device).learn(&batch, &mut unused_rng()));
        assert_relative_eq!(loss, (1.25 * 1.25 + 0.5 * 0.5) / 2.0, epsilon = 1e-5);
    }
}

/// Terminated: losses of 1.5^2 and weights of 0.5 and 2. The mean value does not know weights.
#[test]
fn a_row_counts_as_much_as_its_weight() {
    let (config, spec) = linear_config();
    for device in DEVICES {
        let mut batch = batch(2, 1.0, 0, 0.5, 2.0, [true, false]);
        batch.weights_mut().copy_from_slice(&[0.5, 2.0]);
        let [loss, value, norm] = read(apart(config.clone(), &spec, device).learn(&batch, &mut unused_rng()));
        assert_relative_eq!(loss, 2.25 * 1.25, epsilon = 1e-5);
        assert_relative_eq!(value, 2.0, epsilon = 1e-6);
        assert_relative_eq!(norm, 90f64.sqrt() * 1.25, epsilon = 1e-4);
    }
}

/// In s' the online values are equal. The first is selected, which the target says is worth 10 * 2.
#[test]
fn of_equal_values_the_first_is_selected() {
    let (config, spec) = linear_config();
    let config = DqnConfig { gamma: 0.5, ..config };
    for device in DEVICES {
        let even = linear_weights(&spec, [2.0, 2.0], [0.0; 2]);
        let agent = Dqn::with_weights(config.clone(), spec.clone(), &even, &parse_device(device).unwrap()).unwrap();
        let mut agent = agent.with_target(&linear_weights(&spec, [10.0, 1.0], [0.0; 2]));
        let [loss, ..] = read(agent.learn(&batch(3, 1.0, 0, 0.5, 2.0, [false, false]), &mut unused_rng()));
        // y = 0.5 + 0.5 * 20
        assert_relative_eq!(loss, 8.5 * 8.5, epsilon = 1e-4);
    }
}

/// All values are negative in s' = -2: online (-4, -6), target (-20, -2). Action 1 alone is legal, the worse one for the online
/// network: y = 0.5 - 0.9 * 2. Plain DQN would take the target's action 1 anyway, so there action 0 alone is legal: y = 0.5 -
/// 0.9 * 20.
#[test]
fn the_bootstrap_takes_legal_actions_however_bad() {
    let (config, spec) = linear_config();
    let layout = RowLayout::new(1, 1).with_mask(2);
    for device in DEVICES {
        for (double, mask, target) in [(true, [false, true], 0.5 - 1.8), (false, [true, false], 0.5 - 18.0)] {
            let mut memory = Replay::new(1, layout).unwrap();
            memory.extend(&Transitions {
                obs: &[1.0],
                actions: &[0],
                rewards: &[0.5],
                next_obs: &[-2.0],
                terminated: &[false],
                truncated: &[false],
                next_masks: Some(&mask),
            });
            let mut batch = Batch::new(3, &layout);
            memory.sample_into(&mut ChaCha8Rng::seed_from_u64(1), &mut batch);
            let config = DqnConfig { gamma: 0.9, double, ..config.clone() };
            let [loss, ..] = read(apart(config, &spec, device).learn(&batch, &mut unused_rng()));
            assert_relative_eq!(loss, (2.0 - target) * (2.0_f64 - target), epsilon = 1e-3);
        }
    }
}

/// Adam's first and second moment: behind the number of updates and both networks.
fn moments(agent: &Dqn) -> [Vec<f32>; 2] {
    let bytes = agent.fingerprint();
    let vectors: Vec<f32> = bytes[4..].as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect();
    let len = agent.weights().values().len();
    assert_eq!(vectors.len(), 4 * len);
    [vectors[2 * len..3 * len].to_vec(), vectors[3 * len..].to_vec()]
}

/// The gradient of `the_first_update_by_hand` is (6, 6, 3, 0, 3, 0), of norm sqrt(90). Adam divides by its size, and so it is the
/// moments that tell what was clipped: a tenth of the gradient, and a thousandth of its square.
#[test]
fn a_gradient_is_clipped_to_the_norm_and_never_made_longer() {
    let (config, spec) = linear_config();
    let norm = 90f32.sqrt();
    for device in DEVICES {
        for (max_grad_norm, scale) in [(None, 1.0), (Some(1.0), 1.0 / norm), (Some(9.0), 9.0 / norm), (Some(20.0), 1.0)]
        {
            let config = DqnConfig { max_grad_norm, ..config.clone() };
            let mut agent = apart(config, &spec, device);
            agent.learn(&batch(3, 1.0, 0, 0.5, 2.0, [true, false]), &mut unused_rng());
            let [first, second] = moments(&agent);
            for (i, gradient) in [6.0, 6.0, 3.0, 0.0, 3.0, 0.0].into_iter().enumerate() {
                assert_relative_eq!(first[i], 0.1 * scale * gradient, max_relative = 1e-5);
                assert_relative_eq!(second[i], 0.001 * (scale * gradient) * (scale * gradient), max_relative = 1e-4);
            }
        }
    }
}

/// A millionth is added to the norm, as PyTorch does. The difference is d = 2^-18, so dQ = 2^-17 and the norm is that times
/// sqrt(2^2 + 2^2 + 1 + 1).
#[test]
fn a_gradient_of_no_length_is_not_divided_by_nothing() {
    let (config, spec) = linear_config();
    let d = 2f64.powi(-18);
    let norm = 2.0 * d * 10f64.sqrt();
    for device in DEVICES {
        let config = DqnConfig { max_grad_norm: Some(1e-6), ..config.clone() };
        let mut agent = apart(config, &spec, device);
        let [_, _, said] = read(agent.learn(&batch(3, 1.0, 0, 2.0 - d, 2.0, [true, false]), &mut unused_rng()));
        assert_relative_eq!(said, norm, max_relative = 1e-5);
        let clipped = 4.0 * d * 1e-6 / (norm + 1e-6);
        assert_relative_eq!(f64::from(moments(&agent)[0][0]), 0.1 * clipped, max_relative = 1e-4);
    }
}

/// Of the hand-computed update: hidden weight 0.99 and bias -0.01, output weights (1.99, 3), biases (-0.01, 0). In s = 1 the
/// hidden node says 0.98.
#[test]
fn an_agent_acts_by_what_it_has_just_learnt() {
    let (config, spec) = linear_config();
    let config = DqnConfig { lr: 0.01, ..config };
    for device in DEVICES {
        let mut agent = apart(config.clone(), &spec, device);
        assert_eq!(agent.values(&[1.0]), [2.0, 3.0]);
        agent.learn(&batch(3, 1.0, 0, 0.5, 2.0, [true, false]), &mut unused_rng());
        let values = agent.values(&[1.0]);
        assert_relative_eq!(values[0], 0.98 * 1.99 - 0.01, epsilon = 1e-5);
        assert_relative_eq!(values[1], 0.98 * 3.0, epsilon = 1e-5);
    }
}

#[test]
fn the_ends_of_the_ranges_are_settings_too() {
    let check = |change: fn(&mut DqnConfig)| {
        let mut config = DqnConfig::default();
        change(&mut config);
        config.validate().unwrap();
    };
    check(|c| c.gamma = 0.0);
    check(|c| c.gamma = 1.0);
    check(|c| c.tau = 1.0);
    check(|c| (c.batch_size, c.learn_step) = (1, 1));
    check(|c| (c.net.parameter_noise.super_share, c.net.parameter_noise.reset_share) = (0.5, 0.5));
    check(|c| c.net.parameter_noise.super_sd = 0.0);
    check(|c| (c.epsilon.start, c.epsilon.end) = (1.0, 0.0));
}

/// What the docs of the fields say, and the table of the migration guide.
#[test]
fn the_defaults_are_those_that_the_docs_name() {
    let config = DqnConfig::default();
    assert_eq!((config.lr, config.gamma, config.tau), (1e-3, 0.99, 1e-3));
    assert_eq!((config.batch_size, config.learn_step, config.net.hidden), (128, 16, vec![32, 32]));
    assert_eq!((config.double, config.loss, config.max_grad_norm), (true, Loss::Mse, Some(10.0)));
    assert_eq!((config.net.dueling, config.net.layer_norm, config.net.activation), (false, false, Activation::Relu));
    let epsilon = config.epsilon;
    assert_eq!((epsilon.start, epsilon.end, epsilon.decay_steps), (1.0, 0.1, 50_000));
}

/// The case above: value 2, target 2.3. Of three rows alike each has the error -0.3.
#[test]
fn an_update_reports_the_error_of_every_row() {
    let (config, spec) = linear_config();
    let config = DqnConfig { gamma: 0.9, ..config };
    for device in DEVICES {
        let mut agent = apart(config.clone(), &spec, device);
        let batch = batch(3, 1.0, 0, 0.5, 2.0, [false, false]);
        let learned = agent.learn(&batch, &mut unused_rng());
        assert_eq!(learned.names, ["loss", "value", "grad_norm"]);
        let errors = learned.td_errors.read();
        assert_eq!(errors.len(), 3);
        errors.iter().for_each(|error| assert_relative_eq!(*error, -0.3, epsilon = 1e-5));
    }
}
