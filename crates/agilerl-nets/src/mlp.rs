//! A multi-layer perceptron on a device.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use crate::block::Role;
use crate::mlp_spec::LAYER_NORM_EPSILON;
use crate::{Entry, Layout, MlpSpec, Weights};

/// A multi-layer perceptron on a burn device: its spec, and all its weights in one flat tensor.
///
/// One tensor, because then copying, averaging, clipping and updating a network are a handful of operations whatever
/// its depth, and a mutation on the host needs one transfer each way. It is a burn module with one parameter.
///
/// ```
/// use agilerl_nets::{Mlp, MlpSpec, parse_device};
/// use burn::tensor::Tensor;
/// use rand::SeedableRng;
///
/// let device = parse_device("cpu")?.burn();
/// let spec = MlpSpec::new(8, &[32, 32], 4);
/// let weights = spec.init(&mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
/// let net = Mlp::new(spec, &weights, &device);
/// let values = net.forward(Tensor::zeros([16, 8], &device));
/// assert_eq!(values.dims(), [16, 4]);
/// # Ok::<(), agilerl_nets::NetError>(())
/// ```
#[derive(Module, Debug)]
pub struct Mlp {
    flat: Param<Tensor<1>>,
    #[module(skip)]
    spec: MlpSpec,
}

impl Mlp {
    /// Puts a network on a device.
    ///
    /// # Panics
    /// If the weights are not laid out as the spec says.
    pub fn new(spec: MlpSpec, weights: &Weights, device: &Device) -> Self {
        assert_eq!(weights.layout(), &spec.layout(), "these weights belong to another spec");
        let flat = Tensor::from_data(TensorData::from(weights.values()), device);
        Self { flat: Param::from_tensor(flat), spec }
    }

    /// What it is made of.
    pub fn spec(&self) -> &MlpSpec {
        &self.spec
    }

    /// Values of a batch of rows: `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Panics
    /// If the rows have another length.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let parameters = self.spec.split(&self.flat.val().unsqueeze());
        self.spec.forward(&parameters, input.unsqueeze()).squeeze_dim(0)
    }

    /// Its weights on the host.
    pub fn weights(&self) -> Weights {
        Weights::new(self.spec.layout(), crate::device::read(self.flat.val()))
    }
}

impl MlpSpec {
    /// Cuts the flat weights of one or more networks, `[networks, layout().len()]`, into parameters, each a matrix for every
    /// network: what [`forward`](Self::forward) takes. A vector `[n]` becomes a row `[1, n]`.
    pub fn split(&self, flat: &Tensor<2>) -> Vec<Tensor<3>> {
        self.layout().split(flat)
    }

    /// Values under parameters from [`split`](Self::split), a batch of rows for each network: `[networks, batch, inputs]` to
    /// `[networks, batch, outputs]`.
    ///
    /// # Panics
    /// If the rows have another length, or the parameters are not this spec's.
    pub fn forward(&self, parameters: &[Tensor<3>], input: Tensor<3>) -> Tensor<3> {
        assert_eq!(input.dims()[2], self.inputs, "rows of {} numbers for a network of {self}", input.dims()[2]);
        let mut parameters = parameters.iter();
        let mut next = || parameters.next().expect("one tensor for each parameter of the spec");
        let mut x = input;
        let mut heads = Vec::new();
        for block in self.blocks() {
            let mut y = linear(x.clone(), next(), next());
            if block.has_norm {
                y = layer_norm(y, next(), next());
            }
            let slope = block.has_slope().then(&mut next);
            y = block.activation.apply(y, slope);
            match block.role {
                Role::Plain { .. } => x = y,
                Role::Residual { .. } => x = x + y * next().clone(),
                Role::Output | Role::Value => heads.push(y),
            }
        }
        match <[_; 2]>::try_from(heads) {
            Ok([advantages, value]) => advantages.clone() - advantages.mean_dim(2) + value,
            Err(mut heads) => heads.pop().expect("an output"),
        }
    }
}

impl Layout {
    /// Cuts flat weights, `[networks, len]`, into parameters `[networks, rows, columns]`.
    pub(crate) fn split(&self, flat: &Tensor<2>) -> Vec<Tensor<3>> {
        let networks = flat.dims()[0];
        let cut = |entry: &Entry| {
            let [rows, columns] = entry.matrix_shape();
            flat.clone().slice([0..networks, entry.range()]).reshape([networks, rows, columns])
        };
        self.entries().iter().map(cut).collect()
    }
}

fn linear(x: Tensor<3>, weight: &Tensor<3>, bias: &Tensor<3>) -> Tensor<3> {
    x.matmul(weight.clone().swap_dims(1, 2)) + bias.clone()
}

fn layer_norm(x: Tensor<3>, gain: &Tensor<3>, shift: &Tensor<3>) -> Tensor<3> {
    let centred = x.clone() - x.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    centred / (variance + LAYER_NORM_EPSILON).sqrt() * gain.clone() + shift.clone()
}
