//! Gymnasium's classic control: the formulas of an environment serve both the single and the vector environment.

pub(crate) mod cart_pole;
pub(crate) mod acrobot;
pub(crate) mod mountain_car;
pub(crate) mod mountain_car_continuous;
pub(crate) mod pendulum;
pub(crate) mod classic_vec;
#[cfg(feature = "render")]
mod picture;

use std::fmt::Debug;
use std::marker::PhantomData;

use crate::env::{Env, Step};
use crate::error::EnvError;
use crate::number::ActionElement;
use crate::numpy_rng::NumpyRng;
use crate::saved_state::{self, decode_state, encode_state};
use crate::space::Space;

use self::classic_vec::ClassicVec;

/// One environment of classic control. Use it by the names [`CartPole`](crate::CartPole), [`Acrobot`](crate::Acrobot),
/// [`MountainCar`](crate::MountainCar), [`MountainCarContinuous`](crate::MountainCarContinuous) and
/// [`Pendulum`](crate::Pendulum); [`ClassicVec`] is the vector environment.
///
/// There is no time limit here; [`make`](crate::make) adds Gymnasium's. As in Gymnasium, an episode can be stepped beyond
/// its end; only [`CartPole`](crate::CartPole) gives no reward then.
#[derive(Clone, Debug)]
pub struct Classic<D, const STATE: usize, const OBS: usize> {
    observation_space: Space,
    action_space: Space,
    inside: Inside<STATE>,
    dynamics: PhantomData<D>,
}

/// The formulas of an environment: start, step and observation.
///
/// They are pure functions of `f64`, without branches where they are called often: [`Classic`] calls them for one state,
/// [`ClassicVec`] in a loop over many that the compiler turns into vector instructions. The operations are IEEE's and
/// stand in Gymnasium's order, so both have the same bits.
pub trait Dynamics<const STATE: usize, const OBS: usize>: Clone + Debug + Send + 'static {
    /// The action, a choice or a torque: one number in either case.
    type Action: ActionElement;
    /// Gymnasium's name.
    const NAME: &'static str;
    /// The legal actions in words, for the error about an illegal one.
    const ACTIONS: &'static str;
    /// Whether steps beyond the end of an episode have their reward.
    const PAYS_AFTER_THE_END: bool = true;

    /// Returns observation space and action space.
    fn spaces() -> (Space, Space);

    /// Draws the state of a new episode, as Gymnasium does.
    fn start(rng: &mut NumpyRng) -> [f64; STATE];

    /// Returns the observation of a start, which some environments compute in another way than later ones.
    fn observe_start(state: [f64; STATE]) -> [f32; OBS] {
        Self::observe(state)
    }

    /// Returns whether the action is legal.
    fn is_legal(action: Self::Action) -> bool;

    /// Takes one step.
    fn step(state: [f64; STATE], action: Self::Action) -> Outcome<STATE>;

    /// Returns the observation after a step.
    fn observe(state: [f64; STATE]) -> [f32; OBS];
}

/// The result of a step.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<const STATE: usize> {
    /// The state after the step.
    pub state: [f64; STATE],
    /// Reward of the step.
    pub reward: f64,
    /// Whether the task ended with the step.
    pub terminated: bool,
}

/// Everything that changes.
#[derive(Clone, Debug)]
struct Inside<const STATE: usize> {
    rng: NumpyRng,
    /// `None` before the first reset.
    state: Option<[f64; STATE]>,
    /// Whether the episode has ended in an earlier step.
    over: bool,
}

impl<D: Dynamics<STATE, OBS>, const STATE: usize, const OBS: usize> Classic<D, STATE, OBS> {
    /// Returns the environment before its first reset. Its generator has seed 0.
    pub fn new() -> Self {
        let (observation_space, action_space) = D::spaces();
        let inside = Inside { rng: NumpyRng::new(0), state: None, over: false };
        Self { observation_space, action_space, inside, dynamics: PhantomData }
    }

    /// Returns a vector environment of `num_envs` lanes. Episodes are truncated after `max_episode_steps` steps.
    ///
    /// # Panics
    /// As [`ClassicVec::new`].
    pub fn lanes(num_envs: usize, max_episode_steps: u64) -> ClassicVec<D, STATE, OBS> {
        ClassicVec::new(num_envs, max_episode_steps)
    }

    /// Returns the state, in `f64`.
    ///
    /// # Panics
    /// If there was no reset yet.
    pub fn state(&self) -> [f64; STATE] {
        self.inside.state.expect(NO_EPISODE)
    }

    /// Sets the state, as in the middle of an episode.
    ///
    /// ```
    /// use agilerl_env::{Env, Pendulum};
    /// let mut env = Pendulum::new();
    /// env.set_state([0.0, 0.0]); // upright and still
    /// assert_eq!(env.step(&[0.0], &mut [0.0; 3]).reward, 0.0);
    /// ```
    ///
    /// # Panics
    /// If a number of the state is not finite.
    pub fn set_state(&mut self, state: [f64; STATE]) {
        assert!(state.iter().all(|number| number.is_finite()), "{}: the state {state:?} is not finite", D::NAME);
        self.inside.state = Some(state);
        self.inside.over = false;
    }
}

const NO_EPISODE: &str = "reset was never called: there is no episode";

/// Returns the error message for an illegal action.
#[cold]
fn refusal<D: Dynamics<STATE, OBS>, const STATE: usize, const OBS: usize>(action: D::Action) -> String {
    format!("action {action:?} is not {}", D::ACTIONS)
}

impl<D: Dynamics<STATE, OBS>, const STATE: usize, const OBS: usize> Default for Classic<D, STATE, OBS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D: Dynamics<STATE, OBS>, const STATE: usize, const OBS: usize> Env for Classic<D, STATE, OBS> {
    type Obs = f32;
    type Action = D::Action;

    fn name(&self) -> &str {
        D::NAME
    }

    fn observation_space(&self) -> &Space {
        &self.observation_space
    }

    fn action_space(&self) -> &Space {
        &self.action_space
    }

    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        let Inside { rng, state, over } = &mut self.inside;
        if let Some(seed) = seed {
            *rng = NumpyRng::new(seed);
        }
        let start = D::start(rng);
        *state = Some(start);
        *over = false;
        obs.copy_from_slice(&D::observe_start(start));
    }

    fn step(&mut self, action: &[D::Action], obs: &mut [f32]) -> Step {
        let &[action] = action else { panic!("one action, not {}", action.len()) };
        if !D::is_legal(action) {
            panic!("{}", refusal::<D, STATE, OBS>(action));
        }
        let Outcome { state, reward, terminated } = D::step(self.state(), action);
        obs.copy_from_slice(&D::observe(state));
        let paid = D::PAYS_AFTER_THE_END || !self.inside.over;
        self.inside.state = Some(state);
        self.inside.over |= terminated;
        Step { reward: if paid { reward } else { 0.0 }, terminated, truncated: false }
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_inside(D::NAME, &self.inside)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.inside = decode_inside(D::NAME, state)?;
        Ok(())
    }
}

fn encode_inside<const STATE: usize>(name: &str, inside: &Inside<STATE>) -> Result<Vec<u8>, EnvError> {
    let Inside { rng, state, over } = inside;
    encode_state(name, &(rng, state.as_ref().map(|state| state.to_vec()), over))
}

fn decode_inside<const STATE: usize>(name: &str, bytes: &[u8]) -> Result<Inside<STATE>, EnvError> {
    let (rng, state, over): (NumpyRng, Option<Vec<f64>>, bool) = decode_state(name, bytes)?;
    let state = match state {
        None => None,
        Some(numbers) => {
            let finite = numbers.iter().all(|number| number.is_finite());
            let state = <[f64; STATE]>::try_from(numbers.as_slice()).ok().filter(|_| finite);
            Some(state.ok_or_else(|| {
                saved_state::bad(name, bytes.len(), format!("{numbers:?} is no state of {STATE} finite numbers"))
            })?)
        }
    };
    Ok(Inside { rng, state, over })
}
