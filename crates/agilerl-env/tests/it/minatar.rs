//! MinAtar against recordings of the Python package, and against its own promises.
//! `tests/golden/minatar/README.md` describes the recordings.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;

use agilerl_env::{Env, EnvError, MinAtar, MinAtarGame, MinAtarOptions, Space, SyncVec, ThreadVec, VecEnv};
use proptest::prelude::*;
use serde::Deserialize;

/// One run of the package: seeded once, then game after game.
#[derive(Deserialize)]
struct Run {
    seed: u64,
    policy: String,
    sticky_action_prob: f64,
    difficulty_ramping: bool,
    actions: String,
    rewards: Vec<f64>,
    terminated: Vec<usize>,
    flips: Vec<Vec<usize>>,
}

fn recorded(game: MinAtarGame) -> Vec<Run> {
    let file = match game {
        MinAtarGame::Breakout => "breakout",
        MinAtarGame::Asterix => "asterix",
        MinAtarGame::Freeway => "freeway",
        MinAtarGame::Seaquest => "seaquest",
        MinAtarGame::SpaceInvaders => "space_invaders",
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/minatar/{file}.jsonl.gz"));
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let lines = BufReader::new(flate2::read::GzDecoder::new(file)).lines();
    lines.map(|line| serde_json::from_str(&line.expect("a readable file")).expect("a run in JSON")).collect()
}

/// Plays the recorded actions and compares every cell, reward and end. Steps played.
#[track_caller]
fn replay(game: MinAtarGame, run: &Run) -> usize {
    let Run { sticky_action_prob, difficulty_ramping, .. } = *run;
    let mut env = MinAtar::new(game, MinAtarOptions { sticky_action_prob, difficulty_ramping });
    let cells = env.observation_space().row_len();
    let mut flips = run.flips.iter();
    let (mut expected, mut obs) = (vec![0; cells], vec![0; cells]);
    let mut compare = |obs: &mut Vec<u8>, place: &str| {
        for &cell in flips.next().expect("one more observation") {
            expected[cell] = 1 - expected[cell];
        }
        assert_eq!(obs, &expected, "{}, seed {}, {}: {place}", game.name(), run.seed, run.policy);
        obs.fill(7);
    };
    env.reset(Some(run.seed), &mut obs);
    compare(&mut obs, "first reset");
    for (t, action) in run.actions.bytes().enumerate() {
        let step = env.step(&[u32::from(action - b'0')], &mut obs);
        compare(&mut obs, &format!("step {t}"));
        let terminated = run.terminated.contains(&t);
        assert_eq!((step.reward, step.terminated, step.truncated), (run.rewards[t], terminated, false), "step {t}");
        if terminated {
            env.reset(None, &mut obs);
            compare(&mut obs, &format!("reset after step {t}"));
        }
    }
    assert_eq!(flips.next(), None);
    run.actions.len()
}

#[test]
fn every_recorded_game_is_replayed_cell_by_cell() {
    if crate::golden::is_left_out() {
        return;
    }
    for game in MinAtarGame::ALL {
        let steps: usize = recorded(game).iter().map(|run| replay(game, run)).sum();
        assert!(steps > 7000, "{}: {steps} steps", game.name());
    }
}

/// 2500 frames and one: `terminated`, although no limit of the catalogue applies.
#[test]
fn freeway_ends_itself_after_2501_steps() {
    let mut env = MinAtar::new(MinAtarGame::Freeway, MinAtarOptions::default());
    let mut obs = [0; 700];
    env.reset(Some(0), &mut obs);
    let ends: Vec<usize> = (1..=2501).filter(|_| env.step(&[0], &mut obs).terminated).collect();
    assert_eq!(ends, [2501]);
}

/// The last action of one game may stick to the first step of the next, as in the package; a seed begins afresh.
#[test]
fn only_a_seeded_reset_forgets_the_last_action() {
    let mut env = MinAtar::new(MinAtarGame::Breakout, MinAtarOptions { sticky_action_prob: 0.5, ..options() });
    let mut obs = [0; 400];
    // Column of the paddle, which starts in 4, after a game of left and a first step to the right.
    let mut first_step = |seed: u64, reseed: bool| {
        env.reset(Some(seed), &mut obs);
        for _ in 0..4 {
            env.step(&[1], &mut obs);
        }
        env.reset(reseed.then_some(seed), &mut obs);
        env.step(&[2], &mut obs);
        obs[90..100].iter().position(|&cell| cell == 1).expect("a paddle")
    };
    let mut columns = |reseed| (0..100).map(|seed| first_step(seed, reseed)).collect::<BTreeSet<_>>();
    assert_eq!(columns(true), BTreeSet::from([4, 5]), "the first step does as told, or what was done before: nothing");
    assert_eq!(columns(false), BTreeSet::from([3, 4, 5]), "or to the left again");
}

/// At the surface nothing happens to the submarine, and its front shows what each step really did.
#[test]
fn an_action_is_repeated_with_the_sticky_probability() {
    let mut env = MinAtar::new(MinAtarGame::Seaquest, options());
    let mut obs = [0; 1000];
    env.reset(Some(0), &mut obs);
    let column = |obs: &[u8]| obs[..10].iter().position(|&cell| cell == 1).expect("at the surface");
    let (mut x, mut last) = (5, 0);
    let (mut asked, mut repeated) = (0, 0);
    for _ in 0..20_000 {
        // Left and right by turns, away from the walls.
        let action = if x > 6 {
            1
        } else if x < 3 {
            3
        } else {
            4 - last.max(1)
        };
        assert!(!env.step(&[action], &mut obs).ended());
        let now = column(&obs);
        let done = if now < x { 1 } else { 3 };
        if last != 0 && last != action {
            asked += 1;
            repeated += i32::from(done == last);
        }
        (x, last) = (now, done);
    }
    // Five standard deviations of a binomial share.
    let share = f64::from(repeated) / f64::from(asked);
    assert!(asked > 10_000 && (share - 0.1).abs() < 5.0 * (0.09 / f64::from(asked)).sqrt(), "{repeated} of {asked}");
}

#[test]
fn a_saved_state_goes_on_bit_by_bit() {
    for game in MinAtarGame::ALL {
        let mut envs = SyncVec::from_fn(4, |_| MinAtar::new(game, options()));
        let choices = envs.action_space().choices().unwrap() as u32;
        let go_on = |envs: &mut dyn VecEnv<Obs = u8, Action = u32>, steps: std::ops::Range<u32>| -> Vec<Vec<u8>> {
            let act = |t: u32| {
                let actions: Vec<u32> = (0..4).map(|lane| (t * 7 + t / 5 + lane) % choices).collect();
                envs.step(&actions).unwrap().obs.to_vec()
            };
            steps.map(act).collect()
        };
        envs.reset(Some(1));
        go_on(&mut envs, 0..150);
        let saved = envs.save().unwrap();
        let rest = go_on(&mut envs, 150..400);
        let mut other = ThreadVec::from_fn(4, 2, |_| MinAtar::new(game, options()));
        other.restore(&saved).unwrap();
        assert!(go_on(&mut other, 150..400) == rest, "{}", game.name());
    }
}

#[test]
fn a_state_that_makes_no_sense_is_refused() {
    for game in MinAtarGame::ALL {
        let mut env = MinAtar::new(game, options());
        let mut obs = vec![0; env.observation_space().row_len()];
        // A state of before the first reset is one, another game's is not.
        let unused = env.save().unwrap();
        let other = if game == MinAtarGame::Asterix { MinAtarGame::Breakout } else { MinAtarGame::Asterix };
        assert!(matches!(env.restore(&MinAtar::new(other, options()).save().unwrap()), Err(EnvError::BadState { .. })));

        env.reset(Some(0), &mut obs);
        // Things are about, and no game is lost yet.
        for t in 0..50 {
            env.step(&[t / 9 % 2], &mut obs);
        }
        let saved = env.save().unwrap();
        // Whatever a single byte is turned into: refused, or a state that can be played. (0 could say that there is no
        // episode, which is another matter.)
        for (at, value) in (0..saved.len()).flat_map(|at| [1, 9, 100, 200].map(|value| (at, value))) {
            let mut bytes = saved.clone();
            bytes[at] = value;
            if env.restore(&bytes).is_ok() {
                env.step(&[0], &mut obs);
            }
        }
        env.restore(&saved).unwrap();
        env.restore(&unused).unwrap();
    }
}

#[test]
#[should_panic(expected = "action 3 is not below 3")]
fn an_action_that_the_game_does_not_have_is_a_bug() {
    let mut env = MinAtar::new(MinAtarGame::Freeway, options());
    let mut obs = [0; 700];
    env.reset(Some(0), &mut obs);
    env.step(&[3], &mut obs);
}

#[test]
#[should_panic(expected = "reset was never called")]
fn a_step_before_the_first_reset_is_a_bug() {
    MinAtar::new(MinAtarGame::Freeway, options()).step(&[0], &mut [0; 700]);
}

#[test]
fn spaces_are_channels_of_ten_by_ten() {
    for (game, channels, choices) in [
        (MinAtarGame::Breakout, 4, 3),
        (MinAtarGame::Asterix, 4, 5),
        (MinAtarGame::Freeway, 7, 3),
        (MinAtarGame::Seaquest, 10, 6),
        (MinAtarGame::SpaceInvaders, 6, 4),
    ] {
        let env = MinAtar::new(game, options());
        let Space::Box { shape, low, high } = env.observation_space() else { panic!("a box") };
        assert_eq!(shape, &[channels, 10, 10]);
        assert!(low.iter().all(|&bound| bound == 0.0) && high.iter().all(|&bound| bound == 1.0));
        assert_eq!(env.action_space(), &Space::discrete(choices));
        assert_eq!(game.channels().len(), channels);
    }
}

fn options() -> MinAtarOptions {
    MinAtarOptions::default()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_play_shows_zeros_and_ones_and_comes_to_an_end(
        game in 0..5_usize,
        seed: u64,
        sticky in 0.0..=0.5_f64,
        ramping: bool,
        draws in proptest::collection::vec(0..60_u32, 200),
    ) {
        let game = MinAtarGame::ALL[game];
        let mut env = MinAtar::new(game, MinAtarOptions { sticky_action_prob: sticky, difficulty_ramping: ramping });
        let choices = env.action_space().choices().unwrap() as u32;
        let mut obs = vec![7; env.observation_space().row_len()];
        env.reset(Some(seed), &mut obs);
        let mut steps = 0;
        // The draws over and over, in another order each time, so that no play can avoid its end for ever.
        let ended = (0..10_000_u32).any(|t| {
            assert_zeros_and_ones(&obs);
            obs.fill(7);
            steps += 1;
            let draw = draws[t as usize % draws.len()] + (t / 200) * 31 + t / 7;
            env.step(&[draw % choices], &mut obs).ended()
        });
        assert_zeros_and_ones(&obs);
        prop_assert!(ended, "{} goes on after {steps} steps", game.name());
    }
}

#[track_caller]
fn assert_zeros_and_ones(obs: &[u8]) {
    assert!(obs.iter().all(|&cell| cell <= 1));
}
