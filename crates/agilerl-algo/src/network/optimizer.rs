//! The sizes of one step of an optimiser.

/// One step of Adam, and of the target network that follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptimizerStep {
    /// Step size of Adam.
    pub lr: f64,
    /// Share of the online network that the target network takes over.
    pub tau: f64,
    /// Largest norm of the gradient: a longer one is scaled down to it. None: never.
    pub max_grad_norm: Option<f64>,
}

/// Added to the gradient's norm before the division by it, as PyTorch does.
pub(crate) const NORM_EPSILON: f32 = 1e-6;
