//! A rigid body: the hull or a leg.
//!
//! Part of the altered Box2D 2.3 whose notice stands in `world.rs`.

use serde::{Deserialize, Serialize};

use super::shape::{Bounds, Polygon};
use super::vector::{Rotation, Transform, Vec2};

/// A moving body with one polygon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) polygon: Polygon,
    pub(super) friction: f32,
    pub(super) inverse_mass: f32,
    pub(super) inverse_inertia: f32,
    /// Frame of the body in the world. Its origin is not the centre of mass.
    pub(super) transform: Transform,
    pub(super) sweep: Sweep,
    pub(super) velocity: Velocity,
    pub(super) force: Vec2,
    pub(super) torque: f32,
    pub(super) awake: bool,
    /// Seconds without motion.
    pub(super) still_for: f32,
    /// Box around the body, with a margin; it moves only when the body leaves it.
    pub(super) bounds: Bounds,
    /// The box has moved since new contacts were last looked for.
    pub(super) bounds_moved: bool,
}

/// The motion of a body through one step: where it was at `time`, and where it is at the end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sweep {
    /// Centre of mass, in the frame of the body.
    pub(super) local_center: Vec2,
    pub(super) start_center: Vec2,
    pub(super) center: Vec2,
    pub(super) start_angle: f32,
    pub(super) angle: f32,
    /// Fraction of the step at which the start holds.
    pub(super) time: f32,
}

impl Body {
    pub(super) fn new(polygon: Polygon, density: f32, friction: f32, position: Vec2, angle: f32) -> Self {
        let transform = Transform { position, rotation: Rotation::new(angle) };
        let mass = polygon.mass(density);
        let center = transform.apply(mass.center);
        Self {
            polygon,
            friction,
            inverse_mass: 1.0 / mass.mass,
            inverse_inertia: 1.0 / mass.inertia,
            transform,
            sweep: Sweep {
                local_center: mass.center,
                start_center: center,
                center,
                start_angle: angle,
                angle,
                time: 0.0,
            },
            velocity: Velocity::default(),
            force: Vec2::ZERO,
            torque: 0.0,
            awake: true,
            still_for: 0.0,
            bounds: polygon.bounds(transform).with_margin(),
            bounds_moved: true,
        }
    }

    /// Adds a force on the centre of mass, which acts through the next step.
    pub(super) fn apply_force(&mut self, force: Vec2) {
        self.wake();
        self.force += force;
    }

    /// Adds a torque, which acts through the next step.
    pub(super) fn apply_torque(&mut self, torque: f32) {
        self.wake();
        self.torque += torque;
    }

    /// Changes the velocities at once, by an impulse that hits a point of the world.
    pub(super) fn apply_impulse(&mut self, impulse: Vec2, point: Vec2) {
        self.wake();
        self.velocity.linear += self.inverse_mass * impulse;
        self.velocity.angular += self.inverse_inertia * (point - self.sweep.center).cross(impulse);
    }

    pub(super) fn wake(&mut self) {
        if !self.awake {
            self.awake = true;
            self.still_for = 0.0;
        }
    }

    pub(super) fn fall_asleep(&mut self) {
        self.awake = false;
        self.still_for = 0.0;
        self.velocity = Velocity::default();
        self.force = Vec2::ZERO;
        self.torque = 0.0;
    }

    /// Sets the end of the sweep to a solver's result.
    pub(super) fn move_to(&mut self, pose: Pose, velocity: Velocity) {
        self.sweep.center = pose.center;
        self.sweep.angle = pose.angle;
        self.velocity = velocity;
        self.update_transform();
    }

    /// Takes the frame from the end of the sweep.
    pub(super) fn update_transform(&mut self) {
        self.transform = Transform::around(self.sweep.center, self.sweep.angle, self.sweep.local_center);
    }

    /// Moves the body back to where it is at a fraction of the step.
    pub(super) fn advance(&mut self, time: f32) {
        self.sweep.advance(time);
        self.sweep.center = self.sweep.start_center;
        self.sweep.angle = self.sweep.start_angle;
        self.update_transform();
    }

    /// Moves the box after the body, if the body has left it on its way through the sweep.
    pub(super) fn update_bounds(&mut self) {
        let start = Transform::around(self.sweep.start_center, self.sweep.start_angle, self.sweep.local_center);
        let swept = self.polygon.bounds(start).union(self.polygon.bounds(self.transform));
        if !self.bounds.contains(swept) {
            self.bounds = swept.ahead(self.transform.position - start.position);
            self.bounds_moved = true;
        }
    }
}

/// Velocities of a body: that of its centre of mass, and its spin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Velocity {
    pub(super) linear: Vec2,
    pub(super) angular: f32,
}

impl Velocity {
    #[inline]
    pub(super) fn bits(self) -> [u32; 3] {
        [self.linear.x, self.linear.y, self.angular].map(f32::to_bits)
    }
}

/// Centre of mass and angle of a body while a step is solved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pose {
    pub(super) center: Vec2,
    pub(super) angle: f32,
}

impl Pose {
    /// Integrates a velocity over a time, after cutting it where it is out of all proportion.
    #[inline]
    pub(super) fn integrate(&mut self, velocity: &mut Velocity, time: f32) {
        const MAX_TRANSLATION: f32 = 2.0;
        const MAX_ROTATION: f32 = 0.5 * std::f32::consts::PI;
        let translation = time * velocity.linear;
        if translation.length_squared() > MAX_TRANSLATION * MAX_TRANSLATION {
            velocity.linear = (MAX_TRANSLATION / translation.length()) * velocity.linear;
        }
        let rotation = time * velocity.angular;
        if rotation * rotation > MAX_ROTATION * MAX_ROTATION {
            velocity.angular *= MAX_ROTATION / rotation.abs();
        }
        self.center += time * velocity.linear;
        self.angle += time * velocity.angular;
    }
}

impl Sweep {
    pub(super) fn end(&self) -> Pose {
        Pose { center: self.center, angle: self.angle }
    }

    /// Returns the frame at a fraction of the rest of the step.
    #[inline]
    pub(super) fn transform(&self, fraction: f32) -> Transform {
        let center = (1.0 - fraction) * self.start_center + fraction * self.center;
        let angle = (1.0 - fraction) * self.start_angle + fraction * self.angle;
        Transform::around(center, angle, self.local_center)
    }

    /// Moves the start to a fraction of the step.
    pub(super) fn advance(&mut self, time: f32) {
        let fraction = (time - self.time) / (1.0 - self.time);
        self.start_center = (1.0 - fraction) * self.start_center + fraction * self.center;
        self.start_angle = (1.0 - fraction) * self.start_angle + fraction * self.angle;
        self.time = time;
    }

    /// The same sweep with a start angle within the first turn.
    pub(super) fn within_one_turn(mut self) -> Self {
        const TURN: f32 = 2.0 * std::f32::consts::PI;
        let turns = TURN * (self.start_angle / TURN).floor();
        self.start_angle -= turns;
        self.angle -= turns;
        self
    }
}
