//! A trained agent on disk, readable without this library.

use agilerl_hpo::Digest;
use agilerl_nets::{Device, InputNumber, Layer, NetSpec, Weights};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{AlgoError, Dqn, DqnConfig, OffPolicyConfig};

/// A trained agent as two files' contents: the weights as safetensors, and a JSON record that says how to use them.
///
/// ```
/// use agilerl_algo::{Dqn, DqnConfig, Elite, EliteRecord};
/// use rand::SeedableRng;
///
/// let device = agilerl_nets::parse_device("cpu")?;
/// let agent = Dqn::new(DqnConfig::default(), 4, 2, &device, &mut rand_chacha::ChaCha8Rng::seed_from_u64(1))?;
/// let elite = Elite::new(&agent, "CartPole-v1");
/// let again = Elite::from_bytes(elite.record_json().as_bytes(), &elite.weights)?.agent(&device)?;
/// assert_eq!(again.weights(), agent.weights());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Elite {
    /// What `elite.json` holds.
    pub record: EliteRecord,
    /// What `elite.safetensors` holds.
    pub weights: Vec<u8>,
}

/// What `elite.json` says. A reader acts greedily: the layers in order on the observation, then the first of the
/// highest values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EliteRecord {
    /// Version of this format.
    pub format: u32,
    /// Versions of what wrote it, by crate.
    pub versions: std::collections::BTreeMap<String, String>,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Name of the environment.
    pub env: String,
    /// Type of the program's own environment that it was trained on, with its wrappers: `env` is then the name that this
    /// gives itself, and no environment of the catalogue, whatever that is called. Left out for the catalogue's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_env: Option<String>,
    /// How many categories an index observation is encoded in as a one-hot vector, if it is.
    pub one_hot: Option<usize>,
    /// Steps after which an episode is cut that has not ended, and scores what it has returned by then.
    pub step_limit: u64,
    /// The forward pass, in order.
    pub layers: Vec<Layer>,
    /// The network.
    pub spec: NetSpec,
    /// The agent's settings, as evolution left them.
    pub config: DqnConfig,
    /// Length and digest of `elite.safetensors`: the two files are one unit.
    pub weights: Digest,
    /// How it came to be: seed, id, parents, fitness, steps; for readers, not for loading.
    pub run: serde_json::Map<String, serde_json::Value>,
}

/// Version of the format that this build writes and reads.
const FORMAT: u32 = 3;
/// The algorithm that this build writes and reads.
const ALGORITHM: &str = "DQN";

/// What is read first: a record of another version or algorithm may have other fields.
#[derive(Deserialize)]
struct Head {
    format: u32,
    algorithm: String,
}

impl Elite {
    /// The contents for this agent.
    pub fn new<O: InputNumber>(agent: &Dqn<O>, env: &str) -> Self {
        let versions = [("agilerl-algo", env!("CARGO_PKG_VERSION"))];
        let weights = agent.weights().to_safetensors();
        let record = EliteRecord {
            format: FORMAT,
            versions: versions.map(|(name, version)| (name.to_owned(), version.to_owned())).into(),
            algorithm: ALGORITHM.to_owned(),
            env: env.to_owned(),
            own_env: None,
            one_hot: None,
            step_limit: OffPolicyConfig::default().eval_step_limit,
            layers: agent.spec().layers(),
            spec: agent.spec().clone(),
            config: agent.config().clone(),
            weights: Digest::of(&weights),
            run: serde_json::Map::new(),
        };
        Self { record, weights }
    }

    /// The JSON text of the record.
    pub fn record_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.record).expect("a record has text keys only");
        text.push('\n');
        text
    }

    /// Reads the contents of both files.
    ///
    /// # Errors
    /// [`AlgoError::Elite`] if the record cannot be understood, is of another format or algorithm, or contradicts itself;
    /// [`AlgoError::ElitePair`] if the weights are not those that it was written with.
    pub fn from_bytes(record: &[u8], weights: &[u8]) -> Result<Self, AlgoError> {
        let not_json = |error| AlgoError::Elite(format!("elite.json: {error}"));
        let Head { format, algorithm } = serde_json::from_slice(record).map_err(not_json)?;
        if format != FORMAT {
            return refuse(format!("elite.json has format {format}, this version reads format {FORMAT}"));
        }
        if algorithm != ALGORITHM {
            return refuse(format!("elite.json is of the algorithm {algorithm:?}, this version reads: {ALGORITHM}"));
        }
        let record: EliteRecord = serde_json::from_slice(record).map_err(not_json)?;
        record.check()?;
        if !record.weights.fits(weights) {
            return Err(AlgoError::ElitePair);
        }
        Ok(Self { record, weights: weights.to_vec() })
    }

    /// The agent, with a fresh optimiser, for observations of `f32`.
    ///
    /// # Errors
    /// If its settings are out of range, or the weights do not fit the spec.
    pub fn agent(&self, device: &Device) -> Result<Dqn, AlgoError> {
        self.agent_of(device)
    }

    /// The agent, with a fresh optimiser, for observations of `f32` or `u8`, as the environment has them.
    ///
    /// # Errors
    /// If its settings are out of range, or the weights do not fit the spec.
    pub fn agent_of<O: InputNumber>(&self, device: &Device) -> Result<Dqn<O>, AlgoError> {
        self.record.spec.validate()?;
        check_size(&self.record.spec, &self.weights)?;
        let weights = Weights::from_safetensors(&self.record.spec, &self.weights)?;
        Dqn::of_weights(self.record.config.clone(), self.record.spec.clone(), &weights, device)
    }
}

impl EliteRecord {
    /// Whether its fields agree: another reader may go by the layers where this one goes by the spec.
    fn check(&self) -> Result<(), AlgoError> {
        self.spec.validate()?;
        let layers = self.spec.layers();
        if self.layers != layers {
            let place = self.layers.iter().zip(&layers).take_while(|(found, wanted)| found == wanted).count();
            let say = |layers: &[Layer]| layers.get(place).map_or("none".to_owned(), |layer| json!(layer).to_string());
            let (found, wanted) = (say(&self.layers), say(&layers));
            return refuse(format!("elite.json: layers[{place}] is {found}, but its spec says {wanted}"));
        }
        if let Some(categories) = self.one_hot
            && categories != self.spec.inputs()
        {
            let inputs = self.spec.inputs();
            return refuse(format!("elite.json: one_hot is {categories}, but the network has {inputs} inputs"));
        }
        if self.step_limit == 0 {
            return refuse("elite.json: step_limit is 0, but must be at least 1".to_owned());
        }
        Ok(())
    }
}

/// Before anything is allocated for the network that the record claims, or parsed out of a header of any length.
fn check_size(spec: &NetSpec, weights: &[u8]) -> Result<(), AlgoError> {
    const LONGEST_HEADER: u64 = 1 << 20;
    let Some((header, content)) = weights.split_first_chunk::<8>() else {
        return refuse("elite.safetensors is cut off".to_owned());
    };
    let header = u64::from_le_bytes(*header);
    if header > LONGEST_HEADER {
        return refuse(format!("elite.safetensors has a header of {header} bytes, at most {LONGEST_HEADER} are read"));
    }
    let wanted = spec.layout().len() as u64 * size_of::<f32>() as u64;
    if header.checked_add(wanted) == Some(content.len() as u64) {
        return Ok(());
    }
    refuse(format!("elite.safetensors has {} bytes, which cannot hold the weights of {spec}", weights.len()))
}

fn refuse<T>(why: String) -> Result<T, AlgoError> {
    Err(AlgoError::Elite(why))
}
