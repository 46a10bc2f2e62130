//! numpy's default random generator, so that a seed gives the episode that it gives in Gymnasium.

use rand::Rng;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

/// `numpy.random.Generator(PCG64(SeedSequence(seed)))`: the same draws, to the last bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumpyRng {
    bits: Pcg64,
    /// The unused high half of the last 64-bit draw: numpy returns 32 bits twice before it draws again.
    spare: Option<u32>,
}

impl NumpyRng {
    /// Returns the generator of `numpy.random.default_rng(seed)`.
    pub fn new(seed: u64) -> Self {
        let words = seed_sequence(seed);
        let pair = |i: usize| (u128::from(words[i]) << 64) | u128::from(words[i + 1]);
        Self { bits: Pcg64::new(pair(0), pair(2)), spare: None }
    }

    /// numpy's `Generator.random()`: uniform in `[0, 1)` with 53 random bits.
    #[inline]
    pub fn random(&mut self) -> f64 {
        (self.bits.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// numpy's `Generator.uniform(low, high)`.
    #[inline]
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random()
    }

    /// numpy's `Generator.integers(low, high)`, without the upper end, by Lemire's method on 32 bits.
    ///
    /// # Panics
    /// If the range is empty, or wider than 2^32 - 1, where numpy uses another method.
    pub fn integers(&mut self, low: i64, high: i64) -> i64 {
        assert!(low < high, "integers({low}, {high}): the range is empty");
        let width = u32::try_from(high - low).expect("ranges up to 2^32 - 1 only");
        if width == 1 {
            return low; // numpy draws nothing here
        }
        let mut product = u64::from(self.next_u32()) * u64::from(width);
        if (product as u32) < width {
            let threshold = width.wrapping_neg() % width;
            while (product as u32) < threshold {
                product = u64::from(self.next_u32()) * u64::from(width);
            }
        }
        low + (product >> 32) as i64
    }

    /// Gymnasium's `categorical_sample(probabilities, rng)`: the first index whose cumulated probability exceeds one
    /// draw of [`random`](NumpyRng::random), or 0 if rounding leaves no such index.
    pub fn categorical(&mut self, probabilities: &[f64]) -> usize {
        let draw = self.random();
        let mut cumulated = 0.0;
        let exceeds = |probability: &f64| {
            cumulated += probability;
            cumulated > draw
        };
        probabilities.iter().position(exceeds).unwrap_or(0)
    }

    fn next_u32(&mut self) -> u32 {
        if let Some(high) = self.spare.take() {
            return high;
        }
        let draw = self.bits.next_u64();
        self.spare = Some((draw >> 32) as u32);
        draw as u32
    }
}

/// `SeedSequence(seed).generate_state(4, np.uint64)`: Melissa O'Neill's `seed_seq` design, in numpy's variant.
fn seed_sequence(seed: u64) -> [u64; 4] {
    const POOL: usize = 4;
    let entropy = [seed as u32, (seed >> 32) as u32, 0, 0];

    let mut multiplier = 0x43b0_d7e5_u32;
    let mut hash = |value: u32| {
        let value = value ^ multiplier;
        multiplier = multiplier.wrapping_mul(0x931e_8875);
        let value = value.wrapping_mul(multiplier);
        value ^ (value >> 16)
    };
    let mix = |x: u32, y: u32| {
        let value = 0xca01_f9dd_u32.wrapping_mul(x).wrapping_sub(0x4973_f715_u32.wrapping_mul(y));
        value ^ (value >> 16)
    };
    let mut pool = entropy.map(&mut hash);
    for source in 0..POOL {
        for target in (0..POOL).filter(|&target| target != source) {
            pool[target] = mix(pool[target], hash(pool[source]));
        }
    }

    let mut multiplier = 0x8b51_f9dd_u32;
    let words: [u32; 2 * POOL] = std::array::from_fn(|i| {
        let value = pool[i % POOL] ^ multiplier;
        multiplier = multiplier.wrapping_mul(0x58f3_8ded);
        let value = value.wrapping_mul(multiplier);
        value ^ (value >> 16)
    });
    std::array::from_fn(|i| u64::from(words[2 * i]) | (u64::from(words[2 * i + 1]) << 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Literals from numpy 2.4: `default_rng(seed).random(3)`.
    #[test]
    fn doubles_equal_numpys() {
        let mut rng = NumpyRng::new(0);
        assert_eq!(
            [rng.random(), rng.random(), rng.random()],
            [0.6369616873214543, 0.2697867137638703, 0.04097352393619469]
        );
    }

    /// Two of the three integers share one 64-bit draw; the half left over is not used by the double that follows.
    #[test]
    fn doubles_and_integers_interleave_as_numpys() {
        let mut rng = NumpyRng::new(12_345_678_901_234);
        assert_eq!([rng.random(), rng.random()], [0.40637757035390765, 0.026203563409374464]);
        let integers = [(); 3].map(|()| rng.integers(-9999, 9999));
        assert_eq!(integers, [-3534, 2411, -4533]);
        assert_eq!(rng.random(), 0.13805479351744032);
    }

    /// A range of one number takes no draw.
    #[test]
    fn a_range_of_one_draws_nothing() {
        let mut rng = NumpyRng::new(1);
        assert_eq!([rng.integers(-5, -4), rng.integers(-5, -4), rng.integers(0, 10)], [-5, -5, 4]);
        assert_eq!(rng.random(), 0.9504636963259353);
    }

    /// Of the first six draws of 32 bits five begin a multiple of 3e9 below 2^32 - 3e9, and are drawn anew; the low half of
    /// the third number's is between that and 3e9, and it counts.
    #[test]
    fn integers_of_a_wide_range_are_rejected_as_numpys() {
        let mut rng = NumpyRng::new(1);
        let integers = [(); 8].map(|()| rng.integers(0, 3_000_000_000));
        assert_eq!(
            integers,
            [1535464873, 2851391088, 104557657, 2845948340, 935494355, 2607075741, 1269979346, 770976088]
        );
        assert_eq!(rng.random(), 0.5495936876730595);
    }

    /// numpy looks for the first sum above the draw, 0.637 here, and takes the index 0 where there is none.
    #[test]
    fn a_category_beyond_all_sums_is_the_first() {
        assert_eq!(NumpyRng::new(0).categorical(&[0.1, 0.2]), 0);
        assert_eq!(NumpyRng::new(0).categorical(&[0.1, 0.5, 0.4]), 2);
    }
}
