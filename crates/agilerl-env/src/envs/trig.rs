//! Sine and cosine of double precision that a loop over many angles can compute side by side.
//!
//! The kernels are those of fdlibm (and of FreeBSD's, musl's and the `libm` crate's), after a reduction without branches:
//! the same instructions for every angle, so that the compiler may put several into one vector, and the same bits on
//! every processor whether it does or not.
//!
//! The coefficients are fdlibm's: Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at
//! SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely
//! granted, provided that this notice is preserved.

#![expect(clippy::excessive_precision, reason = "the digits are fdlibm's")]

use std::f64::consts::FRAC_2_PI;

/// Returns `(sin, cos)` of an angle in radians, each within one unit in the last place up to an angle of a million.
#[inline(always)]
pub(crate) fn sin_cos(angle: f64) -> (f64, f64) {
    let (quadrant, x, rest) = reduce(angle);
    let (sin, cos) = (sin_kernel(x, rest), cos_kernel(x, rest));
    // All bits where an odd number of quarter turns was taken off, else none.
    let odd = 0_u64.wrapping_sub(quadrant & 1);
    let (sin, cos) = (sin.to_bits(), cos.to_bits());
    let (sin, cos) = ((sin & !odd) | (cos & odd), (cos & !odd) | (sin & odd));
    (f64::from_bits(sin ^ ((quadrant & 2) << 62)), f64::from_bits(cos ^ ((quadrant.wrapping_add(1) & 2) << 62)))
}

/// Returns the sine. The compiler removes the computation of the cosine.
#[inline(always)]
pub(crate) fn sin(angle: f64) -> f64 {
    sin_cos(angle).0
}

/// Returns the cosine.
#[inline(always)]
pub(crate) fn cos(angle: f64) -> f64 {
    sin_cos(angle).1
}

/// Returns the number of quarter turns (only the last two bits are valid) and the rest of the angle, in two parts.
#[inline(always)]
fn reduce(angle: f64) -> (u64, f64, f64) {
    /// Added to a smaller number, it leaves the nearest integer in the last bits.
    const ROUNDER: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
    // A quarter turn: its first 33 bits, the next 33, and the rest.
    const QUARTER_1: f64 = 1.570_796_326_734_125_614_17;
    const QUARTER_2: f64 = 6.077_100_506_303_965_976_60e-11;
    const QUARTER_REST: f64 = 2.022_266_248_795_950_631_54e-21;

    let shifted = angle * FRAC_2_PI + ROUNDER;
    let turns = shifted - ROUNDER;
    let first = angle - turns * QUARTER_1;
    let second = turns * QUARTER_2;
    let x = first - second;
    let rest = turns * QUARTER_REST - ((first - x) - second);
    let reduced = x - rest;
    (shifted.to_bits(), reduced, (x - reduced) - rest)
}

/// Returns the sine of `x + rest`, of at most an eighth of a turn.
#[inline(always)]
fn sin_kernel(x: f64, rest: f64) -> f64 {
    const S1: f64 = -1.666_666_666_666_663_243_48e-01;
    const S2: f64 = 8.333_333_333_322_489_461_24e-03;
    const S3: f64 = -1.984_126_982_985_794_931_34e-04;
    const S4: f64 = 2.755_731_370_707_006_767_89e-06;
    const S5: f64 = -2.505_076_025_340_686_341_95e-08;
    const S6: f64 = 1.589_690_995_211_550_102_21e-10;
    let z = x * x;
    let r = S2 + z * (S3 + z * S4) + z * (z * z) * (S5 + z * S6);
    let v = z * x;
    x - ((z * (0.5 * rest - v * r) - rest) - v * S1)
}

/// Returns the cosine of `x + rest`.
#[inline(always)]
fn cos_kernel(x: f64, rest: f64) -> f64 {
    const C1: f64 = 4.166_666_666_666_660_190_37e-02;
    const C2: f64 = -1.388_888_888_887_410_957_49e-03;
    const C3: f64 = 2.480_158_728_947_672_941_78e-05;
    const C4: f64 = -2.755_731_435_139_066_330_35e-07;
    const C5: f64 = 2.087_572_321_298_174_827_90e-09;
    const C6: f64 = -1.135_964_755_778_819_482_65e-11;
    let z = x * x;
    let zz = z * z;
    let r = z * (C1 + z * (C2 + z * C3)) + zz * zz * (C4 + z * (C5 + z * C6));
    let half = 0.5 * z;
    let w = 1.0 - half;
    w + (((1.0 - w) - half) + (z * r - x * rest))
}

#[cfg(test)]
mod tests {
    use super::{cos, sin, sin_cos};

    /// Distance in units in the last place.
    fn ulps(a: f64, b: f64) -> u64 {
        a.to_bits().abs_diff(b.to_bits())
    }

    #[test]
    fn sines_and_cosines_are_those_of_libm_to_one_unit_in_the_last_place() {
        for i in -400_000..400_000 {
            // To 64 in steps that hit no multiple of a quarter turn on purpose, and to a million.
            for angle in [f64::from(i) * 1.6e-4 + 1e-7, f64::from(i) * 2.5] {
                let (s, c) = sin_cos(angle);
                assert!(ulps(s, libm::sin(angle)) <= 1, "sin({angle}) = {s}");
                assert!(ulps(c, libm::cos(angle)) <= 1, "cos({angle}) = {c}");
            }
        }
    }

    #[test]
    fn a_quarter_turn_is_not_quite_zero() {
        use std::f64::consts::PI;
        assert_eq!((sin(0.0), cos(0.0)), (0.0, 1.0));
        assert_eq!((sin(PI), cos(PI)), (1.2246467991473532e-16, -1.0));
        assert_eq!((sin(-PI / 2.0), cos(-PI / 2.0)), (-1.0, 6.123233995736766e-17));
    }
}
