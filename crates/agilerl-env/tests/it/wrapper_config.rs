//! Wrappers that a configuration names: what they wrap, and what they refuse.

use agilerl_env::{
    ActionElement, BoxEnv, BoxVecEnv, Element, Env, EnvError, Space, SyncVec, TimeLimit, VecEnv, WrapperConfig, make,
    make_vec, wrap_env, wrap_vec_env,
};
use serde_json::json;

use WrapperConfig::{FrameStack, RewardClip, RewardScale};

/// Lanes that are wrapped together, and lanes of environments that are each wrapped.
fn both<O: Element, C: ActionElement>(name: &str, wrappers: &[WrapperConfig]) -> [BoxVecEnv<C, O>; 2] {
    // Cut early, so that resets are seen.
    let one = || -> BoxEnv<C, O> { Box::new(TimeLimit::new(make::<O, C>(name).unwrap(), 7)) };
    let together = wrap_vec_env::<O, C>(Box::new(SyncVec::from_fn(3, |_| one())), wrappers).unwrap();
    let each = SyncVec::from_fn(3, |_| wrap_env(one(), wrappers).unwrap());
    [together, Box::new(each)]
}

fn steps<O: Element>(envs: &mut BoxVecEnv<u32, O>, count: u32) -> Vec<String> {
    let steps = (0..count).map(|t| format!("{:?}", envs.step(&[t % 2, t / 2 % 2, 1]).unwrap()));
    steps.collect()
}

#[track_caller]
fn check_both<O: Element>(name: &str, wrappers: &[WrapperConfig], row_len: usize) {
    let [mut together, mut each] = both::<O, u32>(name, wrappers);
    assert_eq!(together.observation_space(), each.observation_space());
    assert_eq!(together.observation_space().row_len(), row_len);
    assert_eq!(together.reset(Some(5)), each.reset(Some(5)));
    assert_eq!(steps(&mut together, 20), steps(&mut each, 20));
    assert_eq!(together.reset(None), each.reset(None));
    assert_eq!(steps(&mut together, 3), steps(&mut each, 3));
    // Saved in the middle of an episode and restored into new ones, both go on as they were.
    let states = [together.save().unwrap(), each.save().unwrap()];
    let restored = both::<O, u32>(name, wrappers);
    for ((mut envs, state), mut original) in restored.into_iter().zip(states).zip([together, each]) {
        envs.restore(&state).unwrap();
        assert_eq!(envs.obs(), original.obs());
        assert_eq!(steps(&mut envs, 20), steps(&mut original, 20));
    }
}

#[test]
fn wrapped_lanes_show_what_wrapped_environments_show() {
    let all = [FrameStack { frames: 3 }, RewardScale { factor: 0.25 }, RewardClip { low: -0.1, high: 0.2 }];
    check_both::<f32>("CartPole-v1", &all, 3 * 4);
    check_both::<u8>("MinAtar/Breakout-v1", &all, 3 * 400);
    check_both::<f32>("CartPole-v1", &[], 4);
    check_both::<f32>("CartPole-v1", &[FrameStack { frames: 2 }, FrameStack { frames: 2 }], 4 * 4);
}

/// 1 a step: 1 * 0.5 = 0.5 is clipped to 0.3; clipped to 0.3 first, it is 0.3 * 0.5 = 0.15.
#[test]
fn wrappers_are_applied_in_their_order() {
    let (scale, clip) = (RewardScale { factor: 0.5 }, RewardClip { low: 0.0, high: 0.3 });
    for (wrappers, expected) in [([scale, clip], 0.3), ([clip, scale], 0.15)] {
        let mut envs = wrap_vec_env(make_vec::<f32, u32>("CartPole-v1", 2).unwrap(), &wrappers).unwrap();
        envs.reset(Some(1));
        assert_eq!(envs.step(&[0, 1]).unwrap().rewards, [expected; 2]);
        let mut env = wrap_env(make::<f32, u32>("CartPole-v1").unwrap(), &wrappers).unwrap();
        env.reset(Some(1), &mut [0.0; 4]);
        assert_eq!(env.step(&[0], &mut [0.0; 4]).reward, expected);
    }
}

#[test]
fn images_are_stacked_along_their_channels_and_rows_along_a_new_axis() {
    let shape = |space: &Space| match space {
        Space::Box { shape, .. } => shape.clone(),
        Space::Discrete { .. } => panic!("no box"),
    };
    let wrappers = [FrameStack { frames: 4 }];
    let images = wrap_env(make::<u8, u32>("MinAtar/Breakout-v1").unwrap(), &wrappers).unwrap();
    assert_eq!(shape(images.observation_space()), [16, 10, 10]);
    let rows = wrap_vec_env(make_vec::<f32, f32>("Pendulum-v1", 2).unwrap(), &wrappers).unwrap();
    assert_eq!(shape(rows.observation_space()), [4, 3]);
}

#[test]
fn a_wrapper_changes_observations_or_rewards() {
    for (wrapper, observations, rewards) in [
        (FrameStack { frames: 2 }, true, false),
        (RewardScale { factor: 2.0 }, false, true),
        (RewardClip { low: 0.0, high: 1.0 }, false, true),
    ] {
        assert_eq!((wrapper.changes_observations(), wrapper.changes_rewards()), (observations, rewards), "{wrapper:?}");
    }
}

#[test]
fn settings_out_of_range_are_named_with_value_and_range() {
    #[track_caller]
    fn check(wrapper: WrapperConfig, expected: &str) {
        assert_eq!(wrapper.validate().unwrap_err().to_string(), expected);
        let env = wrap_env(make::<f32, u32>("CartPole-v1").unwrap(), &[wrapper]);
        assert_eq!(env.map(|_| ()).unwrap_err().to_string(), expected);
        let envs = wrap_vec_env(make_vec::<f32, u32>("CartPole-v1", 2).unwrap(), &[wrapper]);
        assert_eq!(envs.map(|_| ()).unwrap_err().to_string(), expected);
    }
    check(FrameStack { frames: 0 }, "frame_stack.frames is 0, but must be from 1 to 256");
    check(FrameStack { frames: 257 }, "frame_stack.frames is 257, but must be from 1 to 256");
    check(RewardScale { factor: 0.0 }, "reward_scale.factor is 0, but must be a number above 0");
    check(RewardScale { factor: -1.0 }, "reward_scale.factor is -1, but must be a number above 0");
    check(RewardScale { factor: f64::INFINITY }, "reward_scale.factor is inf, but must be a number above 0");
    check(RewardClip { low: f64::NAN, high: 1.0 }, "reward_clip.low is NaN, but must be a number");
    let above = "reward_clip.high is 1, but must be above reward_clip.low, which is 1";
    check(RewardClip { low: 1.0, high: 1.0 }, above);
    let nan = RewardClip { low: 0.0, high: f64::NAN };
    check(nan, "reward_clip.high is NaN, but must be above reward_clip.low, which is 0");
    for sound in [
        FrameStack { frames: 1 },
        FrameStack { frames: 256 },
        RewardScale { factor: 1e-9 },
        RewardClip { low: f64::NEG_INFINITY, high: 1.0 },
    ] {
        sound.validate().unwrap();
    }
}

#[test]
fn a_stack_of_discrete_observations_is_an_error() {
    let wrappers = [FrameStack { frames: 2 }];
    let expected = EnvError::DiscreteFrames { name: "Taxi-v3".to_owned() };
    assert_eq!(wrap_env(make::<f32, u32>("Taxi-v3").unwrap(), &wrappers).map(|_| ()), Err(expected.clone()));
    assert_eq!(wrap_vec_env(make_vec::<f32, u32>("Taxi-v3", 2).unwrap(), &wrappers).map(|_| ()), Err(expected));
    // Rewards can be changed all the same.
    wrap_env(make::<f32, u32>("Taxi-v3").unwrap(), &[RewardScale { factor: 0.1 }]).unwrap();
}

#[test]
fn a_wrapper_is_a_table_that_names_its_kind() {
    let wrappers = [FrameStack { frames: 4 }, RewardScale { factor: 0.1 }, RewardClip { low: -1.0, high: 1.0 }];
    let tables = json!([
        {"kind": "frame_stack", "frames": 4},
        {"kind": "reward_scale", "factor": 0.1},
        {"kind": "reward_clip", "low": -1.0, "high": 1.0},
    ]);
    assert_eq!(serde_json::to_value(wrappers).unwrap(), tables);
    assert_eq!(serde_json::from_value::<[WrapperConfig; 3]>(tables).unwrap(), wrappers);

    #[track_caller]
    fn refuse(table: serde_json::Value, expected: &str) {
        let error = serde_json::from_value::<WrapperConfig>(table).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    refuse(json!({"kind": "frame_stack", "frames": 4, "frame": 1}), "unknown field `frame`");
    refuse(json!({"kind": "frame_stack"}), "missing field `frames`");
    refuse(json!({"kind": "sticky_actions"}), "unknown variant `sticky_actions`");
    refuse(json!({"frames": 4}), "missing field `kind`");
}
