//! Gymnasium's `Pendulum-v1`: a pendulum that is to be swung up and kept upright.

use std::f64::consts::PI;

use super::{Classic, Dynamics, Outcome};
use crate::envs::trig::{sin, sin_cos};
use crate::numpy_rng::NumpyRng;
use crate::space::Space;

/// The pendulum of Gymnasium 1.4.0.
///
/// | | |
/// |---|---|
/// | observation | `[3]`: cosine and sine of the angle (0 is upright), angular velocity in -8..8 (rad/s) |
/// | action | `[1]`: torque (N m), clipped to -2..2 |
/// | reward | -(angle^2 + 0.1 velocity^2 + 0.001 torque^2), with the angle in -pi..pi: -16.3 to 0 |
/// | terminates | never |
///
/// There is no time limit here; [`make`](crate::make)`("Pendulum-v1")` adds Gymnasium's 200 steps.
///
/// One step from any recorded state is Gymnasium's to 1e-12. Its sine is the C library's, this one fdlibm's, and they
/// differ in the last bit here and there: a pendulum balanced upright magnifies that in the course of an episode.
///
/// ```
/// use agilerl_env::{Env, Pendulum};
/// let mut env = Pendulum::new();
/// let mut obs = [0.0; 3];
/// env.reset(Some(0), &mut obs); // gymnasium.make("Pendulum-v1").reset(seed=0)
/// assert_eq!(obs, [0.6520163, 0.758205, -0.46042657]);
/// ```
pub type Pendulum = Classic<PendulumDynamics, 2, 3>;

/// The formulas of [`Pendulum`]. The state is the angle, which is never wrapped, and the angular velocity.
#[derive(Clone, Debug)]
pub struct PendulumDynamics;

const MAX_SPEED: f64 = 8.0;
const MAX_TORQUE: f32 = 2.0;
const SECONDS: f64 = 0.05;
const GRAVITY: f64 = 10.0;

impl Dynamics<2, 3> for PendulumDynamics {
    type Action = f32;
    const NAME: &'static str = "Pendulum-v1";
    const ACTIONS: &'static str = "a torque";

    fn spaces() -> (Space, Space) {
        let high = [1.0, 1.0, MAX_SPEED as f32];
        (Space::bounded(&high.map(|bound| -bound), &high), Space::bounded(&[-MAX_TORQUE], &[MAX_TORQUE]))
    }

    #[inline]
    fn start(rng: &mut NumpyRng) -> [f64; 2] {
        [rng.uniform(-PI, PI), rng.uniform(-1.0, 1.0)]
    }

    #[inline(always)]
    fn is_legal(action: f32) -> bool {
        !action.is_nan()
    }

    /// The torque and the terms that contain only the torque are `f32`, as in numpy.
    #[inline(always)]
    fn step([theta, theta_dot]: [f64; 2], action: f32) -> Outcome<2> {
        let torque = action.clamp(-MAX_TORQUE, MAX_TORQUE);
        let angle = from_upright(theta);
        let cost = angle * angle + 0.1 * (theta_dot * theta_dot) + f64::from(0.001 * (torque * torque));
        let theta_dot = theta_dot + (3.0 * GRAVITY / 2.0 * sin(theta) + f64::from(3.0 * torque)) * SECONDS;
        let theta_dot = theta_dot.clamp(-MAX_SPEED, MAX_SPEED);
        Outcome { state: [theta + theta_dot * SECONDS, theta_dot], reward: -cost, terminated: false }
    }

    #[inline(always)]
    fn observe([theta, theta_dot]: [f64; 2]) -> [f32; 3] {
        let (sin, cos) = sin_cos(theta);
        [cos as f32, sin as f32, theta_dot as f32]
    }
}

/// Python's `(theta + pi) % (2 * pi) - pi`, to the last bit for angles below a million.
#[inline(always)]
fn from_upright(theta: f64) -> f64 {
    const TURN: f64 = 2.0 * PI;
    /// A turn's first 27 bits and the rest: their products with a number of turns are exact.
    const TURN_1: f64 = f64::from_bits(TURN.to_bits() & !0x3ff_ffff);
    const TURN_2: f64 = TURN - TURN_1;
    /// Rounds a smaller number to an integer when added and taken away.
    const ROUNDER: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
    let x = theta + PI;
    let turns = (x / TURN + ROUNDER) - ROUNDER;
    let rest = (x - turns * TURN_1) - turns * TURN_2;
    (if rest < 0.0 { rest + TURN } else { rest }) - PI
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::from_upright;

    #[test]
    fn angles_are_wrapped_as_python_wraps_them() {
        let python = |theta: f64| {
            let rest = (theta + PI) % (2.0 * PI);
            (if rest < 0.0 { rest + 2.0 * PI } else { rest }) - PI
        };
        for i in -200_000..200_000 {
            for theta in [f64::from(i) * 1.7e-3, f64::from(i) * PI / 64.0, f64::from(i) * 4.9] {
                assert_eq!(from_upright(theta), python(theta), "{theta}");
            }
        }
    }
}
