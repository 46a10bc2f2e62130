//! A trained network that chooses actions.

use agilerl_env::ActionElement;
use agilerl_hpo::StreamRng;
use agilerl_nets::{HostNet, InputNumber, NetSpec, Weights};
use serde::{Deserialize, Serialize};

use crate::agent::{Agent, Mode};
use crate::normalizer::Normalizer;

/// A network, and how its outputs become actions. It acts and is evaluated; it learns nothing, and needs no device and no
/// random generator.
///
/// ```
/// use agilerl_algo::{Output, Policy};
/// use agilerl_nets::{MlpSpec, NetSpec};
/// use rand::SeedableRng;
///
/// let spec = NetSpec::from(MlpSpec::new(4, &[32], 2));
/// let weights = spec.init(&mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
/// let mut policy = Policy::new(spec, weights, Output::Greedy);
/// let action: Vec<u32> = policy.act(&[0.1, 0.0, -0.1, 0.0]);
/// assert!(action[0] < 2);
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    weights: Weights,
    net: HostNet,
    output: Output,
    normalizer: Option<Normalizer>,
    /// Number of categories that an index observation is encoded in, if observations are indices.
    one_hot: Option<usize>,
    /// Rows as the network reads them, if they are not the observations themselves.
    inputs: Inputs,
}

/// How the outputs of a network become an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Output {
    /// The legal choice of the highest output; the first of equals.
    Greedy,
    /// `low + (tanh(x) + 1) / 2 (high - low)` for each component.
    Squashed {
        /// Lower bound of each component.
        low: Vec<f32>,
        /// Upper bound of each component.
        high: Vec<f32>,
    },
}

impl Policy {
    /// Returns the policy of a network.
    ///
    /// # Panics
    /// If the weights belong to another spec, or bounds do not fit its outputs.
    pub fn new(spec: NetSpec, weights: Weights, output: Output) -> Self {
        if let Output::Squashed { low, high } = &output {
            assert_eq!([low.len(), high.len()], [spec.outputs(); 2], "bounds for each output");
        }
        let net = HostNet::new(&spec, &weights);
        Self { weights, net, output, normalizer: None, one_hot: None, inputs: Inputs::default() }
    }

    /// Normalises observations before the network reads them.
    #[must_use]
    pub fn with_normalizer(self, normalizer: Option<Normalizer>) -> Self {
        Self { normalizer, ..self }
    }

    /// Encodes observations that are one of `categories` indices as one-hot vectors.
    ///
    /// # Panics
    /// If the network has another number of inputs.
    #[must_use]
    pub fn with_one_hot(self, categories: Option<usize>) -> Self {
        assert!(categories.is_none_or(|categories| categories == self.spec().inputs()), "one input for each category");
        Self { one_hot: categories, ..self }
    }

    /// Chooses an action for each row of observations: `[rows, obs_len]` to `[rows, action_len]`; a `u32` for a choice, `f32`
    /// for components.
    ///
    /// # Panics
    /// If `obs` is not a whole number of rows, or the policy's actions are of the other number.
    pub fn act<C: PolicyAction>(&mut self, obs: &[impl InputNumber]) -> Vec<C> {
        let rows = obs.len() / self.obs_len();
        let mut actions = vec![C::default(); rows * C::row_len(&self.output, self.spec().outputs())];
        self.act_into(obs, None, &mut actions);
        actions
    }

    /// Writes an action for each row of observations; `masks`, `[rows, choices]`, says which choices are legal.
    ///
    /// # Panics
    /// If lengths do not fit, a mask leaves no choice, or the policy's actions are of the other number.
    pub fn act_into<O: InputNumber, C: PolicyAction>(&mut self, obs: &[O], masks: Option<&[bool]>, actions: &mut [C]) {
        let Self { net, output, normalizer, one_hot, inputs, .. } = self;
        C::choose(output, outputs(net, normalizer.as_ref(), *one_hot, inputs, obs), masks, actions);
    }

    /// Outputs of the network for each row of observations: `[rows, obs_len]` to `[rows, outputs]`.
    ///
    /// # Panics
    /// If `obs` is not a whole number of rows.
    pub fn outputs<O: InputNumber>(&mut self, obs: &[O]) -> &[f32] {
        let Self { net, normalizer, one_hot, inputs, .. } = self;
        outputs(net, normalizer.as_ref(), *one_hot, inputs, obs)
    }

    /// The spec of the network.
    pub fn spec(&self) -> &NetSpec {
        self.net.spec()
    }

    /// The weights of the network.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// How outputs become actions.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// The statistics that observations are normalised by, if they are.
    pub fn normalizer(&self) -> Option<&Normalizer> {
        self.normalizer.as_ref()
    }

    fn obs_len(&self) -> usize {
        if self.one_hot.is_some() { 1 } else { self.spec().inputs() }
    }
}

/// The buffers of rows on their way to the network.
#[derive(Clone, Debug, Default)]
struct Inputs {
    encoded: Vec<f32>,
    normalized: Vec<f32>,
}

/// Outputs of the network for observations that are encoded first and then normalised, if they are to be.
fn outputs<'a, O: InputNumber>(
    net: &'a mut HostNet,
    normalizer: Option<&Normalizer>,
    one_hot: Option<usize>,
    Inputs { encoded, normalized }: &mut Inputs,
    obs: &[O],
) -> &'a [f32] {
    let Some(categories) = one_hot else {
        return match normalizer {
            Some(normalizer) => net.forward(normalizer.apply(obs, normalized)),
            None => net.forward(obs),
        };
    };
    encoded.clear();
    for number in obs {
        let (start, index) = (encoded.len(), number.to_f32() as usize);
        assert!(index < categories, "observation {number:?} is none of {categories}");
        encoded.resize(start + categories, 0.0);
        encoded[start + index] = 1.0;
    }
    match normalizer {
        Some(normalizer) => net.forward(normalizer.apply(encoded, normalized)),
        None => net.forward(encoded),
    }
}

impl<O: InputNumber, C: PolicyAction> Agent<O, C> for Policy {
    /// Greedy in every [`Mode`].
    fn act(&mut self, obs: &[O], masks: Option<&[bool]>, _: Mode, _: &mut StreamRng, actions: &mut [C]) {
        self.act_into(obs, masks, actions);
    }
}

/// A number that actions are made of: `u32` for a choice, `f32` for components.
pub trait PolicyAction: ActionElement + sealed::Sealed {
    /// Length of an action of a network with this number of outputs.
    fn row_len(output: &Output, outputs: usize) -> usize;

    /// Turns outputs, `[rows, outputs]`, into actions, `[rows, row_len]`.
    ///
    /// # Panics
    /// If lengths do not fit, a mask leaves no choice, or the actions are of the other number.
    fn choose(output: &Output, outputs: &[f32], masks: Option<&[bool]>, actions: &mut [Self]);
}

impl PolicyAction for u32 {
    fn row_len(_: &Output, _: usize) -> usize {
        1
    }

    fn choose(output: &Output, outputs: &[f32], masks: Option<&[bool]>, actions: &mut [Self]) {
        assert_eq!(*output, Output::Greedy, "a policy of components chooses f32");
        let Some(choices) = outputs.len().checked_div(actions.len()) else { return };
        for (lane, action) in actions.iter_mut().enumerate() {
            let row = lane * choices..(lane + 1) * choices;
            *action = best_choice(&outputs[row.clone()], masks.map(|masks| &masks[row]));
        }
    }
}

impl PolicyAction for f32 {
    fn row_len(_: &Output, outputs: usize) -> usize {
        outputs
    }

    fn choose(output: &Output, outputs: &[f32], _: Option<&[bool]>, actions: &mut [Self]) {
        let Output::Squashed { low, high } = output else { panic!("a policy of choices chooses u32") };
        assert_eq!(outputs.len(), actions.len(), "{} outputs for {} components", outputs.len(), actions.len());
        for (component, (action, x)) in actions.iter_mut().zip(outputs).enumerate() {
            let (low, high) = (low[component % low.len()], high[component % high.len()]);
            *action = low + (agilerl_nets::tanh(*x) + 1.0) * 0.5 * (high - low);
        }
    }
}

/// The legal choice of the highest value; the first of equals. A value that is not a number is never the highest.
///
/// # Panics
/// If the mask leaves no choice.
pub(crate) fn best_choice(values: &[f32], mask: Option<&[bool]>) -> u32 {
    let legal = |choice: usize| mask.is_none_or(|mask| mask[choice]);
    let mut best: Option<usize> = None;
    for (choice, value) in values.iter().enumerate().filter(|(choice, _)| legal(*choice)) {
        if best.is_none_or(|best| *value > values[best] || (values[best].is_nan() && !value.is_nan())) {
            best = Some(choice);
        }
    }
    best.expect("the mask leaves no legal choice") as u32
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u32 {}
    impl Sealed for f32 {}
}
