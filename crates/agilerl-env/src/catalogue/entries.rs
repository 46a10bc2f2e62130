//! The table of the catalogue. A new environment is one entry here.

use std::any::Any;

use super::EnvInfo;
use crate::env::{BoxEnv, Env};
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
use crate::lanes::sync_vec::SyncVec;
use crate::lanes::thread_vec::ThreadVec;
use crate::number::{ActionElement, Element};
#[cfg(feature = "render")]
use crate::render::BoxRenderEnv;
use crate::vec_env::BoxVecEnv;
use crate::wrappers::time_limit::TimeLimit;

/// Every environment of the catalogue, with names, limits and thresholds as Gymnasium 1.4.0 registers them.
pub(super) static ENTRIES: &[Entry] = &[
    entry!(
        "CartPole-v1", "keep a pole upright on a cart", f32 => u32, limit 500, solved Some(475.0), CartPole::new(),
        lanes |lanes| Box::new(CartPole::lanes(lanes, 500))
    ),
    entry!(
        "Acrobot-v1", "swing a chain of two links above the bar", f32 => u32, limit 500, solved Some(-100.0),
        Acrobot::new(), lanes |lanes| Box::new(Acrobot::lanes(lanes, 500))
    ),
    entry!(
        "MountainCar-v0", "swing a weak car up a hill, with three choices", f32 => u32, limit 200, solved Some(-110.0),
        MountainCar::new(), lanes |lanes| Box::new(MountainCar::lanes(lanes, 200))
    ),
    entry!(
        "LunarLander-v3", "land a rocket on its legs, with a choice of engines", f32 => u32,
        limit 1000, solved Some(200.0), LunarLander::new(LanderOptions::default()), lanes landers
    ),
    // The best policy reaches the goal within the limit in 74 of 100 episodes.
    entry!(
        "FrozenLake-v1", "cross a slippery lake of 4 x 4 without falling into a hole", f32 => u32,
        limit 100, solved Some(0.7), FrozenLake::new(true)
    ),
    // Gymnasium has it by keyword: make("FrozenLake-v1", is_slippery=False).
    entry!(
        "FrozenLakeNotSlippery-v1", "the same lake with a firm grip", f32 => u32,
        limit 100, solved None, FrozenLake::new(false)
    ),
    // The best policy reaches the goal within the limit in 91 of 100 episodes, says Gymnasium.
    entry!(
        "FrozenLake8x8-v1", "cross a slippery lake of 8 x 8 without falling into a hole", f32 => u32,
        limit 200, solved Some(0.85), FrozenLake::large(true)
    ),
    entry!(
        "FrozenLake8x8NotSlippery-v1", "the lake of 8 x 8 with a firm grip", f32 => u32,
        limit 200, solved None, FrozenLake::large(false)
    ),
    entry!("CliffWalking-v1", "walk along a cliff to the other corner", f32 => u32, CliffWalking::new(false)),
    entry!("CliffWalkingSlippery-v1", "the same cliff on slippery ground", f32 => u32, CliffWalking::new(true)),
    entry!(
        "Taxi-v3", "fetch a passenger and bring them to their destination", f32 => u32,
        limit 200, solved Some(8.0), Taxi::v3()
    ),
    // Gymnasium's name from 1.3 on.
    entry!("Taxi-v4", "the same by its newer name", f32 => u32, limit 200, solved Some(8.0), Taxi::v4()),
    entry!(probe ConstantReward, "one step, reward 1"),
    entry!(probe ObsReward, "one step, the reward is the observation"),
    entry!(probe TwoSteps, "two steps, the reward comes with the second"),
    entry!(probe ActionReward, "one step, the reward is the action's"),
    entry!(probe ObsActionReward, "one step, the action must equal the observation"),
    entry!(probe Terminated, "three steps of reward 1, then terminated"),
    entry!(probe Truncated, "three steps of reward 1, then truncated"),
    entry!(probe FinalObs, "a ring of four places, truncated after two steps"),
    entry!(probe Masked, "two steps with one illegal action in each"),
    entry!(
        "MountainCarContinuous-v0", "swing a weak car up a hill, with a pedal", f32 => f32,
        limit 999, solved Some(90.0), MountainCarContinuous::new(),
        lanes |lanes| Box::new(MountainCarContinuous::lanes(lanes, 999))
    ),
    entry!(
        "Pendulum-v1", "swing up a pendulum and keep it upright", f32 => f32,
        limit 200, solved None, Pendulum::new(), lanes |lanes| Box::new(Pendulum::lanes(lanes, 200))
    ),
    entry!(
        "LunarLanderContinuous-v3", "land a rocket on its legs, with throttles", f32 => f32,
        limit 1000, solved Some(200.0), LunarLanderContinuous::new(LanderOptions::default()), lanes landers
    ),
    // The games that the package `minatar` 1.0.15 registers with Gymnasium under these names, without limits.
    entry!(minatar Breakout, "break a wall with a ball that must not fall"),
    entry!(minatar Asterix, "collect gold and avoid enemies"),
    entry!(minatar Freeway, "cross a road of eight lanes"),
    entry!(minatar Seaquest, "rescue divers with a submarine, among enemies"),
    entry!(minatar SpaceInvaders, "shoot the aliens before they arrive"),
];

/// The same task with the other kind of actions: a choice, continuous.
pub(super) const TWINS: &[(&str, &str)] =
    &[("LunarLander-v3", "LunarLanderContinuous-v3"), ("MountainCar-v0", "MountainCarContinuous-v0")];

/// An environment of the catalogue.
pub(super) struct Entry {
    pub(super) info: EnvInfo,
    /// [`Makers`] of the environment's own number types.
    pub(super) makers: &'static (dyn Any + Send + Sync),
}

/// The constructors of an environment with observations of `O` and actions of `C`.
pub(super) struct Makers<O, C> {
    pub(super) one: fn() -> BoxEnv<C, O>,
    /// `None` for an environment without a picture.
    #[cfg(feature = "render")]
    pub(super) rendered: Option<fn() -> BoxRenderEnv<C, O>>,
    /// The arguments are the number of lanes and of threads.
    pub(super) many: fn(usize, usize) -> BoxVecEnv<C, O>,
}

const fn info<O: Element, C: ActionElement>(
    name: &'static str,
    summary: &'static str,
    max_episode_steps: Option<u64>,
    reward_threshold: Option<f64>,
) -> EnvInfo {
    let (observations, actions) = (O::OBSERVATIONS, C::ACTIONS);
    EnvInfo { name, summary, observations, actions, max_episode_steps, reward_threshold }
}

/// Landers on one thread: their worlds are solved side by side, sixteen at a time.
fn landers<A: LanderAction>(lanes: usize) -> BoxVecEnv<A> {
    Box::new(LanderVec::<A>::new(lanes, LanderOptions::default(), 1000))
}

fn vec_of<E: Env + 'static>(lanes: usize, threads: usize, make: impl Fn() -> E) -> BoxVecEnv<E::Action, E::Obs> {
    if threads == 1 {
        Box::new(SyncVec::from_fn(lanes, |_lane| make()))
    } else {
        Box::new(ThreadVec::from_fn(lanes, threads, |_lane| make()))
    }
}

/// An entry: name, summary, observation numbers => action numbers, limit and threshold if there are any, an expression that
/// makes one environment, and a function that makes lanes on one thread if there is a faster one than [`SyncVec`].
macro_rules! entry {
    ($name:expr, $summary:expr, $obs:ty => $action:ty, limit $limit:expr, solved $threshold:expr, $make:expr) => {
        entry!(
            @ info::<$obs, $action>($name, $summary, Some($limit), $threshold), $obs => $action,
            TimeLimit::new($make, $limit), Some(|| Box::new(TimeLimit::new($make, $limit))),
            |lanes, threads| vec_of(lanes, threads, || TimeLimit::new($make, $limit))
        )
    };
    ($name:expr, $summary:expr, $obs:ty => $action:ty, limit $limit:expr, solved $threshold:expr, $make:expr, lanes $lanes:expr) => {
        entry!(
            @ info::<$obs, $action>($name, $summary, Some($limit), $threshold), $obs => $action,
            TimeLimit::new($make, $limit), Some(|| Box::new(TimeLimit::new($make, $limit))),
            |lanes, threads| {
                let on_one_thread: fn(usize) -> BoxVecEnv<$action, $obs> = $lanes;
                if threads == 1 { on_one_thread(lanes) } else { vec_of(lanes, threads, || TimeLimit::new($make, $limit)) }
            }
        )
    };
    ($name:expr, $summary:expr, $obs:ty => $action:ty, $make:expr) => {
        entry!(
            @ info::<$obs, $action>($name, $summary, None, None), $obs => $action,
            $make, Some(|| Box::new($make)), |lanes, threads| vec_of(lanes, threads, || $make)
        )
    };
    (probe $probe:ident, $summary:expr) => {
        entry!(
            @ info::<f32, u32>(Probe::$probe.name(), $summary, None, None), f32 => u32,
            ProbeEnv::new(Probe::$probe), None, |lanes, threads| vec_of(lanes, threads, || ProbeEnv::new(Probe::$probe))
        )
    };
    (minatar $game:ident, $summary:expr) => {
        entry!(
            MinAtarGame::$game.name(), $summary, u8 => u32,
            MinAtar::new(MinAtarGame::$game, MinAtarOptions::default())
        )
    };
    (@ $info:expr, $obs:ty => $action:ty, $make:expr, $rendered:expr, $many:expr) => {
        Entry {
            info: $info,
            makers: &Makers::<$obs, $action> {
                one: || Box::new($make),
                #[cfg(feature = "render")]
                rendered: $rendered,
                many: $many,
            },
        }
    };
}
use entry;
