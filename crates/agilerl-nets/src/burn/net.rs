//! A network on a device.

use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};

use crate::activation::Activation;
use crate::burn::activation::apply;
use crate::input_number::InputNumber;
use crate::spec::encoder::{ConvSpec, EncoderSpec};
use crate::spec::net::NetSpec;
use crate::weights::weights::Weights;

impl NetSpec {
    /// Splits the flat weights of one or more networks, `[networks, layout().len()]`, into the parameters that
    /// [`forward`](Self::forward) takes: one matrix for each network. A vector `[n]` becomes a row `[1, n]`, kernels
    /// `[out, in, k, k]` become `[out, in * k * k]`.
    pub fn split(&self, flat: &Tensor<2>) -> Vec<Tensor<3>> {
        self.layout().split(flat)
    }

    /// Returns the outputs under parameters from [`split`](Self::split) for one batch of rows for each network:
    /// `[networks, batch, inputs]` to `[networks, batch, outputs]`.
    ///
    /// # Panics
    /// If the rows are of another length, the parameters belong to another spec, or the network reads extra numbers.
    pub fn forward(&self, parameters: &[Tensor<3>], input: Tensor<3>) -> Tensor<3> {
        assert_eq!(self.extra, 0, "extra numbers are missing");
        self.forward_with(parameters, input, None)
    }

    /// As [`forward`](Self::forward), with the numbers that the head reads behind the features, `[networks, batch,
    /// extra]`.
    ///
    /// # Panics
    /// If a length does not fit, or the parameters belong to another spec.
    pub fn forward_with(&self, parameters: &[Tensor<3>], input: Tensor<3>, extra: Option<Tensor<3>>) -> Tensor<3> {
        let (own, head) = parameters.split_at(parameters.len() - self.head.layout().entries().len());
        let mut features = match &self.encoder {
            None => input,
            Some(encoder) => encoder.encode(own, input),
        };
        if let Some(extra) = extra {
            features = Tensor::cat(vec![features, extra], 2);
        }
        self.head.forward(head, features)
    }

    /// Computes the outputs of rows on a device and returns them to the host: `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows, the weights have another layout than the spec's, or the network reads
    /// extra numbers.
    pub fn values_on<O: InputNumber>(&self, weights: &Weights, rows: &[O], device: &Device) -> Vec<f32> {
        assert_eq!(weights.layout(), &self.layout(), "these weights belong to another spec");
        let flat = Tensor::<1>::from_data(TensorData::from(weights.values()), device).unsqueeze();
        let input = O::upload(rows, [1, rows.len() / self.inputs(), self.inputs()], device);
        let values = self.forward(&self.split(&flat), input);
        values.into_data().try_into_vec().expect("values are f32")
    }
}

impl EncoderSpec {
    /// Turns rows of images, `[networks, batch, row]`, into features, `[networks, batch, features]`.
    fn encode(&self, parameters: &[Tensor<3>], input: Tensor<3>) -> Tensor<3> {
        let [networks, batch, row] = input.dims();
        let [channels, height, width] = self.input;
        assert_eq!(row, channels * height * width, "rows of {row} numbers for a network of {self}");
        let mut x = input * self.scale;
        if self.channels_last {
            let images = x.reshape([networks, batch, height, width, channels]);
            x = images.permute([0, 1, 4, 2, 3]).reshape([networks, batch, row]);
        }
        let (mut map, mut parameters) = (self.input, parameters.iter());
        let mut next = || parameters.next().expect("one tensor for each parameter of the spec");
        for conv in &self.convs {
            let sums = convolve(x, &mut map, conv, next(), next());
            let slope = (self.activation == Activation::Prelu).then(&mut next);
            let activated = apply(self.activation, sums.clone(), slope);
            x = if conv.gated { sums.clone() + (activated - sums) * next().clone() } else { activated };
        }
        x
    }
}

/// Returns the sums of a convolution, `[networks, batch, ..]` flat to flat, and sets `map`, `[channels, height,
/// width]`, to the shape of its output. The networks lie side by side as groups of channels, which are computed
/// separately.
fn convolve(x: Tensor<3>, map: &mut [usize; 3], conv: &ConvSpec, weight: &Tensor<3>, bias: &Tensor<3>) -> Tensor<3> {
    let [networks, batch, _] = x.dims();
    let [channels, height, width] = *map;
    let images = x.swap_dims(0, 1).reshape([batch, networks * channels, height, width]);
    let weight = weight.clone().reshape([networks * conv.channels, channels, conv.kernel, conv.kernel]);
    let bias = bias.clone().reshape([networks * conv.channels]);
    let options = ConvOptions::new([conv.stride; 2], [conv.padding; 2], [1, 1], networks);
    let sums = conv2d(images, weight, Some(bias), options);
    let [_, _, height, width] = sums.dims();
    *map = [conv.channels, height, width];
    sums.reshape([batch, networks, conv.channels * height * width]).swap_dims(0, 1)
}
