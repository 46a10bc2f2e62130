//! The length and the digest of bytes.

use serde::{Deserialize, Serialize};

/// The length and the digest of bytes: enough to recognise them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// The number of bytes.
    pub bytes: u64,
    /// Their BLAKE3 digest, in hexadecimal.
    pub blake3: String,
}

impl Digest {
    /// Computes the digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, blake3: blake3::hash(bytes).to_hex().to_string() }
    }

    /// Returns whether these bytes have this length and digest.
    pub fn fits(&self, bytes: &[u8]) -> bool {
        *self == Self::of(bytes)
    }
}
