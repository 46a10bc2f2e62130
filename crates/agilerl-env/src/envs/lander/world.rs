//! A rigid-body world of the lander's size: a hull, two legs on hinges, and a ground of eleven edges.
//!
//! **This solver is an altered version of Box2D 2.3** (as shipped in pybox2d 2.3.10): rewritten in Rust, cut down to
//! the needs of the lander, with the same arithmetic in the same order, so that the same bits come out. That holds for
//! this file and for those beside it that say so. The notice of the original:
//!
//! > Copyright (c) 2006-2011 Erin Catto <http://www.box2d.org>
//! >
//! > This software is provided 'as-is', without any express or implied warranty.  In no event will the authors be
//! > held liable for any damages arising from the use of this software.
//! > Permission is granted to anyone to use this software for any purpose, including commercial applications, and to
//! > alter it and redistribute it freely, subject to the following restrictions:
//! > 1. The origin of this software must not be misrepresented; you must not claim that you wrote the original
//! >    software. If you use this software in a product, an acknowledgment in the product documentation would be
//! >    appreciated but is not required.
//! > 2. Altered source versions must be plainly marked as such, and must not be misrepresented as being the original
//! >    software.
//! > 3. This notice may not be removed or altered from any source distribution.
//!
//! Parts that cannot change a bit here are left out: the ground's mass and motion (it has none), restitution,
//! damping, sensors and filters, contacts between bodies (Gymnasium masks them), the tree of the broad phase (its
//! pairs are sorted anyway), and the scaling of impulses for a time step that varies.

use serde::{Deserialize, Serialize};

use super::body::{Body, Pose, Velocity};
use super::contact::{Change, Contact, ContactStep, Contacts};
use super::joint::{Joint, JointStep};
use super::shape::{Edge, LINEAR_SLOP, NUM_EDGES};
use super::vector::{Vec2, min};

/// Seconds that a step lasts.
pub(super) const STEP: f32 = 1.0 / 50.0;
pub(super) const VELOCITY_ITERATIONS: usize = 180;
const POSITION_ITERATIONS: usize = 60;

/// Numbers of the bodies, in the order of their creation. Joint `i` holds leg `i`, which is body `i + 1`.
pub(super) const HULL: usize = 0;
const LEGS: [usize; 2] = [1, 2];

/// The lander and its ground.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct World {
    /// Downwards if negative.
    pub(super) gravity: f32,
    pub(super) edges: [Edge; NUM_EDGES],
    pub(super) bodies: [Body; 3],
    pub(super) joints: [Joint; 2],
    /// Oldest first; Box2D goes through them from the newest.
    pub(super) contacts: Contacts,
    /// The hull has touched the ground at some time.
    pub(super) crashed: bool,
    /// The last change of a contact of the leg was that one began. A leg may stand on one edge and leave another:
    /// that clears the flag.
    pub(super) legs_down: [bool; 2],
}

/// The order in which an island is solved, which follows from the body that it was found from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Island {
    bodies: [usize; 3],
    joints: [usize; 2],
}

impl Island {
    /// The hull, and the legs in the order in which their joints are solved.
    pub(super) fn hull_and_legs(&self) -> [usize; 3] {
        [HULL, LEGS[self.joints[0]], LEGS[self.joints[1]]]
    }
}

/// The bodies' velocities and poses while a step is solved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Motion {
    pub(super) velocities: [Velocity; 3],
    poses: [Pose; 3],
}

impl World {
    pub(super) fn new(gravity: f32, edges: [Edge; NUM_EDGES], bodies: [Body; 3], joints: [Joint; 2]) -> Self {
        let contacts = Contacts::default();
        Self { gravity, edges, bodies, joints, contacts, crashed: false, legs_down: [false; 2] }
    }

    /// Goes on by one step.
    pub(super) fn step(&mut self) {
        if let Some(island) = self.begin_step() {
            let motion = self.begin_motion();
            if self.touches() {
                self.solve_with_contacts(&island, motion);
            } else {
                self.solve_in_flight(&island, motion);
            }
        }
        self.end_step();
    }

    /// Updates all contacts and returns the island to be solved; `None` if all bodies sleep.
    pub(super) fn begin_step(&mut self) -> Option<Island> {
        self.find_new_contacts();
        self.update_contacts();
        self.island()
    }

    /// Continuous collision, and the end of the forces.
    pub(super) fn end_step(&mut self) {
        self.find_new_contacts();
        self.solve_impacts();
        for body in &mut self.bodies {
            body.force = Vec2::ZERO;
            body.torque = 0.0;
        }
    }

    /// Pairs every body whose box has moved with the edges that its box overlaps now.
    pub(super) fn find_new_contacts(&mut self) {
        if !self.bodies.iter().any(|body| body.bounds_moved) {
            return;
        }
        for (e, edge) in self.edges.iter().enumerate() {
            for (b, body) in self.bodies.iter_mut().enumerate() {
                if body.bounds_moved
                    && edge.bounds.overlaps(body.bounds)
                    && !self.contacts.iter().any(|contact| (contact.edge, contact.body) == (e, b))
                {
                    body.wake();
                    self.contacts.push(Contact::new(e, b, (edge.friction * body.friction).sqrt()));
                }
            }
        }
        for body in &mut self.bodies {
            body.bounds_moved = false;
        }
    }

    /// Looks at every contact of an awake body again, and drops it if the boxes have parted.
    fn update_contacts(&mut self) {
        for i in (0..self.contacts.len()).rev() {
            let Contact { edge, body, touching, .. } = self.contacts[i];
            if !self.bodies[body].awake {
                continue;
            }
            if self.edges[edge].bounds.overlaps(self.bodies[body].bounds) {
                self.update_contact(i);
            } else {
                if touching {
                    self.note(body, Change::End);
                }
                self.contacts.remove(i);
            }
        }
    }

    /// Looks at one contact again.
    pub(super) fn update_contact(&mut self, i: usize) {
        let contact = &mut self.contacts[i];
        let body = contact.body;
        let change = contact.update(&self.edges[contact.edge], &mut self.bodies[body]);
        self.note(body, change);
    }

    /// Records the changes that Gymnasium's contact listener records.
    fn note(&mut self, body: usize, change: Change) {
        match (change, body) {
            (Change::None, _) | (Change::End, HULL) => {}
            (Change::Begin, HULL) => self.crashed = true,
            (Change::Begin, leg) => self.legs_down[leg - 1] = true,
            (Change::End, leg) => self.legs_down[leg - 1] = false,
        }
    }

    /// Everything hangs together by the joints: all bodies are solved if one is awake. Box2D searches from the
    /// newest awake body, depth first, over the newest joints first.
    fn island(&self) -> Option<Island> {
        let [leg0, leg1] = LEGS;
        if self.bodies[leg1].awake {
            Some(Island { bodies: [leg1, HULL, leg0], joints: [1, 0] })
        } else if self.bodies[leg0].awake {
            Some(Island { bodies: [leg0, HULL, leg1], joints: [0, 1] })
        } else if self.bodies[HULL].awake {
            Some(Island { bodies: [HULL, leg0, leg1], joints: [1, 0] })
        } else {
            None
        }
    }

    /// Wakes all bodies and gives them the velocities that the forces make.
    pub(super) fn begin_motion(&mut self) -> Motion {
        let mut velocities = [Velocity::default(); 3];
        for (body, velocity) in self.bodies.iter_mut().zip(&mut velocities) {
            body.wake();
            body.sweep.start_center = body.sweep.center;
            body.sweep.start_angle = body.sweep.angle;
            *velocity = body.velocity;
            let gravity = Vec2::new(0.0, self.gravity);
            velocity.linear += STEP * (gravity + body.inverse_mass * body.force);
            velocity.angular += STEP * body.inverse_inertia * body.torque;
        }
        let [hull, leg0, leg1] = &self.bodies;
        Motion { velocities, poses: [hull, leg0, leg1].map(|body| body.sweep.end()) }
    }

    /// Whether any contact touches.
    pub(super) fn touches(&self) -> bool {
        self.contacts.iter().any(|contact| contact.touching)
    }

    fn solve_in_flight(&mut self, island: &Island, mut motion: Motion) {
        let mut joints = self.begin_joints(island, &mut motion);
        let [first, second] = &mut joints;
        // Locals, so that they stay in registers: this loop is most of the time that a step takes.
        let mut hull = motion.velocities[HULL];
        let [mut first_leg, mut second_leg] = island.joints.map(|j| motion.velocities[LEGS[j]]);
        for _ in 0..VELOCITY_ITERATIONS {
            first.solve_velocity(&mut hull, &mut first_leg);
            second.solve_velocity(&mut hull, &mut second_leg);
        }
        motion.velocities[HULL] = hull;
        motion.velocities[LEGS[island.joints[0]]] = first_leg;
        motion.velocities[LEGS[island.joints[1]]] = second_leg;
        self.end_motion(island, motion, &joints, &[]);
    }

    #[inline(never)] // keeps the room for contacts out of the frame of a step in flight
    fn solve_with_contacts(&mut self, island: &Island, mut motion: Motion) {
        let mut room = [const { None }; Contacts::CAPACITY];
        let mut count = 0;
        self.begin_contacts(island, &mut motion, |contact| {
            room[count] = Some(contact);
            count += 1;
        });
        let contacts = &mut room[..count];
        let mut joints = self.begin_joints(island, &mut motion);
        let velocities = &mut motion.velocities;
        for _ in 0..VELOCITY_ITERATIONS {
            for (&j, joint) in island.joints.iter().zip(&mut joints) {
                let [hull, leg] = hull_and_leg(velocities, j);
                joint.solve_velocity(hull, leg);
            }
            for contact in contacts.iter_mut().flatten() {
                contact.solve_velocity(&mut velocities[contact.body]);
            }
        }
        self.end_motion(island, motion, &joints, contacts);
    }

    /// Prepares the contacts that touch, in the island's order, and gives the bodies the impulses of the last step.
    /// Contacts come before joints.
    pub(super) fn begin_contacts(&self, island: &Island, motion: &mut Motion, mut keep: impl FnMut(ContactStep)) {
        for body in island.bodies {
            for (i, contact) in self.contacts.iter().enumerate().rev() {
                if contact.body == body && contact.touching && contact.enabled {
                    let mut step = ContactStep::new(i, contact, &self.bodies[body], true);
                    step.begin(motion.poses[body]);
                    step.warm_start(&mut motion.velocities[body]);
                    keep(step);
                }
            }
        }
    }

    /// Prepares the joints, in the island's order, and gives the bodies the impulses of the last step.
    pub(super) fn begin_joints(&mut self, island: &Island, motion: &mut Motion) -> [JointStep; 2] {
        island.joints.map(|j| {
            let bodies = [&self.bodies[HULL], &self.bodies[LEGS[j]]];
            self.joints[j].begin(bodies, hull_and_leg(&mut motion.velocities, j))
        })
    }

    /// From the velocities to where the bodies are at the end of the step, without continuous collision.
    pub(super) fn end_motion(
        &mut self,
        island: &Island,
        motion: Motion,
        joints: &[JointStep; 2],
        contacts: &[Option<ContactStep>],
    ) {
        for contact in contacts.iter().flatten() {
            contact.end(&mut self.contacts[contact.contact]);
        }
        for (&j, step) in island.joints.iter().zip(joints) {
            self.joints[j].end(step);
        }

        let Motion { mut velocities, mut poses } = motion;
        for (pose, velocity) in poses.iter_mut().zip(&mut velocities) {
            pose.integrate(velocity, STEP);
        }
        let held = (0..POSITION_ITERATIONS).any(|_| {
            let mut deepest = 0.0;
            for contact in contacts.iter().flatten() {
                deepest = min(deepest, contact.solve_position(&mut poses[contact.body], 0.2));
            }
            let joints_hold = self.solve_joint_positions(island, &mut poses);
            deepest >= -3.0 * LINEAR_SLOP && joints_hold
        });

        for ((body, pose), velocity) in self.bodies.iter_mut().zip(poses).zip(velocities) {
            body.move_to(pose, velocity);
        }
        self.let_sleep(held);
        for body in &mut self.bodies {
            body.update_bounds();
        }
    }

    /// One position iteration of both joints; returns whether both held well enough before.
    fn solve_joint_positions(&self, island: &Island, poses: &mut [Pose; 3]) -> bool {
        let hold = island.joints.map(|j| {
            self.joints[j].solve_position([&self.bodies[HULL], &self.bodies[LEGS[j]]], hull_and_leg(poses, j))
        });
        hold[0] && hold[1]
    }

    /// All bodies fall asleep together when none has moved for half a second, and the positions `held`.
    fn let_sleep(&mut self, held: bool) {
        const STILL: f32 = 0.01;
        const STILL_SPIN: f32 = 2.0 / 180.0 * std::f32::consts::PI;
        const SECONDS: f32 = 0.5;
        let mut shortest = f32::MAX;
        for body in &mut self.bodies {
            let Velocity { linear, angular } = body.velocity;
            if angular * angular > STILL_SPIN * STILL_SPIN || linear.length_squared() > STILL * STILL {
                body.still_for = 0.0;
            } else {
                body.still_for += STEP;
            }
            shortest = min(shortest, body.still_for);
        }
        if shortest >= SECONDS && held {
            for body in &mut self.bodies {
                body.fall_asleep();
            }
        }
    }
}

/// The hull's entry and that of leg `j`.
#[inline]
fn hull_and_leg<T>(values: &mut [T; 3], j: usize) -> [&mut T; 2] {
    let [hull, leg0, leg1] = values;
    [hull, if j == 0 { leg0 } else { leg1 }]
}
