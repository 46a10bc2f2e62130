//! The update of deep Q-learning on a burn device.

use agilerl_buffer::Batch;
use agilerl_nets::{Adam, InputNumber, Layout, NetMorph, NetSpec, Weights};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use super::{DqnConfig, ILLEGAL, Loss, NORM_EPSILON, discounts};

/// Online networks, target networks and optimiser on the device: a row of flat weights for each agent, which are of one
/// architecture. An agent that learns alone is a stack of one.
#[derive(Clone, Debug)]
pub(crate) struct BurnLearner {
    /// `[agents, weights]`
    online: Tensor<2>,
    target: Tensor<2>,
    adam: Adam,
    device: Device,
}

impl BurnLearner {
    pub(super) fn new(weights: &Weights, device: &Device) -> Self {
        let online = upload(weights, device);
        let adam = Adam::new(weights.values().len(), device);
        Self { target: online.clone(), online, adam, device: device.clone() }
    }

    /// Several learners as one.
    pub(crate) fn stack(learners: &[&Self]) -> Self {
        let rows =
            |weights: fn(&Self) -> &Tensor<2>| Tensor::cat(learners.iter().map(|l| weights(l).clone()).collect(), 0);
        let adam = Adam::stack(&learners.iter().map(|learner| &learner.adam).collect::<Vec<_>>());
        Self { online: rows(|l| &l.online), target: rows(|l| &l.target), adam, device: learners[0].device.clone() }
    }

    /// The learner of one agent of a stack.
    pub(crate) fn of(&self, agent: usize) -> Self {
        let row = |weights: &Tensor<2>| weights.clone().narrow(0, agent, 1);
        let (online, target) = (row(&self.online), row(&self.target));
        Self { online, target, adam: self.adam.of(agent), device: self.device.clone() }
    }

    /// Values of all actions: a batch of as many rows for each agent, `[agents, rows, inputs]` flat, to `[agents, rows,
    /// choices]` flat.
    pub(crate) fn values<O: InputNumber>(&self, spec: &NetSpec, obs: &[O]) -> Vec<f32> {
        let agents = self.online.dims()[0];
        let rows = obs.len() / (agents * spec.inputs());
        let obs = O::upload(obs, [agents, rows, spec.inputs()], &self.device);
        let values = spec.forward(&spec.split(&self.online), obs);
        values.into_data().try_into_vec().expect("values are f32")
    }

    /// One update of every agent that has a batch; the others stay as they are. Returns for each the loss, the mean value of
    /// the chosen actions, and the gradient's norm before clipping, `[agents, 3]`, zeros without a batch.
    ///
    /// The agents have their losses and gradients for themselves: the sum of the losses is differentiated, and no weight
    /// of one takes part in the loss of another. Loss, double Q-learning and clipping are those of the first.
    pub(crate) fn learn<O: InputNumber>(
        &mut self,
        configs: &[&DqnConfig],
        spec: &NetSpec,
        batches: &[Option<&Batch<O, u32>>],
    ) -> Tensor<2> {
        let rows = Rows::new(configs, spec, batches, &self.device);
        let config = configs[0];
        let online = spec.split(&self.online);
        let targets =
            rows.rewards.clone() + rows.discounts.clone() * self.next_values(config.double, spec, &online, &rows);

        let parameters: Vec<_> = online.into_iter().map(|p| p.autodiff().require_grad()).collect();
        let values = spec.forward(&parameters, rows.obs).gather(2, rows.actions);
        let losses = (config.loss.of(values.clone() - targets) * rows.weights).sum_dim(1);
        let mut gradients = losses.clone().sum().backward();
        let agents = configs.len();
        let flat = parameters.iter().map(|parameter| {
            let gradient = parameter.grad_remove(&mut gradients).expect("every parameter takes part in the loss");
            let [_, rows, columns] = gradient.dims();
            gradient.reshape([agents, rows * columns])
        });
        let gradient = Tensor::cat(flat.collect(), 1);
        let norms = gradient.clone().square().sum_dim(1).sqrt();
        let gradient = match config.max_grad_norm {
            Some(most) => gradient * (norms.clone() + NORM_EPSILON).recip().mul_scalar(most).clamp_max(1.0),
            None => gradient,
        };
        let due = |(config, batch): (&&DqnConfig, &Option<&Batch<O, u32>>)| batch.map(|_| (config.lr, config.tau));
        let (lr, tau): (Vec<_>, Vec<_>) = configs
            .iter()
            .zip(batches)
            .map(due)
            .map(|due| (due.map(|due| due.0), due.map_or(0.0, |due| due.1)))
            .unzip();
        self.online = self.adam.step(self.online.clone(), gradient, &lr);
        let share = |share: fn(f64) -> f64| {
            let shares: Vec<f32> = tau.iter().map(|tau| share(*tau) as f32).collect();
            Tensor::<2>::from_data(TensorData::new(shares, [agents, 1]), &self.device)
        };
        self.target = self.target.clone() * share(|tau| 1.0 - tau) + self.online.clone() * share(|tau| tau);
        let mean_values = (values.inner() * rows.shares).sum_dim(1);
        Tensor::cat(vec![losses.inner().squeeze_dim(2), mean_values.squeeze_dim(2), norms], 1)
    }

    /// Values of the successors, `[agents, rows, 1]`: `max_a Q_target(s', a)`, or with double Q-learning
    /// `Q_target(s', argmax_a Q_online(s', a))`, over the legal actions.
    fn next_values(&self, double: bool, spec: &NetSpec, online: &[Tensor<3>], rows: &Rows) -> Tensor<3> {
        let legal_only = |values: Tensor<3>| match &rows.illegal {
            Some(illegal) => values.mask_fill(illegal.clone(), ILLEGAL),
            None => values,
        };
        let evaluated = spec.forward(&spec.split(&self.target), rows.next_obs.clone());
        if double {
            let selected = legal_only(spec.forward(online, rows.next_obs.clone())).argmax(2);
            evaluated.gather(2, selected)
        } else {
            legal_only(evaluated).max_dim(2)
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

    pub(super) fn moments(&self, layout: &Layout) -> (Vec<f32>, Vec<f32>, u32) {
        let (first, second, updates) = self.adam.state(layout);
        (first.into_values(), second.into_values(), updates)
    }

    pub(super) fn set_moments(&mut self, first: &Weights, second: &Weights, updates: u32) {
        self.adam = Adam::from_state(first, second, updates, &self.device);
    }

    pub(crate) fn device(&self) -> Device {
        self.device.clone()
    }

    pub(super) fn morph(&mut self, morph: &NetMorph) {
        self.adam = self.adam.morph(morph, &self.device);
    }
}

/// The batches of all agents on the device, `[agents, rows, ..]`. Shorter ones are filled up with rows of weight zero.
struct Rows {
    obs: Tensor<3>,
    actions: Tensor<3, Int>,
    rewards: Tensor<3>,
    next_obs: Tensor<3>,
    /// The factor on the successor's value.
    discounts: Tensor<3>,
    illegal: Option<Tensor<3, Bool>>,
    /// The row's weight over the number of its agent's rows: what makes a sum of losses their mean.
    weights: Tensor<3>,
    /// One over the number of its agent's rows.
    shares: Tensor<3>,
}

impl Rows {
    fn new<O: InputNumber>(
        configs: &[&DqnConfig],
        spec: &NetSpec,
        batches: &[Option<&Batch<O, u32>>],
        device: &Device,
    ) -> Self {
        let agents = batches.len();
        let rows = batches.iter().flatten().map(|batch| batch.len()).max().unwrap_or(0);
        assert!(rows > 0, "no batch to learn from");
        let float = |width: usize, column: Column<'_, O, f32>| {
            let values = filled(batches, rows * width, 0.0, column);
            Tensor::<3>::from_data(TensorData::new(values, [agents, rows, width]), device)
        };
        let images = |column: Column<'_, O, O>| {
            let values = filled(batches, rows * spec.inputs(), O::default(), column);
            O::upload(&values, [agents, rows, spec.inputs()], device)
        };
        let share = |batch: &Batch<O, u32>| 1.0 / batch.len() as f32;
        let actions = filled(batches, rows, 0, &|_, batch| batch.actions().iter().map(|a| a.cast_signed()).collect());
        let masked = batches.iter().flatten().any(|batch| batch.next_masks().is_some());
        let illegal = masked.then(|| {
            let illegal = |batch: &Batch<O, u32>| Some(batch.next_masks()?.iter().map(|legal| !legal).collect());
            let values = filled(batches, rows * spec.outputs(), false, &|_, batch| illegal(batch).unwrap_or_default());
            Tensor::from_data(TensorData::new(values, [agents, rows, spec.outputs()]), device)
        });
        Self {
            obs: images(&|_, batch| batch.obs().to_vec()),
            actions: Tensor::from_data(TensorData::new(actions, [agents, rows, 1]), device),
            rewards: float(1, &|_, batch| batch.rewards().to_vec()),
            next_obs: images(&|_, batch| batch.next_obs().to_vec()),
            discounts: float(1, &|agent, batch| discounts(configs[agent].gamma, batch).collect()),
            illegal,
            weights: float(1, &|_, batch| batch.weights().iter().map(|weight| weight * share(batch)).collect()),
            shares: float(1, &|_, batch| vec![share(batch); batch.len()]),
        }
    }
}

/// What becomes of an agent's batch, by the agent's place.
type Column<'a, O, T> = &'a dyn Fn(usize, &Batch<O, u32>) -> Vec<T>;

/// A column of every batch, each filled up to `len` numbers.
fn filled<O: InputNumber, T: Clone>(
    batches: &[Option<&Batch<O, u32>>],
    len: usize,
    filler: T,
    column: Column<'_, O, T>,
) -> Vec<T> {
    let mut all = Vec::with_capacity(batches.len() * len);
    for (agent, batch) in batches.iter().enumerate() {
        all.extend(batch.map(|batch| column(agent, batch)).unwrap_or_default());
        all.resize((agent + 1) * len, filler.clone());
    }
    all
}

impl Loss {
    /// The loss of each difference.
    fn of(self, difference: Tensor<3>) -> Tensor<3> {
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

fn upload(weights: &Weights, device: &Device) -> Tensor<2> {
    let values = weights.values();
    Tensor::from_data(TensorData::new(values.to_vec(), [1, values.len()]), device)
}

fn download(tensor: &Tensor<2>) -> Vec<f32> {
    tensor.to_data().try_into_vec().expect("weights are f32")
}
