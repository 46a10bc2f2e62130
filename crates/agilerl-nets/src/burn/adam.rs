//! The Adam optimiser over flat vectors of weights on a device.

use burn::tensor::{Device, Tensor, TensorData};

use crate::device::read;
use crate::host::adam::{BETAS, EPSILON};
use crate::weights::layout::Layout;
use crate::weights::weights::Weights;

/// Adam (Kingma and Ba, 2015, algorithm 1) with PyTorch's constants, over the weights of one network or of several of one
/// architecture, a row each.
///
/// burn's own keeps its moments by parameter id; here they lie beside the weights in the same order, so that a
/// [`NetMorph`] can carry those of surviving weights to the next architecture.
#[derive(Clone, Debug)]
pub struct Adam {
    /// `[networks, weights]`
    first: Tensor<2>,
    second: Tensor<2>,
    /// Made so far, by network.
    updates: Vec<u32>,
}

impl Adam {
    /// No moments yet, for one network of `len` weights.
    pub fn new(len: usize, device: &Device) -> Self {
        let zeros = Tensor::zeros([1, len], device);
        Self { first: zeros.clone(), second: zeros, updates: vec![0] }
    }

    /// The optimisers of several networks of one architecture as one.
    ///
    /// # Panics
    /// If there are none, or they belong to networks of different sizes.
    pub fn stack(optimisers: &[&Self]) -> Self {
        let rows =
            |moment: fn(&Self) -> &Tensor<2>| Tensor::cat(optimisers.iter().map(|o| moment(o).clone()).collect(), 0);
        let updates = optimisers.iter().flat_map(|optimiser| optimiser.updates.iter().copied()).collect();
        Self { first: rows(|o| &o.first), second: rows(|o| &o.second), updates }
    }

    /// The optimiser of one network of a [stack](Self::stack).
    ///
    /// # Panics
    /// If there is no such network.
    #[must_use]
    pub fn of(&self, network: usize) -> Self {
        let row = |moment: &Tensor<2>| moment.clone().narrow(0, network, 1);
        Self { first: row(&self.first), second: row(&self.second), updates: vec![self.updates[network]] }
    }

    /// The weights `[networks, weights]` after one step down the gradient of that shape, each network at its own rate. One
    /// without a rate makes no step, whatever its gradient, as long as that is finite.
    ///
    /// # Panics
    /// If there is not one rate for each network.
    pub fn step(&mut self, weights: Tensor<2>, gradient: Tensor<2>, lr: &[Option<f64>]) -> Tensor<2> {
        assert_eq!(lr.len(), self.updates.len(), "one rate for each network");
        let factors: Vec<[f32; 6]> =
            lr.iter().zip(&mut self.updates).map(|(lr, updates)| factors(*lr, updates)).collect();
        let [keep_first, take_first, keep_second, take_second, scale, rate] = columns(&factors, &weights.device());
        self.first = self.first.clone() * keep_first + gradient.clone() * take_first;
        self.second = self.second.clone() * keep_second + gradient.square() * take_second;
        weights - self.first.clone() / (self.second.clone().sqrt() * scale + EPSILON) * rate
    }

    /// First and second moment on the host, and the number of updates made.
    ///
    /// # Panics
    /// If it serves several networks.
    pub fn state(&self, layout: &Layout) -> (Weights, Weights, u32) {
        assert_eq!(self.updates.len(), 1, "the state of one network, not of a stack");
        let host = |moment: &Tensor<2>| Weights::new(layout.clone(), read(moment.clone().flatten(0, 1)));
        (host(&self.first), host(&self.second), self.updates[0])
    }

    /// Goes on from a state of [`state`](Self::state).
    pub fn from_state(first: &Weights, second: &Weights, updates: u32, device: &Device) -> Self {
        let put = |moment: &Weights| {
            let values = moment.values();
            Tensor::from_data(TensorData::new(values.to_vec(), [1, values.len()]), device)
        };
        Self { first: put(first), second: put(second), updates: vec![updates] }
    }
}

/// What a step multiplies by: what is kept and what is taken of both moments, the root's scale and the rate. Nothing
/// changes without a rate.
fn factors(lr: Option<f64>, updates: &mut u32) -> [f32; 6] {
    let Some(lr) = lr else { return [1.0, 0.0, 1.0, 0.0, 1.0, 0.0] };
    *updates = updates.saturating_add(1);
    let unbias = |beta: f64| 1.0 - beta.powi(updates.cast_signed());
    let [first, second] = BETAS;
    let (scale, rate) = (1.0 / unbias(second).sqrt(), lr / unbias(first));
    [first, 1.0 - first, second, 1.0 - second, scale, rate].map(|factor| factor as f32)
}

/// One number for each network and column, as columns `[networks, 1]`, in one transfer.
pub(crate) fn columns<const N: usize>(rows: &[[f32; N]], device: &Device) -> [Tensor<2>; N] {
    let all = Tensor::<2>::from_data(TensorData::new(rows.concat(), [rows.len(), N]), device);
    std::array::from_fn(|column| all.clone().narrow(1, column, 1))
}
