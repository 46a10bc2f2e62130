//! Neural networks that grow: a network is a spec (plain data) and its weights (one flat vector), and an architecture
//! mutation is a value that maps both to the next. This crate knows no environment, no memory and no evolution.
#![doc = ""]
#![doc = include_str!("../README.md")]

mod activation;
mod adam;
mod arch_mutation;
mod block;
mod cnn;
mod cnn_morph;
mod cnn_spec;
mod device;
mod dormant;
mod error;
mod host_adam;
mod host_mlp;
mod host_net;
mod host_net_pass;
mod host_pass;
mod input_number;
mod layer;
mod matrix_product;
mod mlp;
mod mlp_spec;
mod morph;
mod net_morph;
mod net_mutation;
mod net_spec;
mod parameter_noise;
mod patches;
mod store;
mod vectors;
mod weights;

pub use activation::Activation;
pub use adam::Adam;
pub use arch_mutation::ArchMutation;
pub use cnn_spec::{CnnLimits, CnnSpec, ConvSpec};
pub use device::{DEVICES, Device, built_in_devices, parse_device};
pub use dormant::Dormant;
pub use error::NetError;
pub use host_adam::{AdamStep, HostAdam};
pub use host_mlp::HostMlp;
pub use host_net::HostNet;
pub use host_net_pass::HostNetPass;
pub use host_pass::HostPass;
pub use input_number::InputNumber;
pub use layer::Layer;
pub use mlp::Mlp;
pub use mlp_spec::{MlpLimits, MlpSpec};
pub use morph::{Growth, Morph};
pub use net_morph::NetMorph;
pub use net_mutation::{ConvMutation, NetMutation};
pub use net_spec::NetSpec;
pub use parameter_noise::ParameterNoise;
#[doc(hidden)]
pub use vectors::{choose_vectors, vector_names};
pub use weights::{Entry, Layout, Weights};
