//! Off-policy training of a population on an environment.

use std::marker::PhantomData;

use agilerl_buffer::{Batch, Replay, RowLayout, Stored};
use agilerl_env::{ActionElement, BoxEnv, BoxVecEnv, Element, Env, EnvError, VecEnv};
use agilerl_hpo::{BoxError, Evaluation, Evolve, Purpose, RoundContext, RoundStats, Streams, Task, Trainee};
use rand::Rng;
use rayon::prelude::*;

use crate::collect::collector::Collector;
use crate::error::AlgoError;
use crate::evaluate::evaluate;
use crate::metrics::LearnedSum;
use crate::off_policy::config::OffPolicyConfig;
use crate::off_policy::learner::OffPolicy;
use crate::off_policy::lockstep::train_stack;
use crate::off_policy::round::RoundInProgress;
use crate::off_policy::slot::Slot;

/// Trains off-policy agents on an environment with a memory that the population shares.
///
/// In a round every individual steps its own lanes and learns from the memory as it stood when the round began, plus
/// its own rows of this round; then the rows are handed over in the order of the individuals.
pub struct OffPolicyTask<A, O: Element, C: ActionElement> {
    config: OffPolicyConfig,
    make_lanes: Box<MakeLanes<O, C>>,
    make_env: Box<MakeEnv<O, C>>,
    rows: RowLayout,
    /// Rows that a slot can gather before they are handed over.
    round_env_steps: usize,
    trains: PhantomData<fn(A)>,
}

/// An individual's part in a round, with its place in the population.
type Placed<'a, A, O, C> = (usize, Trainee<'a, A, Slot<O, C>>);
type MakeLanes<O, C> = dyn Fn(usize) -> Result<BoxVecEnv<C, O>, EnvError> + Send + Sync;
type MakeEnv<O, C> = dyn Fn() -> Result<BoxEnv<C, O>, EnvError> + Send + Sync;

impl<A, O: Element + Stored, C: ActionElement> OffPolicyTask<A, O, C> {
    /// Returns a task of two factories: one for the `lanes` environments that an individual trains on, one for the single
    /// environments that evaluation plays its episodes in. `round_env_steps` is the longest round that will be asked for.
    ///
    /// Lanes whose observation is one of n choices are given as they are: the memory keeps the index, and agents act on and
    /// learn from n numbers, of which one is 1. The environments of an evaluation are to show these n numbers themselves,
    /// as [`one_hot_env`](agilerl_env::one_hot_env) makes them.
    ///
    /// # Errors
    /// If a setting is out of range, an environment cannot be made, or the environments of an evaluation do not show what the
    /// lanes' agents see.
    pub fn new(
        config: OffPolicyConfig,
        round_env_steps: usize,
        make_lanes: impl Fn(usize) -> Result<BoxVecEnv<C, O>, EnvError> + Send + Sync + 'static,
        make_env: impl Fn() -> Result<BoxEnv<C, O>, EnvError> + Send + Sync + 'static,
    ) -> Result<Self, AlgoError> {
        // A step of all lanes is taken or not: the last one may go a little beyond the round.
        let round_env_steps = round_env_steps.next_multiple_of(config.lanes.max(1));
        config.validate(round_env_steps)?;
        let mut lanes = make_lanes(config.lanes)?;
        lanes.reset(Some(0));
        let mut rows = RowLayout::new(lanes.observation_space().row_len(), lanes.action_space().row_len());
        if let (Some(_), Some(choices)) = (lanes.action_masks(), lanes.action_space().choices()) {
            rows = rows.with_mask(choices);
        }
        if let Some(choices) = lanes.observation_space().choices() {
            rows = rows.with_one_hot(choices);
            let row_len = make_env()?.observation_space().row_len();
            if row_len != choices {
                let (agent, env) = ("an off-policy agent", lanes.name().to_owned());
                let why = format!(
                    "its lanes show one of {choices} choices, and the environments of an evaluation a row of {row_len}; \
                     `one_hot_env` makes {choices} numbers of the index"
                );
                return Err(AlgoError::Space { agent, env, why });
            }
        }
        let (make_lanes, make_env, trains) = (Box::new(make_lanes), Box::new(make_env), PhantomData);
        Ok(Self { config, make_lanes, make_env, rows, round_env_steps, trains })
    }

    /// The settings.
    pub fn config(&self) -> &OffPolicyConfig {
        &self.config
    }

    /// Lengths of the rows in the memory; an agent reads observations of [`input_len`](RowLayout::input_len) numbers.
    pub fn rows(&self) -> &RowLayout {
        &self.rows
    }
}

impl<A, O, C> OffPolicyTask<A, O, C>
where
    A: OffPolicy<O, C> + Evolve,
    O: Element + Stored,
    C: ActionElement,
{
    /// Rejects two settings that would fail silently: a round longer than the slot's buffer, a batch larger than the memory.
    pub(crate) fn check_fit(&self, agent: &A, context: &RoundContext) -> Result<(), AlgoError> {
        let most = format!("at most the {} that the task was made for", self.round_env_steps);
        let fits = context.env_steps <= self.round_env_steps as u64;
        AlgoError::check(fits, "round_env_steps", context.env_steps, &most)?;
        let (batch_size, memory_size) = (agent.batch_size(), self.config.memory_size);
        let most = format!("at most memory_size, {memory_size}");
        AlgoError::check(batch_size <= memory_size, "batch_size", batch_size, &most)
    }
}

impl<A, O, C> Task for OffPolicyTask<A, O, C>
where
    A: OffPolicy<O, C> + Evolve,
    O: Element + Stored,
    C: ActionElement,
{
    type Agent = A;
    type Shared = Replay<O, C>;
    type Slot = Slot<O, C>;

    fn shared(&self) -> Result<Self::Shared, BoxError> {
        Ok(Replay::new(self.config.memory_size, self.rows)?)
    }

    fn slot(&self, place: usize, streams: &Streams) -> Result<Self::Slot, BoxError> {
        let seed = streams.get(Purpose::Environment, 0, place, 0).next_u64();
        Ok(Slot {
            collector: Collector::new((self.make_lanes)(self.config.lanes)?, self.rows, seed)?,
            fresh_rows: Replay::new(self.round_env_steps, self.rows)?,
            batch: Batch::new(1, &self.rows),
            steps_owed: 0.0,
        })
    }

    fn train(
        &self,
        agent: &mut A,
        slot: &mut Slot<O, C>,
        shared: &Replay<O, C>,
        context: &RoundContext,
    ) -> Result<RoundStats, BoxError> {
        self.check_fit(agent, context)?;
        let mut learned = LearnedSum::new(agent.metrics());
        let mut round = RoundInProgress::begin(agent, slot, context);
        while round.has_steps_left() {
            let (agent, request) = round.acting();
            agent.act(request.obs, request.masks, request.mode, request.rng, request.actions);
            round.step()?;
            while round.draw_batch(shared, self.config.learning_starts) {
                round.learn(&mut learned);
            }
        }
        Ok(round.end(learned))
    }

    /// Trains agents that [stack](OffPolicy::stack) as one program, the others each for itself.
    fn train_all(
        &self,
        trainees: Vec<Trainee<'_, A, Slot<O, C>>>,
        shared: &Replay<O, C>,
    ) -> Vec<Result<RoundStats, BoxError>> {
        let mut groups: Vec<Vec<Placed<'_, A, O, C>>> = Vec::new();
        for (place, trainee) in trainees.into_iter().enumerate() {
            let joins = |(_, other): &Placed<'_, A, O, C>| {
                // In lockstep all take the same number of steps.
                trainee.context.env_steps == other.context.env_steps && trainee.agent.stacks_with(other.agent)
            };
            match groups.iter_mut().find(|group| joins(&group[0])) {
                Some(group) => group.push((place, trainee)),
                None => groups.push(vec![(place, trainee)]),
            }
        }
        let train = |group: Vec<Placed<'_, A, O, C>>| {
            let (places, trainees): (Vec<usize>, Vec<_>) = group.into_iter().unzip();
            let results = match trainees.len() {
                1 => trainees.into_iter().map(|trainee| trainee.train(self, shared)).collect(),
                _ => train_stack(self, trainees, shared),
            };
            places.into_iter().zip(results)
        };
        let mut results: Vec<_> = groups.into_par_iter().with_max_len(1).flat_map_iter(train).collect();
        results.sort_by_key(|(place, _)| *place);
        results.into_iter().map(|(_, result)| result).collect()
    }

    fn merge(&self, shared: &mut Replay<O, C>, slots: &mut [&mut Slot<O, C>]) {
        for slot in slots {
            shared.append(&slot.fresh_rows);
            slot.fresh_rows.clear();
        }
    }

    fn evaluate(&self, agent: &A, seeds: &[u64]) -> Result<Evaluation, BoxError> {
        Ok(evaluate(&mut agent.clone(), &self.make_env, seeds, self.config.eval_step_limit)?)
    }
}
