//! The score of an agent.

use std::panic::{AssertUnwindSafe, catch_unwind};

use agilerl_env::{ActionElement, Element, Env, EnvError};
use agilerl_hpo::{Evaluation, Purpose, Streams};

use crate::step_check::check_episode_step;
use crate::{Agent, AlgoError, Mode};

/// Plays one complete episode for each seed, greedily, each in an environment of its own, and returns the returns.
///
/// The episodes run side by side, so that the agent acts on all of them at once; an episode's return does not depend
/// on the others.
///
/// # Errors
/// If an environment cannot be made, if it panics, or if an episode has not ended after `step_limit` steps.
pub fn evaluate<A, E>(
    agent: &mut A,
    mut make_env: impl FnMut() -> Result<E, EnvError>,
    seeds: &[u64],
    step_limit: u64,
) -> Result<Evaluation, AlgoError>
where
    A: Agent<Obs: Element, Action: ActionElement>,
    E: Env<Obs = A::Obs, Action = A::Action>,
{
    let mut evaluation = Evaluation { returns: vec![0.0; seeds.len()], env_steps: 0 };
    // An agent may act at random even when it is greedy; one of its kind does so in the same way every time.
    let mut rng = Streams::new(seeds.first().copied().unwrap_or(0)).get(Purpose::Exploration, 0, 0, 0);
    let mut running: Vec<(usize, E)> = Vec::with_capacity(seeds.len());
    let (mut obs, mut row_len, mut action_len) = (Vec::new(), 0, 0);
    for (episode, &seed) in seeds.iter().enumerate() {
        let mut env = make_env()?;
        (row_len, action_len) = (env.observation_space().row_len(), env.action_space().row_len());
        obs.resize((episode + 1) * row_len, A::Obs::default());
        guard(seed, &mut env, |env| env.reset(Some(seed), &mut obs[episode * row_len..]))?;
        check_episode_step(env.name(), &obs[episode * row_len..], 0.0, seed, 0)?;
        running.push((episode, env));
    }
    let (mut actions, mut masks) = (Vec::new(), Vec::new());
    let mut steps = 0;
    while let Some((episode, env)) = running.first() {
        if steps == step_limit {
            return Err(AlgoError::Endless { env: env.name().to_owned(), seed: seeds[*episode], steps });
        }
        steps += 1;
        masks.clear();
        if running.iter().any(|(_, env)| env.action_mask().is_some()) {
            for (_, env) in &running {
                match env.action_mask() {
                    Some(mask) => masks.extend_from_slice(mask),
                    None => masks.resize(masks.len() + env.action_space().choices().unwrap_or(0), true),
                }
            }
        }
        actions.resize(running.len() * action_len, A::Action::default());
        let masks = (!masks.is_empty()).then_some(masks.as_slice());
        agent.act(&obs, masks, Mode::Greedy, &mut rng, &mut actions);
        let (mut row, mut kept) = (0, 0);
        evaluation.env_steps += running.len() as u64;
        let mut failed = Ok(());
        running.retain_mut(|(episode, env)| {
            if failed.is_err() {
                return false; // the rows of those behind are not theirs any more, and the first error is the one to tell
            }
            let (action, obs_row) = (&actions[row * action_len..][..action_len], &mut obs[row * row_len..][..row_len]);
            let step = match guard(seeds[*episode], env, |env| env.step(action, obs_row)) {
                Ok(step) => step,
                Err(error) => {
                    failed = Err(error);
                    return false;
                }
            };
            let seed = seeds[*episode];
            if let Err(error) = check_episode_step(env.name(), obs_row, step.reward, seed, steps) {
                failed = Err(error);
                return false;
            }
            evaluation.returns[*episode] += step.reward;
            if !step.ended() {
                obs.copy_within(row * row_len..(row + 1) * row_len, kept * row_len);
                kept += 1;
            }
            row += 1;
            !step.ended()
        });
        failed?;
        obs.truncate(kept * row_len);
    }
    Ok(evaluation)
}

/// Calls an environment; a panic in it becomes an error that names it and the episode.
fn guard<E: Env, R>(seed: u64, env: &mut E, call: impl FnOnce(&mut E) -> R) -> Result<R, AlgoError> {
    // Whatever the panic leaves half done is dropped with the evaluation.
    catch_unwind(AssertUnwindSafe(|| call(env))).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let message =
            text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message");
        AlgoError::Panicked { env: env.name().to_owned(), seed, message: message.to_owned() }
    })
}
