//! The contacts of many worlds side by side, for [`SideBySide`](super::side_by_side::SideBySide).
//!
//! Part of the altered Box2D 2.3 whose notice stands in `world.rs`.

use super::contact::ContactStep;
use super::side_by_side::{PerWorld, Velocities, WORLDS, ZERO, mask, select};
use super::vector::{clamp, max};

/// A contact of the same body in every world. The place of a world without one is full of zeros and stays so.
#[derive(Clone, Copy, Debug)]
pub(super) struct ContactBlock {
    /// 0 for the hull, 1 and 2 for the legs of the first and the second joint.
    body: usize,
    /// Numbers of the contacts.
    contacts: [Option<usize>; WORLDS],
    mass: PerWorld,
    inertia: PerWorld,
    friction: PerWorld,
    normal: [PerWorld; 2],
    points: [Points; 2],
    /// Points that are solved: 0 where there is no contact, 1, or 2.
    count: PerWorld,
    /// `xx`, `xy`, `yy` each.
    response: [PerWorld; 3],
    inverse_response: [PerWorld; 3],
}

/// A point of a contact in every world.
#[derive(Clone, Copy, Debug)]
struct Points {
    arm: [PerWorld; 2],
    normal_mass: PerWorld,
    tangent_mass: PerWorld,
    normal_impulse: PerWorld,
    tangent_impulse: PerWorld,
}

impl ContactBlock {
    pub(super) const fn new(body: usize) -> Self {
        Self {
            body,
            contacts: [None; WORLDS],
            mass: ZERO,
            inertia: ZERO,
            friction: ZERO,
            normal: [ZERO; 2],
            points: [Points::ZERO; 2],
            count: ZERO,
            response: [ZERO; 3],
            inverse_response: [ZERO; 3],
        }
    }

    /// Whether there is room for a contact of that body of the world in `place`.
    pub(super) fn has_room(&self, body: usize, place: usize) -> bool {
        self.body == body && self.contacts[place].is_none()
    }

    /// Puts a contact into the place of its world.
    pub(super) fn set(&mut self, l: usize, number: usize, contact: &ContactStep) {
        self.contacts[l] = Some(number);
        self.mass[l] = contact.inverse_mass;
        self.inertia[l] = contact.inverse_inertia;
        self.friction[l] = contact.friction;
        self.normal[0][l] = contact.normal.x;
        self.normal[1][l] = contact.normal.y;
        // A second point that is not solved stays all zero, and then changes nothing.
        for (all, point) in self.points.iter_mut().zip(&contact.points[..contact.count]) {
            all.arm[0][l] = point.arm.x;
            all.arm[1][l] = point.arm.y;
            all.normal_mass[l] = point.normal_mass;
            all.tangent_mass[l] = point.tangent_mass;
            all.normal_impulse[l] = point.normal_impulse;
            all.tangent_impulse[l] = point.tangent_impulse;
        }
        self.count[l] = contact.count as f32;
        for (all, matrix) in
            [(&mut self.response, contact.response), (&mut self.inverse_response, contact.inverse_response)]
        {
            all[0][l] = matrix.xx;
            all[1][l] = matrix.xy;
            all[2][l] = matrix.yy;
        }
    }

    /// Gives the impulses back.
    pub(super) fn get_all(&self, contacts: &mut [Option<ContactStep>]) {
        for (l, number) in self.contacts.iter().enumerate() {
            let Some(contact) = number.and_then(|number| contacts[number].as_mut()) else { continue };
            let count = contact.count;
            for (all, point) in self.points.iter().zip(&mut contact.points[..count]) {
                point.normal_impulse = all.normal_impulse[l];
                point.tangent_impulse = all.tangent_impulse[l];
            }
        }
    }

    /// One velocity iteration, as [`ContactStep::solve_velocity`].
    #[inline(always)]
    pub(super) fn solve_velocity(&mut self, velocities: &mut [Velocities; 3]) {
        let velocity = &mut velocities[self.body];
        let [p1, p2] = &mut self.points;
        for l in 0..WORLDS {
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
            let none = mask((offset1 >= 0.0) & (offset2 >= 0.0));
            new1 = select(none, 0.0, new1);
            new2 = select(none, 0.0, new2);
            let second = -m2 * offset2;
            let holds = mask((second >= 0.0) & (rxy * second + offset1 >= 0.0));
            new1 = select(holds, 0.0, new1);
            new2 = select(holds, second, new2);
            let first = -m1 * offset1;
            let holds = mask((first >= 0.0) & (rxy * first + offset2 >= 0.0));
            new1 = select(holds, first, new1);
            new2 = select(holds, 0.0, new2);
            let (both1, both2) = (-(ixx * offset1 + ixy * offset2), -(ixy * offset1 + iyy * offset2));
            let holds = mask((both1 >= 0.0) & (both2 >= 0.0));
            new1 = select(holds, both1, new1);
            new2 = select(holds, both2, new2);

            let two = mask(self.count[l] > 1.0);
            new1 = select(two, new1, one);
            new2 = select(two, new2, 0.0);
            let (change1, change2) = (new1 - normal1, new2 - normal2);
            let (p1x, p1y, p2x, p2y) = (change1 * nx, change1 * ny, change2 * nx, change2 * ny);
            x += mass * (p1x + p2x);
            y += mass * (p1y + p2y);
            spin += inertia * ((arm1_x * p1y - arm1_y * p1x) + (arm2_x * p2y - arm2_y * p2x));
            // Adding nothing would still turn -0 into 0.
            let any = mask(self.count[l] > 0.0);
            velocity.x[l] = select(any, x, velocity.x[l]);
            velocity.y[l] = select(any, y, velocity.y[l]);
            velocity.spin[l] = select(any, spin, velocity.spin[l]);
            p1.normal_impulse[l] = new1;
            p2.normal_impulse[l] = new2;
        }
    }
}

impl Points {
    const ZERO: Self =
        Self { arm: [ZERO; 2], normal_mass: ZERO, tangent_mass: ZERO, normal_impulse: ZERO, tangent_impulse: ZERO };
}
