//! Lanes that return what cannot be learnt from: an error that says where, and nothing of it in the memory.

use agilerl_algo::{Dqn, DqnConfig, NetConfig, OffPolicyConfig, OffPolicyTask};
use agilerl_env::{EnvError, Probe, ProbeEnv, Space, SyncVec, VecEnv, VecStep};
use agilerl_hpo::{Purpose, RoundContext, Streams, Task};
use agilerl_nets::parse_device;
use rand::Rng;

const LANES: usize = 2;

/// What a step of all lanes returned, to be tampered with. The step of number 0 is the reset.
#[derive(Default)]
struct Returned {
    obs: Vec<f32>,
    next_obs: Vec<f32>,
    rewards: Vec<f64>,
    terminated: Vec<bool>,
    truncated: Vec<bool>,
    next_masks: Option<Vec<bool>>,
    masks: Option<Vec<bool>>,
}

type Tamper = fn(u64, &mut Returned);

struct Tampered {
    inner: SyncVec<ProbeEnv>,
    tamper: Tamper,
    steps: u64,
    returned: Returned,
}

impl Tampered {
    fn take(&mut self, obs: &[f32], masks: Option<&[bool]>) {
        (self.returned.obs, self.returned.masks) = (obs.to_vec(), masks.map(<[bool]>::to_vec));
        (self.tamper)(self.steps, &mut self.returned);
    }
}

impl VecEnv for Tampered {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        "Tampered"
    }
    fn num_envs(&self) -> usize {
        self.inner.num_envs()
    }
    fn observation_space(&self) -> &Space {
        self.inner.observation_space()
    }
    fn action_space(&self) -> &Space {
        self.inner.action_space()
    }
    fn reset(&mut self, seed: Option<u64>) -> &[f32] {
        self.steps = 0;
        let obs = self.inner.reset(seed).to_vec();
        let masks = self.inner.action_masks().map(<[bool]>::to_vec);
        self.take(&obs, masks.as_deref());
        &self.returned.obs
    }
    fn reset_each(&mut self, _seeds: &[u64]) -> &[f32] {
        unreachable!("lanes are reset with one seed")
    }
    fn obs(&self) -> &[f32] {
        &self.returned.obs
    }
    fn step(&mut self, actions: &[u32]) -> Result<VecStep<'_, f32>, EnvError> {
        self.steps += 1;
        let step = self.inner.step(actions)?;
        self.returned.next_obs = step.next_obs.to_vec();
        self.returned.rewards = step.rewards.to_vec();
        self.returned.terminated = step.terminated.to_vec();
        self.returned.truncated = step.truncated.to_vec();
        self.returned.next_masks = step.next_action_masks.map(<[bool]>::to_vec);
        let obs = step.obs.to_vec();
        let masks = self.inner.action_masks().map(<[bool]>::to_vec);
        self.take(&obs, masks.as_deref());
        let Returned { obs, next_obs, rewards, terminated, truncated, next_masks, .. } = &self.returned;
        let next_action_masks = next_masks.as_deref();
        Ok(VecStep { obs, next_obs, rewards, terminated, truncated, next_action_masks })
    }
    fn action_masks(&self) -> Option<&[bool]> {
        self.returned.masks.as_deref()
    }
    fn save(&self) -> Result<Vec<u8>, EnvError> {
        self.inner.save()
    }
    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.inner.restore(state)
    }
}

/// Ten steps of two lanes in the place 3 of the population. The message, and how many transitions reached the memory.
fn train(probe: Probe, tamper: Tamper) -> Result<usize, (String, usize)> {
    let lanes = move |lanes| {
        let inner = SyncVec::from_fn(lanes, |_| ProbeEnv::new(probe));
        Ok(Box::new(Tampered { inner, tamper, steps: 0, returned: Returned::default() }) as Box<_>)
    };
    let config = OffPolicyConfig { lanes: LANES, memory_size: 100, ..Default::default() };
    let task = OffPolicyTask::new(config, 20, lanes, move || Ok(Box::new(ProbeEnv::new(probe)))).unwrap();
    let streams = Streams::new(1);
    let mut slot = match task.slot(3, &streams) {
        Ok(slot) => slot,
        Err(error) => return Err((error.to_string(), 0)),
    };
    let config = DqnConfig {
        net: NetConfig { hidden: vec![16], ..Default::default() },
        batch_size: 4,
        learn_step: 4,
        ..Default::default()
    };
    let choices = if probe == Probe::Masked { 3 } else { 2 };
    let mut rng = streams.get(Purpose::Weights, 0, 0, 0);
    let mut agent = Dqn::new(config, 1, choices, &parse_device("cpu").unwrap(), &mut rng).unwrap();
    let mut shared = task.shared().unwrap();
    let context = RoundContext { streams, generation: 0, round: 0, individual: 3, env_steps: 20, clock: 0 };
    let result = task.train(&mut agent, &mut slot, &shared, &context);
    task.merge(&mut shared, &mut [&mut slot]);
    match result {
        Ok(_) => Ok(shared.len()),
        Err(error) => Err((error.to_string(), shared.len())),
    }
}

/// `{seed0}` and `{seed1}` in what is expected are the seeds of the two lanes. `stored` transitions came before.
#[track_caller]
fn check_refused(probe: Probe, tamper: Tamper, stored: usize, expected: &str) {
    let seed = Streams::new(1).get(Purpose::Environment, 0, 3, 0).next_u64();
    let expected = expected.replace("{seed0}", &seed.to_string()).replace("{seed1}", &(seed + 1).to_string());
    let (message, found) = train(probe, tamper).expect_err(&expected);
    assert!(message.contains(&expected), "{message:?} does not say {expected:?}");
    assert_eq!(found, stored, "{message}");
}

/// Episodes of the probe have three steps. The fifth step is the second of the second episode in both lanes.
#[test]
fn odd_numbers_are_told_with_environment_lane_seed_and_step() {
    let (probe, place) =
        (Probe::Terminated, "in lane 1 (seed {seed1}, 2 episodes of all lanes before), step 2 of its episode");
    check_refused(
        probe,
        |step, r| {
            if step == 5 {
                r.rewards[1] = f64::NAN
            }
        },
        8,
        &format!("Tampered returned the reward NaN {place}"),
    );
    check_refused(
        probe,
        |step, r| {
            if step == 5 {
                r.rewards[1] = -1e300
            }
        },
        8,
        &format!("0 {place}: nothing was stored; every number must be finite, and a reward an f32"),
    );
    check_refused(
        probe,
        |step, r| {
            if step == 5 {
                r.next_obs[1] = f32::INFINITY
            }
        },
        8,
        &format!("Tampered returned the observation inf {place}"),
    );
    check_refused(
        probe,
        |step, r| {
            if step == 3 {
                r.obs[0] = f32::NAN
            }
        },
        4,
        "Tampered returned the first observation after a reset NaN in lane 0 (seed {seed0}, 0 episodes of all lanes before), \
         step 3 of its episode",
    );
    check_refused(
        probe,
        |step, r| {
            if step == 0 {
                r.obs[1] = f32::NAN
            }
        },
        0,
        "Tampered returned the first observation NaN in lane 1 (seed {seed1}), before its first step",
    );
}

#[test]
fn rows_of_another_length_are_told_with_environment_and_step() {
    let probe = Probe::Masked;
    let place = "in step 2 of all 2 lanes (seeds {seed0} to {seed1})";
    let said = |what: &str, found: usize, expected: usize| {
        format!("Tampered returned {found} numbers of {what} instead of {expected} {place}")
    };
    check_refused(
        probe,
        |step, r| {
            if step == 2 {
                r.obs.push(0.0)
            }
        },
        2,
        &said("observations", 3, 2),
    );
    check_refused(
        probe,
        |step, r| {
            if step == 2 {
                r.next_obs.push(0.0)
            }
        },
        2,
        &said("true successors", 3, 2),
    );
    check_refused(
        probe,
        |step, r| {
            if step == 2 {
                r.rewards.push(0.0)
            }
        },
        2,
        &said("rewards", 3, 2),
    );
    check_refused(
        probe,
        |step, r| {
            if step == 2 {
                r.terminated.clear()
            }
        },
        2,
        &said("terminations", 0, 2),
    );
    check_refused(
        probe,
        |step, r| {
            if step == 2 {
                r.truncated.clear()
            }
        },
        2,
        &said("truncations", 0, 2),
    );
    check_refused(
        probe,
        |step, r| {
            if step == 2 {
                r.next_masks = Some(vec![true; 5])
            }
        },
        2,
        &said("action masks", 5, 6),
    );
    check_refused(
        probe,
        |step, r| {
            if step == 2 {
                r.next_masks = None
            }
        },
        2,
        &said("action masks", 0, 6),
    );
    // What the next step would be acted on: the transition before it was sound, and is kept.
    check_refused(
        probe,
        |step, r| {
            if step == 2 {
                r.masks = Some(vec![true; 7])
            }
        },
        4,
        &said("action masks", 7, 6),
    );
    check_refused(
        probe,
        |step, r| {
            if step == 0 {
                r.obs.clear()
            }
        },
        0,
        "Tampered returned 0 numbers of first observations instead of 2 in the reset of all 2 lanes (seeds {seed0} to {seed1})",
    );
}

/// Of the masked probe's two steps the first ends nothing. Truncated, an episode goes on somewhere, and is bootstrapped from.
#[test]
fn a_mask_without_a_choice_is_told_with_environment_lane_seed_and_step() {
    let probe = Probe::Masked;
    let said = |place: &str| format!("Tampered returned a mask without a legal choice in {place}");
    check_refused(
        probe,
        |step, r| {
            if step == 1 {
                r.next_masks.as_mut().unwrap()[3..].fill(false)
            }
        },
        0,
        &said("lane 1 (seed {seed1}, 0 episodes of all lanes before), step 1 of its episode"),
    );
    check_refused(
        probe,
        |step, r| {
            if step == 4 {
                (r.terminated[0], r.truncated[0]) = (false, true);
                r.next_masks.as_mut().unwrap()[..3].fill(false);
            }
        },
        6,
        &said("lane 0 (seed {seed0}, 2 episodes of all lanes before), step 2 of its episode"),
    );
    // The first mask of the next episode.
    check_refused(
        probe,
        |step, r| {
            if step == 2 {
                r.masks.as_mut().unwrap()[3..].fill(false)
            }
        },
        4,
        &said("lane 1 (seed {seed1}, 2 episodes of all lanes before), before step 1 of its episode"),
    );
    check_refused(
        probe,
        |step, r| {
            if step == 0 {
                r.masks.as_mut().unwrap()[..3].fill(false)
            }
        },
        0,
        &said("lane 0 (seed {seed0}, 0 episodes of all lanes before), before step 1 of its episode"),
    );
}

#[test]
fn nothing_need_be_legal_after_a_termination() {
    let tamper: Tamper = |step, r| {
        if step == 2 {
            r.next_masks.as_mut().unwrap().fill(false);
        }
    };
    assert_eq!(train(Probe::Masked, tamper), Ok(20));
}
