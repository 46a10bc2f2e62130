//! Environments by name.

mod entries;
mod nearest;

use self::entries::{ENTRIES, Makers, TWINS};
use self::nearest::nearest;
use crate::env::BoxEnv;
use crate::error::EnvError;
use crate::number::{ActionElement, Actions, Element, Observations};
#[cfg(feature = "render")]
use crate::render::BoxRenderEnv;
use crate::vec_env::BoxVecEnv;
use crate::wrappers::one_hot::{OneHot, OneHotVec};

/// The facts about an environment of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnvInfo {
    /// Its name, Gymnasium's where Gymnasium has it.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// Kind of its observations, the first type parameter of [`make`].
    pub observations: Observations,
    /// Kind of its actions, the second type parameter of [`make`].
    pub actions: Actions,
    /// Steps after which an episode is truncated; `None` without a limit.
    pub max_episode_steps: Option<u64>,
    /// Mean return from which Gymnasium calls it solved; `None` if Gymnasium names none.
    pub reward_threshold: Option<f64>,
}

/// Returns the facts about every environment of the catalogue.
///
/// ```
/// let solved = agilerl_env::catalogue().find(|info| info.name == "CartPole-v1").unwrap().reward_threshold;
/// assert_eq!(solved, Some(475.0));
/// ```
pub fn catalogue() -> impl Iterator<Item = &'static EnvInfo> {
    ENTRIES.iter().map(|entry| &entry.info)
}

/// Returns the facts about the environment of that name. They decide at run time which number types to [`make`] it with.
///
/// ```
/// use agilerl_env::{Actions, Observations, env_info};
/// let info = env_info("MinAtar/Breakout-v1")?;
/// assert_eq!((info.observations, info.actions), (Observations::Pixels, Actions::Choice));
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
///
/// # Errors
/// [`EnvError::Unknown`], which lists the known names.
pub fn env_info(name: &str) -> Result<&'static EnvInfo, EnvError> {
    catalogue().find(|info| info.name == name).ok_or_else(|| unknown(name))
}

/// Makes one environment by name, with observations of `O` (`f32` numbers or `u8` pixels) and actions of `C` (a `u32`
/// choice or `f32` components). Its time limit is applied; a discrete observation is an index.
///
/// ```
/// use agilerl_env::make;
/// let env = make::<f32, u32>("CartPole-v1")?;
/// assert_eq!(env.observation_space().row_len(), 4);
/// let env = make::<u8, u32>("MinAtar/Breakout-v1")?;
/// assert_eq!(env.observation_space().row_len(), 4 * 10 * 10);
/// let error = make::<f32, u32>("CartPole-v0").err().unwrap();
/// assert!(error.to_string().contains("did you mean \"CartPole-v1\"?"));
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
///
/// # Errors
/// [`EnvError::Unknown`] for a name that the catalogue does not have. For an environment of other number types:
/// [`EnvError::NeedsPixels`], [`EnvError::NeedsNumbers`], [`EnvError::NeedsContinuousActions`] or
/// [`EnvError::NeedsChoices`].
pub fn make<O: Element, C: ActionElement>(name: &str) -> Result<BoxEnv<C, O>, EnvError> {
    Ok((makers::<O, C>(name)?.one)())
}

/// Makes `lanes` environments by name, stepped on the caller's thread: a [`ClassicVec`](crate::ClassicVec) or a
/// [`LanderVec`](crate::LanderVec), which compute lanes side by side, or else a [`SyncVec`](crate::SyncVec). The number
/// types are those of [`make`].
///
/// ```
/// use agilerl_env::{VecEnv, make_vec, one_hot};
/// let envs = make_vec::<f32, u32>("FrozenLake-v1", 8)?;
/// assert_eq!(envs.observation_space().row_len(), 1);          // the index of a tile
/// assert_eq!(one_hot(envs).observation_space().row_len(), 16);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
///
/// # Errors
/// As [`make`], and [`EnvError::Zero`] for no lanes.
pub fn make_vec<O: Element, C: ActionElement>(name: &str, lanes: usize) -> Result<BoxVecEnv<C, O>, EnvError> {
    make_vec_threaded(name, lanes, 1)
}

/// Makes `lanes` environments by name on `threads` threads: a [`ThreadVec`](crate::ThreadVec), with the bits of
/// [`make_vec`]. One thread is the fastest for every environment but the lander, whose steps take long enough to be worth
/// handing over. A saved state of landers is restored by one thread if one saved it and by several if several did; any
/// other state by any number of threads.
///
/// # Errors
/// As [`make_vec`], and [`EnvError::Zero`] for no threads.
pub fn make_vec_threaded<O: Element, C: ActionElement>(
    name: &str,
    lanes: usize,
    threads: usize,
) -> Result<BoxVecEnv<C, O>, EnvError> {
    let makers = makers::<O, C>(name)?;
    for (what, number) in [("lanes", lanes), ("threads", threads)] {
        if number == 0 {
            return Err(EnvError::Zero { env: name.to_owned(), what });
        }
    }
    Ok((makers.many)(lanes, threads))
}

/// Makes one environment with a picture, by name. The number types are those of [`make`].
///
/// ```
/// use agilerl_env::{Pixmap, make_rendered};
/// let mut env = make_rendered::<f32, u32>("LunarLander-v3")?;
/// env.reset(Some(1), &mut [0.0; 8]);
/// let mut picture = Pixmap::new(300, 200).unwrap();
/// env.render(&mut picture);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
///
/// # Errors
/// As [`make`], and [`EnvError::NoPicture`] for a probe.
#[cfg(feature = "render")]
pub fn make_rendered<O: Element, C: ActionElement>(name: &str) -> Result<BoxRenderEnv<C, O>, EnvError> {
    let rendered = makers::<O, C>(name)?.rendered.ok_or_else(|| EnvError::NoPicture { name: name.to_owned() })?;
    Ok(rendered())
}

/// Encodes the discrete observations of `envs` as [one-hot](OneHotVec) vectors; other observations stay as they are.
pub fn one_hot<O: Element, C: ActionElement>(envs: BoxVecEnv<C, O>) -> BoxVecEnv<C, O> {
    if envs.observation_space().choices().is_some() { Box::new(OneHotVec::new(envs)) } else { envs }
}

/// [`one_hot`] for a single environment.
///
/// ```
/// use agilerl_env::{Env, make, one_hot_env};
/// assert_eq!(one_hot_env(make::<f32, u32>("FrozenLake-v1")?).observation_space().row_len(), 16);
/// assert_eq!(one_hot_env(make::<f32, u32>("CartPole-v1")?).observation_space().row_len(), 4);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
pub fn one_hot_env<O: Element, C: ActionElement>(env: BoxEnv<C, O>) -> BoxEnv<C, O> {
    if env.observation_space().choices().is_some() { Box::new(OneHot::new(env)) } else { env }
}

fn makers<O: Element, C: ActionElement>(name: &str) -> Result<&'static Makers<O, C>, EnvError> {
    let entry = ENTRIES.iter().find(|entry| entry.info.name == name).ok_or_else(|| unknown(name))?;
    entry.makers.downcast_ref().ok_or_else(|| other_numbers::<O>(&entry.info))
}

/// Returns the error for number types that the environment does not have. Observations count first.
fn other_numbers<O: Element>(info: &EnvInfo) -> EnvError {
    let name = info.name.to_owned();
    if info.observations != O::OBSERVATIONS {
        return match info.observations {
            Observations::Pixels => EnvError::NeedsPixels { name },
            Observations::Numbers => EnvError::NeedsNumbers { name },
        };
    }
    match info.actions {
        Actions::Continuous => {
            let twin = TWINS.iter().find(|(_, continuous)| *continuous == name);
            EnvError::NeedsContinuousActions { name, instead: twin.map(|(choice, _)| choice.to_string()) }
        }
        Actions::Choice => {
            let twin = TWINS.iter().find(|(choice, _)| *choice == name);
            EnvError::NeedsChoices { name, instead: twin.map(|(_, continuous)| continuous.to_string()) }
        }
    }
}

fn unknown(name: &str) -> EnvError {
    let known: Vec<&str> = catalogue().map(|info| info.name).collect();
    let nearest = nearest(name, &known).map(str::to_owned);
    EnvError::Unknown { name: name.to_owned(), nearest, known: known.join(", ") }
}
