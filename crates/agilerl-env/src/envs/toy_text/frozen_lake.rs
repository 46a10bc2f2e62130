//! Gymnasium's `FrozenLake-v1`: across a frozen lake, around the holes, to the goal.

use serde::{Deserialize, Serialize};

use crate::env::{Env, Step};
use crate::error::EnvError;
use crate::numpy_rng::NumpyRng;
use crate::saved_state::{self, decode_state, encode_state};
use crate::space::Space;

/// The frozen lake, equal to Gymnasium 1.4.0's draw by draw.
///
/// | | |
/// |---|---|
/// | observation | discrete, one number: `row * columns + column`. Networks take it [one-hot](crate::OneHot) |
/// | action | 0 left, 1 down, 2 right, 3 up |
/// | reward | 1 for the step onto the goal, else 0 |
/// | terminates | on the goal or in a hole |
///
/// On slippery ice a step goes in the chosen direction or to either side of it, with probability 1/3 each; at the border
/// it stays. There is no time limit here; [`make`](crate::make)`("FrozenLake-v1")` is slippery and adds
/// Gymnasium's 100 steps, `make("FrozenLake8x8-v1")` is the [`large`](FrozenLake::large) one with 200.
///
/// ```
/// use agilerl_env::{Env, FrozenLake};
/// let mut env = FrozenLake::new(false);
/// let mut obs = [0.0];
/// env.reset(Some(0), &mut obs);
/// for (action, square) in [(1, 4.0), (1, 8.0), (2, 9.0), (1, 13.0), (2, 14.0)] {
///     assert_eq!((env.step(&[action], &mut obs).reward, obs), (0.0, [square]));
/// }
/// let last = env.step(&[2], &mut obs);
/// assert_eq!((last.reward, last.terminated, obs), (1.0, true, [15.0]));
/// ```
#[derive(Clone, Debug)]
pub struct FrozenLake {
    name: &'static str,
    observation_space: Space,
    action_space: Space,
    /// Row by row: `S`tart, `F`rozen, `H`ole, `G`oal.
    tiles: Vec<u8>,
    columns: usize,
    /// Probability of starting on each tile.
    starts: Vec<f64>,
    slippery: bool,
    inside: Inside,
}

/// Everything that changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inside {
    rng: NumpyRng,
    /// Index of the tile; `None` before the first reset.
    position: Option<usize>,
}

/// Gymnasium's map `4x4`.
const SMALL: [&str; 4] = ["SFFF", "FHFH", "FFFH", "HFFG"];

/// Gymnasium's map `8x8`.
const LARGE: [&str; 8] =
    ["SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF", "FHHFFFHF", "FHFFHFHF", "FFFHFFFG"];

/// Probability of the chosen direction, Gymnasium's `success_rate`, and of either side.
const AHEAD: f64 = 1.0 / 3.0;
const ASIDE: f64 = (1.0 - AHEAD) / 2.0;

impl FrozenLake {
    /// Returns Gymnasium's lake of 4 x 4, slippery or not, before its first reset. Its generator has seed 0.
    pub fn new(slippery: bool) -> Self {
        Self::with_map(&SMALL, slippery)
    }

    /// Returns Gymnasium's lake of 8 x 8, `FrozenLake8x8-v1`, slippery or not.
    pub fn large(slippery: bool) -> Self {
        let name = if slippery { "FrozenLake8x8-v1" } else { "FrozenLake8x8NotSlippery-v1" };
        Self { name, ..Self::with_map(&LARGE, slippery) }
    }

    /// Returns a custom lake: rows of equal length of `S` (start), `F` (frozen), `H` (hole) and `G` (goal).
    ///
    /// # Panics
    /// If the rows differ in length, hold another letter, or have no start.
    pub fn with_map(rows: &[&str], slippery: bool) -> Self {
        let tiles: Vec<u8> = rows.concat().into_bytes();
        let columns = rows.first().map_or(0, |row| row.len());
        assert!(rows.iter().all(|row| row.len() == columns), "the rows of the map differ in length: {rows:?}");
        assert!(tiles.iter().all(|tile| b"SFHG".contains(tile)), "a map is made of S, F, H and G: {rows:?}");
        let count = tiles.iter().filter(|&&tile| tile == b'S').count();
        assert!(count > 0, "the map has no start (S): {rows:?}");
        Self {
            name: if slippery { "FrozenLake-v1" } else { "FrozenLakeNotSlippery-v1" },
            observation_space: Space::discrete(tiles.len()),
            action_space: Space::discrete(4),
            starts: tiles.iter().map(|&tile| if tile == b'S' { 1.0 / count as f64 } else { 0.0 }).collect(),
            tiles,
            columns,
            slippery,
            inside: Inside { rng: NumpyRng::new(0), position: None },
        }
    }

    /// Returns the tile that a step in `direction` leads to: the same tile at the border.
    fn neighbour(&self, position: usize, direction: u32) -> usize {
        let (row, column) = (position / self.columns, position % self.columns);
        match direction {
            0 if column > 0 => position - 1,
            1 if row + 1 < self.tiles.len() / self.columns => position + self.columns,
            2 if column + 1 < self.columns => position + 1,
            3 if row > 0 => position - self.columns,
            _ => position,
        }
    }

    /// Returns the tiles, row by row, and the number of columns.
    #[cfg(feature = "render")]
    pub(crate) fn map(&self) -> (&[u8], usize) {
        (&self.tiles, self.columns)
    }

    /// Returns the index of the walker's tile; `None` before the first reset.
    #[cfg(feature = "render")]
    pub(crate) fn position(&self) -> Option<usize> {
        self.inside.position
    }

    fn is_over(&self, position: usize) -> bool {
        matches!(self.tiles[position], b'G' | b'H')
    }
}

impl Env for FrozenLake {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        self.name
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
        let start = self.inside.rng.categorical(&self.starts);
        self.inside.position = Some(start);
        obs.copy_from_slice(&[start as f32]);
    }

    fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
        let &[action] = action else { panic!("one action, not {}", action.len()) };
        assert!(action < 4, "action {action} is not one of 0, 1, 2, 3");
        let from = self.inside.position.expect("reset was never called: there is no episode");
        // Gymnasium draws even if there is only one outcome.
        let to = if self.is_over(from) {
            self.inside.rng.categorical(&[1.0]);
            from
        } else if self.slippery {
            let side = self.inside.rng.categorical(&[ASIDE, AHEAD, ASIDE]) as u32;
            self.neighbour(from, (action + 3 + side) % 4)
        } else {
            self.inside.rng.categorical(&[1.0]);
            self.neighbour(from, action)
        };
        self.inside.position = Some(to);
        obs.copy_from_slice(&[to as f32]);
        let arrived = self.tiles[to] == b'G' && !self.is_over(from);
        Step { reward: f64::from(u8::from(arrived)), terminated: self.is_over(to), truncated: false }
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &self.inside)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let inside: Inside = decode_state(self.name(), state)?;
        if inside.position.is_some_and(|position| position >= self.tiles.len()) {
            let why = format!("position {:?} is outside of {} tiles", inside.position, self.tiles.len());
            return Err(saved_state::bad(self.name(), state.len(), why));
        }
        self.inside = inside;
        Ok(())
    }
}
