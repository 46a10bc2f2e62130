//! The devices that networks compute on. This is the only file that names burn's backends.

use crate::error::NetError;

/// The devices that [`parse_device`] knows, for help texts.
pub const DEVICES: &str = "cpu, flex; and with the feature of that name: ndarray, tch, tch:cuda:N, wgpu, cuda:N";

/// Returns the devices of [`DEVICES`] that this build contains, once each and a GPU as number 0, so that a test can run
/// through them.
pub fn built_in_devices() -> Vec<&'static str> {
    let optional = [
        ("flex", cfg!(feature = "burn")),
        ("ndarray", cfg!(feature = "ndarray")),
        ("tch", cfg!(feature = "tch")),
        ("wgpu", cfg!(feature = "wgpu")),
        ("cuda:0", cfg!(feature = "cuda")),
    ];
    let built = optional.into_iter().filter_map(|(name, is_built_in)| is_built_in.then_some(name));
    ["cpu"].into_iter().chain(built).collect()
}

/// The device that a network computes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Device {
    /// The CPU without a tensor library: the fastest device for perceptrons.
    Cpu,
    /// A device of burn. Gradients are enabled where they are needed, not here.
    #[cfg(feature = "burn")]
    Burn(burn::tensor::Device),
}

#[cfg(feature = "burn")]
impl Device {
    /// Returns a device for burn's tensors; for [`Cpu`](Self::Cpu) that is burn's pure-Rust backend.
    pub fn burn(&self) -> burn::tensor::Device {
        match self {
            Self::Cpu => burn::tensor::Device::flex(),
            Self::Burn(device) => device.clone(),
        }
    }
}

/// Returns the device of this name. `cpu` (no tensor library) is always built in, and `flex` (burn's pure-Rust backend)
/// with the default feature `burn`. `ndarray`, `tch` (LibTorch on the CPU, or on a GPU as `tch:cuda:N`), `wgpu` (any
/// GPU with Vulkan, Metal or DirectX) and `cuda:N` need the feature of that name.
///
/// ```
/// use agilerl_nets::{Device, parse_device};
///
/// assert_eq!(parse_device("cpu")?, Device::Cpu);
/// let error = parse_device("gpu").unwrap_err().to_string();
/// assert!(error.starts_with("unknown device \"gpu\"; known are: cpu, flex"));
/// # Ok::<(), agilerl_nets::NetError>(())
/// ```
///
/// # Errors
/// [`NetError::Device`] if the device is unknown, was not built in (the message names the feature), or does not work on
/// this machine.
pub fn parse_device(name: &str) -> Result<Device, NetError> {
    if name == "cpu" { Ok(Device::Cpu) } else { of_burn(name) }
}

#[cfg(not(feature = "burn"))]
fn of_burn(name: &str) -> Result<Device, NetError> {
    let known = ["flex", "ndarray", "tch", "wgpu", "cuda"];
    match known.into_iter().find(|known| name.split(':').next() == Some(known)) {
        Some("flex") => Err(not_built("flex", "burn")),
        Some(name) => Err(not_built(name, name)),
        None => Err(unknown(name)),
    }
}

#[cfg(feature = "burn")]
fn of_burn(name: &str) -> Result<Device, NetError> {
    let parts: Vec<_> = name.split(':').collect();
    let number = |index: &str| index.parse().map_err(|_| unknown(name));
    let device = match parts[..] {
        ["flex"] => burn::tensor::Device::flex(),
        ["ndarray"] => backends::ndarray()?,
        ["tch"] => backends::tch(None)?,
        ["tch", "cuda", index] => backends::tch(Some(number(index)?))?,
        ["wgpu"] => backends::wgpu()?,
        ["cuda", index] => backends::cuda(number(index)?)?,
        _ => return Err(unknown(name)),
    };
    backends::try_out(name, &device)?;
    Ok(Device::Burn(device))
}

fn unknown(name: &str) -> NetError {
    NetError::Device(format!("unknown device {name:?}; known are: {DEVICES}"))
}

#[cfg(not(all(feature = "ndarray", feature = "tch", feature = "wgpu", feature = "cuda")))]
fn not_built(device: &str, feature: &str) -> NetError {
    NetError::Device(format!("device {device:?} was not built in: build with `--features {feature}`"))
}

/// Copies a vector to the host.
#[cfg(feature = "burn")]
pub(crate) fn read(tensor: burn::tensor::Tensor<1>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("weights are f32")
}

/// The devices of burn, each behind its feature.
#[cfg(feature = "burn")]
mod backends {
    use burn::tensor::Tensor;

    #[cfg(not(all(feature = "ndarray", feature = "tch", feature = "wgpu", feature = "cuda")))]
    use super::not_built;
    use super::read;
    use crate::error::NetError;

    /// Runs a small computation, so that a missing GPU or driver is found here and not in the first update.
    pub(super) fn try_out(name: &str, device: &burn::tensor::Device) -> Result<(), NetError> {
        let compute = || read(Tensor::<1>::ones([2], device) + 1.0);
        // burn's backends panic where a device is missing; no state of ours is half written at this point.
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(compute)) {
            Ok(numbers) if numbers == [2.0, 2.0] => Ok(()),
            Ok(numbers) => Err(NetError::Device(format!("device {name:?} computes 1 + 1 = {}", numbers[0]))),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
                let why = text.lines().next().unwrap_or_default();
                Err(NetError::Device(format!("device {name:?} does not work on this machine: {why}; \"cpu\" does")))
            }
        }
    }

    #[cfg(feature = "ndarray")]
    #[expect(deprecated, reason = "burn drops ndarray after 0.22; until then it is offered")]
    pub(super) fn ndarray() -> Result<burn::tensor::Device, NetError> {
        Ok(burn::tensor::Device::ndarray())
    }

    #[cfg(not(feature = "ndarray"))]
    pub(super) fn ndarray() -> Result<burn::tensor::Device, NetError> {
        Err(not_built("ndarray", "ndarray"))
    }

    #[cfg(feature = "tch")]
    #[expect(deprecated, reason = "burn drops LibTorch after 0.22; until then it is offered")]
    pub(super) fn tch(cuda: Option<usize>) -> Result<burn::tensor::Device, NetError> {
        use burn::tensor::Device as Backend;
        Ok(cuda.map_or_else(Backend::libtorch, Backend::libtorch_cuda))
    }

    #[cfg(not(feature = "tch"))]
    pub(super) fn tch(_cuda: Option<usize>) -> Result<burn::tensor::Device, NetError> {
        Err(not_built("tch", "tch"))
    }

    #[cfg(feature = "wgpu")]
    pub(super) fn wgpu() -> Result<burn::tensor::Device, NetError> {
        Ok(burn::tensor::Device::wgpu(burn::tensor::DeviceKind::DefaultDevice))
    }

    #[cfg(not(feature = "wgpu"))]
    pub(super) fn wgpu() -> Result<burn::tensor::Device, NetError> {
        Err(not_built("wgpu", "wgpu"))
    }

    #[cfg(feature = "cuda")]
    pub(super) fn cuda(index: usize) -> Result<burn::tensor::Device, NetError> {
        Ok(burn::tensor::Device::cuda(index))
    }

    #[cfg(not(feature = "cuda"))]
    pub(super) fn cuda(_index: usize) -> Result<burn::tensor::Device, NetError> {
        Err(not_built("cuda", "cuda"))
    }
}
