//! Vectorised environments. This crate steps plain numbers; it knows no tensor, no agent and no memory.

mod env;
mod vec_env;
mod space;
mod numpy_rng;
mod error;

pub use env::{ActionElement, Element, Env, Step};
pub use error::EnvError;
pub use numpy_rng::NumpyRng;
pub use space::Space;
pub use vec_env::{VecEnv, VecStep};
