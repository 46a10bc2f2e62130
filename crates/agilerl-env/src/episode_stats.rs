//! Returns and lengths of episodes.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::vec_env::VecStep;

/// Returns and lengths of the last completed episodes of a vector environment, and counts of steps and episodes.
///
/// Only completed episodes enter a mean. Recording allocates nothing.
///
/// ```
/// use agilerl_env::{EpisodeStats, SyncVec, FrozenLake, VecEnv};
/// let mut envs = SyncVec::from_fn(2, |_lane| FrozenLake::new(false));
/// let mut stats = EpisodeStats::new(envs.num_envs(), 100);
/// envs.reset(Some(1));
/// // Lane 0 walks to the goal, lane 1 into the hole at 5 and starts again.
/// for actions in [[1, 1], [1, 2], [2, 0], [1, 0], [2, 0], [2, 0]] {
///     let step = envs.step(&actions)?;
///     for episode in stats.record(&step) {
///         println!("lane {} ended with {}", episode.lane, episode.total);
///     }
/// }
/// assert_eq!((stats.env_steps(), stats.episodes()), (12, 2));
/// assert_eq!(stats.mean_return(), Some(0.5));
/// assert_eq!(stats.mean_length(), Some(4.0)); // (2 + 6) / 2
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeStats {
    running: Vec<Running>,
    ended: Vec<Episode>,
    recent: VecDeque<Episode>,
    window: usize,
    env_steps: u64,
    episodes: u64,
}

/// A completed episode.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// Its lane.
    pub lane: usize,
    /// Its return, the undiscounted sum of its rewards.
    pub total: f64,
    /// Its number of steps.
    pub length: u64,
    /// Whether its task ended.
    pub terminated: bool,
    /// Whether a limit stopped it.
    pub truncated: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Running {
    total: f64,
    length: u64,
}

impl EpisodeStats {
    /// Returns empty statistics of `num_envs` lanes. Means are taken over the last `window` episodes.
    ///
    /// # Panics
    /// If `window` is 0.
    pub fn new(num_envs: usize, window: usize) -> Self {
        assert!(window > 0, "the window of a mean is at least 1 episode");
        Self {
            running: vec![Running::default(); num_envs],
            ended: Vec::with_capacity(num_envs),
            recent: VecDeque::with_capacity(window),
            window,
            env_steps: 0,
            episodes: 0,
        }
    }

    /// Records one step of all lanes and returns the episodes that it ended, in the order of the lanes.
    ///
    /// # Panics
    /// If the step has another number of lanes.
    pub fn record<O>(&mut self, step: &VecStep<'_, O>) -> &[Episode] {
        assert_eq!(step.rewards.len(), self.running.len(), "the step has another number of lanes");
        self.env_steps += step.rewards.len() as u64;
        self.ended.clear();
        for (lane, running) in self.running.iter_mut().enumerate() {
            running.total += step.rewards[lane];
            running.length += 1;
            let (terminated, truncated) = (step.terminated[lane], step.truncated[lane]);
            if terminated || truncated {
                let Running { total, length } = std::mem::take(running);
                self.ended.push(Episode { lane, total, length, terminated, truncated });
            }
        }
        for &episode in &self.ended {
            if self.recent.len() == self.window {
                self.recent.pop_front();
            }
            self.recent.push_back(episode);
        }
        self.episodes += self.ended.len() as u64;
        &self.ended
    }

    /// The episodes that ended in the latest step.
    pub fn ended(&self) -> &[Episode] {
        &self.ended
    }

    /// Discards the running episodes, for a reset of the lanes by hand. Counts and means stay.
    pub fn restart(&mut self) {
        self.running.fill(Running::default());
    }

    /// Returns the number of transitions recorded over all lanes: a step of 16 lanes counts 16.
    pub fn env_steps(&self) -> u64 {
        self.env_steps
    }

    /// Returns the number of lanes.
    pub fn lanes(&self) -> usize {
        self.running.len()
    }

    /// Returns the steps taken in the running episode of a lane.
    ///
    /// # Panics
    /// If the lane does not exist.
    pub fn steps_of(&self, lane: usize) -> u64 {
        self.running[lane].length
    }

    /// Returns the number of completed episodes.
    pub fn episodes(&self) -> u64 {
        self.episodes
    }

    /// Returns the last completed episodes, oldest first, at most the window.
    pub fn recent(&self) -> impl ExactSizeIterator<Item = &Episode> {
        self.recent.iter()
    }

    /// Returns the mean return of the last completed episodes; `None` before the first.
    pub fn mean_return(&self) -> Option<f64> {
        self.mean(|episode| episode.total)
    }

    /// Returns the mean length of the last completed episodes, in steps; `None` before the first.
    pub fn mean_length(&self) -> Option<f64> {
        self.mean(|episode| episode.length as f64)
    }

    fn mean(&self, value: impl Fn(&Episode) -> f64) -> Option<f64> {
        (!self.recent.is_empty()).then(|| self.recent.iter().map(value).sum::<f64>() / self.recent.len() as f64)
    }
}
