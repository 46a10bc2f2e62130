//! The contacts of many worlds side by side, for [`Lanes`](super::lanes::Lanes).
//!
//! Part of the altered Box2D 2.3 whose notice stands in `world.rs`.

use super::contact::ContactStep;
use super::lanes::VelocityLanes;
use super::vector::{clamp, max};

type Lane = [f32; ContactLanes::WIDTH];
const ZERO: Lane = [0.0; ContactLanes::WIDTH];

/// Up to eight contacts, all of different bodies. Few worlds have any, so that they are packed, and fetch the velocities
/// of their bodies from the worlds' lanes. The places that are free are full of zeros and stay so.
#[derive(Clone, Copy, Debug)]
pub(super) struct ContactLanes {
    count: usize,
    /// Body (0 for the hull, 1 and 2 for the legs of the first and the second joint) and lane of its world.
    places: [(usize, usize); Self::WIDTH],
    /// Numbers of the contacts.
    contacts: [usize; Self::WIDTH],
    mass: Lane,
    inertia: Lane,
    friction: Lane,
    normal: [Lane; 2],
    points: [PointLanes; 2],
    /// 1 if both points are solved, 0 if only the first is.
    two: Lane,
    /// `xx`, `xy`, `yy` each.
    response: [Lane; 3],
    inverse_response: [Lane; 3],
}

/// Velocities of the contacts' bodies.
struct Velocities {
    x: Lane,
    y: Lane,
    spin: Lane,
}

/// A point of a contact in every lane.
#[derive(Clone, Copy, Debug)]
struct PointLanes {
    arm: [Lane; 2],
    normal_mass: Lane,
    tangent_mass: Lane,
    normal_impulse: Lane,
    tangent_impulse: Lane,
}

impl ContactLanes {
    pub(super) const WIDTH: usize = 8;

    pub(super) const EMPTY: Self = Self {
        count: 0,
        places: [(0, 0); Self::WIDTH],
        contacts: [0; Self::WIDTH],
        mass: ZERO,
        inertia: ZERO,
        friction: ZERO,
        normal: [ZERO; 2],
        points: [PointLanes::ZERO; 2],
        two: ZERO,
        response: [ZERO; 3],
        inverse_response: [ZERO; 3],
    };

    pub(super) fn is_full(&self) -> bool {
        self.count == Self::WIDTH
    }

    /// Whether there is a contact of that body of that world.
    pub(super) fn holds(&self, body: usize, lane: usize) -> bool {
        self.places[..self.count].contains(&(body, lane))
    }

    /// Adds a contact of a body of the world in `lane`.
    pub(super) fn push(&mut self, body: usize, lane: usize, number: usize, contact: &ContactStep) {
        let l = self.count;
        self.count += 1;
        self.places[l] = (body, lane);
        self.contacts[l] = number;
        self.mass[l] = contact.inverse_mass;
        self.inertia[l] = contact.inverse_inertia;
        self.friction[l] = contact.friction;
        self.normal[0][l] = contact.normal.x;
        self.normal[1][l] = contact.normal.y;
        // A second point that is not solved stays all zero, and then changes nothing.
        for (lanes, point) in self.points.iter_mut().zip(&contact.points[..contact.count]) {
            lanes.arm[0][l] = point.arm.x;
            lanes.arm[1][l] = point.arm.y;
            lanes.normal_mass[l] = point.normal_mass;
            lanes.tangent_mass[l] = point.tangent_mass;
            lanes.normal_impulse[l] = point.normal_impulse;
            lanes.tangent_impulse[l] = point.tangent_impulse;
        }
        self.two[l] = if contact.count == 2 { 1.0 } else { 0.0 };
        for (lanes, matrix) in
            [(&mut self.response, contact.response), (&mut self.inverse_response, contact.inverse_response)]
        {
            lanes[0][l] = matrix.xx;
            lanes[1][l] = matrix.xy;
            lanes[2][l] = matrix.yy;
        }
    }

    /// Gives the impulses back.
    pub(super) fn get_all(&self, contacts: &mut [Option<ContactStep>]) {
        for (l, &number) in self.contacts[..self.count].iter().enumerate() {
            let Some(contact) = &mut contacts[number] else { continue };
            let count = contact.count;
            for (lanes, point) in self.points.iter().zip(&mut contact.points[..count]) {
                point.normal_impulse = lanes.normal_impulse[l];
                point.tangent_impulse = lanes.tangent_impulse[l];
            }
        }
    }

    /// One velocity iteration, as [`ContactStep::solve_velocity`].
    #[inline(always)]
    pub(super) fn solve_velocity(&mut self, velocities: &mut [VelocityLanes; 3]) {
        let mut velocity = Velocities { x: ZERO, y: ZERO, spin: ZERO };
        for (l, &(body, lane)) in self.places[..self.count].iter().enumerate() {
            velocity.x[l] = velocities[body].x[lane];
            velocity.y[l] = velocities[body].y[lane];
            velocity.spin[l] = velocities[body].spin[lane];
        }
        self.solve(&mut velocity);
        for (l, &(body, lane)) in self.places[..self.count].iter().enumerate() {
            velocities[body].x[lane] = velocity.x[l];
            velocities[body].y[lane] = velocity.y[l];
            velocities[body].spin[lane] = velocity.spin[l];
        }
    }

    #[inline(always)]
    fn solve(&mut self, velocity: &mut Velocities) {
        let [p1, p2] = &mut self.points;
        for l in 0..Self::WIDTH {
            let (mass, inertia) = (self.mass[l], self.inertia[l]);
            let (mut x, mut y, mut spin) = (velocity.x[l], velocity.y[l], velocity.spin[l]);
            let (nx, ny) = (self.normal[0][l], self.normal[1][l]);
            let (tx, ty) = (ny, -nx);
            let (arm1_x, arm1_y) = (p1.arm[0][l], p1.arm[1][l]);
            let (arm2_x, arm2_y) = (p2.arm[0][l], p2.arm[1][l]);
            let (normal1, normal2) = (p1.normal_impulse[l], p2.normal_impulse[l]);

            let slip = (x + -spin * arm1_y) * tx + (y + spin * arm1_x) * ty;
            let most = self.friction[l] * normal1;
            let old = p1.tangent_impulse[l];
            let new = clamp(old + p1.tangent_mass[l] * -slip, -most, most);
            p1.tangent_impulse[l] = new;
            let (px, py) = ((new - old) * tx, (new - old) * ty);
            x += mass * px;
            y += mass * py;
            spin += inertia * (arm1_x * py - arm1_y * px);

            let slip = (x + -spin * arm2_y) * tx + (y + spin * arm2_x) * ty;
            let most = self.friction[l] * normal2;
            let old = p2.tangent_impulse[l];
            let new = clamp(old + p2.tangent_mass[l] * -slip, -most, most);
            p2.tangent_impulse[l] = new;
            let (px, py) = ((new - old) * tx, (new - old) * ty);
            x += mass * px;
            y += mass * py;
            spin += inertia * (arm2_x * py - arm2_y * px);

            let approach1 = (x + -spin * arm1_y) * nx + (y + spin * arm1_x) * ny;
            let approach2 = (x + -spin * arm2_y) * nx + (y + spin * arm2_x) * ny;
            let (m1, m2) = (p1.normal_mass[l], p2.normal_mass[l]);
            let one = max(normal1 + -m1 * approach1, 0.0);

            // The four cases of two points, the last one first, so that the first one that holds has the last word.
            let [rxx, rxy, ryy] = [self.response[0][l], self.response[1][l], self.response[2][l]];
            let [ixx, ixy, iyy] =
                [self.inverse_response[0][l], self.inverse_response[1][l], self.inverse_response[2][l]];
            let offset1 = approach1 - (rxx * normal1 + rxy * normal2);
            let offset2 = approach2 - (rxy * normal1 + ryy * normal2);
            let (mut new1, mut new2) = (normal1, normal2);
            let none = (offset1 >= 0.0) & (offset2 >= 0.0);
            new1 = if none { 0.0 } else { new1 };
            new2 = if none { 0.0 } else { new2 };
            let second = -m2 * offset2;
            let holds = (second >= 0.0) & (rxy * second + offset1 >= 0.0);
            new1 = if holds { 0.0 } else { new1 };
            new2 = if holds { second } else { new2 };
            let first = -m1 * offset1;
            let holds = (first >= 0.0) & (rxy * first + offset2 >= 0.0);
            new1 = if holds { first } else { new1 };
            new2 = if holds { 0.0 } else { new2 };
            let (both1, both2) = (-(ixx * offset1 + ixy * offset2), -(ixy * offset1 + iyy * offset2));
            let holds = (both1 >= 0.0) & (both2 >= 0.0);
            new1 = if holds { both1 } else { new1 };
            new2 = if holds { both2 } else { new2 };

            let two = self.two[l] > 0.0;
            new1 = if two { new1 } else { one };
            new2 = if two { new2 } else { 0.0 };
            let (change1, change2) = (new1 - normal1, new2 - normal2);
            let (p1x, p1y, p2x, p2y) = (change1 * nx, change1 * ny, change2 * nx, change2 * ny);
            velocity.x[l] = x + mass * (p1x + p2x);
            velocity.y[l] = y + mass * (p1y + p2y);
            velocity.spin[l] = spin + inertia * ((arm1_x * p1y - arm1_y * p1x) + (arm2_x * p2y - arm2_y * p2x));
            p1.normal_impulse[l] = new1;
            p2.normal_impulse[l] = new2;
        }
    }
}

impl PointLanes {
    const ZERO: Self =
        Self { arm: [ZERO; 2], normal_mass: ZERO, tangent_mass: ZERO, normal_impulse: ZERO, tangent_impulse: ZERO };
}
