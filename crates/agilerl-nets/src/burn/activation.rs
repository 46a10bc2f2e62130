//! Activation functions on a device.

use burn::tensor::{Tensor, activation};

use crate::activation::{Activation, LEAK};

/// Applies an activation elementwise. `slope` is PReLU's, `[networks, 1, 1]`.
///
/// # Panics
/// If PReLU comes without its slope.
pub(crate) fn apply(function: Activation, x: Tensor<3>, slope: Option<&Tensor<3>>) -> Tensor<3> {
    match function {
        Activation::Relu => activation::relu(x),
        // Not burn's: the gradient of its `exp` overflows to NaN from 88.7 on, where its value is not even used.
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

/// `x` where it is above zero, and elsewhere what stands for it: at zero the derivative is that side's, as PyTorch has it.
/// burn's leaky ReLU has 1 there, and a difference of two ReLUs 0.
fn leaky(x: Tensor<3>, otherwise: Tensor<3>) -> Tensor<3> {
    let is_other = x.clone().lower_equal_elem(0.0);
    x.mask_where(is_other, otherwise)
}
