//! Gymnasium's `MountainCar-v0`: a car too weak for the slope, which has to swing itself up.

use super::{Classic, Dynamics, Outcome};
use crate::envs::trig::cos;
use crate::numpy_rng::NumpyRng;
use crate::space::Space;

/// The mountain car of Moore (1990), equal to Gymnasium 1.4.0's to the last bit.
///
/// | | |
/// |---|---|
/// | observation | `[2]`: position in -1.2..0.6, velocity in -0.07..0.07 |
/// | action | 0 accelerates to the left, 1 not at all, 2 to the right |
/// | reward | -1 for every step, the last one too |
/// | terminates | at position 0.5 |
///
/// There is no time limit here; [`make`](crate::make)`("MountainCar-v0")` adds Gymnasium's 200 steps.
///
/// ```
/// use agilerl_env::{Env, MountainCar};
/// let mut env = MountainCar::new();
/// let mut obs = [0.0; 2];
/// env.reset(Some(0), &mut obs); // gymnasium.make("MountainCar-v0").reset(seed=0)
/// assert_eq!(obs, [-0.47260767, 0.0]);
/// ```
pub type MountainCar = Classic<MountainCarDynamics, 2, 2>;

/// The formulas of [`MountainCar`]. The state is position and velocity.
#[derive(Clone, Debug)]
pub struct MountainCarDynamics;

const LEFT_END: f64 = -1.2;
const RIGHT_END: f64 = 0.6;
const MAX_SPEED: f64 = 0.07;
const GOAL: f64 = 0.5;
const FORCE: f64 = 0.001;
const GRAVITY: f64 = 0.0025;

impl Dynamics<2, 2> for MountainCarDynamics {
    type Action = u32;
    const NAME: &'static str = "MountainCar-v0";
    const ACTIONS: &'static str = "0, 1 or 2";

    fn spaces() -> (Space, Space) {
        let speed = MAX_SPEED as f32;
        (Space::bounded(&[LEFT_END as f32, -speed], &[RIGHT_END as f32, speed]), Space::discrete(3))
    }

    #[inline]
    fn start(rng: &mut NumpyRng) -> [f64; 2] {
        [rng.uniform(-0.6, -0.4), 0.0]
    }

    #[inline(always)]
    fn is_legal(action: u32) -> bool {
        action < 3
    }

    #[inline(always)]
    fn step([position, velocity]: [f64; 2], action: u32) -> Outcome<2> {
        // By way of a signed number, which vectors convert in one instruction.
        let direction = f64::from(action as i32) - 1.0;
        let velocity = velocity + (direction * FORCE + cos(3.0 * position) * -GRAVITY);
        let velocity = velocity.clamp(-MAX_SPEED, MAX_SPEED);
        let position = (position + velocity).clamp(LEFT_END, RIGHT_END);
        // The wall at the left stops the car.
        let velocity = if (position == LEFT_END) & (velocity < 0.0) { 0.0 } else { velocity };
        let terminated = (position >= GOAL) & (velocity >= 0.0);
        Outcome { state: [position, velocity], reward: -1.0, terminated }
    }

    #[inline(always)]
    fn observe(state: [f64; 2]) -> [f32; 2] {
        state.map(|value| value as f32)
    }
}
