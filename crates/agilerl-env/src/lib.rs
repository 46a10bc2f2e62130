//! Vectorised environments. This crate steps plain numbers; it knows no tensor, no agent and no memory.
//!
#![doc = include_str!("../README.md")]

mod env;
mod vec_env;
mod space;
mod sync_vec;
mod thread_vec;
mod lanes;
mod time_limit;
mod one_hot;
mod frame_stack;
mod channels_first;
mod reward_transform;
mod normalize_observations;
mod running_statistics;
mod episode_stats;
mod classic;
mod cart_pole;
mod acrobot;
mod mountain_car;
mod mountain_car_continuous;
mod pendulum;
mod frozen_lake;
mod cliff_walking;
mod taxi;
mod lander;
mod minatar;
mod probe;
mod catalogue;
mod check_env;
mod saved_state;
mod caught_panic;
mod numpy_rng;
mod error;
#[cfg(feature = "render")]
mod render;

pub use acrobot::{Acrobot, AcrobotDynamics};
pub use cart_pole::{CartPole, CartPoleDynamics};
pub use catalogue::{
    Actions, BoxEnv, BoxVecEnv, EnvInfo, Observations, catalogue, env_info, make, make_continuous, make_pixels,
    make_vec, make_vec_continuous, make_vec_pixels, make_vec_threaded, one_hot, one_hot_env,
};
#[cfg(feature = "render")]
pub use catalogue::{BoxRenderEnv, make_rendered, make_rendered_continuous, make_rendered_pixels};
pub use caught_panic::{CaughtPanic, catch_panic};
pub use channels_first::{ChannelsFirst, ChannelsFirstVec};
pub use check_env::{Again, CheckError, CheckReport, Fault, Warning, check_env};
pub use classic::{Classic, ClassicVec, Dynamics, Outcome};
pub use cliff_walking::CliffWalking;
pub use env::{ActionElement, Element, Env, Number, Step};
pub use episode_stats::{Episode, EpisodeStats};
pub use error::EnvError;
pub use frame_stack::{FrameStack, FrameStackVec};
pub use frozen_lake::FrozenLake;
pub use lander::{Lander, LanderAction, LanderOptions, LanderVec, LunarLander, LunarLanderContinuous};
pub use minatar::{MinAtar, MinAtarGame, MinAtarOptions};
pub use mountain_car::{MountainCar, MountainCarDynamics};
pub use mountain_car_continuous::{MountainCarContinuous, MountainCarContinuousDynamics};
pub use normalize_observations::{NormalizeObservations, NormalizeObservationsVec};
pub use numpy_rng::NumpyRng;
pub use one_hot::{OneHot, OneHotVec};
pub use pendulum::{Pendulum, PendulumDynamics};
pub use probe::{Probe, ProbeEnv};
#[cfg(feature = "render")]
pub use render::{Gif, GifError, Pixmap, Render, RenderEnv};
pub use reward_transform::{RewardTransform, RewardTransformVec};
pub use running_statistics::RunningStatistics;
pub use saved_state::{decode_state, encode_state};
pub use space::Space;
pub use sync_vec::SyncVec;
pub use taxi::Taxi;
pub use thread_vec::ThreadVec;
pub use time_limit::TimeLimit;
pub use vec_env::{VecEnv, VecStep};
