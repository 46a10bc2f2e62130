//! The number types of a network's input.

#[cfg(feature = "burn")]
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

/// A number type of observation rows: `f32`, or `u8` for pixels, which stay bytes until a network reads them.
pub trait InputNumber: Copy + Default + std::fmt::Debug + PartialEq + Send + Sync + sealed::Sealed + 'static {
    /// Converts the number to `f32`.
    fn to_f32(self) -> f32;

    /// Returns the rows as `f32`: `f32` rows themselves, bytes after writing them into the buffer.
    fn widen<'a>(rows: &'a [Self], buffer: &'a mut Vec<f32>) -> &'a [f32];

    /// Uploads rows to a device in this shape. Bytes travel as bytes and become `f32` there, if the device supports
    /// bytes.
    ///
    /// # Panics
    /// If the number of values does not fit the shape.
    #[cfg(feature = "burn")]
    fn upload<const D: usize>(rows: &[Self], shape: [usize; D], device: &Device) -> Tensor<D>;
}

impl InputNumber for f32 {
    fn to_f32(self) -> f32 {
        self
    }

    fn widen<'a>(rows: &'a [Self], _buffer: &'a mut Vec<f32>) -> &'a [f32] {
        rows
    }

    #[cfg(feature = "burn")]
    fn upload<const D: usize>(rows: &[Self], shape: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::from_data(TensorData::new(rows.to_vec(), shape), device)
    }
}

impl InputNumber for u8 {
    fn to_f32(self) -> f32 {
        f32::from(self)
    }

    fn widen<'a>(rows: &'a [Self], buffer: &'a mut Vec<f32>) -> &'a [f32] {
        buffer.clear();
        buffer.extend(rows.iter().map(|&x| f32::from(x)));
        buffer
    }

    #[cfg(feature = "burn")]
    fn upload<const D: usize>(rows: &[Self], shape: [usize; D], device: &Device) -> Tensor<D> {
        if device.supports_dtype(DType::U8) {
            return Tensor::<D, Int>::from_data(TensorData::new(rows.to_vec(), shape), (device, DType::U8)).float();
        }
        // WebGPU's shaders have no type for bytes.
        let rows: Vec<f32> = rows.iter().copied().map(f32::from).collect();
        Tensor::from_data(TensorData::new(rows, shape), device)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for u8 {}
}
