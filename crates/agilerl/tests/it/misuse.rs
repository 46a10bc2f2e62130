//! Settings and flags that make no sense are refused at once, with the way out, before the folder of a run is touched.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use agilerl::prelude::*;

use crate::config_files::REFUSED;
use crate::message;

/// The way out from `tch`, whose devices are known to builds with burn only.
const NO_TCH: &str = if cfg!(feature = "burn") { "known are: cpu" } else { "build with `--features tch`" };

/// A configuration file, and the way out that the message must name.
const SETTINGS: &[(&str, &str)] = &[
    // Names.
    ("env = 'CartPole-v0'", "did you mean \"CartPole-v1\"?"),
    ("env = 'cartpole'", "did you mean \"CartPole-v1\"?"),
    ("env = ''", "known are: CartPole-v1"),
    ("env = 'Pendulum-v1'", "needs a choice among n"),
    ("env = 'LunarLanderContinuous-v3'", "did you mean \"LunarLander-v3\"?"),
    ("env = 'FrozenLake-v1'\nwrappers = [{ kind = 'frame_stack', frames = 4 }]", "frame_stack"),
    ("wrappers = [{ kind = 'reward_clip', low = 1, high = 0 }]", "above reward_clip.low, which is 1"),
    ("wrappers = 3", "expected a list"),
    ("env = 3", "expected a text"),
    ("device = 'gpu'", "known are: cpu"),
    ("device = ''", "known are: cpu"),
    ("device = 'CPU'", "known are: cpu"),
    ("device = 'tch:cuda:one'", NO_TCH),
    // Names of Python, and of other sections.
    ("POP_SIZE = 6", "did you mean `population`?"),
    ("learning_rate = 1e-3", "did you mean `lr` in [algorithm]?"),
    ("GAMMA = 0.99", "did you mean `gamma` in [algorithm]?"),
    ("seed = 3", "did you mean `seed` in [evolution]?"),
    ("lanes = 3", "did you mean `lanes` in [off_policy]?"),
    ("zzz = 3", "Known here: env, wrappers, population"),
    ("[algorithm]\nkind = 'dqn'\nlearning_rate = 1e-3", "did you mean `lr`?"),
    ("[algorithm]\nkind = 'dqn'\nLR = 1e-3", "did you mean `lr`?"),
    ("[algorithm]\nkind = 'dqn'\nBATCH_SIZE = 128", "did you mean `batch_size`?"),
    ("[algorithm]\nkind = 'dqn'\nLEARN_STEP = 1", "did you mean `learn_step`?"),
    ("[algorithm]\nkind = 'dqn'\nTAU = 1e-3", "did you mean `tau`?"),
    ("[algorithm]\nkind = 'dqn'\nDOUBLE = true", "did you mean `double`?"),
    ("[algorithm]\nkind = 'dqn'\nnet.h_size = [32, 32]", "did you mean `hidden`?"),
    ("[algorithm]\nkind = 'dqn'\nmemory_size = 3", "did you mean `memory_size` in [off_policy]?"),
    ("[off_policy]\nnum_envs = 16", "did you mean `lanes`?"),
    ("[off_policy]\nbuffer_size = 16", "did you mean `memory_size`?"),
    ("[evolution]\npopulation_size = 6", "did you mean `population` at the top of the file?"),
    ("[evolution]\nTARGET_SCORE = 200.0", "did you mean `target`?"),
    ("[evolution.mutation]\nno_mut = 0.4", "did you mean `no_mutation`?"),
    // Types.
    ("population = 1e3", "expected a whole number"),
    ("population = true", "expected a whole number"),
    ("population = []", "expected a whole number"),
    ("population = 9223372036854775808", "population"),
    ("algorithm = 3", "expected a table of settings"),
    ("[dqn]\nlr = 1e-3", "[algorithm] now"),
    ("[evolution.tournament]\nsize = 2", "[evolution.selection] now"),
    ("[algorithm]\nkind = 'dqn'\nlr = true", "expected a number"),
    ("[algorithm]\nkind = 'dqn'\ndouble = 'yes'", "expected true or false"),
    ("[algorithm]\nkind = 'dqn'\ndouble = 1", "expected true or false"),
    ("[algorithm]\nkind = 'dqn'\nnet.hidden = 64", "expected a list"),
    ("[algorithm]\nkind = 'dqn'\nnet.hidden = [64.5]", "expected a whole number"),
    ("[algorithm]\nkind = 'dqn'\nnet.convs = [{ channels = 16 }]", "missing field `kernel`"),
    ("[evolution]\ntarget = 'none'", "expected a number"),
    // Text that is no TOML.
    ("population 6", "line 1"),
    ("[algorithm", "line 1"),
    ("= 3", "line 1"),
    ("population = [", "line 1"),
    ("population = 6 # \u{0}", "line 1"),
    ("[algorithm]\n[algorithm]", "line 2"),
    // Numbers.
    ("memory_limit_gib = 0", "a number of GiB above 0"),
    ("memory_limit_gib = -1", "a number of GiB above 0"),
    ("memory_limit_gib = nan", "a number of GiB above 0"),
    ("memory_limit_gib = inf", "a number of GiB above 0"),
    ("[algorithm]\nkind = 'dqn'\ngamma = nan", "0 to 1"),
    ("[algorithm]\nkind = 'dqn'\ngamma = inf", "0 to 1"),
    ("[algorithm]\nkind = 'dqn'\ntau = -inf", "above 0, at most 1"),
    ("[algorithm]\nkind = 'dqn'\nmax_grad_norm = nan", "a positive number, or none"),
    ("[algorithm]\nkind = 'dqn'\nmax_grad_norm = -1.0", "a positive number, or none"),
    ("[algorithm]\nkind = 'dqn'\nnet.output_scale = nan", "must be a positive number"),
    ("[algorithm]\nkind = 'dqn'\n[algorithm.epsilon]\nstart = nan", "0 to 1"),
    ("[algorithm]\nkind = 'dqn'\n[algorithm.net.parameter_noise]\nsuper_sd = -1.0", "a number from 0 on"),
    ("[algorithm]\nkind = 'dqn'\n[algorithm.net.parameter_noise]\nsuper_sd = inf", "a number from 0 on"),
    (
        "[algorithm]\nkind = 'dqn'\nnet.hidden = [70000]\n[algorithm.net.limits]\nmax_nodes = 70000",
        "end at 65536 or less",
    ),
    ("[evolution]\ntarget = inf", "a finite number, or left out"),
    ("[evolution]\nconfirm_episodes = 0", "at least 1"),
    ("[evolution]\nseed = 9223372036854775808", "at most 9223372036854775807"),
    ("[evolution.mutation]\nrl_hp = nan", "a probability between 0 and 1"),
    ("[evolution.mutation]\nmutation_sd = inf", "a number above 0"),
    ("[checkpoints]\nseconds = nan", "a number of seconds from 0"),
    ("[checkpoints]\nseconds = inf", "a number of seconds from 0"),
    // Contradictions.
    ("[algorithm]\nkind = 'dqn'\nlr = 0.5", "outside its bounds 0.0001 to 0.01"),
    (
        "[algorithm]\nkind = 'dqn'\nnet.activation_selection = []\n[evolution.mutation]\nactivation = 0.1",
        "another than relu",
    ),
    (
        "[algorithm]\nkind = 'dqn'\nnet.convs = [{ channels = 16, kernel = 3 }]",
        "none, since the observations are no images",
    ),
    ("[algorithm]\nkind = 'dqn'\nnet.residual = [1, 1, 1]", "must not be longer than `hidden`"),
    ("[evolution.selection]\nkind = 'tournament'\nsize = 9", "between 1 and the size of the population, 6"),
    ("[evolution.mutation]\nrl_hp_selection = ['lrr']", "lr, batch_size"),
    ("[evolution.mutation]\nrl_hp_selection = ['gamma']", "has no bounds; add"),
    ("[evolution]\ninitial_diversity = true\n[evolution.mutation]\nrl_hp = 0.0\nrl_hp_selection = []", "false where"),
    ("population = 100\n[off_policy]\nmemory_size = 50000", "at least 100800: one round of every individual"),
    // Counts that would take minutes.
    ("population = 65537", "at most 65536"),
    ("[off_policy]\nlanes = 65537", "at most 65536"),
    ("[evolution]\nthreads = 4097", "at most 4096"),
    // Counts, by the bytes that they ask for.
    ("[evolution]\neval_episodes = 9007199254740992", "evolution.eval_episodes is 9007199254740992"),
    ("[evolution]\nconfirm_episodes = 9007199254740992", "evolution.confirm_episodes is 9007199254740992"),
    ("memory_limit_gib = 8\n[evolution]\neval_episodes = 10000000", "evolution.eval_episodes is 10000000"),
    ("memory_limit_gib = 8\n[evolution]\nconfirm_episodes = 10000000", "evolution.confirm_episodes is 10000000"),
    ("[off_policy]\nmemory_size = 1099511627776", "off_policy.memory_size is 1099511627776, which takes most"),
    ("memory_limit_gib = 8\n[off_policy]\nmemory_size = 200000000", "transitions in the memory of 74 bytes"),
    ("memory_limit_gib = 1\n[off_policy]\nlanes = 65536\nmemory_size = 1000000", "off_policy.lanes is 65536"),
    (
        "memory_limit_gib = 8\n[algorithm]\nkind = 'dqn'\nnet.hidden = [65536, 65536]\n[algorithm.net.limits]\nmax_nodes = 65536",
        "algorithm.net.hidden is [65536, 65536], which takes most",
    ),
    (
        "memory_limit_gib = 8\n[algorithm]\nkind = 'dqn'\nbatch_size = 100000000\n[off_policy]\nmemory_size = 100000000",
        "algorithm.batch_size is 100000000, which takes most",
    ),
    (
        "memory_limit_gib = 4\n[evolution.mutation.bounds.batch_size]\nmin = 8\nmax = 1e7\nfactor = 1.2\n\
         [off_policy]\nmemory_size = 10000000",
        "bounds.batch_size.max is 10000000, which takes most",
    ),
    (
        "memory_limit_gib = 8\npopulation = 65536\n[off_policy]\nmemory_size = 70000000",
        "population is 65536, which takes",
    ),
    ("memory_limit_gib = 0.001", "set memory_limit_gib if there is more"),
];

/// Flags that take a count; each is given every one of the values below.
const COUNTS: &[&str] = &["--population", "--lanes", "--generations", "--steps", "--checkpoint-every", "--keep"];
const NO_COUNTS: &[&str] = &["0", "-1", "1.5", "1e3", "six", "", "nan", "99999999999999999999"];

/// Flags, and the way out that the message must name. `{..}` are files and folders that the test makes.
const FLAGS: &[(&[&str], &str)] = &[
    (&["--seed", "-1"], "a whole number from 0 to 9223372036854775807"),
    (&["--seed", "9223372036854775808"], "a whole number from 0 to 9223372036854775807"),
    (&["--seed", "x"], "a whole number from 0"),
    (&["--seed"], "invalid value '--overwrite' for '--seed <SEED>'"),
    (&["--threads", "-1"], "a whole number from 0 to 4096"),
    (&["--threads", "4097"], "a whole number from 0 to 4096"),
    (&["--population", "65537"], "a whole number from 1 to 65536"),
    (&["--lanes", "1048576"], "a whole number from 1 to 65536"),
    (&["--lanes", "60000"], "off_policy.memory_size is 100000, but must be at least 360000"),
    (&["--population", "60000"], "off_policy.memory_size is 100000, but must be at least"),
    (&["--target", "nan"], "a number or \"none\""),
    (&["--target", "-inf"], "a number or \"none\""),
    (&["--target", "high"], "a number or \"none\""),
    (&["--target", ""], "a number or \"none\""),
    (&["--checkpoint-seconds", "-1"], "a number of seconds from 0"),
    (&["--checkpoint-seconds", "nan"], "a number of seconds from 0"),
    (&["--checkpoint-seconds", "soon"], "a number is needed"),
    (&["--memory-limit-gib", "0"], "a number of GiB above 0"),
    (&["--memory-limit-gib", "-8"], "a number of GiB above 0"),
    (&["--memory-limit-gib", "much"], "a number is needed"),
    (&["--memory-limit-gib", "0.001"], "the flags for that: --memory-limit-gib GIB"),
    (&["--env", "cartpole"], "did you mean \"CartPole-v1\"?"),
    (&["--env", ""], "known are: CartPole-v1"),
    (&["--env", "Pendulum-v1"], "needs a choice among n"),
    (&["--env", "LunarLanderContinuous-v3"], "did you mean \"LunarLander-v3\"?"),
    (&["--env", "MountainCarContinuous-v0"], "did you mean \"MountainCar-v0\"?"),
    (&["--device", "gpu"], "known are: cpu"),
    (&["--device", ""], "known are: cpu"),
    (&["--out", ""], "a value is required"),
    (&["--config", "{missing}"], "missing: No such file"),
    (&["--config", "{folder}"], "Is a directory"),
    (&["--config", "{latin-1}"], "latin-1.toml: stream did not contain valid UTF-8"),
    (&["--config", "{wrong}"], "did you mean `lr` in [algorithm]?"),
    (&["--config", "{empty}", "--env", "Pong"], "known are: CartPole-v1"),
    (&["--config", ""], "a value is required"),
    (&["--config", "{empty}", "--resume", "{folder}"], "cannot be used with"),
    (&["--resume", "{missing}"], "holds no run to resume"),
    (&["--resume", "{folder}"], "holds no run to resume"),
    (&["--resume", "{empty}"], "Not a directory"),
    (&["--resume", "{run}", "--env", "CartPole-v1"], "cannot be used with"),
    (&["--resume", "{run}", "--seed", "3"], "cannot be used with"),
    (&["--resume", "{run}", "--keep", "0"], "a whole number from 1"),
    (&["--resume", "{run}", "--generations", "-1"], "a whole number from 1"),
    (&["--resume", "{wrong-run}"], "config.toml, line 1: unknown key `learning_rate`"),
    (&["--out", "{run}"], "the flags for that: --resume "),
    (&["--population", "3", "--population", "4"], "cannot be used multiple times"),
    (&["--populatoin", "3"], "a similar argument exists: '--population'"),
    (&["CartPole-v1"], "unexpected argument"),
];

#[test]
fn settings_that_make_no_sense_are_refused_at_once_with_the_way_out() {
    let folder = Folder::new();
    let (mut failures, mut slowest) = (Vec::new(), Duration::ZERO);
    let known = REFUSED.iter().map(|(text, parts)| (*text, parts[0]));
    for (text, cure) in SETTINGS.iter().copied().chain(known) {
        let path = folder.write("settings.toml", text.as_bytes());
        let start =
            || RunConfig::read(&path).and_then(|config| Run::with(config).out(&folder.run).overwrite(true).start());
        let mut error = None;
        let began = Instant::now();
        let used = allocation_counter::measure(|| error = start().err()).bytes_max;
        slowest = slowest.max(began.elapsed());
        match error {
            None => failures.push(format!("{text:?} is not refused")),
            Some(error) if !message(&error).contains(cure) => {
                failures.push(format!("{text:?}: {:?} does not say {cure:?}", message(&error)));
            }
            Some(error) if !error.is_misuse() => failures.push(format!("{text:?}: {error:?} is no misuse")),
            // Agents and their optimisers are small, and made before the last of the settings is checked.
            Some(_) if used > 1 << 24 => failures.push(format!("{text:?} used {used} bytes")),
            Some(_) => {}
        }
        folder.check_untouched(text);
    }
    eprintln!("the slowest refusal took {slowest:?}");
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn flags_that_make_no_sense_end_with_2_and_the_way_out() {
    let folder = Folder::new();
    let counts = COUNTS.iter().flat_map(|flag| NO_COUNTS.iter().map(move |value| [*flag, *value]));
    let counts = counts.map(|flags| (flags.to_vec(), "a whole number from 1 to "));
    let (mut failures, mut slowest) = (Vec::new(), Duration::ZERO);
    for (flags, cure) in FLAGS.iter().map(|(flags, cure)| (flags.to_vec(), *cure)).chain(counts) {
        let mut given: Vec<OsString> = flags.iter().map(|flag| folder.named(flag)).collect();
        if !["--out", "--resume"].iter().any(|flag| flags.contains(flag)) {
            given.extend(["--overwrite".into(), "--out".into(), folder.run.clone().into()]);
        }
        let began = Instant::now();
        let output = dqn(&given);
        slowest = slowest.max(began.elapsed());
        let said = String::from_utf8_lossy(&output.stderr);
        let whole = said.starts_with("error: ") && said.contains(cure) && !said.contains("backtrace");
        if output.status.code() != Some(2) || !whole {
            failures.push(format!("{flags:?}, {}: {said:?}, and not {cure:?}", output.status));
        }
        folder.check_untouched(&format!("{flags:?}"));
    }
    eprintln!("the slowest refusal took {slowest:?}");
    assert!(failures.is_empty(), "{failures:#?}");
    let cases = FLAGS.len() + COUNTS.len() * NO_COUNTS.len() + SETTINGS.len() + REFUSED.len();
    assert!(cases >= 250, "{cases}");
}

#[cfg(unix)]
#[test]
fn flags_that_are_no_text_end_with_2() {
    use std::os::unix::ffi::OsStringExt as _;
    let output = dqn(&["--env".into(), OsString::from_vec(vec![0xff, 0xfe])]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn what_is_not_the_flags_fault_ends_with_1() {
    let folder = Folder::new();
    let inside = folder.write("file", b"in the way").join("run");
    let output = dqn(&["--env".into(), "probe/TwoSteps".into(), "--out".into(), inside.into()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: cannot list") && said.contains("file/run: Not a directory"), "{said}");
}

#[test]
fn versions_and_environments_are_told() {
    for flag in ["--version", "-V"] {
        assert_eq!(told(&[flag]), format!("dqn {}\n", env!("CARGO_PKG_VERSION")));
    }
    let list = told(&["--list-envs"]);
    let (trained, not) = list.split_once("not for dqn, which chooses among actions").unwrap();
    for info in agilerl::env::catalogue() {
        let part = if info.actions == agilerl::env::Actions::Choice { trained } else { not };
        let line = part.lines().find(|line| line.starts_with(&format!("{} ", info.name)));
        assert!(line.is_some_and(|line| line.contains(info.summary)), "{}: {line:?}", info.name);
    }
    assert!(trained.contains("Taxi-v3                      1 of 500     1 of 6     200    8          fetch"), "{list}");
}

#[test]
fn a_target_may_be_below_zero_or_none() {
    let target = |flags: &[&str]| {
        let text = told(&[flags, &["--print-config"]].concat());
        RunConfig::from_toml(&text, "printed").unwrap().evolution.target
    };
    assert_eq!(target(&["--env", "Acrobot-v1"]), Some(-100.0));
    assert_eq!(target(&["--env", "Acrobot-v1", "--target", "-90.5"]), Some(-90.5));
    assert_eq!(target(&["--env", "Acrobot-v1", "--target", "none"]), None);
}

#[test]
fn printed_commands_are_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("it's a run");
    let flags =
        ["--env", "probe/TwoSteps", "--population", "2", "--generations", "1", "--steps", "200", "--target", "none"];
    let said = told(&[&flags[..], &["--out", out.to_str().unwrap()]].concat());
    let quoted = format!("'{}/it'\\''s a run'", folder.path().display());
    assert!(said.contains(&format!("--example play -- {quoted}\n")), "{said} does not say {quoted}");
}

#[test]
fn a_limit_on_memory_may_be_another_when_a_run_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = crate::short_run("probe/TwoSteps");
    config.memory_limit_gib = Some(1.0);
    Run::with(config).out(folder.path()).run().unwrap();
    let limited = |gib| Run::resume(folder.path()).unwrap().configure(|config| config.memory_limit_gib = Some(gib));
    limited(2.0).run().unwrap();
    let error = limited(1e-6).run().err().unwrap();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

/// Runs the example with these flags.
pub(crate) fn dqn(flags: &[OsString]) -> Output {
    let mut command = crate::programs::example("dqn");
    command.args(flags).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // A run that is not refused would train for hours.
    let until = Instant::now() + Duration::from_secs(60);
    while process.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            process.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    process.wait_with_output().unwrap()
}

#[track_caller]
fn told(flags: &[&str]) -> String {
    let output = dqn(&flags.iter().map(OsString::from).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A folder with a run that nothing may happen to, and files that flags may name.
struct Folder {
    root: tempfile::TempDir,
    run: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = Self { run: root.path().join("run"), root };
        folder.write("run/config.toml", b"env = 'CartPole-v1'\n");
        folder.write("run/events.jsonl", b"an old run\n");
        folder.write("run/run.lock", b"");
        folder.write("wrong-run/config.toml", b"learning_rate = 1e-3\n");
        folder.write("folder/file", b"");
        folder.write("empty.toml", b"");
        folder.write("wrong.toml", b"learning_rate = 1e-3\n");
        folder.write("latin-1.toml", b"env = 'K\xf6ln'\n");
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The path for `{name}`, and any other flag as it is.
    fn named(&self, flag: &str) -> OsString {
        let Some(name) = flag.strip_prefix('{').and_then(|flag| flag.strip_suffix('}')) else { return flag.into() };
        let file = if ["empty", "wrong", "latin-1"].contains(&name) { format!("{name}.toml") } else { name.to_owned() };
        self.root.path().join(file).into()
    }

    #[track_caller]
    fn check_untouched(&self, by: &str) {
        let mut names: Vec<_> = std::fs::read_dir(&self.run).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["config.toml", "events.jsonl", "run.lock"], "{by}");
        let read = |name: &str| std::fs::read(Path::new(&self.run).join(name)).unwrap();
        assert_eq!(read("events.jsonl"), b"an old run\n", "{by}");
        assert_eq!(read("config.toml"), b"env = 'CartPole-v1'\n", "{by}");
    }
}
