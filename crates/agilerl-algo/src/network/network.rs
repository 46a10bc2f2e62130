//! A network that learns.

use agilerl_hpo::{Change, Mutation, MutationKind, StreamRng};
use agilerl_nets::{Device, Dormant, Growth, HostNet, InputNumber, NetMorph, NetSpec, Weights};
use rand::RngExt;
use serde_json::{Value, json};

use crate::error::AlgoError;
#[cfg(feature = "burn")]
use crate::network::burn::BurnNetwork;
use crate::network::config::NetConfig;
use crate::network::host::HostNetwork;

/// A network with everything that must change together with it: spec, weights, optionally a target network, the optimiser's
/// moments, and a copy on the host to act with.
///
/// It learns on the CPU over plain slices, or on a device through burn; tests hold the two to the same weights. A mutation
/// changes all parts at once. Cloning is complete.
///
/// ```
/// use agilerl_algo::{NetConfig, Network};
/// use agilerl_env::Space;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let observations = Space::bounded(&[-1.0; 4], &[1.0; 4]);
/// let spec = NetConfig::default().spec(&observations, 0, 2)?;
/// let device = agilerl_nets::parse_device("cpu")?;
/// let mut critic = Network::with_target(spec.clone(), &spec.init(&mut rng), &device)?;
/// assert_eq!(critic.outputs(&[0.0; 3 * 4]).len(), 3 * 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Network {
    spec: NetSpec,
    place: Place,
    /// The online network as it acts; none before it acts for the first time, and after a mutation.
    acting: Option<HostNet>,
    /// Whether the weights have changed since they were copied into `acting`.
    acting_is_behind: bool,
}

/// Where the weights are and the updates are computed.
#[derive(Clone, Debug)]
pub enum Place {
    /// On the CPU.
    Host(Box<HostNetwork>),
    /// On a device of burn.
    #[cfg(feature = "burn")]
    Burn(Box<BurnNetwork>),
}

/// Everything that a network has learnt, on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkState {
    /// The online network.
    pub online: Weights,
    /// The target network, if it has one.
    pub target: Option<Weights>,
    /// The optimiser's first moment, in the layout of the weights.
    pub first: Weights,
    /// The optimiser's second moment.
    pub second: Weights,
    /// Number of updates that the optimiser has made.
    pub updates: u32,
}

impl Network {
    /// Returns a network without a target network, with a fresh optimiser.
    ///
    /// # Errors
    /// [`AlgoError::Net`] if no such network can exist.
    ///
    /// # Panics
    /// If the weights belong to another spec.
    pub fn new(spec: NetSpec, weights: &Weights, device: &Device) -> Result<Self, AlgoError> {
        Self::make(spec, weights, None, device)
    }

    /// Returns a network whose target network starts with the same weights, with a fresh optimiser.
    ///
    /// # Errors
    /// [`AlgoError::Net`] if no such network can exist.
    ///
    /// # Panics
    /// If the weights belong to another spec.
    pub fn with_target(spec: NetSpec, weights: &Weights, device: &Device) -> Result<Self, AlgoError> {
        Self::make(spec, weights, Some(weights), device)
    }

    fn make(spec: NetSpec, weights: &Weights, target: Option<&Weights>, device: &Device) -> Result<Self, AlgoError> {
        spec.validate()?;
        assert_eq!(weights.layout(), &spec.layout(), "these weights belong to another spec");
        let place = match device {
            Device::Cpu => Place::Host(Box::new(HostNetwork::new(&spec, weights, target))),
            #[cfg(feature = "burn")]
            Device::Burn(device) => Place::Burn(Box::new(BurnNetwork::new(weights, target, device))),
        };
        Ok(Self { spec, place, acting: None, acting_is_behind: true })
    }

    /// The spec, as evolution left it.
    pub fn spec(&self) -> &NetSpec {
        &self.spec
    }

    /// The device that it learns on.
    pub fn device(&self) -> Device {
        match &self.place {
            Place::Host(_) => Device::Cpu,
            #[cfg(feature = "burn")]
            Place::Burn(network) => Device::Burn(network.device().clone()),
        }
    }

    /// Outputs of the online network: `[rows, inputs]` to `[rows, outputs]`, on the host.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows.
    pub fn outputs<O: InputNumber>(&mut self, rows: &[O]) -> &[f32] {
        if self.acting.is_none() || self.acting_is_behind {
            let acting =
                self.acting.get_or_insert_with(|| HostNet::new(&self.spec, &Weights::zeros(self.spec.layout())));
            match &self.place {
                Place::Host(network) => acting.load(network.online()),
                #[cfg(feature = "burn")]
                Place::Burn(network) => acting.load(&network.online()),
            }
            self.acting_is_behind = false;
        }
        self.acting.as_mut().expect("just made").forward(rows)
    }

    /// Spec and weights, to learn with. The copy that acts is loaded anew before it acts again.
    pub fn learning(&mut self) -> (&NetSpec, &mut Place) {
        self.acting_is_behind = true;
        (&self.spec, &mut self.place)
    }

    /// Spec and weights.
    pub fn place(&self) -> (&NetSpec, &Place) {
        (&self.spec, &self.place)
    }

    /// Weights of the online network.
    pub fn weights(&self) -> Weights {
        let values = match &self.place {
            Place::Host(network) => network.online().to_vec(),
            #[cfg(feature = "burn")]
            Place::Burn(network) => network.online(),
        };
        Weights::new(self.spec.layout(), values)
    }

    /// Weights of the target network, if it has one.
    pub fn target_weights(&self) -> Option<Weights> {
        let values = match &self.place {
            Place::Host(network) => network.target()?.to_vec(),
            #[cfg(feature = "burn")]
            Place::Burn(network) => network.target()?,
        };
        Some(Weights::new(self.spec.layout(), values))
    }

    /// Replaces the weights of the online network. Target network and moments stay.
    ///
    /// # Panics
    /// If the weights belong to another spec.
    pub fn set_weights(&mut self, weights: &Weights) {
        assert_eq!(weights.layout(), &self.spec.layout(), "these weights belong to another spec");
        match &mut self.place {
            Place::Host(network) => network.set_online(weights),
            #[cfg(feature = "burn")]
            Place::Burn(network) => network.set_online(weights),
        }
        self.acting_is_behind = true;
    }

    /// Replaces the weights of the target network.
    ///
    /// # Panics
    /// If the weights belong to another spec.
    pub fn set_target(&mut self, weights: &Weights) {
        assert_eq!(weights.layout(), &self.spec.layout(), "these weights belong to another spec");
        match &mut self.place {
            Place::Host(network) => network.set_target(weights),
            #[cfg(feature = "burn")]
            Place::Burn(network) => network.set_target(weights),
        }
    }

    /// Everything that was learnt, on the host.
    pub fn state(&self) -> NetworkState {
        let layout = self.spec.layout();
        let (first, second, updates) = match &self.place {
            Place::Host(network) => network.moments(&layout),
            #[cfg(feature = "burn")]
            Place::Burn(network) => network.moments(&layout),
        };
        NetworkState { online: self.weights(), target: self.target_weights(), first, second, updates }
    }

    /// Returns the network of a state, on a device.
    ///
    /// # Errors
    /// [`AlgoError::Net`] if no such network can exist.
    ///
    /// # Panics
    /// If the state belongs to another spec.
    pub fn from_state(spec: NetSpec, state: &NetworkState, device: &Device) -> Result<Self, AlgoError> {
        let mut network = Self::make(spec, &state.online, state.target.as_ref(), device)?;
        match &mut network.place {
            Place::Host(host) => host.set_moments(&state.first, &state.second, state.updates),
            #[cfg(feature = "burn")]
            Place::Burn(burn) => burn.set_moments(&state.first, &state.second, state.updates),
        }
        Ok(network)
    }

    /// Whether every weight of both networks is a finite number.
    pub fn is_finite(&self) -> bool {
        self.weights().is_finite() && self.target_weights().is_none_or(|target| target.is_finite())
    }

    /// Whether the two can learn as one program: the same spec on the same device, and not on the CPU, where individuals
    /// already run in parallel threads.
    pub fn stacks_with(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            #[cfg(feature = "burn")]
            (Place::Burn(one), Place::Burn(two)) => self.spec == other.spec && one.device() == two.device(),
            _ => false,
        }
    }

    /// Mutates spec, weights, target network and moments together, and `config` with them. `rows` are observations as the
    /// network reads them, `[rows, inputs]`, that dormant units are found with. None if nothing changed.
    pub fn mutate(
        &mut self,
        kind: MutationKind,
        settings: &Mutation,
        config: &mut NetConfig,
        rows: &[f32],
        rng: &mut StreamRng,
    ) -> Option<Change> {
        let change = match kind {
            MutationKind::Architecture => self.mutate_architecture(settings.new_layer_prob, config, rng),
            MutationKind::Parameters => self.mutate_parameters(settings.mutation_sd, config, rng),
            MutationKind::Activation => self.mutate_activation(config, rng),
            MutationKind::Dormant => self.reset_dormant(settings.dormant_tau, rows, rng),
            _ => None,
        };
        config.follow(&self.spec);
        change
    }

    /// Both networks are transplanted alike, so that the target keeps its lag; the optimiser's moments go with the weights
    /// that survive. With random growth both networks draw the same numbers, and the optimiser is a fresh one.
    fn mutate_architecture(&mut self, new_layer_prob: f64, config: &NetConfig, rng: &mut StreamRng) -> Option<Change> {
        let mutation = self.spec.draw(new_layer_prob, rng);
        let before = self.state();
        let morph = NetMorph::plan(&self.spec, &mutation, &before.online, config.growth)?;
        // The new nodes of both networks listen to the same: the target takes over what the online network says by them.
        let mut same = rng.clone();
        let target = before.target.as_ref().map(|target| morph.weights(target, &mut same));
        let online = morph.weights(&before.online, rng);
        let after = match config.growth {
            Growth::Preserving => {
                let (first, second) = (morph.moments(&before.first), morph.moments(&before.second));
                NetworkState { online, target, first, second, updates: before.updates }
            }
            Growth::Random => {
                let zeros = Weights::zeros(morph.to().layout());
                NetworkState { online, target, first: zeros.clone(), second: zeros, updates: 0 }
            }
        };
        let network = Self::from_state(morph.to().clone(), &after, &self.device());
        let old =
            std::mem::replace(self, network.expect("a mutation within the limits gives a network that can exist"));
        let [before, after] = architectures(&old.spec, &self.spec);
        Some(Change { what: mutation.name().to_owned(), before, after })
    }

    fn mutate_parameters(&mut self, mutation_sd: f64, config: &NetConfig, rng: &mut StreamRng) -> Option<Change> {
        let mut weights = self.weights();
        let changed = config.parameter_noise.apply(mutation_sd, &mut weights, rng);
        if changed == 0 {
            return None;
        }
        self.set_weights(&weights);
        let total = weights.values().len();
        Some(Change { what: "weights".into(), before: json!(null), after: json!(format!("{changed} of {total}")) })
    }

    fn mutate_activation(&mut self, config: &NetConfig, rng: &mut StreamRng) -> Option<Change> {
        let before = self.spec.activation();
        let others: Vec<_> = config.activations_to_mutate_to().collect();
        if others.is_empty() {
            return None;
        }
        let after = others[rng.random_range(0..others.len() as u32) as usize];
        self.spec.set_activation(after);
        match &mut self.place {
            Place::Host(network) => network.set_spec(&self.spec),
            // Its passes get the spec each time.
            #[cfg(feature = "burn")]
            Place::Burn(_) => {}
        }
        self.acting = None;
        Some(Change { what: "activation".into(), before: json!(before), after: json!(after) })
    }

    fn reset_dormant(&mut self, tau: f64, rows: &[f32], rng: &mut StreamRng) -> Option<Change> {
        if rows.is_empty() {
            return None;
        }
        let mut state = self.state();
        let dormant = Dormant::find(&self.spec, &state.online, rows, tau);
        let units = dormant.units().len();
        if units == 0 {
            return None;
        }
        dormant.reset(&mut state.online, rng);
        // Moments of the weights that were there before would move the new ones.
        dormant.reset_moments(&mut state.first);
        dormant.reset_moments(&mut state.second);
        let network = Self::from_state(self.spec.clone(), &state, &self.device());
        *self = network.expect("the same spec as before");
        let total: usize = self.spec.head.hidden.iter().sum();
        let after = format!("{units} of {total} units reset");
        Some(Change { what: "dormant".into(), before: json!(null), after: json!(after) })
    }
}

/// Two architectures, for logs: the lists of nodes, unless something else has changed too.
fn architectures(before: &NetSpec, after: &NetSpec) -> [Value; 2] {
    let mut only_nodes = after.clone();
    only_nodes.head.hidden.clone_from(&before.head.hidden);
    if before.encoder.is_none() && only_nodes == *before {
        return [json!(before.head.hidden), json!(after.head.hidden)];
    }
    [json!(before.to_string()), json!(after.to_string())]
}
