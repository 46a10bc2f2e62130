//! Asterix: enemies and gold cross the board, one row each.

use serde::{Deserialize, Serialize};

use super::{EDGE, Move, Outcome, RandomState, Rules, Screen, ahead, behind, is_on_board};

pub(super) const CHANNELS: [&str; 4] = ["player", "enemy", "trail", "gold"];
const PLAYER: usize = 0;
const ENEMY: usize = 1;
const TRAIL: usize = 2;
const GOLD: usize = 3;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Asterix {
    player: (i32, i32),
    /// The enemies and gold in rows 1 to 8, at most one in each.
    crossing: [Option<Crossing>; ROWS],
    /// Steps from one appearance to the next, and to the next one.
    spawn_interval: i32,
    spawn_in: i32,
    /// Steps from one move of all of them to the next, and to the next one.
    move_interval: i32,
    move_in: i32,
    ramp_in: i32,
    ramps: u32,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Crossing {
    x: i32,
    to_the_right: bool,
    gold: bool,
}

/// Rows that are crossed; the first is row 1 of the board.
const ROWS: usize = 8;
const RAMP_INTERVAL: i32 = 100;

impl Rules for Asterix {
    fn begin(&mut self, _random: &mut RandomState) {
        *self = Self {
            player: (5, 5),
            crossing: [None; ROWS],
            spawn_interval: 10,
            spawn_in: 10,
            move_interval: 5,
            move_in: 5,
            ramp_in: RAMP_INTERVAL,
            ramps: 0,
        };
    }

    fn advance(&mut self, action: Move, ramping: bool, random: &mut RandomState) -> Outcome {
        if self.spawn_in == 0 {
            self.spawn(random);
            self.spawn_in = self.spawn_interval;
        }
        let (x, y) = &mut self.player;
        match action {
            Move::Left => *x = (*x - 1).max(0),
            Move::Right => *x = (*x + 1).min(EDGE),
            Move::Up => *y = (*y - 1).max(1),
            Move::Down => *y = (*y + 1).min(ROWS as i32),
            Move::Stay | Move::Fire => {}
        }
        let mut outcome = Outcome::default();
        // First the player moves into them, then they move into the player.
        for row in 0..ROWS {
            self.touch(row, &mut outcome);
        }
        if self.move_in == 0 {
            self.move_in = self.move_interval;
            for row in 0..ROWS {
                if let Some(crossing) = &mut self.crossing[row] {
                    crossing.x += ahead(crossing.to_the_right);
                    if !is_on_board(crossing.x) {
                        self.crossing[row] = None;
                    }
                }
                self.touch(row, &mut outcome);
            }
        }
        self.spawn_in -= 1;
        self.move_in -= 1;
        if ramping {
            self.ramp();
        }
        outcome
    }

    fn draw(&self, screen: &mut Screen<'_>) {
        screen.mark(PLAYER, self.player.0, self.player.1);
        for (y, crossing) in (1..).zip(&self.crossing) {
            if let Some(Crossing { x, to_the_right, gold }) = *crossing {
                screen.mark(if gold { GOLD } else { ENEMY }, x, y);
                screen.mark(TRAIL, behind(x, to_the_right), y);
            }
        }
    }

    fn is_sound(&self) -> bool {
        let on_board = |crossing: &Crossing| is_on_board(crossing.x);
        [self.player.0, self.player.1].into_iter().all(is_on_board)
            && self.crossing.iter().flatten().all(on_board)
            && [self.spawn_in, self.move_in, self.ramp_in].into_iter().all(|steps| steps >= -1)
    }
}

impl Asterix {
    /// Places an enemy or gold at one end of a row, if a row is free. The first two draws are made in any case.
    fn spawn(&mut self, random: &mut RandomState) {
        let to_the_right = random.random() < 1.0 / 2.0;
        let gold = random.random() < 1.0 / 3.0;
        let free = self.crossing.iter().filter(|row| row.is_none()).count();
        if free == 0 {
            return;
        }
        let chosen = random.below(free as u32) as usize;
        let x = if to_the_right { 0 } else { EDGE };
        let slot = self.crossing.iter_mut().filter(|row| row.is_none()).nth(chosen);
        *slot.expect("fewer than are free") = Some(Crossing { x, to_the_right, gold });
    }

    fn touch(&mut self, row: usize, outcome: &mut Outcome) {
        let Some(crossing) = self.crossing[row] else { return };
        if (crossing.x, row as i32 + 1) != self.player {
            return;
        }
        if crossing.gold {
            self.crossing[row] = None;
            outcome.reward += 1;
        } else {
            outcome.over = true;
        }
    }

    /// Shortens the time between appearances at intervals, and at every second one also the time between moves, down to one
    /// step.
    fn ramp(&mut self) {
        if self.spawn_interval <= 1 && self.move_interval <= 1 {
            return;
        }
        if self.ramp_in >= 0 {
            self.ramp_in -= 1;
            return;
        }
        if self.ramps % 2 == 1 {
            self.move_interval = (self.move_interval - 1).max(1);
        }
        self.spawn_interval = (self.spawn_interval - 1).max(1);
        self.ramps += 1;
        self.ramp_in = RAMP_INTERVAL;
    }
}
