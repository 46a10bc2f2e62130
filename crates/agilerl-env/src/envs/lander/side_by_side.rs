//! The velocity iterations of sixteen worlds at once.
//!
//! The 180 iterations of one world are a chain in which every operation waits for the one before. Side by side, one
//! world in each place, they fill the processor's vectors instead, and each place computes what it would compute alone:
//! the loops over places below repeat [`JointStep::solve_velocity`] and [`ContactStep::solve_velocity`] with their
//! branches turned into selections. An unused place is full of zeros and stays so.
//!
//! Part of the altered Box2D 2.3 whose notice stands in `world.rs`.

use pulp::{Arch, Simd, WithSimd};

use super::body::Velocity;
use super::contact::{ContactStep, Contacts};
use super::contacts_side_by_side::ContactBlock;
use super::joint::{Impulse, JointStep, Limit};
use super::vector::{Vec2, clamp};
use super::world::{Island, Motion, VELOCITY_ITERATIONS, World};

/// Worlds that are stepped together.
pub(super) const WORLDS: usize = 16;

/// One number of each world.
pub(super) type PerWorld = [f32; WORLDS];

/// Room for the steps of up to sixteen worlds; it holds nothing from one step to the next.
#[derive(Clone, Debug)]
pub(super) struct SideBySide {
    /// The vectors that the processor has.
    arch: Arch,
    velocities: [Velocities; 3],
    joints: [Joints; 2],
    /// One entry for every world that moves.
    steps: Vec<WorldStep>,
    /// The contacts of all worlds, those of one world side by side.
    contacts: Vec<Option<ContactStep>>,
    /// The same contacts while their impulses lie side by side.
    blocks: Vec<ContactBlock>,
}

/// A world's step while its velocities are in one of the places.
#[derive(Clone, Debug)]
struct WorldStep {
    world: usize,
    island: Island,
    motion: Motion,
    joints: [JointStep; 2],
    /// Where in `contacts` its contacts begin and end.
    contacts: (usize, usize),
}

impl SideBySide {
    /// With the vectors of `arch`, which change the speed and no bit.
    pub(super) fn new(arch: Arch) -> Self {
        Self {
            arch,
            velocities: [Velocities::ZERO; 3],
            joints: [Joints::ZERO; 2],
            steps: Vec::with_capacity(WORLDS),
            contacts: Vec::with_capacity(WORLDS * Contacts::CAPACITY),
            blocks: Vec::with_capacity(Contacts::CAPACITY),
        }
    }

    /// Steps up to sixteen worlds: the bits of [`World::step`] of each.
    pub(super) fn step<T>(&mut self, owners: &mut [T], world: impl Fn(&mut T) -> &mut World) {
        debug_assert!(owners.len() <= WORLDS);
        self.steps.clear();
        self.contacts.clear();
        self.blocks.clear();
        for (i, owner) in owners.iter_mut().enumerate() {
            if let Some(step) = self.begin(i, world(owner)) {
                self.steps.push(step);
            }
        }
        self.gather();
        self.solve();
        self.scatter();
        for step in &self.steps {
            let contacts = &self.contacts[step.contacts.0..step.contacts.1];
            world(&mut owners[step.world]).end_motion(&step.island, step.motion, &step.joints, contacts);
        }
        for owner in owners {
            world(owner).end_step();
        }
    }

    fn begin(&mut self, index: usize, world: &mut World) -> Option<WorldStep> {
        let island = world.begin_step()?;
        let mut motion = world.begin_motion();
        let first = self.contacts.len();
        world.begin_contacts(&island, &mut motion, |contact| self.contacts.push(Some(contact)));
        let joints = world.begin_joints(&island, &mut motion);
        Some(WorldStep { world: index, island, motion, joints, contacts: (first, self.contacts.len()) })
    }

    fn gather(&mut self) {
        self.velocities = [Velocities::ZERO; 3];
        self.joints = [Joints::ZERO; 2];
        for (place, step) in self.steps.iter().enumerate() {
            let bodies = step.island.hull_and_legs();
            for (all, body) in self.velocities.iter_mut().zip(bodies) {
                all.set(place, step.motion.velocities[body]);
            }
            for (all, joint) in self.joints.iter_mut().zip(&step.joints) {
                all.set(place, joint);
            }
            for (i, contact) in self.contacts[..step.contacts.1].iter().enumerate().skip(step.contacts.0) {
                let Some(contact) = contact else { continue };
                let body = usize::from(contact.body == bodies[1]) + 2 * usize::from(contact.body == bodies[2]);
                // Contacts of one body follow each other in order. All others have no order: the ground does not
                // move, so that the one cannot tell when the other is solved.
                let room = self.blocks.iter().position(|block| block.has_room(body, place));
                let block = room.unwrap_or(self.blocks.len());
                if room.is_none() {
                    self.blocks.push(ContactBlock::new(body));
                }
                self.blocks[block].set(place, i, contact);
            }
        }
    }

    fn solve(&mut self) {
        let Self { arch, velocities, joints, blocks, .. } = self;
        arch.dispatch(Iterations { velocities, joints, blocks });
    }

    fn scatter(&mut self) {
        for (place, step) in self.steps.iter_mut().enumerate() {
            for (all, body) in self.velocities.iter().zip(step.island.hull_and_legs()) {
                step.motion.velocities[body] = all.get(place);
            }
            for (all, joint) in self.joints.iter().zip(&mut step.joints) {
                all.get(place, joint);
            }
        }
        for block in &self.blocks {
            block.get_all(&mut self.contacts);
        }
    }
}

/// All velocity iterations, to be compiled for the vectors of each kind of processor. Vectors change no bit: no
/// operation is left out, reordered or fused with another.
struct Iterations<'a> {
    velocities: &'a mut [Velocities; 3],
    joints: &'a mut [Joints; 2],
    blocks: &'a mut [ContactBlock],
}

impl WithSimd for Iterations<'_> {
    type Output = ();

    #[inline(always)] // into the function that may use the vectors, as everything that it calls
    fn with_simd<S: Simd>(self, _: S) {
        // Locals: the compiler vectorises the loops over worlds where it knows that no two of these overlap.
        let (mut velocities, mut joints) = (*self.velocities, *self.joints);
        for _ in 0..VELOCITY_ITERATIONS {
            let [hull, first_leg, second_leg] = &mut velocities;
            joints[0].solve_velocity(hull, first_leg);
            joints[1].solve_velocity(hull, second_leg);
            for block in &mut *self.blocks {
                block.solve_velocity(&mut velocities);
            }
        }
        (*self.velocities, *self.joints) = (velocities, joints);
    }
}

/// A body's velocity in every world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Velocities {
    pub(super) x: PerWorld,
    pub(super) y: PerWorld,
    pub(super) spin: PerWorld,
}

impl Velocities {
    const ZERO: Self = Self { x: ZERO, y: ZERO, spin: ZERO };

    fn set(&mut self, place: usize, velocity: Velocity) {
        self.x[place] = velocity.linear.x;
        self.y[place] = velocity.linear.y;
        self.spin[place] = velocity.angular;
    }

    fn get(&self, place: usize) -> Velocity {
        Velocity { linear: Vec2::new(self.x[place], self.y[place]), angular: self.spin[place] }
    }
}

/// A joint in every world.
#[derive(Clone, Copy, Debug)]
struct Joints {
    /// Inverse mass and inertia of hull and leg, and the motor's strength: the same in every world.
    hull: [f32; 2],
    leg: [f32; 2],
    motor_mass: f32,
    max_motor_impulse: f32,
    motor_speed: PerWorld,
    hull_arm: [PerWorld; 2],
    leg_arm: [PerWorld; 2],
    xx: PerWorld,
    xy: PerWorld,
    yy: PerWorld,
    xz: PerWorld,
    yz: PerWorld,
    zz: PerWorld,
    inverse_det2: PerWorld,
    inverse_det3: PerWorld,
    /// The way that the limit's impulse may push: 1 at the lower limit, -1 at the upper one. NaN between the limits,
    /// which no comparison lets pass: there is no limit to push.
    limit_way: PerWorld,
    impulse_x: PerWorld,
    impulse_y: PerWorld,
    impulse_limit: PerWorld,
    impulse_motor: PerWorld,
}

impl Joints {
    const ZERO: Self = Self {
        hull: [0.0; 2],
        leg: [0.0; 2],
        motor_mass: 0.0,
        max_motor_impulse: 0.0,
        motor_speed: ZERO,
        hull_arm: [ZERO; 2],
        leg_arm: [ZERO; 2],
        xx: ZERO,
        xy: ZERO,
        yy: ZERO,
        xz: ZERO,
        yz: ZERO,
        zz: ZERO,
        inverse_det2: ZERO,
        inverse_det3: ZERO,
        limit_way: ZERO,
        impulse_x: ZERO,
        impulse_y: ZERO,
        impulse_limit: ZERO,
        impulse_motor: ZERO,
    };

    fn set(&mut self, place: usize, joint: &JointStep) {
        let [hull, leg] = joint.masses;
        self.hull = [hull.mass, hull.inertia];
        self.leg = [leg.mass, leg.inertia];
        self.motor_mass = joint.motor_mass;
        self.max_motor_impulse = joint.max_motor_impulse;
        self.motor_speed[place] = joint.motor_speed;
        for (arm, value) in [(&mut self.hull_arm, joint.arms[0]), (&mut self.leg_arm, joint.arms[1])] {
            arm[0][place] = value.x;
            arm[1][place] = value.y;
        }
        self.xx[place] = joint.xx;
        self.xy[place] = joint.xy;
        self.yy[place] = joint.yy;
        self.xz[place] = joint.xz;
        self.yz[place] = joint.yz;
        self.zz[place] = joint.zz;
        self.inverse_det2[place] = joint.inverse_det2;
        self.inverse_det3[place] = joint.inverse_det3;
        self.limit_way[place] = match joint.limit {
            Limit::Inside => f32::NAN,
            Limit::Lower => 1.0,
            Limit::Upper => -1.0,
        };
        self.impulse_x[place] = joint.impulse.linear.x;
        self.impulse_y[place] = joint.impulse.linear.y;
        self.impulse_limit[place] = joint.impulse.limit;
        self.impulse_motor[place] = joint.impulse.motor;
    }

    fn get(&self, place: usize, joint: &mut JointStep) {
        joint.impulse = Impulse {
            linear: Vec2::new(self.impulse_x[place], self.impulse_y[place]),
            limit: self.impulse_limit[place],
            motor: self.impulse_motor[place],
        };
    }

    #[inline(always)]
    fn solve_velocity(&mut self, hull: &mut Velocities, leg: &mut Velocities) {
        let ([hull_mass, hull_inertia], [leg_mass, leg_inertia]) = (self.hull, self.leg);
        for l in 0..WORLDS {
            let (mut hull_spin, mut leg_spin) = (hull.spin[l], leg.spin[l]);

            let error = leg_spin - hull_spin - self.motor_speed[l];
            let old = self.impulse_motor[l];
            let new = clamp(old + -self.motor_mass * error, -self.max_motor_impulse, self.max_motor_impulse);
            let change = new - old;
            self.impulse_motor[l] = new;
            hull_spin -= hull_inertia * change;
            leg_spin += leg_inertia * change;

            let (ax, ay) = (self.hull_arm[0][l], self.hull_arm[1][l]);
            let (bx, by) = (self.leg_arm[0][l], self.leg_arm[1][l]);
            let (xx, xy, yy) = (self.xx[l], self.xy[l], self.yy[l]);
            let (xz, yz, zz) = (self.xz[l], self.yz[l], self.zz[l]);
            let error_x = leg.x[l] + -leg_spin * by - hull.x[l] - -hull_spin * ay;
            let error_y = leg.y[l] + leg_spin * bx - hull.y[l] - hull_spin * ax;
            let error_z = leg_spin - hull_spin;

            // Hinge and limit together.
            let det3 = self.inverse_det3[l];
            let (cx, cy, cz) = (yy * zz - yz * yz, yz * xz - xy * zz, xy * yz - yy * xz);
            let both_x = -(det3 * (error_x * cx + error_y * cy + error_z * cz));
            let (cx, cy, cz) = (error_y * zz - error_z * yz, error_z * xz - error_x * zz, error_x * yz - error_y * xz);
            let both_y = -(det3 * (xx * cx + xy * cy + xz * cz));
            let (cx, cy, cz) = (yy * error_z - yz * error_y, yz * error_x - xy * error_z, xy * error_y - yy * error_x);
            let both_z = -(det3 * (xx * cx + xy * cy + xz * cz));

            // The hinge alone: where the limit would pull, and where there is none.
            let limit = self.impulse_limit[l];
            let (rhs_x, rhs_y) = (-error_x + limit * xz, -error_y + limit * yz);
            let det2 = self.inverse_det2[l];
            let alone_x = det2 * (yy * rhs_x - xy * rhs_y);
            let alone_y = det2 * (xx * rhs_y - xy * rhs_x);

            let total = limit + both_z;
            let pushes = mask(total * self.limit_way[l] >= 0.0);
            let x = select(pushes, both_x, alone_x);
            let y = select(pushes, both_y, alone_y);
            let z = select(pushes, both_z, -limit);
            self.impulse_limit[l] = select(pushes, total, 0.0);
            self.impulse_x[l] += x;
            self.impulse_y[l] += y;

            hull.x[l] -= hull_mass * x;
            hull.y[l] -= hull_mass * y;
            hull.spin[l] = hull_spin - hull_inertia * (ax * y - ay * x + z);
            leg.x[l] += leg_mass * x;
            leg.y[l] += leg_mass * y;
            leg.spin[l] = leg_spin + leg_inertia * (bx * y - by * x + z);
        }
    }
}

pub(super) const ZERO: PerWorld = [0.0; WORLDS];

/// All bits set for true: with an `if` in its place, the compiler branches and no longer vectorises.
#[inline(always)]
pub(super) fn mask(condition: bool) -> u32 {
    u32::from(condition).wrapping_neg()
}

#[inline(always)]
pub(super) fn select(mask: u32, yes: f32, no: f32) -> f32 {
    f32::from_bits((yes.to_bits() & mask) | (no.to_bits() & !mask))
}
