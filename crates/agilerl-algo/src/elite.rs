//! A trained agent on disk, readable without this library.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use agilerl_env::WrapperConfig;
use agilerl_nets::{Layer, NetSpec, Weights};
use agilerl_storage::{Digest, Disk, Storage, write_atomically};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::AlgoError;
use crate::normalizer::Normalizer;
use crate::off_policy::config::OffPolicyConfig;
use crate::policy::{Output, Policy};
use crate::policy_source::PolicySource;

/// A trained policy as the contents of two files: the weights as safetensors, and a JSON record that says how to use them.
///
/// ```
/// use agilerl_algo::{Dqn, DqnConfig, Elite};
/// use agilerl_storage::Disk;
/// use rand::SeedableRng;
///
/// let device = agilerl_nets::parse_device("cpu")?;
/// let agent = Dqn::new(DqnConfig::default(), 4, 2, &device, &mut rand_chacha::ChaCha8Rng::seed_from_u64(1))?;
/// let folder = tempfile::tempdir()?;
/// Elite::new(&agent, "CartPole-v1").save(&Disk, folder.path())?;
///
/// let mut policy = Elite::load(folder.path())?.policy()?;
/// let action: Vec<u32> = policy.act(&[0.1_f32, 0.0, -0.1, 0.0]);
/// assert_eq!(action.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Elite {
    /// The content of `elite.json`.
    pub record: EliteRecord,
    /// The content of `elite.safetensors`.
    pub weights: Vec<u8>,
}

/// The content of `elite.json`. A reader applies the layers in order to the observation, and then the output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EliteRecord {
    /// Version of this format.
    pub format: u32,
    /// Versions of the crates that wrote it, by name.
    pub versions: BTreeMap<String, String>,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Name of the environment.
    pub env: String,
    /// Type of the program's own environment that it was trained on, with its wrappers: `env` is then the name that this
    /// gives itself, and no environment of the catalogue, whatever that is called. Left out for the catalogue's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_env: Option<String>,
    /// Wrappers around the environment that change its observations, in order from the inside out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wrappers: Vec<WrapperConfig>,
    /// Number of categories that an index observation is encoded in as a one-hot vector, if it is.
    pub one_hot: Option<usize>,
    /// Steps after which an episode is cut that has not ended, and scores its return up to then.
    pub step_limit: u64,
    /// The forward pass, in order.
    pub layers: Vec<Layer>,
    /// How the outputs of the last layer become an action.
    pub output: Output,
    /// The network.
    pub spec: NetSpec,
    /// Statistics that observations are normalised by, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalizer: Option<Normalizer>,
    /// The agent's settings, as evolution left them.
    pub config: Value,
    /// Length and digest of `elite.safetensors`: the two files are one unit.
    pub weights: Digest,
    /// Its origin: seed, id, parents, fitness, steps; for readers, not for loading.
    pub run: Map<String, Value>,
}

/// Version of the format that this build writes and reads.
const FORMAT: u32 = 4;
/// File names of an elite.
const RECORD: &str = "elite.json";
const WEIGHTS: &str = "elite.safetensors";

/// The part that is read first: a record of another version may have other fields.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

impl Elite {
    /// File names of the record and of the weights in the folder of a run.
    pub const FILES: [&str; 2] = [RECORD, WEIGHTS];

    /// Returns the contents for this agent.
    pub fn new<A: PolicySource>(agent: &A, env: &str) -> Self {
        Self::of_policy(&agent.policy(), A::ALGORITHM, agent.settings(), env)
    }

    /// Returns the contents for this policy.
    pub fn of_policy(policy: &Policy, algorithm: &str, config: Value, env: &str) -> Self {
        let weights = policy.weights().to_safetensors();
        let record = EliteRecord {
            format: FORMAT,
            versions: [("agilerl-algo".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
            algorithm: algorithm.to_owned(),
            env: env.to_owned(),
            own_env: None,
            wrappers: Vec::new(),
            one_hot: None,
            step_limit: OffPolicyConfig::default().eval_step_limit,
            layers: layers(policy.spec(), policy.normalizer()),
            output: policy.output().clone(),
            spec: policy.spec().clone(),
            normalizer: policy.normalizer().cloned(),
            config,
            weights: Digest::of(&weights),
            run: Map::new(),
        };
        Self { record, weights }
    }

    /// Reads the elite of a run's folder.
    ///
    /// # Errors
    /// If a file cannot be read, or its content cannot be understood.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, AlgoError> {
        let folder = folder.as_ref();
        Self::load_files(&Disk, &folder.join(RECORD), &folder.join(WEIGHTS))
    }

    /// Reads the two files of an elite, whatever their names. A run that is training may be between the writing of the one
    /// and of the other, so files that do not belong together are read again, for half a second.
    ///
    /// # Errors
    /// If a file cannot be read, or its content cannot be understood.
    pub fn load_files(storage: &dyn Storage, record: &Path, weights: &Path) -> Result<Self, AlgoError> {
        const TRIES: u32 = 11;
        const PAUSE: Duration = Duration::from_millis(50);
        let read = |path: &Path| storage.read(path).map_err(|source| AlgoError::Read { path: path.to_owned(), source });
        let mut tries = 1;
        loop {
            match Self::from_bytes(&read(record)?, &read(weights)?) {
                Err(AlgoError::ElitePair) if tries < TRIES => {
                    tries += 1;
                    sleep(PAUSE);
                }
                elite => return elite,
            }
        }
    }

    /// Writes both files into a folder, each so that it is whole at every moment.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, storage: &dyn Storage, folder: &Path) -> Result<(), AlgoError> {
        write_atomically(storage, &folder.join(WEIGHTS), &self.weights)?;
        write_atomically(storage, &folder.join(RECORD), self.record_json().as_bytes())?;
        Ok(())
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
    /// [`AlgoError::Elite`] if the record cannot be understood, is of another format, or contradicts itself;
    /// [`AlgoError::ElitePair`] if the weights are not those that it was written with.
    pub fn from_bytes(record: &[u8], weights: &[u8]) -> Result<Self, AlgoError> {
        let not_json = |error| AlgoError::Elite(format!("elite.json: {error}"));
        let Head { format } = serde_json::from_slice(record).map_err(not_json)?;
        if format != FORMAT {
            return refuse(format!("elite.json has format {format}, this version reads format {FORMAT}"));
        }
        let record: EliteRecord = serde_json::from_slice(record).map_err(not_json)?;
        record.check()?;
        if !record.weights.fits(weights) {
            return Err(AlgoError::ElitePair);
        }
        Ok(Self { record, weights: weights.to_vec() })
    }

    /// Returns the policy, ready to act on the environment's own observations.
    ///
    /// # Errors
    /// If the weights do not fit the spec.
    pub fn policy(&self) -> Result<Policy, AlgoError> {
        let record = &self.record;
        let policy = Policy::new(record.spec.clone(), self.network()?, record.output.clone());
        Ok(policy.with_normalizer(record.normalizer.clone()).with_one_hot(record.one_hot))
    }

    /// Returns the weights of the network.
    ///
    /// # Errors
    /// If they do not fit the spec.
    pub fn network(&self) -> Result<Weights, AlgoError> {
        self.record.spec.validate()?;
        check_size(&self.record.spec, &self.weights)?;
        Ok(Weights::from_safetensors(&self.record.spec.layout(), &self.weights)?)
    }

    /// Returns the settings of its agent, if it is of this algorithm.
    ///
    /// # Errors
    /// [`AlgoError::Elite`] if it is of another algorithm, or its settings cannot be read.
    pub fn settings<T: serde::de::DeserializeOwned>(&self, algorithm: &str) -> Result<T, AlgoError> {
        if self.record.algorithm != algorithm {
            return refuse(format!("elite.json is of the algorithm {}, and not of {algorithm}", self.record.algorithm));
        }
        serde_json::from_value(self.record.config.clone())
            .map_err(|error| AlgoError::Elite(format!("elite.json: config: {error}")))
    }
}

/// The normalisation of observations, if there is one, and the layers of the network.
fn layers(spec: &NetSpec, normalizer: Option<&Normalizer>) -> Vec<Layer> {
    let first = normalizer.map(|normalizer| {
        let (mean, std, clip) = normalizer.scale();
        Layer::Normalize { mean, std, clip }
    });
    first.into_iter().chain(spec.layers()).collect()
}

impl EliteRecord {
    /// Whether its fields agree: another reader may go by the layers where this one goes by the spec.
    fn check(&self) -> Result<(), AlgoError> {
        self.spec.validate()?;
        let inputs = self.spec.inputs();
        if let Some(fault) = self.normalizer.as_ref().and_then(|normalizer| normalizer.fault(inputs)) {
            return refuse(format!("elite.json: normalizer: {fault}"));
        }
        let layers = layers(&self.spec, self.normalizer.as_ref());
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
        if let Output::Squashed { low, high } = &self.output
            && [low.len(), high.len()] != [self.spec.outputs(); 2]
        {
            let (found, outputs) = (low.len().max(high.len()), self.spec.outputs());
            return refuse(format!(
                "elite.json: output has bounds for {found} components, but the network has {outputs}"
            ));
        }
        if self.spec.extra > 0 {
            let extra = self.spec.extra;
            return refuse(format!(
                "elite.json: its network reads {extra} extra numbers, but a policy reads observations alone"
            ));
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
