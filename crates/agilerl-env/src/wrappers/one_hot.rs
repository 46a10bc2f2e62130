//! Discrete observations as one-hot vectors.

use crate::env::{Env, Step, forward_env};
use crate::error::EnvError;
use crate::number::Element;
use crate::space::Space;
use crate::vec_env::{VecEnv, VecStep, forward_vec_env};

/// An environment whose discrete observation, one of `n`, becomes `n` numbers: 1 at its index, else 0.
///
/// ```
/// use agilerl_env::{Env, FrozenLake, OneHot, Space};
/// let mut env = OneHot::new(FrozenLake::new(false));
/// assert_eq!(env.observation_space().row_len(), 16);
/// let mut obs = [f32::NAN; 16];
/// env.reset(Some(1), &mut obs);
/// assert_eq!((obs[0], obs.iter().sum::<f32>()), (1.0, 1.0));
/// ```
#[derive(Clone, Debug)]
pub struct OneHot<E> {
    env: E,
    space: Space,
}

impl<E: Env> OneHot<E> {
    /// Encodes the observations of `env`.
    ///
    /// # Panics
    /// If the observations are not discrete.
    pub fn new(env: E) -> Self {
        let space = one_hot_space(env.name(), env.observation_space());
        Self { env, space }
    }

    /// Returns the wrapped environment.
    pub fn inner(&self) -> &E {
        &self.env
    }
}

impl<E: Env> Env for OneHot<E> {
    type Obs = E::Obs;
    type Action = E::Action;

    forward_env!(self => self.env; name action_space action_mask save restore);

    fn observation_space(&self) -> &Space {
        &self.space
    }

    fn reset(&mut self, seed: Option<u64>, obs: &mut [E::Obs]) {
        let mut index = [E::Obs::default()];
        self.env.reset(seed, &mut index);
        encode(&index, obs, self.space.row_len());
    }

    fn step(&mut self, action: &[E::Action], obs: &mut [E::Obs]) -> Step {
        let mut index = [E::Obs::default()];
        let step = self.env.step(action, &mut index);
        encode(&index, obs, self.space.row_len());
        step
    }
}

/// [`OneHot`] for all lanes of a vector environment at once.
///
/// [`one_hot`](crate::one_hot) applies it only if the observations are discrete.
pub struct OneHotVec<V: VecEnv> {
    envs: V,
    space: Space,
    obs: Vec<V::Obs>,
    next_obs: Vec<V::Obs>,
}

impl<V: VecEnv> OneHotVec<V> {
    /// Encodes the observations of `envs`.
    ///
    /// # Panics
    /// If the observations are not discrete.
    pub fn new(envs: V) -> Self {
        let space = one_hot_space(envs.name(), envs.observation_space());
        let rows = vec![V::Obs::default(); envs.num_envs() * space.row_len()];
        Self { envs, space, obs: rows.clone(), next_obs: rows }
    }

    /// Returns the wrapped vector environment.
    pub fn inner(&self) -> &V {
        &self.envs
    }
}

impl<V: VecEnv> VecEnv for OneHotVec<V> {
    type Obs = V::Obs;
    type Action = V::Action;

    forward_vec_env!(self => self.envs; name num_envs action_space action_masks save);

    fn observation_space(&self) -> &Space {
        &self.space
    }

    fn reset(&mut self, seed: Option<u64>) -> &[V::Obs] {
        encode(self.envs.reset(seed), &mut self.obs, self.space.row_len());
        &self.obs
    }

    fn reset_each(&mut self, seeds: &[u64]) -> &[V::Obs] {
        encode(self.envs.reset_each(seeds), &mut self.obs, self.space.row_len());
        &self.obs
    }

    fn obs(&self) -> &[V::Obs] {
        &self.obs
    }

    fn step(&mut self, actions: &[V::Action]) -> Result<VecStep<'_, V::Obs>, EnvError> {
        let step = self.envs.step(actions)?;
        encode(step.obs, &mut self.obs, self.space.row_len());
        encode(step.next_obs, &mut self.next_obs, self.space.row_len());
        Ok(VecStep { obs: &self.obs, next_obs: &self.next_obs, ..step })
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.envs.restore(state)?;
        encode(self.envs.obs(), &mut self.obs, self.space.row_len());
        Ok(())
    }
}

fn one_hot_space(name: &str, space: &Space) -> Space {
    let n = space.choices().unwrap_or_else(|| panic!("{name} has no discrete observation to encode, but {space:?}"));
    Space::bounded(&vec![0.0; n], &vec![1.0; n])
}

/// Writes every index as a row of `n` numbers.
fn encode<O: Element>(indices: &[O], rows: &mut [O], n: usize) {
    assert_eq!(rows.len(), indices.len() * n, "one row of {n} for each index");
    rows.fill(O::default());
    for (index, row) in indices.iter().zip(rows.chunks_exact_mut(n)) {
        let index = index.to_f64();
        assert!((0.0..n as f64).contains(&index), "observation {index} is not an index below {n}");
        row[index as usize] = O::from_f64(1.0);
    }
}
