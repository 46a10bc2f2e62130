//! Weights as a safetensors file.

use std::collections::HashMap;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::error::NetError;
use crate::weights::layout::Layout;
use crate::weights::weights::Weights;

impl Weights {
    /// Returns the bytes of a safetensors file: little-endian f32, names and shapes as in the layout, and matrices
    /// `[out, in]` as in PyTorch.
    pub fn to_safetensors(&self) -> Vec<u8> {
        let bytes: Vec<u8> = self.values().iter().flat_map(|weight| weight.to_le_bytes()).collect();
        let size = size_of::<f32>();
        let views = self.layout().entries().iter().map(|entry| {
            let range = entry.range();
            let view = TensorView::new(Dtype::F32, entry.shape.clone(), &bytes[range.start * size..range.end * size]);
            (entry.name.clone(), view.expect("the layout's shapes cover its values"))
        });
        safetensors::serialize(views, None).expect("serialising to memory cannot fail")
    }

    /// Reads the weights of a network of this layout.
    ///
    /// # Errors
    /// [`NetError::Format`] if the bytes are not a safetensors file; [`NetError::Mismatch`] if a parameter is missing
    /// or unknown, has another shape or type, or is not finite.
    pub fn from_safetensors(layout: &Layout, bytes: &[u8]) -> Result<Self, NetError> {
        let file = SafeTensors::deserialize(bytes)?;
        let mut tensors: HashMap<String, TensorView<'_>> = file.tensors().into_iter().collect();
        let mut weights = Self::zeros(layout.clone());
        for entry in weights.layout().entries().to_vec() {
            let name = &entry.name;
            let tensor = tensors.remove(name).ok_or_else(|| NetError::Mismatch(format!("{name} is missing")))?;
            if tensor.dtype() != Dtype::F32 || tensor.shape() != entry.shape {
                let (dtype, shape) = (tensor.dtype(), tensor.shape());
                let wanted = &entry.shape;
                return Err(NetError::Mismatch(format!("{name} is {dtype:?} {shape:?}, the spec says F32 {wanted:?}")));
            }
            let (values, _) = tensor.data().as_chunks();
            for (weight, value) in weights.values_mut()[entry.range()].iter_mut().zip(values) {
                *weight = f32::from_le_bytes(*value);
            }
        }
        if let Some(name) = tensors.keys().min() {
            return Err(NetError::Mismatch(format!("{name} is not a parameter of this network")));
        }
        if !weights.is_finite() {
            let broken = weights.iter().find(|(_, values)| values.iter().any(|weight| !weight.is_finite()));
            let name = broken.map_or("a weight", |(entry, _)| &entry.name);
            return Err(NetError::Mismatch(format!("{name} holds a weight that is not a finite number")));
        }
        Ok(weights)
    }
}
