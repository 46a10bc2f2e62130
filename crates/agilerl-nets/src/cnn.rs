//! A convolutional network, or any, on a device.

use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};

use crate::{Activation, CnnSpec, InputNumber, NetSpec, Weights};

impl NetSpec {
    /// Cuts a flat vector of weights, `[layout().len()]`, into its parameters, each as a matrix: what
    /// [`forward`](Self::forward) takes. A vector `[n]` becomes a row `[1, n]`, kernels `[out, in, k, k]` become
    /// `[out, in * k * k]`.
    pub fn split(&self, flat: &Tensor<1>) -> Vec<Tensor<2>> {
        let layout = self.layout();
        let cut = |entry: &crate::Entry| flat.clone().slice([entry.range()]).reshape(entry.matrix_shape());
        layout.entries().iter().map(cut).collect()
    }

    /// Values of a batch of rows under parameters from [`split`](Self::split): `[batch, inputs]` to `[batch, outputs]`.
    /// Pixels are rows as [`InputNumber::upload`] brings them: the network scales them itself.
    ///
    /// # Panics
    /// If the rows have another length, or the parameters are not this spec's.
    pub fn forward(&self, parameters: &[Tensor<2>], input: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Mlp(spec) => spec.forward(parameters, input),
            Self::Cnn(spec) => {
                let (own, head) = parameters.split_at(parameters.len() - spec.head.layout().entries().len());
                spec.head.forward(head, spec.encode(own, input))
            }
        }
    }

    /// Values of rows on the host, by way of a device: `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows, or the weights are not laid out as the spec says.
    pub fn values_on<O: InputNumber>(&self, weights: &Weights, rows: &[O], device: &Device) -> Vec<f32> {
        assert_eq!(weights.layout(), &self.layout(), "these weights belong to another spec");
        let flat = Tensor::from_data(TensorData::from(weights.values()), device);
        let input = O::upload(rows, [rows.len() / self.inputs(), self.inputs()], device);
        let values = self.forward(&self.split(&flat), input);
        values.into_data().try_into_vec().expect("values are f32")
    }
}

impl CnnSpec {
    /// Rows of images `[batch, row]` to flattened maps `[batch, head.inputs]`.
    fn encode(&self, parameters: &[Tensor<2>], input: Tensor<2>) -> Tensor<2> {
        let [batch, row] = input.dims();
        let [channels, height, width] = self.input;
        assert_eq!(row, channels * height * width, "rows of {row} numbers for a network of {self}");
        let input = input * self.scale;
        let mut x: Tensor<4> = match self.channels_last {
            true => input.reshape([batch, height, width, channels]).permute([0, 3, 1, 2]),
            false => input.reshape([batch, channels, height, width]),
        };
        let mut parameters = parameters.iter().cloned();
        let mut next = || parameters.next().expect("one tensor for each parameter of the spec");
        for (i, conv) in self.convs.iter().enumerate() {
            let weight = next().reshape([conv.channels, self.inputs_of(i), conv.kernel, conv.kernel]);
            let bias = next().reshape([conv.channels]);
            let options = ConvOptions::new([conv.stride; 2], [conv.padding; 2], [1, 1], 1);
            let sums = conv2d(x, weight, Some(bias), options);
            let shape = sums.dims();
            // Activations are elementwise, and take matrices.
            let sums: Tensor<2> = sums.reshape([shape[0], shape[1] * shape[2] * shape[3]]);
            let slope = (self.activation == Activation::Prelu).then(&mut next);
            let activated = self.activation.apply(sums.clone(), slope.as_ref());
            let mixed = if conv.gated { sums.clone() + (activated - sums) * next() } else { activated };
            x = mixed.reshape(shape);
        }
        x.reshape([batch, self.head.inputs])
    }
}
