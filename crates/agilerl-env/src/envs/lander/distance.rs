//! Distance between an edge of the ground and a polygon, by the algorithm of Gilbert, Johnson and Keerthi.
//!
//! Part of the altered Box2D 2.3 whose notice stands in `world.rs`.

use super::vector::{Transform, Vec2};

/// Features of the last simplex: the next search, a moment later, starts from them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Simplex {
    /// Corners of the edge and of the polygon, `count` pairs.
    pub(super) indices: [(usize, usize); 3],
    pub(super) count: usize,
    size: f32,
}

impl Simplex {
    pub(super) const EMPTY: Self = Self { indices: [(0, 0); 3], count: 0, size: 0.0 };
}

/// A corner of the difference of the two shapes.
#[derive(Clone, Copy, Debug)]
struct Vertex {
    on_edge: Vec2,
    on_polygon: Vec2,
    /// From the edge to the polygon.
    difference: Vec2,
    /// Barycentric coordinate of the point that is closest to the origin.
    weight: f32,
    indices: (usize, usize),
}

/// Index of the point farthest in a direction, the first of equals.
#[inline]
pub(super) fn support(points: &[Vec2], direction: Vec2) -> usize {
    let (mut best, mut farthest) = (0, points[0].dot(direction));
    for (i, point) in points.iter().enumerate().skip(1) {
        let value = point.dot(direction);
        if value > farthest {
            (best, farthest) = (i, value);
        }
    }
    best
}

/// Distance between an edge, which lies in the world, and a polygon in its frame; skins do not count.
pub(super) fn distance(edge: &[Vec2; 2], polygon: &[Vec2], transform: Transform, simplex: &mut Simplex) -> f32 {
    const MAX_ITERATIONS: usize = 20;
    let vertex = |indices: (usize, usize), weight| {
        let (on_edge, on_polygon) = (edge[indices.0], transform.apply(polygon[indices.1]));
        Vertex { on_edge, on_polygon, difference: on_polygon - on_edge, weight, indices }
    };

    let mut vertices = [vertex((0, 0), 1.0); 3];
    let mut count = simplex.count;
    for (vertex_slot, &indices) in vertices.iter_mut().zip(&simplex.indices[..count]) {
        *vertex_slot = vertex(indices, 0.0);
    }
    if count > 1 {
        // Start afresh if the simplex has changed much since.
        let size = size(&vertices[..count]);
        if size < 0.5 * simplex.size || 2.0 * simplex.size < size || size < f32::EPSILON {
            count = 0;
        }
    }
    if count == 0 {
        vertices[0] = vertex((0, 0), 1.0);
        count = 1;
    }

    for _ in 0..MAX_ITERATIONS {
        let before = vertices.map(|vertex| vertex.indices);
        let count_before = count;
        count = match count {
            1 => 1,
            2 => nearest_on_segment(&mut vertices),
            _ => nearest_on_triangle(&mut vertices),
        };
        if count == 3 {
            break; // the origin is inside: the shapes overlap
        }
        let direction = search_direction(&vertices[..count]);
        if direction.length_squared() < f32::EPSILON * f32::EPSILON {
            break; // the origin is on the simplex, as far as can be told
        }
        let next = vertex(
            (support(edge, -direction), support(polygon, transform.rotation.undo(direction))),
            vertices[count].weight,
        );
        vertices[count] = next;
        if before[..count_before].contains(&next.indices) {
            break; // no progress
        }
        count += 1;
    }

    let (mut on_edge, mut on_polygon) = (vertices[0].on_edge, vertices[0].on_polygon);
    if count > 1 {
        on_edge = vertices[0].weight * vertices[0].on_edge;
        on_polygon = vertices[0].weight * vertices[0].on_polygon;
        for vertex in &vertices[1..count] {
            on_edge += vertex.weight * vertex.on_edge;
            on_polygon += vertex.weight * vertex.on_polygon;
        }
        if count == 3 {
            on_polygon = on_edge;
        }
    }
    *simplex = Simplex { indices: vertices.map(|vertex| vertex.indices), count, size: size(&vertices[..count]) };
    (on_edge - on_polygon).length()
}

/// Length of a segment, twice the area of a triangle.
fn size(vertices: &[Vertex]) -> f32 {
    match vertices {
        [a, b] => (a.difference - b.difference).length(),
        [a, b, c] => (b.difference - a.difference).cross(c.difference - a.difference),
        _ => 0.0,
    }
}

/// Towards the origin.
fn search_direction(vertices: &[Vertex]) -> Vec2 {
    match vertices {
        [a, b] => {
            let along = b.difference - a.difference;
            if along.cross(-a.difference) > 0.0 { along.turned_by(1.0) } else { along.right() }
        }
        _ => -vertices[0].difference,
    }
}

/// Weighs the first two vertices for the point of their segment nearest to the origin; returns how many count.
fn nearest_on_segment(vertices: &mut [Vertex; 3]) -> usize {
    let [a, b, _] = vertices.map(|vertex| vertex.difference);
    let along = b - a;
    let to_b = -a.dot(along);
    if to_b <= 0.0 {
        return keep(vertices, 0);
    }
    let to_a = b.dot(along);
    if to_a <= 0.0 {
        return keep(vertices, 1);
    }
    keep_two(vertices, (0, to_a), (1, to_b))
}

/// The same for the triangle of all three.
fn nearest_on_triangle(vertices: &mut [Vertex; 3]) -> usize {
    let [a, b, c] = vertices.map(|vertex| vertex.difference);

    let ab = b - a;
    let (ab_a, ab_b) = (b.dot(ab), -a.dot(ab));
    let ac = c - a;
    let (ac_a, ac_c) = (c.dot(ac), -a.dot(ac));
    let bc = c - b;
    let (bc_b, bc_c) = (c.dot(bc), -b.dot(bc));

    let area = ab.cross(ac);
    let (abc_a, abc_b, abc_c) = (area * b.cross(c), area * c.cross(a), area * a.cross(b));

    if ab_b <= 0.0 && ac_c <= 0.0 {
        return keep(vertices, 0);
    }
    if ab_a > 0.0 && ab_b > 0.0 && abc_c <= 0.0 {
        return keep_two(vertices, (0, ab_a), (1, ab_b));
    }
    if ac_a > 0.0 && ac_c > 0.0 && abc_b <= 0.0 {
        return keep_two(vertices, (0, ac_a), (2, ac_c));
    }
    if ab_a <= 0.0 && bc_c <= 0.0 {
        return keep(vertices, 1);
    }
    if ac_a <= 0.0 && bc_b <= 0.0 {
        return keep(vertices, 2);
    }
    if bc_b > 0.0 && bc_c > 0.0 && abc_a <= 0.0 {
        // Box2D leaves this pair in the order c, b.
        return keep_two(vertices, (2, bc_c), (1, bc_b));
    }
    let share = 1.0 / (abc_a + abc_b + abc_c);
    vertices[0].weight = abc_a * share;
    vertices[1].weight = abc_b * share;
    vertices[2].weight = abc_c * share;
    3
}

fn keep(vertices: &mut [Vertex; 3], index: usize) -> usize {
    vertices[0] = Vertex { weight: 1.0, ..vertices[index] };
    1
}

fn keep_two(vertices: &mut [Vertex; 3], first: (usize, f32), second: (usize, f32)) -> usize {
    let share = 1.0 / (first.1 + second.1);
    let pair = [first, second].map(|(index, part)| Vertex { weight: part * share, ..vertices[index] });
    vertices[..2].copy_from_slice(&pair);
    2
}
