//! When a moving polygon first touches an edge of the ground, by conservative advancement.
//!
//! Part of the altered Box2D 2.3 whose notice stands in `world.rs`.

use super::body::Sweep;
use super::distance::{Simplex, distance, support};
use super::shape::{LINEAR_SLOP, SKIN};
use super::vector::{Transform, Vec2};

/// Distance at which two shapes count as touching: a little inside both skins.
const TARGET: f32 = {
    let touching = 2.0 * SKIN - 3.0 * LINEAR_SLOP;
    if LINEAR_SLOP > touching { LINEAR_SLOP } else { touching }
};
const TOLERANCE: f32 = 0.25 * LINEAR_SLOP;

/// Fraction of the rest of the step at which the polygon touches the edge; `None` if it does not, or if it
/// overlaps the edge already, or if the search fails.
pub(super) fn time_of_impact(edge: &[Vec2; 2], polygon: &[Vec2], sweep: &Sweep) -> Option<f32> {
    const MAX_AXES: usize = 20;
    const MAX_PUSHES: usize = 16;

    let sweep = sweep.within_one_turn();
    let mut time = 0.0;
    let mut simplex = Simplex::EMPTY;
    for _ in 0..MAX_AXES {
        let distance = distance(edge, polygon, sweep.transform(time), &mut simplex);
        if distance <= 0.0 {
            return None;
        }
        if distance < TARGET + TOLERANCE {
            return Some(time);
        }

        let axis = Axis::new(&simplex, edge, polygon, &sweep, time);
        let mut end = 1.0;
        for _ in 0..MAX_PUSHES {
            // The deepest corner at the end decides; push the end back to where that corner touches.
            let (corners, separation) = axis.deepest(end);
            if separation > TARGET + TOLERANCE {
                return None; // still apart at the end of the step
            }
            if separation > TARGET - TOLERANCE {
                time = end;
                break;
            }
            let separation_before = axis.separation(corners, sweep.transform(time));
            if separation_before < TARGET - TOLERANCE {
                return None;
            }
            if separation_before <= TARGET + TOLERANCE {
                return Some(time);
            }
            if let Some(root) = axis.root(corners, (time, separation_before), (end, separation)) {
                end = root;
            }
        }
    }
    None
}

/// A line along which the separation of the two shapes is followed through the step.
struct Axis<'a> {
    edge: &'a [Vec2; 2],
    polygon: &'a [Vec2],
    sweep: &'a Sweep,
    kind: Kind,
}

/// The axis' direction, and the shape that it is fixed to. Directions point away from the shape of the face.
enum Kind {
    /// From a corner of the edge to a corner of the polygon as it lay at first.
    Corners { direction: Vec2 },
    /// The edge's normal, through its middle.
    Edge { direction: Vec2, middle: Vec2 },
    /// The normal of a side of the polygon, in the polygon's frame, through the middle of the side.
    Side { direction: Vec2, middle: Vec2 },
}

impl<'a> Axis<'a> {
    fn new(simplex: &Simplex, edge: &'a [Vec2; 2], polygon: &'a [Vec2], sweep: &'a Sweep, time: f32) -> Self {
        let transform = sweep.transform(time);
        let [(edge_a, polygon_a), (edge_b, polygon_b), _] = simplex.indices;
        let kind = if simplex.count == 1 {
            Kind::Corners { direction: (transform.apply(polygon[polygon_a]) - edge[edge_a]).normalized() }
        } else if edge_a == edge_b {
            let (a, b) = (polygon[polygon_a], polygon[polygon_b]);
            let direction = (b - a).right().normalized();
            let middle = 0.5 * (a + b);
            let separation = (edge[edge_a] - transform.apply(middle)).dot(transform.rotation.apply(direction));
            Kind::Side { direction: if separation < 0.0 { -direction } else { direction }, middle }
        } else {
            let (a, b) = (edge[edge_a], edge[edge_b]);
            let direction = (b - a).right().normalized();
            let middle = 0.5 * (a + b);
            let separation = (transform.apply(polygon[polygon_a]) - middle).dot(direction);
            Kind::Edge { direction: if separation < 0.0 { -direction } else { direction }, middle }
        };
        Self { edge, polygon, sweep, kind }
    }

    /// The corners of edge and polygon that are deepest at a time, and their separation.
    fn deepest(&self, time: f32) -> ((usize, usize), f32) {
        let transform = self.sweep.transform(time);
        let corners = match self.kind {
            Kind::Corners { direction } => {
                (support(self.edge, direction), support(self.polygon, transform.rotation.undo(-direction)))
            }
            Kind::Edge { direction, .. } => (0, support(self.polygon, transform.rotation.undo(-direction))),
            Kind::Side { direction, .. } => (support(self.edge, -transform.rotation.apply(direction)), 0),
        };
        (corners, self.separation(corners, transform))
    }

    /// Separation of two corners, of a polygon that lies there.
    fn separation(&self, (edge_corner, polygon_corner): (usize, usize), transform: Transform) -> f32 {
        match self.kind {
            Kind::Corners { direction } => {
                (transform.apply(self.polygon[polygon_corner]) - self.edge[edge_corner]).dot(direction)
            }
            Kind::Edge { direction, middle } => (transform.apply(self.polygon[polygon_corner]) - middle).dot(direction),
            Kind::Side { direction, middle } => {
                let normal = transform.rotation.apply(direction);
                (self.edge[edge_corner] - transform.apply(middle)).dot(normal)
            }
        }
    }

    /// The time between two `(time, separation)` at which the corners touch, by secants and bisections in turn.
    fn root(&self, corners: (usize, usize), before: (f32, f32), after: (f32, f32)) -> Option<f32> {
        const MAX_ITERATIONS: usize = 50;
        let ((mut t1, mut s1), (mut t2, mut s2)) = (before, after);
        for i in 0..MAX_ITERATIONS {
            let t = if i & 1 == 1 { t1 + (TARGET - s1) * (t2 - t1) / (s2 - s1) } else { 0.5 * (t1 + t2) };
            let s = self.separation(corners, self.sweep.transform(t));
            if (s - TARGET).abs() < TOLERANCE {
                return Some(t);
            }
            if s > TARGET {
                (t1, s1) = (t, s);
            } else {
                (t2, s2) = (t, s);
            }
        }
        None
    }
}
