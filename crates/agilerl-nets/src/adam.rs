//! The Adam optimiser over a flat vector of weights.

use burn::tensor::{Device, Tensor, TensorData};

use crate::{Growth, Layout, NetMorph, Weights};

/// Adam (Kingma and Ba, 2015, algorithm 1) with PyTorch's constants, over one flat vector.
///
/// burn's own keeps its moments by parameter id; here they lie beside the weights in the same order, so that a
/// [`NetMorph`] can carry those of surviving weights to the next architecture.
#[derive(Clone, Debug)]
pub struct Adam {
    first: Tensor<1>,
    second: Tensor<1>,
    updates: u32,
}

/// Decay of the first moment, and of the second (PyTorch's `betas`).
pub(crate) const BETAS: [f64; 2] = [0.9, 0.999];
/// Added to the root of the second moment: PyTorch's, where burn's default is 1e-5.
pub(crate) const EPSILON: f32 = 1e-8;

impl Adam {
    /// No moments yet, for `len` weights.
    pub fn new(len: usize, device: &Device) -> Self {
        let zeros = Tensor::zeros([len], device);
        Self { first: zeros.clone(), second: zeros, updates: 0 }
    }

    /// The weights `[len]` after one step down the gradient `[len]`.
    pub fn step(&mut self, weights: Tensor<1>, gradient: Tensor<1>, lr: f64) -> Tensor<1> {
        self.updates = self.updates.saturating_add(1);
        let [first, second] = BETAS;
        self.first = self.first.clone() * first + gradient.clone() * (1.0 - first);
        self.second = self.second.clone() * second + gradient.square() * (1.0 - second);
        let unbias = |beta: f64| 1.0 - beta.powi(self.updates.cast_signed());
        let scale = 1.0 / unbias(second).sqrt();
        weights - self.first.clone() / (self.second.clone().sqrt() * scale + EPSILON) * (lr / unbias(first))
    }

    /// The optimiser of a mutated network: moments of surviving weights go with them, those of new weights are zero.
    /// After [`Growth::Random`] it is a fresh one.
    pub fn morph(&self, morph: &NetMorph, device: &Device) -> Self {
        if morph.growth() == Growth::Random {
            return Self::new(morph.to().layout().len(), device);
        }
        let carry = |moment: &Tensor<1>| {
            let old = Weights::new(morph.from().layout(), crate::device::read(moment.clone()));
            Tensor::from_data(TensorData::from(morph.moments(&old).values()), device)
        };
        Self { first: carry(&self.first), second: carry(&self.second), updates: self.updates }
    }

    /// First and second moment on the host, and the number of updates made.
    pub fn state(&self, layout: &Layout) -> (Weights, Weights, u32) {
        let host = |moment: &Tensor<1>| Weights::new(layout.clone(), crate::device::read(moment.clone()));
        (host(&self.first), host(&self.second), self.updates)
    }

    /// Goes on from a state of [`state`](Self::state).
    pub fn from_state(first: &Weights, second: &Weights, updates: u32, device: &Device) -> Self {
        let put = |moment: &Weights| Tensor::from_data(TensorData::from(moment.values()), device);
        Self { first: put(first), second: put(second), updates }
    }
}
