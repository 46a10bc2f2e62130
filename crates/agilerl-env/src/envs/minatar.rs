//! The five games of MinAtar: small versions of Atari games on a board of ten by ten cells.
//!
//! An independent implementation of the games described by Young and Tian, "MinAtar: An Atari-Inspired Testbed for
//! Thorough and Reproducible Reinforcement Learning Experiments" (arXiv:1903.03176). It was written from their rules,
//! and recordings of the Python package `minatar` 1.0.15 check it (`tests/golden/minatar`).

use serde::{Deserialize, Serialize};

use crate::env::{Env, Step};
use crate::error::EnvError;
use crate::saved_state::{self, decode_state, encode_state};
use crate::space::Space;

mod breakout;
mod asterix;
mod freeway;
mod seaquest;
mod space_invaders;
mod random_state;
#[cfg(feature = "render")]
mod picture;

use asterix::Asterix;
use breakout::Breakout;
use freeway::Freeway;
use random_state::RandomState;
use seaquest::Seaquest;
use space_invaders::SpaceInvaders;

/// One of the five games of MinAtar, equal to the Python package `minatar` 1.0.15, seed by seed.
///
/// | | |
/// |---|---|
/// | observation | `[channels, 10, 10]` of 0 and 1, row by row from the top: [`MinAtarGame`] lists the channels |
/// | action | the choices that have an effect in the game, as under the `-v1` names |
/// | reward | see [`MinAtarGame`] |
/// | terminates | when the game is lost; Freeway when its time is over |
///
/// As in the original, episodes have no time limit, except in Freeway, where the limit is a termination. An episode of a
/// good policy may be endless: wrap the game in a [`TimeLimit`](crate::TimeLimit) to prevent that.
///
/// With probability [`sticky_action_prob`](MinAtarOptions::sticky_action_prob) a step repeats the action of the step before
/// instead of taking its own. As in the original, the first step after an unseeded reset may repeat the last action of
/// the episode before; a seeded reset discards it.
///
/// The generator is the original's, numpy's legacy `RandomState`, which takes seeds of 32 bits. A larger seed gives the
/// episode of `RandomState([low, high])`, its two halves.
///
/// ```
/// use agilerl_env::{Env, MinAtar, MinAtarGame, MinAtarOptions};
/// let mut env = MinAtar::new(MinAtarGame::Breakout, MinAtarOptions::default());
/// let mut obs = [0; 4 * 10 * 10];
/// env.reset(Some(0), &mut obs);
/// assert_eq!(obs[9 * 10 + 4], 1); // channel 0, the paddle: bottom row, column 4
/// env.step(&[2], &mut obs); // to the right
/// assert_eq!(obs[9 * 10 + 5], 1);
/// ```
#[derive(Clone, Debug)]
pub struct MinAtar {
    game: MinAtarGame,
    options: MinAtarOptions,
    observation_space: Space,
    action_space: Space,
    inside: Inside,
}

/// The games, with their channels in order and their actions in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MinAtarGame {
    /// `MinAtar/Breakout-v1`: break three rows of bricks with a ball that must not fall.
    ///
    /// Channels: paddle, ball, trail (where the ball was a step ago), brick. Actions: stay, left, right. Reward: 1 for
    /// each brick. Ends when the ball passes the paddle. A broken wall is built again when the ball comes down next.
    /// Difficulty does not ramp.
    Breakout,
    /// `MinAtar/Asterix-v1`: collect gold and avoid enemies, which cross the board from either side.
    ///
    /// Channels: player, enemy, trail (the cell behind an enemy or gold), gold. Actions: stay, left, up, right, down.
    /// Reward: 1 for each gold. Ends on contact with an enemy. Ramping makes both come more often and move faster.
    Asterix,
    /// `MinAtar/Freeway-v1`: cross a road of eight lanes upwards, again and again.
    ///
    /// Channels: chicken, car, speed1 to speed5 (the cell behind a car, in the channel of the steps that it takes for
    /// one cell, less one). Actions: stay, up, down; the chicken takes one in three steps. Reward: 1 for each crossing,
    /// after which the cars draw new speeds; a car sends the chicken back to the start. Ends after 2501 steps: that is
    /// `terminated`, as in the original, although the observation does not show the time. Difficulty does not ramp.
    Freeway,
    /// `MinAtar/Seaquest-v1`: rescue divers with a submarine, shoot enemies, and do not run out of air.
    ///
    /// Channels: sub_front, sub_back, friendly_bullet, trail (the cell behind an enemy or a diver), enemy_bullet,
    /// enemy_fish, enemy_sub, oxygen_gauge, diver_gauge (both in the bottom row), diver. Actions: stay, left, up, right,
    /// down, fire. Reward: 1 for each enemy shot; up to 10, by the air that is left, for surfacing with six divers. Ends
    /// on contact with an enemy or its bullet, without air, or when surfacing without a diver. Each surfacing costs a
    /// diver, and with ramping makes enemies come more often and move faster.
    ///
    /// As in the original, surfacing with six divers leaves -1: the gauge shows none, and the next surfacing is free.
    Seaquest,
    /// `MinAtar/SpaceInvaders-v1`: shoot the aliens before they arrive.
    ///
    /// Channels: cannon, alien, alien_left, alien_right (the aliens again, by the direction in which they move),
    /// friendly_bullet, enemy_bullet. Actions: stay, left, right, fire. Reward: 1 for each alien. Ends when a bullet or
    /// an alien hits the cannon, or when the aliens have reached the bottom. The fewer they are the faster they move;
    /// with ramping each wave is faster than the one before.
    SpaceInvaders,
}

/// The options of a game.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinAtarOptions {
    /// Probability that a step repeats the action of the step before; 0.1 in the original.
    pub sticky_action_prob: f64,
    /// Whether the game becomes harder during an episode; `true` in the original.
    pub difficulty_ramping: bool,
}

impl Default for MinAtarOptions {
    fn default() -> Self {
        Self { sticky_action_prob: 0.1, difficulty_ramping: true }
    }
}

/// Everything that changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inside {
    random: RandomState,
    /// `false` before the first reset.
    started: bool,
    over: bool,
    /// The action of the last step, which a sticky step repeats.
    last: Move,
    play: Play,
}

/// The six buttons. A game has the buttons that have an effect in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Move {
    Stay,
    Left,
    Up,
    Right,
    Down,
    Fire,
}

/// The state of a game.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Play {
    Breakout(Breakout),
    Asterix(Asterix),
    Freeway(Freeway),
    Seaquest(Seaquest),
    SpaceInvaders(SpaceInvaders),
}

/// The rules of a game.
trait Rules {
    /// Sets up the start of an episode.
    fn begin(&mut self, random: &mut RandomState);

    /// One step. Games without ramping ignore `ramping`.
    fn advance(&mut self, action: Move, ramping: bool, random: &mut RandomState) -> Outcome;

    /// Draws the observation on an empty screen.
    fn draw(&self, screen: &mut Screen<'_>);

    /// Returns whether the state is possible; `false` for a corrupted saved state.
    fn is_sound(&self) -> bool;
}

/// The result of a step.
#[derive(Default)]
struct Outcome {
    reward: i32,
    over: bool,
}

/// Cells in a row, and rows.
const SIZE: usize = 10;
/// Index of the last of them.
const EDGE: i32 = SIZE as i32 - 1;

/// A channel that a game stores as it is shown: rows from the top, 0 or 1.
type Plane = [[u8; SIZE]; SIZE];

/// An observation while it is drawn, `[channels, 10, 10]`.
struct Screen<'a> {
    cells: &'a mut [u8],
}

impl Screen<'_> {
    /// Sets a cell of a channel. A cell beyond the left or right edge is not shown.
    #[inline]
    fn mark(&mut self, channel: usize, x: i32, y: i32) {
        if is_on_board(x) {
            self.cells[channel * SIZE * SIZE + y as usize * SIZE + x as usize] = 1;
        }
    }

    /// Draws a whole channel.
    #[inline]
    fn copy(&mut self, channel: usize, plane: &Plane) {
        self.cells[channel * SIZE * SIZE..][..SIZE * SIZE].copy_from_slice(plane.as_flattened());
    }
}

/// Returns whether a coordinate lies on the board.
#[inline]
fn is_on_board(coordinate: i32) -> bool {
    (0..=EDGE).contains(&coordinate)
}

/// The cell behind something that moves along its row.
#[inline]
fn behind(x: i32, to_the_right: bool) -> i32 {
    x - ahead(to_the_right)
}

/// One step of something that moves along its row.
#[inline]
fn ahead(to_the_right: bool) -> i32 {
    if to_the_right { 1 } else { -1 }
}

impl MinAtar {
    /// Returns the game before its first reset. Its generator has seed 0.
    ///
    /// # Panics
    /// If `sticky_action_prob` is not a probability.
    pub fn new(game: MinAtarGame, options: MinAtarOptions) -> Self {
        let sticky = options.sticky_action_prob;
        assert!((0.0..=1.0).contains(&sticky), "sticky_action_prob is {sticky}, which is not within 0..=1");
        let shape = vec![game.channels().len(), SIZE, SIZE];
        let cells = shape.iter().product();
        let play = match game {
            MinAtarGame::Breakout => Play::Breakout(Breakout::default()),
            MinAtarGame::Asterix => Play::Asterix(Asterix::default()),
            MinAtarGame::Freeway => Play::Freeway(Freeway::default()),
            MinAtarGame::Seaquest => Play::Seaquest(Seaquest::default()),
            MinAtarGame::SpaceInvaders => Play::SpaceInvaders(SpaceInvaders::default()),
        };
        Self {
            game,
            options,
            observation_space: Space::Box { shape, low: vec![0.0; cells], high: vec![1.0; cells] },
            action_space: Space::discrete(game.moves().len()),
            inside: Inside { random: RandomState::new(0), started: false, over: false, last: Move::Stay, play },
        }
    }

    /// Returns the game.
    pub fn game(&self) -> MinAtarGame {
        self.game
    }

    /// Returns the options.
    pub fn options(&self) -> MinAtarOptions {
        self.options
    }

    /// Writes the current observation.
    pub(crate) fn observe(&self, obs: &mut [u8]) {
        let expected = self.observation_space.row_len();
        assert_eq!(obs.len(), expected, "an observation of {} has {expected} cells", self.name());
        obs.fill(0);
        self.inside.play.rules().draw(&mut Screen { cells: obs });
    }
}

impl MinAtarGame {
    /// All five games.
    pub const ALL: [Self; 5] = [Self::Breakout, Self::Asterix, Self::Freeway, Self::Seaquest, Self::SpaceInvaders];

    /// Returns the name of the game in the catalogue.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Breakout => "MinAtar/Breakout-v1",
            Self::Asterix => "MinAtar/Asterix-v1",
            Self::Freeway => "MinAtar/Freeway-v1",
            Self::Seaquest => "MinAtar/Seaquest-v1",
            Self::SpaceInvaders => "MinAtar/SpaceInvaders-v1",
        }
    }

    /// Returns the names of the channels of an observation, in their order.
    pub const fn channels(self) -> &'static [&'static str] {
        match self {
            Self::Breakout => &breakout::CHANNELS,
            Self::Asterix => &asterix::CHANNELS,
            Self::Freeway => &freeway::CHANNELS,
            Self::Seaquest => &seaquest::CHANNELS,
            Self::SpaceInvaders => &space_invaders::CHANNELS,
        }
    }

    /// Returns the names of the actions 0, 1, ...
    const fn moves(self) -> &'static [Move] {
        match self {
            Self::Breakout => &[Move::Stay, Move::Left, Move::Right],
            Self::Asterix => &[Move::Stay, Move::Left, Move::Up, Move::Right, Move::Down],
            Self::Freeway => &[Move::Stay, Move::Up, Move::Down],
            Self::Seaquest => &[Move::Stay, Move::Left, Move::Up, Move::Right, Move::Down, Move::Fire],
            Self::SpaceInvaders => &[Move::Stay, Move::Left, Move::Right, Move::Fire],
        }
    }
}

impl Play {
    fn rules(&self) -> &dyn Rules {
        match self {
            Self::Breakout(game) => game,
            Self::Asterix(game) => game,
            Self::Freeway(game) => game,
            Self::Seaquest(game) => game,
            Self::SpaceInvaders(game) => game,
        }
    }

    fn rules_mut(&mut self) -> &mut dyn Rules {
        match self {
            Self::Breakout(game) => game,
            Self::Asterix(game) => game,
            Self::Freeway(game) => game,
            Self::Seaquest(game) => game,
            Self::SpaceInvaders(game) => game,
        }
    }
}

impl Env for MinAtar {
    type Obs = u8;
    type Action = u32;

    fn name(&self) -> &str {
        self.game.name()
    }

    fn observation_space(&self) -> &Space {
        &self.observation_space
    }

    fn action_space(&self) -> &Space {
        &self.action_space
    }

    fn reset(&mut self, seed: Option<u64>, obs: &mut [u8]) {
        let inside = &mut self.inside;
        if let Some(seed) = seed {
            inside.random = RandomState::new(seed);
            inside.last = Move::Stay;
        }
        inside.play.rules_mut().begin(&mut inside.random);
        inside.started = true;
        inside.over = false;
        self.observe(obs);
    }

    fn step(&mut self, action: &[u32], obs: &mut [u8]) -> Step {
        let &[action] = action else { panic!("one action, not {}", action.len()) };
        let moves = self.game.moves();
        assert!((action as usize) < moves.len(), "action {action} is not below {}", moves.len());
        let Inside { random, started, over, last, play } = &mut self.inside;
        assert!(*started, "reset was never called: there is no episode");
        // Drawn in every step, also after the end.
        if random.random() >= self.options.sticky_action_prob {
            *last = moves[action as usize];
        }
        let mut reward = 0;
        if !*over {
            let outcome = play.rules_mut().advance(*last, self.options.difficulty_ramping, random);
            reward = outcome.reward;
            *over = outcome.over;
        }
        let terminated = *over;
        self.observe(obs);
        Step { reward: f64::from(reward), terminated, truncated: false }
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &self.inside)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let inside: Inside = decode_state(self.name(), state)?;
        let same_game = std::mem::discriminant(&inside.play) == std::mem::discriminant(&self.inside.play);
        if !same_game || !self.game.moves().contains(&inside.last) || !inside.play.rules().is_sound() {
            return Err(saved_state::bad(self.name(), state.len(), "no play can go on from there".to_owned()));
        }
        self.inside = inside;
        Ok(())
    }
}
