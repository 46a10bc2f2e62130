//! Names: what is known, what is not, and what an error says about it.

use agilerl_env::{
    Actions, EnvError, Observations, catalogue, env_info, make, make_continuous, make_pixels, make_vec,
    make_vec_continuous, make_vec_pixels, make_vec_threaded,
};

#[test]
fn every_name_makes_the_environment_of_that_name() {
    for info in catalogue() {
        match info.actions {
            Actions::Choice if info.observations == Observations::Pixels => {
                assert_eq!(make_pixels(info.name).unwrap().name(), info.name);
                let envs = make_vec_pixels(info.name, 3, 2).unwrap();
                assert_eq!((envs.name(), envs.num_envs()), (info.name, 3));
                assert!(envs.action_space().choices().is_some());
            }
            Actions::Choice => {
                assert_eq!(make(info.name).unwrap().name(), info.name);
                let envs = make_vec_threaded(info.name, 3, 2).unwrap();
                assert_eq!((envs.name(), envs.num_envs()), (info.name, 3));
                assert!(envs.action_space().choices().is_some());
            }
            Actions::Continuous => {
                assert_eq!(make_continuous(info.name).unwrap().name(), info.name);
                let envs = make_vec_continuous(info.name, 3, 2).unwrap();
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
    let mut envs = make_vec("FrozenLakeNotSlippery-v1", 1).unwrap();
    envs.reset(Some(0));
    // Against the left border for ever.
    let lengths: Vec<usize> = (1..=250).filter(|_| envs.step(&[0]).unwrap().truncated[0]).collect();
    assert_eq!(lengths, [100, 200]);
}

#[test]
fn an_unknown_name_lists_the_known_and_the_nearest() {
    #[track_caller]
    fn check(name: &str, meant: Option<&str>) {
        let Err(EnvError::Unknown { nearest, known, .. }) = make(name).map(|_| ()) else { panic!("{name} is unknown") };
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
    let error = make_vec("CartPole", 2).map(|_| ()).unwrap_err().to_string();
    let start =
        "unknown environment \"CartPole\" (did you mean \"CartPole-v1\"?); known are: CartPole-v1, Acrobot-v1, ";
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn the_wrong_kind_of_actions_is_an_error() {
    let error = make_vec_continuous("CartPole-v1", 2, 1).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "CartPole-v1 takes a choice among n, and this needs continuous actions");
    let error = make_vec("LunarLanderContinuous-v3", 2).map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "LunarLanderContinuous-v3 takes continuous actions, and this needs a choice among n, as DQN does (did you mean \
         \"LunarLander-v3\"?)"
    );
}

#[test]
fn the_wrong_kind_of_observations_is_an_error_that_names_the_right_maker() {
    let expected = "MinAtar/Breakout-v1 observes pixels, and this takes rows of numbers: `make_pixels` and \
                    `make_vec_pixels` make it";
    assert_eq!(make("MinAtar/Breakout-v1").map(|_| ()).unwrap_err().to_string(), expected);
    assert_eq!(make_vec("MinAtar/Breakout-v1", 2).map(|_| ()).unwrap_err().to_string(), expected);
    assert_eq!(make_continuous("MinAtar/Breakout-v1").map(|_| ()).unwrap_err().to_string(), expected);
    let check = |name, expected: &str| {
        assert_eq!(make_pixels(name).map(|_| ()).unwrap_err().to_string(), expected);
        assert_eq!(make_vec_pixels(name, 2, 1).map(|_| ()).unwrap_err().to_string(), expected);
    };
    check("CartPole-v1", "CartPole-v1 observes rows of numbers, and this takes pixels: `make` makes it");
    check(
        "LunarLanderContinuous-v3",
        "LunarLanderContinuous-v3 observes rows of numbers, and this takes pixels: `make_continuous` makes it",
    );
}

#[test]
fn no_lanes_and_no_threads_are_errors() {
    let check = |lanes, threads, expected: &str| {
        assert_eq!(make_vec_threaded("CartPole-v1", lanes, threads).map(|_| ()).unwrap_err().to_string(), expected);
    };
    check(0, 1, "CartPole-v1 was asked for with 0 lanes; at least 1 is needed");
    check(4, 0, "CartPole-v1 was asked for with 0 threads; at least 1 is needed");
}
