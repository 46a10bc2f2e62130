//! Gymnasium's `CartPole-v1`: a pole on a cart that is pushed to the left or to the right.

use serde::{Deserialize, Serialize};

use crate::{Env, EnvError, NumpyRng, Space, Step, decode_state, encode_state};

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
#[derive(Clone, Debug)]
pub struct CartPole {
    observation_space: Space,
    action_space: Space,
    inside: Inside,
}

/// Everything that changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inside {
    rng: NumpyRng,
    /// `None` before the first reset.
    state: Option<State>,
    fallen: bool,
}

/// Position, velocity, angle and angular velocity.
type State = [f64; 4];

const GRAVITY: f64 = 9.8;
const POLE_MASS: f64 = 0.1;
const TOTAL_MASS: f64 = POLE_MASS + 1.0;
const HALF_LENGTH: f64 = 0.5;
const POLE_MASS_LENGTH: f64 = POLE_MASS * HALF_LENGTH;
const FORCE: f64 = 10.0;
const SECONDS: f64 = 0.02;
const POSITION_LIMIT: f64 = 2.4;
const ANGLE_LIMIT: f64 = 12.0 * 2.0 * std::f64::consts::PI / 360.0;

impl CartPole {
    /// A cart-pole that waits for its first reset; without a seed that is the episode of seed 0.
    pub fn new() -> Self {
        // Twice the limits, so that the observation that ends an episode lies within.
        let high = [(2.0 * POSITION_LIMIT) as f32, f32::INFINITY, (2.0 * ANGLE_LIMIT) as f32, f32::INFINITY];
        Self {
            observation_space: Space::bounded(&high.map(|bound| -bound), &high),
            action_space: Space::discrete(2),
            inside: Inside { rng: NumpyRng::new(0), state: None, fallen: false },
        }
    }

    /// Position, velocity, angle and angular velocity as they are inside, in `f64`.
    ///
    /// # Panics
    /// If there was no reset yet.
    pub fn state(&self) -> [f64; 4] {
        self.inside.state.expect(NO_EPISODE)
    }
}

const NO_EPISODE: &str = "reset was never called: there is no episode";

impl Default for CartPole {
    fn default() -> Self {
        Self::new()
    }
}

impl Env for CartPole {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        "CartPole-v1"
    }

    fn observation_space(&self) -> &Space {
        &self.observation_space
    }

    fn action_space(&self) -> &Space {
        &self.action_space
    }

    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        let Inside { rng, state, fallen } = &mut self.inside;
        if let Some(seed) = seed {
            *rng = NumpyRng::new(seed);
        }
        let start = [(); 4].map(|()| rng.uniform(-0.05, 0.05));
        *state = Some(start);
        *fallen = false;
        write(start, obs);
    }

    fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
        let &[action] = action else { panic!("one action, not {}", action.len()) };
        assert!(action < 2, "action {action} is not 0 or 1");
        let Inside { state, fallen, .. } = &mut self.inside;
        let next = advance(state.expect(NO_EPISODE), action);
        *state = Some(next);
        write(next, obs);
        // Gymnasium pays nothing for steps after the fall.
        let reward = if *fallen { 0.0 } else { 1.0 };
        *fallen |= is_fallen(next);
        Step { reward, terminated: is_fallen(next), truncated: false }
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &self.inside)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.inside = decode_state(self.name(), state)?;
        Ok(())
    }
}

/// One step of Euler's method: the whole dynamics, in Gymnasium's order of operations.
///
/// The sine and cosine are of the `libm` crate, the same on every platform, and equal to numpy's on all recordings.
#[inline]
fn advance([x, x_dot, theta, theta_dot]: State, action: u32) -> State {
    let force = if action == 1 { FORCE } else { -FORCE };
    let (sin, cos) = (libm::sin(theta), libm::cos(theta));
    let temp = (force + POLE_MASS_LENGTH * (theta_dot * theta_dot) * sin) / TOTAL_MASS;
    let theta_acc = (GRAVITY * sin - cos * temp) / (HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * (cos * cos) / TOTAL_MASS));
    let x_acc = temp - POLE_MASS_LENGTH * theta_acc * cos / TOTAL_MASS;
    [x + SECONDS * x_dot, x_dot + SECONDS * x_acc, theta + SECONDS * theta_dot, theta_dot + SECONDS * theta_acc]
}

/// Whether the pole has fallen or the cart left the track. Not a number is neither, as in Gymnasium.
#[inline]
fn is_fallen([x, _, theta, _]: State) -> bool {
    x.abs() > POSITION_LIMIT || theta.abs() > ANGLE_LIMIT
}

#[inline]
fn write(state: State, obs: &mut [f32]) {
    obs.copy_from_slice(&state.map(|value| value as f32));
}
