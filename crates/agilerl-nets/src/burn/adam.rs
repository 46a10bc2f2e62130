//! The Adam optimiser over flat vectors of weights on a device.

use burn::tensor::{Device, Tensor, TensorData};

use crate::device::read;
use crate::host::adam::{BETAS, EPSILON, power};
use crate::weights::layout::Layout;
use crate::weights::weights::Weights;

/// Adam (Kingma and Ba, 2015, algorithm 1) with PyTorch's constants, over the weights of one network, or of several
/// networks of one architecture in one row each.
///
/// burn's own optimiser keeps its moments by parameter id. Here they lie beside the weights in the same order, so that
/// a change of architecture can carry the moments of surviving weights over.
#[derive(Clone, Debug)]
pub struct Adam {
    /// `[networks, weights]`
    first: Tensor<2>,
    second: Tensor<2>,
    /// Number of updates made, for each network.
    updates: Vec<u32>,
}

impl Adam {
    /// Returns an optimiser with zero moments for one network of `len` weights.
    pub fn new(len: usize, device: &Device) -> Self {
        let zeros = Tensor::zeros([1, len], device);
        Self { first: zeros.clone(), second: zeros, updates: vec![0] }
    }

    /// Combines the optimisers of several networks of one architecture.
    ///
    /// # Panics
    /// If the list is empty, or the networks differ in size.
    pub fn stack(optimisers: &[&Self]) -> Self {
        let rows =
            |moment: fn(&Self) -> &Tensor<2>| Tensor::cat(optimisers.iter().map(|o| moment(o).clone()).collect(), 0);
        let updates = optimisers.iter().flat_map(|optimiser| optimiser.updates.iter().copied()).collect();
        Self { first: rows(|o| &o.first), second: rows(|o| &o.second), updates }
    }

    /// Returns the optimiser of one network of a [stack](Self::stack).
    ///
    /// # Panics
    /// If the stack has no network of this index.
    #[must_use]
    pub fn of(&self, network: usize) -> Self {
        let row = |moment: &Tensor<2>| moment.clone().narrow(0, network, 1);
        Self { first: row(&self.first), second: row(&self.second), updates: vec![self.updates[network]] }
    }

    /// Returns the weights `[networks, weights]` after one step down the gradient of the same shape, with one learning
    /// rate for each network. A network whose rate is `None` makes no step, provided its gradient is finite.
    ///
    /// # Panics
    /// If the number of rates differs from the number of networks.
    pub fn step(&mut self, weights: Tensor<2>, gradient: Tensor<2>, lr: &[Option<f64>]) -> Tensor<2> {
        assert_eq!(lr.len(), self.updates.len(), "one rate for each network");
        let factors: Vec<[f32; 6]> =
            lr.iter().zip(&mut self.updates).map(|(lr, updates)| factors(*lr, updates)).collect();
        let [keep_first, take_first, keep_second, take_second, scale, rate] = columns(&factors, &weights.device());
        self.first = self.first.clone() * keep_first + gradient.clone() * take_first;
        self.second = self.second.clone() * keep_second + gradient.square() * take_second;
        weights - self.first.clone() / (self.second.clone().sqrt() * scale + EPSILON) * rate
    }

    /// Returns the first and the second moment on the host, and the number of updates made.
    ///
    /// # Panics
    /// If the optimiser serves several networks.
    pub fn state(&self, layout: &Layout) -> (Weights, Weights, u32) {
        assert_eq!(self.updates.len(), 1, "the state of one network, not of a stack");
        let host = |moment: &Tensor<2>| Weights::new(layout.clone(), read(moment.clone().flatten(0, 1)));
        (host(&self.first), host(&self.second), self.updates[0])
    }

    /// Continues from a state that [`state`](Self::state) returned.
    pub fn from_state(first: &Weights, second: &Weights, updates: u32, device: &Device) -> Self {
        let put = |moment: &Weights| {
            let values = moment.values();
            Tensor::from_data(TensorData::new(values.to_vec(), [1, values.len()]), device)
        };
        Self { first: put(first), second: put(second), updates: vec![updates] }
    }
}

/// Returns the factors of one step: the kept and the new share of the first moment, the same of the second, the scale
/// of the root, and the rate. Without a rate they change nothing.
fn factors(lr: Option<f64>, updates: &mut u32) -> [f32; 6] {
    let Some(lr) = lr else { return [1.0, 0.0, 1.0, 0.0, 1.0, 0.0] };
    *updates = updates.saturating_add(1);
    let unbias = |beta: f64| 1.0 - power(beta, *updates);
    let [first, second] = BETAS;
    let (scale, rate) = (1.0 / unbias(second).sqrt(), lr / unbias(first));
    [first, 1.0 - first, second, 1.0 - second, scale, rate].map(|factor| factor as f32)
}

/// Uploads one row of numbers for each network in one transfer, and returns the columns, `[networks, 1]` each.
pub(crate) fn columns<const N: usize>(rows: &[[f32; N]], device: &Device) -> [Tensor<2>; N] {
    let all = Tensor::<2>::from_data(TensorData::new(rows.concat(), [rows.len(), N]), device);
    std::array::from_fn(|column| all.clone().narrow(1, column, 1))
}
