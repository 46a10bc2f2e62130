//! Seaquest: a submarine, divers to rescue, fish and other submarines, and a limited supply of air.

use serde::{Deserialize, Serialize};

use super::{EDGE, Move, Outcome, RandomState, Rules, Screen, ahead, behind, is_on_board};

pub(super) const CHANNELS: [&str; 10] = [
    "sub_front",
    "sub_back",
    "friendly_bullet",
    "trail",
    "enemy_bullet",
    "enemy_fish",
    "enemy_sub",
    "oxygen_gauge",
    "diver_gauge",
    "diver",
];
const SUB_FRONT: usize = 0;
const SUB_BACK: usize = 1;
const FRIENDLY_BULLET: usize = 2;
const TRAIL: usize = 3;
const ENEMY_BULLET: usize = 4;
const ENEMY_FISH: usize = 5;
const ENEMY_SUB: usize = 6;
const OXYGEN_GAUGE: usize = 7;
const DIVER_GAUGE: usize = 8;
const DIVER: usize = 9;

/// As in the original, lists are processed from the back, and a removal removes the first element that equals the current
/// one. If that is another element further in front, the current element is processed again at its new index. The order
/// of events and some observations depend on it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Seaquest {
    sub: Place,
    facing_right: bool,
    /// Steps until the submarine can fire again.
    reload: i32,
    oxygen: i32,
    /// Divers on board; below 0 after a rescue of six.
    divers_on_board: i32,
    /// Whether the submarine has surfaced and not dived since.
    surfaced: bool,
    friendly_bullets: Vec<Bullet>,
    enemy_bullets: Vec<Bullet>,
    fish: Vec<Swimmer>,
    enemy_subs: Vec<EnemySub>,
    divers: Vec<Swimmer>,
    /// Steps from one enemy to the next, and to the next one.
    enemy_interval: i32,
    enemy_in: i32,
    diver_in: i32,
    /// Steps that an enemy waits between two moves.
    enemy_wait: i32,
    ramps: u32,
}

/// Column and row.
type Place = (i32, i32);

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Bullet {
    place: Place,
    to_the_right: bool,
}

/// A fish or a diver.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Swimmer {
    place: Place,
    to_the_right: bool,
    /// Steps until it moves.
    move_in: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct EnemySub {
    swimmer: Swimmer,
    shot_in: i32,
}

const MAX_OXYGEN: i32 = 200;
const MAX_DIVERS: i32 = 6;
const DEEPEST: i32 = 8;
const RELOAD: i32 = 5;
const ENEMY_INTERVAL: i32 = 20;
const DIVER_INTERVAL: i32 = 30;
const ENEMY_WAIT: i32 = 5;
const LEAST_ENEMY_WAIT: i32 = 2;
const DIVER_WAIT: i32 = 5;
const SHOT_INTERVAL: i32 = 10;
/// Room in each list. An enemy a step, the most there can be, is thirty of them on the board.
const ROOM: usize = 64;

impl Rules for Seaquest {
    fn begin(&mut self, _random: &mut RandomState) {
        // The lists keep their allocations for the next episode.
        *self = Self {
            sub: (5, 0),
            facing_right: false,
            reload: 0,
            oxygen: MAX_OXYGEN,
            divers_on_board: 0,
            surfaced: true,
            friendly_bullets: emptied(&mut self.friendly_bullets),
            enemy_bullets: emptied(&mut self.enemy_bullets),
            fish: emptied(&mut self.fish),
            enemy_subs: emptied(&mut self.enemy_subs),
            divers: emptied(&mut self.divers),
            enemy_interval: ENEMY_INTERVAL,
            enemy_in: ENEMY_INTERVAL,
            diver_in: DIVER_INTERVAL,
            enemy_wait: ENEMY_WAIT,
            ramps: 0,
        };
    }

    fn advance(&mut self, action: Move, ramping: bool, random: &mut RandomState) -> Outcome {
        if self.enemy_in == 0 {
            self.spawn_enemy(random);
            self.enemy_in = self.enemy_interval;
        }
        if self.diver_in == 0 {
            let to_the_right = random.random() < 1.0 / 2.0;
            let place = (entry(to_the_right), draw_row(random));
            self.divers.push(Swimmer { place, to_the_right, move_in: DIVER_WAIT });
            self.diver_in = DIVER_INTERVAL;
        }
        self.steer(action);

        let mut outcome = Outcome::default();
        self.advance_friendly_bullets(&mut outcome);
        self.advance_divers();
        self.advance_enemy_subs(&mut outcome);
        self.advance_enemy_bullets(&mut outcome);
        self.advance_fish(&mut outcome);

        self.enemy_in = (self.enemy_in - 1).max(0);
        self.diver_in = (self.diver_in - 1).max(0);
        self.reload = (self.reload - 1).max(0);
        outcome.over |= self.oxygen <= 0;
        if self.sub.1 > 0 {
            self.oxygen -= 1;
            self.surfaced = false;
        } else if !self.surfaced {
            if self.divers_on_board == 0 {
                outcome.over = true;
            } else {
                outcome.reward += self.surface(ramping);
            }
        }
        outcome
    }

    fn draw(&self, screen: &mut Screen<'_>) {
        let (x, y) = self.sub;
        screen.mark(SUB_FRONT, x, y);
        screen.mark(SUB_BACK, behind(x, self.facing_right), y);
        for x in 0..self.oxygen.max(0) * 10 / MAX_OXYGEN {
            screen.mark(OXYGEN_GAUGE, x, EDGE);
        }
        for x in EDGE - self.divers_on_board..EDGE {
            screen.mark(DIVER_GAUGE, x, EDGE);
        }
        for (channel, bullets) in [(FRIENDLY_BULLET, &self.friendly_bullets), (ENEMY_BULLET, &self.enemy_bullets)] {
            for bullet in bullets {
                screen.mark(channel, bullet.place.0, bullet.place.1);
            }
        }
        let fish = self.fish.iter().map(|fish| (ENEMY_FISH, fish));
        let subs = self.enemy_subs.iter().map(|sub| (ENEMY_SUB, &sub.swimmer));
        let divers = self.divers.iter().map(|diver| (DIVER, diver));
        for (channel, &Swimmer { place: (x, y), to_the_right, .. }) in fish.chain(subs).chain(divers) {
            screen.mark(channel, x, y);
            screen.mark(TRAIL, behind(x, to_the_right), y);
        }
    }

    fn is_sound(&self) -> bool {
        let swimmers = self.fish.iter().chain(&self.divers).chain(self.enemy_subs.iter().map(|sub| &sub.swimmer));
        let bullets = self.friendly_bullets.iter().chain(&self.enemy_bullets);
        let mut places = swimmers.map(|it| it.place).chain(bullets.map(|it| it.place)).chain([self.sub]);
        places.all(|(x, y)| is_on_board(x) && is_on_board(y))
            && (-1..=MAX_OXYGEN).contains(&self.oxygen)
            && self.divers_on_board <= MAX_DIVERS
    }
}

impl Seaquest {
    fn steer(&mut self, action: Move) {
        let (x, y) = &mut self.sub;
        match action {
            Move::Stay => {}
            Move::Left => {
                *x = (*x - 1).max(0);
                self.facing_right = false;
            }
            Move::Right => {
                *x = (*x + 1).min(EDGE);
                self.facing_right = true;
            }
            Move::Up => *y = (*y - 1).max(0),
            Move::Down => *y = (*y + 1).min(DEEPEST),
            Move::Fire if self.reload == 0 => {
                self.friendly_bullets.push(Bullet { place: self.sub, to_the_right: self.facing_right });
                self.reload = RELOAD;
            }
            Move::Fire => {}
        }
    }

    /// A fish or a submarine at one end of a row, unless something swims there the other way.
    fn spawn_enemy(&mut self, random: &mut RandomState) {
        let to_the_right = random.random() < 1.0 / 2.0;
        let is_sub = random.random() < 1.0 / 3.0;
        let row = draw_row(random);
        let mut others = self.enemy_subs.iter().map(|sub| &sub.swimmer).chain(&self.fish);
        if others.any(|other| other.place.1 == row && other.to_the_right != to_the_right) {
            return;
        }
        let swimmer = Swimmer { place: (entry(to_the_right), row), to_the_right, move_in: self.enemy_wait };
        if is_sub {
            self.enemy_subs.push(EnemySub { swimmer, shot_in: SHOT_INTERVAL });
        } else {
            self.fish.push(swimmer);
        }
    }

    fn advance_friendly_bullets(&mut self, outcome: &mut Outcome) {
        for i in (0..self.friendly_bullets.len()).rev() {
            self.friendly_bullets[i].fly();
            let bullet = self.friendly_bullets[i];
            if !is_on_board(bullet.place.0) {
                remove_first(&mut self.friendly_bullets, bullet);
            } else if let Some(hit) = self.fish.iter().position(|fish| fish.place == bullet.place) {
                self.fish.remove(hit);
                remove_first(&mut self.friendly_bullets, bullet);
                outcome.reward += 1;
            } else if let Some(hit) = self.enemy_subs.iter().position(|sub| sub.swimmer.place == bullet.place) {
                self.enemy_subs.remove(hit);
                remove_first(&mut self.friendly_bullets, bullet);
                outcome.reward += 1;
            }
        }
    }

    fn advance_divers(&mut self) {
        for i in (0..self.divers.len()).rev() {
            if self.picks_up(i) {
                continue;
            }
            if self.divers[i].moves(DIVER_WAIT) {
                let diver = self.divers[i];
                if !is_on_board(diver.place.0) {
                    remove_first(&mut self.divers, diver);
                } else {
                    self.picks_up(i);
                }
            }
        }
    }

    /// Takes a diver at the position of the submarine on board, if there is room.
    fn picks_up(&mut self, i: usize) -> bool {
        let diver = self.divers[i];
        let taken = diver.place == self.sub && self.divers_on_board < MAX_DIVERS;
        if taken {
            remove_first(&mut self.divers, diver);
            self.divers_on_board += 1;
        }
        taken
    }

    fn advance_enemy_subs(&mut self, outcome: &mut Outcome) {
        for i in (0..self.enemy_subs.len()).rev() {
            let mut enemy = self.enemy_subs[i];
            outcome.over |= enemy.swimmer.place == self.sub;
            let mut removed = false;
            if enemy.swimmer.moves(self.enemy_wait) {
                if !is_on_board(enemy.swimmer.place.0) {
                    removed = true;
                } else if enemy.swimmer.place == self.sub {
                    outcome.over = true;
                } else if self.takes_bullet_at(enemy.swimmer.place) {
                    removed = true;
                    outcome.reward += 1;
                }
            }
            self.enemy_subs[i] = enemy;
            // The index afterwards: removing an equal element in front moves it forward.
            let mut slot = Some(i);
            if removed {
                let gone = remove_first(&mut self.enemy_subs, enemy);
                slot = i.checked_sub(1).filter(|_| gone < i);
            }
            // An enemy that was just hit or left the board still shoots if its time has come.
            if enemy.shot_in == 0 {
                enemy.shot_in = SHOT_INTERVAL;
                let Swimmer { place, to_the_right, .. } = enemy.swimmer;
                self.enemy_bullets.push(Bullet { place, to_the_right });
            } else {
                enemy.shot_in -= 1;
            }
            if let Some(slot) = slot {
                self.enemy_subs[slot] = enemy;
            }
        }
    }

    fn advance_enemy_bullets(&mut self, outcome: &mut Outcome) {
        for i in (0..self.enemy_bullets.len()).rev() {
            outcome.over |= self.enemy_bullets[i].place == self.sub;
            self.enemy_bullets[i].fly();
            let bullet = self.enemy_bullets[i];
            if !is_on_board(bullet.place.0) {
                remove_first(&mut self.enemy_bullets, bullet);
            }
            outcome.over |= bullet.place == self.sub;
        }
    }

    fn advance_fish(&mut self, outcome: &mut Outcome) {
        for i in (0..self.fish.len()).rev() {
            outcome.over |= self.fish[i].place == self.sub;
            if !self.fish[i].moves(self.enemy_wait) {
                continue;
            }
            let fish = self.fish[i];
            if !is_on_board(fish.place.0) {
                remove_first(&mut self.fish, fish);
            } else if fish.place == self.sub {
                outcome.over = true;
            } else if self.takes_bullet_at(fish.place) {
                remove_first(&mut self.fish, fish);
                outcome.reward += 1;
            }
        }
    }

    /// Removes the first of the submarine's bullets that is there, if one is.
    fn takes_bullet_at(&mut self, place: Place) -> bool {
        let hit = self.friendly_bullets.iter().position(|bullet| bullet.place == place);
        hit.map(|hit| self.friendly_bullets.remove(hit)).is_some()
    }

    /// Surfaces with divers on board: fills the air, removes one diver, and returns the reward for six divers.
    fn surface(&mut self, ramping: bool) -> i32 {
        self.surfaced = true;
        let mut reward = 0;
        if self.divers_on_board == MAX_DIVERS {
            reward = self.oxygen * 10 / MAX_OXYGEN;
            self.divers_on_board = 0;
        }
        self.oxygen = MAX_OXYGEN;
        self.divers_on_board -= 1;
        if ramping && (self.enemy_interval > 1 || self.enemy_wait > LEAST_ENEMY_WAIT) {
            if self.ramps % 2 == 1 {
                self.enemy_wait = (self.enemy_wait - 1).max(LEAST_ENEMY_WAIT);
            }
            self.enemy_interval = (self.enemy_interval - 1).max(1);
            self.ramps += 1;
        }
        reward
    }
}

impl Bullet {
    fn fly(&mut self) {
        self.place.0 += ahead(self.to_the_right);
    }
}

impl Swimmer {
    /// Waits one step, or moves and starts to wait again. Returns whether it moved.
    fn moves(&mut self, wait: i32) -> bool {
        if self.move_in > 0 {
            self.move_in -= 1;
            return false;
        }
        self.move_in = wait;
        self.place.0 += ahead(self.to_the_right);
        true
    }
}

/// Returns the column at which a swimmer of this direction enters.
fn entry(to_the_right: bool) -> i32 {
    if to_the_right { 0 } else { EDGE }
}

/// Any row below the surface and above the gauges.
fn draw_row(random: &mut RandomState) -> i32 {
    1 + random.below(8) as i32
}

/// Removes the first element equal to `one`, which is in the list, and says where it was.
fn remove_first<T: PartialEq>(list: &mut Vec<T>, one: T) -> usize {
    let first = list.iter().position(|element| *element == one).expect("it is in the list");
    list.remove(first);
    first
}

fn emptied<T>(list: &mut Vec<T>) -> Vec<T> {
    let mut list = std::mem::take(list);
    list.clear();
    list.reserve(ROOM);
    list
}
