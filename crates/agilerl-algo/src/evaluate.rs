//! The score of an agent.

use agilerl_env::{ActionElement, Element, Env, EnvError, catch_panic};
use agilerl_hpo::{Evaluation, Purpose, Streams};

use crate::agent::{Agent, Mode};
use crate::collect::step_check::{check_episode_mask, check_episode_step};
use crate::error::AlgoError;

/// Plays one episode for each seed, greedily, each in an environment of its own, and returns the returns.
///
/// The episodes run side by side, so that the agent acts on all of them at once; an episode's return does not depend
/// on the others. One that has not ended after `step_limit` steps is cut, and scores what it has returned so far: a
/// greedy agent may walk in circles for ever where no time limit ends the episode.
///
/// # Errors
/// If an environment cannot be made, if it panics, or if it returns what cannot be learnt from: a number that is not
/// finite, or a mask that leaves no choice.
pub fn evaluate<A, O, C, E>(
    agent: &mut A,
    mut make_env: impl FnMut() -> Result<E, EnvError>,
    seeds: &[u64],
    step_limit: u64,
) -> Result<Evaluation, AlgoError>
where
    A: Agent<O, C>,
    O: Element,
    C: ActionElement,
    E: Env<Obs = O, Action = C>,
{
    // An agent may act at random even when it is greedy; one of its kind does so in the same way every time.
    let mut rng = Streams::new(seeds.first().copied().unwrap_or(0)).get(Purpose::Exploration, 0, 0, 0);
    let mut episodes = Vec::with_capacity(seeds.len());
    for &seed in seeds {
        episodes.push(Episode::begin(make_env()?, seed)?);
    }
    let (mut obs, mut masks, mut actions) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..step_limit {
        let mut running: Vec<&mut Episode<E>> = episodes.iter_mut().filter(|episode| !episode.ended).collect();
        let Some(action_len) = running.first().map(|episode| episode.env.action_space().row_len()) else { break };
        obs.clear();
        running.iter().for_each(|episode| obs.extend_from_slice(&episode.obs));
        masks.clear();
        if running.iter().any(|episode| episode.env.action_mask().is_some()) {
            running.iter().for_each(|episode| episode.add_mask(&mut masks));
        }
        actions.resize(running.len() * action_len, C::default());
        let masks = (!masks.is_empty()).then_some(masks.as_slice());
        agent.act(&obs, masks, Mode::Greedy, &mut rng, &mut actions);
        for (row, episode) in running.iter_mut().enumerate() {
            episode.step(&actions[row * action_len..][..action_len])?;
        }
    }
    Ok(Evaluation {
        returns: episodes.iter().map(|episode| episode.total).collect(),
        env_steps: episodes.iter().map(|episode| episode.steps).sum(),
        cut: episodes.iter().filter(|episode| !episode.ended).count(),
    })
}

/// An evaluation episode, and how far it has come.
struct Episode<E: Env> {
    env: E,
    seed: u64,
    /// The observation to act on next.
    obs: Vec<E::Obs>,
    steps: u64,
    /// Sum of its rewards.
    total: f64,
    ended: bool,
}

impl<E: Env> Episode<E> {
    fn begin(env: E, seed: u64) -> Result<Self, AlgoError> {
        let obs = vec![E::Obs::default(); env.observation_space().row_len()];
        let mut episode = Self { env, seed, obs, steps: 0, total: 0.0, ended: false };
        let Self { env, obs, .. } = &mut episode;
        guard(seed, env, |env| env.reset(Some(seed), obs))?;
        episode.check(0.0)?;
        Ok(episode)
    }

    fn step(&mut self, action: &[E::Action]) -> Result<(), AlgoError> {
        let Self { env, obs, .. } = self;
        let step = guard(self.seed, env, |env| env.step(action, obs))?;
        self.steps += 1;
        self.total += step.reward;
        self.ended = step.ended();
        self.check(step.reward)
    }

    /// Checks what a reset or a step has returned.
    fn check(&self, reward: f64) -> Result<(), AlgoError> {
        let Self { env, seed, obs, steps, ended, .. } = self;
        check_episode_step(env.name(), obs, reward, *seed, *steps)?;
        if *ended {
            return Ok(());
        }
        check_episode_mask(env.name(), env.action_mask(), self.choices(), *seed, *steps)
    }

    /// Adds its mask, all true if it has none.
    fn add_mask(&self, masks: &mut Vec<bool>) {
        match self.env.action_mask() {
            Some(mask) => masks.extend_from_slice(mask),
            None => masks.resize(masks.len() + self.choices(), true),
        }
    }

    fn choices(&self) -> usize {
        self.env.action_space().choices().unwrap_or(0)
    }
}

/// Calls an environment; a panic in it becomes an error that names it and the episode.
fn guard<E: Env, R>(seed: u64, env: &mut E, call: impl FnOnce(&mut E) -> R) -> Result<R, AlgoError> {
    // Whatever the panic leaves half done is dropped with the evaluation.
    catch_panic(|| call(env)).map_err(|panic| {
        let (env, message) = (env.name().to_owned(), panic.to_string());
        AlgoError::Panicked { env, seed, message }
    })
}
