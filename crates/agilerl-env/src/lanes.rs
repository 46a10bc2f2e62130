//! The environments of a vector environment, called lanes.

pub(crate) mod sync_vec;
pub(crate) mod thread_vec;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::caught_panic::catch_panic;
use crate::env::Env;
use crate::error::EnvError;
use crate::number::Element;
use crate::saved_state::{self, decode_state, encode_state};
use crate::vec_env::VecStep;

/// Consecutive lanes that one thread steps, with their buffers. A vector environment has one of these for each thread.
pub(crate) struct Lanes<E: Env> {
    envs: Vec<E>,
    /// Index of the first lane in the whole vector environment.
    first: usize,
    pub(crate) actions: Vec<E::Action>,
    pub(crate) rows: Rows<E::Obs>,
    progress: Vec<Progress>,
    /// Whether a reset or a restore has started episodes.
    started: bool,
    failure: Option<EnvError>,
    obs_len: usize,
    action_len: usize,
    choices: usize,
}

/// The result of a step. Every field is `[lanes]` or `[lanes, ..]`.
pub(crate) struct Rows<O> {
    pub(crate) obs: Vec<O>,
    pub(crate) next_obs: Vec<O>,
    pub(crate) rewards: Vec<f64>,
    pub(crate) terminated: Vec<bool>,
    pub(crate) truncated: Vec<bool>,
    /// Legal choices in `obs` and in `next_obs`, `[lanes, n]`; empty for continuous actions.
    pub(crate) masks: Vec<bool>,
    pub(crate) next_masks: Vec<bool>,
    /// Whether an environment has ever given a mask.
    pub(crate) masked: bool,
}

/// Position of a lane in its episodes, for errors.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) seed: Option<u64>,
    pub(crate) episode: u64,
    pub(crate) step: u64,
}

/// The saved state of a lane.
#[derive(Serialize, Deserialize)]
#[serde(bound = "O: Element")]
pub(crate) struct SavedLane<O> {
    pub(crate) env: Vec<u8>,
    pub(crate) obs: Vec<O>,
    pub(crate) progress: Progress,
}

impl<E: Env> Lanes<E> {
    pub(crate) fn new(envs: Vec<E>, first: usize) -> Self {
        let lanes = envs.len();
        assert!(lanes > 0, "a vector environment needs at least one lane");
        let (observation, action) = (envs[0].observation_space().clone(), envs[0].action_space().clone());
        for env in &envs {
            assert_eq!(env.observation_space(), &observation, "the lanes differ in their observation space");
            assert_eq!(env.action_space(), &action, "the lanes differ in their action space");
        }
        Self {
            envs,
            first,
            actions: vec![E::Action::default(); lanes * action.row_len()],
            rows: Rows::new(lanes, observation.row_len(), action.choices().unwrap_or(0)),
            progress: vec![Progress::default(); lanes],
            started: false,
            failure: None,
            obs_len: observation.row_len(),
            action_len: action.row_len(),
            choices: action.choices().unwrap_or(0),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.envs.len()
    }

    /// Returns one of the environments. All have the same name and spaces.
    pub(crate) fn env(&self) -> &E {
        &self.envs[0]
    }

    /// Returns the index of the first lane in the whole vector environment.
    pub(crate) fn first(&self) -> usize {
        self.first
    }

    /// Returns rows of this shape, filled with defaults.
    pub(crate) fn new_rows(&self) -> Rows<E::Obs> {
        Rows::new(self.len(), self.obs_len, self.choices)
    }

    pub(crate) fn into_envs(self) -> Vec<E> {
        self.envs
    }

    /// # Panics
    /// If there is no episode to step.
    pub(crate) fn assert_started(&self) {
        assert!(self.started, "reset was never called: there is no episode to step");
    }

    pub(crate) fn failure(&self) -> Option<&EnvError> {
        self.failure.as_ref()
    }

    /// Starts an episode in every lane. `seed` takes the index in the whole vector environment.
    pub(crate) fn reset(&mut self, seed: impl Fn(usize) -> Option<u64>) {
        self.started = true;
        self.failure = None;
        self.for_each_lane(|lanes, i| {
            let seed = seed(lanes.first + i);
            lanes.progress[i] = match seed {
                Some(_) => Progress { seed, ..Progress::default() },
                None => Progress { step: 0, ..lanes.progress[i] },
            };
            lanes.envs[i].reset(seed, row_mut(&mut lanes.rows.obs, i, lanes.obs_len));
            lanes.note_mask(i, false);
        });
        self.begin();
    }

    /// Steps every lane with its row of `actions`.
    pub(crate) fn step(&mut self) {
        self.assert_started();
        self.for_each_lane(|lanes, i| {
            let Lanes { envs, rows, progress, actions, obs_len, action_len, .. } = lanes;
            let next_obs = row_mut(&mut rows.next_obs, i, *obs_len);
            let obs = row_mut(&mut rows.obs, i, *obs_len);
            let step = envs[i].step(row(actions, i, *action_len), next_obs);
            rows.rewards[i] = step.reward;
            rows.terminated[i] = step.terminated;
            rows.truncated[i] = step.truncated;
            progress[i].step += 1;
            obs.copy_from_slice(next_obs);
            lanes.note_mask(i, step.terminated);
            let Lanes { rows, choices, .. } = lanes;
            row_mut(&mut rows.next_masks, i, *choices).copy_from_slice(row(&rows.masks, i, *choices));
            if step.ended() {
                lanes.progress[i].episode += 1;
                lanes.progress[i].step = 0;
                // No seed: the generator continues its sequence, as in Gymnasium's autoreset.
                lanes.envs[i].reset(None, row_mut(&mut lanes.rows.obs, i, lanes.obs_len));
                lanes.note_mask(i, false);
            }
        });
    }

    pub(crate) fn save(&self, saved: &mut SavedLanes<E::Obs>) -> Result<(), EnvError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        for (i, env) in self.envs.iter().enumerate() {
            let obs = row(&self.rows.obs, i, self.obs_len).to_vec();
            saved.lanes.push(SavedLane { env: env.save()?, obs, progress: self.progress[i] });
        }
        Ok(())
    }

    /// Restores these lanes from the saved state of the whole vector environment.
    pub(crate) fn restore(&mut self, saved: &SavedLanes<E::Obs>) -> Result<(), EnvError> {
        self.started = false;
        self.failure = None;
        for (i, lane) in saved.lanes[self.first..][..self.len()].iter().enumerate() {
            self.envs[i].restore(&lane.env)?;
            let obs = row_mut(&mut self.rows.obs, i, self.obs_len);
            if lane.obs.len() != obs.len() {
                let why = format!("an observation of {} elements instead of {}", lane.obs.len(), obs.len());
                return Err(saved_state::bad(self.env().name(), saved.bytes, why));
            }
            obs.copy_from_slice(&lane.obs);
            self.progress[i] = lane.progress;
            self.note_mask(i, false);
        }
        self.begin();
        self.started = true;
        Ok(())
    }

    /// Sets the successors to the observations, so that no row is older than the reset.
    fn begin(&mut self) {
        self.rows.next_obs.copy_from_slice(&self.rows.obs);
        self.rows.next_masks.copy_from_slice(&self.rows.masks);
    }

    /// Calls `work` for every lane. The first panic is stored as the failure. The lanes behind it are still processed, so
    /// that the state of a lane does not depend on the number of threads.
    fn for_each_lane(&mut self, work: impl Fn(&mut Self, usize)) {
        let mut next = 0;
        while next < self.len() {
            // A panic leaves only its own lane half changed, and the failure keeps it from being stepped before a reset.
            let outcome = catch_panic(|| {
                while next < self.len() {
                    next += 1;
                    work(self, next - 1);
                }
            });
            if let Err(panic) = outcome {
                self.fail(next - 1, |env, lane, Progress { seed, episode, step }| {
                    let message = panic.to_string();
                    EnvError::Lane { env, lane, seed, episode, step, message }
                });
            }
        }
    }

    /// Stores the failure of a lane if it is the first one.
    #[cold]
    fn fail(&mut self, i: usize, failure: impl FnOnce(String, usize, Progress) -> EnvError) {
        let (env, lane, progress) = (self.env().name().to_owned(), self.first + i, self.progress[i]);
        self.failure.get_or_insert_with(|| failure(env, lane, progress));
    }

    /// Copies the action mask of a lane. It may be all false if the task is `over`.
    fn note_mask(&mut self, i: usize, over: bool) {
        let mask = row_mut(&mut self.rows.masks, i, self.choices);
        let wrong = match self.envs[i].action_mask() {
            Some(legal) if legal.len() != mask.len() => format!("has {} flags for {} choices", legal.len(), mask.len()),
            Some(legal) if !over && !legal.contains(&true) => "leaves no action legal".to_owned(),
            Some(legal) => {
                mask.copy_from_slice(legal);
                self.rows.masked = true;
                return;
            }
            None => {
                if self.rows.masked {
                    mask.fill(true);
                }
                return;
            }
        };
        self.fail(i, |env, lane, Progress { seed, episode, step }| EnvError::Mask {
            env,
            lane,
            seed,
            episode,
            step,
            wrong,
        });
    }
}

/// The saved lanes of a whole vector environment. The bytes do not depend on the number of threads.
pub(crate) struct SavedLanes<O> {
    pub(crate) lanes: Vec<SavedLane<O>>,
    bytes: usize,
}

impl<O: Element> SavedLanes<O> {
    pub(crate) fn empty() -> Self {
        Self { lanes: Vec::new(), bytes: 0 }
    }

    pub(crate) fn encode(&self, env: &str) -> Result<Vec<u8>, EnvError> {
        encode_state(env, &self.lanes)
    }

    pub(crate) fn decode(env: &str, num_envs: usize, bytes: &[u8]) -> Result<Self, EnvError> {
        let lanes: Vec<SavedLane<O>> = decode_state(env, bytes)?;
        if lanes.len() != num_envs {
            return Err(saved_state::bad(env, bytes.len(), format!("{} lanes instead of {num_envs}", lanes.len())));
        }
        Ok(Self { lanes, bytes: bytes.len() })
    }
}

impl<O: Element> Rows<O> {
    pub(crate) fn new(lanes: usize, obs_len: usize, choices: usize) -> Self {
        Self {
            obs: vec![O::default(); lanes * obs_len],
            next_obs: vec![O::default(); lanes * obs_len],
            rewards: vec![0.0; lanes],
            terminated: vec![false; lanes],
            truncated: vec![false; lanes],
            masks: vec![true; lanes * choices],
            next_masks: vec![true; lanes * choices],
            masked: false,
        }
    }

    pub(crate) fn masks(&self) -> Option<&[bool]> {
        self.masked.then_some(&self.masks)
    }

    pub(crate) fn as_step(&self) -> VecStep<'_, O> {
        VecStep {
            obs: &self.obs,
            next_obs: &self.next_obs,
            rewards: &self.rewards,
            terminated: &self.terminated,
            truncated: &self.truncated,
            next_action_masks: self.masked.then_some(&self.next_masks),
        }
    }

    /// Overwrites the rows from lane `first` on with `part`.
    pub(crate) fn gather(&mut self, part: &Self, first: usize) {
        fn put<T: Copy>(all: &mut [T], part: &[T], lanes: Range<usize>) {
            let len = part.len() / lanes.len();
            all[lanes.start * len..lanes.end * len].copy_from_slice(part);
        }
        let lanes = first..first + part.rewards.len();
        put(&mut self.obs, &part.obs, lanes.clone());
        put(&mut self.next_obs, &part.next_obs, lanes.clone());
        put(&mut self.rewards, &part.rewards, lanes.clone());
        put(&mut self.terminated, &part.terminated, lanes.clone());
        put(&mut self.truncated, &part.truncated, lanes.clone());
        // Without masks both sides are all true and stay so.
        if part.masked {
            put(&mut self.masks, &part.masks, lanes.clone());
            put(&mut self.next_masks, &part.next_masks, lanes);
            self.masked = true;
        }
    }
}

/// Returns row `i` of rows of length `len`.
fn row<T>(rows: &[T], i: usize, len: usize) -> &[T] {
    &rows[i * len..][..len]
}

fn row_mut<T>(rows: &mut [T], i: usize, len: usize) -> &mut [T] {
    &mut rows[i * len..][..len]
}
