//! Neural networks that grow: a network is a spec (plain data) and its weights (one flat vector), and an architecture
//! mutation is a value that maps both to the next. This crate knows no environment, no memory and no evolution.
#![doc = ""]
#![doc = include_str!("../README.md")]

mod activation;
mod adam;
mod arch_mutation;
mod device;
mod error;
mod host_mlp;
mod layer;
mod mlp;
mod mlp_spec;
mod morph;
mod parameter_noise;
mod store;
mod weights;

pub use activation::Activation;
pub use adam::Adam;
pub use arch_mutation::ArchMutation;
pub use burn::tensor::Device;
pub use device::{DEVICES, parse_device};
pub use error::NetError;
pub use host_mlp::HostMlp;
pub use layer::Layer;
pub use mlp::Mlp;
pub use mlp_spec::{MlpLimits, MlpSpec};
pub use morph::Morph;
pub use parameter_noise::ParameterNoise;
pub use weights::{Entry, Layout, Weights};
