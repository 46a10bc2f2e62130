//! The lander against Gymnasium's: recorded episodes, the heuristic controller, a random policy, wind, saved states.

use agilerl_env::{
    Env, EnvError, Lander, LanderAction, LanderOptions, LanderVec, LunarLander, LunarLanderContinuous, NumpyRng,
    SyncVec, TimeLimit, VecEnv,
};

use crate::golden::{Recorded, is_left_out, recordings, replay};

const TIME_LIMIT: u64 = 1000;

#[test]
fn recorded_landings_are_equal_to_the_last_bit() {
    check_recordings::<u32>("LunarLander-v3");
    check_recordings::<f32>("LunarLanderContinuous-v3");
}

#[track_caller]
fn check_recordings<A: LanderAction + Recorded>(name: &str) {
    if is_left_out() {
        return;
    }
    let mut episodes = 0;
    for recording in recordings().iter().filter(|recording| recording.env == name) {
        let mut options = recording.kwargs.clone();
        options.remove("continuous");
        let options: LanderOptions = serde_json::from_value(options.into_iter().collect()).expect("lander options");
        for episode in &recording.episodes {
            let mut env = TimeLimit::new(Lander::<A>::new(options.clone()), TIME_LIMIT);
            replay(episode, &mut env, |_, _| {});
            episodes += 1;
        }
    }
    assert!(episodes > 0, "no recording of {name}");
}

/// The numbers are those of Gymnasium 1.4.0 with the same seeds, where the outcomes come out the same one by one.
#[test]
fn gymnasiums_heuristic_scores_here_what_it_scores_there() {
    let episodes = play_all(500, LanderOptions::default(), |_| |obs: &[f32; 8]| [heuristic(obs).choice()]);
    let count = |predicate: fn(&Played) -> bool| episodes.iter().filter(|episode| predicate(episode)).count();
    assert_eq!(count(|e| e.last_reward == 100.0), 458, "landed");
    assert_eq!(count(|e| e.last_reward == -100.0), 34, "crashed");
    assert_eq!(count(|e| e.steps == TIME_LIMIT), 8, "timed out");
    let mean = mean(&episodes, |e| e.total);
    assert!((mean - 238.73).abs() < 0.01, "mean return {mean}");
}

#[test]
fn a_random_policy_scores_here_what_it_scores_there() {
    let episodes = play_all(2000, LanderOptions::default(), |seed| {
        let mut rng = NumpyRng::new(10_000_000 + seed);
        move |_: &[f32; 8]| [rng.integers(0, 4) as u32]
    });
    let (total, steps) = (mean(&episodes, |e| e.total), mean(&episodes, |e| e.steps as f64));
    assert!((total + 184.0).abs() < 8.0, "mean return {total}");
    assert!((steps - 92.5).abs() < 2.5, "mean length {steps}");
}

/// Literals from Gymnasium 1.4.0: length, sum of the rewards and last observation of its heuristic in the wind.
#[test]
fn the_wind_blows_as_in_gymnasium() {
    let default_wind = LanderOptions { enable_wind: true, ..LanderOptions::default() };
    let episodes = play_all(3, default_wind, |_| |obs: &[f32; 8]| [heuristic(obs).choice()]);
    check_episode(
        &episodes[0],
        (200, 305.9882171169876),
        [0.07445011, 0.00018644094, 0.0, 0.0, -0.0053844033, 0.0, 1.0, 1.0],
    );
    check_episode(
        &episodes[1],
        (103, 11.272842824840723),
        [0.029704284, -0.03537375, 0.17400852, -0.33189562, -0.089816585, 1.9602585, 1.0, 1.0],
    );
    check_episode(
        &episodes[2],
        (106, -11.244118515022848),
        [-0.18371105, -0.023820546, -0.3044089, 0.021224558, -0.251878, -0.14350376, 1.0, 1.0],
    );

    let other_wind = LanderOptions { gravity: -11.5, enable_wind: true, wind_power: 8.0, turbulence_power: 0.5 };
    let episodes = play_all(2, other_wind, |_| |obs: &[f32; 8]| heuristic(obs).throttles());
    check_episode(
        &episodes[0],
        (160, 310.81034506591516),
        [0.018693257, -0.0009824657, 0.0, 0.0, -0.0026234218, 0.0, 1.0, 1.0],
    );
    check_episode(
        &episodes[1],
        (174, 275.57648589500764),
        [-0.011236191, -6.640196e-05, 0.0, 0.0, 0.0005932272, 0.0, 1.0, 1.0],
    );
}

#[track_caller]
fn check_episode(episode: &Played, (steps, total): (u64, f64), last_obs: [f32; 8]) {
    assert_eq!((episode.steps, episode.total, episode.last_obs), (steps, total, last_obs));
}

#[test]
fn a_saved_lander_goes_on_with_the_same_bits() {
    // Lands and falls asleep: flight, impact, sliding with warm-started contacts, and rest are all saved from.
    let mut env = LunarLander::default();
    let mut obs = [0.0; 8];
    env.reset(Some(0), &mut obs);
    let (mut others, mut touched) = (Vec::new(), false);
    for t in 0.. {
        if t % 20 == 0 || obs[6] + obs[7] > 0.0 {
            let mut other = LunarLander::default();
            other.restore(&env.save().unwrap()).unwrap();
            others.push(other);
        }
        touched |= obs[6] > 0.0;
        let action = [heuristic(&obs).choice()];
        let step = env.step(&action, &mut obs);
        for other in &mut others {
            let mut other_obs = [0.0; 8];
            assert_eq!(other.step(&action, &mut other_obs), step, "step {t}");
            assert_eq!(other_obs, obs, "step {t}");
        }
        if step.ended() {
            assert_eq!(step.reward, 100.0);
            break;
        }
    }
    assert!(touched && others.len() > 20);
    // The generator is part of the state.
    let mut obs_after = [0.0; 8];
    env.reset(None, &mut obs);
    for other in &mut others {
        other.reset(None, &mut obs_after);
        assert_eq!(obs_after, obs);
    }
}

#[test]
fn a_saved_lander_is_not_restored_from_other_bytes() {
    let mut env = LunarLander::default();
    env.reset(Some(0), &mut [0.0; 8]);
    let saved = env.save().unwrap();
    assert!(env.restore(&saved[..saved.len() - 1]).is_err());
    assert!(LunarLanderContinuous::default().restore(&saved).is_err());
    assert!(env.restore(&saved).is_ok());
}

#[test]
fn lanes_have_the_bits_of_lone_landers() {
    // 21 lanes: a full group and one that is not. The heuristic lands some, the noise on it crashes others.
    let mut noise = NumpyRng::new(1);
    check_lanes(21, LanderOptions::default(), 1500, |obs| {
        if noise.random() < 0.2 { vec![noise.integers(0, 4) as u32] } else { vec![heuristic(obs).choice()] }
    });
    let mut noise = NumpyRng::new(2);
    let wind = LanderOptions { enable_wind: true, ..LanderOptions::default() };
    check_lanes(5, wind, 1000, |obs| {
        heuristic(obs).throttles().map(|throttle| throttle + noise.uniform(-0.5, 0.5) as f32).to_vec()
    });
}

/// Steps the lanes beside as many single landers, saving and restoring them on the way.
fn check_lanes<A: LanderAction>(
    lanes: usize,
    options: LanderOptions,
    steps: usize,
    mut policy: impl FnMut(&[f32; 8]) -> Vec<A>,
) {
    let limit = 300;
    let mut fast = LanderVec::<A>::new(lanes, options.clone(), limit);
    let mut plain = SyncVec::from_fn(lanes, |_| TimeLimit::new(Lander::<A>::new(options.clone()), limit));
    assert_eq!(fast.reset(Some(3)), plain.reset(Some(3)));
    let (mut landed, mut crashed, mut truncated) = (0, 0, 0);
    for t in 0..steps {
        let actions: Vec<A> = fast.obs().as_chunks().0.iter().flat_map(&mut policy).collect();
        let (a, b) = (fast.step(&actions).unwrap(), plain.step(&actions).unwrap());
        assert_eq!(
            a.next_obs.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            b.next_obs.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            "step {t}"
        );
        assert_eq!(a.obs, b.obs, "step {t}");
        assert_eq!((a.rewards, a.terminated, a.truncated), (b.rewards, b.terminated, b.truncated), "step {t}");
        landed += a.rewards.iter().filter(|&&reward| reward == 100.0).count();
        crashed += a.rewards.iter().filter(|&&reward| reward == -100.0).count();
        truncated += a.truncated.iter().filter(|&&truncated| truncated).count();
        if t % 250 == 249 {
            let saved = fast.save().unwrap();
            fast = LanderVec::new(lanes, options.clone(), limit);
            fast.restore(&saved).unwrap();
        }
    }
    assert!(landed > 0 && crashed > 0 && truncated > 0, "{landed} landed, {crashed} crashed, {truncated} cut");
}

#[test]
#[should_panic(expected = "the action is one number from 0 to 3, not [4]")]
fn an_action_out_of_range_is_refused() {
    let mut env = LunarLander::default();
    env.reset(Some(0), &mut [0.0; 8]);
    env.step(&[4], &mut [0.0; 8]);
}

#[test]
#[should_panic(expected = "the action is two throttles, not [0.0, NaN]")]
fn a_throttle_that_is_not_a_number_is_refused() {
    let mut env = LunarLanderContinuous::default();
    env.reset(Some(0), &mut [0.0; 8]);
    env.step(&[0.0, f32::NAN], &mut [0.0; 8]);
}

#[test]
#[should_panic(expected = "needs a reset first")]
fn stepping_on_after_the_end_is_refused() {
    let mut env = LunarLander::default();
    let mut obs = [0.0; 8];
    env.reset(Some(0), &mut obs);
    while !env.step(&[0], &mut obs).ended() {}
    env.step(&[0], &mut obs);
}

#[test]
#[should_panic(expected = "gravity is 9.81")]
fn gravity_that_pulls_upwards_is_refused() {
    LunarLander::new(LanderOptions { gravity: 9.81, ..LanderOptions::default() });
}

#[test]
fn a_bad_action_in_a_lane_is_an_error_that_names_it() {
    let mut envs = LanderVec::<f32>::new(3, LanderOptions::default(), 1000);
    envs.reset(Some(5));
    envs.step(&[0.0; 6]).unwrap();
    let error = envs.step(&[0.0, 0.0, 0.0, f32::NAN, 0.0, 0.0]).unwrap_err();
    assert!(matches!(error, EnvError::Lane { lane: 1, seed: Some(6), step: 1, .. }), "{error}");
    assert!(envs.step(&[0.0; 6]).is_err(), "it stays failed");
    envs.reset(None);
    envs.step(&[0.0; 6]).unwrap();
}

/// What an episode came to.
struct Played {
    total: f64,
    steps: u64,
    last_reward: f64,
    last_obs: [f32; 8],
}

/// Plays the episodes of seeds 0 to `seeds`, each with a policy of its own.
fn play_all<A, P, const N: usize>(seeds: u64, options: LanderOptions, policy: impl Fn(u64) -> P) -> Vec<Played>
where
    A: LanderAction,
    P: FnMut(&[f32; 8]) -> [A; N],
{
    let mut env = TimeLimit::new(Lander::<A>::new(options), TIME_LIMIT);
    (0..seeds).map(|seed| play(&mut env, seed, policy(seed))).collect()
}

fn play<A: LanderAction, const N: usize>(
    env: &mut TimeLimit<Lander<A>>,
    seed: u64,
    mut policy: impl FnMut(&[f32; 8]) -> [A; N],
) -> Played {
    let mut played = Played { total: 0.0, steps: 0, last_reward: 0.0, last_obs: [0.0; 8] };
    env.reset(Some(seed), &mut played.last_obs);
    loop {
        let step = env.step(&policy(&played.last_obs), &mut played.last_obs);
        played.total += step.reward;
        played.steps += 1;
        played.last_reward = step.reward;
        if step.ended() {
            return played;
        }
    }
}

fn mean(episodes: &[Played], value: impl Fn(&Played) -> f64) -> f64 {
    episodes.iter().map(value).sum::<f64>() / episodes.len() as f64
}

/// What the controller that Gymnasium ships with the lander wants, in single precision as there.
struct Wish {
    angle: f32,
    hover: f32,
}

fn heuristic(obs: &[f32; 8]) -> Wish {
    let &[x, y, vx, vy, angle, spin, leg0, leg1] = obs;
    let target_angle = (x * 0.5 + vx).clamp(-0.4, 0.4);
    let target_height = 0.55 * x.abs();
    if leg0 > 0.0 || leg1 > 0.0 {
        return Wish { angle: 0.0, hover: -vy * 0.5 };
    }
    Wish { angle: (target_angle - angle) * 0.5 - spin, hover: (target_height - y) * 0.5 - vy * 0.5 }
}

impl Wish {
    fn choice(&self) -> u32 {
        if self.hover > self.angle.abs() && self.hover > 0.05 {
            2
        } else if self.angle < -0.05 {
            3
        } else if self.angle > 0.05 {
            1
        } else {
            0
        }
    }

    fn throttles(&self) -> [f32; 2] {
        [(self.hover * 20.0 - 1.0).clamp(-1.0, 1.0), (-self.angle * 20.0).clamp(-1.0, 1.0)]
    }
}
