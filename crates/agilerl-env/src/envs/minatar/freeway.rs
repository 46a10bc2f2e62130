//! Freeway: a chicken crosses a road of eight lanes.

use serde::{Deserialize, Serialize};

use super::{EDGE, Move, Outcome, RandomState, Rules, Screen, ahead, behind, is_on_board};

pub(super) const CHANNELS: [&str; 7] = ["chicken", "car", "speed1", "speed2", "speed3", "speed4", "speed5"];
const CHICKEN: usize = 0;
const CAR: usize = 1;
/// Channel of a car's wait, less one.
const SPEED: usize = 2;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Freeway {
    /// Row of the chicken. Its column never changes.
    chicken: i32,
    /// Steps until the chicken can move again.
    rest: i32,
    /// The cars in rows 1 to 8.
    cars: [Car; LANES],
    steps_left: i32,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Car {
    x: i32,
    to_the_right: bool,
    /// Steps that it stands between two moves, 1 to 5.
    wait: i32,
    /// Steps that it still stands.
    waits: i32,
}

const LANES: usize = 8;
/// Column of the chicken.
const COLUMN: i32 = 4;
const REST: i32 = 3;
/// Steps of an episode, less one.
const STEPS: i32 = 2500;

impl Rules for Freeway {
    fn begin(&mut self, random: &mut RandomState) {
        *self = Self { chicken: EDGE, rest: REST, cars: [Car::default(); LANES], steps_left: STEPS };
        self.draw_speeds(random);
    }

    fn advance(&mut self, action: Move, _ramping: bool, random: &mut RandomState) -> Outcome {
        let mut outcome = Outcome::default();
        if self.rest == 0 && matches!(action, Move::Up | Move::Down) {
            self.rest = REST;
            let way = if action == Move::Up { -1 } else { 1 };
            self.chicken = (self.chicken + way).clamp(0, EDGE);
        }
        if self.chicken == 0 {
            outcome.reward = 1;
            self.draw_speeds(random);
            self.chicken = EDGE;
        }
        for (row, car) in (1..).zip(&mut self.cars) {
            if (car.x, row) == (COLUMN, self.chicken) {
                self.chicken = EDGE;
            }
            if car.waits > 0 {
                car.waits -= 1;
                continue;
            }
            car.waits = car.wait;
            car.x = around(car.x + ahead(car.to_the_right));
            if (car.x, row) == (COLUMN, self.chicken) {
                self.chicken = EDGE;
            }
        }
        self.rest = (self.rest - 1).max(0);
        self.steps_left -= 1;
        outcome.over = self.steps_left < 0;
        outcome
    }

    fn draw(&self, screen: &mut Screen<'_>) {
        screen.mark(CHICKEN, COLUMN, self.chicken);
        for (y, car) in (1..).zip(&self.cars) {
            screen.mark(CAR, car.x, y);
            screen.mark(SPEED + car.wait as usize - 1, around(behind(car.x, car.to_the_right)), y);
        }
    }

    fn is_sound(&self) -> bool {
        is_on_board(self.chicken)
            && self.cars.iter().all(|car| is_on_board(car.x) && (0..=5).contains(&car.wait) && car.waits >= 0)
            && self.rest >= 0
            && self.steps_left >= -1
    }
}

impl Freeway {
    /// New speeds and directions for all cars where they stand: first all speeds are drawn, then all directions.
    fn draw_speeds(&mut self, random: &mut RandomState) {
        for car in &mut self.cars {
            car.wait = 1 + random.below(5) as i32;
            car.waits = car.wait;
        }
        for car in &mut self.cars {
            // One half itself would be a car without a direction, once in 2^53 draws; here it goes to the left.
            car.to_the_right = random.random() > 0.5;
        }
    }
}

/// Returns the column, or the other end of the row for a column just beyond an end.
fn around(x: i32) -> i32 {
    x.rem_euclid(EDGE + 1)
}
