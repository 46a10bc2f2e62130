//! Breakout: a paddle, a ball and three rows of bricks.

use serde::{Deserialize, Serialize};

use super::{EDGE, Move, Outcome, Plane, RandomState, Rules, Screen, is_on_board};

pub(super) const CHANNELS: [&str; 4] = ["paddle", "ball", "trail", "brick"];
const PADDLE: usize = 0;
const BALL: usize = 1;
const TRAIL: usize = 2;
const BRICK: usize = 3;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Breakout {
    /// Column of the paddle, which moves along the bottom row.
    paddle: i32,
    ball: (i32, i32),
    /// Position of the ball one step ago.
    trail: (i32, i32),
    /// Direction of the ball, 1 or -1 in each axis: always along a diagonal.
    direction: (i32, i32),
    bricks: Plane,
    /// The ball was in a brick a step ago. It then flies through the next one, so that a brick breaks every other step
    /// at most.
    struck: bool,
}

/// Rows of the wall.
const WALL: std::ops::RangeInclusive<usize> = 1..=3;

impl Rules for Breakout {
    fn begin(&mut self, random: &mut RandomState) {
        let from_the_right = random.below(2) == 1;
        let ball = (if from_the_right { EDGE } else { 0 }, 3);
        let direction = (if from_the_right { -1 } else { 1 }, 1);
        *self = Self { paddle: 4, ball, trail: ball, direction, bricks: Plane::default(), struck: false };
        self.build_wall();
    }

    fn advance(&mut self, action: Move, _ramping: bool, _random: &mut RandomState) -> Outcome {
        match action {
            Move::Left => self.paddle = (self.paddle - 1).max(0),
            Move::Right => self.paddle = (self.paddle + 1).min(EDGE),
            _ => {}
        }
        let mut outcome = Outcome::default();
        let mut struck = false;
        self.trail = self.ball;
        let (mut x, mut y) = (self.ball.0 + self.direction.0, self.ball.1 + self.direction.1);
        if !is_on_board(x) {
            x = x.clamp(0, EDGE);
            self.turn_sideways();
        }
        if y < 0 {
            y = 0;
            self.turn_upright();
        } else if self.brick(x, y) {
            struck = true;
            if !self.struck {
                outcome.reward = 1;
                self.bricks[y as usize][x as usize] = 0;
                y = self.ball.1;
                self.turn_upright();
            }
        } else if y == EDGE {
            if self.bricks.as_flattened().iter().all(|&brick| brick == 0) {
                self.build_wall();
            }
            // The paddle meets the ball where it comes from, or where it is about to be: with its corner then.
            if self.paddle == self.ball.0 {
                y = self.ball.1;
                self.turn_upright();
            } else if self.paddle == x {
                y = self.ball.1;
                self.turn_upright();
                self.turn_sideways();
            } else {
                outcome.over = true;
            }
        }
        self.struck = struck;
        self.ball = (x, y);
        outcome
    }

    fn draw(&self, screen: &mut Screen<'_>) {
        screen.mark(PADDLE, self.paddle, EDGE);
        screen.mark(BALL, self.ball.0, self.ball.1);
        screen.mark(TRAIL, self.trail.0, self.trail.1);
        screen.copy(BRICK, &self.bricks);
    }

    fn is_sound(&self) -> bool {
        let Self { paddle, ball, trail, direction, ref bricks, struck: _ } = *self;
        [paddle, ball.0, ball.1, trail.0, trail.1].into_iter().all(is_on_board)
            && [direction.0, direction.1].into_iter().all(|part| (-1..=1).contains(&part))
            && bricks.as_flattened().iter().all(|&brick| brick <= 1)
    }
}

impl Breakout {
    fn brick(&self, x: i32, y: i32) -> bool {
        // At the lower edge there is none; a ball that has fallen is beyond it.
        self.bricks.get(y as usize).is_some_and(|row| row[x as usize] == 1)
    }

    fn build_wall(&mut self) {
        for row in WALL {
            self.bricks[row].fill(1);
        }
    }

    fn turn_upright(&mut self) {
        self.direction.1 = -self.direction.1;
    }

    fn turn_sideways(&mut self) {
        self.direction.0 = -self.direction.0;
    }
}
