//! The lander's picture, in Gymnasium's proportions and colours.

use super::vector::Vec2;
use super::world::HULL;
use super::{HEIGHT, Lander, LanderAction, SCALE, WIDTH};
use tiny_skia::Pixmap;

use crate::render::Render;
use crate::render::canvas::{Canvas, Point, Rgb};

const SKY: Rgb = [0, 0, 0];
const GROUND: Rgb = [255, 255, 255];
const FLAG: Rgb = [204, 204, 0];
const STEEL: Rgb = [128, 102, 230];
const OUTLINE: Rgb = [77, 77, 128];
/// A leg that stands on the ground, and its outline. Gymnasium does not show that.
const STANDING: [Rgb; 2] = [[150, 220, 140], [60, 120, 60]];
const FLAME: Rgb = [255, 120, 40];
const FLAME_CORE: Rgb = [255, 220, 120];

impl<A: LanderAction> Render for Lander<A> {
    /// The flames are those of the last step; a restored state has none before its first.
    fn render(&self, picture: &mut Pixmap) {
        let world = self.state.world.as_ref().expect("reset was never called: there is no episode");
        let scale = SCALE as f32;
        let size = [WIDTH as f32 * scale, HEIGHT as f32 * scale];
        let mut canvas = Canvas::upright(picture, size, SKY);
        let pixels = |point: Vec2| -> Point { [point.x * scale, point.y * scale] };

        // The first edge is the base line below everything.
        let terrain = &world.edges[1..];
        let mut ground: Vec<Point> = vec![[0.0, 0.0], pixels(terrain[0].ends[0])];
        ground.extend(terrain.iter().map(|edge| pixels(edge.ends[1])));
        ground.push([size[0], 0.0]);
        canvas.polygon(&ground, GROUND);

        let hull = &world.bodies[HULL];
        // Of the hull's own frame, which Gymnasium measures in pixels.
        let on_hull = |[x, y]: Point| pixels(hull.transform.apply(Vec2::new(x / scale, y / scale)));
        let mut flame = |corners: [Point; 3], color: Rgb| canvas.polygon(&corners.map(on_hull), color);
        if self.engines.main > 0.0 {
            let length = 30.0 * self.engines.main as f32;
            flame([[-6.0, -10.0], [6.0, -10.0], [0.0, -10.0 - length]], FLAME);
            flame([[-3.0, -10.0], [3.0, -10.0], [0.0, -10.0 - 0.6 * length]], FLAME_CORE);
        }
        if self.engines.side > 0.0 {
            // The gas leaves on the side away from the push.
            let side = -self.engines.direction as f32;
            let length = 16.0 * self.engines.side as f32;
            flame([[side * 15.0, 9.0], [side * 15.0, 15.0], [side * (16.0 + length), 12.0]], FLAME);
        }

        let legs_down = world.legs_down;
        let colors = |body: usize| match body {
            HULL => [STEEL, OUTLINE],
            leg if legs_down[leg - 1] => STANDING,
            _ => [STEEL, OUTLINE],
        };
        for (b, body) in world.bodies.iter().enumerate() {
            let corners: Vec<Point> =
                body.polygon.corners().iter().map(|&corner| pixels(body.transform.apply(corner))).collect();
            let [inside, outline] = colors(b);
            canvas.polygon(&corners, inside);
            canvas.outline(&corners, 1.0, outline);
        }

        // The flags stand at either end of the pad, between the fourth and the sixth point of the terrain.
        let pad = [terrain[4].ends[0], terrain[5].ends[1]];
        for [x, bottom] in pad.map(pixels) {
            let top = bottom + 50.0;
            canvas.line(&[[x, bottom], [x, top]], 1.5, GROUND);
            canvas.polygon(&[[x, top], [x, top - 10.0], [x + 25.0, top - 5.0]], FLAG);
        }
    }

    fn steps_per_second(&self) -> u32 {
        50
    }
}
