//! Learning on the processor without tensors is learning through burn's autodiff, on every device that is built in:
//! `cargo test -p agilerl-algo --features ndarray,tch,wgpu devices`.

use crate::unused_rng;
use agilerl_algo::Loss;
use agilerl_algo::{Agent, Dqn, DqnConfig, Elite, LearnedSum, Mode, NetConfig, OffPolicy};
use agilerl_buffer::{Batch, Memory, Replay, RowLayout, Transitions};
use agilerl_nets::{Activation, Weights, built_in_devices, parse_device};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const OBS_LEN: usize = 6;
const CHOICES: usize = 4;

/// What a batch has besides plain transitions.
#[derive(Clone, Copy, Debug, Default)]
struct Extras {
    masks: bool,
    weights_and_steps: bool,
}

/// Updates on the processor and on every other device from equal weights, over the same batches; then the networks agree to
/// 1e-5 of the size of their weights: after 100 updates with flex, after fewer with what is slower.
///
/// They sum products in different orders, so a gradient differs by some 1e-7 of its terms. Adam divides by the
/// gradient's own size, and so can make much of little: one that is mostly cancellation moves its weight by up to `lr`,
/// whatever its sign. The rate of 1e-3 is the default, and moves the weights by more than a tenth of their size here; the
/// largest difference met with flex was 1.3e-6.
#[track_caller]
fn check_agree(config: DqnConfig, extras: Extras) {
    for device in others() {
        check_agrees_on(device, if device == "flex" { 100 } else { 25 }, config.clone(), extras);
    }
}

/// The devices that compute by burn.
fn others() -> impl Iterator<Item = &'static str> {
    built_in_devices().into_iter().filter(|device| *device != "cpu")
}

#[track_caller]
fn check_agrees_on(device: &str, updates: usize, config: DqnConfig, extras: Extras) {
    let config =
        DqnConfig { net: NetConfig { hidden: vec![24, 17], ..config.net }, tau: 0.05, batch_size: 48, ..config };
    let agent = |device: &str| {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let agent = Dqn::new(config.clone(), OBS_LEN, CHOICES, &parse_device(device).unwrap(), &mut rng).unwrap();
        // Apart from the online network from the first, so that it matters who selects and who evaluates.
        let other = agent.spec().init(&mut rng);
        agent.with_target(&other)
    };
    let (mut host, mut burn) = (agent("cpu"), agent(device));
    let before = host.weights();
    let memory = memory(extras);
    let mut batch = Batch::new(config.batch_size, memory.layout());
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut said = [LearnedSum::new(&["loss", "value", "grad_norm"]), LearnedSum::new(&["loss", "value", "grad_norm"])];
    for _ in 0..updates {
        memory.sample_into(&mut rng, &mut batch);
        if extras.weights_and_steps {
            batch.weights_mut().iter_mut().for_each(|weight| *weight = 0.1 + rng.random::<f32>());
            batch.steps_mut().iter_mut().for_each(|steps| *steps = rng.random_range(1..6));
        }
        for (agent, said) in [&mut host, &mut burn].into_iter().zip(&mut said) {
            said.add(agent.learn(&batch, &mut unused_rng()));
        }
    }
    let what = format!("{device} {config:?} {extras:?}");
    assert!(difference(&before, &host.weights()) > 1e-3 * updates as f32, "{what}: the weights hardly moved");
    for (host, burn) in [(host.weights(), burn.weights()), (host.target_weights(), burn.target_weights())] {
        let difference = difference(&host, &burn);
        let most = match (device, config.net.activation) {
            // They approximate the error function, in the same way: LibTorch and flex have all its digits.
            ("ndarray" | "wgpu", Activation::Gelu) => 2e-3,
            // Behind a gate that has hardly opened every gradient is small, and Adam makes much of its last bits.
            ("flex", _) if config.net.residual.is_empty() => 1e-5,
            _ => 1e-4,
        };
        assert!(difference < most, "{what}: weights differ by {difference}");
    }
    let [(_, host), (_, burn)] = said.map(crate::read);
    for (host, burn) in host.iter().zip(burn) {
        assert!((host - burn).abs() < 1e-4 * (1.0 + burn.abs()), "{what}: said {host} and {burn}");
    }
}

/// The largest difference of two weights, by the root mean square of all.
fn difference(a: &Weights, b: &Weights) -> f32 {
    let size = (a.values().iter().map(|w| w * w).sum::<f32>() / a.values().len() as f32).sqrt();
    a.values().iter().zip(b.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / size
}

/// Random transitions, some of them terminal; with masks that allow about half of the choices, and none after some ends.
fn memory(extras: Extras) -> Replay<f32, u32> {
    let layout = RowLayout::new(OBS_LEN, 1);
    let layout = if extras.masks { layout.with_mask(CHOICES) } else { layout };
    let mut memory = Replay::new(500, layout).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for i in 0..500 {
        let mut row = || -> [f32; OBS_LEN] { std::array::from_fn(|_| 2.0 * rng.random::<f32>() - 1.0) };
        let (obs, next_obs) = (row(), row());
        let action = rng.random_range(0..CHOICES as u32);
        let reward = f64::from(3.0 * obs[action as usize] - obs[4] + rng.random::<f32>());
        let terminated = i % 7 == 0;
        let mut mask: [bool; CHOICES] = std::array::from_fn(|_| !terminated && rng.random());
        mask[i % CHOICES] |= !terminated;
        memory.extend(&Transitions {
            obs: &obs,
            actions: &[action],
            rewards: &[reward],
            next_obs: &next_obs,
            terminated: &[terminated],
            truncated: &[i % 11 == 0],
            next_masks: extras.masks.then_some(&mask),
        });
    }
    memory
}

#[test]
fn the_host_learns_what_burn_learns_with_every_activation_and_norm() {
    for activation in Activation::ALL {
        for layer_norm in [false, true] {
            check_agree(
                DqnConfig { net: NetConfig { activation, layer_norm, ..Default::default() }, ..Default::default() },
                Extras::default(),
            );
        }
    }
}

#[test]
fn the_host_learns_what_burn_learns_with_residual_layers_and_two_heads() {
    for activation in [Activation::Relu, Activation::Gelu, Activation::Prelu] {
        for layer_norm in [false, true] {
            let (residual, dueling) = (vec![1], true);
            check_agree(
                DqnConfig {
                    net: NetConfig { activation, layer_norm, residual, dueling, ..Default::default() },
                    ..Default::default()
                },
                Extras::default(),
            );
        }
    }
}

#[test]
fn the_host_learns_what_burn_learns_with_every_target_loss_and_clip() {
    for double in [false, true] {
        for loss in [Loss::Mse, Loss::Huber] {
            // Not clipped, clipped hard, and at a norm that some gradients of the test have.
            for max_grad_norm in [None, Some(0.05), Some(1.0)] {
                check_agree(DqnConfig { double, loss, max_grad_norm, ..Default::default() }, Extras::default());
            }
        }
    }
}

#[test]
fn the_host_learns_what_burn_learns_from_masked_weighted_and_longer_rows() {
    for double in [false, true] {
        for (masks, weights_and_steps) in [(true, false), (false, true), (true, true)] {
            check_agree(DqnConfig { double, ..Default::default() }, Extras { masks, weights_and_steps });
        }
    }
}

/// Moments, networks and scratch of the learner go over to the new shape, and the saved elite comes back as it was.
#[test]
fn devices_agree_after_mutations_and_on_the_saved_elite_too() {
    use agilerl_hpo::{Purpose, Streams};
    let memory = memory(Extras::default());
    let mutated = |device: &str| {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let device = parse_device(device).unwrap();
        let mut agent = Dqn::new(DqnConfig::default(), OBS_LEN, CHOICES, &device, &mut rng).unwrap();
        let mut batch = Batch::new(32, memory.layout());
        for name in 0..5 {
            for _ in 0..10 {
                memory.sample_into(&mut rng, &mut batch);
                agent.learn(&batch, &mut unused_rng());
            }
            let mut stream = Streams::new(5).get(Purpose::Mutation, 0, name, 0);
            crate::mutate_architecture(&mut agent, 0.5, &mut stream);
            crate::mutate_parameters(&mut agent, 0.1, &mut stream);
            crate::mutate_activation(&mut agent, &mut stream);
        }
        for _ in 0..10 {
            memory.sample_into(&mut rng, &mut batch);
            agent.learn(&batch, &mut unused_rng());
        }
        let elite = Elite::new(&agent, "none");
        let again = Elite::from_bytes(elite.record_json().as_bytes(), &elite.weights).unwrap();
        assert_eq!(again.network().unwrap(), agent.weights());
        let obs: Vec<f32> = (0..8 * OBS_LEN).map(|_| rng.random()).collect();
        let mut actions = vec![0; 8];
        agent.act(&obs, None, Mode::Greedy, &mut unused_rng(), &mut actions);
        assert_eq!(again.policy().unwrap().act::<u32>(&obs), actions);
        agent
    };
    let host = mutated("cpu");
    assert_ne!(host.spec().head.hidden, [32, 32]);
    for device in others() {
        let burn = mutated(device);
        assert_eq!(host.spec(), burn.spec());
        let difference = difference(&host.weights(), &burn.weights());
        let most = if device == "flex" { 1e-5 } else { 1e-4 };
        assert!(difference < most, "{device}: weights differ by {difference}");
    }
}

/// The same bits on any thread: the kernels use one, and their order of sums is fixed.
#[test]
fn learning_gives_the_same_bits_on_every_thread() {
    let memory = memory(Extras::default());
    let learn = || {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let device = parse_device("cpu").unwrap();
        let mut agent = Dqn::new(DqnConfig::default(), OBS_LEN, CHOICES, &device, &mut rng).unwrap();
        let mut batch = Batch::new(128, memory.layout());
        for _ in 0..50 {
            memory.sample_into(&mut rng, &mut batch);
            agent.learn(&batch, &mut unused_rng());
        }
        agent.weights()
    };
    let here = learn();
    std::thread::scope(|scope| {
        let others = [0; 3].map(|_| scope.spawn(learn));
        for other in others {
            assert_eq!(other.join().unwrap(), here);
        }
    });
}
