//! Where networks compute. The only file that names burn's backends.

use burn::tensor::Tensor;

use crate::NetError;

/// The devices that [`parse_device`] knows, for help texts.
pub const DEVICES: &str = "cpu, flex, ndarray (feature `ndarray`), tch, tch:cuda:N (feature `tch`)";

/// Where a network computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Device {
    /// The processor, without a tensor library: the fastest way for perceptrons.
    Cpu,
    /// A device of burn, with its autodiff.
    Burn(burn::tensor::Device),
}

impl Device {
    /// Where burn's tensors lie, for what is made of tensors on any device: on the processor its pure-Rust backend.
    pub fn burn(&self) -> burn::tensor::Device {
        match self {
            Self::Cpu => burn::tensor::Device::flex(),
            Self::Burn(device) => device.clone(),
        }
    }
}

/// The device of a name. `cpu` (no tensor library) and `flex` (burn's pure-Rust backend) are always there; `ndarray`,
/// `tch` (LibTorch on the CPU) and `tch:cuda:N` need the feature of that name. Gradients are switched on where they are
/// needed, not here.
///
/// # Errors
/// [`NetError::Device`] if there is no such device, or if it was not built in: the message says how.
pub fn parse_device(name: &str) -> Result<Device, NetError> {
    match name.split(':').collect::<Vec<_>>()[..] {
        ["cpu"] => Ok(Device::Cpu),
        ["flex"] => Ok(Device::Burn(burn::tensor::Device::flex())),
        ["ndarray"] => ndarray(),
        ["tch"] => tch(None),
        ["tch", "cuda", index] => {
            let index = index.parse().map_err(|_| unknown(name))?;
            tch(Some(index))
        }
        _ => Err(unknown(name)),
    }
}

fn unknown(name: &str) -> NetError {
    NetError::Device(format!("unknown device {name:?}; known are: {DEVICES}"))
}

#[cfg(feature = "ndarray")]
#[expect(deprecated, reason = "burn drops ndarray after 0.22; until then it is offered")]
fn ndarray() -> Result<Device, NetError> {
    Ok(Device::Burn(burn::tensor::Device::ndarray()))
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Result<Device, NetError> {
    Err(not_built("ndarray"))
}

#[cfg(feature = "tch")]
#[expect(deprecated, reason = "burn drops LibTorch after 0.22; until then it is offered")]
fn tch(cuda: Option<usize>) -> Result<Device, NetError> {
    use burn::tensor::Device as Backend;
    Ok(Device::Burn(cuda.map_or_else(Backend::libtorch, Backend::libtorch_cuda)))
}

#[cfg(not(feature = "tch"))]
fn tch(_cuda: Option<usize>) -> Result<Device, NetError> {
    Err(not_built("tch"))
}

#[cfg(not(all(feature = "ndarray", feature = "tch")))]
fn not_built(feature: &str) -> NetError {
    NetError::Device(format!("device {feature:?} was not built in: build with `--features {feature}`"))
}

/// Reads a vector back to the host.
pub(crate) fn read(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("weights are f32")
}
