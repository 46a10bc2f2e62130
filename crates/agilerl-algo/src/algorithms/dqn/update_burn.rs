//! The update of deep Q-learning on a burn device.

use agilerl_buffer::Batch;
use agilerl_nets::{InputNumber, NetSpec};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use crate::algorithms::dqn::config::{DqnConfig, Loss};
use crate::algorithms::dqn::target::{ILLEGAL, discounts};
use crate::network::burn::BurnNetwork;

/// A batch, and its observations and successors as the network reads them.
pub(crate) struct AgentBatch<'a, I, O> {
    pub(crate) obs: &'a [I],
    pub(crate) next_obs: &'a [I],
    pub(crate) rows: &'a Batch<O, u32>,
}

/// The report of an update of all agents of a stack.
pub(crate) struct BurnUpdate {
    /// Loss, mean value of the chosen actions, and the gradient's norm before clipping: `[agents, 3]`, zeros without a batch.
    pub(crate) metrics: Tensor<2>,
    /// Value of the chosen action minus target, `[agents, rows]`.
    pub(crate) td_errors: Tensor<2>,
}

/// Makes one update of every agent that has a batch; the others stay as they are.
///
/// The agents have their losses and gradients for themselves: the sum of the losses is differentiated, and no weight
/// of one takes part in the loss of another. Loss, double Q-learning and clipping are those of the first.
pub(crate) fn learn<I: InputNumber, O: Copy>(
    network: &mut BurnNetwork,
    configs: &[&DqnConfig],
    spec: &NetSpec,
    batches: &[Option<AgentBatch<'_, I, O>>],
) -> BurnUpdate {
    let rows = Rows::new(configs, spec, batches, network.device());
    let config = configs[0];
    let online = network.parameters(spec);
    let targets =
        rows.rewards.clone() + rows.discounts.clone() * next_values(network, config.double, spec, &online, &rows);

    let parameters: Vec<_> = online.into_iter().map(|p| p.autodiff().require_grad()).collect();
    let values = spec.forward(&parameters, rows.obs).gather(2, rows.actions);
    let differences = values.clone() - targets;
    let losses = (config.loss.of(differences.clone()) * rows.weights).sum_dim(1);
    let mut gradients = losses.clone().sum().backward();
    let steps: Vec<_> =
        configs.iter().zip(batches).map(|(config, batch)| batch.as_ref().map(|_| config.optimizer_step())).collect();
    let norms = network.step(&parameters, &mut gradients, &steps);
    let mean_values = (values.inner() * rows.shares).sum_dim(1);
    BurnUpdate {
        metrics: Tensor::cat(vec![losses.inner().squeeze_dim(2), mean_values.squeeze_dim(2), norms], 1),
        td_errors: differences.inner().squeeze_dim(2),
    }
}

/// Values of the successors, `[agents, rows, 1]`: `max_a Q_target(s', a)`, or with double Q-learning
/// `Q_target(s', argmax_a Q_online(s', a))`, over the legal actions.
fn next_values(network: &BurnNetwork, double: bool, spec: &NetSpec, online: &[Tensor<3>], rows: &Rows) -> Tensor<3> {
    let legal_only = |values: Tensor<3>| match &rows.illegal {
        Some(illegal) => values.mask_fill(illegal.clone(), ILLEGAL),
        None => values,
    };
    let evaluated = spec.forward(&network.target_parameters(spec), rows.next_obs.clone());
    if double {
        let selected = legal_only(spec.forward(online, rows.next_obs.clone())).argmax(2);
        evaluated.gather(2, selected)
    } else {
        legal_only(evaluated).max_dim(2)
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
    fn new<I: InputNumber, O: Copy>(
        configs: &[&DqnConfig],
        spec: &NetSpec,
        batches: &[Option<AgentBatch<'_, I, O>>],
        device: &Device,
    ) -> Self {
        let agents = batches.len();
        let rows = batches.iter().flatten().map(|batch| batch.rows.len()).max().unwrap_or(0);
        assert!(rows > 0, "no batch to learn from");
        let float = |width: usize, column: Column<'_, I, O, f32>| {
            let values = filled(batches, rows * width, 0.0, column);
            Tensor::<3>::from_data(TensorData::new(values, [agents, rows, width]), device)
        };
        let images = |column: Column<'_, I, O, I>| {
            let values = filled(batches, rows * spec.inputs(), I::default(), column);
            I::upload(&values, [agents, rows, spec.inputs()], device)
        };
        let share = |batch: &AgentBatch<'_, I, O>| 1.0 / batch.rows.len() as f32;
        let actions =
            filled(batches, rows, 0, &|_, batch| batch.rows.actions().iter().map(|a| a.cast_signed()).collect());
        let masked = batches.iter().flatten().any(|batch| batch.rows.next_masks().is_some());
        let illegal = masked.then(|| {
            let illegal =
                |batch: &AgentBatch<'_, I, O>| Some(batch.rows.next_masks()?.iter().map(|legal| !legal).collect());
            let values = filled(batches, rows * spec.outputs(), false, &|_, batch| illegal(batch).unwrap_or_default());
            Tensor::from_data(TensorData::new(values, [agents, rows, spec.outputs()]), device)
        });
        Self {
            obs: images(&|_, batch| batch.obs.to_vec()),
            actions: Tensor::from_data(TensorData::new(actions, [agents, rows, 1]), device),
            rewards: float(1, &|_, batch| batch.rows.rewards().to_vec()),
            next_obs: images(&|_, batch| batch.next_obs.to_vec()),
            discounts: float(1, &|agent, batch| discounts(configs[agent].gamma, batch.rows).collect()),
            illegal,
            weights: float(1, &|_, batch| batch.rows.weights().iter().map(|weight| weight * share(batch)).collect()),
            shares: float(1, &|_, batch| vec![share(batch); batch.rows.len()]),
        }
    }
}

/// Makes a column of an agent's batch, by the agent's place.
type Column<'a, I, O, T> = &'a dyn Fn(usize, &AgentBatch<'_, I, O>) -> Vec<T>;

/// A column of every batch, each filled up to `len` numbers.
fn filled<I: InputNumber, O: Copy, T: Clone>(
    batches: &[Option<AgentBatch<'_, I, O>>],
    len: usize,
    filler: T,
    column: Column<'_, I, O, T>,
) -> Vec<T> {
    let mut all = Vec::with_capacity(batches.len() * len);
    for (agent, batch) in batches.iter().enumerate() {
        all.extend(batch.as_ref().map(|batch| column(agent, batch)).unwrap_or_default());
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
