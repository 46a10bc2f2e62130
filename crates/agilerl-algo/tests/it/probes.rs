//! What a learner must get right before CartPole: environments whose values are known. Each probe asks for one thing
//! more than those before it.

use agilerl_algo::Loss;
use agilerl_algo::{Dqn, DqnConfig, Epsilon, NetConfig, OffPolicyConfig, OffPolicyTask};
use agilerl_env::{Env, Probe, ProbeEnv, SyncVec};
use agilerl_hpo::{Purpose, RoundContext, Streams, Task};
use agilerl_nets::parse_device;

const LANES: usize = 4;

/// Trains on the probe with random actions, one update for each vector step, and compares all values.
#[track_caller]
fn check_values(probe: Probe, config: DqnConfig, device: &str) {
    let gamma = 0.9;
    let config = DqnConfig {
        net: NetConfig { hidden: vec![32], ..config.net },
        batch_size: 32,
        learn_step: LANES,
        gamma,
        lr: 3e-3,
        tau: 0.05,
        epsilon: Epsilon { start: 1.0, end: 1.0, decay_steps: 1 },
        ..config
    };
    let streams = Streams::new(1);
    let steps = 6000;
    let task = OffPolicyTask::new(
        OffPolicyConfig { lanes: LANES, memory_size: steps, ..Default::default() },
        steps,
        move |lanes| Ok(Box::new(SyncVec::from_fn(lanes, |_| ProbeEnv::new(probe)))),
        move || Ok(Box::new(ProbeEnv::new(probe))),
    )
    .unwrap();
    let choices = ProbeEnv::new(probe).action_space().choices().unwrap();
    let device = parse_device(device).unwrap();
    let mut agent = Dqn::new(config, 1, choices, &device, &mut streams.get(Purpose::Weights, 0, 0, 0)).unwrap();
    let shared = task.shared().unwrap();
    let mut slot = task.slot(0, &streams).unwrap();
    let context = RoundContext { streams, generation: 0, round: 0, individual: 0, env_steps: steps as u64, clock: 0 };
    let stats = task.train(&mut agent, &mut slot, &shared, &context).unwrap();
    assert_eq!(stats.env_steps, steps as u64);
    for &obs in probe.observations() {
        let learnt = agent.values(&[obs]).to_vec();
        for (choice, (learnt, known)) in learnt.iter().zip(probe.q_values(obs, gamma)).enumerate() {
            // An illegal action has no value.
            assert!(
                known.is_nan() || (f64::from(*learnt) - known).abs() < 0.1,
                "{}: action {choice} in {obs} is worth {known}, learnt {learnt}",
                probe.name()
            );
        }
    }
}

#[test]
fn double_dqn_learns_the_values_of_every_probe() {
    for probe in Probe::ALL {
        check_values(probe, DqnConfig::default(), "cpu");
    }
}

#[cfg(feature = "burn")]
#[test]
fn double_dqn_learns_them_through_burn_too() {
    for probe in Probe::ALL {
        check_values(probe, DqnConfig::default(), "flex");
    }
}

#[test]
fn plain_dqn_with_huber_loss_and_layer_norm_learns_them_too() {
    for probe in Probe::ALL {
        check_values(
            probe,
            DqnConfig {
                net: NetConfig { layer_norm: true, ..Default::default() },
                double: false,
                loss: Loss::Huber,
                ..Default::default()
            },
            "cpu",
        );
    }
}
