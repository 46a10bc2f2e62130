//! The update of deep Q-learning on the processor.

use agilerl_buffer::Batch;
use agilerl_nets::{AdamStep, HostAdam, HostNetPass, InputNumber, NetMorph, NetSpec, Weights};

use super::{ILLEGAL, NORM_EPSILON, discounts};
use crate::dqn::{DqnConfig, Loss};

/// Online network, target network and optimiser, each a flat vector; and what an update needs besides, used again by the
/// next, so that no update but the first of its size allocates.
#[derive(Clone, Debug)]
pub(crate) struct HostLearner {
    online: Vec<f32>,
    target: Vec<f32>,
    adam: HostAdam,
    pass: HostNetPass,
    /// `[weights]`: the gradient.
    gradient: Vec<f32>,
    /// `[rows]`: the best action of each successor, as the online network sees it.
    selected: Vec<usize>,
    /// `[rows]`: what the values of the chosen actions should be.
    targets: Vec<f32>,
    /// `[rows, choices]`: the gradient of the loss at the values, zero but for the chosen actions.
    values_gradient: Vec<f32>,
}

impl HostLearner {
    pub(super) fn new(spec: &NetSpec, weights: &Weights) -> Self {
        let online = weights.values().to_vec();
        Self {
            target: online.clone(),
            adam: HostAdam::new(online.len()),
            pass: HostNetPass::new(spec),
            gradient: vec![0.0; online.len()],
            online,
            selected: Vec::new(),
            targets: Vec::new(),
            values_gradient: Vec::new(),
        }
    }

    /// One update. Returns the loss, the mean value of the chosen actions, and the gradient's norm before clipping.
    pub(super) fn learn<O: InputNumber>(
        &mut self,
        config: &DqnConfig,
        spec: &NetSpec,
        batch: &Batch<O, u32>,
    ) -> [f32; 3] {
        if self.pass.spec() != spec {
            self.pass = HostNetPass::new(spec);
        }
        self.set_targets(config, batch);
        let [loss, mean_value] = self.differentiate(config.loss, batch);
        let norm = square_sum(&self.gradient).sqrt();
        let clip = |most: f64| (most as f32 / (norm + NORM_EPSILON)).min(1.0);
        let gradient_scale = config.max_grad_norm.map_or(1.0, clip);
        let step = AdamStep { lr: config.lr, gradient_scale, tau: config.tau };
        self.adam.step(&mut self.online, &mut self.target, &self.gradient, step);
        [loss, mean_value, norm]
    }

    /// `r + discount v`, where v, the value of the successor, is `max_a Q_target(s', a)`, or with double Q-learning
    /// `Q_target(s', argmax_a Q_online(s', a))`, over the legal actions.
    fn set_targets<O: InputNumber>(&mut self, config: &DqnConfig, batch: &Batch<O, u32>) {
        let choices = self.pass.spec().outputs();
        let masks = batch.next_masks();
        let best = |row: usize, values: &[f32]| {
            let mask = masks.map(|masks| &masks[row * choices..][..choices]);
            best_legal(&values[row * choices..][..choices], mask)
        };
        self.selected.clear();
        if config.double {
            let values = self.pass.forward(&self.online, batch.next_obs());
            self.selected.extend((0..batch.len()).map(|row| best(row, values).0));
        }
        let values = self.pass.forward(&self.target, batch.next_obs());
        let selected = &self.selected;
        let next = |row: usize| if config.double { values[row * choices + selected[row]] } else { best(row, values).1 };
        let rows = batch.rewards().iter().zip(discounts(config.gamma, batch)).enumerate();
        self.targets.clear();
        self.targets.extend(rows.map(|(row, (reward, discount))| reward + discount * next(row)));
    }

    /// Writes the gradient of the mean of the weighted losses. Returns that mean, and the mean value of the chosen actions.
    fn differentiate<O: InputNumber>(&mut self, loss: Loss, batch: &Batch<O, u32>) -> [f32; 2] {
        let choices = self.pass.spec().outputs();
        let count = batch.len() as f32;
        let values = self.pass.forward(&self.online, batch.obs());
        self.values_gradient.clear();
        self.values_gradient.resize(values.len(), 0.0);
        let (mut loss_sum, mut value_sum) = (0.0, 0.0);
        let rows = values.chunks_exact(choices).zip(self.values_gradient.chunks_exact_mut(choices));
        let wanted = batch.actions().iter().zip(&self.targets).zip(batch.weights());
        for ((values, gradient), ((&action, target), weight)) in rows.zip(wanted) {
            let value = values[action as usize];
            let (error, slope) = loss.of_difference(value - target);
            loss_sum += error * weight;
            value_sum += value;
            gradient[action as usize] = slope * weight / count;
        }
        self.pass.backward(&self.online, &self.values_gradient, &mut self.gradient);
        [loss_sum / count, value_sum / count]
    }

    pub(super) fn online(&self) -> &[f32] {
        &self.online
    }

    pub(super) fn target(&self) -> &[f32] {
        &self.target
    }

    pub(super) fn set_online(&mut self, weights: &Weights) {
        weights.values().clone_into(&mut self.online);
    }

    pub(super) fn set_target(&mut self, weights: &Weights) {
        weights.values().clone_into(&mut self.target);
    }

    pub(super) fn moments(&self) -> (Vec<f32>, Vec<f32>, u32) {
        let (first, second, updates) = self.adam.state();
        (first.to_vec(), second.to_vec(), updates)
    }

    pub(super) fn set_moments(&mut self, first: &Weights, second: &Weights, updates: u32) {
        self.adam = HostAdam::from_state(first.values().to_vec(), second.values().to_vec(), updates);
    }

    pub(super) fn morph(&mut self, morph: &NetMorph) {
        self.adam = self.adam.morph(morph);
        self.pass = HostNetPass::new(morph.to());
        self.gradient.resize(morph.to().layout().len(), 0.0);
    }
}

impl Loss {
    /// The loss of a difference, and its derivative there.
    fn of_difference(self, difference: f32) -> (f32, f32) {
        match self {
            Self::Mse => (difference * difference, 2.0 * difference),
            Self::Huber => {
                let size = difference.abs();
                let quadratic = size.min(1.0);
                (0.5 * quadratic * quadratic + (size - quadratic), difference.clamp(-1.0, 1.0))
            }
        }
    }
}

/// The first of the highest values, and where it is, with illegal actions at [`ILLEGAL`].
fn best_legal(values: &[f32], mask: Option<&[bool]>) -> (usize, f32) {
    let value = |choice: usize| if mask.is_none_or(|mask| mask[choice]) { values[choice] } else { ILLEGAL };
    let mut best = (0, value(0));
    for choice in 1..values.len() {
        let value = value(choice);
        if value > best.1 {
            best = (choice, value);
        }
    }
    best
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
