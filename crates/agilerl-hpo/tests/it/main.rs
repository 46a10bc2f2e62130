//! The claims of this crate, one module per subject.

mod population;
mod trainer;
