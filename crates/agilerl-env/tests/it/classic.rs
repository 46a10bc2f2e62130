//! Classic control against Gymnasium's recordings, inside and step by step; lanes against lone environments.

use agilerl_env::{
    Acrobot, AcrobotDynamics, CartPole, CartPoleDynamics, Classic, ClassicVec, Dynamics, Env, EnvError, MountainCar,
    MountainCarContinuous, MountainCarContinuousDynamics, MountainCarDynamics, NumpyRng, Pendulum, PendulumDynamics,
    SyncVec, TimeLimit, VecEnv,
};

use crate::golden::{self, Recorded};

/// How far a number may be off.
struct Within {
    state: f64,
    obs: f32,
    reward: f64,
}

/// Sets every recorded state, takes the recorded action, and compares what comes of it with the recording.
#[track_caller]
fn check_steps<D, const STATE: usize, const OBS: usize>(within: Within, widen: impl Fn(&[f64], usize) -> [f64; STATE])
where
    D: Dynamics<STATE, OBS, Action: Recorded>,
{
    if golden::is_left_out() {
        return;
    }
    let mut env = Classic::<D, STATE, OBS>::new();
    let mut steps = 0;
    let mut worst = Within { state: 0.0, obs: 0.0, reward: 0.0 };
    for recording in golden::recordings().iter().filter(|recording| recording.env == D::NAME) {
        for episode in &recording.episodes {
            for (t, recorded) in episode.actions.iter().enumerate() {
                let before = if t == 0 { &episode.initial_state } else { &episode.states[t - 1] };
                let mut action = [D::Action::default()];
                Recorded::read(recorded, &mut action);
                let mut obs = [f32::NAN; OBS];
                env.set_state(widen(before, t));
                let step = env.step(&action, &mut obs);
                for (x, y) in env.state().iter().zip(&episode.states[t]) {
                    worst.state = worst.state.max((x - y).abs());
                }
                for (x, y) in obs.iter().zip(&episode.obs[t]) {
                    worst.obs = worst.obs.max((x - y).abs());
                }
                worst.reward = worst.reward.max((step.reward - episode.rewards[t]).abs());
                let terminated = episode.terminated && t + 1 == episode.length;
                assert_eq!(step.terminated, terminated, "{} episode {} step {t}", D::NAME, episode.episode);
                steps += 1;
            }
        }
    }
    let Within { state, obs, reward } = worst;
    golden::say(&format!(
        "golden: {} one step at a time, {steps} steps: state {state:e}, obs {obs:e}, reward {reward:e}",
        D::NAME
    ));
    assert!(steps > 1000, "{steps} steps of {}", D::NAME);
    assert!(state <= within.state && obs <= within.obs && reward <= within.reward, "{}", D::NAME);
}

const EXACT: Within = Within { state: 0.0, obs: 0.0, reward: 0.0 };

fn as_recorded<const STATE: usize>(state: &[f64], _t: usize) -> [f64; STATE] {
    state.try_into().expect("a state of that length")
}

#[test]
fn every_recorded_step_is_taken_as_gymnasium_took_it() {
    check_steps::<CartPoleDynamics, 4, 4>(EXACT, as_recorded);
    // Here and there a cosine differs from the C library's in its last bit, which no observation shows.
    check_steps::<MountainCarDynamics, 2, 2>(Within { state: 1e-16, ..EXACT }, as_recorded);
    // The first state of an episode has the digits of an f64, and says so in its third number.
    check_steps::<MountainCarContinuousDynamics, 3, 2>(EXACT, |state, t| {
        [state[0], state[1], if t == 0 { 1.0 } else { 0.0 }]
    });
    // One unit in the last place of the observation: velocities go up to 28 and to 8.
    check_steps::<AcrobotDynamics, 4, 6>(Within { state: 1e-12, obs: 2e-6, reward: 0.0 }, as_recorded);
    check_steps::<PendulumDynamics, 2, 3>(Within { state: 1e-12, obs: 5e-7, reward: 1e-9 }, as_recorded);
}

/// 100 lanes are a full block and one that is not.
const LANES: usize = 100;

/// Steps lanes beside as many lone environments, saving on the way; the saved bytes of either are read by the other.
#[track_caller]
fn check_lanes<D, const STATE: usize, const OBS: usize>(limit: u64, act: impl Fn(&[f32], &mut NumpyRng) -> D::Action)
where
    D: Dynamics<STATE, OBS>,
{
    let lone = || SyncVec::from_fn(LANES, |_| TimeLimit::new(Classic::<D, STATE, OBS>::new(), limit));
    let (mut lanes, mut plain) = (ClassicVec::<D, STATE, OBS>::new(LANES, limit), lone());
    assert_eq!(lanes.save(), plain.save(), "before the first reset");
    assert_eq!(lanes.reset(Some(3)), plain.reset(Some(3)));
    let mut rng = NumpyRng::new(1);
    let (mut terminated, mut truncated) = (0, 0);
    for t in 0..1200 {
        let actions: Vec<D::Action> = lanes.obs().chunks(OBS).map(|obs| act(obs, &mut rng)).collect();
        let (a, b) = (lanes.step(&actions).unwrap(), plain.step(&actions).unwrap());
        let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(a.obs), bits(b.obs), "{} step {t}", D::NAME);
        assert_eq!(bits(a.next_obs), bits(b.next_obs), "{} step {t}", D::NAME);
        assert_eq!((a.rewards, a.terminated, a.truncated), (b.rewards, b.terminated, b.truncated), "step {t}");
        terminated += a.terminated.iter().filter(|&&flag| flag).count();
        truncated += a.truncated.iter().filter(|&&flag| flag).count();
        if t % 500 == 321 {
            let saved = lanes.save().unwrap();
            assert_eq!(saved, plain.save().unwrap(), "{}", D::NAME);
            (lanes, plain) = (ClassicVec::new(LANES, limit), lone());
            lanes.restore(&saved).unwrap();
            plain.restore(&saved).unwrap();
            assert_eq!(lanes.obs(), plain.obs());
        }
    }
    // Unseeded, each lane goes on with its own generator.
    assert_eq!(lanes.reset(None), plain.reset(None));
    assert_eq!(lanes.save(), plain.save());
    golden::say(&format!("lanes: {}, {terminated} terminated, {truncated} truncated", D::NAME));
    assert!(truncated > 0 && (terminated > 0 || D::NAME == "Pendulum-v1"), "{}", D::NAME);
}

#[test]
fn lanes_have_the_bits_of_lone_environments_and_their_saved_states() {
    check_lanes::<CartPoleDynamics, 4, 4>(30, |_, rng| rng.integers(0, 2) as u32);
    check_lanes::<AcrobotDynamics, 4, 6>(400, |_, rng| rng.integers(0, 3) as u32);
    // With the swing the car arrives, but not always in time.
    check_lanes::<MountainCarDynamics, 2, 2>(120, |obs, _| if obs[1] < 0.0 { 0 } else { 2 });
    // Beyond the bounds at times, on purpose: what is clipped is clipped alike.
    check_lanes::<MountainCarContinuousDynamics, 3, 2>(100, |obs, rng| rng.uniform(0.1, 2.0) as f32 * obs[1].signum());
    check_lanes::<PendulumDynamics, 2, 3>(70, |_, rng| rng.uniform(-3.0, 3.0) as f32);
}

#[test]
fn a_bad_action_in_a_lane_is_an_error_that_names_it() {
    let mut envs = CartPole::lanes(70, 500);
    envs.reset(Some(5));
    envs.step(&[0; 70]).unwrap();
    let mut actions = [1; 70];
    (actions[66], actions[68]) = (2, 3);
    let error = envs.step(&actions).unwrap_err();
    assert!(matches!(error, EnvError::Lane { lane: 66, seed: Some(71), step: 1, .. }), "{error}");
    assert!(error.to_string().ends_with("action 2 is not 0 or 1"), "{error}");
    assert_eq!(envs.step(&[0; 70]).unwrap_err(), error, "it stays failed");
    assert_eq!(envs.save().unwrap_err(), error);
    envs.reset(None);
    envs.step(&[0; 70]).unwrap();

    let mut envs = Pendulum::lanes(2, 200);
    envs.reset(Some(5));
    let error = envs.step(&[0.0, f32::NAN]).unwrap_err().to_string();
    assert!(error.ends_with("action NaN is not a torque"), "{error}");
}

#[test]
fn bytes_that_are_no_state_are_refused_with_the_reason() {
    let mut envs = Acrobot::lanes(2, 500);
    envs.reset(Some(0));
    let saved = envs.save().unwrap();
    let check = |envs: &mut dyn VecEnv<Obs = f32, Action = u32>, bytes: &[u8], why: &str| {
        let error = envs.restore(bytes).unwrap_err();
        assert!(matches!(error, EnvError::BadState { .. }) && error.to_string().contains(why), "{error}");
    };
    check(&mut CartPole::lanes(2, 500), &saved, "they are a state of \"Acrobot-v1\"");
    check(&mut Acrobot::lanes(3, 500), &saved, "2 lanes instead of 3");
    check(&mut envs, &saved[..saved.len() - 1], "no saved state of Acrobot-v1");
    envs.restore(&saved).unwrap();

    let mut env = MountainCar::new();
    env.reset(Some(0), &mut [0.0; 2]);
    let mut other = MountainCarContinuous::new();
    assert!(other.restore(&env.save().unwrap()).is_err());
}

#[test]
#[should_panic(expected = "reset was never called")]
fn a_step_before_the_first_reset_is_a_bug() {
    let _ = MountainCar::lanes(3, 200).step(&[0; 3]);
}

#[test]
#[should_panic(expected = "is not finite")]
fn a_state_that_is_not_finite_is_refused() {
    Pendulum::new().set_state([f64::NAN, 0.0]);
}

/// At the fastest that the acrobot can be set to, its accelerations are enormous.
#[test]
fn no_state_of_the_acrobot_leaves_its_space() {
    use std::f64::consts::PI;
    let (mut env, mut rng) = (Acrobot::new(), NumpyRng::new(2));
    let high = [1.0, 1.0, 1.0, 1.0, (4.0 * PI) as f32, (9.0 * PI) as f32];
    for _ in 0..20_000 {
        let (velocity1, velocity2) = (rng.uniform(-4.0 * PI, 4.0 * PI), rng.uniform(-9.0 * PI, 9.0 * PI));
        env.set_state([rng.uniform(-PI, PI), rng.uniform(-PI, PI), velocity1, velocity2]);
        for _ in 0..5 {
            let mut obs = [f32::NAN; 6];
            env.step(&[rng.integers(0, 3) as u32], &mut obs);
            assert!(obs.iter().zip(&high).all(|(x, high)| x.abs() <= *high), "{obs:?}");
        }
    }
}

/// As fast as it can be, 0.43 + 0.07 is 0.5 to the last bit, which is Gymnasium's goal: `position >= goal_position`.
#[test]
fn a_mountain_car_that_reaches_the_goal_exactly_has_arrived() {
    let (mut env, mut obs) = (MountainCar::new(), [0.0; 2]);
    env.set_state([0.43, 0.07]);
    let step = env.step(&[2], &mut obs);
    assert_eq!((env.state(), step.terminated), ([0.5, 0.07], true));
}
