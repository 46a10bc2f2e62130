//! Gymnasium's `CliffWalking-v1`: along a cliff, from one corner to the other.

use serde::{Deserialize, Serialize};

use crate::env::{Env, Step};
use crate::error::EnvError;
use crate::numpy_rng::NumpyRng;
use crate::saved_state::{self, decode_state, encode_state};
use crate::space::Space;

/// Sutton and Barto's example 6.6, equal to Gymnasium 1.4.0's draw by draw.
///
/// | | |
/// |---|---|
/// | observation | discrete, one number: `row * 12 + column` of 4 x 12 squares. Networks take it [one-hot](crate::OneHot) |
/// | action | 0 up, 1 right, 2 down, 3 left |
/// | reward | -1 for every step, -100 for the one over the cliff, which leads back to the start |
/// | terminates | at the goal, the lower right corner |
///
/// The slippery variant, Gymnasium's `CliffWalkingSlippery-v1`, goes in the
/// chosen direction or to either side of it, with probability 1/3 each. Gymnasium sets no time limit, and neither does [`make`](crate::make): for a policy that
/// never arrives, add a [`TimeLimit`](crate::TimeLimit).
///
/// ```
/// use agilerl_env::{CliffWalking, Env};
/// let mut env = CliffWalking::new(false);
/// let mut obs = [0.0];
/// env.reset(Some(0), &mut obs);
/// assert_eq!(obs, [36.0]);
/// assert_eq!((env.step(&[1], &mut obs).reward, obs), (-100.0, [36.0])); // over the cliff
/// assert_eq!((env.step(&[0], &mut obs).reward, obs), (-1.0, [24.0]));
/// ```
#[derive(Clone, Debug)]
pub struct CliffWalking {
    observation_space: Space,
    action_space: Space,
    slippery: bool,
    inside: Inside,
}

/// Everything that changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inside {
    rng: NumpyRng,
    /// Index of the square; `None` before the first reset.
    position: Option<usize>,
}

const ROWS: usize = 4;
const COLUMNS: usize = 12;
const START: usize = (ROWS - 1) * COLUMNS;
const GOAL: usize = ROWS * COLUMNS - 1;

impl CliffWalking {
    /// Returns the environment before its first reset. Its generator has seed 0.
    pub fn new(slippery: bool) -> Self {
        Self {
            observation_space: Space::discrete(ROWS * COLUMNS),
            action_space: Space::discrete(4),
            slippery,
            inside: Inside { rng: NumpyRng::new(0), position: None },
        }
    }

    /// Rows and columns of the board.
    #[cfg(feature = "render")]
    pub(crate) const BOARD: (usize, usize) = (ROWS, COLUMNS);

    /// Returns the index of the walker's square; `None` before the first reset.
    #[cfg(feature = "render")]
    pub(crate) fn position(&self) -> Option<usize> {
        self.inside.position
    }
}

/// Returns the square that a step in `direction` leads to: the same square at the border.
fn neighbour(position: usize, direction: u32) -> usize {
    let (row, column) = (position / COLUMNS, position % COLUMNS);
    match direction {
        0 if row > 0 => position - COLUMNS,
        1 if column + 1 < COLUMNS => position + 1,
        2 if row + 1 < ROWS => position + COLUMNS,
        3 if column > 0 => position - 1,
        _ => position,
    }
}

impl Env for CliffWalking {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        if self.slippery { "CliffWalkingSlippery-v1" } else { "CliffWalking-v1" }
    }

    fn observation_space(&self) -> &Space {
        &self.observation_space
    }

    fn action_space(&self) -> &Space {
        &self.action_space
    }

    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        if let Some(seed) = seed {
            self.inside.rng = NumpyRng::new(seed);
        }
        // There is only one start, but Gymnasium draws it.
        self.inside.rng.categorical(&[1.0]);
        self.inside.position = Some(START);
        obs.copy_from_slice(&[START as f32]);
    }

    fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
        let &[action] = action else { panic!("one action, not {}", action.len()) };
        assert!(action < 4, "action {action} is not one of 0, 1, 2, 3");
        let Inside { rng, position } = &mut self.inside;
        let from = position.expect("reset was never called: there is no episode");
        let direction = if self.slippery {
            (action + 3 + rng.categorical(&[1.0 / 3.0; 3]) as u32) % 4
        } else {
            rng.categorical(&[1.0]);
            action
        };
        let to = neighbour(from, direction);
        let fell = START < to && to < GOAL;
        let to = if fell { START } else { to };
        *position = Some(to);
        obs.copy_from_slice(&[to as f32]);
        Step { reward: if fell { -100.0 } else { -1.0 }, terminated: to == GOAL, truncated: false }
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &self.inside)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let inside: Inside = decode_state(self.name(), state)?;
        if inside.position.is_some_and(|position| position > GOAL) {
            let why = format!("position {:?} is outside of {} squares", inside.position, GOAL + 1);
            return Err(saved_state::bad(self.name(), state.len(), why));
        }
        self.inside = inside;
        Ok(())
    }
}
