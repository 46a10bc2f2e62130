//! Pictures of MinAtar: its board, a colour for each channel, as the original draws it.

use std::f32::consts::TAU;

use tiny_skia::Pixmap;

use super::MinAtar;
use crate::env::Env;
use crate::render::Render;
use crate::render::canvas::{Canvas, Rgb};

/// Side of the board, in cells.
const SIZE: usize = 10;

impl Render for MinAtar {
    fn render(&self, picture: &mut Pixmap) {
        let mut cells = vec![0; self.observation_space().row_len()];
        self.observe(&mut cells);
        let channels = cells.len() / (SIZE * SIZE);
        let mut canvas = Canvas::new(picture, [SIZE as f32; 2], [0; 3]);
        // Of several channels in one cell the last is seen.
        for (c, channel) in cells.chunks(SIZE * SIZE).enumerate() {
            for (i, _) in channel.iter().enumerate().filter(|(_, cell)| **cell != 0) {
                let corner = [(i % SIZE) as f32, (i / SIZE) as f32];
                canvas.rect(corner, [1.0; 2], cubehelix((c + 1) as f32 / (channels + 1) as f32));
            }
        }
    }

    fn size(&self) -> [u32; 2] {
        [300, 300]
    }

    fn steps_per_second(&self) -> u32 {
        15
    }
}

/// The colour at `x`, 0 to 1 from dark to light, of D. A. Green's cubehelix (2011) with its own start and rotation.
fn cubehelix(x: f32) -> Rgb {
    let (sin, cos) = (TAU * (0.5 / 3.0 - 1.5 * x)).sin_cos();
    let amplitude = x * (1.0 - x) / 2.0;
    [(-0.14861, 1.78277), (-0.29227, -0.90649), (1.97294, 0.0)]
        .map(|(along, across)| ((x + amplitude * (along * cos + across * sin)) * 255.0).round() as u8)
}
