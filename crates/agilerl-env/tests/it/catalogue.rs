//! Names: what is known, what is not, and what an error says about it.

use agilerl_env::{
    ActionElement, Actions, BoxEnv, BoxVecEnv, Element, Env, EnvError, Observations, Space, Step, SyncVec, catalogue,
    env_info, make, make_vec, make_vec_threaded, one_hot, one_hot_env,
};

#[test]
fn every_name_makes_the_environment_of_that_name() {
    for info in catalogue() {
        match info.actions {
            Actions::Choice if info.observations == Observations::Pixels => {
                assert_eq!(make::<u8, u32>(info.name).unwrap().name(), info.name);
                let envs = make_vec_threaded::<u8, u32>(info.name, 3, 2).unwrap();
                assert_eq!((envs.name(), envs.num_envs()), (info.name, 3));
                assert!(envs.action_space().choices().is_some());
            }
            Actions::Choice => {
                assert_eq!(make::<f32, u32>(info.name).unwrap().name(), info.name);
                let envs = make_vec_threaded::<f32, u32>(info.name, 3, 2).unwrap();
                assert_eq!((envs.name(), envs.num_envs()), (info.name, 3));
                assert!(envs.action_space().choices().is_some());
            }
            Actions::Continuous => {
                assert_eq!(make::<f32, f32>(info.name).unwrap().name(), info.name);
                let envs = make_vec_threaded::<f32, f32>(info.name, 3, 2).unwrap();
                assert_eq!((envs.name(), envs.num_envs()), (info.name, 3));
                assert!(envs.action_space().choices().is_none());
            }
        }
    }
}

/// Names are unique, and the numbers are Gymnasium 1.4.0's (`gymnasium/envs/__init__.py`).
#[test]
fn limits_and_thresholds_are_gymnasiums() {
    let mut names: Vec<&str> = catalogue().map(|info| info.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");

    let check = |name: &str, limit: u64, threshold: f64| {
        let info = env_info(name).unwrap();
        assert_eq!((info.max_episode_steps, info.reward_threshold), (Some(limit), Some(threshold)), "{name}");
    };
    check("CartPole-v1", 500, 475.0);
    check("Acrobot-v1", 500, -100.0);
    check("MountainCar-v0", 200, -110.0);
    check("MountainCarContinuous-v0", 999, 90.0);
    check("FrozenLake-v1", 100, 0.7);
    check("FrozenLake8x8-v1", 200, 0.85);
    check("Taxi-v4", 200, 8.0);
    check("LunarLander-v3", 1000, 200.0);
    check("LunarLanderContinuous-v3", 1000, 200.0);
    let pendulum = env_info("Pendulum-v1").unwrap();
    assert_eq!((pendulum.max_episode_steps, pendulum.reward_threshold), (Some(200), None));
    let cliff = env_info("CliffWalking-v1").unwrap();
    assert_eq!((cliff.max_episode_steps, cliff.reward_threshold), (None, None));
}

#[test]
fn the_time_limit_is_applied() {
    let mut envs = make_vec::<f32, u32>("FrozenLakeNotSlippery-v1", 1).unwrap();
    envs.reset(Some(0));
    // Against the left border for ever.
    let lengths: Vec<usize> = (1..=250).filter(|_| envs.step(&[0]).unwrap().truncated[0]).collect();
    assert_eq!(lengths, [100, 200]);
}

#[test]
fn an_unknown_name_lists_the_known_and_the_nearest() {
    #[track_caller]
    fn check(name: &str, meant: Option<&str>) {
        let Err(EnvError::Unknown { nearest, known, .. }) = make::<f32, u32>(name).map(|_| ()) else {
            panic!("{name} is unknown")
        };
        assert_eq!(nearest.as_deref(), meant);
        assert!(catalogue().all(|info| known.contains(info.name)), "{known}");
    }
    check("CartPole-v0", Some("CartPole-v1"));
    check("cartpole", Some("CartPole-v1"));
    check("CarPole-v1", Some("CartPole-v1"));
    check("FrozenLake", Some("FrozenLake-v1"));
    check("LunarLander-v2", Some("LunarLander-v3"));
    check("Taxi-v2", Some("Taxi-v3"));
    check("ALE/Pong-v5", None);
    check("", None);
    let error = make_vec::<f32, u32>("CartPole", 2).map(|_| ()).unwrap_err().to_string();
    let start =
        "unknown environment \"CartPole\" (did you mean \"CartPole-v1\"?); known are: CartPole-v1, Acrobot-v1, ";
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn other_actions_are_an_error_that_names_the_twin() {
    let error = make_vec_threaded::<f32, f32>("CartPole-v1", 2, 1).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "CartPole-v1 takes a choice among n, and this needs continuous actions");
    let error = make_vec::<f32, u32>("LunarLanderContinuous-v3", 2).map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "LunarLanderContinuous-v3 takes continuous actions, and this needs a choice among n (did you mean \
         \"LunarLander-v3\"?)"
    );
    let error = make::<f32, f32>("LunarLander-v3").map(|_| ()).unwrap_err();
    assert!(error.to_string().ends_with("(did you mean \"LunarLanderContinuous-v3\"?)"), "{error}");
}

#[test]
fn other_observations_are_an_error_of_their_own_whatever_the_actions() {
    #[track_caller]
    fn check<O: Element, C: ActionElement>(name: &str, expected: &str) {
        assert_eq!(make::<O, C>(name).map(|_| ()).unwrap_err().to_string(), expected);
        assert_eq!(make_vec::<O, C>(name, 2).map(|_| ()).unwrap_err().to_string(), expected);
    }
    let pixels =
        "MinAtar/Breakout-v1 observes pixels, and this takes rows of numbers (its observations are u8, not f32)";
    check::<f32, u32>("MinAtar/Breakout-v1", pixels);
    check::<f32, f32>("MinAtar/Breakout-v1", pixels);
    let numbers = "Pendulum-v1 observes rows of numbers, and this takes pixels (its observations are f32, not u8)";
    check::<u8, u32>("Pendulum-v1", numbers);
    check::<u8, f32>("Pendulum-v1", numbers);
}

/// No environment has pixels and continuous actions yet, and nothing but the table stands in the way of one.
#[test]
fn a_kind_that_no_environment_has_is_refused_as_any_other() {
    let error = make::<u8, f32>("MinAtar/Breakout-v1").map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "MinAtar/Breakout-v1 takes a choice among n, and this needs continuous actions");
}

/// A discrete observation of pixels is as good as one of `f32`.
#[test]
fn one_hot_encodes_every_number_type() {
    /// Always at place 2 of 3.
    struct Place(Space, Space);
    impl Env for Place {
        type Obs = u8;
        type Action = u32;
        fn name(&self) -> &str {
            "Place"
        }
        fn observation_space(&self) -> &Space {
            &self.0
        }
        fn action_space(&self) -> &Space {
            &self.1
        }
        fn reset(&mut self, _seed: Option<u64>, obs: &mut [u8]) {
            obs.copy_from_slice(&[2]);
        }
        fn step(&mut self, _action: &[u32], obs: &mut [u8]) -> Step {
            obs.copy_from_slice(&[2]);
            Step::default()
        }
    }
    let place = || Box::new(Place(Space::discrete(3), Space::discrete(2)));
    let mut env: BoxEnv<u32, u8> = one_hot_env(place());
    let mut obs = [9; 3];
    env.reset(None, &mut obs);
    assert_eq!(obs, [0, 0, 1]);
    let mut envs: BoxVecEnv<u32, u8> = one_hot(Box::new(SyncVec::from_fn(2, |_| place())));
    assert_eq!(envs.reset(None), [0, 0, 1, 0, 0, 1]);
    assert_eq!(envs.step(&[0, 1]).unwrap().next_obs, [0, 0, 1, 0, 0, 1]);
}

#[test]
fn no_lanes_and_no_threads_are_errors() {
    let check = |lanes, threads, expected: &str| {
        assert_eq!(
            make_vec_threaded::<f32, u32>("CartPole-v1", lanes, threads).map(|_| ()).unwrap_err().to_string(),
            expected
        );
    };
    check(0, 1, "CartPole-v1 was asked for with 0 lanes; at least 1 is needed");
    check(4, 0, "CartPole-v1 was asked for with 0 threads; at least 1 is needed");
}
