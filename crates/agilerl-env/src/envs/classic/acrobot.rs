//! Gymnasium's `Acrobot-v1`: two links that hang from a joint, driven where they meet, to be swung above the bar.

use std::f64::consts::PI;

use super::{Classic, Dynamics, Outcome};
use crate::envs::trig::{cos, sin_cos};
use crate::numpy_rng::NumpyRng;
use crate::space::Space;

/// The acrobot of Sutton (1996) in the variant of the book, as in Gymnasium 1.4.0.
///
/// | | |
/// |---|---|
/// | observation | `[6]`: cosine and sine of the first angle (0 hangs down), the same of the second, which counts from the first link, and both angular velocities (rad/s), within 4 pi and 9 pi |
/// | action | 0, 1, 2: a torque of -1, 0, 1 N m between the links |
/// | reward | -1 for every step, 0 for the one that ends it |
/// | terminates | when the free end is one length above the joint |
///
/// There is no time limit here; [`make`](crate::make)`("Acrobot-v1")` adds Gymnasium's 500 steps.
///
/// A step is 0.2 s of the fourth-order Runge-Kutta method and equal to Gymnasium's but for the last bits: Gymnasium's
/// sine, cosine and square are the C library's. All recorded episodes end with the same step and stay within 1e-4 of
/// Gymnasium's.
///
/// ```
/// use agilerl_env::{Acrobot, Env};
/// let mut env = Acrobot::new();
/// let mut obs = [0.0; 6];
/// env.reset(Some(0), &mut obs); // gymnasium.make("Acrobot-v1").reset(seed=0)
/// assert_eq!(obs, [0.99962485, 0.027388912, 0.9989402, -0.046026394, -0.091805294, -0.09669447]);
/// ```
pub type Acrobot = Classic<AcrobotDynamics, 4, 6>;

/// The formulas of [`Acrobot`]. The state is both angles, in -pi..pi, and both angular velocities.
#[derive(Clone, Debug)]
pub struct AcrobotDynamics;

const GRAVITY: f64 = 9.8;
const SECONDS: f64 = 0.2;
const MAX_VELOCITY_1: f64 = 4.0 * PI;
const MAX_VELOCITY_2: f64 = 9.0 * PI;

impl Dynamics<4, 6> for AcrobotDynamics {
    type Action = u32;
    const NAME: &'static str = "Acrobot-v1";
    const ACTIONS: &'static str = "0, 1 or 2";

    fn spaces() -> (Space, Space) {
        let high = [1.0, 1.0, 1.0, 1.0, MAX_VELOCITY_1 as f32, MAX_VELOCITY_2 as f32];
        (Space::bounded(&high.map(|bound| -bound), &high), Space::discrete(3))
    }

    /// Gymnasium narrows the first state, and none after it.
    #[inline]
    fn start(rng: &mut NumpyRng) -> [f64; 4] {
        [(); 4].map(|()| f64::from(rng.uniform(-0.1, 0.1) as f32))
    }

    fn observe_start(state: [f64; 4]) -> [f32; 6] {
        let [angle1, angle2, velocity1, velocity2] = state.map(|value| value as f32);
        let ((sin1, cos1), (sin2, cos2)) = (small_sin_cos(angle1), small_sin_cos(angle2));
        [cos1, sin1, cos2, sin2, velocity1, velocity2]
    }

    #[inline(always)]
    fn is_legal(action: u32) -> bool {
        action < 3
    }

    #[inline(always)]
    fn step(state: [f64; 4], action: u32) -> Outcome<4> {
        let torque = f64::from(action as i32) - 1.0;
        let along =
            |slope: [f64; 4], seconds: f64| -> [f64; 4] { std::array::from_fn(|i| state[i] + seconds * slope[i]) };
        let k1 = slope(state, torque);
        let k2 = slope(along(k1, SECONDS / 2.0), torque);
        let k3 = slope(along(k2, SECONDS / 2.0), torque);
        let k4 = slope(along(k3, SECONDS), torque);
        let mean = std::array::from_fn(|i| k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
        let [angle1, angle2, velocity1, velocity2] = along(mean, SECONDS / 6.0);
        let (angle1, angle2) = (wrapped(angle1), wrapped(angle2));
        let terminated = -cos(angle1) - cos(angle2 + angle1) > 1.0;
        Outcome {
            state: [
                angle1,
                angle2,
                velocity1.clamp(-MAX_VELOCITY_1, MAX_VELOCITY_1),
                velocity2.clamp(-MAX_VELOCITY_2, MAX_VELOCITY_2),
            ],
            reward: if terminated { 0.0 } else { -1.0 },
            terminated,
        }
    }

    #[inline(always)]
    fn observe([angle1, angle2, velocity1, velocity2]: [f64; 4]) -> [f32; 6] {
        let ((sin1, cos1), (sin2, cos2)) = (sin_cos(angle1), sin_cos(angle2));
        [cos1 as f32, sin1 as f32, cos2 as f32, sin2 as f32, velocity1 as f32, velocity2 as f32]
    }
}

/// How fast the state changes: equations of the book, with masses and lengths of 1 and inertias of 1.
#[inline(always)]
fn slope([angle1, angle2, velocity1, velocity2]: [f64; 4], torque: f64) -> [f64; 4] {
    let (sin2, cos2) = sin_cos(angle2);
    let d1 = 0.25 + (1.0 + 0.25 + cos2) + 1.0 + 1.0;
    let d2 = (0.25 + 0.5 * cos2) + 1.0;
    let phi2 = 0.5 * GRAVITY * cos(angle1 + angle2 - PI / 2.0);
    let phi1 = -0.5 * (velocity2 * velocity2) * sin2 - velocity2 * velocity1 * sin2
        + 1.5 * GRAVITY * cos(angle1 - PI / 2.0)
        + phi2;
    let acceleration2 =
        (torque + d2 / d1 * phi1 - 0.5 * (velocity1 * velocity1) * sin2 - phi2) / (0.25 + 1.0 - d2 * d2 / d1);
    let acceleration1 = -(d2 * acceleration2 + phi1) / d1;
    [velocity1, velocity2, acceleration1, acceleration2]
}

/// Wraps an angle to -pi..pi as Gymnasium does, by subtracting one turn after another. Beyond two turns, which only a state
/// set by hand reaches, the remaining turns are subtracted at once.
#[inline(always)]
fn wrapped(angle: f64) -> f64 {
    const TURN: f64 = 2.0 * PI;
    /// Rounds a smaller number to an integer when added and taken away.
    const ROUNDER: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
    let lower = |x: f64| if x > PI { x - TURN } else { x };
    let higher = |x: f64| if x < -PI { x + TURN } else { x };
    let x = higher(higher(lower(lower(angle))));
    x - ((x / TURN + ROUNDER) - ROUNDER) * TURN
}

/// numpy's `sin` and `cos` of an `f32` below an eighth of a turn: its own polynomials, with fused operations.
fn small_sin_cos(x: f32) -> (f32, f32) {
    let x2 = x * x;
    let sin = [2.865_679_6e-6_f32, -1.985_599_2e-4, 8.333_386e-3, -1.666_666_7e-1, 0.0];
    let cos = [2.446_770_7e-5_f32, -1.388_773e-3, 4.166_665_7e-2, -0.5, 1.0];
    let polynomial = |coefficients: [f32; 5]| coefficients.into_iter().reduce(|sum, c| libm::fmaf(sum, x2, c));
    let [sin, cos] = [sin, cos].map(|coefficients| polynomial(coefficients).expect("five of them"));
    (libm::fmaf(sin, x, x), cos)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::wrapped;

    #[test]
    fn angles_are_wrapped_as_gymnasium_wraps_them() {
        let gymnasium = |mut x: f64| {
            while x > PI {
                x -= 2.0 * PI;
            }
            while x < -PI {
                x += 2.0 * PI;
            }
            x
        };
        for i in -15_000..15_000 {
            let angle = f64::from(i) * 1e-3;
            assert_eq!(wrapped(angle), gymnasium(angle), "{angle}");
            // Here the rounding of many subtractions is left out, and at a turn's end either end may be meant.
            let difference = (wrapped(angle * 100.0) - gymnasium(angle * 100.0)).abs();
            assert!(difference < 1e-9 || (difference - 2.0 * PI).abs() < 1e-9, "{}", angle * 100.0);
        }
        assert_eq!((wrapped(PI), wrapped(-PI)), (PI, -PI));
    }
}
