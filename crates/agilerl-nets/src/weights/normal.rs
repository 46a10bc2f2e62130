//! Normal draws that are the same bits on every processor.

use rand::distr::Open01;
use rand::{Rng, RngExt};

use crate::weights::ziggurat_tables::{DENSITIES, EDGES, TAIL};

/// Draws from the standard normal distribution with the ziggurat (Doornik, 2005, ZIGNOR), as `rand_distr` 0.6 does.
///
/// From the same generator it draws the same numbers, except for the last bit of one draw in a million: `rand_distr` may call
/// the C library's `exp` and `ln`, whose last bit differs between platforms, and these come from the crate `libm`.
pub(crate) fn standard_normal(rng: &mut impl Rng) -> f64 {
    loop {
        // The low bits choose a layer, the high ones a number from -1 to 1.
        let bits = rng.next_u64();
        let layer = (bits & 0xff) as usize;
        let place = f64::from_bits((bits >> 12) | (1024 << 52)) - 3.0;
        let x = place * EDGES[layer];
        if x.abs() < EDGES[layer + 1] {
            return x;
        }
        if layer == 0 {
            return tail(rng).copysign(place);
        }
        let height = DENSITIES[layer + 1] + (DENSITIES[layer] - DENSITIES[layer + 1]) * rng.random::<f64>();
        if height < libm::exp(-x * x / 2.0) {
            return x;
        }
    }
}

/// Draws from the part of the distribution above `TAIL`.
fn tail(rng: &mut impl Rng) -> f64 {
    loop {
        let [x, y] = [rng.sample::<f64, _>(Open01), rng.sample(Open01)].map(libm::log);
        let beyond = -x / TAIL;
        if -2.0 * y >= beyond * beyond {
            return TAIL + beyond;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    use super::*;

    /// As `f32`, which all draws become: a last bit of `f64` is never seen there. Of a million draws some 260 are in the tail.
    #[test]
    fn draws_are_those_of_rand_distr() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut other = rng.clone();
        let mut in_tail = 0;
        for draw in 0..1_000_000 {
            let (found, expected) = (standard_normal(&mut rng), other.sample::<f64, _>(StandardNormal));
            assert_eq!(found as f32, expected as f32, "draw {draw}: {found} for {expected}");
            in_tail += u32::from(found.abs() > TAIL);
        }
        assert!((200..320).contains(&in_tail), "{in_tail} draws in the tail");
        assert_eq!(rng.next_u64(), other.next_u64(), "both used as many numbers");
    }

    /// To the last bit, on every processor.
    #[test]
    fn draws_are_pinned() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mix = |hash: u64, draw: f64| (hash ^ draw.to_bits()).wrapping_mul(0x100_0000_01b3);
        let hash = (0..100_000).fold(0, |hash, _| mix(hash, standard_normal(&mut rng)));
        assert_eq!(hash, 0x7b2e_cc2e_bccb_8445, "{hash:#x}: results change");
    }
}
