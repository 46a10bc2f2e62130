//! Checks of all that an environment returns: an error names the place before anything reaches the memory.

use agilerl_buffer::{RowLayout, Stored};
use agilerl_env::{Element, EpisodeStats, VecStep};

use crate::error::AlgoError;

/// Checks a step of all lanes. `seed` is the seed that the lanes were reset with: lane i has `seed + i`.
pub(crate) fn check_step<O: Element>(
    env: &str,
    step: &VecStep<'_, O>,
    rows: &RowLayout,
    episodes: &EpisodeStats,
    seed: u64,
) -> Result<(), AlgoError> {
    let lanes = episodes.lanes();
    let place = || of_all_lanes(format!("step {}", episodes.env_steps() / lanes as u64 + 1), lanes, seed);
    let masks = step.next_action_masks;
    for (what, found, expected) in [
        ("observations", step.obs.len(), lanes * rows.obs_len),
        ("true successors", step.next_obs.len(), lanes * rows.obs_len),
        ("rewards", step.rewards.len(), lanes),
        ("terminations", step.terminated.len(), lanes),
        ("truncations", step.truncated.len(), lanes),
        ("action masks", masks.map_or(0, <[bool]>::len), lanes * rows.mask_len.unwrap_or(0)),
    ] {
        check_length(env, what, found, expected, place)?;
    }
    let place = |lane| format!("{}, step {}", of_lane(lane, episodes, seed), of_episode(lane, episodes));
    let odd =
        step.rewards.iter().position(|&reward| !storable(reward)).map(|lane| (lane, "reward", step.rewards[lane]));
    let odd = odd.or_else(|| first_non_finite(step.next_obs, rows.obs_len, "observation"));
    let odd = odd.or_else(|| first_non_finite(step.obs, rows.obs_len, "first observation after a reset"));
    if let Some((lane, what, value)) = odd {
        return Err(AlgoError::NotFinite { env: env.to_owned(), what, value, place: place(lane) });
    }
    // A successor that is bootstrapped from needs a choice, and a truncated episode's is.
    match without_choice(masks, rows, |lane| !step.terminated[lane]) {
        None => Ok(()),
        Some(lane) => Err(no_choice(env, place(lane))),
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
    let place = || of_all_lanes("the reset".to_owned(), lanes, seed);
    check_length(env, "first observations", obs.len(), lanes * rows.obs_len, place)?;
    let Some((lane, what, value)) = first_non_finite(obs, rows.obs_len, "first observation") else { return Ok(()) };
    let place = format!("lane {lane} (seed {}), before its first step", seed.wrapping_add(lane as u64));
    Err(AlgoError::NotFinite { env: env.to_owned(), what, value, place })
}

/// Checks the masks that all lanes are about to act on: those of a fresh episode, where one has ended.
pub(crate) fn check_masks(
    env: &str,
    masks: Option<&[bool]>,
    rows: &RowLayout,
    episodes: &EpisodeStats,
    seed: u64,
) -> Result<(), AlgoError> {
    let lanes = episodes.lanes();
    let place = || of_all_lanes(format!("step {}", episodes.env_steps() / lanes as u64), lanes, seed);
    check_length(env, "action masks", masks.map_or(0, <[bool]>::len), lanes * rows.mask_len.unwrap_or(0), place)?;
    match without_choice(masks, rows, |_| true) {
        None => Ok(()),
        Some(lane) => {
            let place = format!("{}, before step {}", of_lane(lane, episodes, seed), of_episode(lane, episodes));
            Err(no_choice(env, place))
        }
    }
}

/// Checks a row and a reward of an evaluation episode; step 0 is the reset.
pub(crate) fn check_episode_step<O: Element>(
    env: &str,
    obs: &[O],
    reward: f64,
    seed: u64,
    step: u64,
) -> Result<(), AlgoError> {
    let odd =
        if storable(reward) { first_non_finite(obs, obs.len(), "observation") } else { Some((0, "reward", reward)) };
    match odd {
        None => Ok(()),
        Some((_, what, value)) => {
            Err(AlgoError::NotFinite { env: env.to_owned(), what, value, place: of_evaluation(seed, step) })
        }
    }
}

/// Checks the mask that an evaluation episode is about to be acted in with; step 0 is the reset.
pub(crate) fn check_episode_mask(
    env: &str,
    mask: Option<&[bool]>,
    choices: usize,
    seed: u64,
    step: u64,
) -> Result<(), AlgoError> {
    let Some(mask) = mask else { return Ok(()) };
    if mask.len() != choices {
        let fault = format!("a mask of {} flags for {choices} choices", mask.len());
        return Err(AlgoError::Mask { env: env.to_owned(), fault, place: of_evaluation(seed, step) });
    }
    if mask.contains(&true) { Ok(()) } else { Err(no_choice(env, of_evaluation(seed, step))) }
}

fn check_length(
    env: &str,
    what: &'static str,
    found: usize,
    expected: usize,
    place: impl Fn() -> String,
) -> Result<(), AlgoError> {
    if found == expected {
        return Ok(());
    }
    Err(AlgoError::Lengths { env: env.to_owned(), what, found, expected, place: place() })
}

/// Memories keep rewards as `f32`.
fn storable(reward: f64) -> bool {
    (reward as f32).is_finite()
}

fn first_non_finite<O: Element>(rows: &[O], row_len: usize, what: &'static str) -> Option<(usize, &'static str, f64)> {
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

/// The first lane that needs a legal choice and has none.
fn without_choice(masks: Option<&[bool]>, rows: &RowLayout, needs_one: impl Fn(usize) -> bool) -> Option<usize> {
    let mut masks = masks?.chunks_exact(rows.mask_len?.max(1)).enumerate();
    masks.find(|(lane, mask)| needs_one(*lane) && !mask.contains(&true)).map(|(lane, _)| lane)
}

fn no_choice(env: &str, place: String) -> AlgoError {
    AlgoError::Mask { env: env.to_owned(), fault: "a mask without a legal choice".to_owned(), place }
}

fn of_lane(lane: usize, episodes: &EpisodeStats, seed: u64) -> String {
    let (seed, before) = (seed.wrapping_add(lane as u64), episodes.episodes());
    format!("lane {lane} (seed {seed}, {before} episodes of all lanes before)")
}

fn of_episode(lane: usize, episodes: &EpisodeStats) -> String {
    format!("{} of its episode", episodes.steps_of(lane) + 1)
}

fn of_all_lanes(when: String, lanes: usize, seed: u64) -> String {
    format!("{when} of all {lanes} lanes (seeds {seed} to {})", seed.wrapping_add(lanes as u64 - 1))
}

fn of_evaluation(seed: u64, step: u64) -> String {
    format!("step {step} of the evaluation episode with seed {seed}")
}
