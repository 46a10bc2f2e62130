//! Continuous collision: bodies that would have passed into the ground within the step are stopped at the moment of
//! impact, one after the other, and take the rest of the step from there.
//!
//! Part of the altered Box2D 2.3 whose notice stands in `world.rs`.

use super::body::Body;
use super::contact::ContactStep;
use super::impact::time_of_impact;
use super::shape::{LINEAR_SLOP, NUM_EDGES};
use super::vector::{Vec2, min};
use super::world::{STEP, VELOCITY_ITERATIONS, World};

impl World {
    /// Finds the earliest impact and solves it, until there is none left within the step.
    pub(super) fn solve_impacts(&mut self) {
        for body in &mut self.bodies {
            body.sweep.time = 0.0;
        }
        for contact in self.contacts.iter_mut() {
            contact.impact = None;
            contact.substeps = 0;
        }
        // Box2D moves the time of the ground's sweep as well, although the ground stays where it is, and takes every
        // body to at least that time.
        let mut ground_time = 0.0;
        while let Some((contact, time)) = self.first_impact(&mut ground_time) {
            self.solve_impact(contact, time, &mut ground_time);
        }
    }

    /// The contact that touches first, and the fraction of the step at which it does.
    fn first_impact(&mut self, ground_time: &mut f32) -> Option<(usize, f32)> {
        const MAX_SUBSTEPS: usize = 8;
        const STEP_END: f32 = 1.0 - 10.0 * f32::EPSILON;
        let (mut first, mut earliest) = (None, 1.0);
        for (i, contact) in self.contacts.iter_mut().enumerate().rev() {
            if !contact.enabled || contact.substeps > MAX_SUBSTEPS {
                continue;
            }
            let time = match contact.impact {
                Some(known) => known,
                None => {
                    let body = &mut self.bodies[contact.body];
                    if !body.awake {
                        continue;
                    }
                    let time = impact_in_step(&self.edges[contact.edge].ends, body, ground_time);
                    contact.impact = Some(time);
                    time
                }
            };
            if time < earliest {
                (first, earliest) = (Some(i), time);
            }
        }
        first.map(|contact| (contact, earliest)).filter(|_| earliest <= STEP_END)
    }

    /// Stops the contact's body at the impact and lets it take the rest of the step from there.
    fn solve_impact(&mut self, first: usize, time: f32, ground_time: &mut f32) {
        let b = self.contacts[first].body;
        let before = (self.bodies[b].sweep, *ground_time);
        self.bodies[b].advance(time);
        *ground_time = time;
        self.update_contact(first);
        self.contacts[first].impact = None;
        self.contacts[first].substeps += 1;
        if !self.contacts[first].touching {
            self.contacts[first].enabled = false;
            (self.bodies[b].sweep, *ground_time) = before;
            self.bodies[b].update_transform();
            return;
        }
        self.bodies[b].wake();

        let mut room = [const { None }; NUM_EDGES];
        room[0] = Some(ContactStep::new(first, &self.contacts[first], &self.bodies[b], false));
        let mut count = 1;
        for i in (0..self.contacts.len()).rev() {
            if self.contacts[i].body == b && i != first {
                self.update_contact(i);
                if self.contacts[i].touching {
                    room[count] = Some(ContactStep::new(i, &self.contacts[i], &self.bodies[b], false));
                    count += 1;
                }
            }
        }
        solve_body(&mut self.bodies[b], &mut room[..count], (1.0 - time) * STEP);

        for contact in self.contacts.iter_mut().filter(|contact| contact.body == b) {
            contact.impact = None;
        }
        self.find_new_contacts();
    }
}

/// Fraction of the step at which a body touches an edge, 1 if it does not.
fn impact_in_step(edge: &[Vec2; 2], body: &mut Body, ground_time: &mut f32) -> f32 {
    if *ground_time < body.sweep.time {
        *ground_time = body.sweep.time;
    } else if body.sweep.time < *ground_time {
        body.sweep.advance(*ground_time);
    }
    let start = *ground_time;
    match time_of_impact(edge, body.polygon.corners(), &body.sweep) {
        Some(fraction) => min(start + (1.0 - start) * fraction, 1.0),
        None => 1.0,
    }
}

/// One body and its contacts, for the rest of a step. Joints are not looked at.
fn solve_body(body: &mut Body, contacts: &mut [Option<ContactStep>], time: f32) {
    const POSITION_ITERATIONS: usize = 20;
    let mut pose = body.sweep.end();
    for _ in 0..POSITION_ITERATIONS {
        let mut deepest = 0.0;
        for contact in contacts.iter().flatten() {
            deepest = min(deepest, contact.solve_position(&mut pose, 0.75));
        }
        if deepest >= -1.5 * LINEAR_SLOP {
            break;
        }
    }
    body.sweep.start_center = pose.center;
    body.sweep.start_angle = pose.angle;

    let mut velocity = body.velocity;
    for contact in contacts.iter_mut().flatten() {
        contact.begin(pose);
    }
    for _ in 0..VELOCITY_ITERATIONS {
        let mut changed = false;
        for contact in contacts.iter_mut().flatten() {
            let before = (velocity.bits(), contact.impulse_bits());
            contact.solve_velocity(&mut velocity);
            changed |= before != (velocity.bits(), contact.impulse_bits());
        }
        // Without joints this is soon: an iteration that changes no bit is followed by none that does.
        if !changed {
            break;
        }
    }
    pose.integrate(&mut velocity, time);
    body.move_to(pose, velocity);
    body.update_bounds();
}
