//! The parameters of a network in one flat vector.

pub(crate) mod layout;
#[expect(clippy::module_inception, reason = "the file of the main type")]
pub(crate) mod weights;
pub(crate) mod draws;
pub(crate) mod noise;
mod normal;
mod ziggurat_tables;
mod safetensors;
