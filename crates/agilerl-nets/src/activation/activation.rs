//! Activation functions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::elementary::{erf, exp, exp_m1, sigmoid, softplus, tanh};

/// The activation between the layers of a network, with AgileRL's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// `max(0, x)`.
    #[default]
    Relu,
    /// `x` if positive, else `exp(x) - 1`.
    Elu,
    /// `x Phi(x)` with the exact Gaussian distribution function, as PyTorch's default.
    Gelu,
    /// Hyperbolic tangent.
    Tanh,
    /// The identity: no activation.
    Linear,
    /// `x / (1 + |x|)`.
    Softsign,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `ln(1 + exp(x))`.
    Softplus,
    /// `x` if positive, else `0.01 x`.
    Lrelu,
    /// `x` if positive, else `slope * x`; each layer learns one slope, which starts at 0.25.
    Prelu,
}

impl Activation {
    /// Every activation.
    pub const ALL: [Self; 10] = [
        Self::Relu,
        Self::Elu,
        Self::Gelu,
        Self::Tanh,
        Self::Linear,
        Self::Softsign,
        Self::Sigmoid,
        Self::Softplus,
        Self::Lrelu,
        Self::Prelu,
    ];

    /// Returns the name that configuration files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Elu => "elu",
            Self::Gelu => "gelu",
            Self::Tanh => "tanh",
            Self::Linear => "linear",
            Self::Softsign => "softsign",
            Self::Sigmoid => "sigmoid",
            Self::Softplus => "softplus",
            Self::Lrelu => "lrelu",
            Self::Prelu => "prelu",
        }
    }

    /// Returns whether applying the function twice equals applying it once. A new layer with identity weights behind
    /// such an activation is exactly the identity, so growing in depth keeps the network's function.
    pub fn is_idempotent(self) -> bool {
        matches!(self, Self::Relu | Self::Linear)
    }

    /// Applies the function in place on the host; `slope` is PReLU's. Inside a SIMD dispatch the loops become vectors
    /// and give the same bits as outside.
    #[inline(always)]
    pub(crate) fn apply_in_place(self, row: &mut [f32], slope: f32) {
        #[inline(always)]
        fn each(row: &mut [f32], f: impl Fn(f32) -> f32) {
            for x in row {
                *x = f(*x);
            }
        }
        match self {
            Self::Relu => each(row, |x| x.max(0.0)),
            // One of the two terms is 0; a choice between them would be a branch.
            Self::Elu => each(row, |x| if x > 0.0 { x } else { 0.0 } + exp_m1(if x > 0.0 { 0.0 } else { x })),
            Self::Gelu => each(row, |x| x * normal_distribution(x)),
            Self::Tanh => each(row, tanh),
            Self::Linear => {}
            Self::Softsign => each(row, |x| x / (1.0 + x.abs())),
            Self::Sigmoid => each(row, sigmoid),
            Self::Softplus => each(row, softplus),
            Self::Lrelu => each(row, |x| if x > 0.0 { x } else { LEAK * x }),
            Self::Prelu => each(row, |x| if x > 0.0 { x } else { slope * x }),
        }
    }

    /// Turns the gradient of the output into the gradient of the input, in place: multiplies by the derivative at the
    /// input `before`, whose output is `after`. At the kinks the derivative is PyTorch's: 0 for ReLU, the slope of the
    /// negative side for leaky ReLU and PReLU.
    #[inline(always)]
    pub(crate) fn pull_back(self, gradient: &mut [f32], before: &[f32], after: &[f32], slope: f32) {
        /// Multiplies by a derivative that is a function of the input (`x`) or of the output (`y`).
        #[inline(always)]
        fn each(gradient: &mut [f32], known: &[f32], derivative: impl Fn(f32) -> f32) {
            for (gradient, &known) in gradient.iter_mut().zip(known) {
                *gradient *= derivative(known);
            }
        }
        match self {
            Self::Relu => each(gradient, before, |x| if x > 0.0 { 1.0 } else { 0.0 }),
            // exp(x) = y + 1 where x is negative
            Self::Elu => each(gradient, after, |y| if y > 0.0 { 1.0 } else { y + 1.0 }),
            // Not through `each`: a function of this length is not inlined there, and the loop would have no vectors.
            Self::Gelu => {
                for (gradient, &x) in gradient.iter_mut().zip(before) {
                    *gradient *= gelu_slope(x);
                }
            }
            Self::Tanh => each(gradient, after, |y| 1.0 - y * y),
            Self::Linear => {}
            Self::Softsign => each(gradient, before, |x| {
                let size = 1.0 + x.abs();
                1.0 / (size * size)
            }),
            Self::Sigmoid => each(gradient, after, |y| y * (1.0 - y)),
            Self::Softplus => each(gradient, before, sigmoid),
            Self::Lrelu => each(gradient, before, |x| if x > 0.0 { 1.0 } else { LEAK }),
            Self::Prelu => each(gradient, before, |x| if x > 0.0 { 1.0 } else { slope }),
        }
    }
}

/// The slope of leaky ReLU's negative side.
pub(crate) const LEAK: f32 = 0.01;

/// Returns the share of the standard normal distribution below `x`.
#[inline(always)]
fn normal_distribution(x: f32) -> f32 {
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// Returns the derivative of `x Phi(x)`.
#[inline(always)]
fn gelu_slope(x: f32) -> f32 {
    let density = exp(-0.5 * x * x) * FRAC_1_SQRT_2_PI;
    normal_distribution(x) + x * density
}

/// `1 / sqrt(2 pi)`, the density of the Gaussian distribution at 0.
const FRAC_1_SQRT_2_PI: f32 = 0.398_942_3;

impl std::fmt::Display for Activation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use pulp::{Simd, WithSimd};

    use super::*;
    use crate::host::vectors::available;

    struct Apply<'a>(Activation, &'a mut [f32]);

    impl WithSimd for Apply<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            self.0.apply_in_place(self.1, 0.25);
        }
    }

    /// Acting computes outside of a dispatch, learning inside.
    #[test]
    fn vectors_of_every_width_give_the_same_bits() {
        let numbers: Vec<f32> =
            (-4_000..4_000).map(|i| i as f32 * 0.003_7).chain([f32::NAN, -1e30, 1e30, -0.0]).collect();
        for activation in Activation::ALL {
            let mut narrow = numbers.clone();
            activation.apply_in_place(&mut narrow, 0.25);
            for (name, arch) in available() {
                let mut wide = numbers.clone();
                arch.dispatch(Apply(activation, &mut wide));
                for ((x, narrow), wide) in numbers.iter().zip(&narrow).zip(&wide) {
                    let is_same = narrow.to_bits() == wide.to_bits() || narrow.is_nan() && wide.is_nan();
                    assert!(is_same, "{activation}({x}) is {narrow} and, with {name}, {wide}");
                }
            }
        }
    }
}
