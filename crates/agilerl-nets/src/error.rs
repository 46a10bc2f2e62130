//! The error of this crate.

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// A spec of an impossible network.
    #[error("impossible network: {field} = {value}; {rule}")]
    Spec {
        /// Name of the field.
        field: &'static str,
        /// Value of the field.
        value: String,
        /// The rule that the value breaks.
        rule: String,
    },
    /// Saved weights do not fit the spec.
    #[error("these weights do not belong to this network: {0}")]
    Mismatch(String),
    /// The bytes are not a safetensors file. The source of the error says why.
    #[error("cannot read the weights: the bytes are not a complete safetensors file")]
    Format(#[from] safetensors::SafeTensorError),
    /// The device is unknown, not built in, or does not work.
    #[error("{0}")]
    Device(String),
}
