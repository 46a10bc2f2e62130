//! Neural networks that grow: a network is a spec (plain data) and its weights (one flat vector), and an architecture
//! mutation is a value that maps both to the next. This crate knows no environment, no memory and no evolution.
#![doc = ""]
#![doc = include_str!("../README.md")]

mod activation;
mod adam;
mod arch_mutation;
mod block;
mod device;
mod dormant;
mod error;
mod host_adam;
mod host_mlp;
mod host_pass;
mod layer;
mod matrix_product;
mod mlp;
mod mlp_spec;
mod morph;
mod parameter_noise;
mod store;
mod weights;

pub use activation::Activation;
pub use adam::Adam;
pub use arch_mutation::ArchMutation;
pub use device::{DEVICES, Device, built_in_devices, parse_device};
pub use dormant::Dormant;
pub use error::NetError;
pub use host_adam::{AdamStep, HostAdam};
pub use host_mlp::HostMlp;
pub use host_pass::HostPass;
pub use layer::Layer;
pub use mlp::Mlp;
pub use mlp_spec::{MlpLimits, MlpSpec};
pub use morph::{Growth, Morph};
pub use parameter_noise::ParameterNoise;
pub use weights::{Entry, Layout, Weights};
