//! Draws every environment in the middle of an episode, on one sheet:
//!
//! ```text
//! cargo run --release -p agilerl-env --features render --example pictures -- environments.png
//! ```
//!
//! It takes a moment. `docs/images/environments.png` is its picture.

use agilerl_env::{Env, Pixmap, Render, make_rendered};

const COLUMNS: usize = 5;
/// Width and height of each picture, and the space between two.
const CELL: [usize; 2] = [228, 152];
const GAP: usize = 8;
/// Width and height of the sheet, which has three rows.
const SHEET: [usize; 2] = [COLUMNS * (CELL[0] + GAP) + GAP, 3 * (CELL[1] + GAP) + GAP];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("the name of the file to write is missing")?;
    let cells = [
        picture(make_rendered::<f32, u32>("CartPole-v1")?, |step| [u32::from(step > 14)], 22),
        picture(make_rendered::<f32, u32>("Acrobot-v1")?, |step| [if step / 6 % 2 == 0 { 0 } else { 2 }], 46),
        picture(make_rendered::<f32, u32>("MountainCar-v0")?, |step| [if step < 40 { 0 } else { 2 }], 62),
        picture(make_rendered::<f32, f32>("Pendulum-v1")?, |_| [1.5], 30),
        picture(make_rendered::<f32, u32>("LunarLander-v3")?, |step| [if step % 3 == 0 { 2 } else { 0 }], 121),
        picture(make_rendered::<f32, u32>("FrozenLake-v1")?, |step| [step % 3], 2),
        picture(make_rendered::<f32, u32>("FrozenLake8x8-v1")?, |_| [2], 12),
        picture(make_rendered::<f32, u32>("CliffWalking-v1")?, |step| [u32::from(step > 0)], 5),
        picture(make_rendered::<f32, u32>("Taxi-v3")?, |step| [step % 4], 3),
        picture(make_rendered::<u8, u32>("MinAtar/Breakout-v1")?, |step| [1 + step / 2 % 2], 14),
        picture(make_rendered::<u8, u32>("MinAtar/Asterix-v1")?, |_| [2], 44),
        picture(make_rendered::<u8, u32>("MinAtar/Freeway-v1")?, |_| [1], 50),
        picture(make_rendered::<u8, u32>("MinAtar/Seaquest-v1")?, |step| [[5, 4][step as usize % 2]], 24),
        picture(make_rendered::<u8, u32>("MinAtar/SpaceInvaders-v1")?, |step| [[3, 1, 0, 2][step as usize % 4]], 33),
        picture(make_rendered::<f32, f32>("MountainCarContinuous-v0")?, |_| [1.0], 30),
    ];
    let mut sheet = Pixmap::new(SHEET[0] as u32, SHEET[1] as u32).ok_or("the sheet has no size")?;
    sheet.data_mut().chunks_mut(4).for_each(|pixel| pixel.copy_from_slice(&[150, 155, 165, 255]));
    for (i, cell) in cells.iter().enumerate() {
        let (left, top) = (GAP + i % COLUMNS * (CELL[0] + GAP), GAP + i / COLUMNS * (CELL[1] + GAP));
        for (y, row) in cell.data().chunks(4 * CELL[0]).enumerate() {
            let at = 4 * ((top + y) * SHEET[0] + left);
            sheet.data_mut()[at..at + row.len()].copy_from_slice(row);
        }
    }
    sheet.save_png(path)?;
    Ok(())
}

/// The environment after some steps of a policy that knows only their number.
fn picture<E: Env + Render>(mut env: E, policy: impl Fn(u32) -> [E::Action; 1], steps: u32) -> Pixmap {
    let mut obs = vec![E::Obs::default(); env.observation_space().row_len()];
    env.reset(Some(1), &mut obs);
    for step in 0..steps {
        if env.step(&policy(step), &mut obs).ended() {
            env.reset(None, &mut obs);
        }
    }
    let mut picture = Pixmap::new(CELL[0] as u32, CELL[1] as u32).expect("a cell has a size");
    env.render(&mut picture);
    picture
}
