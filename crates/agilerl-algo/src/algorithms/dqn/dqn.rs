//! The agent of deep Q-learning.

use agilerl_buffer::Batch;
use agilerl_env::Space;
use agilerl_hpo::{BoxError, Change, Evolve, Hyperparameter, Mutation, MutationKind, Persist, StreamRng};
use agilerl_nets::{Device, InputNumber, NetSpec, Weights};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agent::{Agent, Mode};
use crate::algorithms::dqn::config::DqnConfig;
use crate::algorithms::dqn::update_host::HostUpdate;
use crate::error::AlgoError;
use crate::metrics::{Learned, Numbers};
use crate::network::bytes::take_prefixed;
use crate::network::network::{Network, Place};
use crate::normalizer::Normalizer;
use crate::off_policy::learner::{Learner, OffPolicy};
use crate::policy::{Output, Policy, best_choice};
use crate::policy_source::PolicySource;

/// A deep Q-learning agent: chooses among `n` actions by the values that a network predicts for an observation, a row of
/// `f32`, or of `u8` for pixels.
///
/// Acting happens on the host, learning on a device: on [`Device::Cpu`] over plain slices, on any other through burn.
/// Cloning is complete: networks, optimiser, settings.
///
/// ```
/// use agilerl_algo::{Agent, Dqn, DqnConfig, Mode};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let device = agilerl_nets::parse_device("cpu")?;
/// let mut agent = Dqn::new(DqnConfig::default(), 4, 2, &device, &mut rng)?;
/// let mut actions = [0; 2];
/// agent.act(&[0.0; 8], None, Mode::Greedy, &mut rng, &mut actions);
/// assert!(actions.iter().all(|&action| action < 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dqn {
    config: DqnConfig,
    network: Network,
    /// Statistics of the observations that it acted on, if it normalises them.
    normalizer: Option<Normalizer>,
    /// Observations of the latest batch as the network reads them, at most [`PROBE_ROWS`]: dormant units are found with them.
    probe: Vec<f32>,
    update: HostUpdate,
    inputs: Inputs,
}

/// Normalised observations of a batch, and a buffer to widen bytes in.
#[derive(Clone, Debug, Default)]
struct Inputs {
    obs: Vec<f32>,
    next_obs: Vec<f32>,
    wide: Vec<f32>,
}

/// Names of the metrics of an update: the loss, the mean value of the chosen actions, and the gradient's norm before clipping.
pub(crate) const METRICS: [&str; 3] = ["loss", "value", "grad_norm"];
/// Most rows that dormant units are looked for with.
const PROBE_ROWS: usize = 32;

impl Dqn {
    /// Returns an agent for rows of `obs_len` numbers and `choices` actions, its weights drawn from `rng`.
    ///
    /// # Errors
    /// If a setting is out of range or the network is impossible.
    pub fn new(
        config: DqnConfig,
        obs_len: usize,
        choices: usize,
        device: &Device,
        rng: &mut impl Rng,
    ) -> Result<Self, AlgoError> {
        if !config.net.convs.is_empty() {
            let expected = "none: rows of numbers have no shape; an agent for images is made by `for_space`";
            let (field, value) = ("net.convs".to_owned(), format!("a list of {}", config.net.convs.len()));
            return Err(AlgoError::Config { field, value, expected: expected.to_owned() });
        }
        let spec = config.net.head(obs_len, choices).into();
        Self::drawn(config, spec, device, rng)
    }

    /// Returns an agent for observations of this space and `choices` actions, its weights drawn from `rng`: with convolutions,
    /// if the settings have some and the space is one of images.
    ///
    /// ```
    /// use agilerl_algo::{Agent, Dqn, DqnConfig, Mode, NetConfig};
    /// use agilerl_env::Space;
    /// use agilerl_nets::ConvSpec;
    /// use rand::SeedableRng;
    ///
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let device = agilerl_nets::parse_device("cpu")?;
    /// let boards = Space::Box { shape: vec![4, 10, 10], low: vec![0.0; 400], high: vec![1.0; 400] };
    /// let net = NetConfig { convs: vec![ConvSpec::new(16, 3, 1)], ..NetConfig::default() };
    /// let config = DqnConfig { net, ..DqnConfig::default() };
    /// let mut agent = Dqn::for_space(config, &boards, 3, &device, &mut rng)?;
    /// let mut actions = [0; 2];
    /// agent.act(&[1_u8; 2 * 400], None, Mode::Greedy, &mut rng, &mut actions);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If a setting is out of range, or the network is impossible or does not fit the space.
    pub fn for_space(
        config: DqnConfig,
        observations: &Space,
        choices: usize,
        device: &Device,
        rng: &mut impl Rng,
    ) -> Result<Self, AlgoError> {
        let spec = config.net.spec(observations, 0, choices).map_err(|error| error.inside("net"))?;
        Self::drawn(config, spec, device, rng)
    }

    fn drawn(config: DqnConfig, spec: NetSpec, device: &Device, rng: &mut impl Rng) -> Result<Self, AlgoError> {
        config.validate()?;
        spec.validate()?;
        let weights = spec.init(rng);
        Self::with_weights(config, spec, &weights, device)
    }

    /// Returns an agent with these weights, in both networks, and a fresh optimiser.
    ///
    /// # Errors
    /// If a setting is out of range or the network is impossible.
    ///
    /// # Panics
    /// If the weights belong to another spec.
    pub fn with_weights(
        mut config: DqnConfig,
        spec: impl Into<NetSpec>,
        weights: &Weights,
        device: &Device,
    ) -> Result<Self, AlgoError> {
        config.validate()?;
        let network = Network::with_target(spec.into(), weights, device)?;
        config.net.follow(network.spec());
        let normalizer = config.normalize_observations.then(|| Normalizer::new(network.spec().inputs()));
        let (probe, update, inputs) = (Vec::new(), HostUpdate::default(), Inputs::default());
        Ok(Self { config, network, normalizer, probe, update, inputs })
    }

    /// The same agent with another target network.
    ///
    /// # Panics
    /// If the weights belong to another spec.
    #[must_use]
    pub fn with_target(mut self, weights: &Weights) -> Self {
        self.network.set_target(weights);
        self
    }

    /// The same agent with the statistics of an elite; none, if it does not normalise observations.
    #[must_use]
    pub(crate) fn with_normalizer(self, normalizer: Option<Normalizer>) -> Self {
        Self { normalizer, ..self }
    }

    /// The settings, as evolution left them.
    pub fn config(&self) -> &DqnConfig {
        &self.config
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The network's spec, as evolution left it.
    pub fn spec(&self) -> &NetSpec {
        self.network.spec()
    }

    /// Weights of the online network.
    pub fn weights(&self) -> Weights {
        self.network.weights()
    }

    /// Weights of the target network.
    pub fn target_weights(&self) -> Weights {
        self.network.target_weights().expect("made with a target network")
    }

    /// Values of all actions for each row: `[rows, obs_len]` to `[rows, choices]`.
    ///
    /// # Panics
    /// If `obs` is not a whole number of rows.
    pub fn values<O: InputNumber>(&mut self, obs: &[O]) -> &[f32] {
        match &self.normalizer {
            Some(normalizer) => self.network.outputs(normalizer.apply(obs, &mut self.inputs.obs)),
            None => self.network.outputs(obs),
        }
    }

    pub(crate) fn epsilon(&self, mode: Mode) -> f64 {
        match mode {
            Mode::Explore { clock } => self.config.epsilon.at(clock),
            Mode::Greedy => 0.0,
        }
    }

    #[cfg(feature = "burn")]
    pub(crate) fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    /// Takes observations that it acts on into its statistics.
    pub(crate) fn observe<O: InputNumber>(&mut self, obs: &[O], mode: Mode) {
        if let (Some(normalizer), Mode::Explore { .. }) = (&mut self.normalizer, mode) {
            normalizer.observe(obs, &mut self.inputs.wide);
        }
    }

    /// Observations as the network reads them, if it normalises them.
    #[cfg(feature = "burn")]
    pub(crate) fn normalize<O: InputNumber>(&mut self, obs: &[O]) -> Option<&[f32]> {
        Some(self.normalizer.as_ref()?.apply(obs, &mut self.inputs.obs))
    }

    /// Normalises the observations and successors of a batch, if it normalises observations.
    pub(crate) fn normalize_batch<O: InputNumber>(&mut self, batch: &Batch<O, u32>) {
        if let Some(normalizer) = &self.normalizer {
            normalizer.apply(batch.obs(), &mut self.inputs.obs);
            normalizer.apply(batch.next_obs(), &mut self.inputs.next_obs);
        }
    }

    /// The result of [`normalize_batch`](Self::normalize_batch).
    #[cfg(feature = "burn")]
    pub(crate) fn normalized(&self) -> [&[f32]; 2] {
        [&self.inputs.obs, &self.inputs.next_obs]
    }

    /// Keeps some observations of a batch, as the network reads them.
    pub(crate) fn keep_probe<O: InputNumber>(&mut self, batch: &Batch<O, u32>) {
        let obs = &batch.obs()[..batch.len().min(PROBE_ROWS) * self.network.spec().inputs()];
        match &self.normalizer {
            Some(normalizer) => _ = normalizer.apply(obs, &mut self.probe),
            None => {
                self.probe.clear();
                self.probe.extend(obs.iter().map(|x| x.to_f32()));
            }
        }
    }
}

impl<O: InputNumber> Agent<O, u32> for Dqn {
    /// Greedy, or with probability epsilon uniform among the legal choices: one coin for each lane. Of equal values the
    /// first wins.
    fn act(&mut self, obs: &[O], masks: Option<&[bool]>, mode: Mode, rng: &mut StreamRng, actions: &mut [u32]) {
        let (inputs, choices) = (self.spec().inputs(), self.spec().outputs());
        assert_eq!(obs.len(), actions.len() * inputs, "{} numbers for {} actions", obs.len(), actions.len());
        if let Some(masks) = masks {
            assert_eq!(masks.len(), actions.len() * choices, "{} flags for {} actions", masks.len(), actions.len());
        }
        self.observe(obs, mode);
        let epsilon = self.epsilon(mode);
        choose(epsilon, self.values(obs), masks, rng, actions);
    }
}

impl Learner for Dqn {
    fn batch_size(&self) -> usize {
        self.config.batch_size
    }

    fn learn_step(&self) -> f64 {
        self.config.learn_step as f64
    }

    fn metrics(&self) -> &'static [&'static str] {
        &METRICS
    }

    fn stacks_with(&self, other: &Self) -> bool {
        let kind =
            |config: &DqnConfig| (config.double, config.loss, config.max_grad_norm, config.normalize_observations);
        self.network.stacks_with(&other.network) && kind(&self.config) == kind(&other.config)
    }
}

impl<O: InputNumber> OffPolicy<O, u32> for Dqn {
    fn learn(&mut self, batch: &Batch<O, u32>, _: &mut StreamRng) -> Learned<'_> {
        assert!(!batch.is_empty(), "a batch without rows");
        self.keep_probe(batch);
        self.normalize_batch(batch);
        let Self { config, network, normalizer, update, inputs, .. } = self;
        match normalizer {
            Some(_) => learn(config, network, update, [&inputs.obs[..], &inputs.next_obs], batch),
            None => learn(config, network, update, [batch.obs(), batch.next_obs()], batch),
        }
    }

    #[cfg(feature = "burn")]
    fn stack(agents: &[&mut Self]) -> Option<Box<dyn crate::off_policy::learner::Stack<Self, O, u32>>> {
        let stack = crate::algorithms::dqn::stack::DqnStack::new(agents)?;
        Some(Box::new(stack))
    }
}

/// Makes one update where the network is; `obs` and `next_obs` are those of the batch as the network reads them.
fn learn<'a, I: InputNumber, O: Copy>(
    config: &DqnConfig,
    network: &mut Network,
    update: &'a mut HostUpdate,
    [obs, next_obs]: [&[I]; 2],
    batch: &Batch<O, u32>,
) -> Learned<'a> {
    match network.learning() {
        (_, Place::Host(network)) => {
            update.learn(config, network, [obs, next_obs], batch);
            let (metrics, td_errors) = (Numbers::Host(update.metrics()), Numbers::Host(update.td_errors()));
            Learned { names: &METRICS, metrics, td_errors }
        }
        #[cfg(feature = "burn")]
        (spec, Place::Burn(network)) => {
            use crate::algorithms::dqn::update_burn::{AgentBatch, learn};
            let batch = AgentBatch { obs, next_obs, rows: batch };
            let update = learn(network, &[config], spec, &[Some(batch)]);
            let [metrics, td_errors] = [update.metrics, update.td_errors].map(|numbers| numbers.flatten(0, 1));
            Learned { names: &METRICS, metrics: Numbers::Device(metrics), td_errors: Numbers::Device(td_errors) }
        }
    }
}

impl Evolve for Dqn {
    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        let real = |name: &str, value| Hyperparameter { name: name.into(), value, integer: false };
        let whole = |name: &str, value: usize| Hyperparameter { name: name.into(), value: value as f64, integer: true };
        vec![
            real("lr", self.config.lr),
            whole("batch_size", self.config.batch_size),
            whole("learn_step", self.config.learn_step),
            real("gamma", self.config.gamma),
            real("tau", self.config.tau),
        ]
    }

    fn set_hyperparameter(&mut self, name: &str, value: f64) {
        self.config.set_hyperparameter(name, value);
    }

    fn mutate(&mut self, kind: MutationKind, settings: &Mutation, rng: &mut StreamRng) -> Option<Change> {
        self.network.mutate(kind, settings, &mut self.config.net, &self.probe, rng)
    }

    fn architecture(&self) -> String {
        self.spec().to_string()
    }

    fn is_finite(&self) -> bool {
        self.network.is_finite()
    }

    fn fingerprint(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.network.fingerprint_into(&mut bytes);
        if let Some(normalizer) = &self.normalizer {
            bytes.extend(serde_json::to_vec(normalizer).expect("statistics are numbers"));
        }
        bytes
    }
}

/// The first bytes of every saved agent.
const MAGIC: &[u8; 8] = b"agagent\x02";

/// The head of a saved agent: its settings, in front of all numbers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    config: DqnConfig,
    normalizer: Option<Normalizer>,
}

impl Persist for Dqn {
    /// Magic; behind its length, the head as JSON; behind their length, the rows that dormant units are found with; the
    /// network.
    fn save(&self) -> Result<Vec<u8>, BoxError> {
        let head = serde_json::to_vec(&Head { config: self.config.clone(), normalizer: self.normalizer.clone() })?;
        let probe: Vec<u8> = self.probe.iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut bytes = MAGIC.to_vec();
        for part in [head, probe] {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(&part);
        }
        self.network.save_into(&mut bytes);
        Ok(bytes)
    }

    /// The device stays. A weight may be NaN: such an agent lives until its evaluation.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), BoxError> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin as a saved agent does")?;
        let Head { config, normalizer } = serde_json::from_slice(take_prefixed(&mut rest)?)?;
        let probe = take_prefixed(&mut rest)?;
        config.validate()?;
        let network = Network::restore_from(&mut rest, &self.network)?;
        let inputs = network.spec().inputs();
        let fault = normalizer.as_ref().and_then(|normalizer| normalizer.fault(inputs));
        if let Some(fault) = fault {
            return Err(format!("statistics of observations: {fault}").into());
        }
        let row_bytes = inputs * size_of::<f32>();
        let fits = probe.len().is_multiple_of(row_bytes) && probe.len() <= PROBE_ROWS * row_bytes;
        if !rest.is_empty() || !fits || config.normalize_observations != normalizer.is_some() {
            return Err("its parts do not fit each other".into());
        }
        self.probe = probe.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect();
        (self.config, self.normalizer, self.network) = (config, normalizer, network);
        Ok(())
    }
}

impl PolicySource for Dqn {
    const ALGORITHM: &'static str = "DQN";

    fn policy(&self) -> Policy {
        Policy::new(self.spec().clone(), self.weights(), Output::Greedy).with_normalizer(self.normalizer.clone())
    }

    fn settings(&self) -> Value {
        serde_json::to_value(&self.config).expect("settings have text keys only")
    }
}

/// Greedy in these values, `[rows, choices]`, or with probability epsilon uniform among the legal choices: one coin for each
/// row. Of equal values the first wins.
pub(crate) fn choose(epsilon: f64, values: &[f32], masks: Option<&[bool]>, rng: &mut StreamRng, actions: &mut [u32]) {
    let Some(choices) = values.len().checked_div(actions.len()) else { return };
    for (lane, action) in actions.iter_mut().enumerate() {
        let row = lane * choices..(lane + 1) * choices;
        let mask = masks.map(|masks| &masks[row.clone()]);
        *action = if epsilon > 0.0 && rng.random_bool(epsilon) {
            random_choice(choices, mask, rng)
        } else {
            best_choice(&values[row], mask)
        };
    }
}

/// A legal choice, each as likely.
///
/// # Panics
/// If the mask leaves no choice.
fn random_choice(choices: usize, mask: Option<&[bool]>, rng: &mut StreamRng) -> u32 {
    let Some(mask) = mask else { return rng.random_range(0..choices as u32) };
    let legal = mask.iter().filter(|legal| **legal).count() as u32;
    assert!(legal > 0, "the mask leaves no legal choice");
    let nth = rng.random_range(0..legal) as usize;
    let (choice, _) = mask.iter().enumerate().filter(|(_, legal)| **legal).nth(nth).expect("counted");
    choice as u32
}
