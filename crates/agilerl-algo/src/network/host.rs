//! A network that learns on the CPU.

use agilerl_nets::{AdamStep, HostAdam, HostNetPass, InputNumber, Layout, NetSpec, Weights};

use crate::network::optimizer::{NORM_EPSILON, OptimizerStep};

/// Online network, target network and optimiser, each a flat vector, and the buffers of an update, which the next one uses
/// again: no update but the first of its size allocates.
#[derive(Clone, Debug)]
pub struct HostNetwork {
    online: Vec<f32>,
    target: Option<Vec<f32>>,
    adam: HostAdam,
    pass: HostNetPass,
    /// `[weights]`: the gradient.
    gradient: Vec<f32>,
}

impl HostNetwork {
    pub(crate) fn new(spec: &NetSpec, weights: &Weights, target: Option<&Weights>) -> Self {
        let online = weights.values().to_vec();
        Self {
            target: target.map(|target| target.values().to_vec()),
            adam: HostAdam::new(online.len()),
            pass: HostNetPass::new(spec),
            gradient: vec![0.0; online.len()],
            online,
        }
    }

    /// Outputs of the online network, `[rows, outputs]`, of observations `[rows, inputs]` and `[rows, extra]` numbers more.
    pub fn forward<I: InputNumber>(&mut self, rows: &[I], extra: &[f32]) -> &[f32] {
        self.pass.forward_with(&self.online, rows, extra)
    }

    /// Outputs of the target network; of the online network where there is none.
    pub fn forward_target<I: InputNumber>(&mut self, rows: &[I], extra: &[f32]) -> &[f32] {
        self.pass.forward_with(self.target.as_ref().unwrap_or(&self.online), rows, extra)
    }

    /// Computes the gradient of the online network's weights from the gradient at its outputs, `[rows, outputs]`, right after
    /// [`forward`](Self::forward). Returns the gradient at the extra inputs, `[rows, extra]`.
    pub fn backward(&mut self, outputs_gradient: &[f32]) -> &[f32] {
        self.pass.backward(&self.online, outputs_gradient, &mut self.gradient)
    }

    /// Takes a step of Adam down the gradient of [`backward`](Self::backward), then moves the target network towards the
    /// online one. Returns the gradient's norm before clipping.
    pub fn step(&mut self, step: OptimizerStep) -> f32 {
        let norm = square_sum(&self.gradient).sqrt();
        let clip = |most: f64| (most as f32 / (norm + NORM_EPSILON)).min(1.0);
        let gradient_scale = step.max_grad_norm.map_or(1.0, clip);
        let step = AdamStep { lr: step.lr, gradient_scale, tau: step.tau };
        self.adam.step(&mut self.online, self.target.as_deref_mut(), &self.gradient, step);
        norm
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.pass.spec().outputs()
    }

    pub(crate) fn online(&self) -> &[f32] {
        &self.online
    }

    pub(crate) fn target(&self) -> Option<&[f32]> {
        self.target.as_deref()
    }

    pub(crate) fn set_online(&mut self, weights: &Weights) {
        weights.values().clone_into(&mut self.online);
    }

    pub(crate) fn set_target(&mut self, weights: &Weights) {
        self.target = Some(weights.values().to_vec());
    }

    pub(crate) fn moments(&self, layout: &Layout) -> (Weights, Weights, u32) {
        let (first, second, updates) = self.adam.state();
        let weights = |moment: &[f32]| Weights::new(layout.clone(), moment.to_vec());
        (weights(first), weights(second), updates)
    }

    pub(crate) fn set_moments(&mut self, first: &Weights, second: &Weights, updates: u32) {
        self.adam = HostAdam::from_state(first.values().to_vec(), second.values().to_vec(), updates);
    }

    /// Takes another spec with the same layout of weights.
    pub(crate) fn set_spec(&mut self, spec: &NetSpec) {
        self.pass = HostNetPass::new(spec);
    }
}

/// Sum of the squares, in sixteen strands that the processor adds side by side.
fn square_sum(numbers: &[f32]) -> f32 {
    let (whole, rest) = numbers.as_chunks::<16>();
    let mut strands = [0.0; 16];
    for chunk in whole {
        for (strand, x) in strands.iter_mut().zip(chunk) {
            *strand += x * x;
        }
    }
    strands.iter().sum::<f32>() + rest.iter().map(|x| x * x).sum::<f32>()
}
