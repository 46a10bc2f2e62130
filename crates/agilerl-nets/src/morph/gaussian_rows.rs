//! Gaussian rows that are the same bits on every processor.

use std::f32::consts::TAU;
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, LN_2};

/// Returns 256 rows of independent numbers with mean 0 and variance 1, the same in every call: SplitMix64, then the
/// transform of Box and Muller.
pub(crate) fn gaussian_rows(width: usize) -> Vec<f32> {
    const ROWS: usize = 256;
    let uniform = |i: usize| {
        let mut x = (1 + i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // Above zero, because of the logarithm.
        (((x ^ (x >> 31)) >> 40) + 1) as f32 / (1 << 24) as f32
    };
    let normal = |i| (-2.0 * ln(uniform(2 * i))).sqrt() * cos(TAU * uniform(2 * i + 1));
    (0..ROWS * width).map(normal).collect()
}

/// Returns the natural logarithm of a positive normal number, within 0.82 units in the last place: S. Nagy's `logf` of ARM's
/// Optimized Routines (MIT), which is also glibc's.
fn ln(x: f32) -> f32 {
    /// Near the centre of each sixteenth of the mantissas, from 0.7 to 1.4: one over a number, and the number's logarithm.
    const TABLE: [[u64; 2]; 16] = [
        [0x3ff6_61ec_79f8_f3be, 0xbfd5_7bf7_808c_aade],
        [0x3ff5_71ed_4aaf_883d, 0xbfd2_bef0_a7c0_6ddb],
        [0x3ff4_9539_f0f0_10b0, 0xbfd0_1eae_7f51_3a67],
        [0x3ff3_c995_b0b8_0385, 0xbfcb_31d8_a682_24e9],
        [0x3ff3_0d19_0c88_64a5, 0xbfc6_574f_0ac0_7758],
        [0x3ff2_5e22_7b0b_8ea0, 0xbfc1_aa2b_c79c_8100],
        [0x3ff1_bb4a_4a1a_343f, 0xbfba_4e76_ce8c_0e5e],
        [0x3ff1_2358_f08a_e5ba, 0xbfb1_973c_5a61_1ccc],
        [0x3ff0_953f_4199_00a7, 0xbfa2_52f4_38e1_0c1e],
        [0x3ff0_0000_0000_0000, 0x0000_0000_0000_0000],
        [0x3fee_608c_fd9a_47ac, 0x3faa_a5aa_5df2_5984],
        [0x3fec_a4b3_1f02_6aa0, 0x3fbc_5e53_aa36_2eb4],
        [0x3feb_2036_576a_fce6, 0x3fc5_26e5_7720_db08],
        [0x3fe9_c2d1_63a1_aa2d, 0x3fcb_c286_0d22_4770],
        [0x3fe8_86e6_0378_41ed, 0x3fd1_058b_c8a0_7ee1],
        [0x3fe7_67dc_f553_4862, 0x3fd4_0430_57b6_ee09],
    ];
    const SERIES: [u64; 3] = [0xbfd0_0ea3_48b8_8334, 0x3fd5_575b_0be0_0b6a, 0xbfdf_fffe_f20a_4123];
    // x = 2^k z, with z in one of the sixteenths.
    let offset = x.to_bits().wrapping_sub(0x3f33_0000);
    let k = f64::from(offset.cast_signed() >> 23);
    let z = f64::from(f32::from_bits(x.to_bits().wrapping_sub(offset & 0xff80_0000)));
    let [inverse, logarithm] = TABLE[(offset >> 19) as usize % 16].map(f64::from_bits);
    let [a, b, c] = SERIES.map(f64::from_bits);
    // ln x = k ln 2 + ln (1 / inverse) + ln (1 + r)
    let r = z * inverse - 1.0;
    let square = r * r;
    ((a * square + (b * r + c)) * square + (logarithm + k * LN_2 + r)) as f32
}

/// Returns the cosine of a number from 0 to 120, within 0.57 units in the last place: W. Dijkstra's `cosf` of ARM's Optimized
/// Routines (MIT), which is also glibc's.
fn cos(x: f32) -> f32 {
    const COSINE: [u64; 4] =
        [0xbfdf_ffff_fd0c_621c, 0x3fa5_5553_e106_8f19, 0xbf56_c087_e89a_359d, 0x3ef9_9343_027b_f8c3];
    const SINE: [u64; 3] = [0xbfc5_5554_5995_a603, 0x3f81_1076_0523_0bc4, 0xbf29_94eb_3774_cf24];
    let x = f64::from(x);
    // The nearest multiple of pi / 2, rounded by the 24 bits behind the point.
    let quarters = ((x * FRAC_2_PI * f64::from(1 << 24)) as i32 + (1 << 23)) >> 24;
    let x = x - f64::from(quarters) * FRAC_PI_2;
    let square = x * x;
    let cosine = || {
        let [a, b, c, d] = COSINE.map(f64::from_bits);
        let fourth = square * square;
        1.0 + square * a + fourth * b + fourth * square * (c + square * d)
    };
    let sine = || {
        let [a, b, c] = SINE.map(f64::from_bits);
        let cube = x * square;
        x + cube * a + cube * square * (b + square * c)
    };
    let value = match quarters & 3 {
        0 => cosine(),
        1 => -sine(),
        2 => -cosine(),
        _ => sine(),
    };
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaussian_numbers_have_mean_0_and_variance_1() {
        let rows = gaussian_rows(4);
        assert_eq!(rows.len(), 4 * 256);
        let mean = rows.iter().sum::<f32>() / 1024.0;
        let variance = rows.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 1024.0;
        // Of a thousand numbers both are off by less than 0.1 in 999 of 1000 cases, and these are always the same.
        assert!(mean.abs() < 0.1 && (variance - 1.0).abs() < 0.1, "mean {mean}, variance {variance}");
    }

    /// To the last bit, on every processor.
    #[test]
    fn gaussian_numbers_are_pinned() {
        let mix = |hash: u32, x: &f32| (hash ^ x.to_bits()).wrapping_mul(0x0100_0193);
        let hash = gaussian_rows(100).iter().fold(0, mix);
        assert_eq!(hash, 0x70df_41b1, "{hash:#x}: results change");
    }

    /// For every tenth uniform number.
    #[test]
    fn logarithm_and_cosine_are_within_their_units_of_the_right_result() {
        let check = |name: &str, x: f32, found: f32, right: f64, most: f64| {
            let nearest = right as f32;
            let unit = f64::from(nearest.abs().next_up() - nearest.abs());
            let error = (f64::from(found) - right).abs() / unit;
            assert!(error <= most, "{name}({x}) is {found}, {error} units from {right}");
        };
        for i in (1..=1 << 24).step_by(10) {
            let x = i as f32 / (1 << 24) as f32;
            check("ln", x, ln(x), f64::from(x).ln(), 0.82);
            check("cos", TAU * x, cos(TAU * x), f64::from(TAU * x).cos(), 0.57);
        }
    }
}
