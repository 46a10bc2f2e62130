//! Activation functions, and the elementary functions they are made of. Both give the same bits on every processor.

#[expect(clippy::module_inception, reason = "the file of the main type")]
mod activation;
mod elementary;

pub use activation::Activation;
#[cfg(feature = "burn")]
pub(crate) use activation::LEAK;
pub use elementary::tanh;
