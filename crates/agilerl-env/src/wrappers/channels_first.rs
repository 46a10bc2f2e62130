//! Images with their channels first, as convolutions read them.

use crate::env::{Env, Step, forward_env};
use crate::error::EnvError;
use crate::number::Element;
use crate::space::Space;
use crate::vec_env::{VecEnv, VecStep, forward_vec_env};

/// An environment whose images `[height, width, channels]` become `[channels, height, width]`, the order that convolutions
/// read. The environments of this crate already have that order.
///
/// ```
/// use agilerl_env::{ChannelsFirst, Env, EnvError, Space, Step};
/// /// One picture of one row of two pixels, red and green; an episode is one step.
/// struct Picture(Space, Space);
/// impl Env for Picture {
///     type Obs = u8;
///     type Action = u32;
///     fn name(&self) -> &str {
///         "Picture"
///     }
///     fn observation_space(&self) -> &Space {
///         &self.0
///     }
///     fn action_space(&self) -> &Space {
///         &self.1
///     }
///     fn reset(&mut self, _seed: Option<u64>, obs: &mut [u8]) {
///         obs.copy_from_slice(&[255, 0, 0, 0, 255, 0]);
///     }
///     fn step(&mut self, _action: &[u32], obs: &mut [u8]) -> Step {
///         self.reset(None, obs);
///         Step { terminated: true, ..Step::default() }
///     }
/// }
///
/// let space = Space::Box { shape: vec![1, 2, 3], low: vec![0.0; 6], high: vec![255.0; 6] };
/// let mut env = ChannelsFirst::new(Picture(space, Space::discrete(2)));
/// assert!(matches!(env.observation_space(), Space::Box { shape, .. } if *shape == [3, 1, 2]));
/// let mut obs = [0; 6];
/// env.reset(None, &mut obs);
/// assert_eq!(obs, [255, 0, /* green: */ 0, 255, /* blue: */ 0, 0]);
/// ```
#[derive(Clone, Debug)]
pub struct ChannelsFirst<E: Env> {
    env: E,
    space: Space,
    image: Vec<E::Obs>,
    channels: usize,
}

impl<E: Env> ChannelsFirst<E> {
    /// Transposes the observations of `env`.
    ///
    /// # Panics
    /// If the observations do not have three axes.
    pub fn new(env: E) -> Self {
        let (space, channels) = channels_first_space(env.name(), env.observation_space());
        let image = vec![E::Obs::default(); space.row_len()];
        Self { env, space, image, channels }
    }

    /// Returns the wrapped environment.
    pub fn inner(&self) -> &E {
        &self.env
    }
}

impl<E: Env> Env for ChannelsFirst<E> {
    type Obs = E::Obs;
    type Action = E::Action;

    forward_env!(self => self.env; name action_space action_mask save restore);

    fn observation_space(&self) -> &Space {
        &self.space
    }

    fn reset(&mut self, seed: Option<u64>, obs: &mut [E::Obs]) {
        self.env.reset(seed, &mut self.image);
        transpose(&self.image, obs, self.channels);
    }

    fn step(&mut self, action: &[E::Action], obs: &mut [E::Obs]) -> Step {
        let step = self.env.step(action, &mut self.image);
        transpose(&self.image, obs, self.channels);
        step
    }
}

/// [`ChannelsFirst`] for all lanes of a vector environment at once.
#[derive(Clone, Debug)]
pub struct ChannelsFirstVec<V: VecEnv> {
    envs: V,
    space: Space,
    obs: Vec<V::Obs>,
    next_obs: Vec<V::Obs>,
    channels: usize,
}

impl<V: VecEnv> ChannelsFirstVec<V> {
    /// Transposes the observations of `envs`.
    ///
    /// # Panics
    /// If the observations do not have three axes.
    pub fn new(envs: V) -> Self {
        let (space, channels) = channels_first_space(envs.name(), envs.observation_space());
        let rows = vec![V::Obs::default(); envs.num_envs() * space.row_len()];
        Self { envs, space, obs: rows.clone(), next_obs: rows, channels }
    }

    /// Returns the wrapped vector environment.
    pub fn inner(&self) -> &V {
        &self.envs
    }
}

impl<V: VecEnv> VecEnv for ChannelsFirstVec<V> {
    type Obs = V::Obs;
    type Action = V::Action;

    forward_vec_env!(self => self.envs; name num_envs action_space action_masks save);

    fn observation_space(&self) -> &Space {
        &self.space
    }

    fn reset(&mut self, seed: Option<u64>) -> &[V::Obs] {
        transpose_rows(self.envs.reset(seed), &mut self.obs, self.space.row_len(), self.channels);
        &self.obs
    }

    fn reset_each(&mut self, seeds: &[u64]) -> &[V::Obs] {
        transpose_rows(self.envs.reset_each(seeds), &mut self.obs, self.space.row_len(), self.channels);
        &self.obs
    }

    fn obs(&self) -> &[V::Obs] {
        &self.obs
    }

    fn step(&mut self, actions: &[V::Action]) -> Result<VecStep<'_, V::Obs>, EnvError> {
        let step = self.envs.step(actions)?;
        transpose_rows(step.obs, &mut self.obs, self.space.row_len(), self.channels);
        transpose_rows(step.next_obs, &mut self.next_obs, self.space.row_len(), self.channels);
        Ok(VecStep { obs: &self.obs, next_obs: &self.next_obs, ..step })
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.envs.restore(state)?;
        transpose_rows(self.envs.obs(), &mut self.obs, self.space.row_len(), self.channels);
        Ok(())
    }
}

/// The space with its axes in the other order, and the number of channels.
fn channels_first_space(name: &str, space: &Space) -> (Space, usize) {
    let Space::Box { shape, low, high } = space else { panic!("{name} has no images to transpose, but {space:?}") };
    let [height, width, channels] = shape[..] else {
        panic!("{name} has observations of shape {shape:?}, not [height, width, channels]")
    };
    let permuted = |bounds: &[f32]| {
        let mut permuted = vec![0.0; bounds.len()];
        transpose(bounds, &mut permuted, channels);
        permuted
    };
    let (low, high) = (permuted(low), permuted(high));
    (Space::Box { shape: vec![channels, height, width], low, high }, channels)
}

/// Writes `[pixels, channels]` as `[channels, pixels]`.
fn transpose<O: Element>(image: &[O], planes: &mut [O], channels: usize) {
    assert_eq!(planes.len(), image.len(), "an observation of another length");
    for (channel, plane) in planes.chunks_exact_mut(image.len() / channels).enumerate() {
        for (place, &value) in plane.iter_mut().zip(image[channel..].iter().step_by(channels)) {
            *place = value;
        }
    }
}

fn transpose_rows<O: Element>(images: &[O], rows: &mut [O], row_len: usize, channels: usize) {
    for (image, planes) in images.chunks_exact(row_len).zip(rows.chunks_exact_mut(row_len)) {
        transpose(image, planes, channels);
    }
}
