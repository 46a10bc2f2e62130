//! A vector environment on several threads.

use std::thread::JoinHandle;

use crossbeam::channel::{Receiver, Sender, bounded};

use super::{Lanes, Rows, SavedLanes};
use crate::env::Env;
use crate::error::EnvError;
use crate::space::Space;
use crate::vec_env::{VecEnv, VecStep};

/// A vector environment that steps its lanes on a fixed number of threads, with the bits of [`SyncVec`](crate::SyncVec).
///
/// The lanes are cut into contiguous parts of nearly equal size, one for each thread. The caller's thread steps the first
/// part, so `threads - 1` threads are started; dropping the value joins them. The ownership of a part moves to its thread
/// and back: nothing is shared or locked, so the bits cannot depend on the number of threads.
///
/// The handover costs 1 to 10 us a step, so it pays off only where the step of a part takes longer. On two cores 16 lanes
/// of the lander ran 1.4 times as fast as on one, while CartPole (25 ns a step) was slower at any number of lanes.
///
/// A panic of an environment becomes [`EnvError::Lane`], and the threads continue.
///
/// ```
/// use agilerl_env::{CartPole, SyncVec, ThreadVec, VecEnv};
/// let mut one = SyncVec::from_fn(5, |_lane| CartPole::new());
/// let mut two = ThreadVec::from_fn(5, 2, |_lane| CartPole::new());
/// assert_eq!(one.reset(Some(1)), two.reset(Some(1)));
/// assert_eq!(one.step(&[1; 5])?.obs, two.step(&[1; 5])?.obs);
/// # Ok::<(), agilerl_env::EnvError>(())
/// ```
pub struct ThreadVec<E: Env + 'static> {
    parts: Vec<Part<E>>,
    /// The rows of all parts, one behind another.
    rows: Rows<E::Obs>,
}

/// The lanes of one thread. `lanes` is `None` only while the thread steps them.
struct Part<E: Env> {
    lanes: Option<Box<Lanes<E>>>,
    /// `None` for the part that the caller's thread steps.
    worker: Option<Worker<E>>,
}

struct Worker<E: Env> {
    /// Taken on drop: a closed channel ends the thread.
    work: Option<Sender<Box<Lanes<E>>>>,
    done: Receiver<Box<Lanes<E>>>,
    thread: Option<JoinHandle<()>>,
}

impl<E: Env + 'static> ThreadVec<E> {
    /// Returns a vector environment with one lane for each of `envs`, in their order, on at most `threads` threads: no more
    /// than there are lanes.
    ///
    /// # Panics
    /// If there is no environment or no thread, if their spaces differ, or if a thread cannot be started.
    pub fn new(envs: Vec<E>, threads: usize) -> Self {
        assert!(threads > 0, "a vector environment needs at least one thread");
        let whole = Lanes::new(envs, 0);
        let rows = whole.new_rows();
        let count = whole.len();
        let parts = threads.min(count);
        let mut envs = whole.into_envs().into_iter();
        let parts = (0..parts)
            .map(|part| {
                let (first, end) = (part * count / parts, (part + 1) * count / parts);
                let lanes = Lanes::new(envs.by_ref().take(end - first).collect(), first);
                Part { lanes: Some(Box::new(lanes)), worker: (part > 0).then(|| Worker::start(part)) }
            })
            .collect();
        Self { parts, rows }
    }

    /// Returns a vector environment of `lanes` lanes on `threads` threads. `build` makes an environment from the index of its
    /// lane.
    ///
    /// # Panics
    /// As [`new`](ThreadVec::new).
    pub fn from_fn(lanes: usize, threads: usize, build: impl FnMut(usize) -> E) -> Self {
        Self::new((0..lanes).map(build).collect(), threads)
    }

    fn reset_lanes(&mut self, seed: impl Fn(usize) -> Option<u64>) -> &[E::Obs] {
        for part in &mut self.parts {
            part.lanes_mut().reset(&seed);
        }
        self.gather();
        &self.rows.obs
    }

    fn gather(&mut self) {
        for part in &self.parts {
            let lanes = part.lanes();
            self.rows.gather(&lanes.rows, lanes.first());
        }
    }

    fn failure(&self) -> Option<&EnvError> {
        self.parts.iter().find_map(|part| part.lanes().failure())
    }
}

impl<E: Env> Part<E> {
    fn lanes(&self) -> &Lanes<E> {
        self.lanes.as_ref().expect("lanes are at home between steps")
    }

    fn lanes_mut(&mut self) -> &mut Lanes<E> {
        self.lanes.as_mut().expect("lanes are at home between steps")
    }
}

impl<E: Env + 'static> Worker<E> {
    fn start(part: usize) -> Self {
        let (work, todo) = bounded::<Box<Lanes<E>>>(1);
        let (finished, done) = bounded(1);
        let thread = std::thread::Builder::new()
            .name(format!("agilerl-env-{part}"))
            .spawn(move || {
                for mut lanes in todo {
                    lanes.step();
                    if finished.send(lanes).is_err() {
                        return;
                    }
                }
            })
            .expect("the system has a thread to give");
        Self { work: Some(work), done, thread: Some(thread) }
    }
}

impl<E: Env> Drop for Worker<E> {
    fn drop(&mut self) {
        drop(self.work.take());
        if let Some(thread) = self.thread.take() {
            // A thread catches the panics of its environments; any other panic was printed.
            let _ = thread.join();
        }
    }
}

impl<E: Env + 'static> VecEnv for ThreadVec<E> {
    type Obs = E::Obs;
    type Action = E::Action;

    fn name(&self) -> &str {
        self.parts[0].lanes().env().name()
    }

    fn num_envs(&self) -> usize {
        self.rows.rewards.len()
    }

    fn observation_space(&self) -> &Space {
        self.parts[0].lanes().env().observation_space()
    }

    fn action_space(&self) -> &Space {
        self.parts[0].lanes().env().action_space()
    }

    fn reset(&mut self, seed: Option<u64>) -> &[E::Obs] {
        self.reset_lanes(|lane| seed.map(|seed| seed.wrapping_add(lane as u64)))
    }

    fn reset_each(&mut self, seeds: &[u64]) -> &[E::Obs] {
        assert_eq!(seeds.len(), self.num_envs(), "one seed for each lane");
        self.reset_lanes(|lane| Some(seeds[lane]))
    }

    fn obs(&self) -> &[E::Obs] {
        &self.rows.obs
    }

    fn step(&mut self, actions: &[E::Action]) -> Result<VecStep<'_, E::Obs>, EnvError> {
        let expected: usize = self.parts.iter().map(|part| part.lanes().actions.len()).sum();
        assert_eq!(actions.len(), expected, "one action row for each lane");
        if let Some(failure) = self.failure() {
            return Err(failure.clone());
        }
        let mut actions = actions;
        for part in &mut self.parts {
            let lanes = part.lanes_mut();
            let (own, rest) = actions.split_at(lanes.actions.len());
            lanes.actions.copy_from_slice(own);
            lanes.assert_started();
            actions = rest;
        }
        for part in &mut self.parts {
            if let Some(Worker { work: Some(work), .. }) = &part.worker {
                let lanes = part.lanes.take().expect("lanes are at home between steps");
                work.send(lanes).expect("the thread lives as long as its channel");
            }
        }
        for part in &mut self.parts {
            match &part.worker {
                None => part.lanes_mut().step(),
                Some(worker) => part.lanes = Some(worker.done.recv().expect("the thread gives the lanes back")),
            }
        }
        if let Some(failure) = self.failure() {
            return Err(failure.clone());
        }
        self.gather();
        Ok(self.rows.as_step())
    }

    fn action_masks(&self) -> Option<&[bool]> {
        self.rows.masks()
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        let mut saved = SavedLanes::empty();
        for part in &self.parts {
            part.lanes().save(&mut saved)?;
        }
        saved.encode(self.name())
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        let saved = SavedLanes::decode(self.name(), self.num_envs(), state)?;
        for part in &mut self.parts {
            part.lanes_mut().restore(&saved)?;
        }
        self.gather();
        Ok(())
    }
}
