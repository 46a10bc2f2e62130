//! Elementary functions that a compiler can turn into vectors: no branch, no table, no call.
//!
//! They use only additions, multiplications, divisions and comparisons, each rounded by itself, and never a fused
//! multiply-add. So they give the same bits on vectors of any width and on every processor, and acting and learning
//! agree. NaN stays NaN; at an infinity each function has its limit. Errors are in units in the last place of the
//! result, as the tests measure them.

/// `exp(x)`, within 1 unit. Results below the smallest normal number are rounded twice.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let (halves, fraction) = reduce(x);
    // In two steps, because 2^128 overflows and 2^-149 is subnormal.
    (fraction + 1.0) * halves[0] * halves[1]
}

/// `exp(x) - 1` without cancellation near 0, within 1 unit, for `x` not above 0.
#[inline(always)]
pub(super) fn exp_m1(x: f32) -> f32 {
    // Below -80 the result is -1, and the power would be subnormal.
    let (halves, fraction) = reduce(if x < -80.0 { -80.0 } else { x });
    let power = halves[0] * halves[1];
    fraction * power + (power - 1.0)
}

/// Hyperbolic tangent, within 2.5 units in the last place; the same bits on every processor.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    // tanh |x| = -m / (m + 2) with m = exp(-2 |x|) - 1, from -1 to 0: nothing overflows, nothing cancels.
    let m = exp_m1(-2.0 * x.abs());
    (-m / (m + 2.0)).copysign(x)
}

/// `1 / (1 + exp(-x))`, within 2.2 units; 0 below -88.7, where the right result is no normal number.
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `ln(1 + exp(x))`, within 2.5 units.
#[inline(always)]
pub(super) fn softplus(x: f32) -> f32 {
    // ln(1 + exp(x)) = max(x, 0) + ln(1 + t) with t = exp(-|x|), which does not overflow;
    // ln(1 + t) = 2 artanh s with s = t / (2 + t), and artanh s = s + s^3 / 3 + s^5 / 5 + ..., where s is at most 1 / 3.
    let t = exp(-x.abs());
    let s = t / (2.0 + t);
    let square = s * s;
    let mut series = 1.0 / 15.0;
    for odd in [13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        series = series * square + 1.0 / odd;
    }
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + 2.0 * (s + s * square * series)
}

/// The error function, within 1.2 units. Computes two polynomials (N. Juffa, *Vectorizable implementation of erff*) and
/// chooses one.
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let size = x.abs();
    let square = x * x;
    // 1 - exp(-size polynomial(size)); from 4 on that is 1.
    let outer = if size > 4.0 { 4.0 } else { size };
    let exponent = polynomial(
        outer,
        [-1.728_534_7e-5, 3.831_971_3e-4, -3.883_964_4e-3, 2.425_462_2e-2, -0.106_777_88, -0.634_846_7, -0.128_717_51],
    );
    let outer = (1.0 - exp(exponent * outer - outer)).copysign(x);
    let inner = polynomial(
        square,
        [-5.967_617e-4, 4.991_194_2e-3, -2.676_813_5e-2, 0.112_819_925, -0.376_125_34, 0.128_379_17],
    );
    let inner = inner * x + x;
    if size > 0.927_734_4 { outer } else { inner }
}

/// Splits `x = k ln 2 + r` with `|r|` at most `ln 2 / 2`. Returns two powers of two whose product is `2^k`, and `exp(r)
/// - 1`.
#[inline(always)]
fn reduce(x: f32) -> ([f32; 2], f32) {
    /// Adding and subtracting this number rounds to an integer, which stands in the last bits in between.
    const ROUNDS: f32 = 12_582_912.0; // 1.5 * 2^23
    /// `ln 2` as the sum of two parts. The first has so few digits that its multiples are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    // Beyond these bounds the result is 0 or infinite. Comparisons, because `min` and `max` would turn NaN into a
    // number.
    let x = if x < -104.0 { -104.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUNDS;
    let k = shifted - ROUNDS;
    let r = x - k * LN_2[0] - k * LN_2[1];
    let k = shifted.to_bits().wrapping_sub(ROUNDS.to_bits()).cast_signed();
    let power = |k: i32| f32::from_bits((k.wrapping_add(127) << 23).cast_unsigned());
    let half = k >> 1;
    // Coefficients: S. Moshier, Cephes, expf.
    let series = polynomial(r, [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5]);
    ([power(half), power(k.wrapping_sub(half))], series * (r * r) + r)
}

/// Horner's scheme, the highest power first.
#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[0];
    for coefficient in &coefficients[1..] {
        sum = sum * x + coefficient;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that the largest error over a sweep through all numbers, in units in the last place of the right result,
    /// is at most `most`.
    #[track_caller]
    fn check(name: &str, f: fn(f32) -> f32, right: fn(f64) -> f64, wanted: fn(f32) -> bool, most: f64) {
        let mut worst = (0.0, 0.0);
        // Every exponent and sign, about ten thousand numbers in each.
        for bits in (0..=u32::MAX).step_by(997) {
            let x = f32::from_bits(bits);
            if !x.is_finite() || !wanted(x) {
                continue;
            }
            let (value, right) = (f(x), right(f64::from(x)));
            if right.abs() > f64::from(f32::MAX) {
                assert!(value.is_infinite() || value == f32::MAX, "{name}({x:e}) is {value:e}, not {right:e}");
                continue;
            }
            let unit = f64::from(f32::EPSILON) * 2f64.powi(exponent(right));
            let error = (f64::from(value) - right).abs() / unit;
            assert!(!error.is_nan(), "{name}({x:e}) is {value:e}");
            if error > worst.0 {
                worst = (error, x);
            }
        }
        assert!(worst.0 <= most, "{name}: {:.2} units at {:e}", worst.0, worst.1);
        assert!(f(f32::NAN).is_nan(), "{name}(NaN) is {}", f(f32::NAN));
    }

    /// Returns the exponent of a number, but at least that of the smallest normal `f32`.
    fn exponent(number: f64) -> i32 {
        let bits = number.abs().to_bits();
        (((bits >> 52) as i32) - 1023).max(-126)
    }

    #[test]
    fn every_function_is_within_its_units_of_the_right_result() {
        check("exp", exp, f64::exp, |_| true, 1.0);
        check("exp_m1", exp_m1, f64::exp_m1, |x| x <= 0.0, 1.0);
        check("tanh", tanh, f64::tanh, |_| true, 2.5);
        check("sigmoid", sigmoid, |x| 1.0 / (1.0 + (-x).exp()), |x| x > -88.0, 2.2);
        check("softplus", softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), |_| true, 2.5);
        check("erf", erf, libm::erf, |_| true, 1.2);
    }

    #[test]
    fn infinities_go_to_the_limits() {
        let infinite = f32::INFINITY;
        assert_eq!([exp(-infinite), exp(infinite), exp_m1(-infinite)], [0.0, infinite, -1.0]);
        assert_eq!([tanh(-infinite), tanh(infinite), erf(-infinite), erf(infinite)], [-1.0, 1.0, -1.0, 1.0]);
        assert_eq!([sigmoid(-infinite), sigmoid(infinite)], [0.0, 1.0]);
        assert_eq!([softplus(-infinite), softplus(infinite)], [0.0, infinite]);
    }
}
