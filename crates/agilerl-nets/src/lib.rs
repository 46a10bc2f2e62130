//! Neural networks that grow: a network is a spec (plain data) and its weights (one flat vector), and an architecture
//! mutation is a value that maps both to the next. This crate knows no environment, no memory and no evolution.
#![doc = ""]
#![doc = include_str!("../README.md")]

mod error;

mod activation;
mod weights;
mod spec;

mod input_number;
mod host;
mod morph;

mod device;
#[cfg(feature = "burn")]
mod burn;

pub use activation::{Activation, tanh};
#[cfg(feature = "burn")]
pub use burn::adam::Adam;
pub use device::{DEVICES, Device, built_in_devices, parse_device};
pub use error::NetError;
pub use host::adam::{AdamStep, HostAdam};
pub use host::backprop::HostNetPass;
pub use host::backprop_head::HostPass;
pub use host::infer::HostNet;
pub use host::infer_head::HostMlp;
#[doc(hidden)]
pub use host::vectors::{choose_vectors, vector_names};
pub use input_number::InputNumber;
pub use morph::dormant::Dormant;
pub use morph::head::Morph;
pub use morph::net::NetMorph;
pub use spec::encoder::{CnnLimits, ConvSpec, EncoderSpec};
pub use spec::head::{MlpLimits, MlpSpec};
pub use spec::layer::Layer;
pub use spec::mutation::{Growth, NetMutation};
pub use spec::net::NetSpec;
pub use weights::layout::{Entry, Layout};
pub use weights::noise::ParameterNoise;
pub use weights::weights::Weights;
