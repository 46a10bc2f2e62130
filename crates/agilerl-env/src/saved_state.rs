//! The bytes of a saved state.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::EnvError;

/// Encodes `state` together with the name of its environment, for an implementation of [`Env::save`](crate::Env::save).
///
/// Only the same build reads the bytes; a file for other builds needs a format of its own.
///
/// ```
/// use agilerl_env::{decode_state, encode_state};
/// let bytes = encode_state("Walk", &(3_u32, 0.1_f64))?;
/// assert_eq!(decode_state::<(u32, f64)>("Walk", &bytes)?, (3, 0.1));
/// assert!(decode_state::<(u32, f64)>("Run", &bytes).is_err());
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
///
/// # Errors
/// [`EnvError::BadState`] if serde cannot write `state` (a sequence of unknown length, say).
pub fn encode_state<T: Serialize>(env: &str, state: &T) -> Result<Vec<u8>, EnvError> {
    postcard::to_stdvec(&(env, state)).map_err(|e| bad(env, 0, e.to_string()))
}

/// Decodes a state that [`encode_state`] wrote for the environment `env`.
///
/// # Errors
/// [`EnvError::BadState`] if the bytes belong to another environment, are too few or too many, or do not encode a `T`.
pub fn decode_state<T: DeserializeOwned>(env: &str, bytes: &[u8]) -> Result<T, EnvError> {
    let unreadable = |e: postcard::Error| bad(env, bytes.len(), e.to_string());
    let (owner, rest) = postcard::take_from_bytes::<String>(bytes).map_err(unreadable)?;
    if owner != env {
        return Err(bad(env, bytes.len(), format!("they are a state of {owner:?}")));
    }
    let (state, rest) = postcard::take_from_bytes(rest).map_err(unreadable)?;
    if !rest.is_empty() {
        return Err(bad(env, bytes.len(), format!("{} bytes are left over", rest.len())));
    }
    Ok(state)
}

/// Returns the error for bytes that can be read but are not a possible state.
pub(crate) fn bad(env: &str, len: usize, why: String) -> EnvError {
    EnvError::BadState { env: env.to_owned(), len, why }
}
