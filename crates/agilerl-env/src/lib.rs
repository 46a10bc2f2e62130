//! Vectorised environments. This crate steps plain numbers; it knows no tensor, no agent and no memory.
//!
#![doc = include_str!("../README.md")]

mod env;
mod vec_env;
mod space;
mod number;
mod lanes;
mod wrappers;
mod envs;
mod catalogue;
mod check_env;
mod episode_stats;
mod running_statistics;
mod numpy_rng;
mod saved_state;
mod caught_panic;
mod error;
#[cfg(feature = "render")]
mod render;

#[cfg(feature = "render")]
pub use catalogue::make_rendered;
pub use catalogue::{EnvInfo, catalogue, env_info, make, make_vec, make_vec_threaded, one_hot, one_hot_env};
pub use caught_panic::{CaughtPanic, catch_panic};
pub use check_env::{CheckError, CheckReport, Fault, ReplayOf, Warning, check_env};
pub use env::{BoxEnv, Env, Step};
pub use envs::classic::acrobot::{Acrobot, AcrobotDynamics};
pub use envs::classic::cart_pole::{CartPole, CartPoleDynamics};
pub use envs::classic::classic_vec::ClassicVec;
pub use envs::classic::mountain_car::{MountainCar, MountainCarDynamics};
pub use envs::classic::mountain_car_continuous::{MountainCarContinuous, MountainCarContinuousDynamics};
pub use envs::classic::pendulum::{Pendulum, PendulumDynamics};
pub use envs::classic::{Classic, Dynamics, Outcome};
pub use envs::lander::lander_vec::LanderVec;
pub use envs::lander::{Lander, LanderAction, LanderOptions, LunarLander, LunarLanderContinuous};
pub use envs::minatar::{MinAtar, MinAtarGame, MinAtarOptions};
pub use envs::probe::{Probe, ProbeEnv};
pub use envs::toy_text::cliff_walking::CliffWalking;
pub use envs::toy_text::frozen_lake::FrozenLake;
pub use envs::toy_text::taxi::Taxi;
pub use episode_stats::{Episode, EpisodeStats};
pub use error::EnvError;
pub use lanes::sync_vec::SyncVec;
pub use lanes::thread_vec::ThreadVec;
pub use number::{ActionElement, Actions, Element, Number, Observations};
pub use numpy_rng::NumpyRng;
#[cfg(feature = "render")]
pub use render::gif::{Gif, GifError};
#[cfg(feature = "render")]
pub use render::{BoxRenderEnv, Pixmap, Render, RenderEnv};
pub use running_statistics::RunningStatistics;
pub use saved_state::{decode_state, encode_state};
pub use space::Space;
pub use vec_env::{BoxVecEnv, VecEnv, VecStep};
pub use wrappers::channels_first::{ChannelsFirst, ChannelsFirstVec};
pub use wrappers::frame_stack::{FrameStack, FrameStackVec};
pub use wrappers::normalize_observations::{NormalizeObservations, NormalizeObservationsVec};
pub use wrappers::one_hot::{OneHot, OneHotVec};
pub use wrappers::reward_transform::{RewardTransform, RewardTransformVec};
pub use wrappers::time_limit::TimeLimit;
#[cfg(feature = "render")]
pub use wrappers::wrapper_config::wrap_rendered;
pub use wrappers::wrapper_config::{WrapperConfig, wrap_env, wrap_vec_env};
