//! Gymnasium's `MountainCarContinuous-v0`: the mountain car with a pedal instead of three choices.

use super::{Classic, Dynamics, Outcome};
use crate::envs::trig::cos;
use crate::numpy_rng::NumpyRng;
use crate::space::Space;

/// The mountain car with a force of -1 to 1, equal to Gymnasium 1.4.0's to the last bit.
///
/// | | |
/// |---|---|
/// | observation | `[2]`: position in -1.2..0.6, velocity in -0.07..0.07 |
/// | action | `[1]`: force, clipped to -1..1; the reward counts it unclipped, as in Gymnasium |
/// | reward | 100 at the goal, less 0.1 times the squared action |
/// | terminates | at position 0.45 |
///
/// There is no time limit here; [`make`](crate::make)`("MountainCarContinuous-v0")` adds
/// Gymnasium's 999 steps. Gymnasium rounds the state to `f32` after each step and computes in `f32` from then on; so
/// does this, as far as the state goes.
///
/// ```
/// use agilerl_env::{Env, MountainCarContinuous};
/// let mut env = MountainCarContinuous::new();
/// let mut obs = [0.0; 2];
/// env.reset(Some(0), &mut obs); // gymnasium.make("MountainCarContinuous-v0").reset(seed=0)
/// assert_eq!(obs, [-0.47260767, 0.0]);
/// ```
pub type MountainCarContinuous = Classic<MountainCarContinuousDynamics, 3, 2>;

/// The formulas of [`MountainCarContinuous`]. The state is position, velocity, and 1 at the start of an episode, where
/// both are `f64`, else 0, where both are rounded to `f32`.
#[derive(Clone, Debug)]
pub struct MountainCarContinuousDynamics;

const LEFT_END: f64 = -1.2;
const RIGHT_END: f64 = 0.6;
const MAX_SPEED: f64 = 0.07;
const GOAL: f64 = 0.45;
const POWER: f64 = 0.0015;
const GRAVITY: f64 = 0.0025;

impl Dynamics<3, 2> for MountainCarContinuousDynamics {
    type Action = f32;
    const NAME: &'static str = "MountainCarContinuous-v0";
    const ACTIONS: &'static str = "a force";

    fn spaces() -> (Space, Space) {
        let speed = MAX_SPEED as f32;
        let observation = Space::bounded(&[LEFT_END as f32, -speed], &[RIGHT_END as f32, speed]);
        (observation, Space::bounded(&[-1.0], &[1.0]))
    }

    #[inline]
    fn start(rng: &mut NumpyRng) -> [f64; 3] {
        [rng.uniform(-0.6, -0.4), 0.0, 1.0]
    }

    #[inline(always)]
    fn is_legal(action: f32) -> bool {
        !action.is_nan()
    }

    /// The first step of an episode is taken in `f64`, every later one in `f32`: numpy lets the type of the state win
    /// over Python's numbers. An `f32` sum or product of two `f32` is the `f64` one rounded once more.
    #[inline(always)]
    fn step([position, velocity, fresh]: [f64; 3], action: f32) -> Outcome<3> {
        let is_fresh = fresh != 0.0;
        let round = |x: f64| if is_fresh { x } else { narrowed(x) };
        let force = f64::from(action.clamp(-1.0, 1.0));
        let slope = GRAVITY * cos(round(3.0 * position));
        // Clipped, the force is a number of Python's and the difference an f64; else it is numpy's and all is f32.
        let clipped = action.abs() > 1.0;
        let drive =
            if clipped { force * POWER - slope } else { narrowed(narrowed(force * narrowed(POWER)) - narrowed(slope)) };
        let top = round(MAX_SPEED);
        let velocity = within(round(velocity + round(drive)), -top, top);
        let position = within(round(position + velocity), round(LEFT_END), round(RIGHT_END));
        let velocity = if (position == round(LEFT_END)) & (velocity < 0.0) { 0.0 } else { velocity };
        let terminated = (position >= round(GOAL)) & (velocity >= 0.0);
        let bonus = if terminated { 100.0 } else { 0.0 };
        let effort = f64::from(action) * f64::from(action) * 0.1;
        Outcome { state: [narrowed(position), narrowed(velocity), 0.0], reward: bonus - effort, terminated }
    }

    #[inline(always)]
    fn observe([position, velocity, _]: [f64; 3]) -> [f32; 2] {
        [position as f32, velocity as f32]
    }
}

/// The nearest number that an `f32` can hold.
#[inline(always)]
fn narrowed(x: f64) -> f64 {
    f64::from(x as f32)
}

/// [`f64::clamp`] without its check of the bounds, which the compiler cannot see through here.
#[inline(always)]
fn within(x: f64, low: f64, high: f64) -> f64 {
    let x = if x > high { high } else { x };
    if x < low { low } else { x }
}
