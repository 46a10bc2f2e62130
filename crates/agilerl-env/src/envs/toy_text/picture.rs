//! Pictures of the boards of toy text, in plain shapes where Gymnasium has drawings.

use tiny_skia::Pixmap;

use super::cliff_walking::CliffWalking;
use super::frozen_lake::FrozenLake;
use super::taxi::Taxi;
use crate::render::Render;
use crate::render::canvas::{Canvas, Point, Rgb};

/// Side of a square of a board, in units of the canvas.
const SQUARE: f32 = 64.0;
/// Gymnasium's `render_fps` of all boards.
const STEPS_PER_SECOND: u32 = 4;
const RED: Rgb = [214, 60, 60];
const WOOD: Rgb = [120, 82, 45];

impl Render for FrozenLake {
    fn render(&self, picture: &mut Pixmap) {
        const SNOW: Rgb = [223, 239, 250];
        const CRACK: Rgb = [170, 205, 230];
        const WATER: Rgb = [30, 74, 130];
        let (tiles, columns) = self.map();
        let rows = tiles.len() / columns;
        let mut canvas = Canvas::new(picture, [columns as f32 * SQUARE, rows as f32 * SQUARE], CRACK);
        for (i, tile) in tiles.iter().enumerate() {
            let corner = corner(i, columns);
            tile_of(&mut canvas, corner, SNOW);
            match tile {
                b'H' => canvas.disc(centre(corner), 24.0, WATER),
                b'G' => flag(&mut canvas, corner),
                b'S' => canvas.rect(moved(corner, 14.0, 46.0), [36.0, 6.0], WOOD),
                _ => {}
            }
        }
        if let Some(position) = self.position() {
            let drowned = tiles[position] == b'H';
            let color = if drowned { [140, 160, 190] } else { [46, 125, 70] };
            walker(&mut canvas, corner(position, columns), color);
        }
    }

    fn size(&self) -> [u32; 2] {
        let (tiles, columns) = self.map();
        // 64 pixels a square, and 512 at most.
        let pixels = 64.min(512 / columns.max(tiles.len() / columns).max(1)).max(8);
        [columns, tiles.len() / columns].map(|squares| (squares * pixels) as u32)
    }

    fn steps_per_second(&self) -> u32 {
        STEPS_PER_SECOND
    }
}

impl Render for CliffWalking {
    fn render(&self, picture: &mut Pixmap) {
        const GRASS: Rgb = [156, 196, 110];
        const ROCK: Rgb = [92, 72, 60];
        const ABYSS: Rgb = [40, 30, 28];
        let (rows, columns) = CliffWalking::BOARD;
        let (start, goal) = ((rows - 1) * columns, rows * columns - 1);
        let size = [columns as f32 * SQUARE, rows as f32 * SQUARE];
        let mut canvas = Canvas::new(picture, size, [132, 172, 90]);
        for i in 0..rows * columns {
            let corner = corner(i, columns);
            if start < i && i < goal {
                // A rim, and nothing beyond it.
                canvas.rect(corner, [SQUARE, SQUARE], ABYSS);
                let [x, y] = corner;
                let teeth = [0.0, 16.0, 32.0, 48.0, 64.0].map(|along| x + along);
                canvas.polygon(
                    &[
                        [teeth[0], y],
                        [teeth[4], y],
                        [teeth[4], y + 12.0],
                        [teeth[3], y + 22.0],
                        [teeth[2], y + 12.0],
                        [teeth[1], y + 22.0],
                        [teeth[0], y + 12.0],
                    ],
                    ROCK,
                );
            } else {
                tile_of(&mut canvas, corner, GRASS);
            }
        }
        canvas.rect(moved(corner(start, columns), 14.0, 46.0), [36.0, 6.0], WOOD);
        flag(&mut canvas, corner(goal, columns));
        if let Some(position) = self.position() {
            walker(&mut canvas, corner(position, columns), [60, 90, 190]);
        }
    }

    fn size(&self) -> [u32; 2] {
        [720, 240]
    }

    fn steps_per_second(&self) -> u32 {
        STEPS_PER_SECOND
    }
}

impl Render for Taxi {
    fn render(&self, picture: &mut Pixmap) {
        const ASPHALT: Rgb = [196, 198, 202];
        const WALL: Rgb = [60, 60, 66];
        const COLORS: [Rgb; 4] = [[226, 96, 90], [112, 190, 110], [240, 218, 90], [104, 148, 230]];
        const MARGIN: f32 = 16.0;
        let length = Taxi::SIZE as f32 * SQUARE;
        let side = length + 2.0 * MARGIN;
        let square = |(row, column): (usize, usize)| -> Point {
            [MARGIN + column as f32 * SQUARE, MARGIN + row as f32 * SQUARE]
        };
        let mut canvas = Canvas::new(picture, [side, side], WALL);
        canvas.rect([MARGIN, MARGIN], [length, length], [176, 178, 182]);
        for row in 0..Taxi::SIZE {
            for column in 0..Taxi::SIZE {
                tile_of(&mut canvas, square((row, column)), ASPHALT);
            }
        }
        let stands = Taxi::stands().map(square);
        for (&stand, color) in stands.iter().zip(COLORS) {
            canvas.rect(moved(stand, 4.0, 4.0), [56.0, 56.0], color);
        }
        for (row, column) in Taxi::walls() {
            let [x, y] = square((row, column));
            canvas.rect([x + SQUARE - 3.0, y], [6.0, SQUARE], WALL);
        }

        let Some([row, column, passenger, destination]) = self.place() else { return };
        // The destination: a frame around the stand.
        let [x, y] = stands[destination];
        let frame = [[x + 6.0, y + 6.0], [x + 58.0, y + 6.0], [x + 58.0, y + 58.0], [x + 6.0, y + 58.0]];
        canvas.outline(&frame, 5.0, [170, 40, 150]);
        if let Some(&stand) = stands.get(passenger) {
            walker(&mut canvas, stand, [40, 40, 120]);
        }
        taxi(&mut canvas, square((row, column)), passenger >= stands.len());
    }

    fn size(&self) -> [u32; 2] {
        [352, 352]
    }

    fn steps_per_second(&self) -> u32 {
        STEPS_PER_SECOND
    }
}

/// Draws a taxi from the side, with a passenger in it if it is `occupied`.
fn taxi(canvas: &mut Canvas<'_>, corner: Point, occupied: bool) {
    const YELLOW: Rgb = [250, 190, 20];
    let at = |x: f32, y: f32| moved(corner, x, y);
    canvas.rect(at(27.0, 13.0), [10.0, 5.0], [30, 30, 30]);
    canvas.polygon(&[at(16.0, 32.0), at(22.0, 18.0), at(42.0, 18.0), at(48.0, 32.0)], YELLOW);
    canvas.polygon(&[at(21.0, 31.0), at(25.0, 21.0), at(39.0, 21.0), at(43.0, 31.0)], [90, 120, 150]);
    if occupied {
        canvas.disc(at(32.0, 27.0), 4.5, [240, 200, 170]);
    }
    canvas.rect(at(8.0, 31.0), [48.0, 15.0], YELLOW);
    for i in 0..6 {
        canvas.rect(at(14.0 + 6.0 * i as f32, if i % 2 == 0 { 36.0 } else { 39.0 }), [6.0, 3.0], [30, 30, 30]);
    }
    for x in [19.0, 45.0] {
        canvas.disc(at(x, 47.0), 6.0, [30, 30, 30]);
        canvas.disc(at(x, 47.0), 2.5, [160, 160, 160]);
    }
}

/// Draws a person: head, body, legs.
fn walker(canvas: &mut Canvas<'_>, corner: Point, coat: Rgb) {
    let at = |x: f32, y: f32| moved(corner, x, y);
    canvas.line(&[at(28.0, 42.0), at(27.0, 56.0)], 5.0, [50, 50, 60]);
    canvas.line(&[at(36.0, 42.0), at(37.0, 56.0)], 5.0, [50, 50, 60]);
    canvas.polygon(&[at(26.0, 23.0), at(38.0, 23.0), at(43.0, 44.0), at(21.0, 44.0)], coat);
    canvas.disc(at(32.0, 16.0), 8.0, [240, 200, 170]);
}

/// Draws the flag of a goal.
fn flag(canvas: &mut Canvas<'_>, corner: Point) {
    let at = |x: f32, y: f32| moved(corner, x, y);
    canvas.rect(at(20.0, 10.0), [4.0, 46.0], WOOD);
    canvas.polygon(&[at(24.0, 10.0), at(54.0, 20.0), at(24.0, 30.0)], RED);
}

/// Draws a square with a seam around it.
fn tile_of(canvas: &mut Canvas<'_>, corner: Point, color: Rgb) {
    canvas.rect(moved(corner, 1.0, 1.0), [SQUARE - 2.0, SQUARE - 2.0], color);
}

/// Returns the upper left corner of square `i`, counted row by row.
fn corner(i: usize, columns: usize) -> Point {
    [(i % columns) as f32 * SQUARE, (i / columns) as f32 * SQUARE]
}

fn centre(corner: Point) -> Point {
    moved(corner, SQUARE / 2.0, SQUARE / 2.0)
}

fn moved([x, y]: Point, across: f32, down: f32) -> Point {
    [x + across, y + down]
}
