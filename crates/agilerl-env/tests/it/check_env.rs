//! `check_env`: what it accepts, and what it says about each broken promise.

use std::collections::BTreeMap;

use agilerl_env::{
    Actions, CartPole, CheckError, Env, EnvError, Fault, NumpyRng, Observations, OneHot, Probe, ProbeEnv, ReplayOf,
    Space, Step, TimeLimit, Warning, catalogue, check_env, decode_state, encode_state, make,
};

#[test]
fn every_environment_of_the_catalogue_keeps_its_promises() {
    // Where everything is fixed, a seed cannot change anything.
    let fixed: BTreeMap<&str, ()> = [
        Probe::ConstantReward,
        Probe::TwoSteps,
        Probe::ActionReward,
        Probe::Terminated,
        Probe::Truncated,
        Probe::Masked,
    ]
    .map(|probe| (probe.name(), ()))
    .into_iter()
    .chain([("FrozenLakeNotSlippery-v1", ()), ("FrozenLake8x8NotSlippery-v1", ()), ("CliffWalking-v1", ())])
    .collect();
    for info in catalogue() {
        let report = match info.actions {
            Actions::Choice if info.observations == Observations::Pixels => {
                check_env(&mut make::<u8, u32>(info.name).unwrap())
            }
            Actions::Choice => check_env(&mut make::<f32, u32>(info.name).unwrap()),
            Actions::Continuous => check_env(&mut make::<f32, f32>(info.name).unwrap()),
        };
        let report = report.unwrap_or_else(|e| panic!("{e}"));
        // Without a limit, a random walker may not arrive.
        if info.name == "CliffWalkingSlippery-v1" {
            assert!(report.warnings.iter().all(|warning| matches!(warning, Warning::NoEnd { .. })), "{report:?}");
            continue;
        }
        let expected: &[Warning] =
            if fixed.contains_key(info.name) { &[Warning::SeedIgnored { seeds: [0, 1, 2] }] } else { &[] };
        assert_eq!(report.warnings, expected, "{}", info.name);
        assert!(report.episodes >= 6 && (report.env_steps >= 500 || report.episodes == 100), "{report:?}");
    }
    check_env(&mut OneHot::new(make::<f32, u32>("FrozenLake-v1").unwrap())).unwrap();
}

/// A sound environment, `[position, draw]` with five steps, that can be told to break one promise.
struct Sound {
    broken: Promise,
    observation: Space,
    action: Space,
    legal: Vec<bool>,
    rng: NumpyRng,
    step: u32,
    /// Counts all resets and steps ever made: what no seed brings back.
    calls: f32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Promise {
    None,
    Written,
    Finite,
    Bounds,
    LowerBound,
    Index,
    LastIndex,
    Reward,
    Repeatable,
    RepeatableReward,
    Saved,
    Restored,
    MaskLength,
    Legal,
    LastMask,
    Quiet,
    Seeded,
    Ends,
    OneFlag,
    Shape,
}

fn breaking(broken: Promise) -> Sound {
    let observation = match broken {
        Promise::Index | Promise::LastIndex => Space::discrete(3),
        Promise::Shape => Space::Box { shape: vec![2], low: vec![0.0; 3], high: vec![1.0; 2] },
        _ => Space::bounded(&[0.0, 0.0], &[5.0, 1.0]),
    };
    let legal = match broken {
        Promise::MaskLength => vec![true; 3],
        Promise::Legal => vec![false; 2],
        _ => vec![false, true],
    };
    Sound { broken, observation, action: Space::discrete(2), legal, rng: NumpyRng::new(0), step: 0, calls: 0.0 }
}

impl Sound {
    fn write(&mut self, obs: &mut [f32]) {
        self.calls += 1.0;
        let at_3 = self.step == 3;
        let draw = self.rng.random() as f32;
        if let Promise::Index | Promise::LastIndex = self.broken {
            let wrong = if self.broken == Promise::Index { 1.5 } else { 3.0 };
            obs[0] = if at_3 { wrong } else { 2.0 };
            return;
        }
        obs[0] = self.step as f32;
        match self.broken {
            Promise::Written if at_3 => {}
            Promise::Finite if at_3 => obs[1] = f32::NAN,
            Promise::Bounds if at_3 => obs[1] = 1.25,
            Promise::LowerBound if at_3 => obs[1] = -0.25,
            Promise::Repeatable if at_3 => obs[1] = self.calls / 1000.0,
            _ => obs[1] = draw,
        }
    }
}

impl Env for Sound {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        "Sound"
    }
    fn observation_space(&self) -> &Space {
        &self.observation
    }
    fn action_space(&self) -> &Space {
        &self.action
    }
    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        if let Some(seed) = seed {
            self.rng = NumpyRng::new(if self.broken == Promise::Seeded { 0 } else { seed });
        }
        self.step = 0;
        self.write(obs);
    }
    fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
        assert!(action == [1], "action {} is masked", action[0]);
        self.step += 1;
        if self.step == 5 && self.broken == Promise::LastMask {
            self.legal = vec![true];
        }
        let at_3 = self.step == 3;
        assert!(!(at_3 && self.broken == Promise::Quiet), "no third step");
        let ended = self.step == 5;
        if ended && self.broken == Promise::Ends {
            self.step = 0;
        }
        self.write(obs);
        let reward = match self.broken {
            Promise::Reward if at_3 => f64::INFINITY,
            Promise::RepeatableReward if at_3 => f64::from(self.calls),
            _ => 1.0,
        };
        let terminated = ended && self.broken != Promise::Ends;
        Step { reward, terminated, truncated: terminated && self.broken == Promise::OneFlag }
    }
    fn action_mask(&self) -> Option<&[bool]> {
        Some(&self.legal)
    }
    fn save(&self) -> Result<Vec<u8>, EnvError> {
        match self.broken {
            Promise::Saved => Err(EnvError::StateNotSaved { env: self.name().into() }),
            // It forgets its generator.
            Promise::Restored => encode_state(self.name(), &(NumpyRng::new(0), self.step)),
            _ => encode_state(self.name(), &(&self.rng, self.step)),
        }
    }
    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        (self.rng, self.step) = decode_state(self.name(), state)?;
        Ok(())
    }
}

#[test]
fn a_sound_environment_passes_without_a_warning() {
    let report = check_env(&mut breaking(Promise::None)).unwrap();
    // Five steps in each.
    assert_eq!((report.episodes, report.env_steps, report.warnings), (100, 500, vec![]));
}

#[test]
fn a_broken_promise_is_named_with_its_place_and_value() {
    #[track_caller]
    fn check(broken: Promise, expected: &str) {
        assert_eq!(check_env(&mut breaking(broken)).unwrap_err().to_string(), expected);
    }
    let at = |rest: &str| format!("Sound, step 3 of the episode of seed 0: {rest}");
    check(Promise::Written, &at("element 1 of the observation is not written"));
    check(Promise::Finite, &at("element 1 of the observation is NaN"));
    check(Promise::Bounds, &at("element 1 of the observation is 1.25, outside of its bounds [0, 1]"));
    check(Promise::LowerBound, &at("element 1 of the observation is -0.25, outside of its bounds [0, 1]"));
    check(Promise::Index, &at("the observation 1.5 is not an index below 3"));
    check(Promise::LastIndex, &at("the observation 3 is not an index below 3"));
    check(Promise::Reward, &at("the reward is inf"));
    let message = check_env(&mut breaking(Promise::Quiet)).unwrap_err().to_string();
    assert!(message.starts_with(&at("it panics: no third step (")) && message.contains("check_env.rs:"), "{message}");
    check(Promise::MaskLength, "Sound, reset of seed 0: the action mask has 3 flags for 2 choices");
    check(Promise::Legal, "Sound, reset of seed 0: the action mask leaves no action legal");
    check(Promise::Shape, "Sound, reset of seed 0: the observation space of shape [2] has 3 lower and 2 upper bounds");
}

#[test]
fn what_does_not_repeat_is_named_with_both_values() {
    let fault = |broken| {
        let CheckError { seed, step, fault, .. } = check_env(&mut breaking(broken)).unwrap_err();
        assert_eq!(seed, 0);
        (step, fault)
    };
    let (step, Fault::OtherObservation { again: ReplayOf::SameSeed, element: 1, first, second }) =
        fault(Promise::Repeatable)
    else {
        panic!("the observation does not repeat")
    };
    assert!(step == 3 && first != second);
    let (step, Fault::OtherStep { again: ReplayOf::SameSeed, first, second }) = fault(Promise::RepeatableReward) else {
        panic!("the reward does not repeat")
    };
    assert!(step == 3 && first.reward != second.reward);
    // Saved after two of five steps.
    let (step, Fault::OtherObservation { again: ReplayOf::Restored, element: 1, .. }) = fault(Promise::Restored) else {
        panic!("the restored state goes another way")
    };
    assert_eq!(step, 3);
}

#[test]
fn what_may_be_meant_so_is_a_warning() {
    #[track_caller]
    fn check(broken: Promise, expected: &[Warning]) {
        assert_eq!(check_env(&mut breaking(broken)).unwrap().warnings, expected);
    }
    check(Promise::Seeded, &[Warning::SeedIgnored { seeds: [0, 1, 2] }]);
    check(Promise::Saved, &[Warning::StateNotSaved]);
    check(Promise::OneFlag, &[Warning::BothFlags { seed: 0, step: 5 }]);
    check(Promise::Ends, &[Warning::NoEnd { seed: 0, steps: 10_000 }]);
    assert!(Warning::StateNotSaved.to_string().starts_with("it cannot be saved:"), "{}", Warning::StateNotSaved);
}

/// 150 actions in episodes of two steps, one of which breaks the environment: the hundred episodes take each of them, though
/// as many draws without a preference for what is new would leave out some forty.
#[test]
fn every_action_is_taken() {
    let make = |bad: u32| Many { step: 0, bad, spaces: [Space::bounded(&[0.0], &[2.0]), Space::discrete(150)] };
    for bad in 0..150 {
        let error = check_env(&mut make(bad)).unwrap_err().to_string();
        assert!(error.contains(&format!("action {bad} breaks it")), "{error}");
    }
    let report = check_env(&mut make(150)).unwrap();
    assert_eq!((report.episodes, report.env_steps), (100, 200));
}

struct Many {
    step: u32,
    bad: u32,
    spaces: [Space; 2],
}

impl Env for Many {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        "Many"
    }
    fn observation_space(&self) -> &Space {
        &self.spaces[0]
    }
    fn action_space(&self) -> &Space {
        &self.spaces[1]
    }
    fn reset(&mut self, _: Option<u64>, obs: &mut [f32]) {
        self.step = 0;
        obs[0] = 0.0;
    }
    fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
        assert!(action[0] != self.bad, "action {} breaks it", self.bad);
        self.step += 1;
        obs[0] = self.step as f32;
        Step { reward: 0.0, terminated: self.step == 2, truncated: false }
    }
}

/// What breaks only after the three first episodes, or only at a bound of an action, is found.
#[test]
fn later_episodes_and_bounds_of_actions_are_tried() {
    let mut late = Late { episodes: 0, spaces: [Space::bounded(&[0.0], &[1.0]), Space::bounded(&[-2.0], &[2.0])] };
    let error = check_env(&mut late).unwrap_err().to_string();
    assert!(error.contains("element 0 of the observation is NaN"), "{error}");
    late.spaces[1] = Space::bounded(&[-2.0], &[f32::INFINITY]);
    // Of an open interval the part from -1 to 1 is drawn from.
    let error = check_env(&mut late).unwrap_err().to_string();
    assert!(error.contains("at a bound: 1"), "{error}");
}

/// One step an episode; the action 2 is one too many for the observation, and 1 for the environment.
struct Late {
    episodes: u64,
    spaces: [Space; 2],
}

impl Env for Late {
    type Obs = f32;
    type Action = f32;

    fn name(&self) -> &str {
        "Late"
    }
    fn observation_space(&self) -> &Space {
        &self.spaces[0]
    }
    fn action_space(&self) -> &Space {
        &self.spaces[1]
    }
    fn reset(&mut self, _: Option<u64>, obs: &mut [f32]) {
        self.episodes += 1;
        obs[0] = 0.0;
    }
    fn step(&mut self, action: &[f32], obs: &mut [f32]) -> Step {
        assert!(action[0] != 1.0, "at a bound: 1");
        obs[0] = if action[0] == 2.0 { f32::NAN } else { 0.5 };
        Step { reward: 0.0, terminated: true, truncated: false }
    }
}

/// A mask is looked at after a step too, and only the end of the task may leave no choice.
#[test]
fn the_mask_at_the_end_has_its_length_too() {
    let error = check_env(&mut breaking(Promise::LastMask)).unwrap_err().to_string();
    assert_eq!(error, "Sound, step 5 of the episode of seed 0: the action mask has 1 flags for 2 choices");
}

/// The wrappers pass everything through: masks, saved states, ends.
#[test]
fn wrapped_environments_keep_their_promises() {
    check_env(&mut TimeLimit::new(TimeLimit::new(CartPole::new(), 30), 20)).unwrap();
    let report = check_env(&mut TimeLimit::new(ProbeEnv::new(Probe::Masked), 1)).unwrap();
    assert_eq!(report.env_steps, 100);
    // Also that they cannot be saved.
    let report = check_env(&mut TimeLimit::new(breaking(Promise::Saved), 4)).unwrap();
    assert_eq!(report.warnings, [Warning::StateNotSaved]);
}
