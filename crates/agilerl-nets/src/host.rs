//! Networks on the CPU, over plain slices: `infer` for acting, `backprop` for learning.

pub(crate) mod infer;
pub(crate) mod infer_head;
pub(crate) mod backprop;
pub(crate) mod backprop_head;
pub(crate) mod adam;
mod matrix_product;
pub(crate) mod patches;
pub(crate) mod vectors;
