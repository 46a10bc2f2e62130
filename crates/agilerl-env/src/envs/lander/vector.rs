//! Plane vectors, rotations and rigid transforms, with Box2D's order of operations.
//!
//! Part of the altered Box2D 2.3 whose notice stands in `world.rs`.

use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

use super::trig::sin_cos;

/// A vector in the plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Vec2 {
    pub(super) x: f32,
    pub(super) y: f32,
}

impl Vec2 {
    pub(super) const ZERO: Self = Self { x: 0.0, y: 0.0 };

    #[inline]
    pub(super) const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    #[inline]
    pub(super) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    /// Third component of the cross product.
    #[inline]
    pub(super) fn cross(self, other: Self) -> f32 {
        self.x * other.y - self.y * other.x
    }

    /// A quarter turn clockwise: `self x z`.
    #[inline]
    pub(super) fn right(self) -> Self {
        Self::new(self.y, -self.x)
    }

    /// A quarter turn anticlockwise, scaled: `spin z x self`, the velocity of a point that turns with `spin`.
    #[inline]
    pub(super) fn turned_by(self, spin: f32) -> Self {
        Self::new(-spin * self.y, spin * self.x)
    }

    #[inline]
    pub(super) fn length_squared(self) -> f32 {
        self.dot(self)
    }

    #[inline]
    pub(super) fn length(self) -> f32 {
        self.length_squared().sqrt()
    }

    /// The unit vector of this direction; a vector of nearly no length stays as it is.
    #[inline]
    pub(super) fn normalized(self) -> Self {
        let length = self.length();
        if length < f32::EPSILON { self } else { (1.0 / length) * self }
    }

    #[inline]
    pub(super) fn min(self, other: Self) -> Self {
        Self::new(min(self.x, other.x), min(self.y, other.y))
    }

    #[inline]
    pub(super) fn max(self, other: Self) -> Self {
        Self::new(max(self.x, other.x), max(self.y, other.y))
    }
}

/// The smaller number, the second one if they compare equal, as `minss` and Box2D return it.
#[inline(always)]
pub(super) fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The larger number, the second one if they compare equal.
#[inline(always)]
pub(super) fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline(always)]
pub(super) fn clamp(value: f32, low: f32, high: f32) -> f32 {
    max(low, min(value, high))
}

impl Add for Vec2 {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Vec2 {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl Neg for Vec2 {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self::new(-self.x, -self.y)
    }
}

impl Mul<Vec2> for f32 {
    type Output = Vec2;
    #[inline]
    fn mul(self, vector: Vec2) -> Vec2 {
        Vec2::new(self * vector.x, self * vector.y)
    }
}

impl AddAssign for Vec2 {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Vec2 {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

/// A rotation by an angle, kept as its sine and cosine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Rotation {
    sin: f32,
    cos: f32,
}

impl Rotation {
    #[inline]
    pub(super) fn new(angle: f32) -> Self {
        let (sin, cos) = sin_cos(angle);
        Self { sin, cos }
    }

    #[inline]
    pub(super) fn apply(self, v: Vec2) -> Vec2 {
        Vec2::new(self.cos * v.x - self.sin * v.y, self.sin * v.x + self.cos * v.y)
    }

    #[inline]
    pub(super) fn undo(self, v: Vec2) -> Vec2 {
        Vec2::new(self.cos * v.x + self.sin * v.y, -self.sin * v.x + self.cos * v.y)
    }
}

/// Where a body's frame lies in the world: rotated first, then moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Transform {
    pub(super) position: Vec2,
    pub(super) rotation: Rotation,
}

impl Transform {
    /// The frame of a body whose centre of mass, `local_center` in that frame, lies at `center`.
    #[inline]
    pub(super) fn around(center: Vec2, angle: f32, local_center: Vec2) -> Self {
        let rotation = Rotation::new(angle);
        Self { position: center - rotation.apply(local_center), rotation }
    }

    #[inline]
    pub(super) fn apply(self, v: Vec2) -> Vec2 {
        self.rotation.apply(v) + self.position
    }

    #[inline]
    pub(super) fn undo(self, v: Vec2) -> Vec2 {
        self.rotation.undo(v - self.position)
    }
}
