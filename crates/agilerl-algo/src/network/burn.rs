//! Networks that learn on a device of burn.

use agilerl_nets::{Adam, InputNumber, Layout, NetSpec, Weights};
use burn::tensor::{Device, Gradients, Tensor, TensorData};

use crate::network::optimizer::{NORM_EPSILON, OptimizerStep};

/// Online networks, target networks and optimiser on a device: one row of flat weights for each agent; all are of one
/// architecture. An agent that learns alone is a stack of one.
#[derive(Clone, Debug)]
pub struct BurnNetwork {
    /// `[agents, weights]`
    online: Tensor<2>,
    target: Option<Tensor<2>>,
    adam: Adam,
    device: Device,
}

impl BurnNetwork {
    pub(crate) fn new(weights: &Weights, target: Option<&Weights>, device: &Device) -> Self {
        let online = upload(weights, device);
        let adam = Adam::new(weights.values().len(), device);
        // The same tensor, where the two start alike.
        let target = target.map(|target| if target == weights { online.clone() } else { upload(target, device) });
        Self { target, online, adam, device: device.clone() }
    }

    /// Puts several networks together.
    ///
    /// # Panics
    /// If they are not of one architecture, or only some have a target network.
    pub fn stack(networks: &[&Self]) -> Self {
        let rows = |tensors: Vec<Tensor<2>>| Tensor::cat(tensors, 0);
        let target: Vec<_> = networks.iter().filter_map(|network| network.target.clone()).collect();
        Self {
            online: rows(networks.iter().map(|network| network.online.clone()).collect()),
            target: (!target.is_empty()).then(|| rows(target)),
            adam: Adam::stack(&networks.iter().map(|network| &network.adam).collect::<Vec<_>>()),
            device: networks[0].device.clone(),
        }
    }

    /// Returns the network of one agent of a stack.
    #[must_use]
    pub fn of(&self, agent: usize) -> Self {
        let row = |weights: &Tensor<2>| weights.clone().narrow(0, agent, 1);
        let (online, target) = (row(&self.online), self.target.as_ref().map(row));
        Self { online, target, adam: self.adam.of(agent), device: self.device.clone() }
    }

    /// Parameters of the online networks.
    pub fn parameters(&self, spec: &NetSpec) -> Vec<Tensor<3>> {
        spec.split(&self.online)
    }

    /// Parameters of the target networks; of the online ones where there are none.
    pub fn target_parameters(&self, spec: &NetSpec) -> Vec<Tensor<3>> {
        spec.split(self.target.as_ref().unwrap_or(&self.online))
    }

    /// Outputs of the online networks for as many rows for each agent, `[agents, rows, inputs]` flat, to `[agents, rows,
    /// outputs]` flat.
    pub fn outputs<O: InputNumber>(&self, spec: &NetSpec, rows: &[O]) -> Vec<f32> {
        let agents = self.agents();
        let count = rows.len() / (agents * spec.inputs());
        let rows = O::upload(rows, [agents, count, spec.inputs()], &self.device);
        let outputs = spec.forward(&self.parameters(spec), rows);
        outputs.into_data().try_into_vec().expect("outputs are f32")
    }

    /// Takes a step of Adam down the gradients of `parameters`, which are the online ones, then moves the target networks
    /// towards the online ones: for every agent whose step is given; the others stay as they are. Returns the norms of the
    /// gradients before clipping, `[agents, 1]`. Clipping is that of the first step.
    ///
    /// # Panics
    /// If there is not one step or none for each agent, or a parameter has no gradient.
    pub fn step(
        &mut self,
        parameters: &[Tensor<3>],
        gradients: &mut Gradients,
        steps: &[Option<OptimizerStep>],
    ) -> Tensor<2> {
        let agents = self.agents();
        assert_eq!(steps.len(), agents, "one step for each agent");
        let flat = parameters.iter().map(|parameter| {
            let gradient = parameter.grad_remove(gradients).expect("every parameter takes part in the loss");
            let [_, rows, columns] = gradient.dims();
            gradient.reshape([agents, rows * columns])
        });
        let gradient = Tensor::cat(flat.collect(), 1);
        let norms = gradient.clone().square().sum_dim(1).sqrt();
        let max_grad_norm = steps.iter().flatten().next().and_then(|step| step.max_grad_norm);
        let gradient = match max_grad_norm {
            Some(most) => gradient * (norms.clone() + NORM_EPSILON).recip().mul_scalar(most).clamp_max(1.0),
            None => gradient,
        };
        let lr: Vec<Option<f64>> = steps.iter().map(|step| step.map(|step| step.lr)).collect();
        self.online = self.adam.step(self.online.clone(), gradient, &lr);
        if let Some(target) = self.target.take() {
            let share = |share: fn(f64) -> f64| {
                let tau = steps.iter().map(|step| step.map_or(0.0, |step| step.tau));
                let shares: Vec<f32> = tau.map(|tau| share(tau) as f32).collect();
                Tensor::<2>::from_data(TensorData::new(shares, [agents, 1]), &self.device)
            };
            self.target = Some(target * share(|tau| 1.0 - tau) + self.online.clone() * share(|tau| tau));
        }
        norms
    }

    /// Number of agents.
    pub fn agents(&self) -> usize {
        self.online.dims()[0]
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    pub(crate) fn online(&self) -> Vec<f32> {
        download(&self.online)
    }

    pub(crate) fn target(&self) -> Option<Vec<f32>> {
        self.target.as_ref().map(download)
    }

    pub(crate) fn set_online(&mut self, weights: &Weights) {
        self.online = upload(weights, &self.device);
    }

    pub(crate) fn set_target(&mut self, weights: &Weights) {
        self.target = Some(upload(weights, &self.device));
    }

    pub(crate) fn moments(&self, layout: &Layout) -> (Weights, Weights, u32) {
        self.adam.state(layout)
    }

    pub(crate) fn set_moments(&mut self, first: &Weights, second: &Weights, updates: u32) {
        self.adam = Adam::from_state(first, second, updates, &self.device);
    }
}

fn upload(weights: &Weights, device: &Device) -> Tensor<2> {
    let values = weights.values();
    Tensor::from_data(TensorData::new(values.to_vec(), [1, values.len()]), device)
}

fn download(tensor: &Tensor<2>) -> Vec<f32> {
    tensor.to_data().try_into_vec().expect("weights are f32")
}
