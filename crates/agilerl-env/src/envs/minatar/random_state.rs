//! numpy's legacy random generator, which the original games use.

use serde::{Deserialize, Serialize};

/// `numpy.random.RandomState(seed)`: the same draws, to the last bit.
///
/// The Mersenne twister MT19937 of Matsumoto and Nishimura (1998).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub(super) struct RandomState {
    /// `[WORDS]`.
    words: Vec<u32>,
    /// Number of words already returned.
    used: usize,
}

/// The serialised form of [`RandomState`].
#[derive(Deserialize)]
struct Saved {
    words: Vec<u32>,
    used: usize,
}

impl TryFrom<Saved> for RandomState {
    type Error = &'static str;

    fn try_from(Saved { words, used }: Saved) -> Result<Self, Self::Error> {
        if words.len() == WORDS && used <= WORDS {
            Ok(Self { words, used })
        } else {
            Err("a Mersenne twister has 624 words")
        }
    }
}

const WORDS: usize = 624;
/// Distance of the words that a new one is made of.
const REACH: usize = 397;

impl RandomState {
    /// The generator that `RandomState(seed)` gives; beyond 32 bits, where numpy refuses the number, the one that
    /// `RandomState([seed & 0xffff_ffff, seed >> 32])` gives.
    pub(super) fn new(seed: u64) -> Self {
        match u32::try_from(seed) {
            Ok(seed) => Self::from_word(seed),
            Err(_) => Self::from_pair([seed as u32, (seed >> 32) as u32]),
        }
    }

    fn from_word(seed: u32) -> Self {
        let mut word = seed;
        let next = |i| {
            let this = word;
            word = 1_812_433_253_u32.wrapping_mul(word ^ (word >> 30)).wrapping_add(i + 1);
            this
        };
        Self { words: (0..WORDS as u32).map(next).collect(), used: WORDS }
    }

    /// The authors' `init_by_array`, for two words.
    fn from_pair(seed: [u32; 2]) -> Self {
        let mut twister = Self::from_word(19_650_218);
        let words = &mut twister.words;
        let mut at = 1;
        for i in 0..WORDS {
            let before = words[at - 1];
            let mixed = words[at] ^ (before ^ (before >> 30)).wrapping_mul(1_664_525);
            words[at] = mixed.wrapping_add(seed[i % 2]).wrapping_add((i % 2) as u32);
            at = after(words, at);
        }
        for _ in 1..WORDS {
            let before = words[at - 1];
            let mixed = words[at] ^ (before ^ (before >> 30)).wrapping_mul(1_566_083_941);
            words[at] = mixed.wrapping_sub(at as u32);
            at = after(words, at);
        }
        words[0] = 0x8000_0000;
        twister
    }

    /// `rand()`: uniform in `[0, 1)` with 53 random bits.
    #[inline]
    pub(super) fn random(&mut self) -> f64 {
        let (high, low) = (self.next_u32() >> 5, self.next_u32() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// `randint(count)`: a number below `count`, by rejection; nothing is drawn for a count of 1.
    #[inline]
    pub(super) fn below(&mut self, count: u32) -> u32 {
        let largest = count - 1;
        if largest == 0 {
            return 0;
        }
        let mask = u32::MAX >> largest.leading_zeros();
        loop {
            let drawn = self.next_u32() & mask;
            if drawn <= largest {
                return drawn;
            }
        }
    }

    #[inline]
    fn next_u32(&mut self) -> u32 {
        if self.used == WORDS {
            self.twist();
        }
        let mut word = self.words[self.used];
        self.used += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// Makes the next 624 words.
    #[cold]
    fn twist(&mut self) {
        let words = &mut self.words[..WORDS];
        for i in 0..WORDS {
            let joined = (words[i] & 0x8000_0000) | (words[(i + 1) % WORDS] & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            words[i] = words[(i + REACH) % WORDS] ^ (joined >> 1) ^ odd;
        }
        self.used = 0;
    }
}

/// The index after `at`; past the end it is 1, and the last word becomes the first.
fn after(words: &mut [u32], at: usize) -> usize {
    if at + 1 < WORDS {
        return at + 1;
    }
    words[0] = words[WORDS - 1];
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    // Literals from numpy 2.4: `r = RandomState(seed)`, then the calls named.

    #[test]
    fn draws_equal_numpys() {
        let mut random = RandomState::new(12_345);
        assert_eq!([(); 3].map(|()| random.random()), [0.9296160928171479, 0.3163755545817859, 0.18391881167709445]);
        assert_eq!([(); 12].map(|()| random.below(5)), [2, 1, 1, 3, 1, 3, 0, 2, 1, 3, 2, 1]);
        assert_eq!((random.below(1), random.random()), (0, 0.39874403401243463));
    }

    /// `[r.rand() for _ in range(1000)][-1]`: past the first 624 words, three times.
    #[test]
    fn the_thousandth_draw_equals_numpys() {
        let mut random = RandomState::new(0);
        assert_eq!((0..1000).map(|_| random.random()).last(), Some(0.6771411441114241));
    }

    /// `RandomState([1, 2])`.
    #[test]
    fn a_seed_beyond_32_bits_is_its_two_halves() {
        let mut random = RandomState::new((2 << 32) | 1);
        assert_eq!([(); 2].map(|()| random.random()), [0.5845141492495678, 0.2585320132663258]);
    }
}
