//! Observations that consist of the last frames.

use crate::env::{Env, Step, forward_env};
use crate::error::EnvError;
use crate::number::Element;
use crate::saved_state::{self, decode_state, encode_state};
use crate::space::Space;
use crate::vec_env::{VecEnv, VecStep, forward_vec_env};

/// An environment whose observation consists of the last `frames` observations, oldest first, so that a network without
/// memory can see motion.
///
/// As in Gymnasium's `FrameStackObservation`, the first observation of an episode is repeated until there are enough.
///
/// ```
/// use agilerl_env::{Env, FrameStack, FrozenLake, OneHot, Space};
/// let mut env = FrameStack::new(OneHot::new(FrozenLake::new(false)), 2);
/// assert!(matches!(env.observation_space(), Space::Box { shape, .. } if *shape == [2, 16]));
/// let mut obs = [0.0; 32];
/// env.reset(Some(1), &mut obs);
/// assert_eq!((obs[0], obs[16]), (1.0, 1.0));          // on square 0, twice
/// env.step(&[1], &mut obs);
/// assert_eq!((obs[0], obs[16 + 4]), (1.0, 1.0));      // on square 0, then one row down on 4
/// ```
#[derive(Clone, Debug)]
pub struct FrameStack<E: Env> {
    env: E,
    space: Space,
    stack: Vec<E::Obs>,
    frame_len: usize,
}

impl<E: Env> FrameStack<E> {
    /// Stacks along a new first axis, as Gymnasium does: `[8]` becomes `[frames, 8]`, an image without channels
    /// `[height, width]` becomes `[frames, height, width]`.
    ///
    /// # Panics
    /// If `frames` is 0, or if the observations are discrete ([`OneHot`](crate::OneHot) makes them stackable).
    pub fn new(env: E, frames: usize) -> Self {
        let space = stacked_space(env.name(), env.observation_space(), frames, NEW_AXIS);
        Self::with_space(env, space)
    }

    /// Stacks along the channels, as a convolution reads them: `[channels, height, width]` becomes
    /// `[frames * channels, height, width]`. The numbers are in the order of [`FrameStack::new`].
    ///
    /// # Panics
    /// If `frames` is 0, or if the observations do not have three axes.
    pub fn along_channels(env: E, frames: usize) -> Self {
        let space = stacked_space(env.name(), env.observation_space(), frames, CHANNELS);
        Self::with_space(env, space)
    }

    fn with_space(env: E, space: Space) -> Self {
        let frame_len = env.observation_space().row_len();
        let stack = vec![E::Obs::default(); space.row_len()];
        Self { env, space, stack, frame_len }
    }

    /// Returns the wrapped environment.
    pub fn inner(&self) -> &E {
        &self.env
    }
}

impl<E: Env> Env for FrameStack<E> {
    type Obs = E::Obs;
    type Action = E::Action;

    forward_env!(self => self.env; name action_space action_mask);

    fn observation_space(&self) -> &Space {
        &self.space
    }

    fn reset(&mut self, seed: Option<u64>, obs: &mut [E::Obs]) {
        let (first, rest) = self.stack.split_at_mut(self.frame_len);
        self.env.reset(seed, first);
        repeat(first, rest);
        obs.copy_from_slice(&self.stack);
    }

    fn step(&mut self, action: &[E::Action], obs: &mut [E::Obs]) -> Step {
        let step = self.env.step(action, shift(&mut self.stack, self.frame_len));
        obs.copy_from_slice(&self.stack);
        step
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &(&self.stack, self.env.save()?))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (stack, inner): (Vec<E::Obs>, Vec<u8>) = decode_state(self.name(), state)?;
        check_len(self.name(), state, stack.len(), self.stack.len())?;
        self.env.restore(&inner)?;
        self.stack = stack;
        Ok(())
    }
}

/// [`FrameStack`] for all lanes of a vector environment at once.
///
/// When an episode ends, [`next_obs`](VecStep::next_obs) is the stack of that episode up to its true last frame, and
/// [`obs`](VecStep::obs) is the first stack of the next: no observation has frames of two episodes.
///
/// ```
/// use agilerl_env::{FrameStackVec, VecEnv, make_vec};
/// let mut envs = FrameStackVec::along_channels(make_vec::<u8, u32>("MinAtar/Breakout-v1", 16)?, 4);
/// assert_eq!(envs.reset(Some(1)).len(), 16 * 4 * 400);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FrameStackVec<V: VecEnv> {
    envs: V,
    space: Space,
    obs: Vec<V::Obs>,
    next_obs: Vec<V::Obs>,
    frame_len: usize,
}

impl<V: VecEnv> FrameStackVec<V> {
    /// Stacks along a new first axis: see [`FrameStack::new`].
    ///
    /// # Panics
    /// If `frames` is 0, or if the observations are discrete ([`OneHotVec`](crate::OneHotVec) makes them stackable).
    pub fn new(envs: V, frames: usize) -> Self {
        let space = stacked_space(envs.name(), envs.observation_space(), frames, NEW_AXIS);
        Self::with_space(envs, space)
    }

    /// Stacks along the channels: see [`FrameStack::along_channels`].
    ///
    /// # Panics
    /// If `frames` is 0, or if the observations do not have three axes.
    pub fn along_channels(envs: V, frames: usize) -> Self {
        let space = stacked_space(envs.name(), envs.observation_space(), frames, CHANNELS);
        Self::with_space(envs, space)
    }

    fn with_space(envs: V, space: Space) -> Self {
        let frame_len = envs.observation_space().row_len();
        let rows = vec![V::Obs::default(); envs.num_envs() * space.row_len()];
        Self { envs, space, obs: rows.clone(), next_obs: rows, frame_len }
    }

    /// Returns the wrapped vector environment.
    pub fn inner(&self) -> &V {
        &self.envs
    }
}

impl<V: VecEnv> VecEnv for FrameStackVec<V> {
    type Obs = V::Obs;
    type Action = V::Action;

    forward_vec_env!(self => self.envs; name num_envs action_space action_masks);

    fn observation_space(&self) -> &Space {
        &self.space
    }

    fn reset(&mut self, seed: Option<u64>) -> &[V::Obs] {
        begin(self.envs.reset(seed), &mut self.obs, self.frame_len);
        &self.obs
    }

    fn reset_each(&mut self, seeds: &[u64]) -> &[V::Obs] {
        begin(self.envs.reset_each(seeds), &mut self.obs, self.frame_len);
        &self.obs
    }

    fn obs(&self) -> &[V::Obs] {
        &self.obs
    }

    fn step(&mut self, actions: &[V::Action]) -> Result<VecStep<'_, V::Obs>, EnvError> {
        let step = self.envs.step(actions)?;
        let (frame_len, row_len) = (self.frame_len, self.space.row_len());
        let rows = self.obs.chunks_exact_mut(row_len).zip(self.next_obs.chunks_exact_mut(row_len));
        for (lane, (obs, next_obs)) in rows.enumerate() {
            let frame = lane * frame_len..(lane + 1) * frame_len;
            shift(obs, frame_len).copy_from_slice(&step.next_obs[frame.clone()]);
            next_obs.copy_from_slice(obs);
            if step.terminated[lane] || step.truncated[lane] {
                repeat(&step.obs[frame], obs);
            }
        }
        Ok(VecStep { obs: &self.obs, next_obs: &self.next_obs, ..step })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &(&self.obs, self.envs.save()?))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let (obs, inner): (Vec<V::Obs>, Vec<u8>) = decode_state(self.name(), state)?;
        check_len(self.name(), state, obs.len(), self.obs.len())?;
        self.envs.restore(&inner)?;
        self.obs = obs;
        Ok(())
    }
}

/// The shape of `frames` frames of one shape.
type StackShape = fn(frames: usize, shape: &[usize]) -> Option<Vec<usize>>;

const NEW_AXIS: StackShape = |frames, shape| Some([&[frames], shape].concat());
const CHANNELS: StackShape = |frames, shape| match *shape {
    [channels, height, width] => Some(vec![frames * channels, height, width]),
    _ => None,
};

fn stacked_space(name: &str, space: &Space, frames: usize, stack_shape: StackShape) -> Space {
    assert!(frames > 0, "a stack needs at least one frame");
    let Space::Box { shape, low, high } = space else {
        panic!("{name} has discrete observations, which do not stack: make them one-hot first")
    };
    let Some(shape) = stack_shape(frames, shape) else {
        panic!("{name} has observations of shape {shape:?}, not [channels, height, width]")
    };
    Space::Box { shape, low: low.repeat(frames), high: high.repeat(frames) }
}

/// Makes room for the newest frame at the end, and returns it.
fn shift<O: Element>(stack: &mut [O], frame_len: usize) -> &mut [O] {
    stack.copy_within(frame_len.., 0);
    let newest = stack.len() - frame_len;
    &mut stack[newest..]
}

fn repeat<O: Element>(frame: &[O], frames: &mut [O]) {
    for place in frames.chunks_exact_mut(frame.len()) {
        place.copy_from_slice(frame);
    }
}

/// Fills the stack of every lane with its first observation.
fn begin<O: Element>(first: &[O], stacks: &mut [O], frame_len: usize) {
    let row_len = stacks.len() / first.len() * frame_len;
    for (frame, stack) in first.chunks_exact(frame_len).zip(stacks.chunks_exact_mut(row_len)) {
        repeat(frame, stack);
    }
}

fn check_len(name: &str, state: &[u8], len: usize, expected: usize) -> Result<(), EnvError> {
    if len == expected {
        return Ok(());
    }
    Err(saved_state::bad(name, state.len(), format!("stacks of {len} numbers instead of {expected}")))
}
