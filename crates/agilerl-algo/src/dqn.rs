//! Deep Q-learning (Mnih et al., 2015), double by default (van Hasselt et al., 2016).

mod config;
mod learner;
mod stack;
mod state;

use std::marker::PhantomData;

use agilerl_buffer::Batch;
use agilerl_env::Space;
use agilerl_hpo::{Change, Evolve, Hyperparameter, StreamRng};
use agilerl_nets::{Device, HostNet, InputNumber, MlpSpec, NetMorph, NetSpec, Weights};
use rand::{Rng, RngExt};
use serde_json::{Value, json};

pub use config::{DqnConfig, Loss};
use learner::Learner;

use crate::{Agent, AlgoError, Learned, Mode, OffPolicy, Stack};
use stack::DqnStack;

/// A deep Q-learning agent: chooses among `n` actions by the values that a network predicts for an observation, a row of
/// `f32`, or of `u8` where it sees pixels.
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
pub struct Dqn<O = f32> {
    config: DqnConfig,
    spec: NetSpec,
    learner: Learner,
    /// The online network, for acting. Behind after an update, until it is needed.
    policy: HostNet,
    policy_is_behind: bool,
    observes: PhantomData<O>,
}

impl Dqn {
    /// An agent for rows of `obs_len` numbers and `choices` actions, its weights drawn from `rng`.
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
        if !config.convs.is_empty() {
            let expected = "none: rows of numbers have no shape; an agent for images is made by `for_space`";
            let (field, value) = ("convs".to_owned(), format!("a list of {}", config.convs.len()));
            return Err(AlgoError::Config { field, value, expected: expected.to_owned() });
        }
        let spec = config.spec(obs_len, choices);
        Self::drawn(config, spec.into(), device, rng)
    }

    /// An agent for rows of `f32` with these weights: see [`of_weights`](Self::of_weights).
    ///
    /// # Errors
    /// If a setting is out of range or the network is impossible.
    ///
    /// # Panics
    /// If the weights belong to another spec.
    pub fn with_weights(
        config: DqnConfig,
        spec: impl Into<NetSpec>,
        weights: &Weights,
        device: &Device,
    ) -> Result<Self, AlgoError> {
        Self::of_weights(config, spec, weights, device)
    }
}

impl<O: InputNumber> Dqn<O> {
    /// An agent for observations of this space and `choices` actions, its weights drawn from `rng`: with convolutions, if
    /// the settings have some and the space is one of images.
    ///
    /// ```
    /// use agilerl_algo::{Agent, Dqn, DqnConfig, Mode};
    /// use agilerl_env::Space;
    /// use agilerl_nets::ConvSpec;
    /// use rand::SeedableRng;
    ///
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let device = agilerl_nets::parse_device("cpu")?;
    /// let boards = Space::Box { shape: vec![4, 10, 10], low: vec![0.0; 400], high: vec![1.0; 400] };
    /// let config = DqnConfig { convs: vec![ConvSpec::new(16, 3, 1)], ..DqnConfig::default() };
    /// let mut agent = Dqn::<u8>::for_space(config, &boards, 3, &device, &mut rng)?;
    /// let mut actions = [0; 2];
    /// agent.act(&[1; 2 * 400], None, Mode::Greedy, &mut rng, &mut actions);
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
        let spec = config.net(observations, choices)?;
        Self::drawn(config, spec, device, rng)
    }

    fn drawn(config: DqnConfig, spec: NetSpec, device: &Device, rng: &mut impl Rng) -> Result<Self, AlgoError> {
        config.validate()?;
        spec.validate()?;
        let weights = spec.init(rng);
        Self::of_weights(config, spec, &weights, device)
    }

    /// An agent with these weights, in both networks, and a fresh optimiser.
    ///
    /// # Errors
    /// If a setting is out of range or the network is impossible.
    ///
    /// # Panics
    /// If the weights belong to another spec.
    pub fn of_weights(
        config: DqnConfig,
        spec: impl Into<NetSpec>,
        weights: &Weights,
        device: &Device,
    ) -> Result<Self, AlgoError> {
        let spec = spec.into();
        config.validate()?;
        spec.validate()?;
        let learner = Learner::new(&spec, weights, device);
        let policy = HostNet::new(&spec, weights);
        Ok(Self { config, spec, learner, policy, policy_is_behind: false, observes: PhantomData })
    }

    /// Its settings, as evolution left them.
    pub fn config(&self) -> &DqnConfig {
        &self.config
    }

    /// Its network's spec, as evolution left it.
    pub fn spec(&self) -> &NetSpec {
        &self.spec
    }

    /// Weights of the online network.
    pub fn weights(&self) -> Weights {
        self.learner.online(&self.spec)
    }

    /// Weights of the target network.
    pub fn target_weights(&self) -> Weights {
        self.learner.target(&self.spec)
    }

    /// The same agent with another target network.
    ///
    /// # Panics
    /// If the weights belong to another spec.
    #[must_use]
    pub fn with_target(mut self, weights: &Weights) -> Self {
        assert_eq!(weights.layout(), &self.spec.layout(), "these weights belong to another spec");
        self.learner.set_target(weights);
        self
    }

    /// Values of all actions for each row: `[rows, obs_len]` to `[rows, choices]`.
    ///
    /// # Panics
    /// If `obs` is not a whole number of rows.
    pub fn values(&mut self, obs: &[O]) -> &[f32] {
        if std::mem::take(&mut self.policy_is_behind) {
            self.learner.load_online_into(&mut self.policy);
        }
        self.policy.forward(obs)
    }

    fn epsilon(&self, mode: Mode) -> f64 {
        match mode {
            Mode::Explore { clock } => self.config.epsilon.at(clock),
            Mode::Greedy => 0.0,
        }
    }

    /// Puts new weights into the online network. Target network and the optimiser's moments stay.
    fn replace_weights(&mut self, weights: &Weights) {
        self.learner.set_online(weights);
        self.policy.load(weights.values());
        self.policy_is_behind = false;
    }
}

impl<O: InputNumber> Agent for Dqn<O> {
    type Obs = O;
    type Action = u32;

    /// Greedy, or with probability epsilon uniform among the legal choices: one coin for each lane. Of equal values the
    /// first wins.
    fn act(&mut self, obs: &[O], masks: Option<&[bool]>, mode: Mode, rng: &mut impl Rng, actions: &mut [u32]) {
        let (inputs, choices) = (self.spec.inputs(), self.spec.outputs());
        assert_eq!(obs.len(), actions.len() * inputs, "{} numbers for {} actions", obs.len(), actions.len());
        if let Some(masks) = masks {
            assert_eq!(masks.len(), actions.len() * choices, "{} flags for {} actions", masks.len(), actions.len());
        }
        let epsilon = self.epsilon(mode);
        choose(epsilon, self.values(obs), masks, rng, actions);
    }
}

impl<O: InputNumber> OffPolicy for Dqn<O> {
    fn batch_size(&self) -> usize {
        self.config.batch_size
    }

    fn learn_step(&self) -> f64 {
        self.config.learn_step as f64
    }

    fn learn(&mut self, batch: &Batch<O, u32>) -> Learned {
        self.policy_is_behind = true;
        self.learner.learn(&self.config, &self.spec, batch)
    }

    fn stack_key(&self) -> Option<String> {
        let DqnConfig { double, loss, max_grad_norm, .. } = &self.config;
        let device = self.learner.on_device()?.device();
        Some(format!("{device:?} {:?} {double} {loss:?} {max_grad_norm:?}", self.spec))
    }

    fn stack(agents: &mut [&mut Self]) -> Box<dyn Stack<Self>> {
        Box::new(DqnStack::new(agents))
    }
}

impl<O: InputNumber> Evolve for Dqn<O> {
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

    /// Both networks are transplanted alike, so the target goes on lagging behind as it did; the optimiser's moments go with
    /// the weights that survive. With random growth both networks draw the same, and the optimiser is a fresh one.
    fn mutate_architecture(&mut self, new_layer_prob: f64, rng: &mut StreamRng) -> Option<Change> {
        let mutation = self.spec.draw(new_layer_prob, rng);
        let weights = self.weights();
        // Without observations: a batch of them would have to be saved and restored for a run to go on with the same bits.
        let morph = NetMorph::plan_with(&self.spec, &mutation, &weights, self.config.growth, None)?;
        let before = std::mem::replace(&mut self.spec, morph.to().clone());
        self.config.take_architecture(&self.spec);
        // The new nodes of both networks listen to the same: the target takes on what the online network says by them.
        let mut same = rng.clone();
        let target = morph.weights(&self.learner.target(&before), &mut same);
        let weights = morph.weights(&weights, rng);
        self.learner.morph(&morph, &weights, &target);
        self.policy = HostNet::new(&self.spec, &weights);
        self.policy_is_behind = false;
        let what = mutation.name().to_owned();
        let [before, after] = architectures(&before, &self.spec);
        Some(Change { what, before, after })
    }

    fn mutate_parameters(&mut self, mutation_sd: f64, rng: &mut StreamRng) -> Option<Change> {
        let mut weights = self.weights();
        let changed = self.config.parameter_noise.apply(mutation_sd, &mut weights, rng);
        if changed == 0 {
            return None;
        }
        self.replace_weights(&weights);
        let total = weights.values().len();
        Some(Change { what: "weights".into(), before: json!(null), after: json!(format!("{changed} of {total}")) })
    }

    fn mutate_activation(&mut self, rng: &mut StreamRng) -> Option<Change> {
        let before = self.spec.activation();
        let others: Vec<_> = self.config.activations_to_mutate_to().collect();
        if others.is_empty() {
            return None;
        }
        let after = others[rng.random_range(0..others.len() as u32) as usize];
        let weights = self.weights();
        self.spec.set_activation(after);
        self.config.activation = after;
        self.policy = HostNet::new(&self.spec, &weights);
        self.replace_weights(&weights);
        Some(Change { what: "activation".into(), before: json!(before), after: json!(after) })
    }

    fn architecture(&self) -> String {
        self.spec.to_string()
    }

    fn is_finite(&self) -> bool {
        self.weights().is_finite() && self.target_weights().is_finite()
    }

    fn fingerprint(&self) -> Vec<u8> {
        state::fingerprint(self)
    }
}

/// Greedy in these values, `[rows, choices]`, or with probability epsilon uniform among the legal choices: one coin for each
/// row. Of equal values the first wins.
fn choose(epsilon: f64, values: &[f32], masks: Option<&[bool]>, rng: &mut impl Rng, actions: &mut [u32]) {
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

/// Two architectures, for logs: their nodes tell all, unless something beside them has changed.
fn architectures(before: &NetSpec, after: &NetSpec) -> [Value; 2] {
    if let (NetSpec::Mlp(before), NetSpec::Mlp(after)) = (before, after)
        && (MlpSpec { hidden: before.hidden.clone(), ..after.clone() } == *before)
    {
        return [json!(before.hidden), json!(after.hidden)];
    }
    [json!(before.to_string()), json!(after.to_string())]
}

/// The legal choice of the highest value; the first of equals. A value that is not a number is never the highest.
///
/// # Panics
/// If the mask leaves no choice.
fn best_choice(values: &[f32], mask: Option<&[bool]>) -> u32 {
    let legal = |choice: usize| mask.is_none_or(|mask| mask[choice]);
    let mut best: Option<usize> = None;
    for (choice, value) in values.iter().enumerate().filter(|(choice, _)| legal(*choice)) {
        if best.is_none_or(|best| *value > values[best] || (values[best].is_nan() && !value.is_nan())) {
            best = Some(choice);
        }
    }
    best.expect("the mask leaves no legal choice") as u32
}

/// A legal choice, each as likely.
///
/// # Panics
/// If the mask leaves no choice.
fn random_choice(choices: usize, mask: Option<&[bool]>, rng: &mut impl Rng) -> u32 {
    let Some(mask) = mask else { return rng.random_range(0..choices as u32) };
    let legal = mask.iter().filter(|legal| **legal).count() as u32;
    assert!(legal > 0, "the mask leaves no legal choice");
    let nth = rng.random_range(0..legal) as usize;
    let (choice, _) = mask.iter().enumerate().filter(|(_, legal)| **legal).nth(nth).expect("counted");
    choice as u32
}
