//! A deep Q-learning agent as bytes.

use agilerl_hpo::{Persist, TaskError};
use agilerl_nets::{InputNumber, NetSpec, Weights};
use serde::{Deserialize, Serialize};

use super::{Dqn, DqnConfig};

/// What every saved agent begins with.
const MAGIC: &[u8; 8] = b"agagent\x01";
/// Online network, target network, first and second moment.
const VECTORS: usize = 4;

/// What stands before the weights: settings and network as evolution left them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    config: DqnConfig,
    spec: NetSpec,
    updates: u32,
}

impl<O: InputNumber> Persist for Dqn<O> {
    /// Magic, the length of the head, the head as JSON, and four vectors of little-endian f32.
    fn save(&self) -> Result<Vec<u8>, TaskError> {
        let (vectors, updates) = vectors(self);
        let head = Head { config: self.config.clone(), spec: self.spec.clone(), updates };
        let head = serde_json::to_vec(&head)?;
        let mut bytes = [MAGIC, &(head.len() as u64).to_le_bytes()[..], &head].concat();
        bytes.extend(vectors.iter().flatten().flat_map(|value| value.to_le_bytes()));
        Ok(bytes)
    }

    /// The device stays. A weight may be anything, also no number: such an agent lives until its evaluation.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), TaskError> {
        let short = || TaskError::from("it is cut off");
        let content = bytes.strip_prefix(MAGIC).ok_or("it does not begin as a saved agent does")?;
        let (length, content) = content.split_first_chunk::<8>().ok_or_else(short)?;
        let length = usize::try_from(u64::from_le_bytes(*length))?;
        let (head, values) = content.split_at_checked(length).ok_or_else(short)?;
        let Head { config, spec, updates } = serde_json::from_slice(head)?;
        spec.validate()?;
        if (spec.inputs(), spec.outputs()) != (self.spec.inputs(), self.spec.outputs()) {
            return Err(format!("a network of {spec} where one of {} learns", self.spec).into());
        }
        // A layout is names and places: however many weights the network claims to have, none is allocated for it.
        let layout = spec.layout();
        if layout.len().checked_mul(VECTORS * size_of::<f32>()) != Some(values.len()) {
            return Err(format!("{} bytes of weights for a network of {spec}", values.len()).into());
        }
        let values: Vec<f32> = values.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
        let mut weights = values.chunks_exact(layout.len()).map(|vector| Weights::new(layout.clone(), vector.to_vec()));
        let mut next = || weights.next().expect("counted above");
        let (online, target, first, second) = (next(), next(), next(), next());
        let mut agent = Self::of_weights(config, spec, &online, &self.learner.device())?;
        agent.learner.set_target(&target);
        agent.learner.set_moments(&first, &second, updates);
        *self = agent;
        Ok(())
    }
}

/// Both networks and both moments, little-endian, behind the number of updates.
pub(super) fn fingerprint<O: InputNumber>(agent: &Dqn<O>) -> Vec<u8> {
    let (vectors, updates) = vectors(agent);
    let values = vectors.iter().flatten().flat_map(|value| value.to_le_bytes());
    updates.to_le_bytes().into_iter().chain(values).collect()
}

fn vectors<O: InputNumber>(agent: &Dqn<O>) -> ([Vec<f32>; VECTORS], u32) {
    let (first, second, updates) = agent.learner.moments(&agent.spec);
    ([agent.weights().into_values(), agent.target_weights().into_values(), first, second], updates)
}
