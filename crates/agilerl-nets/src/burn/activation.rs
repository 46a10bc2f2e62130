//! Activation functions on a device.

use burn::tensor::{Tensor, activation};

use crate::activation::{Activation, LEAK};

/// Applies an activation elementwise; `slope`, `[networks, 1, 1]`, is PReLU's.
///
/// # Panics
/// If PReLU has no slope.
pub(crate) fn apply(function: Activation, x: Tensor<3>, slope: Option<&Tensor<3>>) -> Tensor<3> {
    match function {
        Activation::Relu => activation::relu(x),
        // Not burn's own ELU: the gradient of its `exp` overflows to NaN from 88.7 on, where the value is not even
        // used.
        Activation::Elu => {
            let is_positive = x.clone().greater_elem(0.0);
            leaky(x.clone(), x.mask_fill(is_positive, 0.0).exp() - 1.0)
        }
        Activation::Gelu => activation::gelu(x),
        Activation::Tanh => x.tanh(),
        Activation::Linear => x,
        Activation::Softsign => x.clone() / (x.abs() + 1.0),
        Activation::Sigmoid => activation::sigmoid(x),
        Activation::Softplus => activation::softplus(x, 1.0),
        Activation::Lrelu => leaky(x.clone(), x * LEAK),
        Activation::Prelu => leaky(x.clone(), x * slope.expect("PReLU has a slope").clone()),
    }
}

/// Returns `x` where it is above zero, and `otherwise` elsewhere. At zero the derivative is that of `otherwise`, as in
/// PyTorch; with burn's leaky ReLU it is 1 there, and with a difference of two ReLUs 0.
fn leaky(x: Tensor<3>, otherwise: Tensor<3>) -> Tensor<3> {
    let is_other = x.clone().lower_equal_elem(0.0);
    x.mask_where(is_other, otherwise)
}
