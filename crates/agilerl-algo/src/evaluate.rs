//! The score of an agent.

use agilerl_env::{ActionElement, Element, Env, EnvError};
use agilerl_hpo::{Evaluation, Purpose, Streams};

use crate::{Agent, AlgoError, Mode};

/// Plays one complete episode for each seed, greedily, each in an environment of its own, and returns the returns.
///
/// The episodes run side by side, so that the agent acts on all of them at once; an episode's return does not depend
/// on the others.
///
/// # Errors
/// If an environment cannot be made, or an episode has not ended after `step_limit` steps.
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
        env.reset(Some(seed), &mut obs[episode * row_len..]);
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
        for (_, env) in &running {
            masks.extend_from_slice(env.action_mask().unwrap_or(&[]));
        }
        actions.resize(running.len() * action_len, A::Action::default());
        let masks = (!masks.is_empty()).then_some(masks.as_slice());
        agent.act(&obs, masks, Mode::Greedy, &mut rng, &mut actions);
        let (mut row, mut kept) = (0, 0);
        evaluation.env_steps += running.len() as u64;
        running.retain_mut(|(episode, env)| {
            let step = env.step(&actions[row * action_len..][..action_len], &mut obs[row * row_len..][..row_len]);
            evaluation.returns[*episode] += step.reward;
            if !step.ended() {
                obs.copy_within(row * row_len..(row + 1) * row_len, kept * row_len);
                kept += 1;
            }
            row += 1;
            !step.ended()
        });
        obs.truncate(kept * row_len);
    }
    Ok(evaluation)
}
