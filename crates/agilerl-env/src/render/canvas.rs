//! Shapes in the units of an environment, on a picture of any size.

use tiny_skia::{Color, FillRule, LineCap, LineJoin, Paint, PathBuilder, Pixmap, Rect, Stroke, Transform};

/// Red, green and blue, 0 to 255.
pub(crate) type Rgb = [u8; 3];

/// Across and along the canvas, in its own units.
pub(crate) type Point = [f32; 2];

/// A picture, and the transform from the units of the canvas to its pixels.
pub(crate) struct Canvas<'a> {
    picture: &'a mut Pixmap,
    transform: Transform,
}

impl<'a> Canvas<'a> {
    /// Returns a canvas of `width` by `height` with the origin in the upper left corner. It keeps its proportions: the rest of
    /// the picture, at both sides or above and below, has the background's colour.
    pub(crate) fn new(picture: &'a mut Pixmap, [width, height]: Point, background: Rgb) -> Self {
        picture.fill(color(background));
        let (across, down) = (picture.width() as f32, picture.height() as f32);
        let scale = (across / width).min(down / height);
        let (left, top) = ((across - scale * width) / 2.0, (down - scale * height) / 2.0);
        Self { picture, transform: Transform::from_row(scale, 0.0, 0.0, scale, left, top) }
    }

    /// Returns the same canvas with the origin in the lower left corner.
    pub(crate) fn upright(picture: &'a mut Pixmap, size: Point, background: Rgb) -> Self {
        let mut canvas = Self::new(picture, size, background);
        canvas.transform = canvas.transform.pre_translate(0.0, size[1]).pre_scale(1.0, -1.0);
        canvas
    }

    /// A filled polygon. One with a corner that is not finite is not drawn.
    pub(crate) fn polygon(&mut self, corners: &[Point], rgb: Rgb) {
        if let Some(path) = path(corners, true) {
            self.picture.fill_path(&path, &paint(rgb), FillRule::Winding, self.transform, None);
        }
    }

    /// The outline of a polygon.
    pub(crate) fn outline(&mut self, corners: &[Point], width: f32, rgb: Rgb) {
        self.stroke(corners, true, width, rgb);
    }

    /// A line from point to point.
    pub(crate) fn line(&mut self, points: &[Point], width: f32, rgb: Rgb) {
        self.stroke(points, false, width, rgb);
    }

    fn stroke(&mut self, points: &[Point], closed: bool, width: f32, rgb: Rgb) {
        let Some(path) = path(points, closed) else { return };
        let stroke = Stroke { width, line_cap: LineCap::Butt, line_join: LineJoin::Round, ..Stroke::default() };
        self.picture.stroke_path(&path, &paint(rgb), &stroke, self.transform, None);
    }

    /// A filled rectangle from its corner of least coordinates.
    pub(crate) fn rect(&mut self, [x, y]: Point, [width, height]: Point, rgb: Rgb) {
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            self.picture.fill_rect(rect, &paint(rgb), self.transform, None);
        }
    }

    /// A filled circle.
    pub(crate) fn disc(&mut self, [x, y]: Point, radius: f32, rgb: Rgb) {
        if let Some(path) = PathBuilder::from_circle(x, y, radius) {
            self.picture.fill_path(&path, &paint(rgb), FillRule::Winding, self.transform, None);
        }
    }
}

/// A body's points, turned anticlockwise (on an upright canvas) by `angle` radians and moved to `origin`.
pub(crate) fn placed<const N: usize>(points: [Point; N], angle: f64, [x, y]: Point) -> [Point; N] {
    let (sin, cos) = angle.sin_cos();
    let (sin, cos) = (sin as f32, cos as f32);
    points.map(|[along, up]| [x + cos * along - sin * up, y + sin * along + cos * up])
}

/// The corners of a rectangle.
pub(crate) fn corners(left: f32, right: f32, bottom: f32, top: f32) -> [Point; 4] {
    [[left, bottom], [left, top], [right, top], [right, bottom]]
}

fn path(points: &[Point], closed: bool) -> Option<tiny_skia::Path> {
    let (&[x, y], rest) = points.split_first()?;
    let mut path = PathBuilder::new();
    path.move_to(x, y);
    for &[x, y] in rest {
        path.line_to(x, y);
    }
    if closed {
        path.close();
    }
    path.finish()
}

fn color([red, green, blue]: Rgb) -> Color {
    Color::from_rgba8(red, green, blue, 255)
}

fn paint(rgb: Rgb) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(color(rgb));
    paint
}
