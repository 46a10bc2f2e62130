//! The shapes of the lander's world: convex polygons, the edges of the ground, and boxes around both.
//!
//! Part of the altered Box2D 2.3 whose notice stands in `world.rs`.

use serde::{Deserialize, Serialize};

use super::vector::{Transform, Vec2, max};

/// Collision tolerance: the distance that counts as touching.
pub(super) const LINEAR_SLOP: f32 = 0.005;
/// Every shape has a skin this thick.
pub(super) const SKIN: f32 = 2.0 * LINEAR_SLOP;

/// Edges of the ground: a base line and ten segments of terrain.
pub(super) const NUM_EDGES: usize = 11;

/// Most corners of a polygon here: the hull's.
pub(super) const MAX_CORNERS: usize = 6;

/// A convex polygon, its corners anticlockwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Polygon {
    corners: [Vec2; MAX_CORNERS],
    /// `normals[i]` points out of the side from corner `i` to the next.
    normals: [Vec2; MAX_CORNERS],
    count: usize,
    pub(super) centroid: Vec2,
}

/// Mass, centre of mass and moment of inertia about that centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mass {
    pub(super) mass: f32,
    pub(super) center: Vec2,
    pub(super) inertia: f32,
}

impl Polygon {
    /// A polygon from corners that are convex and in order.
    pub(super) fn new(outline: &[Vec2]) -> Self {
        let count = outline.len();
        let mut polygon = Self {
            corners: [Vec2::ZERO; MAX_CORNERS],
            normals: [Vec2::ZERO; MAX_CORNERS],
            count,
            centroid: centroid(outline),
        };
        polygon.corners[..count].copy_from_slice(outline);
        for i in 0..count {
            let side = outline[(i + 1) % count] - outline[i];
            polygon.normals[i] = side.right().normalized();
        }
        polygon
    }

    /// A box of the given half width and half height about the origin, its centroid and normals free of rounding.
    pub(super) fn new_box(half_width: f32, half_height: f32) -> Self {
        let outline = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        let mut polygon = Self::new(&outline.map(|(x, y)| Vec2::new(x * half_width, y * half_height)));
        let normals = [(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)];
        polygon.normals[..4].copy_from_slice(&normals.map(|(x, y)| Vec2::new(x, y)));
        polygon.centroid = Vec2::ZERO;
        polygon
    }

    #[inline]
    pub(super) fn corners(&self) -> &[Vec2] {
        &self.corners[..self.count]
    }

    #[inline]
    pub(super) fn normals(&self) -> &[Vec2] {
        &self.normals[..self.count]
    }

    #[inline]
    pub(super) fn next(&self, corner: usize) -> usize {
        if corner + 1 < self.count { corner + 1 } else { 0 }
    }

    /// Box around the polygon and its skin.
    pub(super) fn bounds(&self, transform: Transform) -> Bounds {
        let first = transform.apply(self.corners[0]);
        let (mut lower, mut upper) = (first, first);
        for &corner in &self.corners()[1..] {
            let corner = transform.apply(corner);
            lower = lower.min(corner);
            upper = upper.max(corner);
        }
        Bounds { lower, upper }.grown(SKIN)
    }

    /// Mass properties of a sheet of this shape, summed over the triangles about the mean of the corners.
    pub(super) fn mass(&self, density: f32) -> Mass {
        const THIRD: f32 = 1.0 / 3.0;
        let mut mean = Vec2::ZERO;
        for &corner in self.corners() {
            mean += corner;
        }
        mean = (1.0 / self.count as f32) * mean;

        let (mut area, mut center, mut inertia) = (0.0, Vec2::ZERO, 0.0);
        for i in 0..self.count {
            let (a, b) = (self.corners[i] - mean, self.corners[self.next(i)] - mean);
            let doubled = a.cross(b);
            let triangle = 0.5 * doubled;
            area += triangle;
            center += triangle * THIRD * (a + b);
            let xx = a.x * a.x + b.x * a.x + b.x * b.x;
            let yy = a.y * a.y + b.y * a.y + b.y * b.y;
            inertia += (0.25 * THIRD * doubled) * (xx + yy);
        }

        let mass = density * area;
        let offset = (1.0 / area) * center;
        let center = offset + mean;
        // From the mean to the origin of the body's frame, and from there to the centre of mass. Box2D goes this
        // way about, and every step of it rounds.
        let about_origin = density * inertia + mass * (center.dot(center) - offset.dot(offset));
        let center = (1.0 / mass) * (mass * center);
        Mass { mass, center, inertia: about_origin - mass * center.dot(center) }
    }
}

/// Area centroid by triangles about the origin.
fn centroid(outline: &[Vec2]) -> Vec2 {
    const THIRD: f32 = 1.0 / 3.0;
    let (mut sum, mut area) = (Vec2::ZERO, 0.0);
    for (i, &a) in outline.iter().enumerate() {
        let b = outline[(i + 1) % outline.len()];
        let triangle = 0.5 * a.cross(b);
        area += triangle;
        sum += triangle * THIRD * (a + b);
    }
    (1.0 / area) * sum
}

/// A straight piece of the ground. Both sides are solid, and its neighbours are not known to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Edge {
    pub(super) ends: [Vec2; 2],
    /// Unit vector to the right of the way from the first end to the second.
    pub(super) normal: Vec2,
    pub(super) friction: f32,
    /// Box around it that never changes, as fat as that of a body.
    pub(super) bounds: Bounds,
}

impl Edge {
    pub(super) fn new(from: Vec2, to: Vec2, friction: f32) -> Self {
        let bounds = Bounds { lower: from.min(to), upper: from.max(to) }.grown(SKIN).grown(BOUNDS_MARGIN);
        Self { ends: [from, to], normal: (to - from).normalized().right(), friction, bounds }
    }
}

/// The box of a body is this much larger than the body, so that it need not change at every step.
const BOUNDS_MARGIN: f32 = 0.1;
/// ... and stretches this many displacements ahead.
const BOUNDS_LOOKAHEAD: f32 = 2.0;

/// A box whose sides are parallel to the axes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Bounds {
    lower: Vec2,
    upper: Vec2,
}

impl Bounds {
    #[inline]
    fn grown(self, margin: f32) -> Self {
        let margin = Vec2::new(margin, margin);
        Self { lower: self.lower - margin, upper: self.upper + margin }
    }

    /// A box with the margin of a body that does not move yet.
    #[inline]
    pub(super) fn with_margin(self) -> Self {
        self.grown(BOUNDS_MARGIN)
    }

    /// A box with the margin of a body that has just moved by `displacement`.
    #[inline]
    pub(super) fn ahead(self, displacement: Vec2) -> Self {
        let mut fat = self.with_margin();
        let ahead = BOUNDS_LOOKAHEAD * displacement;
        *(if ahead.x < 0.0 { &mut fat.lower.x } else { &mut fat.upper.x }) += ahead.x;
        *(if ahead.y < 0.0 { &mut fat.lower.y } else { &mut fat.upper.y }) += ahead.y;
        fat
    }

    #[inline]
    pub(super) fn union(self, other: Self) -> Self {
        Self { lower: self.lower.min(other.lower), upper: self.upper.max(other.upper) }
    }

    #[inline]
    pub(super) fn contains(self, other: Self) -> bool {
        self.lower.x <= other.lower.x
            && self.lower.y <= other.lower.y
            && other.upper.x <= self.upper.x
            && other.upper.y <= self.upper.y
    }

    #[inline]
    pub(super) fn overlaps(self, other: Self) -> bool {
        let gap = (other.lower - self.upper).max(self.lower - other.upper);
        max(gap.x, gap.y) <= 0.0
    }
}
