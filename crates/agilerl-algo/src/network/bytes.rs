//! A network as bytes.

use agilerl_hpo::BoxError;
use agilerl_nets::{NetSpec, Weights};
use serde::{Deserialize, Serialize};

use crate::network::network::{Network, NetworkState};

/// The head of a saved network, in front of its vectors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    spec: NetSpec,
    target: bool,
    updates: u32,
}

impl Network {
    /// Appends the length of the head, the head as JSON, and the vectors: online network, target network if there is one,
    /// first and second moment, as little-endian f32.
    pub(crate) fn save_into(&self, bytes: &mut Vec<u8>) {
        let state = self.state();
        let head = Head { spec: self.spec().clone(), target: state.target.is_some(), updates: state.updates };
        let head = serde_json::to_vec(&head).expect("a spec has text keys only");
        bytes.extend_from_slice(&(head.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&head);
        state.put_vectors(bytes);
    }

    /// Reads a network of [`save_into`](Self::save_into) from the front of `bytes`, which then begin behind it. It must have
    /// the inputs and outputs of `like`, whose device it takes. A weight may be NaN: such an agent lives until its evaluation.
    pub(crate) fn restore_from(bytes: &mut &[u8], like: &Self) -> Result<Self, BoxError> {
        let Head { spec, target, updates } = serde_json::from_slice(take_prefixed(bytes)?)?;
        spec.validate()?;
        let sizes = |spec: &NetSpec| (spec.inputs(), spec.extra, spec.outputs());
        if sizes(&spec) != sizes(like.spec()) || target != like.target_weights().is_some() {
            return Err(format!("a network of {spec} where one of {} learns", like.spec()).into());
        }
        // A layout is names and places: however many weights the network claims to have, none is allocated for it.
        let layout = spec.layout();
        let vectors = 3 + usize::from(target);
        let len = layout.len().checked_mul(vectors * size_of::<f32>()).filter(|&len| len <= bytes.len());
        let Some(len) = len else {
            return Err(format!("{} bytes of weights for a network of {spec}", bytes.len()).into());
        };
        let (values, rest) = bytes.split_at(len);
        *bytes = rest;
        let values: Vec<f32> = values.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
        let mut weights = values.chunks_exact(layout.len()).map(|vector| Weights::new(layout.clone(), vector.to_vec()));
        let mut next = || weights.next().expect("counted above");
        let online = next();
        let target = target.then(&mut next);
        let state = NetworkState { online, target, first: next(), second: next(), updates };
        Ok(Self::from_state(spec, &state, &like.device())?)
    }

    /// Appends everything that was learnt: the number of updates, then all vectors, little-endian.
    pub fn fingerprint_into(&self, bytes: &mut Vec<u8>) {
        let state = self.state();
        bytes.extend_from_slice(&state.updates.to_le_bytes());
        state.put_vectors(bytes);
    }
}

impl NetworkState {
    fn put_vectors(&self, bytes: &mut Vec<u8>) {
        let Self { online, target, first, second, .. } = self;
        for vector in [Some(online), target.as_ref(), Some(first), Some(second)].into_iter().flatten() {
            bytes.extend(vector.values().iter().flat_map(|value| value.to_le_bytes()));
        }
    }
}

/// Takes bytes that stand behind their own length, a little-endian u64, from the front.
pub(crate) fn take_prefixed<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], BoxError> {
    let short = || BoxError::from("it is cut off");
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(short)?;
    let (content, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length))?).ok_or_else(short)?;
    *bytes = rest;
    Ok(content)
}
