//! The update of deep Q-learning on the CPU.

use agilerl_buffer::Batch;
use agilerl_nets::InputNumber;

use crate::algorithms::dqn::config::{DqnConfig, Loss};
use crate::algorithms::dqn::target::{ILLEGAL, discounts};
use crate::network::host::HostNetwork;

/// The buffers of an update on the host, which the next one uses again.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostUpdate {
    /// `[rows]`: the best action of each successor, as the online network sees it.
    selected: Vec<usize>,
    /// `[rows]`: the targets of the values of the chosen actions.
    targets: Vec<f32>,
    /// `[rows, choices]`: the gradient of the loss at the values, zero but for the chosen actions.
    values_gradient: Vec<f32>,
    /// `[rows]`: value of the chosen action minus target.
    td_errors: Vec<f32>,
    /// Loss, mean value of the chosen actions, norm of the gradient before clipping.
    metrics: [f32; 3],
}

impl HostUpdate {
    /// Makes one update. `obs` and `next_obs` are those of the batch, as the network reads them.
    pub(crate) fn learn<I: InputNumber, O: Copy>(
        &mut self,
        config: &DqnConfig,
        network: &mut HostNetwork,
        [obs, next_obs]: [&[I]; 2],
        batch: &Batch<O, u32>,
    ) {
        self.set_targets(config, network, next_obs, batch);
        let [loss, mean_value] = self.differentiate(config.loss, network, obs, batch);
        let norm = network.step(config.optimizer_step());
        self.metrics = [loss, mean_value, norm];
    }

    pub(crate) fn metrics(&self) -> &[f32] {
        &self.metrics
    }

    pub(crate) fn td_errors(&self) -> &[f32] {
        &self.td_errors
    }

    /// `r + discount v`, where v, the value of the successor, is `max_a Q_target(s', a)`, or with double Q-learning
    /// `Q_target(s', argmax_a Q_online(s', a))`, over the legal actions.
    fn set_targets<I: InputNumber, O: Copy>(
        &mut self,
        config: &DqnConfig,
        network: &mut HostNetwork,
        next_obs: &[I],
        batch: &Batch<O, u32>,
    ) {
        let choices = network.outputs();
        let masks = batch.next_masks();
        let best = |row: usize, values: &[f32]| {
            let mask = masks.map(|masks| &masks[row * choices..][..choices]);
            best_legal(&values[row * choices..][..choices], mask)
        };
        self.selected.clear();
        if config.double {
            let values = network.forward(next_obs, &[]);
            self.selected.extend((0..batch.len()).map(|row| best(row, values).0));
        }
        let values = network.forward_target(next_obs, &[]);
        let selected = &self.selected;
        let next = |row: usize| if config.double { values[row * choices + selected[row]] } else { best(row, values).1 };
        let rows = batch.rewards().iter().zip(discounts(config.gamma, batch)).enumerate();
        self.targets.clear();
        self.targets.extend(rows.map(|(row, (reward, discount))| reward + discount * next(row)));
    }

    /// Computes the gradient of the mean of the weighted losses. Returns that mean, and the mean value of the chosen actions.
    fn differentiate<I: InputNumber, O: Copy>(
        &mut self,
        loss: Loss,
        network: &mut HostNetwork,
        obs: &[I],
        batch: &Batch<O, u32>,
    ) -> [f32; 2] {
        let choices = network.outputs();
        let count = batch.len() as f32;
        let values = network.forward(obs, &[]);
        self.values_gradient.clear();
        self.values_gradient.resize(values.len(), 0.0);
        self.td_errors.clear();
        let (mut loss_sum, mut value_sum) = (0.0, 0.0);
        let rows = values.chunks_exact(choices).zip(self.values_gradient.chunks_exact_mut(choices));
        let wanted = batch.actions().iter().zip(&self.targets).zip(batch.weights());
        for ((values, gradient), ((&action, target), weight)) in rows.zip(wanted) {
            let value = values[action as usize];
            let difference = value - target;
            let (error, slope) = loss.of_difference(difference);
            self.td_errors.push(difference);
            loss_sum += error * weight;
            value_sum += value;
            gradient[action as usize] = slope * weight / count;
        }
        network.backward(&self.values_gradient);
        [loss_sum / count, value_sum / count]
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
