//! The probes' values, found by learning from their own steps: a table needs no network to get them right.

use std::collections::HashMap;

use agilerl_env::{Probe, ProbeEnv, SyncVec, VecEnv};

const GAMMA: f64 = 0.8;

/// What a learner is to do with an end, and what these tests get wrong on purpose.
#[derive(Clone, Copy, PartialEq)]
enum Learner {
    Right,
    CutsAtTruncation,
    NeverCuts,
    BootstrapsFromReset,
    IgnoresMasks,
}

/// Fitted Q iteration on a table: transitions of random legal actions, swept until they settle.
fn learn(probe: Probe, learner: Learner) -> HashMap<(i32, u32), f64> {
    const LANES: usize = 4;
    let mut envs = SyncVec::from_fn(LANES, |_| ProbeEnv::new(probe));
    let n = envs.action_space().choices().unwrap();
    envs.reset(Some(1));
    let mut rows = Vec::new();
    for t in 0..200 {
        let obs = envs.obs().to_vec();
        let masks = envs.action_masks().map(<[bool]>::to_vec);
        let actions: Vec<u32> = (0..LANES)
            .map(|lane| {
                let legal = |a: &u32| masks.as_ref().is_none_or(|masks| masks[lane * n + *a as usize]);
                let legal: Vec<u32> = (0..n as u32).filter(legal).collect();
                legal[(t * 7 + t / 3 + lane) % legal.len()]
            })
            .collect();
        let step = envs.step(&actions).unwrap();
        for lane in 0..LANES {
            let cut = match learner {
                Learner::CutsAtTruncation => step.terminated[lane] || step.truncated[lane],
                Learner::NeverCuts => false,
                _ => step.terminated[lane],
            };
            let next = if learner == Learner::BootstrapsFromReset { step.obs[lane] } else { step.next_obs[lane] };
            let legal: Vec<u32> = (0..n as u32)
                .filter(|a| {
                    let masks = step.next_action_masks.filter(|_| learner != Learner::IgnoresMasks);
                    masks.is_none_or(|masks| masks[lane * n + *a as usize])
                })
                .collect();
            rows.push((obs[lane] as i32, actions[lane], step.rewards[lane], next as i32, cut, legal));
        }
    }
    let mut q: HashMap<(i32, u32), f64> = HashMap::new();
    for _ in 0..200 {
        let mut targets: HashMap<(i32, u32), (f64, f64)> = HashMap::new();
        for (obs, action, reward, next, cut, legal) in &rows {
            let future = legal.iter().map(|a| q.get(&(*next, *a)).copied().unwrap_or(0.0)).fold(f64::MIN, f64::max);
            let target = reward + if *cut { 0.0 } else { GAMMA * future };
            let (sum, count) = targets.entry((*obs, *action)).or_default();
            *sum += target;
            *count += 1.0;
        }
        q = targets.into_iter().map(|(key, (sum, count))| (key, sum / count)).collect();
    }
    q
}

/// The largest distance between the learned and the true value of a legal action.
fn error(probe: Probe, learner: Learner) -> f64 {
    let q = learn(probe, learner);
    let mut worst = 0.0_f64;
    for &obs in probe.observations() {
        for (action, &truth) in probe.q_values(obs, GAMMA).iter().enumerate() {
            let learned = q.get(&(obs as i32, action as u32));
            match truth.is_nan() {
                true => assert!(learned.is_none(), "{}: action {action} is illegal in {obs}", probe.name()),
                false => worst = worst.max((learned.expect("seen") - truth).abs()),
            }
        }
    }
    worst
}

#[test]
fn the_stated_values_are_those_that_learning_finds() {
    for probe in Probe::ALL {
        let error = error(probe, Learner::Right);
        assert!(error < 1e-9, "{}: off by {error}", probe.name());
    }
}

/// Each mistake is seen by the probe that is there for it: a learner within 0.1 of the values does not make it.
#[test]
fn a_wrong_learner_fails_the_probe_of_its_mistake() {
    let check = |probe: Probe, learner| assert!(error(probe, learner) > 0.2, "{}", probe.name());
    check(Probe::Truncated, Learner::CutsAtTruncation);
    check(Probe::Terminated, Learner::NeverCuts);
    check(Probe::FinalObs, Learner::BootstrapsFromReset);
    check(Probe::Masked, Learner::IgnoresMasks);
}
