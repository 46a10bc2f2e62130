//! Space Invaders: a block of aliens comes down row by row.

use serde::{Deserialize, Serialize};

use super::{EDGE, Move, Outcome, Plane, RandomState, Rules, SIZE, Screen, is_on_board};

pub(super) const CHANNELS: [&str; 6] =
    ["cannon", "alien", "alien_left", "alien_right", "friendly_bullet", "enemy_bullet"];
const CANNON: usize = 0;
const ALIEN: usize = 1;
const ALIEN_LEFT: usize = 2;
const ALIEN_RIGHT: usize = 3;
const FRIENDLY_BULLET: usize = 4;
const ENEMY_BULLET: usize = 5;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct SpaceInvaders {
    /// Column of the cannon, which moves along the bottom row.
    cannon: usize,
    aliens: Plane,
    to_the_right: bool,
    friendly_bullets: Plane,
    enemy_bullets: Plane,
    /// Steps until the cannon can fire again.
    reload: i32,
    /// Steps between two moves of a full block.
    move_interval: i32,
    move_in: i32,
    shot_in: i32,
}

const BOTTOM: usize = SIZE - 1;
const RELOAD: i32 = 5;
const SHOT_INTERVAL: i32 = 10;
const FIRST_MOVE_INTERVAL: i32 = 12;
const LAST_MOVE_INTERVAL: i32 = 6;

impl Rules for SpaceInvaders {
    fn begin(&mut self, _random: &mut RandomState) {
        *self = Self {
            cannon: 5,
            move_interval: FIRST_MOVE_INTERVAL,
            move_in: FIRST_MOVE_INTERVAL,
            shot_in: SHOT_INTERVAL,
            ..Self::default()
        };
        self.send_wave();
    }

    fn advance(&mut self, action: Move, ramping: bool, _random: &mut RandomState) -> Outcome {
        match action {
            Move::Fire if self.reload == 0 => {
                self.friendly_bullets[BOTTOM][self.cannon] = 1;
                self.reload = RELOAD;
            }
            Move::Left => self.cannon = self.cannon.saturating_sub(1),
            Move::Right => self.cannon = (self.cannon + 1).min(BOTTOM),
            _ => {}
        }
        self.friendly_bullets.copy_within(1.., 0);
        self.friendly_bullets[BOTTOM].fill(0);
        self.enemy_bullets.copy_within(..BOTTOM, 1);
        self.enemy_bullets[0].fill(0);

        let mut outcome = Outcome::default();
        outcome.over |= self.enemy_bullets[BOTTOM][self.cannon] == 1;
        outcome.over |= self.aliens[BOTTOM][self.cannon] == 1;
        if self.move_in == 0 {
            // The last few are quick: as many steps as there are aliens.
            self.move_in = count(&self.aliens).min(self.move_interval);
            outcome.over |= self.march();
            outcome.over |= self.aliens[BOTTOM][self.cannon] == 1;
        }
        if self.shot_in == 0 {
            self.shot_in = SHOT_INTERVAL;
            self.shoot_back();
        }
        outcome.reward = self.strike();

        self.reload = (self.reload - 1).max(0);
        self.move_in -= 1;
        self.shot_in -= 1;
        if count(&self.aliens) == 0 {
            if ramping {
                self.move_interval = (self.move_interval - 1).max(LAST_MOVE_INTERVAL);
            }
            self.send_wave();
        }
        outcome
    }

    fn draw(&self, screen: &mut Screen<'_>) {
        screen.mark(CANNON, self.cannon as i32, EDGE);
        screen.copy(ALIEN, &self.aliens);
        screen.copy(if self.to_the_right { ALIEN_RIGHT } else { ALIEN_LEFT }, &self.aliens);
        screen.copy(FRIENDLY_BULLET, &self.friendly_bullets);
        screen.copy(ENEMY_BULLET, &self.enemy_bullets);
    }

    fn is_sound(&self) -> bool {
        let planes = [&self.aliens, &self.friendly_bullets, &self.enemy_bullets];
        is_on_board(self.cannon as i32)
            && planes.iter().all(|plane| plane.as_flattened().iter().all(|&cell| cell <= 1))
            && [self.reload, self.move_in, self.shot_in].into_iter().all(|steps| steps >= 0)
    }
}

impl SpaceInvaders {
    fn send_wave(&mut self) {
        for row in &mut self.aliens[..4] {
            row[2..8].fill(1);
        }
    }

    /// Moves the aliens: along the row, or where that would lead off the board, one row down and then the other way.
    /// Whether they have come down too far, which is the end; the lowest row is then seen at the top.
    fn march(&mut self) -> bool {
        let edge = if self.to_the_right { BOTTOM } else { 0 };
        if self.aliens.iter().any(|row| row[edge] == 1) {
            let arrived = self.aliens[BOTTOM].contains(&1);
            self.to_the_right = !self.to_the_right;
            self.aliens.rotate_right(1);
            return arrived;
        }
        for row in &mut self.aliens {
            if self.to_the_right {
                row.rotate_right(1);
            } else {
                row.rotate_left(1);
            }
        }
        false
    }

    /// The lowest alien of the column nearest to the cannon fires, of two as near the left one.
    fn shoot_back(&mut self) {
        let to_left = (0..SIZE).map(|distance| self.cannon.checked_sub(distance));
        let to_right = (0..SIZE).map(|distance| Some(self.cannon + distance).filter(|&x| x < SIZE));
        for x in to_left.zip(to_right).flat_map(|(left, right)| [left, right]).flatten() {
            if let Some(y) = (0..SIZE).rfind(|&y| self.aliens[y][x] == 1) {
                self.enemy_bullets[y][x] = 1;
                return;
            }
        }
    }

    /// Removes aliens and bullets that are in the same cell, and counts them.
    fn strike(&mut self) -> i32 {
        let mut struck = 0;
        let cells = self.aliens.as_flattened_mut().iter_mut().zip(self.friendly_bullets.as_flattened_mut());
        for (alien, bullet) in cells {
            let hit = *alien & *bullet;
            *alien -= hit;
            *bullet -= hit;
            struck += i32::from(hit);
        }
        struck
    }
}

fn count(plane: &Plane) -> i32 {
    // At most a hundred: the sum fits.
    i32::from(plane.as_flattened().iter().sum::<u8>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No recorded game has it: an alien in the bottom row can hardly reach an edge past the cannon.
    #[test]
    fn an_alien_that_would_march_below_the_board_is_the_end() {
        let mut game = SpaceInvaders { move_interval: 12, shot_in: 10, to_the_right: true, ..SpaceInvaders::default() };
        (game.aliens[3][4], game.aliens[9][9]) = (1, 1);
        let outcome = game.advance(Move::Stay, true, &mut RandomState::new(0));
        assert!(outcome.over && !game.to_the_right);
        assert_eq!((game.aliens[4][4], game.aliens[0][9], count(&game.aliens)), (1, 1, 2));
        assert_eq!((game.move_in, game.shot_in), (1, 9));
    }
}
