//! What an agent is.

use agilerl_buffer::Batch;
use agilerl_hpo::StreamRng;
use burn::tensor::Tensor;
use rand::Rng;

/// Chooses actions.
pub trait Agent {
    /// Number type of observations.
    type Obs;
    /// Number type of actions.
    type Action;

    /// Chooses one action for each row of observations.
    ///
    /// `obs` is `[rows, obs_len]`, `actions` is `[rows, action_len]`; `masks`, `[rows, choices]`, says which choices are
    /// legal: an illegal one is never chosen, neither greedily nor at random.
    ///
    /// # Panics
    /// If lengths do not fit, or a mask leaves no choice.
    fn act(
        &mut self,
        obs: &[Self::Obs],
        masks: Option<&[bool]>,
        mode: Mode,
        rng: &mut impl Rng,
        actions: &mut [Self::Action],
    );
}

/// What actions are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Collecting experience: every lane explores for itself.
    Explore {
        /// Environment steps that the individual and its ancestors have taken.
        clock: u64,
    },
    /// Being scored or used: no exploration.
    Greedy,
}

/// Learns from stored transitions, whoever made them.
pub trait OffPolicy: Agent {
    /// Rows of a batch that it learns from.
    fn batch_size(&self) -> usize;

    /// Environment steps for each update.
    fn learn_step(&self) -> f64;

    /// Makes one update.
    ///
    /// # Panics
    /// If the batch is empty or its rows have other lengths than the agent's.
    fn learn(&mut self, batch: &Batch<Self::Obs, Self::Action>) -> Learned;

    /// Agents with equal keys can be [stacked](Self::stack): same architecture, same device, same kind of update. `None` if
    /// this one is better off alone, as on the processor, where threads are the parallelism.
    fn stack_key(&self) -> Option<String> {
        None
    }

    /// Puts agents with one [key](Self::stack_key) together. Until the stack is taken apart, what they learn is in it.
    ///
    /// # Panics
    /// If they have no key: then there is nothing to put together.
    fn stack(agents: &mut [&mut Self]) -> Box<dyn Stack<Self>>
    where
        Self: Sized,
    {
        panic!("{} agents without a stack key were to be stacked", agents.len());
    }
}

/// Agents of one architecture that act and learn as one program on one device, which then computes few large operations
/// instead of many small ones. Every agent keeps its own settings, its own loss and its own gradient; what it does is what it would
/// do alone, but for rounding.
pub trait Stack<A: OffPolicy>: Send {
    /// [`Agent::act`] for every agent; all have as many rows.
    fn act(&mut self, agents: &mut [&mut A], acting: &mut [Acting<'_, A::Obs, A::Action>]);

    /// [`OffPolicy::learn`] for every agent that has a batch; at least one has.
    fn learn(&mut self, agents: &[&A], batches: &[Option<&Batch<A::Obs, A::Action>>]);

    /// Gives every agent back what it has learnt, and tells what its updates said.
    fn unstack(self: Box<Self>, agents: &mut [&mut A]) -> Vec<LearnedSum>;
}

/// What an agent acts on: the arguments of [`Agent::act`].
pub struct Acting<'a, O, C> {
    /// `[rows, obs_len]`.
    pub obs: &'a [O],
    /// `[rows, choices]`: which choices are legal.
    pub masks: Option<&'a [bool]>,
    /// What the actions are for.
    pub mode: Mode,
    /// For exploration.
    pub rng: &'a mut StreamRng,
    /// `[rows, action_len]`: where the actions go.
    pub actions: &'a mut [C],
}

/// What an update says of itself: loss, mean value of the actions in the batch, norm of the gradient before clipping.
///
/// It stays where it was computed until somebody [reads](LearnedSum::read) it: fetching three numbers after every
/// update would make a GPU wait for the host each time.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would be an allocation in every update")]
pub enum Learned {
    /// Three numbers on the host.
    Host([f32; 3]),
    /// Three numbers, `[3]`, on a device.
    Device(Tensor<1>),
}

/// Sums of what many updates said.
#[derive(Clone, Debug, Default)]
pub struct LearnedSum {
    updates: u64,
    host: [f64; 3],
    device: Option<Tensor<1>>,
}

impl LearnedSum {
    /// Of so many updates, with these sums of loss, mean value and gradient norm.
    pub fn of(updates: u64, sums: [f64; 3]) -> Self {
        Self { updates, host: sums, device: None }
    }

    /// Adds one update.
    pub fn add(&mut self, learned: Learned) {
        self.updates += 1;
        match learned {
            Learned::Host(values) => {
                for (sum, value) in self.host.iter_mut().zip(values) {
                    *sum += f64::from(value);
                }
            }
            Learned::Device(values) => {
                self.device = Some(match self.device.take() {
                    Some(sum) => sum + values,
                    None => values,
                });
            }
        }
    }

    /// Number of updates, and the sums of loss, mean value and gradient norm.
    pub fn read(self) -> (u64, [f64; 3]) {
        let mut sums = self.host;
        if let Some(device) = self.device {
            let values = device.into_data().try_into_vec::<f32>().expect("learners report f32");
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += f64::from(value);
            }
        }
        (self.updates, sums)
    }
}
