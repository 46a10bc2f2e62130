//! A contact between a body and an edge of the ground, and its share of a step.
//!
//! Part of the altered Box2D 2.3 whose notice stands in `world.rs`.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};

use super::body::{Body, Pose, Velocity};
use super::manifold::{Face, Manifold};
use super::shape::{Edge, LINEAR_SLOP, NUM_EDGES, SKIN};
use super::vector::{Transform, Vec2, clamp, max, min};

const MAX_LINEAR_CORRECTION: f32 = 0.2;

/// A body and an edge whose boxes overlap, whether they touch or not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Contact {
    /// Numbers of the edge and the body.
    pub(super) edge: usize,
    pub(super) body: usize,
    pub(super) friction: f32,
    pub(super) manifold: Manifold,
    pub(super) touching: bool,
    /// False from a fruitless sub-step until the contact is looked at again.
    pub(super) enabled: bool,
    /// When it is going to touch in this step (1 for not at all), as long as that is known.
    pub(super) impact: Option<f32>,
    /// Sub-steps made for it in this step.
    pub(super) substeps: usize,
}

/// The contacts of a world, oldest first, in place: there is room for every pair, so that a step allocates nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<Contact>", into = "Vec<Contact>")]
pub(super) struct Contacts {
    slots: [Contact; Self::CAPACITY],
    count: usize,
}

impl Contacts {
    const NUM_BODIES: usize = 3;
    pub(super) const CAPACITY: usize = NUM_EDGES * Self::NUM_BODIES;

    pub(super) fn push(&mut self, contact: Contact) {
        self.slots[self.count] = contact;
        self.count += 1;
    }

    pub(super) fn remove(&mut self, i: usize) {
        self.slots.copy_within(i + 1..self.count, i);
        self.count -= 1;
    }
}

impl Default for Contacts {
    fn default() -> Self {
        Self { slots: [Contact::new(0, 0, 0.0); Self::CAPACITY], count: 0 }
    }
}

impl Deref for Contacts {
    type Target = [Contact];
    fn deref(&self) -> &[Contact] {
        &self.slots[..self.count]
    }
}

impl DerefMut for Contacts {
    fn deref_mut(&mut self) -> &mut [Contact] {
        &mut self.slots[..self.count]
    }
}

impl PartialEq for Contacts {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl From<Contacts> for Vec<Contact> {
    fn from(contacts: Contacts) -> Self {
        contacts.to_vec()
    }
}

impl TryFrom<Vec<Contact>> for Contacts {
    type Error = &'static str;

    fn try_from(list: Vec<Contact>) -> Result<Self, Self::Error> {
        let pairs_exist = list.iter().all(|c| c.edge < NUM_EDGES && c.body < Self::NUM_BODIES && c.manifold.count <= 2);
        if list.len() > Self::CAPACITY || !pairs_exist {
            return Err("contacts between bodies and edges that do not exist");
        }
        let mut contacts = Self::default();
        for contact in list {
            contacts.push(contact);
        }
        Ok(contacts)
    }
}

/// The change of a contact at an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Begin,
    End,
    None,
}

impl Contact {
    pub(super) fn new(edge: usize, body: usize, friction: f32) -> Self {
        Self {
            edge,
            body,
            friction,
            manifold: Manifold::EMPTY,
            touching: false,
            enabled: true,
            impact: None,
            substeps: 0,
        }
    }

    /// Finds where the two touch now.
    pub(super) fn update(&mut self, edge: &Edge, body: &mut Body) -> Change {
        self.enabled = true;
        self.manifold.update(edge, &body.polygon, body.transform);
        let touched = std::mem::replace(&mut self.touching, self.manifold.count > 0);
        if touched == self.touching {
            return Change::None;
        }
        body.wake();
        if touched { Change::End } else { Change::Begin }
    }
}

/// A touching contact for the length of one step or sub-step. The ground has neither mass nor motion, so that only
/// the body appears.
#[derive(Clone, Copy, Debug)]
pub(super) struct ContactStep {
    /// Number of the contact, and of its body.
    pub(super) contact: usize,
    pub(super) body: usize,
    pub(super) friction: f32,
    pub(super) inverse_mass: f32,
    pub(super) inverse_inertia: f32,
    local_center: Vec2,
    manifold: Manifold,
    /// From the ground to the body.
    pub(super) normal: Vec2,
    /// The points that are solved: one of two if they are nearly one.
    pub(super) points: [PointStep; 2],
    pub(super) count: usize,
    /// For two points, how the normal velocities follow from the normal impulses, and the inverse of that.
    pub(super) response: Matrix,
    pub(super) inverse_response: Matrix,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PointStep {
    /// From the centre of mass to the point.
    pub(super) arm: Vec2,
    pub(super) normal_mass: f32,
    pub(super) tangent_mass: f32,
    pub(super) normal_impulse: f32,
    pub(super) tangent_impulse: f32,
}

/// A symmetric matrix `[xx xy; xy yy]`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Matrix {
    pub(super) xx: f32,
    pub(super) xy: f32,
    pub(super) yy: f32,
}

impl Matrix {
    #[inline]
    fn apply(self, v: Vec2) -> Vec2 {
        Vec2::new(self.xx * v.x + self.xy * v.y, self.xy * v.x + self.yy * v.y)
    }

    fn inverse(self) -> Self {
        let det = self.xx * self.yy - self.xy * self.xy;
        let det = if det != 0.0 { 1.0 / det } else { det };
        Self { xx: det * self.yy, xy: -det * self.xy, yy: det * self.xx }
    }
}

impl ContactStep {
    /// `warm` starts from the impulses of the last step, which only the main step of a frame does.
    pub(super) fn new(number: usize, contact: &Contact, body: &Body, warm: bool) -> Self {
        let mut points = [PointStep::default(); 2];
        if warm {
            for (step, point) in points.iter_mut().zip(contact.manifold.points()) {
                step.normal_impulse = point.normal_impulse;
                step.tangent_impulse = point.tangent_impulse;
            }
        }
        Self {
            contact: number,
            body: contact.body,
            friction: contact.friction,
            inverse_mass: body.inverse_mass,
            inverse_inertia: body.inverse_inertia,
            local_center: body.sweep.local_center,
            manifold: contact.manifold,
            normal: Vec2::ZERO,
            points,
            count: contact.manifold.count,
            response: Matrix::default(),
            inverse_response: Matrix::default(),
        }
    }

    /// Prepares the velocity iterations for a pose.
    pub(super) fn begin(&mut self, pose: Pose) {
        const MAX_CONDITION_NUMBER: f32 = 1000.0;
        let transform = Transform::around(pose.center, pose.angle, self.local_center);
        let (normal, positions) = world_points(&self.manifold, transform);
        let outward = match self.manifold.face {
            Face::Edge => normal,
            Face::Polygon => -normal,
        };
        self.normal = outward;

        let (mass, inertia) = (self.inverse_mass, self.inverse_inertia);
        for (point, position) in self.points.iter_mut().zip(positions).take(self.count) {
            point.arm = position - pose.center;
            let lever = point.arm.cross(outward);
            point.normal_mass = positive_inverse(mass + inertia * lever * lever);
            let lever = point.arm.cross(outward.right());
            point.tangent_mass = positive_inverse(mass + inertia * lever * lever);
        }
        if self.count == 2 {
            let [lever1, lever2] = self.points.map(|point| point.arm.cross(outward));
            let response = Matrix {
                xx: mass + inertia * lever1 * lever1,
                xy: mass + inertia * lever1 * lever2,
                yy: mass + inertia * lever2 * lever2,
            };
            let det = response.xx * response.yy - response.xy * response.xy;
            if response.xx * response.xx < MAX_CONDITION_NUMBER * det {
                self.response = response;
                self.inverse_response = response.inverse();
            } else {
                self.count = 1; // the two are redundant
            }
        }
    }

    /// Gives the body the impulses of the last step at once.
    pub(super) fn warm_start(&self, velocity: &mut Velocity) {
        for point in &self.points[..self.count] {
            let impulse = point.normal_impulse * self.normal + point.tangent_impulse * self.normal.right();
            velocity.angular += self.inverse_inertia * point.arm.cross(impulse);
            velocity.linear += self.inverse_mass * impulse;
        }
    }

    /// One velocity iteration: friction first, because not sinking in matters more and has the last word.
    pub(super) fn solve_velocity(&mut self, velocity: &mut Velocity) {
        let (mass, inertia) = (self.inverse_mass, self.inverse_inertia);
        let (normal, tangent) = (self.normal, self.normal.right());
        for point in &mut self.points[..self.count] {
            let slip = (velocity.linear + point.arm.turned_by(velocity.angular)).dot(tangent);
            let most = self.friction * point.normal_impulse;
            let old = point.tangent_impulse;
            point.tangent_impulse = clamp(old + point.tangent_mass * -slip, -most, most);
            let impulse = (point.tangent_impulse - old) * tangent;
            velocity.linear += mass * impulse;
            velocity.angular += inertia * point.arm.cross(impulse);
        }

        if self.count == 1 {
            let point = &mut self.points[0];
            let approach = (velocity.linear + point.arm.turned_by(velocity.angular)).dot(normal);
            let old = point.normal_impulse;
            point.normal_impulse = max(old + -point.normal_mass * approach, 0.0);
            let impulse = (point.normal_impulse - old) * normal;
            velocity.linear += mass * impulse;
            velocity.angular += inertia * point.arm.cross(impulse);
            return;
        }

        // Two points are solved together.
        let [p1, p2] = &mut self.points;
        let old = Vec2::new(p1.normal_impulse, p2.normal_impulse);
        let approach = Vec2::new(
            (velocity.linear + p1.arm.turned_by(velocity.angular)).dot(normal),
            (velocity.linear + p2.arm.turned_by(velocity.angular)).dot(normal),
        );
        let offset = approach - self.response.apply(old);
        let masses = (p1.normal_mass, p2.normal_mass);
        let Some(new) = non_negative_impulses(self.response, self.inverse_response, masses, offset) else { return };
        let change = new - old;
        let (impulse1, impulse2) = (change.x * normal, change.y * normal);
        velocity.linear += mass * (impulse1 + impulse2);
        velocity.angular += inertia * (p1.arm.cross(impulse1) + p2.arm.cross(impulse2));
        p1.normal_impulse = new.x;
        p2.normal_impulse = new.y;
    }

    /// The bits of all that the iterations change in it.
    #[inline]
    pub(super) fn impulse_bits(&self) -> [[u32; 2]; 2] {
        self.points.map(|point| [point.normal_impulse, point.tangent_impulse].map(f32::to_bits))
    }

    /// Keeps the impulses for the next step.
    pub(super) fn end(&self, contact: &mut Contact) {
        for (point, step) in contact.manifold.points.iter_mut().zip(&self.points[..self.count]) {
            point.normal_impulse = step.normal_impulse;
            point.tangent_impulse = step.tangent_impulse;
        }
    }

    /// Moves the body out of the ground by a share of the depth; returns the deepest separation met.
    pub(super) fn solve_position(&self, pose: &mut Pose, share: f32) -> f32 {
        let mut deepest = 0.0;
        for i in 0..self.manifold.count {
            let transform = Transform::around(pose.center, pose.angle, self.local_center);
            let (normal, position, separation) = match self.manifold.face {
                Face::Edge => {
                    let position = transform.apply(self.manifold.points[i].position);
                    let normal = self.manifold.normal;
                    (normal, position, (position - self.manifold.origin).dot(normal))
                }
                Face::Polygon => {
                    let position = self.manifold.points[i].position;
                    let normal = transform.rotation.apply(self.manifold.normal);
                    (-normal, position, (position - transform.apply(self.manifold.origin)).dot(normal))
                }
            };
            let separation = separation - SKIN - SKIN;
            deepest = min(deepest, separation);

            // Large corrections are cut, and some depth stays so that the contact does not flicker.
            let correction = clamp(share * (separation + LINEAR_SLOP), -MAX_LINEAR_CORRECTION, 0.0);
            let arm = position - pose.center;
            let lever = arm.cross(normal);
            let response = self.inverse_mass + self.inverse_inertia * lever * lever;
            let size = if response > 0.0 { -correction / response } else { 0.0 };
            let impulse = size * normal;
            pose.center += self.inverse_mass * impulse;
            pose.angle += self.inverse_inertia * arm.cross(impulse);
        }
        deepest
    }
}

#[inline]
fn positive_inverse(value: f32) -> f32 {
    if value > 0.0 { 1.0 / value } else { 0.0 }
}

/// The face's normal and the points halfway between the two skins, in the world.
fn world_points(manifold: &Manifold, transform: Transform) -> (Vec2, [Vec2; 2]) {
    let polygons = manifold.face == Face::Polygon;
    let normal = if polygons { transform.rotation.apply(manifold.normal) } else { manifold.normal };
    let origin = if polygons { transform.apply(manifold.origin) } else { manifold.origin };
    let positions = manifold.points.map(|point| {
        let position = if polygons { point.position } else { transform.apply(point.position) };
        let on_face = position + (SKIN - (position - origin).dot(normal)) * normal;
        let on_other = position - SKIN * normal;
        0.5 * (on_face + on_other)
    });
    (normal, positions)
}

/// Total impulses of two points that leave neither approaching and do not pull: the first of the four cases (both
/// push, only the first, only the second, none) that satisfies both. `offset` is the approach without any impulse.
#[inline]
fn non_negative_impulses(response: Matrix, inverse: Matrix, masses: (f32, f32), offset: Vec2) -> Option<Vec2> {
    let both = -inverse.apply(offset);
    if both.x >= 0.0 && both.y >= 0.0 {
        return Some(both);
    }
    let first = -masses.0 * offset.x;
    if first >= 0.0 && response.xy * first + offset.y >= 0.0 {
        return Some(Vec2::new(first, 0.0));
    }
    let second = -masses.1 * offset.y;
    if second >= 0.0 && response.xy * second + offset.x >= 0.0 {
        return Some(Vec2::new(0.0, second));
    }
    if offset.x >= 0.0 && offset.y >= 0.0 {
        return Some(Vec2::ZERO);
    }
    None // rounding: happens now and then, and does no harm
}
