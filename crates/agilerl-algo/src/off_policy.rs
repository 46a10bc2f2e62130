//! The loop that trains one agent from a shared memory.

mod member;

use agilerl_buffer::{Batch, Replay, RowLayout, Stored};
use agilerl_env::{ActionElement, BoxEnv, BoxVecEnv, Element, Env, EnvError, EpisodeStats, VecEnv};
use agilerl_hpo::{Evaluation, Purpose, RoundContext, RoundStats, Streams, Task, TaskError, Trainee, guard};
use rand::Rng;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::step_check::{check_choices, check_masks, check_reset};
use crate::{AlgoError, LearnedSum, OffPolicy, evaluate};
use member::Member;

/// Settings of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OffPolicyConfig {
    /// Environments that each individual steps together (AgileRL's `num_envs`: 16).
    pub lanes: usize,
    /// Transitions that the population's memory holds (AgileRL: 10,000, which its agents fill in one turn).
    pub memory_size: usize,
    /// Transitions in the memory before the first update (0: as soon as there is a batch).
    pub learning_starts: usize,
    /// Steps after which an evaluation episode is cut and scores what it has returned by then, for environments without a
    /// time limit of their own (10,000: ten times the longest time limit in the catalogue).
    pub eval_step_limit: u64,
}

impl Default for OffPolicyConfig {
    fn default() -> Self {
        Self { lanes: 16, memory_size: 100_000, learning_starts: 0, eval_step_limit: 10_000 }
    }
}

/// Trains off-policy agents on an environment with a memory that the population shares.
///
/// In a round every individual steps its own lanes and learns from the memory as it stood when the round began, plus
/// its own rows of this round; then the rows are handed over in the order of the individuals.
pub struct OffPolicyTask<C: ActionElement = u32, O: Element = f32> {
    config: OffPolicyConfig,
    make_lanes: Box<MakeLanes<C, O>>,
    make_env: Box<MakeEnv<C, O>>,
    rows: RowLayout,
    /// Rows that a slot can gather before they are handed over.
    round_env_steps: usize,
}

type MakeLanes<C, O> = dyn Fn(usize) -> Result<BoxVecEnv<C, O>, EnvError> + Send + Sync;
type MakeEnv<C, O> = dyn Fn() -> Result<BoxEnv<C, O>, EnvError> + Send + Sync;

impl<C: ActionElement, O: Element + Stored> OffPolicyTask<C, O> {
    /// A task out of two factories: one for the `lanes` environments that an individual trains on, one for the single
    /// environments that evaluation plays its episodes in. `round_env_steps` is the longest round that will be asked for.
    ///
    /// Lanes whose observation is one of n choices are given as they are: the memory keeps the index, and agents act on and
    /// learn from n numbers, of which one is 1. The environments of an evaluation are to show these n numbers themselves,
    /// as [`one_hot_env`](agilerl_env::one_hot_env) makes them.
    ///
    /// # Errors
    /// If a setting is out of range, or an environment cannot be made, or one of an evaluation does not show what the
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
        let (make_lanes, make_env) = (Box::new(make_lanes), Box::new(make_env));
        Ok(Self { config, make_lanes, make_env, rows, round_env_steps })
    }

    /// Nothing would be said where rows are overwritten before they are handed over, or where a batch never fills.
    fn check_fit(&self, agent: &impl OffPolicy, context: &RoundContext) -> Result<(), AlgoError> {
        let refuse =
            |field: &str, value: String, expected| Err(AlgoError::Config { field: field.into(), value, expected });
        if context.env_steps > self.round_env_steps as u64 {
            let expected = format!("at most the {} that the task was made for", self.round_env_steps);
            return refuse("round_env_steps", context.env_steps.to_string(), expected);
        }
        if agent.batch_size() > self.config.memory_size {
            let expected = format!("at most memory_size, {}", self.config.memory_size);
            return refuse("batch_size", agent.batch_size().to_string(), expected);
        }
        Ok(())
    }

    /// Its settings.
    pub fn config(&self) -> &OffPolicyConfig {
        &self.config
    }

    /// Lengths of the rows that its memory holds; an agent reads observations of
    /// [`input_len`](RowLayout::input_len) numbers.
    pub fn rows(&self) -> &RowLayout {
        &self.rows
    }
}

impl<C: ActionElement, O: Element + Stored> OffPolicyTask<C, O> {
    /// Trains agents of one key, in lockstep where it is one of a stack.
    fn train_group<A>(
        &self,
        stacks: bool,
        trainees: Vec<Trainee<'_, A, Slot<C, O>>>,
        shared: &Replay<O, C>,
    ) -> Vec<Result<RoundStats, TaskError>>
    where
        A: OffPolicy<Obs = O, Action = C> + Clone + Send + Sync,
    {
        if !stacks || trainees.len() == 1 {
            return trainees.into_iter().map(|trainee| trainee.train(self, shared)).collect();
        }
        // Each for itself again, so that whoever cannot train is the one to be named.
        let fits = |trainee: &Trainee<'_, A, Slot<C, O>>| Ok(self.check_fit(trainee.agent, &trainee.context)?);
        let checked: Vec<Result<(), TaskError>> = trainees.iter().map(fits).collect();
        if checked.iter().any(Result::is_err) {
            return unfinished(checked);
        }
        self.train_stack(trainees, shared)
    }

    /// Trains agents in lockstep. Where one cannot go on, none does, and it alone has the error.
    fn train_stack<A>(
        &self,
        trainees: Vec<Trainee<'_, A, Slot<C, O>>>,
        shared: &Replay<O, C>,
    ) -> Vec<Result<RoundStats, TaskError>>
    where
        A: OffPolicy<Obs = O, Action = C> + Clone + Send + Sync,
    {
        let mut members = Vec::with_capacity(trainees.len());
        for trainee in trainees {
            members.push(Member::begin(trainee.agent, trainee.slot, &trainee.context, &self.rows));
        }
        let mut agents: Vec<&mut A> = members.iter_mut().map(|member| &mut *member.agent).collect();
        let mut stack = A::stack(&mut agents);
        while members.iter().any(Member::has_steps_left) {
            let (mut agents, mut acting): (Vec<_>, Vec<_>) = members.iter_mut().map(Member::acting).unzip();
            stack.act(&mut agents, &mut acting);
            let step = |member: &mut Member<'_, A, C, O>| guard(|| member.step());
            let stepped: Vec<_> = members.par_iter_mut().with_max_len(1).map(step).collect();
            if stepped.iter().any(Result::is_err) {
                return unfinished(stepped);
            }
            loop {
                let draw = |member: &mut Member<'_, A, C, O>| member.draw_batch(shared, self.config.learning_starts);
                let drawn: Vec<bool> = members.iter_mut().map(draw).collect();
                if !drawn.contains(&true) {
                    break;
                }
                let (agents, batches): (Vec<&A>, Vec<_>) =
                    members.iter().zip(&drawn).map(|(member, drawn)| member.learning(*drawn)).unzip();
                stack.learn(&agents, &batches);
            }
        }
        let mut agents: Vec<&mut A> = members.iter_mut().map(|member| &mut *member.agent).collect();
        let learned = stack.unstack(&mut agents);
        members.into_iter().zip(learned).map(|(member, learned)| Ok(member.end(learned))).collect()
    }
}

/// Results of a round that is not finished, because somebody failed: the run ends with that error.
fn unfinished(checked: Vec<Result<(), TaskError>>) -> Vec<Result<RoundStats, TaskError>> {
    checked.into_iter().map(|checked| checked.map(|()| RoundStats::default())).collect()
}

impl OffPolicyConfig {
    /// Checks the settings, also against the length of a round.
    ///
    /// # Errors
    /// [`AlgoError::Config`] naming the setting, its value and its range.
    pub fn validate(&self, round_env_steps: usize) -> Result<(), AlgoError> {
        let refuse = |field: &str, value: usize, expected: String| {
            Err(AlgoError::Config { field: field.into(), value: value.to_string(), expected })
        };
        if self.lanes == 0 {
            return refuse("lanes", 0, "at least 1".into());
        }
        if self.memory_size < round_env_steps {
            let expected = format!("at least the {round_env_steps} transitions of one individual's round");
            return refuse("memory_size", self.memory_size, expected);
        }
        if self.learning_starts > self.memory_size {
            let expected = format!("at most memory_size, {}", self.memory_size);
            return refuse("learning_starts", self.learning_starts, expected);
        }
        if self.eval_step_limit == 0 {
            return refuse("eval_step_limit", 0, "at least 1".into());
        }
        Ok(())
    }
}

/// What a place of the population owns: environments, the rows of the round, and buffers that are used again.
pub struct Slot<C: ActionElement = u32, O: Element = f32> {
    pub(crate) envs: BoxVecEnv<C, O>,
    /// What to act on, as it is stored; kept because a step overwrites the environment's own.
    pub(crate) obs: Vec<O>,
    /// The same as the agent reads it: one-hot where it is an index.
    inputs: Vec<O>,
    actions: Vec<C>,
    pub(crate) own: Replay<O, C>,
    batch: Batch<O, C>,
    pub(crate) episodes: EpisodeStats,
    /// Environment steps taken but not yet paid for with updates.
    pub(crate) debt: f64,
}

impl<A, C, O> Task<A> for OffPolicyTask<C, O>
where
    A: OffPolicy<Obs = O, Action = C> + Clone + Send + Sync,
    C: ActionElement,
    O: Element + Stored,
{
    type Shared = Replay<O, C>;
    type Slot = Slot<C, O>;

    fn shared(&self) -> Result<Self::Shared, TaskError> {
        Ok(Replay::new(self.config.memory_size, self.rows)?)
    }

    fn slot(&self, index: usize, streams: &Streams) -> Result<Self::Slot, TaskError> {
        let mut envs = (self.make_lanes)(self.config.lanes)?;
        let seed = lanes_seed(streams, index);
        let obs = envs.reset(Some(seed)).to_vec();
        check_reset(envs.name(), &obs, &self.rows, self.config.lanes, seed)?;
        check_choices(envs.name(), &obs, "first observation", &self.rows)?;
        let episodes = EpisodeStats::new(self.config.lanes, 1);
        check_masks(envs.name(), envs.action_masks(), &self.rows, &episodes, seed)?;
        Ok(Slot {
            envs,
            obs,
            inputs: Vec::with_capacity(self.config.lanes * self.rows.input_len()),
            actions: vec![C::default(); self.config.lanes * self.rows.action_len],
            own: Replay::new(self.round_env_steps, self.rows)?,
            batch: Batch::new(1, &self.rows),
            episodes,
            debt: 0.0,
        })
    }

    fn train(
        &self,
        agent: &mut A,
        slot: &mut Slot<C, O>,
        shared: &Replay<O, C>,
        context: &RoundContext,
    ) -> Result<RoundStats, TaskError> {
        self.check_fit(agent, context)?;
        let mut member = Member::begin(agent, slot, context, &self.rows);
        let mut learned = LearnedSum::default();
        while member.has_steps_left() {
            let (agent, acting) = member.acting();
            agent.act(acting.obs, acting.masks, acting.mode, acting.rng, acting.actions);
            member.step()?;
            while member.draw_batch(shared, self.config.learning_starts) {
                learned.add(member.agent.learn(&member.slot.batch));
            }
        }
        Ok(member.end(learned))
    }

    /// Agents that [stack](OffPolicy::stack) train as one program, the others each for itself.
    fn train_all(
        &self,
        trainees: Vec<Trainee<'_, A, Slot<C, O>>>,
        shared: &Replay<O, C>,
    ) -> Vec<Result<RoundStats, TaskError>> {
        let mut groups: Vec<(Option<(String, u64)>, Vec<_>)> = Vec::new();
        for (place, trainee) in trainees.into_iter().enumerate() {
            // In lockstep all take as many steps.
            let key = trainee.agent.stack_key().map(|key| (key, trainee.context.env_steps));
            match groups.iter_mut().find(|(other, _)| key.is_some() && *other == key) {
                Some((_, group)) => group.push((place, trainee)),
                None => groups.push((key, vec![(place, trainee)])),
            }
        }
        let train = |(key, group): (Option<_>, Vec<_>)| {
            let (places, trainees): (Vec<usize>, Vec<_>) = group.into_iter().unzip();
            places.into_iter().zip(self.train_group(key.is_some(), trainees, shared))
        };
        let mut results: Vec<_> = groups.into_par_iter().with_max_len(1).flat_map_iter(train).collect();
        results.sort_by_key(|(place, _)| *place);
        results.into_iter().map(|(_, result)| result).collect()
    }

    fn merge(&self, shared: &mut Replay<O, C>, slots: &mut [Slot<C, O>]) {
        for slot in slots {
            shared.append(&slot.own);
            slot.own.clear();
        }
    }

    fn evaluate(&self, agent: &A, seeds: &[u64]) -> Result<Evaluation, TaskError> {
        Ok(evaluate(&mut agent.clone(), &self.make_env, seeds, self.config.eval_step_limit)?)
    }
}

/// The seed of the lanes in a place of the population.
pub(super) fn lanes_seed(streams: &Streams, index: usize) -> u64 {
    streams.get(Purpose::Environment, 0, index, 0).next_u64()
}
