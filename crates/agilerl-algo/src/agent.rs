//! The trait of agents.

use agilerl_hpo::StreamRng;

/// Chooses actions of the number `C` for observations of the number `O`.
pub trait Agent<O, C> {
    /// Chooses one action for each row of observations.
    ///
    /// `obs` is `[rows, obs_len]`, `actions` is `[rows, action_len]`; `masks`, `[rows, choices]`, says which choices are
    /// legal: an illegal one is never chosen, neither greedily nor at random.
    ///
    /// # Panics
    /// If lengths do not fit, or a mask leaves no choice.
    fn act(&mut self, obs: &[O], masks: Option<&[bool]>, mode: Mode, rng: &mut StreamRng, actions: &mut [C]);
}

/// The purpose of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Collecting experience: every lane explores for itself.
    Explore {
        /// Environment steps that the individual and its ancestors have taken.
        clock: u64,
    },
    /// Evaluation or use: no exploration.
    Greedy,
}

/// The arguments of [`Agent::act`].
pub struct ActRequest<'a, O, C> {
    /// `[rows, obs_len]`.
    pub obs: &'a [O],
    /// `[rows, choices]`: which choices are legal.
    pub masks: Option<&'a [bool]>,
    /// The purpose of the actions.
    pub mode: Mode,
    /// For exploration.
    pub rng: &'a mut StreamRng,
    /// `[rows, action_len]`: the actions are written here.
    pub actions: &'a mut [C],
}
