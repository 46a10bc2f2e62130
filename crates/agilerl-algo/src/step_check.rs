//! What an environment must not do: each is an error that says where, before anything reaches the memory.

use agilerl_buffer::{RowLayout, Stored};
use agilerl_env::{Element, EpisodeStats, VecStep};

use crate::AlgoError;

/// Checks a step of all lanes. `seed` is the seed that the lanes were reset with: lane i has `seed + i`.
pub(crate) fn check_step<O: Element>(
    env: &str,
    step: &VecStep<'_, O>,
    rows: &RowLayout,
    episodes: &EpisodeStats,
    seed: u64,
) -> Result<(), AlgoError> {
    let lanes = episodes.lanes();
    for (what, found, expected) in [
        ("observations", step.obs.len(), lanes * rows.obs_len),
        ("true successors", step.next_obs.len(), lanes * rows.obs_len),
        ("rewards", step.rewards.len(), lanes),
        ("terminations", step.terminated.len(), lanes),
        ("truncations", step.truncated.len(), lanes),
    ] {
        if found != expected {
            return Err(AlgoError::Lengths { env: env.to_owned(), what, found, expected });
        }
    }
    let odd =
        step.rewards.iter().position(|&reward| !storable(reward)).map(|lane| (lane, "reward", step.rewards[lane]));
    let odd = odd.or_else(|| odd_number(step.next_obs, rows.obs_len, "observation"));
    let odd = odd.or_else(|| odd_number(step.obs, rows.obs_len, "first observation after a reset"));
    match odd {
        None => Ok(()),
        Some((lane, what, value)) => Err(AlgoError::NotFinite {
            env: env.to_owned(),
            what,
            value,
            place: format!(
                "lane {lane} (seed {}, {} episodes of all lanes before), step {} of its episode",
                seed.wrapping_add(lane as u64),
                episodes.episodes(),
                episodes.steps_of(lane) + 1
            ),
        }),
    }
}

/// Checks what all lanes begin with, reset with `seed`.
pub(crate) fn check_reset<O: Element>(
    env: &str,
    obs: &[O],
    rows: &RowLayout,
    lanes: usize,
    seed: u64,
) -> Result<(), AlgoError> {
    let (what, found, expected) = ("first observations", obs.len(), lanes * rows.obs_len);
    if found != expected {
        return Err(AlgoError::Lengths { env: env.to_owned(), what, found, expected });
    }
    let Some((lane, what, value)) = odd_number(obs, rows.obs_len, "first observation") else { return Ok(()) };
    let place = format!("lane {lane} (seed {}), before its first step", seed.wrapping_add(lane as u64));
    Err(AlgoError::NotFinite { env: env.to_owned(), what, value, place })
}

/// Checks a row and a reward of an evaluation episode; step 0 is the reset.
pub(crate) fn check_episode_step<O: Element>(
    env: &str,
    obs: &[O],
    reward: f64,
    seed: u64,
    step: u64,
) -> Result<(), AlgoError> {
    let odd = if storable(reward) { odd_number(obs, obs.len(), "observation") } else { Some((0, "reward", reward)) };
    match odd {
        None => Ok(()),
        Some((_, what, value)) => {
            let place = format!("step {step} of the evaluation episode with seed {seed}");
            Err(AlgoError::NotFinite { env: env.to_owned(), what, value, place })
        }
    }
}

/// Memories keep rewards as `f32`.
fn storable(reward: f64) -> bool {
    (reward as f32).is_finite()
}

fn odd_number<O: Element>(rows: &[O], row_len: usize, what: &'static str) -> Option<(usize, &'static str, f64)> {
    let index = rows.iter().position(|&number| !number.to_f64().is_finite())?;
    Some((index / row_len.max(1), what, rows[index].to_f64()))
}

/// Checks that observations which are to be one of several choices are, in all lanes.
pub(crate) fn check_choices<O: Element + Stored>(
    env: &str,
    obs: &[O],
    what: &'static str,
    rows: &RowLayout,
) -> Result<(), AlgoError> {
    let Some(lane) = rows.no_choice(obs) else { return Ok(()) };
    Err(AlgoError::NoChoice { env: env.to_owned(), what, value: obs[lane].to_f64(), lane, choices: rows.input_len() })
}
