//! Gymnasium's `Taxi`: pick up a passenger and drive to the destination.

use serde::{Deserialize, Serialize};

use crate::env::{Env, Step};
use crate::error::EnvError;
use crate::numpy_rng::NumpyRng;
use crate::saved_state::{self, decode_state, encode_state};
use crate::space::Space;

/// Dietterich's taxi (2000), equal to Gymnasium 1.4.0's draw by draw.
///
/// ```text
/// +---------+
/// |R: | : :G|      R, G, Y, B: stands 0 to 3, where passengers wait and get off
/// | : | : : |      :           open
/// | : : : : |      |           wall
/// | | : | : |
/// |Y| : |B: |
/// +---------+
/// ```
///
/// | | |
/// |---|---|
/// | observation | discrete, one of 500: `((row * 5 + column) * 5 + passenger) * 4 + destination`, passenger 4 being in the taxi. Networks take it [one-hot](crate::OneHot) |
/// | action | 0 south, 1 north, 2 east, 3 west, 4 pick up, 5 drop off |
/// | mask | the actions that change the state: no wall, a passenger to pick up, a stand to drop one off at. It is Gymnasium's `info["action_mask"]`; as there, the other actions are allowed and have their reward |
/// | reward | 20 for the drop-off at the destination, -10 for a pick-up or drop-off that is not possible, else -1 |
/// | terminates | with the passenger at the destination |
///
/// There is no time limit here; [`make`](crate::make)`("Taxi-v3")` and `make("Taxi-v4")` add Gymnasium's 200 steps. The two
/// versions differ in options (rain, fickle passengers) that are not implemented here; Gymnasium 1.4.0 has only `Taxi-v4`.
///
/// ```
/// use agilerl_env::{Env, Taxi};
/// let mut env = Taxi::v3();
/// let mut obs = [0.0];
/// env.reset(Some(0), &mut obs); // gymnasium.make("Taxi-v4").reset(seed=0)
/// assert_eq!(obs, [314.0]);
/// assert_eq!(env.action_mask(), Some(&[true, true, false, false, false, false][..]));
/// ```
#[derive(Clone, Debug)]
pub struct Taxi {
    name: &'static str,
    observation_space: Space,
    action_space: Space,
    /// Probability of starting in each state.
    starts: Vec<f64>,
    inside: Inside,
    /// Which actions change the state.
    mask: [bool; 6],
}

/// Everything that changes, but the mask, which follows from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inside {
    rng: NumpyRng,
    /// `None` before the first reset.
    place: Option<Place>,
}

/// The parts of the state's number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    row: usize,
    column: usize,
    /// The stand where the passenger is, or 4 in the taxi.
    passenger: usize,
    /// The stand of the destination.
    destination: usize,
}

const SIZE: usize = 5;
const STATES: usize = SIZE * SIZE * 5 * 4;
/// Row and column of the four stands.
const STANDS: [(usize, usize); 4] = [(0, 0), (0, 4), (4, 0), (4, 3)];
const IN_TAXI: usize = 4;
/// Whether there is no wall between a column and the next one, row by row.
const OPEN: [[bool; SIZE - 1]; SIZE] = [
    [true, false, true, true],
    [true, false, true, true],
    [true, true, true, true],
    [false, true, false, true],
    [false, true, false, true],
];

impl Taxi {
    /// Returns the environment under the name `Taxi-v3`, before its first reset. Its generator has seed 0.
    pub fn v3() -> Self {
        Self::named("Taxi-v3")
    }

    /// Returns the environment under its name in Gymnasium 1.4.0, `Taxi-v4`.
    pub fn v4() -> Self {
        Self::named("Taxi-v4")
    }

    fn named(name: &'static str) -> Self {
        let starts = || (0..STATES).map(Place::of).map(|place| place.passenger != IN_TAXI && !place.is_arrived());
        let count = starts().filter(|&start| start).count() as f64;
        Self {
            name,
            observation_space: Space::discrete(STATES),
            action_space: Space::discrete(6),
            starts: starts().map(|start| f64::from(u8::from(start)) / count).collect(),
            inside: Inside { rng: NumpyRng::new(0), place: None },
            mask: [true; 6],
        }
    }
}

/// The parts that are drawn.
#[cfg(feature = "render")]
impl Taxi {
    /// Rows of the board, and columns.
    pub(crate) const SIZE: usize = SIZE;

    /// Returns row and column of the stands.
    pub(crate) fn stands() -> [(usize, usize); 4] {
        STANDS
    }

    /// Returns row and column of every square with a wall to its right.
    pub(crate) fn walls() -> impl Iterator<Item = (usize, usize)> {
        let squares = (0..SIZE).flat_map(|row| (0..SIZE - 1).map(move |column| (row, column)));
        squares.filter(|&(row, column)| !OPEN[row][column])
    }

    /// Returns row and column of the taxi, the stand of the passenger (4: in the taxi), and the stand of the destination.
    pub(crate) fn place(&self) -> Option<[usize; 4]> {
        self.inside.place.map(|place| [place.row, place.column, place.passenger, place.destination])
    }
}

impl Place {
    fn of(state: usize) -> Self {
        let (destination, state) = (state % 4, state / 4);
        let (passenger, state) = (state % 5, state / 5);
        Self { row: state / SIZE, column: state % SIZE, passenger, destination }
    }

    fn state(self) -> usize {
        ((self.row * SIZE + self.column) * 5 + self.passenger) * 4 + self.destination
    }

    fn is_arrived(self) -> bool {
        self.passenger == self.destination
    }

    /// Returns the stand at the place of the taxi.
    fn stand(self) -> Option<usize> {
        STANDS.iter().position(|&stand| stand == (self.row, self.column))
    }

    fn mask(self) -> [bool; 6] {
        let Self { row, column, passenger, .. } = self;
        [
            row + 1 < SIZE,
            row > 0,
            column + 1 < SIZE && OPEN[row][column],
            column > 0 && OPEN[row][column - 1],
            passenger != IN_TAXI && self.stand() == Some(passenger),
            passenger == IN_TAXI && self.stand().is_some(),
        ]
    }

    /// Returns the place after an action, and its reward. An action that the mask forbids changes nothing.
    fn after(mut self, action: u32) -> (Self, f64) {
        if !self.mask()[action as usize] {
            return (self, if action < 4 { -1.0 } else { -10.0 });
        }
        match action {
            0 => self.row += 1,
            1 => self.row -= 1,
            2 => self.column += 1,
            3 => self.column -= 1,
            4 => self.passenger = IN_TAXI,
            _ => {
                self.passenger = self.stand().expect("the mask asks for a stand");
                if self.is_arrived() {
                    return (self, 20.0);
                }
            }
        }
        (self, -1.0)
    }
}

impl Env for Taxi {
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
        let place = Place::of(self.inside.rng.categorical(&self.starts));
        self.inside.place = Some(place);
        self.mask = place.mask();
        obs.copy_from_slice(&[place.state() as f32]);
    }

    fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
        let &[action] = action else { panic!("one action, not {}", action.len()) };
        assert!(action < 6, "action {action} is not one of 0, 1, 2, 3, 4, 5");
        let from = self.inside.place.expect("reset was never called: there is no episode");
        // There is only one outcome, but Gymnasium draws it.
        self.inside.rng.categorical(&[1.0]);
        let (place, reward) = from.after(action);
        self.inside.place = Some(place);
        self.mask = place.mask();
        obs.copy_from_slice(&[place.state() as f32]);
        Step { reward, terminated: reward == 20.0, truncated: false }
    }

    fn action_mask(&self) -> Option<&[bool]> {
        Some(&self.mask)
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &self.inside)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let inside: Inside = decode_state(self.name(), state)?;
        if let Some(place) = inside.place {
            let Place { row, column, passenger, destination } = place;
            if row >= SIZE || column >= SIZE || passenger > IN_TAXI || destination >= STANDS.len() {
                return Err(saved_state::bad(self.name(), state.len(), format!("{place:?} is not on the map")));
            }
            self.mask = place.mask();
        }
        self.inside = inside;
        Ok(())
    }
}
