//! Pictures of classic control, with Gymnasium's proportions and colours.

use std::f64::consts::FRAC_PI_2;

use tiny_skia::Pixmap;

use super::acrobot::Acrobot;
use super::cart_pole::CartPole;
use super::mountain_car::MountainCar;
use super::mountain_car_continuous::MountainCarContinuous;
use super::pendulum::Pendulum;
use crate::render::Render;
use crate::render::canvas::{Canvas, Point, Rgb, corners, placed};

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
const YELLOW: Rgb = [204, 204, 0];

impl Render for CartPole {
    fn render(&self, picture: &mut Pixmap) {
        const PIXELS_PER_METER: f32 = 600.0 / 4.8;
        const TRACK: f32 = 100.0;
        let [position, _, angle, _] = self.state();
        let x = 300.0 + position as f32 * PIXELS_PER_METER;
        let mut canvas = Canvas::upright(picture, [600.0, 400.0], WHITE);
        canvas.line(&[[0.0, TRACK], [600.0, TRACK]], 1.0, BLACK);
        canvas.rect([x - 25.0, TRACK - 15.0], [50.0, 30.0], BLACK);
        let axle = [x, TRACK + 7.5];
        let pole = corners(-5.0, 5.0, -5.0, PIXELS_PER_METER - 5.0);
        // Its angle counts clockwise.
        canvas.polygon(&placed(pole, -angle, axle), [202, 152, 101]);
        canvas.disc(axle, 5.0, [129, 132, 203]);
    }

    fn steps_per_second(&self) -> u32 {
        50
    }
}

/// Pixels of a length of 1, and the middle, where 2.2 of them fit to either side of it.
const ARM: f32 = 500.0 / 4.4;
const MIDDLE: Point = [250.0, 250.0];

impl Render for Acrobot {
    fn render(&self, picture: &mut Pixmap) {
        let [angle1, angle2, ..] = self.state();
        let mut canvas = Canvas::upright(picture, [500.0, 500.0], WHITE);
        // The bar that the free end is to be swung above.
        canvas.line(&[[0.0, MIDDLE[1] + ARM], [500.0, MIDDLE[1] + ARM]], 1.0, BLACK);
        let mut joint = MIDDLE;
        // 0 hangs down.
        for angle in [angle1 - FRAC_PI_2, angle1 + angle2 - FRAC_PI_2] {
            canvas.polygon(&placed(corners(0.0, ARM, -0.1 * ARM, 0.1 * ARM), angle, joint), [0, 204, 204]);
            canvas.disc(joint, 0.1 * ARM, YELLOW);
            [joint] = placed([[ARM, 0.0]], angle, joint);
        }
    }

    fn size(&self) -> [u32; 2] {
        [500, 500]
    }

    fn steps_per_second(&self) -> u32 {
        15
    }
}

impl Render for Pendulum {
    fn render(&self, picture: &mut Pixmap) {
        const RED: Rgb = [204, 77, 77];
        let [angle, _] = self.state();
        // 0 is upright.
        let angle = angle + FRAC_PI_2;
        let mut canvas = Canvas::upright(picture, [500.0, 500.0], WHITE);
        let [end] = placed([[ARM, 0.0]], angle, MIDDLE);
        canvas.polygon(&placed(corners(0.0, ARM, -0.1 * ARM, 0.1 * ARM), angle, MIDDLE), RED);
        canvas.disc(MIDDLE, 0.1 * ARM, RED);
        canvas.disc(end, 0.1 * ARM, RED);
        canvas.disc(MIDDLE, 0.05 * ARM, BLACK);
    }

    fn size(&self) -> [u32; 2] {
        [500, 500]
    }
}

impl Render for MountainCar {
    fn render(&self, picture: &mut Pixmap) {
        mountain_car(picture, self.state()[0], 0.5);
    }
}

impl Render for MountainCarContinuous {
    fn render(&self, picture: &mut Pixmap) {
        mountain_car(picture, self.state()[0], 0.45);
    }
}

/// The car at `position` on its hill, and the flag at `goal`.
fn mountain_car(picture: &mut Pixmap, position: f64, goal: f64) {
    const LEFT_END: f64 = -1.2;
    const SCALE: f64 = 600.0 / 1.8;
    /// How far the car's bottom is above the road: the radius of a wheel and a little more.
    const CLEARANCE: f32 = 10.0;
    let road = |position: f64| -> Point {
        let height = (3.0 * position).sin() * 0.45 + 0.55;
        [((position - LEFT_END) * SCALE) as f32, (height * SCALE) as f32]
    };
    let mut canvas = Canvas::upright(picture, [600.0, 400.0], WHITE);
    let points: Vec<Point> = (0..100).map(|i| road(LEFT_END + f64::from(i) * 1.8 / 99.0)).collect();
    canvas.line(&points, 1.5, BLACK);

    let [x, bottom] = road(goal);
    let top = bottom + 50.0;
    canvas.line(&[[x, bottom], [x, top]], 1.0, BLACK);
    canvas.polygon(&[[x, top], [x, top - 10.0], [x + 25.0, top - 5.0]], YELLOW);

    let [x, y] = road(position);
    let (angle, origin) = ((3.0 * position).cos(), [x, y + CLEARANCE]);
    canvas.polygon(&placed(corners(-20.0, 20.0, 0.0, 20.0), angle, origin), BLACK);
    for wheel in placed([[-10.0, 0.0], [10.0, 0.0]], angle, origin) {
        canvas.disc(wheel, 8.0, [128, 128, 128]);
    }
}
