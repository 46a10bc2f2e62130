//! The Adam optimiser over slices on the host.

use pulp::{Arch, Simd, WithSimd};

use crate::host::vectors::vectors;

/// Adam (Kingma and Ba, 2015) on the host, in place, without a device or a graph. The formulas and their order are the
/// same as on a device.
#[derive(Clone, Debug)]
pub struct HostAdam {
    first: Vec<f32>,
    second: Vec<f32>,
    updates: u32,
    arch: Arch,
}

/// The sizes of one step of the optimiser, and of the target network that follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// Learning rate.
    pub lr: f64,
    /// Factor on the gradient: below 1 if the gradient is clipped.
    pub gradient_scale: f32,
    /// Share of the new weights in the new target weights.
    pub tau: f64,
}

/// Decay rates of the two moments, PyTorch's defaults.
pub(crate) const BETAS: [f64; 2] = [0.9, 0.999];
/// Added to the root of the second moment, PyTorch's default.
pub(crate) const EPSILON: f32 = 1e-8;

impl HostAdam {
    /// Returns an optimiser with zero moments for `len` weights.
    pub fn new(len: usize) -> Self {
        Self { first: vec![0.0; len], second: vec![0.0; len], updates: 0, arch: vectors() }
    }

    /// Moves the weights one step down the gradient, and the target weights, if given, towards them, in one pass.
    ///
    /// # Panics
    /// If the slices are not all as long as the optimiser's moments.
    pub fn step(&mut self, weights: &mut [f32], target: Option<&mut [f32]>, gradient: &[f32], step: AdamStep) {
        let len = self.first.len();
        let lens = [weights.len(), target.as_ref().map_or(len, |target| target.len()), gradient.len()];
        assert_eq!(lens, [len; 3], "weights, target and gradient of an optimiser for {len}");
        self.updates = self.updates.saturating_add(1);
        let (updates, arch) = (self.updates, self.arch);
        let (first, second) = (self.first.as_mut_slice(), self.second.as_mut_slice());
        arch.dispatch(Update { weights, target, gradient, first, second, updates, step });
    }

    /// Returns the first and the second moment, and the number of updates made.
    pub fn state(&self) -> (&[f32], &[f32], u32) {
        (&self.first, &self.second, self.updates)
    }

    /// Continues from a state that [`state`](Self::state) returned.
    ///
    /// # Panics
    /// If the moments differ in length.
    pub fn from_state(first: Vec<f32>, second: Vec<f32>, updates: u32) -> Self {
        assert_eq!(first.len(), second.len(), "moments of different lengths");
        Self { first, second, updates, arch: vectors() }
    }
}

/// One step on the widest vectors. Not a closure: long closures are not inlined, and are then compiled for the vectors
/// that every processor has.
struct Update<'a> {
    weights: &'a mut [f32],
    target: Option<&'a mut [f32]>,
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    updates: u32,
    step: AdamStep,
}

impl WithSimd for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { weights, target, gradient, first, second, updates, step } = self;
        let unbias = |beta: f64| 1.0 - power(beta, updates);
        let [keep_first, keep_second] = BETAS.map(|beta| beta as f32);
        let [take_first, take_second] = BETAS.map(|beta| (1.0 - beta) as f32);
        let scale = (1.0 / unbias(BETAS[1]).sqrt()) as f32;
        let rate = (step.lr / unbias(BETAS[0])) as f32;
        let (keep, take) = ((1.0 - step.tau) as f32, step.tau as f32);
        let len = weights.len();
        let gradient = &gradient[..len];
        let (first, second) = (&mut first[..len], &mut second[..len]);
        let move_one = |i: usize, weights: &mut [f32], first: &mut [f32], second: &mut [f32]| {
            let gradient = gradient[i] * step.gradient_scale;
            first[i] = first[i] * keep_first + gradient * take_first;
            second[i] = second[i] * keep_second + gradient * gradient * take_second;
            weights[i] -= first[i] / (second[i].sqrt() * scale + EPSILON) * rate;
        };
        match target {
            Some(target) => {
                let target = &mut target[..len];
                for i in 0..len {
                    move_one(i, weights, first, second);
                    target[i] = target[i] * keep + weights[i] * take;
                }
            }
            None => (0..len).for_each(|i| move_one(i, weights, first, second)),
        }
    }
}

/// Returns `base^exponent` by squaring: the same bits on every platform, which `powi` does not promise.
pub(crate) fn power(base: f64, exponent: u32) -> f64 {
    let (mut square, mut rest, mut product) = (base, exponent, 1.0);
    loop {
        if rest % 2 == 1 {
            product *= square;
        }
        rest /= 2;
        if rest == 0 {
            return product;
        }
        square *= square;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::vectors::available;

    /// As compilers' run-time libraries multiply. Numbers from 0.9 on, since smaller ones are zero after some thousands.
    #[test]
    fn powers_are_those_of_the_standard_library() {
        assert_eq!([power(2.0, 0), power(2.0, 1), power(2.0, 10), power(0.5, 3)], [1.0, 2.0, 1024.0, 0.125]);
        for exponent in (0..3_000).chain([100_000, 1 << 30, (1 << 31) - 1]) {
            for beta in BETAS {
                assert_eq!(power(beta, exponent), beta.powi(exponent.cast_signed()), "{beta}^{exponent}");
            }
        }
        // Beyond, an exponent of `powi` is below zero.
        assert_eq!(power(0.999, u32::MAX), 0.0);
    }

    #[test]
    fn vectors_of_every_width_give_the_same_bits() {
        let number = |i: usize| ((i * 7_919 + 13) % 1_009) as f32 / 504.0 - 1.0;
        // Seventeen: whole vectors, and a rest.
        let gradient: Vec<f32> = (0..17).map(number).collect();
        let step = AdamStep { lr: 1e-3, gradient_scale: 0.7, tau: 0.01 };
        let learnt = available().into_iter().map(|(name, arch)| {
            let mut adam = HostAdam { arch, ..HostAdam::new(17) };
            let (mut weights, mut target) = (gradient.clone(), vec![0.0; 17]);
            (0..20).for_each(|_| adam.step(&mut weights, Some(&mut target), &gradient, step));
            (name, [weights, target, adam.first, adam.second])
        });
        let learnt: Vec<_> = learnt.collect();
        for (name, other) in &learnt[1..] {
            assert_eq!(other, &learnt[0].1, "{name} and {}", learnt[0].0);
        }
    }
}
