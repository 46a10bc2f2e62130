//! Where a polygon touches an edge of the ground: up to two points, by separating axes and clipping.
//!
//! Part of the altered Box2D 2.3 whose notice stands in `world.rs`.

use serde::{Deserialize, Serialize};

use super::shape::{Edge, MAX_CORNERS, Polygon, SKIN};
use super::vector::{Transform, Vec2, min};

/// The points in which a polygon touches an edge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifold {
    pub(super) face: Face,
    /// The face's normal, in the frame of its shape (the ground's frame is the world).
    pub(super) normal: Vec2,
    /// A point of the face, in the same frame.
    pub(super) origin: Vec2,
    pub(super) points: [Point; 2],
    pub(super) count: usize,
}

/// The shape whose face the contact lies on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Face {
    /// The edge's: the points are corners of the polygon, in the polygon's frame.
    Edge,
    /// A side of the polygon: the points lie on the edge, in the world.
    Polygon,
}

/// One point of contact, with the impulses that the solver found for it in the last step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Point {
    pub(super) position: Vec2,
    feature: Feature,
    pub(super) normal_impulse: f32,
    pub(super) tangent_impulse: f32,
}

/// The features that meet in a point. The same features in the next step are the same point, and it inherits the
/// impulses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Feature {
    edge: Part,
    polygon: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Part {
    Corner(u8),
    Side(u8),
}

/// A point on its way through the clipping.
#[derive(Clone, Copy)]
struct ClipPoint {
    position: Vec2,
    /// The part of the shape whose face is clipped against, and the part of the other shape.
    reference: Part,
    incident: Part,
}

impl Manifold {
    pub(super) const EMPTY: Self = Self {
        face: Face::Edge,
        normal: Vec2::ZERO,
        origin: Vec2::ZERO,
        points: [Point {
            position: Vec2::ZERO,
            feature: Feature { edge: Part::Side(0), polygon: Part::Side(0) },
            normal_impulse: 0.0,
            tangent_impulse: 0.0,
        }; 2],
        count: 0,
    };

    #[inline]
    pub(super) fn points(&self) -> &[Point] {
        &self.points[..self.count]
    }

    /// Finds the points anew and hands them the impulses of the points they continue.
    pub(super) fn update(&mut self, edge: &Edge, polygon: &Polygon, transform: Transform) {
        let old = *self;
        self.count = 0;
        self.collide(edge, polygon, transform);
        for point in &mut self.points[..self.count] {
            if let Some(same) = old.points().iter().find(|other| other.feature == point.feature) {
                point.normal_impulse = same.normal_impulse;
                point.tangent_impulse = same.tangent_impulse;
            }
        }
    }

    fn collide(&mut self, edge: &Edge, polygon: &Polygon, transform: Transform) {
        const TOUCH: f32 = 2.0 * SKIN;
        // Prefer the edge's face unless the polygon's is clearly better, so that the choice does not flicker.
        const RELATIVE: f32 = 0.98;
        const ABSOLUTE: f32 = 0.001;

        let [start, end] = edge.ends;
        // The edge is solid on both sides: its normal points to where the polygon's middle is.
        let front = edge.normal.dot(transform.apply(polygon.centroid) - start) >= 0.0;
        let normal = if front { edge.normal } else { -edge.normal };

        let mut corners = [Vec2::ZERO; MAX_CORNERS];
        let mut normals = corners;
        let corners = &mut corners[..polygon.corners().len()];
        let normals = &mut normals[..polygon.normals().len()];
        let mut edge_separation = f32::MAX;
        for (corner, &local) in corners.iter_mut().zip(polygon.corners()) {
            *corner = transform.apply(local);
            edge_separation = min(normal.dot(*corner - start), edge_separation);
        }
        if edge_separation > TOUCH {
            return;
        }

        let (mut side, mut side_separation) = (0, -f32::MAX);
        for (i, &local) in polygon.normals().iter().enumerate() {
            normals[i] = transform.rotation.apply(local);
            let outward = -normals[i];
            let separation = min(outward.dot(corners[i] - start), outward.dot(corners[i] - end));
            if separation > TOUCH {
                return;
            }
            // Box2D skips normals outside the range that the neighbouring edges allow; an edge without
            // neighbours allows all of them.
            if separation > side_separation {
                (side, side_separation) = (i, separation);
            }
        }

        let face_of_polygon = side_separation > RELATIVE * edge_separation + ABSOLUTE;
        let (incident, reference, reference_parts, reference_normal);
        if face_of_polygon {
            // Box2D gives both ends of the edge the number 0.
            let end_of_edge =
                |position| ClipPoint { position, reference: Part::Corner(0), incident: Part::Side(side as u8) };
            incident = [end_of_edge(start), end_of_edge(end)];
            let next = polygon.next(side);
            reference = [corners[side], corners[next]];
            reference_parts = [side as u8, next as u8];
            reference_normal = normals[side];
        } else {
            let mut most_opposed = 0;
            let mut least = normal.dot(normals[0]);
            for (i, &candidate) in normals.iter().enumerate().skip(1) {
                let value = normal.dot(candidate);
                if value < least {
                    (most_opposed, least) = (i, value);
                }
            }
            let corner = |i: usize| ClipPoint {
                position: corners[i],
                reference: Part::Side(0),
                incident: Part::Corner(i as u8),
            };
            incident = [corner(most_opposed), corner(polygon.next(most_opposed))];
            (reference, reference_parts) = if front { ([start, end], [0, 1]) } else { ([end, start], [1, 0]) };
            reference_normal = normal;
        }

        let along = reference_normal.right();
        let Some(points) = clip(incident, along, along.dot(reference[0]), reference_parts[0]) else { return };
        let Some(points) = clip(points, -along, (-along).dot(reference[1]), reference_parts[1]) else { return };

        if face_of_polygon {
            self.face = Face::Polygon;
            self.normal = polygon.normals()[side];
            self.origin = polygon.corners()[side];
        } else {
            self.face = Face::Edge;
            self.normal = reference_normal;
            self.origin = reference[0];
        }
        for point in points {
            if reference_normal.dot(point.position - reference[0]) > TOUCH {
                continue;
            }
            let (position, feature) = if face_of_polygon {
                (point.position, Feature { edge: point.incident, polygon: point.reference })
            } else {
                (transform.undo(point.position), Feature { edge: point.reference, polygon: point.incident })
            };
            self.points[self.count] = Point { position, feature, normal_impulse: 0.0, tangent_impulse: 0.0 };
            self.count += 1;
        }
    }
}

/// Cuts a segment off where it crosses a line; `None` if it does not reach it.
fn clip(segment: [ClipPoint; 2], normal: Vec2, offset: f32, reference_corner: u8) -> Option<[ClipPoint; 2]> {
    let distances = segment.map(|point| normal.dot(point.position) - offset);
    match (distances[0] <= 0.0, distances[1] <= 0.0) {
        (true, true) => Some(segment),
        (false, false) => None,
        (first_inside, _) => {
            if distances[0] * distances[1] >= 0.0 {
                return None; // one end lies on the line, and the other does not count
            }
            let share = distances[0] / (distances[0] - distances[1]);
            let cut = ClipPoint {
                position: segment[0].position + share * (segment[1].position - segment[0].position),
                reference: Part::Corner(reference_corner),
                incident: match segment[0].incident {
                    Part::Corner(i) | Part::Side(i) => Part::Side(i),
                },
            };
            // The cut comes second whichever end it replaces.
            Some([segment[usize::from(!first_inside)], cut])
        }
    }
}
