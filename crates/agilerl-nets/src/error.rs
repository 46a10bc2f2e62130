//! What can go wrong with a network.

/// Error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// A spec that no network can have.
    #[error("impossible network: {field} = {value}; {rule}")]
    Spec {
        /// Field of the spec.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        rule: String,
    },
    /// Saved weights that do not fit the spec.
    #[error("these weights do not belong to this network: {0}")]
    Mismatch(String),
    /// Bytes that are no safetensors file. Why not is the error's source.
    #[error("cannot read the weights: this is not a whole safetensors file")]
    Format(#[from] safetensors::SafeTensorError),
    /// A device that does not exist or was not built in.
    #[error("{0}")]
    Device(String),
}
