//! Lanes: ends of episodes, seeds, threads, panics, saved states.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agilerl_env::{
    CartPole, Env, EnvError, EpisodeStats, FrozenLake, NumpyRng, OneHotVec, Probe, ProbeEnv, Space, Step, SyncVec,
    ThreadVec, TimeLimit, VecEnv, decode_state, encode_state,
};
use proptest::prelude::*;

/// Says in its observation where it stands: `[episodes before this one, steps in this one, a draw]`. An episode has
/// three steps; an action is the step's reward.
struct Diary {
    space: (Space, Space),
    rng: NumpyRng,
    episode: f32,
    step: f32,
    end: End,
    /// Step of the first episode that panics; 0 is the step after the reset, -1 the reset itself.
    broken_at: Option<f32>,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Terminated,
    Truncated,
}

fn diary(end: End) -> Diary {
    let (low, high) = ([0.0; 3], [f32::INFINITY, 3.0, 1.0]);
    let space = (Space::bounded(&low, &high), Space::discrete(10));
    Diary { space, rng: NumpyRng::new(0), episode: 0.0, step: 0.0, end, broken_at: None }
}

impl Diary {
    fn write(&mut self, obs: &mut [f32]) {
        obs.copy_from_slice(&[self.episode, self.step, self.rng.random() as f32]);
    }
}

impl Env for Diary {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        "Diary"
    }
    fn observation_space(&self) -> &Space {
        &self.space.0
    }
    fn action_space(&self) -> &Space {
        &self.space.1
    }
    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        self.episode += 1.0;
        self.step = 0.0;
        if let Some(seed) = seed {
            self.rng = NumpyRng::new(seed);
            self.episode = 0.0;
        }
        assert!(self.broken_at != Some(-1.0) || self.episode > 0.0, "out of paper");
        self.write(obs);
    }
    fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
        if self.broken_at == Some(self.step) && self.episode == 0.0 {
            panic!("out of ink");
        }
        self.step += 1.0;
        self.write(obs);
        let ended = self.step == 3.0;
        let reward = f64::from(action[0]);
        Step {
            reward,
            terminated: ended && self.end == End::Terminated,
            truncated: ended && self.end == End::Truncated,
        }
    }
    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &(&self.rng, self.episode, self.step))
    }
    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        (self.rng, self.episode, self.step) = decode_state(self.name(), state)?;
        Ok(())
    }
}

/// Element 1 of the observation, the step, in every lane.
fn steps(obs: &[f32]) -> Vec<f32> {
    obs.chunks(3).map(|row| row[1]).collect()
}

#[test]
fn an_ended_lane_gives_the_true_final_observation_and_the_next_first_one() {
    for end in [End::Terminated, End::Truncated] {
        let mut envs = SyncVec::from_fn(2, |_| diary(end));
        assert_eq!(steps(envs.reset(Some(0))), [0.0, 0.0]);
        // (act on, store), step by step, over two episodes: no row is stored twice, and no first row is ever stored.
        for (obs, next_obs) in [(1.0, 1.0), (2.0, 2.0), (0.0, 3.0), (1.0, 1.0), (2.0, 2.0), (0.0, 3.0)] {
            let step = envs.step(&[0, 0]).unwrap();
            assert_eq!((steps(step.obs), steps(step.next_obs)), (vec![obs; 2], vec![next_obs; 2]));
        }
    }
}

#[test]
fn terminated_and_truncated_are_told_apart() {
    for end in [End::Terminated, End::Truncated] {
        let mut envs = SyncVec::from_fn(1, |_| diary(end));
        envs.reset(Some(0));
        for t in 1..=6 {
            let step = envs.step(&[0]).unwrap();
            let ended = t % 3 == 0;
            assert_eq!(step.terminated, [ended && end == End::Terminated]);
            assert_eq!(step.truncated, [ended && end == End::Truncated]);
        }
    }
}

/// Gymnasium's `TimeLimit`: the last step the limit allows is truncated, whatever else it is.
#[test]
fn a_time_limit_truncates_even_where_the_task_ends() {
    let mut env = TimeLimit::new(diary(End::Terminated), 3);
    let mut obs = [0.0; 3];
    env.reset(Some(0), &mut obs);
    let flags = [(); 3].map(|()| env.step(&[0], &mut obs)).map(|step| (step.terminated, step.truncated));
    assert_eq!(flags, [(false, false), (false, false), (true, true)]);
}

#[test]
fn a_time_limit_passes_on_a_truncation_from_within() {
    let mut env = TimeLimit::new(diary(End::Truncated), 10);
    let mut obs = [0.0; 3];
    env.reset(Some(0), &mut obs);
    assert_eq!([(); 3].map(|()| env.step(&[0], &mut obs).truncated), [false, false, true]);
}

#[test]
fn a_step_of_all_lanes_counts_as_many_steps_as_lanes() {
    let mut envs = SyncVec::from_fn(4, |_| diary(End::Truncated));
    let mut stats = EpisodeStats::new(4, 6);
    envs.reset(Some(0));
    let mut ended = 0;
    for t in 1..=7 {
        // Lane i earns i + 1 a step.
        let step = envs.step(&[1, 2, 3, 4]).unwrap();
        ended += stats.record(&step).len();
        assert_eq!(stats.env_steps(), 4 * t);
    }
    // Two episodes a lane: returns 3, 6, 9, 12 twice. The seventh step belongs to no complete episode.
    assert_eq!((ended, stats.episodes()), (8, 8));
    // The last six: 9, 12, 3, 6, 9, 12.
    assert_eq!(stats.mean_return(), Some(51.0 / 6.0));
    assert_eq!(stats.mean_length(), Some(3.0));
    assert_eq!(stats.recent().map(|episode| episode.lane).collect::<Vec<_>>(), [2, 3, 0, 1, 2, 3]);

    envs.reset(None);
    stats.restart();
    for _ in 0..3 {
        let step = envs.step(&[1, 2, 3, 4]).unwrap();
        stats.record(&step);
    }
    // Without the restart the step before it would have made these episodes longer.
    assert_eq!(stats.mean_length(), Some(3.0));
}

#[test]
fn lane_i_begins_the_episode_of_seed_plus_i() {
    let check = |envs: &mut dyn VecEnv<Obs = f32, Action = u32>, seed: u64, lane_seeds: [u64; 3]| {
        let alone = lane_seeds.map(|seed| {
            let mut obs = [0.0; 4];
            CartPole::new().reset(Some(seed), &mut obs);
            obs
        });
        assert_eq!(envs.reset(Some(seed)), alone.as_flattened());
        assert_eq!(envs.reset_each(&lane_seeds), alone.as_flattened());
        assert_eq!(envs.obs(), alone.as_flattened());
    };
    for seed in [0, 7, 1 << 40] {
        check(&mut SyncVec::from_fn(3, |_| CartPole::new()), seed, [seed, seed + 1, seed + 2]);
        check(&mut ThreadVec::from_fn(3, 2, |_| CartPole::new()), seed, [seed, seed + 1, seed + 2]);
    }
    check(&mut SyncVec::from_fn(3, |_| CartPole::new()), u64::MAX, [u64::MAX, 0, 1]);
}

/// An autoreset draws on, as Gymnasium's does: the second episode is not the first again.
#[test]
fn an_autoreset_continues_the_generator() {
    let mut envs = SyncVec::from_fn(1, |_| TimeLimit::new(CartPole::new(), 2));
    let first = envs.reset(Some(3)).to_vec();
    envs.step(&[0]).unwrap();
    let second = envs.step(&[0]).unwrap().obs.to_vec();
    let mut alone = CartPole::new();
    let mut obs = [0.0; 4];
    alone.reset(Some(3), &mut obs);
    alone.reset(None, &mut obs);
    assert_eq!(second, obs);
    assert_ne!(second, first);
}

/// Everything that a run of a vector environment can show, as text that tells every bit.
fn transcript(envs: &mut dyn VecEnv<Obs = f32, Action = u32>, seed: u64, actions: &[Vec<u32>]) -> Vec<String> {
    let mut lines = vec![format!("{:?}", envs.reset(Some(seed)))];
    for actions in actions {
        lines.push(format!("{:?}", envs.step(actions).unwrap()));
        lines.push(format!("{:?}", envs.action_masks()));
    }
    lines.push(format!("{:?}", envs.save()));
    lines.push(format!("{:?}", envs.reset(None)));
    lines
}

const LANES: usize = 7;

fn check_threads<E: Env<Obs = f32, Action = u32> + 'static>(make: fn() -> E, seed: u64, actions: &[Vec<u32>]) {
    let alone = transcript(&mut SyncVec::from_fn(LANES, |_| make()), seed, actions);
    for threads in [1, 2, 5, 7, 20] {
        let mut envs = ThreadVec::from_fn(LANES, threads, |_| make());
        assert_eq!(transcript(&mut envs, seed, actions), alone, "{} on {threads} threads", envs.name());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_number_of_threads_gives_the_same_bits(
        seed: u64,
        actions in prop::collection::vec(prop::collection::vec(0_u32..2, LANES), 1..60),
    ) {
        check_threads(|| TimeLimit::new(CartPole::new(), 20), seed, &actions);
        check_threads(|| TimeLimit::new(FrozenLake::new(true), 9), seed, &actions);
        check_threads(|| diary(End::Terminated), seed, &actions);
        // Action 1 is legal in every state of this one.
        check_threads(|| ProbeEnv::new(Probe::Masked), seed, &vec![vec![1; LANES]; actions.len()]);
    }
}

#[test]
fn a_panic_in_a_lane_is_an_error_that_names_it_and_a_reset_mends_it() {
    let make = |lane| Diary { broken_at: (lane == 3).then_some(1.0), ..diary(End::Terminated) };
    let check = |envs: &mut dyn VecEnv<Obs = f32, Action = u32>| {
        envs.reset(Some(40));
        envs.step(&[0; 5]).unwrap();
        let error = envs.step(&[0; 5]).unwrap_err();
        assert!(matches!(error, EnvError::Lane { lane: 3, seed: Some(43), episode: 0, step: 1, .. }), "{error:?}");
        check_message(&error, "Diary panicked in lane 3 (seed 43) at step 1 of episode 0: out of ink");
        // Nothing can be made of the lanes until they are reset.
        assert_eq!(envs.step(&[0; 5]).unwrap_err(), error);
        assert_eq!(envs.save().unwrap_err(), error);
        // The next episode of that lane is sound, and no lane has lost its place: all are in their second episode.
        assert_eq!(envs.reset(None).chunks(3).map(|row| row[0]).collect::<Vec<_>>(), [1.0; 5]);
        for _ in 0..6 {
            envs.step(&[0; 5]).unwrap();
        }
    };
    check(&mut SyncVec::from_fn(5, make));
    for threads in [1, 2, 5] {
        check(&mut ThreadVec::from_fn(5, threads, make));
    }
}

/// What a panic said, and behind it the place in the file that it came from.
#[track_caller]
fn check_message(error: &EnvError, expected: &str) {
    let message = error.to_string();
    let place =
        message.strip_prefix(expected).unwrap_or_else(|| panic!("{message:?} does not begin with {expected:?}"));
    assert!(place.starts_with(" (") && place.contains(".rs:") && place.ends_with(')'), "{message:?}");
}

#[test]
fn a_panic_in_a_reset_is_the_error_of_the_next_step() {
    let mut envs =
        SyncVec::from_fn(2, |lane| Diary { broken_at: (lane == 1).then_some(-1.0), ..diary(End::Truncated) });
    envs.reset(Some(5));
    let error = envs.step(&[0; 2]).unwrap_err();
    check_message(&error, "Diary panicked in lane 1 (seed 6) at step 0 of episode 0: out of paper");
    envs.reset(None);
    envs.step(&[0; 2]).unwrap();
}

#[test]
fn an_action_out_of_range_is_the_error_of_its_lane() {
    let mut envs = ThreadVec::from_fn(2, 2, |_| CartPole::new());
    envs.reset(Some(0));
    let error = envs.step(&[0, 9]).unwrap_err();
    check_message(&error, "CartPole-v1 panicked in lane 1 (seed 1) at step 0 of episode 0: action 9 is not 0 or 1");
}

#[test]
fn dropping_a_thread_vec_ends_its_threads() {
    /// Counts the threads that have stepped one of these and are gone.
    struct Farewell(Arc<AtomicUsize>);
    impl Drop for Farewell {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    thread_local!(static FAREWELL: RefCell<Option<Farewell>> = const { RefCell::new(None) });

    struct Marked(ProbeEnv, Arc<AtomicUsize>);
    impl Env for Marked {
        type Obs = f32;
        type Action = u32;
        fn name(&self) -> &str {
            self.0.name()
        }
        fn observation_space(&self) -> &Space {
            self.0.observation_space()
        }
        fn action_space(&self) -> &Space {
            self.0.action_space()
        }
        fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
            self.0.reset(seed, obs);
        }
        fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
            FAREWELL.with_borrow_mut(|own| {
                own.get_or_insert_with(|| Farewell(self.1.clone()));
            });
            self.0.step(action, obs)
        }
    }

    let gone = Arc::new(AtomicUsize::new(0));
    let mut envs = ThreadVec::from_fn(6, 3, |_| Marked(ProbeEnv::new(Probe::ConstantReward), gone.clone()));
    envs.reset(Some(0));
    envs.step(&[0; 6]).unwrap();
    drop(envs);
    // Three threads stepped; two were started, the third is this one.
    assert_eq!(gone.load(Ordering::SeqCst), 2);
}

#[test]
fn a_saved_state_goes_on_bit_by_bit_whatever_the_number_of_threads() {
    let make = |_| TimeLimit::new(CartPole::new(), 15);
    let actions: Vec<Vec<u32>> =
        (0..50).map(|t| (0..LANES).map(|lane| ((t * 3 + lane) % 2) as u32).collect()).collect();
    let (before, after) = actions.split_at(20);

    let mut original = SyncVec::from_fn(LANES, make);
    original.reset(Some(8));
    for actions in before {
        original.step(actions).unwrap();
    }
    let saved = original.save().unwrap();
    let expected: Vec<String> = after.iter().map(|actions| format!("{:?}", original.step(actions).unwrap())).collect();

    let check = |envs: &mut dyn VecEnv<Obs = f32, Action = u32>| {
        envs.restore(&saved).unwrap();
        assert_eq!(envs.save().unwrap(), saved);
        for (actions, expected) in after.iter().zip(&expected) {
            assert_eq!(&format!("{:?}", envs.step(actions).unwrap()), expected);
        }
    };
    check(&mut SyncVec::from_fn(LANES, make));
    check(&mut ThreadVec::from_fn(LANES, 3, make));
    check(&mut original);
}

#[test]
fn bytes_that_are_no_state_are_refused_with_the_reason() {
    let mut lakes = SyncVec::from_fn(2, |_| FrozenLake::new(true));
    lakes.reset(Some(0));
    let saved = lakes.save().unwrap();

    #[track_caller]
    fn check(envs: &mut dyn VecEnv<Obs = f32, Action = u32>, bytes: &[u8], why: &str) {
        let error = envs.restore(bytes).unwrap_err();
        assert!(matches!(error, EnvError::BadState { .. }) && error.to_string().contains(why), "{error}");
    }
    check(&mut SyncVec::from_fn(2, |_| CartPole::new()), &saved, "they are a state of \"FrozenLake-v1\"");
    check(&mut SyncVec::from_fn(3, |_| FrozenLake::new(true)), &saved, "2 lanes instead of 3");
    check(&mut lakes, &saved[..saved.len() - 1], "no saved state of FrozenLake-v1");
    check(&mut lakes, &[saved.clone(), vec![0]].concat(), "1 bytes are left over");
    check(&mut lakes, &[], "no saved state");
    // A name of the same length.
    let error = decode_state::<u32>("Walk", &encode_state("Swim", &3_u32).unwrap()).unwrap_err();
    assert!(error.to_string().ends_with("they are a state of \"Swim\""), "{error}");
    lakes.restore(&saved).unwrap();
}

#[test]
fn an_environment_that_cannot_be_saved_says_so() {
    struct Bare(CartPole);
    impl Env for Bare {
        type Obs = f32;
        type Action = u32;
        fn name(&self) -> &str {
            "Bare"
        }
        fn observation_space(&self) -> &Space {
            self.0.observation_space()
        }
        fn action_space(&self) -> &Space {
            self.0.action_space()
        }
        fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
            self.0.reset(seed, obs);
        }
        fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
            self.0.step(action, obs)
        }
    }
    let envs = SyncVec::from_fn(2, |_| Bare(CartPole::new()));
    assert_eq!(envs.save().unwrap_err(), EnvError::StateNotSaved { env: "Bare".into() });
}

#[test]
fn masks_are_those_of_the_observation_they_stand_beside() {
    let (at_0, at_1) = ([true, true, false], [false, true, true]);
    // The episode is cut after its first step: acting goes on at 0, and the bootstrap looks at 1.
    let mut envs = SyncVec::from_fn(1, |_| TimeLimit::new(ProbeEnv::new(Probe::Masked), 1));
    envs.reset(Some(0));
    assert_eq!(envs.action_masks(), Some(&at_0[..]));
    let step = envs.step(&[0]).unwrap();
    assert_eq!((step.truncated, step.next_obs), (&[true][..], &[1.0][..]));
    assert_eq!(step.next_action_masks, Some(&at_1[..]));
    assert_eq!(envs.action_masks(), Some(&at_0[..]));

    let mut free = SyncVec::from_fn(1, |_| CartPole::new());
    free.reset(Some(0));
    assert!(free.action_masks().is_none() && free.step(&[0]).unwrap().next_action_masks.is_none());
}

/// Steps 0, 1, 2, terminated; which of two actions are legal at each of them is given.
struct Masked(usize, [Option<&'static [bool]>; 4], [Space; 2]);

impl Env for Masked {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        "Masked"
    }
    fn observation_space(&self) -> &Space {
        &self.2[0]
    }
    fn action_space(&self) -> &Space {
        &self.2[1]
    }
    fn reset(&mut self, _: Option<u64>, obs: &mut [f32]) {
        self.0 = 0;
        obs[0] = 0.0;
    }
    fn step(&mut self, _: &[u32], obs: &mut [f32]) -> Step {
        self.0 += 1;
        obs[0] = self.0 as f32;
        Step { reward: 0.0, terminated: self.0 == 3, truncated: false }
    }
    fn action_mask(&self) -> Option<&[bool]> {
        self.1[self.0]
    }
}

fn masked(masks: [Option<&'static [bool]>; 4]) -> Masked {
    Masked(0, masks, [Space::bounded(&[0.0], &[3.0]), Space::discrete(2)])
}

#[test]
fn a_mask_of_another_length_or_without_a_choice_is_the_error_of_its_lane() {
    const SOUND: Option<&[bool]> = Some(&[true, false]);
    let envs = |masks| SyncVec::from_fn(2, move |lane| masked(if lane == 1 { masks } else { [SOUND; 4] }));
    let check = |masks, steps: usize, expected: &str| {
        let mut envs = envs(masks);
        envs.reset(Some(5));
        for _ in 1..steps {
            envs.step(&[0; 2]).unwrap();
        }
        assert_eq!(envs.step(&[0; 2]).unwrap_err().to_string(), expected);
    };
    let at_2 = "the action mask of Masked in lane 1 (seed 6) at step 2 of episode 0";
    check([SOUND, SOUND, Some(&[true; 3]), SOUND], 2, &format!("{at_2} has 3 flags for 2 choices"));
    check([SOUND, SOUND, Some(&[false; 2]), SOUND], 2, &format!("{at_2} leaves no action legal"));
    // At a reset it is the next step's error, as a panic is.
    let at_0 = "the action mask of Masked in lane 1 (seed 6) at step 0 of episode 0";
    check([Some(&[]), SOUND, SOUND, SOUND], 1, &format!("{at_0} has 0 flags for 2 choices"));
    // Where the task is over, no action need be legal.
    let mut envs = envs([SOUND, SOUND, SOUND, Some(&[false; 2])]);
    envs.reset(Some(5));
    envs.step(&[0; 2]).unwrap();
    envs.step(&[0; 2]).unwrap();
    let step = envs.step(&[0; 2]).unwrap();
    assert_eq!((step.terminated, step.next_action_masks), (&[true; 2][..], Some(&[true, false, false, false][..])));
    assert_eq!(envs.action_masks(), Some(&[true, false, true, false][..]));
}

#[test]
fn a_state_without_a_mask_leaves_every_action_legal() {
    let mut envs = SyncVec::from_fn(1, |_| masked([None, Some(&[false, true]), None, None]));
    envs.reset(Some(0));
    assert_eq!(envs.action_masks(), None);
    assert_eq!(envs.step(&[0]).unwrap().next_action_masks, Some(&[false, true][..]));
    assert_eq!(envs.step(&[1]).unwrap().next_action_masks, Some(&[true, true][..]));
}

#[test]
fn masks_come_back_with_a_saved_state() {
    let check = |original: &mut dyn VecEnv<Obs = f32, Action = u32>,
                 again: &mut dyn VecEnv<Obs = f32, Action = u32>| {
        original.reset(Some(0));
        original.step(&[1; 3]).unwrap();
        again.restore(&original.save().unwrap()).unwrap();
        assert_eq!(again.action_masks(), Some(&[false, true, true].repeat(3)[..]));
        // What a step would leave beside them.
        assert_eq!(again.obs(), [1.0; 3]);
    };
    let probe = |_| ProbeEnv::new(Probe::Masked);
    check(&mut SyncVec::from_fn(3, probe), &mut SyncVec::from_fn(3, probe));
    check(&mut ThreadVec::from_fn(3, 2, probe), &mut ThreadVec::from_fn(3, 2, probe));
}

/// Three steps an episode; the fourth step of a lane is the first of its second episode, and action 9 is none.
#[test]
fn a_lane_is_named_by_where_it_stands_after_a_restore_and_after_any_reset() {
    type Dyn<'a> = &'a mut dyn VecEnv<Obs = f32, Action = u32>;
    fn place(envs: Dyn<'_>, actions: [u32; 3]) -> (usize, u64, u64, u64) {
        match envs.step(&actions) {
            Err(EnvError::Lane { lane, seed, episode, step, .. }) => (lane, seed.unwrap(), episode, step),
            other => panic!("{other:?}"),
        }
    }
    fn check(original: Dyn<'_>, envs: Dyn<'_>) {
        original.reset(Some(40));
        for _ in 0..4 {
            original.step(&[0; 3]).unwrap();
        }
        envs.restore(&original.save().unwrap()).unwrap();
        assert_eq!(place(envs, [0, 9, 0]), (1, 41, 1, 1));
        // Unseeded, the lanes go on from their seeds.
        envs.reset(None);
        assert_eq!(place(envs, [0, 0, 9]), (2, 42, 1, 0));
        envs.reset(Some(50));
        assert_eq!(place(envs, [9, 0, 0]), (0, 50, 0, 0));
    }
    let pole = |_| TimeLimit::new(CartPole::new(), 3);
    check(&mut SyncVec::from_fn(3, pole), &mut SyncVec::from_fn(3, pole));
    check(&mut ThreadVec::from_fn(3, 2, pole), &mut ThreadVec::from_fn(3, 2, pole));
    check(&mut CartPole::lanes(3, 3), &mut CartPole::lanes(3, 3));
}

#[test]
fn of_several_panics_the_one_in_the_first_lane_is_told() {
    let make = |lane| Diary { broken_at: (lane % 2 == 1).then_some(1.0), ..diary(End::Terminated) };
    let check = |envs: &mut dyn VecEnv<Obs = f32, Action = u32>| {
        envs.reset(Some(40));
        envs.step(&[0; 5]).unwrap();
        check_message(
            &envs.step(&[0; 5]).unwrap_err(),
            "Diary panicked in lane 1 (seed 41) at step 1 of episode 0: out of ink",
        );
    };
    check(&mut SyncVec::from_fn(5, make));
    for threads in [2, 5] {
        check(&mut ThreadVec::from_fn(5, threads, make));
    }
}

#[test]
fn one_hot_lanes_are_the_lanes_with_their_index_spelled_out() {
    let mut plain = SyncVec::from_fn(3, |_| TimeLimit::new(FrozenLake::new(true), 4));
    let mut encoded = OneHotVec::new(SyncVec::from_fn(3, |_| TimeLimit::new(FrozenLake::new(true), 4)));
    let index = |rows: &[f32]| -> Vec<f32> {
        let one = |row: &[f32]| {
            assert_eq!((row.iter().filter(|&&x| x == 1.0).count(), row.iter().sum::<f32>()), (1, 1.0));
            row.iter().position(|&x| x == 1.0).unwrap() as f32
        };
        rows.chunks(16).map(one).collect()
    };
    assert_eq!(index(encoded.reset(Some(2))), plain.reset(Some(2)));
    for t in 0..30 {
        let actions = [t % 4, (t + 1) % 4, (t / 2) % 4];
        let (plain, encoded) = (plain.step(&actions).unwrap(), encoded.step(&actions).unwrap());
        assert_eq!(index(encoded.obs), plain.obs);
        assert_eq!(index(encoded.next_obs), plain.next_obs);
        assert_eq!((encoded.rewards, encoded.terminated), (plain.rewards, plain.terminated));
    }
    let saved = encoded.save().unwrap();
    let obs = encoded.obs().to_vec();
    encoded.reset(Some(9));
    encoded.restore(&saved).unwrap();
    assert_eq!(encoded.obs(), obs);
}

#[test]
#[should_panic(expected = "reset was never called")]
fn a_step_before_the_first_reset_is_a_bug() {
    let _ = ThreadVec::from_fn(2, 2, |_| CartPole::new()).step(&[0, 0]);
}

#[test]
#[should_panic(expected = "one action row for each lane")]
fn a_wrong_number_of_actions_is_a_bug() {
    let mut envs = SyncVec::from_fn(2, |_| CartPole::new());
    envs.reset(Some(0));
    let _ = envs.step(&[0]);
}
