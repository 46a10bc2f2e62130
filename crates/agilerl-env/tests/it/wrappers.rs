//! Adapters over environments: what they make of observations, rewards and ends.

use agilerl_env::{
    CartPole, ChannelsFirst, ChannelsFirstVec, Element, Env, EnvError, Fault, FrameStack, FrameStackVec,
    NormalizeObservations, NormalizeObservationsVec, OneHot, OneHotVec, RewardTransform, RewardTransformVec,
    RunningStatistics, Space, Step, SyncVec, Taxi, ThreadVec, TimeLimit, VecEnv, VecStep, check_env, decode_state,
    encode_state, make, make_vec,
};

/// Images of 1 x 2 pixels with 3 channels: value = 32 episode + 8 step + place. An episode has three steps; the step's
/// number is its reward.
#[derive(Clone, Debug)]
struct Film {
    space: (Space, Space),
    episode: u8,
    step: u8,
}

fn film() -> Film {
    let (low, high) = (vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], vec![255.0; 6]);
    let space = (Space::Box { shape: vec![1, 2, 3], low, high }, Space::discrete(2));
    Film { space, episode: 0, step: 0 }
}

impl Film {
    fn show(&self, obs: &mut [u8]) {
        let first = self.episode * 32 + self.step * 8;
        obs.copy_from_slice(&[0, 1, 2, 3, 4, 5].map(|place| first + place));
    }
}

impl Env for Film {
    type Obs = u8;
    type Action = u32;

    fn name(&self) -> &str {
        "Film"
    }
    fn observation_space(&self) -> &Space {
        &self.space.0
    }
    fn action_space(&self) -> &Space {
        &self.space.1
    }
    fn reset(&mut self, seed: Option<u64>, obs: &mut [u8]) {
        self.episode = seed.map_or(self.episode + 1, |seed| seed as u8) % 8;
        self.step = 0;
        self.show(obs);
    }
    fn step(&mut self, _action: &[u32], obs: &mut [u8]) -> Step {
        self.step += 1;
        self.show(obs);
        Step { reward: f64::from(self.step), terminated: self.step == 3, truncated: false }
    }
    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(self.name(), &(self.episode, self.step))
    }
    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        (self.episode, self.step) = decode_state(self.name(), state)?;
        Ok(())
    }
}

/// `(episode, step)` of every frame of a film.
fn frames(obs: &[u8]) -> Vec<(u8, u8)> {
    obs.chunks(6).map(|frame| (frame[0] / 32, frame[0] % 32 / 8)).collect()
}

fn shape(space: &Space) -> &[usize] {
    match space {
        Space::Box { shape, .. } => shape,
        Space::Discrete { .. } => &[],
    }
}

/// An environment in CartPole's shape: six steps and it is cut.
fn short_pole() -> TimeLimit<CartPole> {
    TimeLimit::new(CartPole::new(), 6)
}

type Dyn<'a, O> = &'a mut dyn VecEnv<Obs = O, Action = u32>;

/// What further steps of lanes show, as text that tells every bit.
fn further<O: Element>(envs: Dyn<'_, O>, steps: u32) -> Vec<String> {
    let lanes = envs.num_envs() as u32;
    (0..steps)
        .map(|t| {
            let actions: Vec<u32> = (0..lanes).map(|lane| (t * 3 + lane) / 2 % 2).collect();
            let step = format!("{:?}", envs.step(&actions).unwrap());
            format!("{step} {:?} {:?}", envs.obs(), envs.action_masks())
        })
        .collect()
}

fn transcript<O: Element>(envs: Dyn<'_, O>) -> Vec<String> {
    let mut lines = vec![format!("{} {:?} {:?}", envs.name(), envs.observation_space(), envs.action_space())];
    lines.push(format!("{:?}", envs.reset(Some(3))));
    lines.extend(further(envs, 20));
    lines.push(format!("{:?}", envs.reset(None)));
    lines.extend(further(envs, 5));
    let seeds: Vec<u64> = (0..envs.num_envs() as u64).map(|lane| 9 - lane).collect();
    lines.push(format!("{:?}", envs.reset_each(&seeds)));
    lines.extend(further(envs, 5));
    lines
}

#[track_caller]
fn check_close(values: &[f32], recorded: &[f32]) {
    assert_eq!(values.len(), recorded.len());
    for (value, recorded) in values.iter().zip(recorded) {
        assert!((value - recorded).abs() < 1e-5, "{value} instead of {recorded}");
    }
}

/// Recorded, as all literals of Gymnasium here, by `tests/record/wrappers.py`: `FrameStackObservation(.., 3)`.
#[test]
fn a_stack_is_gymnasiums() {
    let first = [0.018235186, -0.0446179, -0.027964013, -0.03156282];
    let second = [0.017342828, 0.15089367, -0.028595269, -0.33293587];
    let third = [0.020360703, -0.043809846, -0.035253987, -0.04940585];
    let fourth = [0.019484505, 0.15179941, -0.036242105, -0.35299996];
    let mut env = FrameStack::new(CartPole::new(), 3);
    let mut obs = [0.0; 12];
    env.reset(Some(123), &mut obs);
    assert_eq!(obs, *[first, first, first].as_flattened());
    for (action, stack) in [(1, [first, first, second]), (0, [first, second, third]), (1, [second, third, fourth])] {
        env.step(&[action], &mut obs);
        assert_eq!(obs, *stack.as_flattened());
    }

    env.reset(Some(123), &mut obs);
    let length = (1..).find(|_| env.step(&[1], &mut obs).ended());
    let last = [
        [0.094151765, 1.325972, -0.1603393, -2.2061694],
        [0.1206712, 1.52223, -0.20446268, -2.5437183],
        [0.1511158, 1.7183299, -0.25533703, -2.8914354],
    ];
    assert_eq!((length, &obs[..]), (Some(9), last.as_flattened()));
    env.reset(None, &mut obs);
    assert_eq!(obs, *[[-0.03240941, 0.03120945, 0.0423345, -0.02234256]; 3].as_flattened());
}

#[test]
fn a_stacked_successor_never_shows_the_next_episode() {
    let mut envs = FrameStackVec::new(SyncVec::from_fn(2, |_| film()), 3);
    assert_eq!(frames(envs.reset(Some(0))), [(0, 0), (0, 0), (0, 0), (1, 0), (1, 0), (1, 0)]);
    for episode in 0..3 {
        // Lane 0; lane 1 is an episode ahead.
        let successors = [[0, 0, 1], [0, 1, 2], [1, 2, 3]].map(|steps| steps.map(|step| (episode, step)));
        for (t, successor) in successors.into_iter().enumerate() {
            let step = envs.step(&[0, 0]).unwrap();
            let act_on = if t == 2 { [(episode + 1, 0); 3] } else { successor };
            for lane in 0..2 {
                let ahead = |stack: [(u8, u8); 3]| stack.map(|(episode, step)| (episode + lane as u8, step));
                assert_eq!(frames(step.next_obs)[lane * 3..][..3], ahead(successor));
                assert_eq!(frames(step.obs)[lane * 3..][..3], ahead(act_on));
            }
        }
    }
}

#[test]
fn frames_go_along_a_new_axis_or_along_the_channels() {
    let breakout = || make::<u8, u32>("MinAtar/Breakout-v1").unwrap();
    let mut axis = FrameStack::new(breakout(), 3);
    let mut channels = FrameStack::along_channels(breakout(), 3);
    assert_eq!(shape(axis.observation_space()), [3, 4, 10, 10]);
    assert_eq!(shape(channels.observation_space()), [12, 10, 10]);
    let (mut one, mut other) = ([9; 1200], [8; 1200]);
    axis.reset(Some(1), &mut one);
    channels.reset(Some(1), &mut other);
    assert_eq!(one, other);
    let vec = || SyncVec::from_fn(2, |_| film());
    assert_eq!(shape(FrameStackVec::new(vec(), 2).observation_space()), [2, 1, 2, 3]);
    assert_eq!(shape(FrameStackVec::along_channels(vec(), 2).observation_space()), [2, 2, 3]);
}

#[test]
fn channels_come_first_and_their_bounds_with_them() {
    let planes = |first: u8| [0, 3, 1, 4, 2, 5].map(|place| first + place);
    let space = Space::Box { shape: vec![3, 1, 2], low: vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0], high: vec![255.0; 6] };
    let mut env = ChannelsFirst::new(film());
    assert_eq!(env.observation_space(), &space);
    let mut obs = [0; 6];
    env.reset(Some(0), &mut obs);
    assert_eq!(obs, planes(0));
    env.step(&[0], &mut obs);
    assert_eq!(obs, planes(8));

    let mut envs = ChannelsFirstVec::new(SyncVec::from_fn(2, |_| film()));
    assert_eq!(envs.observation_space(), &space);
    assert_eq!(envs.reset(Some(0)), [planes(0), planes(32)].as_flattened());
    for _ in 0..2 {
        envs.step(&[0, 0]).unwrap();
    }
    let step = envs.step(&[0, 0]).unwrap();
    assert_eq!(step.next_obs, [planes(24), planes(56)].as_flattened());
    assert_eq!(step.obs, [planes(32), planes(64)].as_flattened());
}

#[test]
fn rewards_are_scaled_and_clipped_and_nothing_else() {
    let mut env = RewardTransform::clip(RewardTransform::scale(film(), -0.5), -1.25, -0.75);
    let mut obs = [0; 6];
    env.reset(Some(0), &mut obs);
    let steps = [(); 3].map(|()| env.step(&[0], &mut obs));
    // 1, 2, 3 scaled: -0.5, -1, -1.5.
    assert_eq!(steps.map(|step| step.reward), [-0.75, -1.0, -1.25]);
    assert_eq!(steps.map(|step| step.terminated), [false, false, true]);

    let envs = RewardTransformVec::scale(SyncVec::from_fn(2, |_| film()), -0.5);
    let mut envs = RewardTransformVec::clip(envs, f64::NEG_INFINITY, -0.75);
    envs.reset(Some(0));
    for reward in [-0.75, -1.0, -1.5, -0.75] {
        assert_eq!(envs.step(&[0, 0]).unwrap().rewards, [reward; 2]);
    }
}

/// Recorded with `NormalizeObservation(gym.make("CartPole-v1"))` of Gymnasium 1.4.0, whose sums are `f32`, and with its
/// `RunningMeanStd(dtype=np.float64)` over the same observations.
#[test]
fn normalised_observations_are_gymnasiums() {
    let mut env = NormalizeObservations::new(CartPole::new());
    let mut obs = [0.0; 4];
    env.reset(Some(123), &mut obs);
    check_close(&obs, &[0.00018232265, -0.00044584632, -0.00027947384, -0.00031537507]);
    env.step(&[1], &mut obs);
    check_close(&obs, &[-0.06283387, 0.99743825, -0.044770535, -0.9989496]);
    env.step(&[1], &mut obs);
    check_close(&obs, &[0.2900839, 1.2239838, -0.6991287, -1.2245637]);
    while !env.step(&[1], &mut obs).ended() {}
    check_close(&obs, &[2.0059888, 1.5676788, -1.9944268, -1.6120394]);
    let recorded = RunningStatistics {
        count: 10.0001,
        mean: vec![0.061173006296014784, 0.8362277040941616, -0.10409835730902803, -1.4259944369097455],
        variance: vec![0.002010358967490561, 0.3166092608911638, 0.005750275545106038, 0.826390574675209],
    };
    assert_eq!(env.statistics(), &recorded);
    env.reset(None, &mut obs);
    check_close(&obs, &[-1.6842808, -1.2525394, 1.5911404, 1.3346639]);
    let recorded = RunningStatistics {
        count: 11.0001,
        mean: vec![0.05266559116163108, 0.7630448917670863, -0.09078640032597665, -1.298390880933262],
        variance: vec![0.0025513690830922795, 0.34138463824171755, 0.006999627683080281, 0.9140931450020379],
    };
    assert_eq!(env.statistics(), &recorded);
}

/// Recorded with the vector wrapper of the same name, likewise.
#[test]
fn normalised_lanes_are_gymnasiums() {
    let mut envs = NormalizeObservationsVec::new(make_vec::<f32, u32>("CartPole-v1", 3).unwrap());
    #[rustfmt::skip]
    check_close(envs.reset(Some(7)), &[
        0.076942705, 0.5480976, 1.0648446, -1.3811191, -1.2219429, 0.8326912, -1.2541032, 0.7110311, 1.1450471,
        -1.3807179, 0.18929192, 0.67012393,
    ]);
    for actions in [[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 0]] {
        let VecStep { obs, next_obs, .. } = envs.step(&actions).unwrap();
        assert_eq!(obs, next_obs);
    }
    #[rustfmt::skip]
    check_close(envs.obs(), &[
        0.37149906, 0.8514023, 0.6605589, -0.721058, -1.4544351, -1.2057495, 0.17215931, 1.2416337, 1.563037,
        0.5279036, -1.7064378, -0.6425748,
    ]);
    let recorded = RunningStatistics {
        count: 18.0001,
        mean: vec![0.013591003897965599, 0.0763630200893076, 0.004602445001881098, -0.06688019739585441],
        variance: vec![0.0008176160268194476, 0.03395854413487783, 0.00023444054069170794, 0.09169616983285374],
    };
    assert_eq!(envs.statistics(), &recorded);
}

#[test]
fn an_ended_lane_counts_its_last_observation_and_its_next_first_one() {
    let mut envs = NormalizeObservationsVec::new(SyncVec::from_fn(3, |_| short_pole()));
    envs.reset(Some(1));
    for _ in 0..5 {
        envs.step(&[0, 1, 0]).unwrap();
    }
    let raw = envs.inner().obs().to_vec();
    let before = envs.statistics().clone();
    let step = envs.step(&[0, 1, 0]).unwrap();
    assert_eq!(step.truncated, [true; 3]);
    let (obs, next_obs) = (step.obs.to_vec(), step.next_obs.to_vec());
    // By hand: the successors as one batch, then the first observations as one.
    let mut alone = SyncVec::from_fn(3, |_| short_pole());
    alone.reset(Some(1));
    for _ in 0..5 {
        alone.step(&[0, 1, 0]).unwrap();
    }
    assert_eq!(alone.obs(), raw);
    let step = alone.step(&[0, 1, 0]).unwrap();
    let (mut first, mut successors) = (step.obs.to_vec(), step.next_obs.to_vec());
    let mut statistics = before;
    statistics.update(&successors);
    statistics.normalize(&mut successors);
    statistics.update(&first);
    statistics.normalize(&mut first);
    assert_eq!((obs, next_obs), (first, successors));
    assert_eq!(envs.statistics(), &statistics);
    // Three lanes: the reset, six steps, the autoreset.
    assert_eq!(statistics.count.round(), 24.0);
}

#[test]
fn frozen_statistics_stay_and_keep_the_promises() {
    let mut env = NormalizeObservations::new(short_pole());
    // While they run, the same seed gives other observations, and the check says so.
    let fault = check_env(&mut env).unwrap_err().fault;
    assert!(matches!(fault, Fault::OtherObservation { .. }), "{fault}");
    let statistics = env.statistics().clone();
    env.set_frozen(true);
    let report = check_env(&mut env).unwrap();
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    assert_eq!(env.statistics(), &statistics);

    let mut envs = NormalizeObservationsVec::new(SyncVec::from_fn(2, |_| short_pole()));
    envs.set_statistics(statistics.clone()).unwrap();
    envs.set_frozen(true);
    let once = transcript::<f32>(&mut envs);
    assert_eq!(transcript::<f32>(&mut envs), once);
    assert_eq!((envs.statistics(), envs.is_frozen()), (&statistics, true));
}

#[test]
fn statistics_are_saved_as_data_and_refused_if_they_are_none() {
    let mut env = NormalizeObservations::new(short_pole());
    let mut obs = [0.0; 4];
    env.reset(Some(1), &mut obs);
    let json = serde_json::to_string(env.statistics()).unwrap();
    let read: RunningStatistics = serde_json::from_str(&json).unwrap();
    assert_eq!(&read, env.statistics());
    assert!(serde_json::from_str::<RunningStatistics>(&json.replace("mean", "maen")).is_err());

    let mut envs = NormalizeObservationsVec::new(SyncVec::from_fn(2, |_| short_pole()));
    envs.set_statistics(read.clone()).unwrap();
    let mut refused = |statistics: RunningStatistics, why: &str| {
        let expected = EnvError::BadStatistics { env: "CartPole-v1".into(), why: why.into() };
        assert_eq!(env.set_statistics(statistics.clone()), Err(expected.clone()));
        assert_eq!(envs.set_statistics(statistics), Err(expected));
        assert_eq!(envs.statistics(), &read);
    };
    refused(RunningStatistics::new(3), "3 means and 3 variances instead of 4");
    refused(RunningStatistics { count: 0.0, ..read.clone() }, "the count is 0");
    refused(RunningStatistics { mean: vec![f64::NAN; 4], ..read.clone() }, "a mean is NaN");
    refused(RunningStatistics { variance: vec![-1.0; 4], ..read.clone() }, "a variance is -1");
}

#[test]
fn every_wrapper_keeps_the_promises_of_an_environment() {
    #[track_caller]
    fn check(mut env: impl Env) {
        let report = check_env(&mut env).unwrap();
        assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    }
    check(FrameStack::new(short_pole(), 4));
    check(FrameStack::along_channels(film(), 2));
    check(ChannelsFirst::new(film()));
    check(RewardTransform::scale(short_pole(), 0.1));
    check(RewardTransform::clip(short_pole(), -0.5, 0.5));
    check(FrameStack::new(OneHot::new(TimeLimit::new(Taxi::v3(), 50)), 2));
}

#[test]
fn a_batch_shows_what_its_lanes_show_on_any_number_of_threads() {
    #[track_caller]
    fn check<E: Env<Action = u32> + Clone + 'static, W, V>(
        env: E,
        each: impl Fn(E) -> W,
        all: impl Fn(ThreadVec<E>) -> V,
        lanes: usize,
    ) where
        W: Env<Obs = E::Obs, Action = u32>,
        V: VecEnv<Obs = E::Obs, Action = u32>,
    {
        let alone = transcript::<E::Obs>(&mut SyncVec::from_fn(lanes, |_| each(env.clone())));
        let mut saved = None;
        for threads in [1, 2, 5] {
            let mut envs = all(ThreadVec::from_fn(lanes, threads, |_| env.clone()));
            assert_eq!(transcript::<E::Obs>(&mut envs), alone, "{threads} threads");
            let bytes = envs.save().unwrap();
            assert_eq!(saved.get_or_insert_with(|| bytes.clone()), &bytes, "{threads} threads");
        }
    }
    check(short_pole(), |env| FrameStack::new(env, 3), |envs| FrameStackVec::new(envs, 3), 5);
    check(film(), ChannelsFirst::new, ChannelsFirstVec::new, 5);
    check(film(), |env| RewardTransform::scale(env, 0.3), |envs| RewardTransformVec::scale(envs, 0.3), 5);
    check(film(), |env| RewardTransform::clip(env, 1.5, 2.5), |envs| RewardTransformVec::clip(envs, 1.5, 2.5), 5);
    // One lane: several share their statistics, and each alone has its own.
    check(short_pole(), NormalizeObservations::new, NormalizeObservationsVec::new, 1);
}

#[test]
fn shared_statistics_are_the_same_on_any_number_of_threads() {
    let make = |threads| NormalizeObservationsVec::new(ThreadVec::from_fn(7, threads, |_| short_pole()));
    let alone = transcript::<f32>(&mut make(1));
    for threads in [2, 5] {
        assert_eq!(transcript::<f32>(&mut make(threads)), alone, "{threads} threads");
    }
}

#[test]
fn a_saved_state_has_the_wrappers_own_part() {
    #[track_caller]
    fn check<V: VecEnv<Action = u32>>(make: impl Fn() -> V) {
        let mut original = make();
        original.reset(Some(5));
        // In the middle of an episode, the second of some lanes.
        further(&mut original, 8);
        let state = original.save().unwrap();
        let mut restored = make();
        restored.restore(&state).unwrap();
        assert_eq!(restored.obs(), original.obs());
        assert_eq!(further(&mut restored, 20), further(&mut original, 20));
        assert!(matches!(make().restore(&state[..state.len() - 1]), Err(EnvError::BadState { .. })));
    }
    let poles = || SyncVec::from_fn(3, |_| short_pole());
    let films = || SyncVec::from_fn(3, |_| film());
    check(|| FrameStackVec::new(poles(), 4));
    check(|| FrameStackVec::along_channels(films(), 4));
    check(|| ChannelsFirstVec::new(films()));
    check(|| RewardTransformVec::scale(poles(), 2.0));
    check(|| NormalizeObservationsVec::new(poles()));
    check(|| SyncVec::from_fn(3, |_| FrameStack::new(short_pole(), 4)));
    check(|| SyncVec::from_fn(3, |_| NormalizeObservations::new(short_pole())));
    check(|| FrameStackVec::new(NormalizeObservationsVec::new(poles()), 2));

    // Of another number of frames.
    let mut envs = FrameStackVec::new(poles(), 2);
    envs.reset(Some(0));
    let error = FrameStackVec::new(poles(), 3).restore(&envs.save().unwrap()).unwrap_err();
    assert!(error.to_string().ends_with("stacks of 24 numbers instead of 36"), "{error}");
}

#[test]
fn a_panic_in_a_lane_is_the_same_error_and_a_reset_mends_it() {
    let poles = || SyncVec::from_fn(2, |_| short_pole());
    let mut bare = poles();
    let mut wrapped = FrameStackVec::new(NormalizeObservationsVec::new(RewardTransformVec::scale(poles(), 0.5)), 2);
    wrapped.reset(Some(0));
    bare.reset(Some(0));
    assert_eq!(wrapped.step(&[0, 9]).unwrap_err(), bare.step(&[0, 9]).unwrap_err());
    assert_eq!(wrapped.save(), bare.save());
    wrapped.reset(Some(0));
    further(&mut wrapped, 10);
}

#[test]
fn masks_go_through() {
    let taxis = || SyncVec::from_fn(4, |_| TimeLimit::new(Taxi::v3(), 8));
    let envs = FrameStackVec::new(OneHotVec::new(taxis()), 2);
    let mut wrapped = RewardTransformVec::scale(NormalizeObservationsVec::new(envs), 0.1);
    let mut bare = taxis();
    wrapped.reset(Some(2));
    bare.reset(Some(2));
    for _ in 0..20 {
        let masks = bare.action_masks().expect("Taxi has masks").to_vec();
        assert_eq!(wrapped.action_masks(), Some(&masks[..]));
        let legal = masks.chunks(6).map(|mask| mask.iter().position(|&legal| legal).unwrap() as u32);
        let actions: Vec<u32> = legal.collect();
        let next_masks = bare.step(&actions).unwrap().next_action_masks.map(<[bool]>::to_vec);
        assert_eq!(wrapped.step(&actions).unwrap().next_action_masks, next_masks.as_deref());
    }
    let mut env = FrameStack::new(OneHot::new(Taxi::v3()), 2);
    env.reset(Some(2), &mut [0.0; 1000]);
    assert!(env.action_mask().is_some());
}

#[test]
fn wrappers_go_over_wrappers() {
    let mut env = FrameStack::along_channels(ChannelsFirst::new(TimeLimit::new(film(), 2)), 2);
    assert_eq!((env.name(), shape(env.observation_space())), ("Film", &[6, 1, 2][..]));
    let planes = |first: u8| [0, 3, 1, 4, 2, 5].map(|place| first + place);
    let mut obs = [0; 12];
    env.reset(Some(1), &mut obs);
    assert_eq!(obs, *[planes(32), planes(32)].as_flattened());
    assert!(!env.step(&[0], &mut obs).ended());
    assert_eq!(obs, *[planes(32), planes(40)].as_flattened());
    let last = env.step(&[0], &mut obs);
    assert!(last.truncated && !last.terminated);
    assert_eq!(obs, *[planes(40), planes(48)].as_flattened());
    env.reset(None, &mut obs);
    assert_eq!(obs, *[planes(64), planes(64)].as_flattened());
}

#[test]
#[should_panic(expected = "Taxi-v3 has discrete observations, which do not stack: make them one-hot first")]
fn an_index_does_not_stack() {
    FrameStack::new(Taxi::v3(), 2);
}

#[test]
#[should_panic(expected = "Taxi-v3 has discrete observations, which have no mean: make them one-hot first")]
fn an_index_has_no_mean() {
    NormalizeObservations::new(Taxi::v3());
}

#[test]
#[should_panic(expected = "CartPole-v1 has observations of shape [4], not [height, width, channels]")]
fn numbers_have_no_channels() {
    ChannelsFirst::new(CartPole::new());
}
