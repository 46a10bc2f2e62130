//! The joint between hull and leg: a hinge with a motor, which presses the leg outwards, and a limit.
//!
//! Part of the altered Box2D 2.3 whose notice stands in `world.rs`.

use serde::{Deserialize, Serialize};

use super::body::{Body, Pose, Velocity};

use super::shape::LINEAR_SLOP;
use super::vector::{Rotation, Vec2, clamp};
use super::world::STEP;

const ANGULAR_SLOP: f32 = 2.0 / 180.0 * std::f32::consts::PI;
const MAX_ANGULAR_CORRECTION: f32 = 8.0 / 180.0 * std::f32::consts::PI;

/// A hinge between the hull and a leg.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Joint {
    /// Where the hinge sits, in the frames of hull and leg.
    pub(super) anchors: [Vec2; 2],
    /// Angle of the leg against the hull that counts as zero.
    pub(super) reference_angle: f32,
    pub(super) lower_angle: f32,
    pub(super) upper_angle: f32,
    pub(super) motor_speed: f32,
    pub(super) max_motor_torque: f32,
    /// The solution of the last step, from which the next one starts.
    pub(super) impulse: Impulse,
    pub(super) limit: Limit,
}

/// Impulse on the hinge (a force's, a torque's from the limit, a torque's from the motor).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Impulse {
    pub(super) linear: Vec2,
    pub(super) limit: f32,
    pub(super) motor: f32,
}

/// Which end of its range the joint has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Limit {
    Inside,
    Lower,
    Upper,
}

/// A joint for the length of one step: everything that its 180 velocity iterations do not change, and the impulse.
#[derive(Clone, Copy, Debug)]
pub(super) struct JointStep {
    pub(super) masses: [InverseMass; 2],
    pub(super) arms: [Vec2; 2],
    /// Effective mass of hinge and limit: the symmetric matrix `[xx xy xz; xy yy yz; xz yz zz]`.
    pub(super) xx: f32,
    pub(super) xy: f32,
    pub(super) yy: f32,
    pub(super) xz: f32,
    pub(super) yz: f32,
    pub(super) zz: f32,
    /// One over the determinants of the upper left 2x2 part and of the whole.
    pub(super) inverse_det2: f32,
    pub(super) inverse_det3: f32,
    pub(super) motor_mass: f32,
    pub(super) motor_speed: f32,
    pub(super) max_motor_impulse: f32,
    pub(super) limit: Limit,
    pub(super) impulse: Impulse,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct InverseMass {
    pub(super) mass: f32,
    pub(super) inertia: f32,
}

impl InverseMass {
    fn of(body: &Body) -> Self {
        Self { mass: body.inverse_mass, inertia: body.inverse_inertia }
    }
}

impl Joint {
    /// Prepares the velocity iterations and gives the bodies the impulse of the last step at once.
    pub(super) fn begin(&mut self, bodies: [&Body; 2], velocities: [&mut Velocity; 2]) -> JointStep {
        let [hull, leg] = bodies;
        let masses = bodies.map(InverseMass::of);
        let [a, b] = masses;
        let arm = |i: usize| bodies[i].transform.rotation.apply(self.anchors[i] - bodies[i].sweep.local_center);
        let arms = [arm(0), arm(1)];
        let [ra, rb] = arms;

        let xx = a.mass + b.mass + ra.y * ra.y * a.inertia + rb.y * rb.y * b.inertia;
        let xy = -ra.y * ra.x * a.inertia - rb.y * rb.x * b.inertia;
        let xz = -ra.y * a.inertia - rb.y * b.inertia;
        let yy = a.mass + b.mass + ra.x * ra.x * a.inertia + rb.x * rb.x * b.inertia;
        let yz = ra.x * a.inertia + rb.x * b.inertia;
        let zz = a.inertia + b.inertia;
        let det2 = xx * yy - xy * xy;
        let det3 = dot([xx, xy, xz], cross([xy, yy, yz], [xz, yz, zz]));

        let limit = self.limit_at(leg.sweep.angle - hull.sweep.angle - self.reference_angle);
        if limit != self.limit || limit == Limit::Inside {
            self.impulse.limit = 0.0;
        }
        self.limit = limit;

        let step = JointStep {
            masses,
            arms,
            xx,
            xy,
            yy,
            xz,
            yz,
            zz,
            inverse_det2: inverse(det2),
            inverse_det3: inverse(det3),
            motor_mass: 1.0 / zz,
            motor_speed: self.motor_speed,
            max_motor_impulse: STEP * self.max_motor_torque,
            limit,
            impulse: self.impulse,
        };
        let [hull, leg] = velocities;
        step.push(hull, leg, self.impulse.linear, self.impulse.motor, self.impulse.limit);
        step
    }

    /// Keeps the impulse for the next step.
    pub(super) fn end(&mut self, step: &JointStep) {
        self.impulse = step.impulse;
    }

    fn limit_at(&self, angle: f32) -> Limit {
        if angle <= self.lower_angle {
            Limit::Lower
        } else if angle >= self.upper_angle {
            Limit::Upper
        } else {
            Limit::Inside
        }
    }

    /// Moves the bodies towards where the joint holds; returns whether it held well enough before.
    pub(super) fn solve_position(&self, bodies: [&Body; 2], poses: [&mut Pose; 2]) -> bool {
        let [a, b] = bodies.map(InverseMass::of);
        let [hull, leg] = poses;

        let mut angular_error = 0.0;
        if self.limit != Limit::Inside {
            let angle = leg.angle - hull.angle - self.reference_angle;
            // Large corrections are cut, and some slop stays so that the limit does not flicker.
            let correction = if self.limit == Limit::Lower {
                let excess = angle - self.lower_angle;
                angular_error = -excess;
                clamp(excess + ANGULAR_SLOP, -MAX_ANGULAR_CORRECTION, 0.0)
            } else {
                let excess = angle - self.upper_angle;
                angular_error = excess;
                clamp(excess - ANGULAR_SLOP, 0.0, MAX_ANGULAR_CORRECTION)
            };
            let impulse = -(1.0 / (a.inertia + b.inertia)) * correction;
            hull.angle -= a.inertia * impulse;
            leg.angle += b.inertia * impulse;
        }

        let arm = |i: usize, angle| Rotation::new(angle).apply(self.anchors[i] - bodies[i].sweep.local_center);
        let (ra, rb) = (arm(0, hull.angle), arm(1, leg.angle));
        let error = leg.center + rb - hull.center - ra;
        let position_error = error.length();

        let xx = a.mass + b.mass + a.inertia * ra.y * ra.y + b.inertia * rb.y * rb.y;
        let xy = -a.inertia * ra.x * ra.y - b.inertia * rb.x * rb.y;
        let yy = a.mass + b.mass + a.inertia * ra.x * ra.x + b.inertia * rb.x * rb.x;
        let inverse_det = inverse(xx * yy - xy * xy);
        let impulse =
            -Vec2::new(inverse_det * (yy * error.x - xy * error.y), inverse_det * (xx * error.y - xy * error.x));
        hull.center -= a.mass * impulse;
        hull.angle -= a.inertia * ra.cross(impulse);
        leg.center += b.mass * impulse;
        leg.angle += b.inertia * rb.cross(impulse);

        position_error <= LINEAR_SLOP && angular_error <= ANGULAR_SLOP
    }
}

impl JointStep {
    /// One velocity iteration: motor, then limit and hinge together, or the hinge alone.
    #[inline(always)]
    pub(super) fn solve_velocity(&mut self, hull: &mut Velocity, leg: &mut Velocity) {
        let [a, b] = self.masses;

        let error = leg.angular - hull.angular - self.motor_speed;
        let old = self.impulse.motor;
        self.impulse.motor = clamp(old + -self.motor_mass * error, -self.max_motor_impulse, self.max_motor_impulse);
        let change = self.impulse.motor - old;
        hull.angular -= a.inertia * change;
        leg.angular += b.inertia * change;

        let [ra, rb] = self.arms;
        let error = leg.linear + rb.turned_by(leg.angular) - hull.linear - ra.turned_by(hull.angular);
        if self.limit == Limit::Inside {
            let change = self.solve2(-error);
            self.impulse.linear += change;
            hull.linear -= a.mass * change;
            hull.angular -= a.inertia * ra.cross(change);
            leg.linear += b.mass * change;
            leg.angular += b.inertia * rb.cross(change);
        } else {
            let angular_error = leg.angular - hull.angular;
            let [x, y, z] = self.solve3([error.x, error.y, angular_error]);
            let (mut linear, mut angular) = (Vec2::new(-x, -y), -z);
            // A limit only pushes back into the range: if it would pull, the hinge is solved without it.
            let total = self.impulse.limit + angular;
            let pulls = if self.limit == Limit::Lower { total < 0.0 } else { total > 0.0 };
            if pulls {
                linear = self.solve2(-error + self.impulse.limit * Vec2::new(self.xz, self.yz));
                angular = -self.impulse.limit;
                self.impulse.limit = 0.0;
            } else {
                self.impulse.limit = total;
            }
            self.impulse.linear += linear;
            hull.linear -= a.mass * linear;
            hull.angular -= a.inertia * (ra.cross(linear) + angular);
            leg.linear += b.mass * linear;
            leg.angular += b.inertia * (rb.cross(linear) + angular);
        }
    }

    #[inline]
    fn push(&self, hull: &mut Velocity, leg: &mut Velocity, linear: Vec2, motor: f32, limit: f32) {
        let ([a, b], [ra, rb]) = (self.masses, self.arms);
        hull.linear -= a.mass * linear;
        hull.angular -= a.inertia * (ra.cross(linear) + motor + limit);
        leg.linear += b.mass * linear;
        leg.angular += b.inertia * (rb.cross(linear) + motor + limit);
    }

    #[inline(always)]
    fn solve2(&self, v: Vec2) -> Vec2 {
        Vec2::new(
            self.inverse_det2 * (self.yy * v.x - self.xy * v.y),
            self.inverse_det2 * (self.xx * v.y - self.xy * v.x),
        )
    }

    #[inline(always)]
    fn solve3(&self, v: [f32; 3]) -> [f32; 3] {
        let (ex, ey, ez) = ([self.xx, self.xy, self.xz], [self.xy, self.yy, self.yz], [self.xz, self.yz, self.zz]);
        [
            self.inverse_det3 * dot(v, cross(ey, ez)),
            self.inverse_det3 * dot(ex, cross(v, ez)),
            self.inverse_det3 * dot(ex, cross(ey, v)),
        ]
    }
}

/// One over a determinant; zero stays zero.
#[inline]
fn inverse(det: f32) -> f32 {
    if det != 0.0 { 1.0 / det } else { det }
}

#[inline(always)]
fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[inline(always)]
fn cross(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
