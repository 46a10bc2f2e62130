//! Environments by name.

use crate::env::{ActionElement, Env};
use crate::envs::classic::acrobot::Acrobot;
use crate::envs::classic::cart_pole::CartPole;
use crate::envs::classic::mountain_car::MountainCar;
use crate::envs::classic::mountain_car_continuous::MountainCarContinuous;
use crate::envs::classic::pendulum::Pendulum;
use crate::envs::lander::lander_vec::LanderVec;
use crate::envs::lander::{LanderAction, LanderOptions, LunarLander, LunarLanderContinuous};
use crate::envs::minatar::{MinAtar, MinAtarGame, MinAtarOptions};
use crate::envs::probe::{Probe, ProbeEnv};
use crate::envs::toy_text::cliff_walking::CliffWalking;
use crate::envs::toy_text::frozen_lake::FrozenLake;
use crate::envs::toy_text::taxi::Taxi;
use crate::error::EnvError;
use crate::lanes::sync_vec::SyncVec;
use crate::lanes::thread_vec::ThreadVec;
#[cfg(feature = "render")]
use crate::render::RenderEnv;
use crate::vec_env::VecEnv;
use crate::wrappers::one_hot::{OneHot, OneHotVec};
use crate::wrappers::time_limit::TimeLimit;

/// An environment out of the catalogue, with actions of `A` and observations of `O`.
pub type BoxEnv<A = u32, O = f32> = Box<dyn Env<Obs = O, Action = A>>;

/// A vector environment out of the catalogue, with actions of `A` and observations of `O`.
pub type BoxVecEnv<A = u32, O = f32> = Box<dyn VecEnv<Obs = O, Action = A>>;

/// An environment with a picture out of the catalogue, with actions of `A` and observations of `O`.
#[cfg(feature = "render")]
pub type BoxRenderEnv<A = u32, O = f32> = Box<dyn RenderEnv<Obs = O, Action = A>>;

/// What the catalogue knows of an environment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnvInfo {
    /// Its name, Gymnasium's where Gymnasium has it.
    pub name: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// Kind of its observations.
    pub observations: Observations,
    /// Kind of its actions.
    pub actions: Actions,
    /// Steps after which an episode is truncated, if it is.
    pub max_episode_steps: Option<u64>,
    /// Mean return from which Gymnasium calls it solved, if it says so.
    pub reward_threshold: Option<f64>,
}

/// Kind of an environment's observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observations {
    /// A row of numbers, or the one number of a discrete space, `f32`.
    Numbers,
    /// Channels of pixels, `u8`: for [`make_pixels`] and [`make_vec_pixels`].
    Pixels,
}

/// Kind of an environment's actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actions {
    /// A choice among `n`, a `u32`: for [`make`] and [`make_vec`].
    Choice,
    /// A vector of numbers, `f32`: for [`make_continuous`] and [`make_vec_continuous`].
    Continuous,
}

/// All environments that have names.
///
/// ```
/// let solved = agilerl_env::catalogue().find(|info| info.name == "CartPole-v1").unwrap().reward_threshold;
/// assert_eq!(solved, Some(475.0));
/// ```
pub fn catalogue() -> impl Iterator<Item = &'static EnvInfo> {
    let choices = CHOICES.iter().map(|entry| &entry.info);
    let continuous = CONTINUOUS.iter().map(|entry| &entry.info);
    choices.chain(continuous).chain(PIXELS.iter().map(|entry| &entry.info))
}

/// What the catalogue knows of the environment of that name.
///
/// # Errors
/// [`EnvError::Unknown`], which lists the known names.
pub fn env_info(name: &str) -> Result<&'static EnvInfo, EnvError> {
    catalogue().find(|info| info.name == name).ok_or_else(|| unknown(name))
}

/// One environment by name, its time limit applied, its observations as they are (a discrete one is an index).
///
/// ```
/// let env = agilerl_env::make("CartPole-v1")?;
/// assert_eq!(env.observation_space().row_len(), 4);
/// let error = agilerl_env::make("CartPole-v0").err().unwrap();
/// assert!(error.to_string().contains("did you mean \"CartPole-v1\"?"));
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
///
/// # Errors
/// [`EnvError::Unknown`]; [`EnvError::NeedsContinuousActions`] for an environment of [`make_continuous`],
/// [`EnvError::NeedsPixels`] for one of [`make_pixels`].
pub fn make(name: &str) -> Result<BoxEnv, EnvError> {
    Ok((choice(name)?.one)())
}

/// `lanes` environments by name, stepped one after another, a [`SyncVec`], or side by side where that is faster, a
/// [`LanderVec`] or a [`ClassicVec`](crate::ClassicVec). See [`make`].
///
/// ```
/// use agilerl_env::{VecEnv, make_vec, one_hot};
/// let envs = make_vec("FrozenLake-v1", 8)?;
/// assert_eq!(envs.observation_space().row_len(), 1);          // the index of a tile
/// assert_eq!(one_hot(envs).observation_space().row_len(), 16);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
///
/// # Errors
/// As [`make`], and [`EnvError::Zero`] for no lanes.
pub fn make_vec(name: &str, lanes: usize) -> Result<BoxVecEnv, EnvError> {
    make_vec_threaded(name, lanes, 1)
}

/// `lanes` environments by name on `threads` threads: a [`ThreadVec`], with the bits of [`make_vec`]. One thread is the
/// fastest for all but the lander, whose steps are long enough to be worth handing over. A lander's saved state can be
/// restored by as many threads as saved it, one or several; any other by any number.
///
/// # Errors
/// As [`make_vec`], and [`EnvError::Zero`] for no threads.
pub fn make_vec_threaded(name: &str, lanes: usize, threads: usize) -> Result<BoxVecEnv, EnvError> {
    let many = choice(name)?.many;
    check_counts(name, lanes, threads)?;
    Ok(many(lanes, threads))
}

/// One environment with continuous actions by name. See [`make`].
///
/// # Errors
/// [`EnvError::Unknown`]; [`EnvError::NeedsChoices`] for an environment of [`make`], [`EnvError::NeedsPixels`] for one
/// of [`make_pixels`].
pub fn make_continuous(name: &str) -> Result<BoxEnv<f32>, EnvError> {
    Ok((continuous(name)?.one)())
}

/// `lanes` environments with continuous actions by name on `threads` threads. See [`make_vec_threaded`].
///
/// # Errors
/// As [`make_continuous`], and [`EnvError::Zero`].
pub fn make_vec_continuous(name: &str, lanes: usize, threads: usize) -> Result<BoxVecEnv<f32>, EnvError> {
    let many = continuous(name)?.many;
    check_counts(name, lanes, threads)?;
    Ok(many(lanes, threads))
}

/// One environment that observes pixels, by name. See [`make`].
///
/// ```
/// let env = agilerl_env::make_pixels("MinAtar/Breakout-v1")?;
/// assert_eq!(env.observation_space().row_len(), 4 * 10 * 10);
/// let error = agilerl_env::make("MinAtar/Breakout-v1").err().unwrap();
/// assert!(error.to_string().contains("make_pixels"));
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
///
/// # Errors
/// [`EnvError::Unknown`], or [`EnvError::NeedsNumbers`] for an environment of [`make`] or [`make_continuous`].
pub fn make_pixels(name: &str) -> Result<BoxEnv<u32, u8>, EnvError> {
    Ok((pixels(name)?.one)())
}

/// `lanes` environments that observe pixels, by name on `threads` threads. See [`make_vec_threaded`].
///
/// # Errors
/// As [`make_pixels`], and [`EnvError::Zero`].
pub fn make_vec_pixels(name: &str, lanes: usize, threads: usize) -> Result<BoxVecEnv<u32, u8>, EnvError> {
    let many = pixels(name)?.many;
    check_counts(name, lanes, threads)?;
    Ok(many(lanes, threads))
}

/// One environment with a picture, by name. See [`make`].
///
/// ```
/// use agilerl_env::{Pixmap, make_rendered};
/// let mut env = make_rendered("LunarLander-v3")?;
/// env.reset(Some(1), &mut [0.0; 8]);
/// let mut picture = Pixmap::new(300, 200).unwrap();
/// env.render(&mut picture);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
///
/// # Errors
/// As [`make`], and [`EnvError::NoPicture`] for a probe.
#[cfg(feature = "render")]
pub fn make_rendered(name: &str) -> Result<BoxRenderEnv, EnvError> {
    rendered(name, choice(name)?.rendered)
}

/// One environment with continuous actions and a picture, by name.
///
/// # Errors
/// As [`make_continuous`].
#[cfg(feature = "render")]
pub fn make_rendered_continuous(name: &str) -> Result<BoxRenderEnv<f32>, EnvError> {
    rendered(name, continuous(name)?.rendered)
}

/// One environment that observes pixels and has a picture, by name.
///
/// # Errors
/// As [`make_pixels`].
#[cfg(feature = "render")]
pub fn make_rendered_pixels(name: &str) -> Result<BoxRenderEnv<u32, u8>, EnvError> {
    rendered(name, pixels(name)?.rendered)
}

#[cfg(feature = "render")]
fn rendered<A, O>(name: &str, make: Option<fn() -> BoxRenderEnv<A, O>>) -> Result<BoxRenderEnv<A, O>, EnvError> {
    make.map(|make| make()).ok_or_else(|| EnvError::NoPicture { name: name.to_owned() })
}

/// Encodes a discrete observation as a [one-hot](OneHotVec) vector; any other observation is left as it is.
pub fn one_hot<A: ActionElement>(envs: BoxVecEnv<A>) -> BoxVecEnv<A> {
    if envs.observation_space().choices().is_some() { Box::new(OneHotVec::new(envs)) } else { envs }
}

/// [`one_hot`] for a single environment.
///
/// ```
/// use agilerl_env::{Env, make, one_hot_env};
/// assert_eq!(one_hot_env(make("FrozenLake-v1")?).observation_space().row_len(), 16);
/// assert_eq!(one_hot_env(make("CartPole-v1")?).observation_space().row_len(), 4);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
pub fn one_hot_env<A: ActionElement>(env: BoxEnv<A>) -> BoxEnv<A> {
    if env.observation_space().choices().is_some() { Box::new(OneHot::new(env)) } else { env }
}

/// An environment of the catalogue and how it is made.
struct Entry<A, O = f32> {
    info: EnvInfo,
    one: fn() -> BoxEnv<A, O>,
    /// One with a picture, if it has one.
    #[cfg(feature = "render")]
    rendered: Option<fn() -> BoxRenderEnv<A, O>>,
    /// Lanes and threads.
    many: fn(usize, usize) -> BoxVecEnv<A, O>,
}

/// An entry out of an expression that makes the environment.
macro_rules! entry {
    ($name:expr, $summary:expr, $actions:ident, limit $limit:expr, solved $threshold:expr, $make:expr) => {
        Entry {
            info: EnvInfo {
                name: $name,
                summary: $summary,
                observations: Observations::Numbers,
                actions: Actions::$actions,
                max_episode_steps: Some($limit),
                reward_threshold: $threshold,
            },
            one: || Box::new(TimeLimit::new($make, $limit)),
            #[cfg(feature = "render")]
            rendered: Some(|| Box::new(TimeLimit::new($make, $limit))),
            many: |lanes, threads| vec_of(lanes, threads, || TimeLimit::new($make, $limit)),
        }
    };
    ($name:expr, $summary:expr, $actions:ident, limit $limit:expr, solved $threshold:expr, $make:expr, lanes $lanes:expr) => {
        Entry {
            many: |lanes, threads| {
                let side_by_side: fn(usize) -> BoxVecEnv<_> = $lanes;
                if threads == 1 { side_by_side(lanes) } else { vec_of(lanes, threads, || TimeLimit::new($make, $limit)) }
            },
            ..entry!($name, $summary, $actions, limit $limit, solved $threshold, $make)
        }
    };
    ($name:expr, $summary:expr, $actions:ident, $make:expr) => {
        Entry {
            info: EnvInfo {
                name: $name,
                summary: $summary,
                observations: Observations::Numbers,
                actions: Actions::$actions,
                max_episode_steps: None,
                reward_threshold: None,
            },
            one: || Box::new($make),
            #[cfg(feature = "render")]
            rendered: Some(|| Box::new($make)),
            many: |lanes, threads| vec_of(lanes, threads, || $make),
        }
    };
    (probe $probe:ident, $summary:expr) => {
        Entry {
            info: EnvInfo {
                name: Probe::$probe.name(),
                summary: $summary,
                observations: Observations::Numbers,
                actions: Actions::Choice,
                max_episode_steps: None,
                reward_threshold: None,
            },
            one: || Box::new(ProbeEnv::new(Probe::$probe)),
            #[cfg(feature = "render")]
            rendered: None,
            many: |lanes, threads| vec_of(lanes, threads, || ProbeEnv::new(Probe::$probe)),
        }
    };
    (minatar $game:ident, $summary:expr) => {
        Entry {
            info: EnvInfo {
                name: MinAtarGame::$game.name(),
                summary: $summary,
                observations: Observations::Pixels,
                actions: Actions::Choice,
                max_episode_steps: None,
                reward_threshold: None,
            },
            one: || Box::new(MinAtar::new(MinAtarGame::$game, MinAtarOptions::default())),
            #[cfg(feature = "render")]
            rendered: Some(|| Box::new(MinAtar::new(MinAtarGame::$game, MinAtarOptions::default()))),
            many: |lanes, threads| {
                vec_of(lanes, threads, || MinAtar::new(MinAtarGame::$game, MinAtarOptions::default()))
            },
        }
    };
}

/// Names, limits and thresholds as Gymnasium 1.4.0 registers them.
static CHOICES: &[Entry<u32>] = &[
    entry!(
        "CartPole-v1", "keep a pole upright on a cart", Choice, limit 500, solved Some(475.0), CartPole::new(),
        lanes |lanes| Box::new(CartPole::lanes(lanes, 500))
    ),
    entry!(
        "Acrobot-v1", "swing a chain of two links above the bar", Choice, limit 500, solved Some(-100.0),
        Acrobot::new(), lanes |lanes| Box::new(Acrobot::lanes(lanes, 500))
    ),
    entry!(
        "MountainCar-v0", "swing a weak car up a hill, with three choices", Choice, limit 200, solved Some(-110.0),
        MountainCar::new(), lanes |lanes| Box::new(MountainCar::lanes(lanes, 200))
    ),
    entry!(
        "LunarLander-v3",
        "land a rocket on its legs, with a choice of engines",
        Choice,
        limit 1000,
        solved Some(200.0),
        LunarLander::new(LanderOptions::default()),
        lanes landers
    ),
    // The best policy reaches the goal within the limit in 74 of 100 episodes.
    entry!(
        "FrozenLake-v1", "cross a slippery lake of 4 x 4 without falling into a hole", Choice,
        limit 100, solved Some(0.7), FrozenLake::new(true)
    ),
    // Gymnasium has it by keyword: make("FrozenLake-v1", is_slippery=False).
    entry!(
        "FrozenLakeNotSlippery-v1", "the same lake with a firm grip", Choice,
        limit 100, solved None, FrozenLake::new(false)
    ),
    // The best policy reaches the goal within the limit in 91 of 100 episodes, says Gymnasium.
    entry!(
        "FrozenLake8x8-v1", "cross a slippery lake of 8 x 8 without falling into a hole", Choice,
        limit 200, solved Some(0.85), FrozenLake::large(true)
    ),
    entry!(
        "FrozenLake8x8NotSlippery-v1", "the lake of 8 x 8 with a firm grip", Choice,
        limit 200, solved None, FrozenLake::large(false)
    ),
    entry!("CliffWalking-v1", "walk along a cliff to the other corner", Choice, CliffWalking::new(false)),
    entry!("CliffWalkingSlippery-v1", "the same cliff on slippery ground", Choice, CliffWalking::new(true)),
    entry!(
        "Taxi-v3", "fetch a passenger and bring them where they want to go", Choice,
        limit 200, solved Some(8.0), Taxi::v3()
    ),
    // Gymnasium's name from 1.3 on.
    entry!("Taxi-v4", "the same by its newer name", Choice, limit 200, solved Some(8.0), Taxi::v4()),
    entry!(probe ConstantReward, "one step, reward 1"),
    entry!(probe ObsReward, "one step, the reward is the observation"),
    entry!(probe TwoSteps, "two steps, the reward comes with the second"),
    entry!(probe ActionReward, "one step, the reward is the action's"),
    entry!(probe ObsActionReward, "one step, the action must equal the observation"),
    entry!(probe Terminated, "three steps of reward 1, then terminated"),
    entry!(probe Truncated, "three steps of reward 1, then truncated"),
    entry!(probe FinalObs, "a ring of four places, truncated after two steps"),
    entry!(probe Masked, "two steps with one illegal action in each"),
];

static CONTINUOUS: &[Entry<f32>] = &[
    entry!(
        "MountainCarContinuous-v0", "swing a weak car up a hill, with a pedal", Continuous,
        limit 999, solved Some(90.0), MountainCarContinuous::new(),
        lanes |lanes| Box::new(MountainCarContinuous::lanes(lanes, 999))
    ),
    entry!(
        "Pendulum-v1", "swing up a pendulum and keep it upright", Continuous,
        limit 200, solved None, Pendulum::new(), lanes |lanes| Box::new(Pendulum::lanes(lanes, 200))
    ),
    entry!(
        "LunarLanderContinuous-v3",
        "land a rocket on its legs, with throttles",
        Continuous,
        limit 1000,
        solved Some(200.0),
        LunarLanderContinuous::new(LanderOptions::default()),
        lanes landers
    ),
];

/// The games that the package `minatar` 1.0.15 registers with Gymnasium under these names, without limits.
static PIXELS: &[Entry<u32, u8>] = &[
    entry!(minatar Breakout, "break a wall with a ball that must not fall"),
    entry!(minatar Asterix, "collect gold and avoid enemies"),
    entry!(minatar Freeway, "cross a road of eight lanes"),
    entry!(minatar Seaquest, "rescue divers with a submarine, among enemies"),
    entry!(minatar SpaceInvaders, "shoot the aliens before they arrive"),
];

/// The same task with the other kind of actions: a choice, continuous.
const TWINS: &[(&str, &str)] =
    &[("LunarLander-v3", "LunarLanderContinuous-v3"), ("MountainCar-v0", "MountainCarContinuous-v0")];

/// Landers on one thread: their worlds are solved side by side, sixteen at a time.
fn landers<A: LanderAction>(lanes: usize) -> BoxVecEnv<A> {
    Box::new(LanderVec::<A>::new(lanes, LanderOptions::default(), 1000))
}

fn vec_of<E: Env + 'static>(
    lanes: usize,
    threads: usize,
    make: impl Fn() -> E,
) -> Box<dyn VecEnv<Obs = E::Obs, Action = E::Action>> {
    if threads == 1 {
        Box::new(SyncVec::from_fn(lanes, |_lane| make()))
    } else {
        Box::new(ThreadVec::from_fn(lanes, threads, |_lane| make()))
    }
}

fn choice(name: &str) -> Result<&'static Entry<u32>, EnvError> {
    let entry = CHOICES.iter().find(|entry| entry.info.name == name);
    entry.ok_or_else(|| match env_info(name) {
        Ok(info) if info.observations == Observations::Pixels => EnvError::NeedsPixels { name: name.to_owned() },
        Ok(_) => {
            let instead =
                TWINS.iter().find(|(_, continuous)| *continuous == name).map(|(choice, _)| choice.to_string());
            EnvError::NeedsContinuousActions { name: name.to_owned(), instead }
        }
        Err(unknown) => unknown,
    })
}

fn continuous(name: &str) -> Result<&'static Entry<f32>, EnvError> {
    let entry = CONTINUOUS.iter().find(|entry| entry.info.name == name);
    entry.ok_or_else(|| match env_info(name) {
        Ok(info) if info.observations == Observations::Pixels => EnvError::NeedsPixels { name: name.to_owned() },
        Ok(_) => {
            let instead =
                TWINS.iter().find(|(choice, _)| *choice == name).map(|(_, continuous)| continuous.to_string());
            EnvError::NeedsChoices { name: name.to_owned(), instead }
        }
        Err(unknown) => unknown,
    })
}

fn pixels(name: &str) -> Result<&'static Entry<u32, u8>, EnvError> {
    let entry = PIXELS.iter().find(|entry| entry.info.name == name);
    entry.ok_or_else(|| match env_info(name) {
        Ok(info) => {
            let maker = if info.actions == Actions::Choice { "make" } else { "make_continuous" };
            EnvError::NeedsNumbers { name: name.to_owned(), maker }
        }
        Err(unknown) => unknown,
    })
}

fn check_counts(name: &str, lanes: usize, threads: usize) -> Result<(), EnvError> {
    match (lanes, threads) {
        (0, _) => Err(EnvError::Zero { env: name.to_owned(), what: "lanes" }),
        (_, 0) => Err(EnvError::Zero { env: name.to_owned(), what: "threads" }),
        _ => Ok(()),
    }
}

fn unknown(name: &str) -> EnvError {
    let known: Vec<&str> = catalogue().map(|info| info.name).collect();
    let nearest = known.iter().map(|known| (distance(&plain(name), &plain(known)), *known)).min();
    // A third of the letters may differ: "cartpole" and "CartPole-v0" are near, "Pendulum-v1" is not.
    let nearest =
        nearest.filter(|(distance, known)| 3 * distance <= plain(known).len()).map(|(_, known)| known.to_owned());
    EnvError::Unknown { name: name.to_owned(), nearest, known: known.join(", ") }
}

/// Letters only, in lower case, without the version.
fn plain(name: &str) -> String {
    let unversioned = name.rsplit_once("-v").map_or(name, |(stem, _)| stem);
    unversioned.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}

/// Levenshtein's distance: insertions, deletions and replacements that make `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
