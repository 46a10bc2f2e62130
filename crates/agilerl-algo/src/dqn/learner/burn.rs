//! The update of deep Q-learning on a burn device.

use agilerl_buffer::Batch;
use agilerl_nets::{Adam, InputNumber, NetMorph, NetSpec, Weights};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use super::{DqnConfig, ILLEGAL, Loss, NORM_EPSILON, discounts};

/// Online network, target network and optimiser, each a flat vector on the device.
#[derive(Clone, Debug)]
pub(crate) struct BurnLearner {
    online: Tensor<1>,
    target: Tensor<1>,
    adam: Adam,
    device: Device,
}

impl BurnLearner {
    pub(super) fn new(weights: &Weights, device: &Device) -> Self {
        let online = upload(weights, device);
        let adam = Adam::new(weights.values().len(), device);
        Self { target: online.clone(), online, adam, device: device.clone() }
    }

    /// One update. Returns the loss, the mean value of the chosen actions, and the gradient's norm before clipping, `[3]`.
    pub(super) fn learn<O: InputNumber>(
        &mut self,
        config: &DqnConfig,
        spec: &NetSpec,
        batch: &Batch<O, u32>,
    ) -> Tensor<1> {
        let rows = batch.len();
        let matrix = |values: &[f32], width: usize| {
            Tensor::<2>::from_data(TensorData::new(values.to_vec(), [rows, width]), &self.device)
        };
        let actions: Vec<i32> = batch.actions().iter().map(|&action| action.cast_signed()).collect();
        let actions = Tensor::<2, Int>::from_data(TensorData::new(actions, [rows, 1]), &self.device);
        let online = spec.split(&self.online);
        let discounts: Vec<f32> = discounts(config.gamma, batch).collect();
        let next = self.next_values(config.double, spec, &online, batch);
        let targets = matrix(batch.rewards(), 1) + matrix(&discounts, 1) * next;

        let parameters: Vec<_> = online.into_iter().map(|p| p.autodiff().require_grad()).collect();
        let obs = O::upload(batch.obs(), [rows, spec.inputs()], &self.device);
        let values = spec.forward(&parameters, obs).gather(1, actions);
        let loss = (config.loss.of(values.clone() - targets) * matrix(batch.weights(), 1)).mean();
        let mut gradients = loss.backward();
        let flat = parameters.iter().map(|parameter| {
            let gradient = parameter.grad_remove(&mut gradients).expect("every parameter takes part in the loss");
            let [rows, columns] = gradient.dims();
            gradient.reshape([rows * columns])
        });
        let gradient = Tensor::cat(flat.collect(), 0);
        let norm = gradient.clone().square().sum().sqrt();
        let gradient = match config.max_grad_norm {
            Some(most) => gradient * (norm.clone() + NORM_EPSILON).recip().mul_scalar(most).clamp_max(1.0),
            None => gradient,
        };
        self.online = self.adam.step(self.online.clone(), gradient, config.lr);
        self.target = self.target.clone() * (1.0 - config.tau) + self.online.clone() * config.tau;
        Tensor::cat(vec![loss.inner(), values.inner().mean(), norm], 0)
    }

    /// Values of the successors, `[rows, 1]`: `max_a Q_target(s', a)`, or with double Q-learning
    /// `Q_target(s', argmax_a Q_online(s', a))`, over the legal actions.
    fn next_values<O: InputNumber>(
        &self,
        double: bool,
        spec: &NetSpec,
        online: &[Tensor<2>],
        batch: &Batch<O, u32>,
    ) -> Tensor<2> {
        let (rows, choices) = (batch.len(), spec.outputs());
        let next_obs = O::upload(batch.next_obs(), [rows, spec.inputs()], &self.device);
        let illegal = batch.next_masks().map(|legal| {
            let illegal: Vec<bool> = legal.iter().map(|legal| !legal).collect();
            Tensor::<2, Bool>::from_data(TensorData::new(illegal, [rows, choices]), &self.device)
        });
        let legal_only = |values: Tensor<2>| match &illegal {
            Some(illegal) => values.mask_fill(illegal.clone(), ILLEGAL),
            None => values,
        };
        let evaluated = spec.forward(&spec.split(&self.target), next_obs.clone());
        if double {
            let selected = legal_only(spec.forward(online, next_obs)).argmax(1);
            evaluated.gather(1, selected)
        } else {
            legal_only(evaluated).max_dim(1)
        }
    }

    pub(super) fn online(&self) -> Vec<f32> {
        download(&self.online)
    }

    pub(super) fn target(&self) -> Vec<f32> {
        download(&self.target)
    }

    pub(super) fn set_online(&mut self, weights: &Weights) {
        self.online = upload(weights, &self.device);
    }

    pub(super) fn set_target(&mut self, weights: &Weights) {
        self.target = upload(weights, &self.device);
    }

    pub(super) fn morph(&mut self, morph: &NetMorph) {
        self.adam = self.adam.morph(morph, &self.device);
    }
}

impl Loss {
    /// The loss of each difference.
    fn of(self, difference: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Mse => difference.square(),
            Self::Huber => {
                let size = difference.abs();
                let quadratic = size.clone().clamp_max(1.0);
                quadratic.clone().square() * 0.5 + (size - quadratic)
            }
        }
    }
}

fn upload(weights: &Weights, device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::from(weights.values()), device)
}

fn download(tensor: &Tensor<1>) -> Vec<f32> {
    tensor.to_data().try_into_vec().expect("weights are f32")
}
