//! Environments so small that their true values are known, to test a learner before CartPole.

use serde::{Deserialize, Serialize};

use crate::env::{Env, Step};
use crate::error::EnvError;
use crate::numpy_rng::NumpyRng;
use crate::saved_state::{decode_state, encode_state};
use crate::space::Space;

/// The probe environments, in the order in which to run them: each requires one feature more than the probes before it, so
/// that the first failure names the fault.
///
/// All have observations of one number and discrete actions. [`q_values`](Probe::q_values) returns the true action values
/// of the best policy. The first five are AgileRL's `probe_envs` (after Andy Jones, "Debugging RL, Without the Agonizing
/// Pain"); the others test the ends of episodes and masks.
///
/// | probe | observation | reward | ends | true value | a wrong value means |
/// |---|---|---|---|---|---|
/// | `ConstantReward` | 0 | 1 | terminates after 1 step | 1 | loss or optimiser |
/// | `ObsReward` | -1 or 1, drawn | the observation | 1 step | the observation | the network does not see the observation |
/// | `TwoSteps` | 0, then 1 | 0, then 1 | 2 steps | gamma, then 1 | discount or target |
/// | `ActionReward` | 0 | -1 for action 0, 1 for action 1 | 1 step | the reward | the actions are not distinguished |
/// | `ObsActionReward` | 0 or 1, drawn | 1 if the action is the observation, else -1 | 1 step | the reward | observation and action are not combined |
/// | `Terminated` | 0, 1, 2, then 0 | 1 | terminates after 3 steps | (1 - gamma^(3 - obs)) / (1 - gamma) | termination does not cut the bootstrap |
/// | `Truncated` | the same | 1 | truncated after 3 steps | 1 / (1 - gamma) | truncation cuts the bootstrap |
/// | `FinalObs` | 0, 1, 2, 3 and around, from a drawn place | 1 for leaving 3, else 0 | truncated after 2 steps | gamma^(3 - obs) / (1 - gamma^4) | the bootstrap uses the first observation of the next episode |
/// | `Masked` | 0, then 1 | 0, then -2 for action 1, -1 for action 2 | 2 steps; action 2 is illegal at 0, action 0 at 1 | -gamma, then the reward | the bootstrap's maximum runs over illegal actions |
///
/// `Terminated` and `Truncated` are twins: they differ only in one flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Probe {
    /// One step, reward 1.
    ConstantReward,
    /// One step, the reward is the observation.
    ObsReward,
    /// Two steps, the reward comes with the second.
    TwoSteps,
    /// One step, the reward is the action's.
    ActionReward,
    /// One step, the action must equal the observation.
    ObsActionReward,
    /// Three steps of reward 1, then the task ends.
    Terminated,
    /// Three steps of reward 1 of a task without an end.
    Truncated,
    /// A ring of four places, with episodes of two steps.
    FinalObs,
    /// Two steps with one illegal action in each.
    Masked,
}

/// Steps of the twins.
const TWIN_STEPS: u64 = 3;
/// Places of the ring, and steps of an episode on it.
const RING: u64 = 4;
const RING_STEPS: u64 = 2;

impl Probe {
    /// All probes, in the order in which to run them.
    pub const ALL: [Self; 9] = [
        Self::ConstantReward,
        Self::ObsReward,
        Self::TwoSteps,
        Self::ActionReward,
        Self::ObsActionReward,
        Self::Terminated,
        Self::Truncated,
        Self::FinalObs,
        Self::Masked,
    ];

    /// Returns the name in the catalogue: `"probe/ConstantReward"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConstantReward => "probe/ConstantReward",
            Self::ObsReward => "probe/ObsReward",
            Self::TwoSteps => "probe/TwoSteps",
            Self::ActionReward => "probe/ActionReward",
            Self::ObsActionReward => "probe/ObsActionReward",
            Self::Terminated => "probe/Terminated",
            Self::Truncated => "probe/Truncated",
            Self::FinalObs => "probe/FinalObs",
            Self::Masked => "probe/Masked",
        }
    }

    /// Returns the observations that an agent acts on.
    pub fn observations(self) -> &'static [f32] {
        match self {
            Self::ConstantReward | Self::ActionReward => &[0.0],
            Self::ObsReward => &[-1.0, 1.0],
            Self::TwoSteps | Self::ObsActionReward | Self::Masked => &[0.0, 1.0],
            Self::Terminated | Self::Truncated => &[0.0, 1.0, 2.0],
            Self::FinalObs => &[0.0, 1.0, 2.0, 3.0],
        }
    }

    /// Returns the true values of all actions in `obs`, `[actions]`, for the best policy and the discount `gamma`. The value
    /// of an illegal action is NaN.
    ///
    /// ```
    /// use agilerl_env::Probe;
    /// assert_eq!(Probe::TwoSteps.q_values(0.0, 0.5), [0.5, 0.5]);
    /// assert_eq!(Probe::Terminated.q_values(0.0, 0.5), [1.75, 1.75]); // 1 + 1/2 + 1/4
    /// assert_eq!(Probe::Truncated.q_values(0.0, 0.5), [2.0, 2.0]);    // 1 / (1 - 1/2)
    /// ```
    pub fn q_values(self, obs: f32, gamma: f64) -> Vec<f64> {
        let place = f64::from(obs);
        match self {
            Self::ConstantReward => vec![1.0; 2],
            Self::ObsReward => vec![place; 2],
            Self::TwoSteps => vec![if obs == 0.0 { gamma } else { 1.0 }; 2],
            Self::ActionReward => vec![-1.0, 1.0],
            Self::ObsActionReward if obs == 0.0 => vec![1.0, -1.0],
            Self::ObsActionReward => vec![-1.0, 1.0],
            Self::Terminated => vec![(1.0 - gamma.powf(TWIN_STEPS as f64 - place)) / (1.0 - gamma); 2],
            Self::Truncated => vec![1.0 / (1.0 - gamma); 2],
            Self::FinalObs => {
                vec![gamma.powf((RING - 1) as f64 - place) / (1.0 - gamma.powf(RING as f64)); 2]
            }
            Self::Masked if obs == 0.0 => vec![-gamma, -gamma, f64::NAN],
            Self::Masked => vec![f64::NAN, -2.0, -1.0],
        }
    }
}

/// The environment of a [`Probe`].
///
/// ```
/// use agilerl_env::{Env, Probe, ProbeEnv};
/// let mut env = ProbeEnv::new(Probe::ActionReward);
/// let mut obs = [0.0];
/// env.reset(Some(1), &mut obs);
/// assert_eq!(env.step(&[1], &mut obs).reward, 1.0);
/// ```
#[derive(Clone, Debug)]
pub struct ProbeEnv {
    probe: Probe,
    observation_space: Space,
    action_space: Space,
    /// The current action mask of the masked probe.
    legal: [bool; 3],
    inside: Inside,
}

/// Everything that changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inside {
    rng: NumpyRng,
    /// The observation, which is the whole state except for the steps taken.
    obs: f32,
    steps: u64,
}

impl ProbeEnv {
    /// Returns the environment of `probe` before its first reset. Its generator has seed 0.
    pub fn new(probe: Probe) -> Self {
        let observations = probe.observations();
        let actions = if probe == Probe::Masked { 3 } else { 2 };
        Self {
            probe,
            observation_space: Space::bounded(&[observations[0].min(0.0)], &[observations[observations.len() - 1]]),
            action_space: Space::discrete(actions),
            legal: [true; 3],
            inside: Inside { rng: NumpyRng::new(0), obs: 0.0, steps: 0 },
        }
    }

    fn update_mask(&mut self) {
        self.legal = if self.inside.obs == 0.0 { [true, true, false] } else { [false, true, true] };
    }
}

impl Env for ProbeEnv {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        self.probe.name()
    }

    fn observation_space(&self) -> &Space {
        &self.observation_space
    }

    fn action_space(&self) -> &Space {
        &self.action_space
    }

    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        let Inside { rng, obs: own, steps } = &mut self.inside;
        if let Some(seed) = seed {
            *rng = NumpyRng::new(seed);
        }
        *steps = 0;
        *own = match self.probe {
            Probe::ObsReward | Probe::ObsActionReward | Probe::FinalObs => {
                let among = self.probe.observations();
                among[rng.integers(0, among.len() as i64) as usize]
            }
            _ => 0.0,
        };
        obs.copy_from_slice(&[*own]);
        self.update_mask();
    }

    fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
        let &[action] = action else { panic!("one action, not {}", action.len()) };
        let n = self.action_space.choices().expect("discrete") as u32;
        assert!(action < n, "action {action} is not below {n}");
        assert!(self.probe != Probe::Masked || self.legal[action as usize], "action {action} is masked");

        let Inside { obs: own, steps, .. } = &mut self.inside;
        *steps += 1;
        let ends_after = |length: u64| *steps >= length;
        let (reward, next, terminated, truncated) = match self.probe {
            Probe::ConstantReward => (1.0, 0.0, true, false),
            Probe::ObsReward => (*own, *own, true, false),
            Probe::TwoSteps => (*own, 1.0, ends_after(2), false),
            Probe::ActionReward => ([-1.0, 1.0][action as usize], 0.0, true, false),
            Probe::ObsActionReward => (if action as f32 == *own { 1.0 } else { -1.0 }, *own, true, false),
            Probe::Terminated => (1.0, (*steps % TWIN_STEPS) as f32, ends_after(TWIN_STEPS), false),
            Probe::Truncated => (1.0, (*steps % TWIN_STEPS) as f32, false, ends_after(TWIN_STEPS)),
            Probe::FinalObs => {
                let next = (*own + 1.0) % RING as f32;
                (f32::from(u8::from(next == 0.0)), next, false, ends_after(RING_STEPS))
            }
            Probe::Masked if *own == 0.0 => (0.0, 1.0, false, false),
            Probe::Masked => ([f32::NAN, -2.0, -1.0][action as usize], 1.0, true, false),
        };
        *own = next;
        obs.copy_from_slice(&[next]);
        self.update_mask();
        Step { reward: f64::from(reward), terminated, truncated }
    }

    fn action_mask(&self) -> Option<&[bool]> {
        (self.probe == Probe::Masked).then_some(&self.legal)
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &self.inside)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.inside = decode_state(self.name(), state)?;
        self.update_mask();
        Ok(())
    }
}
