//! A multi-layer perceptron on a device.

use burn::tensor::Tensor;

use crate::burn::activation::apply;
use crate::spec::block::{LAYER_NORM_EPSILON, Role};
use crate::spec::head::MlpSpec;
use crate::weights::layout::{Entry, Layout};

impl MlpSpec {
    /// Splits the flat weights of one or more networks, `[networks, layout().len()]`, into the parameters that
    /// [`forward`](Self::forward) takes: one matrix for each network. A vector `[n]` becomes a row `[1, n]`.
    pub fn split(&self, flat: &Tensor<2>) -> Vec<Tensor<3>> {
        self.layout().split(flat)
    }

    /// Returns the outputs under parameters from [`split`](Self::split) for one batch of rows for each network:
    /// `[networks, batch, inputs]` to `[networks, batch, outputs]`.
    ///
    /// # Panics
    /// If the rows are of another length, or the parameters belong to another spec.
    pub fn forward(&self, parameters: &[Tensor<3>], input: Tensor<3>) -> Tensor<3> {
        assert_eq!(input.dims()[2], self.inputs, "rows of {} numbers for a network of {self}", input.dims()[2]);
        let mut parameters = parameters.iter();
        let mut next = || parameters.next().expect("one tensor for each parameter of the spec");
        let mut x = input;
        let mut heads = Vec::new();
        for block in self.blocks() {
            let mut y = linear(x.clone(), next(), next());
            if block.has_norm {
                y = layer_norm(y, next(), next());
            }
            let slope = block.has_slope().then(&mut next);
            y = apply(block.activation, y, slope);
            match block.role {
                Role::Plain { .. } => x = y,
                Role::Residual { .. } => x = x + y * next().clone(),
                Role::Output | Role::Value => heads.push(y),
            }
        }
        match <[_; 2]>::try_from(heads) {
            Ok([advantages, value]) => advantages.clone() - advantages.mean_dim(2) + value,
            Err(mut heads) => heads.pop().expect("an output"),
        }
    }
}

impl Layout {
    /// Splits flat weights, `[networks, len]`, into parameters `[networks, rows, columns]`.
    pub(crate) fn split(&self, flat: &Tensor<2>) -> Vec<Tensor<3>> {
        let networks = flat.dims()[0];
        let cut = |entry: &Entry| {
            let [rows, columns] = entry.matrix_shape();
            flat.clone().slice([0..networks, entry.range()]).reshape([networks, rows, columns])
        };
        self.entries().iter().map(cut).collect()
    }
}

fn linear(x: Tensor<3>, weight: &Tensor<3>, bias: &Tensor<3>) -> Tensor<3> {
    x.matmul(weight.clone().swap_dims(1, 2)) + bias.clone()
}

fn layer_norm(x: Tensor<3>, gain: &Tensor<3>, shift: &Tensor<3>) -> Tensor<3> {
    let centred = x.clone() - x.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    centred / (variance + LAYER_NORM_EPSILON).sqrt() * gain.clone() + shift.clone()
}
