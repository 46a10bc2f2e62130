//! Gymnasium's `CartPole-v1`: a pole on a cart that is pushed to the left or to the right.

use super::{Classic, Dynamics, Outcome};
use crate::envs::trig::sin_cos;
use crate::numpy_rng::NumpyRng;
use crate::space::Space;

/// The cart-pole of Barto, Sutton and Anderson (1983), equal to Gymnasium 1.4.0's to the last bit.
///
/// | | |
/// |---|---|
/// | observation | `[4]`: position (m), velocity (m/s), angle of the pole (rad), angular velocity (rad/s) |
/// | action | 0 pushes to the left, 1 to the right, with 10 N for 0.02 s |
/// | reward | 1 for every step, the last one too |
/// | terminates | beyond 2.4 m or 12 degrees |
///
/// There is no time limit here; [`make`](crate::make)`("CartPole-v1")` adds Gymnasium's 500 steps. The state is `f64`
/// and the observation its `f32`: the system is unstable, and an `f32` state leaves Gymnasium's episode soon.
///
/// ```
/// use agilerl_env::{CartPole, Env};
/// let mut env = CartPole::new();
/// let mut obs = [0.0; 4];
/// env.reset(Some(0), &mut obs); // gymnasium.make("CartPole-v1").reset(seed=0)
/// assert_eq!(obs, [0.013696169, -0.02302133, -0.045902647, -0.048347235]);
/// assert_eq!(env.step(&[1], &mut obs).reward, 1.0);
/// ```
pub type CartPole = Classic<CartPoleDynamics, 4, 4>;

/// The formulas of [`CartPole`]. The state is position, velocity, angle and angular velocity.
#[derive(Clone, Debug)]
pub struct CartPoleDynamics;

const GRAVITY: f64 = 9.8;
const POLE_MASS: f64 = 0.1;
const TOTAL_MASS: f64 = POLE_MASS + 1.0;
const HALF_LENGTH: f64 = 0.5;
const POLE_MASS_LENGTH: f64 = POLE_MASS * HALF_LENGTH;
const FORCE: f64 = 10.0;
const SECONDS: f64 = 0.02;
const POSITION_LIMIT: f64 = 2.4;
const ANGLE_LIMIT: f64 = 12.0 * 2.0 * std::f64::consts::PI / 360.0;

impl Dynamics<4, 4> for CartPoleDynamics {
    type Action = u32;
    const NAME: &'static str = "CartPole-v1";
    const ACTIONS: &'static str = "0 or 1";
    const PAYS_AFTER_THE_END: bool = false;

    fn spaces() -> (Space, Space) {
        // Twice the limits, so that the observation that ends an episode lies within.
        let high = [(2.0 * POSITION_LIMIT) as f32, f32::INFINITY, (2.0 * ANGLE_LIMIT) as f32, f32::INFINITY];
        (Space::bounded(&high.map(|bound| -bound), &high), Space::discrete(2))
    }

    #[inline]
    fn start(rng: &mut NumpyRng) -> [f64; 4] {
        [(); 4].map(|()| rng.uniform(-0.05, 0.05))
    }

    #[inline(always)]
    fn is_legal(action: u32) -> bool {
        action < 2
    }

    /// One step of Euler's method.
    #[inline(always)]
    fn step([x, x_dot, theta, theta_dot]: [f64; 4], action: u32) -> Outcome<4> {
        let force = if action == 1 { FORCE } else { -FORCE };
        let (sin, cos) = sin_cos(theta);
        let temp = (force + POLE_MASS_LENGTH * (theta_dot * theta_dot) * sin) / TOTAL_MASS;
        let theta_acc =
            (GRAVITY * sin - cos * temp) / (HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * (cos * cos) / TOTAL_MASS));
        let x_acc = temp - POLE_MASS_LENGTH * theta_acc * cos / TOTAL_MASS;
        let (x, theta) = (x + SECONDS * x_dot, theta + SECONDS * theta_dot);
        Outcome {
            state: [x, x_dot + SECONDS * x_acc, theta, theta_dot + SECONDS * theta_acc],
            reward: 1.0,
            terminated: (x.abs() > POSITION_LIMIT) | (theta.abs() > ANGLE_LIMIT),
        }
    }

    #[inline(always)]
    fn observe(state: [f64; 4]) -> [f32; 4] {
        state.map(|value| value as f32)
    }
}
