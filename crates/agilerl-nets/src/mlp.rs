//! A multi-layer perceptron on a device.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use crate::block::Role;
use crate::mlp_spec::LAYER_NORM_EPSILON;
use crate::{MlpSpec, Weights};

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
        self.spec.forward(&self.spec.split(&self.flat.val()), input)
    }

    /// Its weights on the host.
    pub fn weights(&self) -> Weights {
        Weights::new(self.spec.layout(), crate::device::read(self.flat.val()))
    }
}

impl MlpSpec {
    /// Cuts a flat vector of weights, `[layout().len()]`, into its parameters, each as a matrix: what
    /// [`forward`](Self::forward) takes. A vector `[n]` becomes a row `[1, n]`.
    pub fn split(&self, flat: &Tensor<1>) -> Vec<Tensor<2>> {
        let layout = self.layout();
        let cut = |entry: &crate::Entry| flat.clone().slice([entry.range()]).reshape(entry.matrix_shape());
        layout.entries().iter().map(cut).collect()
    }

    /// Values of a batch of rows under parameters from [`split`](Self::split): `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Panics
    /// If the rows have another length, or the parameters are not this spec's.
    pub fn forward(&self, parameters: &[Tensor<2>], input: Tensor<2>) -> Tensor<2> {
        assert_eq!(input.dims()[1], self.inputs, "rows of {} numbers for a network of {self}", input.dims()[1]);
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
            Ok([advantages, value]) => advantages.clone() - advantages.mean_dim(1) + value,
            Err(mut heads) => heads.pop().expect("an output"),
        }
    }
}

fn linear(x: Tensor<2>, weight: &Tensor<2>, bias: &Tensor<2>) -> Tensor<2> {
    x.matmul(weight.clone().transpose()) + bias.clone()
}

fn layer_norm(x: Tensor<2>, gain: &Tensor<2>, shift: &Tensor<2>) -> Tensor<2> {
    let centred = x.clone() - x.mean_dim(1);
    let variance = centred.clone().square().mean_dim(1);
    centred / (variance + LAYER_NORM_EPSILON).sqrt() * gain.clone() + shift.clone()
}
