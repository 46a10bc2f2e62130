//! The contract of [`Env`], as a test.

use std::fmt;

use crate::caught_panic::catch_panic;
use crate::env::{Env, Step};
use crate::error::EnvError;
use crate::number::Number;
use crate::numpy_rng::NumpyRng;
use crate::space::Space;

/// Plays episodes with random legal actions and checks the contract of [`Env`]. Call it in the tests of an environment, so
/// that a bug of the environment is not mistaken for one of the learner.
///
/// The first three episodes have different seeds and the same actions, which shows whether a seed has an effect; every
/// further episode has its own actions. At least 6 episodes are played, and up to 100 until there are 500 steps and every
/// action that was legal has been taken. The components of a continuous action are drawn within their bounds, and now and
/// then at a bound.
///
/// It checks that
/// - an observation is written completely, is finite (or infinite where its bound is), and lies in its space;
/// - a reward is finite;
/// - the same seed and actions give the same observations, rewards and flags, and so does the unseeded reset after them;
/// - a mask has one flag for each choice, and at least one is legal while the episode continues;
/// - a restored state continues as the original did;
/// - nothing panics.
///
/// Findings that may be intentional are [`Warning`]s in the report, the first of each kind: seeds without an effect, an
/// episode that does not end, a step that is terminated and truncated, a state that cannot be saved.
///
/// ```
/// use agilerl_env::{CartPole, TimeLimit, check_env};
/// let report = check_env(&mut TimeLimit::new(CartPole::new(), 500))?;
/// assert!(report.warnings.is_empty(), "{:?}", report.warnings);
/// # Ok::<(), agilerl_env::CheckError>(())
/// ```
///
/// # Errors
/// The first violation of the contract, with its place and its values.
pub fn check_env<E: Env + ?Sized>(env: &mut E) -> Result<CheckReport, CheckError> {
    let mut check = Check::new(env)?;
    let mut report = CheckReport::default();
    let mut same_actions = Vec::new();
    for seed in SEEDS {
        let tape = check.record(seed, 0)?;
        check.judge(&tape, &mut report)?;
        same_actions.push(tape);
    }
    if same_actions.windows(2).all(|pair| pair[0].is_same_episode(&pair[1])) {
        report.warn(Warning::SeedIgnored { seeds: SEEDS });
    }
    while report.episodes < EPISODES.start
        || report.episodes < EPISODES.end && (report.env_steps < STEPS || check.has_untried_actions())
    {
        let tape = check.record(report.episodes, report.episodes)?;
        check.judge(&tape, &mut report)?;
    }
    Ok(report)
}

/// Seeds of the episodes with the same actions; further episodes have the following seeds.
const SEEDS: [u64; 3] = [0, 1, 2];
/// Minimum and maximum number of episodes.
const EPISODES: std::ops::Range<u64> = 6..100;
/// Minimum number of steps, unless the episodes are too many.
const STEPS: u64 = 500;

/// The report of [`check_env`] on an environment that keeps the contract.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckReport {
    /// Number of episodes, each of which was played twice.
    pub episodes: u64,
    /// Number of their steps.
    pub env_steps: u64,
    /// Findings that may be intentional, the first of each kind.
    pub warnings: Vec<Warning>,
}

impl CheckReport {
    fn warn(&mut self, warning: Warning) {
        let kind = std::mem::discriminant(&warning);
        if self.warnings.iter().all(|known| std::mem::discriminant(known) != kind) {
            self.warnings.push(warning);
        }
    }
}

/// A finding that does not violate the contract but is often a mistake.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// All seeds gave the same episode under the same actions.
    SeedIgnored {
        /// The seeds tried.
        seeds: [u64; 3],
    },
    /// An episode did not end within the steps that were tried.
    NoEnd {
        /// Its seed.
        seed: u64,
        /// Steps taken.
        steps: u64,
    },
    /// A step was terminated and truncated. That is correct where the task ends in the last step before a time limit.
    BothFlags {
        /// Seed of the episode.
        seed: u64,
        /// The step, counted from 1.
        step: u64,
    },
    /// The environment cannot be saved, because `save` is not implemented: a run on it keeps no checkpoints.
    StateNotSaved,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SeedIgnored { seeds } => {
                write!(f, "seeds {seeds:?} give the same episode: does `reset` use its seed?")
            }
            Self::NoEnd { seed, steps } => {
                write!(f, "the episode of seed {seed} had not ended after {steps} steps: does it need a `TimeLimit`?")
            }
            Self::BothFlags { seed, step } => write!(
                f,
                "step {step} of the episode of seed {seed} is terminated and truncated: truncation is for an end from \
                 outside the task"
            ),
            Self::StateNotSaved => {
                write!(
                    f,
                    "it cannot be saved: `save` and `restore` are not implemented, so a run on it keeps no checkpoints and \
                     cannot be resumed"
                )
            }
        }
    }
}

/// A violation of the contract, with its place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{env}, {} of seed {seed}: {fault}", place(*step))]
pub struct CheckError {
    /// Name of the environment.
    pub env: String,
    /// Seed of the episode.
    pub seed: u64,
    /// Steps taken in the episode, including the one at fault; 0 is the reset.
    pub step: u64,
    /// The violation.
    pub fault: Fault,
}

fn place(step: u64) -> String {
    if step == 0 { "reset".to_owned() } else { format!("step {step} of the episode") }
}

/// The kinds of violations.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A space has another number of bounds than of elements.
    #[error("the {which} space of shape {shape:?} has {low} lower and {high} upper bounds")]
    Space {
        /// `"observation"` or `"action"`.
        which: &'static str,
        /// Its shape.
        shape: Vec<usize>,
        /// Number of lower bounds.
        low: usize,
        /// Number of upper bounds.
        high: usize,
    },
    /// An element of the observation was not written.
    #[error("element {element} of the observation is not written")]
    NotWritten {
        /// Its index.
        element: usize,
    },
    /// An element of the observation is NaN, or infinite where its bound is finite.
    #[error("element {element} of the observation is {value}")]
    NotFinite {
        /// Its index.
        element: usize,
        /// Its value.
        value: f64,
    },
    /// An element of the observation lies beyond its bounds.
    #[error("element {element} of the observation is {value}, outside of its bounds [{low}, {high}]")]
    OutOfBounds {
        /// Its index.
        element: usize,
        /// Its value.
        value: f64,
        /// Lower bound.
        low: f32,
        /// Upper bound.
        high: f32,
    },
    /// A discrete observation is not the index of a choice.
    #[error("the observation {value} is not an index below {n}")]
    NotAnIndex {
        /// Its value.
        value: f64,
        /// Number of choices.
        n: usize,
    },
    /// A reward is infinite or NaN.
    #[error("the reward is {value}")]
    Reward {
        /// Its value.
        value: f64,
    },
    /// A mask does not have one flag for each choice.
    #[error("the action mask has {len} flags for {n} choices{}", if *n == 0 { " (the actions are continuous)" } else { "" })]
    MaskLength {
        /// Its length.
        len: usize,
        /// Number of choices; 0 for continuous actions.
        n: usize,
    },
    /// A mask leaves no choice although the episode continues.
    #[error("the action mask leaves no action legal")]
    NoLegalAction,
    /// An observation differs from the first time.
    #[error("{again}, element {element} of the observation is {second}, not {first}")]
    OtherObservation {
        /// The kind of the second playing.
        again: ReplayOf,
        /// Index of the element.
        element: usize,
        /// Its value the first time.
        first: f64,
        /// Its value the second time.
        second: f64,
    },
    /// A reward or a flag differs from the first time.
    #[error("{again}, the step gives {second:?}, not {first:?}")]
    OtherStep {
        /// The kind of the second playing.
        again: ReplayOf,
        /// The step the first time.
        first: Step,
        /// The step the second time.
        second: Step,
    },
    /// Saving or restoring failed.
    #[error("{0}")]
    State(Box<EnvError>),
    /// The environment panicked.
    #[error("it panics: {message}")]
    Panicked {
        /// The panic's message, and where it was.
        message: String,
    },
}

/// The kind of a second playing, which must equal the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayOf {
    /// From the same seed, with the same actions.
    SameSeed,
    /// From a restored state, with the same actions.
    Restored,
}

impl fmt::Display for ReplayOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameSeed => write!(f, "played again with the same seed and actions"),
            Self::Restored => write!(f, "played again from a restored state"),
        }
    }
}

/// An environment under check, and the state of the check.
struct Check<'a, E: Env + ?Sized> {
    env: &'a mut E,
    observation: Space,
    action: Space,
    /// Whether each choice has been taken; `None` before it was legal.
    tried: Vec<Option<bool>>,
    max_steps: usize,
    /// Seed and step of the current episode, for errors.
    seed: u64,
    step: u64,
}

/// A recorded episode. The rows of observations are those of the reset, of every step, and of the unseeded reset after
/// the last step.
struct Tape<O, A> {
    seed: u64,
    obs: Vec<O>,
    steps: Vec<Step>,
    actions: Vec<Vec<A>>,
}

impl<O: PartialEq, A> Tape<O, A> {
    fn ended(&self) -> bool {
        self.steps.last().is_some_and(Step::ended)
    }

    fn is_same_episode(&self, other: &Self) -> bool {
        self.steps == other.steps && self.obs == other.obs
    }
}

/// Two numbers of every element type. An element that keeps the first in one run and the second in another is not written.
const FILLS: [f64; 2] = [165.0, 90.0];

impl<'a, E: Env + ?Sized> Check<'a, E> {
    fn new(env: &'a mut E) -> Result<Self, CheckError> {
        let (observation, action) = (env.observation_space().clone(), env.action_space().clone());
        // Limits the memory that an episode of pixels takes.
        let max_steps = (2_000_000 / observation.row_len().max(1)).clamp(100, 10_000);
        let tried = vec![None; action.choices().unwrap_or(0)];
        let check = Self { env, observation, action, tried, max_steps, seed: SEEDS[0], step: 0 };
        for (which, space) in [("observation", &check.observation), ("action", &check.action)] {
            if let Space::Box { shape, low, high } = space
                && (low.len() != space.row_len() || high.len() != space.row_len())
            {
                let shape = shape.clone();
                return Err(check.fault(Fault::Space { which, shape, low: low.len(), high: high.len() }));
            }
        }
        Ok(check)
    }

    /// Replays an episode from its start and from its middle, and adds its warnings to the report.
    fn judge(&mut self, tape: &Tape<E::Obs, E::Action>, report: &mut CheckReport) -> Result<(), CheckError> {
        self.replay(tape)?;
        if !self.resume(tape)? {
            report.warn(Warning::StateNotSaved);
        }
        let (seed, steps) = (tape.seed, tape.steps.len() as u64);
        report.episodes += 1;
        report.env_steps += steps;
        if !tape.ended() {
            report.warn(Warning::NoEnd { seed, steps });
        }
        if let Some(at) = tape.steps.iter().position(|step| step.terminated && step.truncated) {
            report.warn(Warning::BothFlags { seed, step: at as u64 + 1 });
        }
        Ok(())
    }

    /// Plays and records an episode with random legal actions, which are the same for the same `draws`.
    fn record(&mut self, seed: u64, draws: u64) -> Result<Tape<E::Obs, E::Action>, CheckError> {
        let mut rng = NumpyRng::new(draws);
        let mut tape = Tape { seed, obs: Vec::new(), steps: Vec::new(), actions: Vec::new() };
        tape.obs.extend(self.reset(Some(seed), FILLS[0])?);
        while tape.steps.len() < self.max_steps && !tape.ended() {
            // The three episodes with the same actions ignore `tried`, which depends on the episodes before.
            let action = self.draw_action(&mut rng, draws > 0)?;
            let (step, obs) = self.step(&action, FILLS[0])?;
            tape.actions.push(action);
            tape.steps.push(step);
            tape.obs.extend(obs);
        }
        tape.obs.extend(self.reset(None, FILLS[0])?);
        Ok(tape)
    }

    /// Replays it from the same seed.
    fn replay(&mut self, tape: &Tape<E::Obs, E::Action>) -> Result<(), CheckError> {
        let obs = self.reset(Some(tape.seed), FILLS[1])?;
        self.compare_obs(tape, 0, &obs, ReplayOf::SameSeed)?;
        self.go_on(tape, 0, ReplayOf::SameSeed)
    }

    /// Saves in the middle, plays to the end, restores and plays to the end again. Returns `false` if the environment does
    /// not save its state.
    fn resume(&mut self, tape: &Tape<E::Obs, E::Action>) -> Result<bool, CheckError> {
        let half = tape.steps.len() / 2;
        self.reset(Some(tape.seed), FILLS[1])?;
        for action in &tape.actions[..half] {
            self.step(action, FILLS[1])?;
        }
        let saved = match self.env.save() {
            Err(EnvError::StateNotSaved { .. }) => return Ok(false),
            saved => saved.map_err(|e| self.fault(Fault::State(Box::new(e))))?,
        };
        self.go_on(tape, half, ReplayOf::SameSeed)?;
        self.env.restore(&saved).map_err(|e| self.fault(Fault::State(Box::new(e))))?;
        self.seed = tape.seed;
        self.step = half as u64;
        self.go_on(tape, half, ReplayOf::Restored)?;
        Ok(true)
    }

    /// Replays the tape from step `from` to its end and compares.
    fn go_on(&mut self, tape: &Tape<E::Obs, E::Action>, from: usize, again: ReplayOf) -> Result<(), CheckError> {
        for t in from..tape.steps.len() {
            let (step, obs) = self.step(&tape.actions[t], FILLS[1])?;
            self.compare_obs(tape, t + 1, &obs, again)?;
            let first = tape.steps[t];
            if !first.reward.is_finite() {
                return Err(self.fault(Fault::Reward { value: first.reward }));
            }
            if step != first {
                return Err(self.fault(Fault::OtherStep { again, first, second: step }));
            }
        }
        let obs = self.reset(None, FILLS[1])?;
        self.compare_obs(tape, tape.steps.len() + 1, &obs, again)
    }

    fn compare_obs(
        &self,
        tape: &Tape<E::Obs, E::Action>,
        row: usize,
        obs: &[E::Obs],
        again: ReplayOf,
    ) -> Result<(), CheckError> {
        for (element, second) in obs.iter().enumerate() {
            let (first, second) = (tape.obs[row * obs.len() + element].to_f64(), second.to_f64());
            if [first, second] == FILLS {
                return Err(self.fault(Fault::NotWritten { element }));
            }
            self.check_element(element, first).map_err(|fault| self.fault(fault))?;
            if first != second {
                return Err(self.fault(Fault::OtherObservation { again, element, first, second }));
            }
        }
        Ok(())
    }

    fn check_element(&self, element: usize, value: f64) -> Result<(), Fault> {
        match &self.observation {
            Space::Discrete { n } => {
                let is_index = value >= 0.0 && value < *n as f64 && value.fract() == 0.0;
                if is_index { Ok(()) } else { Err(Fault::NotAnIndex { value, n: *n }) }
            }
            Space::Box { low, high, .. } => {
                let (low, high) = (low[element], high[element]);
                if !value.is_finite() && value != f64::from(low) && value != f64::from(high) {
                    Err(Fault::NotFinite { element, value })
                } else if value < f64::from(low) || value > f64::from(high) {
                    Err(Fault::OutOfBounds { element, value, low, high })
                } else {
                    Ok(())
                }
            }
        }
    }

    fn has_untried_actions(&self) -> bool {
        self.tried.contains(&Some(false))
    }

    /// Draws a legal action; with `new`, one that was never taken if there is one.
    fn draw_action(&mut self, rng: &mut NumpyRng, new: bool) -> Result<Vec<E::Action>, CheckError> {
        match &self.action {
            Space::Discrete { n } => {
                let mask = self.env.action_mask();
                let mut legal: Vec<usize> = (0..*n).filter(|&choice| mask.is_none_or(|mask| mask[choice])).collect();
                for &choice in &legal {
                    self.tried[choice].get_or_insert(false);
                }
                if new && legal.iter().any(|&choice| self.tried[choice] == Some(false)) {
                    legal.retain(|&choice| self.tried[choice] == Some(false));
                }
                let choice = legal[rng.integers(0, legal.len() as i64) as usize];
                self.tried[choice] = Some(true);
                Ok(vec![E::Action::from_f64(choice as f64)])
            }
            Space::Box { low, high, .. } => {
                let component = |(&low, &high): (&f32, &f32)| {
                    let (mut low, mut high) = (f64::from(low), f64::from(high));
                    if !(high - low).is_finite() {
                        (low, high) = ((-1.0_f64).clamp(low, high), 1.0_f64.clamp(low, high));
                    }
                    let drawn = match rng.integers(0, 8) {
                        0 => low,
                        1 => high,
                        _ => rng.uniform(low, high),
                    };
                    E::Action::from_f64(drawn)
                };
                Ok(low.iter().zip(high).map(component).collect())
            }
        }
    }

    fn reset(&mut self, seed: Option<u64>, fill: f64) -> Result<Vec<E::Obs>, CheckError> {
        self.seed = seed.unwrap_or(self.seed);
        self.step = 0;
        let mut obs = vec![E::Obs::from_f64(fill); self.observation.row_len()];
        let env = &mut *self.env;
        catch_panic(|| env.reset(seed, &mut obs))
            .map_err(|panic| self.fault(Fault::Panicked { message: panic.to_string() }))?;
        self.check_mask(false)?;
        Ok(obs)
    }

    fn step(&mut self, action: &[E::Action], fill: f64) -> Result<(Step, Vec<E::Obs>), CheckError> {
        self.step += 1;
        let mut obs = vec![E::Obs::from_f64(fill); self.observation.row_len()];
        let env = &mut *self.env;
        let step = catch_panic(|| env.step(action, &mut obs))
            .map_err(|panic| self.fault(Fault::Panicked { message: panic.to_string() }))?;
        self.check_mask(step.terminated)?;
        Ok((step, obs))
    }

    /// Checks the mask. If the task is `over`, no action need be legal.
    fn check_mask(&self, over: bool) -> Result<(), CheckError> {
        let (Some(mask), n) = (self.env.action_mask(), self.tried.len()) else { return Ok(()) };
        if mask.len() != n {
            return Err(self.fault(Fault::MaskLength { len: mask.len(), n }));
        }
        if !over && !mask.contains(&true) {
            return Err(self.fault(Fault::NoLegalAction));
        }
        Ok(())
    }

    fn fault(&self, fault: Fault) -> CheckError {
        CheckError { env: self.env.name().to_owned(), seed: self.seed, step: self.step, fault }
    }
}
