//! Recorded episodes of Gymnasium, read and replayed. `tests/golden/README.md` describes the files.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use agilerl_env::{ActionElement, BoxEnv, Env, make};
use serde::Deserialize;

/// One file: an environment and its episodes.
#[allow(dead_code, reason = "as below")]
pub(crate) struct Recording {
    /// Gymnasium's name of the environment; a continuous lander has the name `LunarLanderContinuous-v3`.
    pub(crate) env: String,
    /// Keyword arguments that the maker was given.
    pub(crate) kwargs: BTreeMap<String, serde_json::Value>,
    /// Where it was read from.
    pub(crate) path: PathBuf,
    pub(crate) episodes: Vec<Episode>,
}

/// One episode. `T` is its length; fields that only some environments have are empty or `None` in the others.
#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "the fields are those of the files, whether a test reads them or not")]
pub(crate) struct Episode {
    pub(crate) episode: usize,
    pub(crate) seed: u64,
    pub(crate) policy: String,
    pub(crate) initial_obs: Vec<f32>,
    /// `[T]`.
    pub(crate) actions: Vec<Action>,
    /// `[T][n]`, after each step.
    pub(crate) obs: Vec<Vec<f32>>,
    /// `[T]`.
    pub(crate) rewards: Vec<f64>,
    /// Flags of the last step; both are false on every earlier one.
    pub(crate) terminated: bool,
    pub(crate) truncated: bool,
    pub(crate) length: usize,
    #[serde(rename = "return")]
    pub(crate) total: f64,
    /// The recording stopped while the episode still ran.
    pub(crate) cut_by_recorder: bool,

    /// Internal state after reset, and after each step (classic control).
    #[serde(default)]
    pub(crate) initial_state: Vec<f64>,
    #[serde(default)]
    pub(crate) states: Vec<Vec<f64>>,

    /// The lander's random draws, its ground and its bodies.
    #[serde(default)]
    pub(crate) terrain_raw: Vec<f64>,
    #[serde(default)]
    pub(crate) terrain_x: Vec<f32>,
    #[serde(default)]
    pub(crate) terrain_y: Vec<f32>,
    #[serde(default)]
    pub(crate) initial_force: Vec<f64>,
    #[serde(default)]
    pub(crate) reset_dispersion: Vec<f64>,
    /// `[T][2]`.
    #[serde(default)]
    pub(crate) dispersion: Vec<[f64; 2]>,
    /// Hull, leg 0, leg 1.
    #[serde(default)]
    pub(crate) reset_bodies: Vec<Body>,
    /// The same after step `t` (counted from 1), for every `body_stride`-th step and the last.
    #[serde(default)]
    pub(crate) bodies: Vec<(usize, Body, Body, Body)>,
    pub(crate) body_stride: Option<usize>,
    pub(crate) awake_at_end: Option<bool>,
    pub(crate) game_over: Option<bool>,
}

/// A body of the lander: x, y, angle, vx, vy, angular velocity.
pub(crate) type Body = [f32; 6];

/// A recorded action: an integer of a discrete space, a list of components of a continuous one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Action {
    Choice(u32),
    Components(Vec<f32>),
}

/// An action element that recorded actions can be turned into.
pub(crate) trait Recorded: ActionElement {
    /// Writes the action into `row`; panics if it is of the other kind or length.
    fn read(action: &Action, row: &mut [Self]);
}

impl Recorded for u32 {
    fn read(action: &Action, row: &mut [Self]) {
        match action {
            Action::Choice(choice) => row.copy_from_slice(&[*choice]),
            Action::Components(_) => panic!("a continuous action for a discrete environment: {action:?}"),
        }
    }
}

impl Recorded for f32 {
    fn read(action: &Action, row: &mut [Self]) {
        match action {
            Action::Choice(_) => panic!("a discrete action for a continuous environment: {action:?}"),
            Action::Components(components) => row.copy_from_slice(components),
        }
    }
}

/// Whether this is the crate as a registry has it, which leaves the recordings out: the tests that replay them then say so,
/// and pass. In the repository a missing folder fails them.
pub(crate) fn is_left_out() -> bool {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_packaged = crate_folder.join("Cargo.toml.orig").exists();
    let is_left_out = is_packaged && !crate_folder.join("tests/golden").exists();
    if is_left_out {
        say("golden: not replayed, since the package is without the recordings; the repository has them");
    }
    is_left_out
}

/// All recordings of the folder that `AGILERL_GOLDEN` names, or else of this crate's copy, sorted by file name.
pub(crate) fn recordings() -> Vec<Recording> {
    let folder = std::env::var_os("AGILERL_GOLDEN")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"), PathBuf::from);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(".jsonl.gz"));
    paths.sort();
    assert!(!paths.is_empty(), "no recordings (*.jsonl.gz) in {}", folder.display());
    paths.iter().map(|path| read(path)).collect()
}

/// Reads one file.
pub(crate) fn read(path: &Path) -> Recording {
    #[derive(Deserialize)]
    struct Head {
        format: String,
        env: String,
        kwargs: BTreeMap<String, serde_json::Value>,
        episodes: usize,
    }
    let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut lines = BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines().enumerate().map(|(i, line)| {
        let place = format!("{} line {}", path.display(), i + 1);
        (line.unwrap_or_else(|e| panic!("{place}: {e}")), place)
    });
    let (line, place) = lines.next().unwrap_or_else(|| panic!("{} is empty", path.display()));
    let head: Head = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{place}: {e}"));
    assert_eq!(head.format, "golden-trajectories/1", "{place}");
    let episodes: Vec<Episode> =
        lines.map(|(line, place)| serde_json::from_str(&line).unwrap_or_else(|e| panic!("{place}: {e}"))).collect();
    assert_eq!(episodes.len(), head.episodes, "{}: number of episodes", path.display());
    Recording { env: head.env, kwargs: head.kwargs, path: path.to_owned(), episodes }
}

/// How near a replayed number has to be to the recorded one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tolerance {
    pub(crate) obs: f32,
    pub(crate) reward: f64,
}

impl Tolerance {
    pub(crate) const NONE: Self = Self { obs: 0.0, reward: 0.0 };
}

/// Plays the recorded actions from `reset(seed)` and compares every observation, reward and flag with `==`.
/// `inspect` sees the environment after reset (`t` = 0) and after every step `t`, for checks of its inside.
#[track_caller]
pub(crate) fn replay<E>(episode: &Episode, env: &mut E, inspect: impl FnMut(&E, usize))
where
    E: Env<Obs = f32, Action: Recorded> + ?Sized,
{
    replay_within(Tolerance::NONE, episode, env, inspect);
}

/// [`replay`] that lets observations and rewards, but neither the first observation nor a flag, differ a little.
#[track_caller]
pub(crate) fn replay_within<E>(tolerance: Tolerance, episode: &Episode, env: &mut E, mut inspect: impl FnMut(&E, usize))
where
    E: Env<Obs = f32, Action: Recorded> + ?Sized,
{
    let place = format!("{}, episode {} (seed {}, {})", env.name(), episode.episode, episode.seed, episode.policy);
    let mut action = vec![E::Action::default(); env.action_space().row_len()];
    let mut obs = vec![f32::NAN; env.observation_space().row_len()];
    env.reset(Some(episode.seed), &mut obs);
    assert_eq!(obs, episode.initial_obs, "{place}: first observation");
    inspect(env, 0);

    for (t, recorded) in (1..).zip(&episode.actions) {
        Recorded::read(recorded, &mut action);
        obs.fill(f32::NAN);
        let step = env.step(&action, &mut obs);
        let (seen, reward) = (&episode.obs[t - 1], episode.rewards[t - 1]);
        let near = obs.len() == seen.len() && obs.iter().zip(seen).all(|(x, y)| (x - y).abs() <= tolerance.obs);
        assert!(near, "{place}: observation after step {t}: {obs:?} is not {seen:?}");
        let near = (step.reward - reward).abs() <= tolerance.reward;
        assert!(near, "{place}: reward of step {t}: {} is not {reward}", step.reward);
        let last = t == episode.length;
        let flags = (last && episode.terminated, last && episode.truncated);
        assert_eq!((step.terminated, step.truncated), flags, "{place}: (terminated, truncated) of step {t}");
        inspect(env, t);
    }
}

/// A line that is seen even when the test passes: the harness captures `eprintln!`, not this.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Every file, none left out. Where sine, cosine and square of the C library differ from ours in the last bit and the
/// system magnifies that, a tolerance is named; `classic.rs` then compares step by step.
#[test]
fn every_recorded_episode_is_replayed() {
    if is_left_out() {
        return;
    }
    for recording in recordings() {
        let continuous = recording.kwargs.get("continuous") == Some(&true.into());
        // The recorded name says whether a lander is continuous, so that keyword selects nothing more.
        let others = recording.kwargs.iter().filter(|(key, _)| *key != "continuous").count();
        if others > 0 && recording.env.starts_with("LunarLander") {
            say(&format!("golden: {} with {:?} is replayed among the lander's tests", recording.env, recording.kwargs));
            continue;
        }
        assert_eq!(others, 0, "{}: the catalogue has no {:?}", recording.path.display(), recording.kwargs);
        let tolerance = match recording.env.as_str() {
            "Acrobot-v1" => Tolerance { obs: 1e-4, reward: 0.0 },
            // Balanced upright, one unit in the last place grows without bound: here only the flags are compared, and every
            // number in `classic.rs`, one step at a time.
            "Pendulum-v1" => Tolerance { obs: f32::INFINITY, reward: f64::INFINITY },
            _ => Tolerance::NONE,
        };
        let steps = match recording.env.as_str() {
            name if continuous || make::<f32, u32>(name).is_err() => {
                replay_all(tolerance, &recording, make::<f32, f32>(name).unwrap_or_else(|e| panic!("{e}")))
            }
            name => replay_all(tolerance, &recording, make::<f32, u32>(name).unwrap_or_else(|e| panic!("{e}"))),
        };
        say(&format!("golden: {} replayed, {steps} steps, {tolerance:?}", recording.env));
    }
}

fn replay_all<A: Recorded>(tolerance: Tolerance, recording: &Recording, mut env: BoxEnv<A>) -> usize {
    for episode in &recording.episodes {
        replay_within(tolerance, episode, &mut env, |_, _| ());
    }
    recording.episodes.iter().map(|episode| episode.length).sum()
}

#[test]
fn recordings_are_complete_and_agree_with_themselves() {
    if is_left_out() {
        return;
    }
    for recording in recordings() {
        for episode in &recording.episodes {
            let place = format!("{}, episode {}", recording.path.display(), episode.episode);
            assert_eq!(episode.actions.len(), episode.length, "{place}");
            assert_eq!(episode.obs.len(), episode.length, "{place}");
            assert_eq!(episode.rewards.len(), episode.length, "{place}");
            assert_eq!(episode.cut_by_recorder, !(episode.terminated || episode.truncated), "{place}");
            let total: f64 = episode.rewards.iter().sum();
            assert!((total - episode.total).abs() < 1e-9, "{place}: {total} is not {}", episode.total);
        }
    }
}
