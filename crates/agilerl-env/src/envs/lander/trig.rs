//! Sine and cosine of single precision, the same on every platform.
//!
//! Box2D calls `sinf` and `cosf` of glibc, which are not correctly rounded; a landing takes another course if one of
//! them differs in its last bit. This is their algorithm: reduction to an eighth of a turn, then a polynomial, both in
//! double precision. Coefficients and tables are those of ARM's optimized-routines (MIT licence).

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// `(sin, cos)` of an angle in radians.
#[inline]
pub(super) fn sin_cos(angle: f32) -> (f32, f32) {
    let (quadrant, x) = if angle.abs() < 120.0 { reduce(angle) } else { reduce_large(angle) };
    let (sin, cos) = (sin_polynomial(x) as f32, cos_polynomial(x) as f32);
    match quadrant & 3 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// Returns the nearest multiple of a quarter turn, and the rest.
#[inline]
fn reduce(angle: f32) -> (i32, f64) {
    const SCALE: f64 = (1 << 24) as f64;
    let x = f64::from(angle);
    // Rounds to the nearest integer by shifting out the fraction.
    let quadrant = ((x * (FRAC_2_PI * SCALE)) as i32 + 0x80_0000) >> 24;
    (quadrant, x - f64::from(quadrant) * FRAC_PI_2)
}

/// The same for angles from 120 on (a lander that spins long enough gets there), where a product in double precision would lose the fraction.
#[cold]
fn reduce_large(angle: f32) -> (i32, f64) {
    /// 2/pi in binary, in overlapping windows of 32 bits that start 8 bits apart.
    const TWO_OVER_PI: [u32; 24] = [
        0xa2,
        0xa2f9,
        0xa2_f983,
        0xa2f9_836e,
        0xf983_6e4e,
        0x836e_4e44,
        0x6e4e_4415,
        0x4e44_1529,
        0x4415_29fc,
        0x1529_fc27,
        0x29fc_2757,
        0xfc27_57d1,
        0x2757_d1f5,
        0x57d1_f534,
        0xd1f5_34dd,
        0xf534_ddc0,
        0x34dd_c0db,
        0xddc0_db62,
        0xc0db_6295,
        0xdb62_9599,
        0x6295_993c,
        0x9599_3c43,
        0x993c_4390,
        0x3c43_9041,
    ];
    if !angle.is_finite() {
        return (0, f64::NAN);
    }
    let bits = angle.to_bits();
    let window = &TWO_OVER_PI[((bits >> 26) & 15) as usize..];
    let mantissa = ((bits & 0x00ff_ffff) | 0x0080_0000) << ((bits >> 23) & 7);
    let high = u64::from(mantissa.wrapping_mul(window[0])) << 32;
    let middle = u64::from(mantissa) * u64::from(window[4]);
    let low = (u64::from(mantissa) * u64::from(window[8])) >> 32;
    let product = (high | low).wrapping_add(middle);
    let quadrant = product.wrapping_add(1 << 61) >> 62;
    let rest = product.wrapping_sub(quadrant << 62) as i64;
    let x = rest as f64 * (FRAC_PI_2 / (1_u64 << 62) as f64);
    if bits >> 31 == 0 { (quadrant as i32, x) } else { (-(quadrant as i32), -x) }
}

#[inline]
fn sin_polynomial(x: f64) -> f64 {
    const S1: f64 = f64::from_bits(0xbfc5_5554_5995_a603); // -0x1.555545995a603p-3
    const S2: f64 = f64::from_bits(0x3f81_1076_0523_0bc4); //  0x1.1107605230bc4p-7
    const S3: f64 = f64::from_bits(0xbf29_94eb_3774_cf24); // -0x1.994eb3774cf24p-13
    let x2 = x * x;
    let x3 = x * x2;
    (x + x3 * S1) + x3 * x2 * (S2 + x2 * S3)
}

#[inline]
fn cos_polynomial(x: f64) -> f64 {
    const C1: f64 = f64::from_bits(0xbfdf_ffff_fd0c_621c); // -0x1.ffffffd0c621cp-2
    const C2: f64 = f64::from_bits(0x3fa5_5553_e106_8f19); //  0x1.55553e1068f19p-5
    const C3: f64 = f64::from_bits(0xbf56_c087_e89a_359d); // -0x1.6c087e89a359dp-10
    const C4: f64 = f64::from_bits(0x3ef9_9343_027b_f8c3); //  0x1.99343027bf8c3p-16
    let x2 = x * x;
    let x4 = x2 * x2;
    ((1.0 + x2 * C1) + x4 * C2) + x4 * x2 * (C3 + x2 * C4)
}

#[cfg(test)]
mod tests {
    use super::sin_cos;

    /// Literals from glibc 2.36: where its last bit is not the correctly rounded one, and where the reduction changes.
    #[test]
    fn sines_and_cosines_are_those_of_glibc() {
        for (angle, sin, cos) in [
            (0.0, 0.0, 1.0),
            (1e-5, 1e-5, 1.0),
            (0.05, 0.04997917, 0.99875027),
            (5.0151095, -0.954529, 0.29811817),
            (5.81051, -0.45526972, 0.89035356),
            (6.827816, 0.5181022, 0.85531867),
            (7.709464, 0.9895755, 0.14401504),
            (14.494759, 0.9367425, -0.35001928),
            (119.9, 0.4964294, 0.8680771),
            (120.0, 0.58061117, 0.81418097),
            (1234.5, 0.14539565, -0.98937356),
            (7e8, 0.85858095, 0.512678),
            (3.4e38, -0.24408488, 0.96975386),
        ] {
            assert_eq!(sin_cos(angle), (sin, cos), "{angle}");
            assert_eq!(sin_cos(-angle), (-sin, cos), "-{angle}");
        }
    }
}
