//! Agents that train as one program learn what each would learn alone.

use agilerl_algo::{Dqn, DqnConfig, OffPolicyConfig, OffPolicyTask};
use agilerl_env::{Probe, ProbeEnv, SyncVec};
use agilerl_hpo::{Purpose, RoundContext, RoundStats, Streams, Task, Trainee};
use agilerl_nets::{Weights, built_in_devices, parse_device};

const LANES: usize = 4;
const STEPS: u64 = 1_024;

fn task() -> OffPolicyTask {
    let probe = || ProbeEnv::new(Probe::TwoSteps);
    OffPolicyTask::new(
        OffPolicyConfig { lanes: LANES, memory_size: 4_000, ..Default::default() },
        STEPS as usize,
        move |lanes| Ok(Box::new(SyncVec::from_fn(lanes, |_| probe()))),
        move || Ok(Box::new(probe())),
    )
    .unwrap()
}

/// Agents that differ in every hyperparameter, two of them in their architecture too.
fn agents(device: &str) -> Vec<Dqn> {
    let agent = |i: usize| {
        let config = DqnConfig {
            hidden: if i < 3 { vec![16] } else { vec![24, 16] },
            lr: 1e-3 * (1.0 + i as f64),
            batch_size: 8 + 5 * i,
            learn_step: 3 + i,
            gamma: 0.9 + 0.01 * i as f64,
            tau: 0.01 * (1.0 + i as f64),
            ..Default::default()
        };
        let mut rng = Streams::new(1).get(Purpose::Weights, 0, i, 0);
        Dqn::new(config, 1, 2, &parse_device(device).unwrap(), &mut rng).unwrap()
    };
    (0..5).map(agent).collect()
}

/// One round of everybody, together or one by one.
fn round(agents: &mut [Dqn], env_steps: u64, together: bool) -> Vec<RoundStats> {
    let (task, streams) = (task(), Streams::new(1));
    let shared = Task::<Dqn>::shared(&task).unwrap();
    let mut slots: Vec<_> = (0..agents.len()).map(|i| Task::<Dqn>::slot(&task, i, &streams).unwrap()).collect();
    let trainee = |(individual, (agent, slot))| {
        let context = RoundContext { streams, generation: 0, round: 0, individual, env_steps, clock: 0 };
        Trainee { agent, slot, context }
    };
    let trainees: Vec<_> = agents.iter_mut().zip(&mut slots).enumerate().map(trainee).collect();
    let results = if together {
        task.train_all(trainees, &shared)
    } else {
        trainees.into_iter().map(|trainee| trainee.train(&task, &shared)).collect()
    };
    results.into_iter().collect::<Result<_, _>>().unwrap()
}

fn difference(a: &Weights, b: &Weights) -> f32 {
    let size = (a.values().iter().map(|w| w * w).sum::<f32>() / a.values().len() as f32).sqrt();
    a.values().iter().zip(b.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / size
}

/// 1,024 transitions are between 142 and 334 updates, 400 between 53 and 130. The batches of a stack have different lengths and are not all due at
/// the same time.
#[test]
fn agents_of_a_stack_learn_what_they_learn_alone() {
    for device in built_in_devices().into_iter().filter(|device| *device != "cpu") {
        check_stack(device, if device == "wgpu" { 400 } else { 1_024 });
    }
}

#[track_caller]
fn check_stack(device: &str, env_steps: u64) {
    let (mut stacked, mut alone) = (agents(device), agents(device));
    let before: Vec<_> = alone.iter().map(Dqn::weights).collect();
    let (stacked_stats, alone_stats) = (round(&mut stacked, env_steps, true), round(&mut alone, env_steps, false));
    for (i, (a, b)) in stacked.iter().zip(&alone).enumerate() {
        assert!(alone_stats[i].updates > 50, "{:?}", alone_stats[i]);
        assert!(difference(&before[i], &b.weights()) > 0.02, "agent {i} hardly moved");
        for (a, b) in [(a.weights(), b.weights()), (a.target_weights(), b.target_weights())] {
            let difference = difference(&a, &b);
            assert!(difference < 1e-5, "{device}, agent {i}: weights differ by {difference}");
        }
        let (a, b) = (&stacked_stats[i], &alone_stats[i]);
        assert_eq!((a.env_steps, a.updates, a.episodes), (b.env_steps, b.updates, b.episodes));
        assert!((a.loss_sum - b.loss_sum).abs() < 1e-4 * (1.0 + b.loss_sum), "{a:?} {b:?}");
    }
}

/// An agent on the processor has no key: there threads are the parallelism, and nothing is gained by waiting for others.
#[test]
fn agents_on_the_processor_train_alone() {
    use agilerl_algo::OffPolicy;
    let keys = |device: &str| agents(device).iter().map(OffPolicy::stack_key).collect::<Vec<_>>();
    assert!(keys("cpu").iter().all(Option::is_none));
    let keys = keys("flex");
    assert!(keys[0].is_some() && keys[0] == keys[2] && keys[2] != keys[3] && keys[3] == keys[4]);
}
