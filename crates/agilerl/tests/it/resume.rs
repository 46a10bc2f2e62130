//! A run is resumed to the same end, however it was stopped.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use agilerl::hpo::{BoxError, without_clock};
use agilerl::prelude::*;

use crate::{DEVICES, short_run};

/// All that must be equal at the end: log, table, elite.
#[derive(PartialEq)]
pub(crate) struct End {
    log: String,
    rest: Vec<Vec<u8>>,
}

pub(crate) fn end(folder: &Path) -> End {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let rest = ["metrics.csv", "elite.json", "elite.safetensors", "config.toml"].map(read).into();
    End { log: without_clock(&String::from_utf8(read("events.jsonl")).unwrap()), rest }
}

fn config(env: &str) -> RunConfig {
    let mut config = short_run(env);
    config.checkpoints = CheckpointConfig { seconds: 0.0, ..CheckpointConfig::default() };
    config
}

/// Asks for a pause at the end of every nth round.
pub(crate) struct PauseEvery(pub(crate) usize, pub(crate) usize);

impl<A> Observer<A> for PauseEvery {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
        self.1 += usize::from(matches!(event, Event::Round { .. }));
        Ok(if self.1 == self.0 { Flow::Pause } else { Flow::Continue })
    }
}

#[test]
fn a_run_resumed_with_other_threads_ends_in_the_same_bits() {
    for (env, device) in
        [("CartPole-v1", "cpu"), ("LunarLander-v3", "cpu"), ("FrozenLake-v1", "cpu"), ("CartPole-v1", "flex")]
    {
        if !DEVICES.contains(&device) {
            continue;
        }
        let config = |env| RunConfig { device: device.to_owned(), ..config(env) };
        let folder = tempfile::tempdir().unwrap();
        let (whole, pieces) = (folder.path().join("whole"), folder.path().join("pieces"));
        let outcome = Run::with(config(env)).out(&whole).run().unwrap();
        let mut stops = 0;
        let mut run = Run::with(config(env)).out(&pieces).threads(1);
        let resumed = loop {
            match run.observe(PauseEvery(3, 0)).run() {
                Ok(outcome) => break outcome,
                Err(agilerl::Error::Interrupted { saved }) => assert_eq!(saved, Some(pieces.clone())),
                Err(error) => panic!("{error}"),
            }
            stops += 1;
            run = Run::resume(&pieces).unwrap().threads([1, 2, 5][stops % 3]);
        };
        assert_eq!(stops, 5, "16 rounds, a stop after every third");
        assert_eq!(resumed.signature, outcome.signature, "{env}");
        // The file says how many threads the run began with.
        let (mut whole, pieces) = (end(&whole), end(&pieces));
        whole.rest[3] = pieces.rest[3].clone();
        assert!(whole == pieces, "{env}: the resumed run left other files");
    }
}

#[test]
fn a_run_on_pixels_is_resumed_to_the_same_bits_too() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, pieces) = (folder.path().join("whole"), folder.path().join("pieces"));
    let mut config = config("MinAtar/Breakout-v1");
    config.dqn().net.convs = vec![agilerl::nets::ConvSpec::new(8, 3, 1)];
    config.evolution.generations = 2;
    let outcome = Run::with(config.clone()).out(&whole).run().unwrap();
    let mut run = Run::with(config).out(&pieces);
    let resumed = loop {
        match run.observe(PauseEvery(3, 0)).run() {
            Ok(outcome) => break outcome,
            Err(agilerl::Error::Interrupted { .. }) => run = Run::resume(&pieces).unwrap(),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(resumed.signature, outcome.signature);
    assert!(end(&whole) == end(&pieces), "the resumed run left other files");
}

#[test]
fn a_run_that_is_over_is_resumed_to_its_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = Run::with(config("probe/TwoSteps")).out(folder.path()).run().unwrap();
    let before = end(folder.path());
    let again = Run::resume(folder.path()).unwrap().run().unwrap();
    assert_eq!((again.signature, again.confirmed_mean), (outcome.signature, outcome.confirmed_mean));
    assert!(end(folder.path()) == before);
}

#[test]
fn a_changed_configuration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _ = Run::with(config("probe/TwoSteps")).out(folder.path()).observe(PauseEvery(5, 0)).run();
    let path = folder.path().join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("gamma = 0.99", "gamma = 0.98")).unwrap();
    let error = Run::resume(folder.path()).unwrap().run().unwrap_err().to_string();
    assert!(error.contains("algorithm.gamma is 0.98, but must be 0.99, with which the run began"), "{error}");
}

#[test]
fn a_configuration_that_says_the_same_in_other_words_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, edited) = (folder.path().join("whole"), folder.path().join("edited"));
    let signature = Run::with(config("CartPole-v1")).out(&whole).run().unwrap().signature;
    let _ = Run::with(config("CartPole-v1")).out(&edited).observe(PauseEvery(6, 0)).run();
    let path = edited.join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let bare: String = text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\r\n")).collect();
    let edited_text = format!("# my best one so far\r\n{}", bare.replace("gamma = 0.99", "gamma   = 9.9e-1"));
    assert!(edited_text.contains("9.9e-1"));
    std::fs::write(&path, &edited_text).unwrap();
    assert_eq!(Run::resume(&edited).unwrap().run().unwrap().signature, signature);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), edited_text, "it is the user's");
    std::fs::write(&path, text).unwrap();
    assert!(end(&whole) == end(&edited));
}

/// A change of a file of the run: the new content, or none if the file is removed.
type Edit = (&'static str, fn(String) -> Option<String>);

const EDITS: [Edit; 4] = [
    ("metrics.csv", |text| Some(text.replace('\n', "\r\n"))),
    ("metrics.csv", |_| None),
    ("events.jsonl", |text| Some(text.replacen("\"event\":", "\"event\": ", 1))),
    ("events.jsonl", |_| None),
];

#[test]
fn a_log_or_a_table_that_somebody_saved_is_set_aside_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let signature = Run::with(config("CartPole-v1")).out(&whole).run().unwrap().signature;
    let expected = end(&whole);
    for (n, (name, edit)) in EDITS.into_iter().enumerate() {
        let place = folder.path().join(n.to_string());
        let _ = Run::with(config("CartPole-v1")).out(&place).observe(PauseEvery(6, 0)).run();
        let path = place.join(name);
        let written = std::fs::read_to_string(&path).unwrap();
        let edited = edit(written.clone());
        match &edited {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        // Stopped once more in between: the new file is resumed.
        let mut training = Run::resume(&place).unwrap().observe(PauseEvery(6, 0)).start().unwrap();
        let said = training.notices().join("\n");
        let what = if edited.is_some() { "is not what this run wrote" } else { "is missing" };
        let parts = [name, what, "and a new one goes on from the checkpoint"];
        assert!(parts.iter().all(|part| said.contains(part)), "{said} does not say {parts:?}");
        assert!(training.run().is_err());
        drop(training);
        let mut training = Run::resume(&place).unwrap().start().unwrap();
        assert!(training.notices().is_empty(), "{:?}", training.notices());
        assert_eq!(training.run().unwrap().signature, signature);

        let aside = place.join(format!("{name}.set-aside-1"));
        assert_eq!(aside.exists(), edited.is_some());
        if let Some(edited) = edited {
            assert_eq!(std::fs::read_to_string(aside).unwrap(), edited, "nothing of it is lost");
        }
        let found = end(&place);
        let is_log = name == "events.jsonl";
        assert_eq!(found.log == expected.log, !is_log);
        assert_eq!(found.rest[0] == expected.rest[0], is_log);
        assert!(found.rest[1..] == expected.rest[1..], "the elite is the same");
        // The old content and the new one are the whole, but for a first line of its own.
        let lines = |log: &str| log.lines().map(str::to_owned).collect::<Vec<_>>();
        let (new, all, old) = if is_log {
            (lines(&found.log), lines(&expected.log), written.lines().count())
        } else {
            let table = |end: &End| lines(&String::from_utf8(end.rest[0].clone()).unwrap());
            (table(&found), table(&expected), written.lines().count())
        };
        assert_eq!(new[1..], all[old..]);
        assert!(
            new[0].starts_with(if is_log { "{\"event\":\"resumed\"" } else { "generation,env_steps," }),
            "{}",
            new[0]
        );
    }
}

#[test]
fn a_table_that_somebody_saved_after_the_end_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let signature = Run::with(config("probe/TwoSteps")).out(folder.path()).run().unwrap().signature;
    let path = folder.path().join("metrics.csv");
    let text = std::fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
    std::fs::write(&path, &text).unwrap();
    let mut training = Run::resume(folder.path()).unwrap().start().unwrap();
    assert!(training.notices().is_empty(), "{:?}", training.notices());
    assert_eq!(training.run().unwrap().signature, signature);
    drop(training);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    // More generations need a table of their own.
    Run::resume(folder.path()).unwrap().generations(5).run().unwrap();
    assert_eq!(std::fs::read_to_string(folder.path().join("metrics.csv.set-aside-1")).unwrap(), text);
    let table = std::fs::read_to_string(&path).unwrap();
    assert!(table.starts_with("generation,") && table.lines().count() == 1 + 4, "{table}");
}

#[test]
fn a_setting_that_is_changed_at_resume_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let _ = Run::with(config("CartPole-v1")).out(folder.path()).observe(PauseEvery(5, 0)).run();
    type Change = fn(Run) -> Run;
    let gone: Change = |run| run.configure(|c| c.evolution.mutation.bounds.retain(|name, _| name != "lr"));
    let changes: [(Change, &str); 6] = [
        (|run| run.seed(2), "evolution.seed is 2, but must be 7, with which the run began"),
        (|run| run.target(1e9), "evolution.target is 1000000000.0, but must be null"),
        (|run| run.configure(|c| c.dqn().net.hidden = vec![17]), "algorithm.net.hidden is [17], but must be [32,32]"),
        (|run| run.configure(|c| c.env = "Acrobot-v1".into()), "env is \"Acrobot-v1\", but must be \"CartPole-v1\""),
        (
            |run| run.configure(|c| c.wrappers = vec![WrapperConfig::FrameStack { frames: 2 }]),
            "wrappers is [{\"kind\":\"frame_stack\",\"frames\":2}], but must be []",
        ),
        (gone, "evolution.mutation.bounds.lr.min is left out, but must be 0.0001"),
    ];
    let before = std::fs::read(folder.path().join("events.jsonl")).unwrap();
    for (change, expected) in changes {
        let error = change(Run::resume(folder.path()).unwrap()).start().err().unwrap();
        assert!(matches!(error, agilerl::Error::Config { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error} does not say {expected}");
    }
    assert_eq!(std::fs::read(folder.path().join("events.jsonl")).unwrap(), before, "nothing was lost by asking");
    let other = CheckpointConfig { every: 2, seconds: 1.0, keep: 3 };
    Run::resume(folder.path()).unwrap().threads(2).checkpoints(other).run().unwrap();
}

#[test]
fn a_second_run_in_a_folder_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = Run::with(config("probe/TwoSteps")).out(folder.path()).start().unwrap();
    let since = Instant::now();
    for second in [Run::resume(folder.path()).unwrap(), Run::with(config("probe/TwoSteps")).out(folder.path())] {
        let error = second.overwrite(true).start().err().unwrap().to_string();
        assert!(error.contains("another run works in") && error.contains(&std::process::id().to_string()), "{error}");
    }
    assert!(since.elapsed() < Duration::from_secs(5));
    drop(first);
    Run::resume(folder.path()).unwrap().run().unwrap();
}

#[test]
fn a_folder_without_a_run_cannot_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let error = Run::resume(folder.path()).err().unwrap().to_string();
    assert!(error.contains("holds no run to resume"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_looked_into_is_no_folder_without_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    for error in [Run::resume(file.join("run")).err(), Run::on("CartPole-v1").out(file.join("run")).start().err()] {
        let error = crate::message(&error.expect("the system says no"));
        assert!(error.contains("Not a directory") && error.contains("file/run"), "{error}");
    }
}

#[test]
fn a_run_whose_checkpoints_were_taken_away_does_not_begin_again_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, place) = (folder.path().join("whole"), folder.path().join("run"));
    Run::with(config("CartPole-v1")).out(&whole).run().unwrap();
    let _ = Run::with(config("CartPole-v1")).out(&place).observe(PauseEvery(9, 0)).run();
    let checkpoints = place.join("checkpoints");
    let before = std::fs::read(place.join("events.jsonl")).unwrap();
    std::fs::rename(&checkpoints, place.join("elsewhere")).unwrap();
    for _ in 0..2 {
        let error = Run::resume(&place).unwrap().start().err().unwrap().to_string();
        assert!(error.contains("has lost its folder checkpoints") && error.contains("put the folder back"), "{error}");
        assert_eq!(std::fs::read(place.join("events.jsonl")).unwrap(), before, "nothing is lost");
    }
    // As a run that was stopped before its first checkpoint: it is computed again, which is said.
    std::fs::create_dir(&checkpoints).unwrap();
    let mut training = Run::resume(&place).unwrap().start().unwrap();
    let said = training.notices().join("\n");
    assert!(said.contains("the 2 generations of its log are computed once more"), "{said}");
    training.run().unwrap();
    assert!(end(&whole) == end(&place));
}

/// Does something once, at the end of the round of that number.
struct AtRound<F>(usize, F);

impl<A, F: FnMut()> Observer<A> for AtRound<F> {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
        if matches!(event, Event::Round { .. }) {
            self.0 = self.0.wrapping_sub(1);
            if self.0 == 0 {
                (self.1)();
            }
        }
        Ok(Flow::Continue)
    }
}

#[test]
fn a_lock_that_is_removed_is_noticed_and_taken_again() {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("run.lock");
    let again = lock.clone();
    let remove = AtRound(6, move || std::fs::remove_file(&again).unwrap());
    let place = folder.path().to_owned();
    // Two generations later another run tries.
    let try_again = AtRound(15, move || {
        assert!(lock.exists());
        let error = Run::resume(&place).unwrap().start().err().unwrap().to_string();
        assert!(error.contains("another run works in"), "{error}");
    });
    let run = Run::with(config("CartPole-v1")).out(folder.path()).observe(remove).observe(try_again);
    let mut training = run.start().unwrap();
    training.run().unwrap();
    let said = training.notices().join("\n");
    assert!(said.contains("run.lock was removed while this run worked there: it is locked again"), "{said}");
}

#[test]
fn a_run_stops_before_it_writes_among_the_files_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let (place, lock) = (folder.path().to_owned(), folder.path().join("run.lock"));
    let other = AtRound(6, move || {
        std::fs::remove_file(&lock).unwrap();
        Run::with(config("probe/TwoSteps")).seed(3).out(&place).overwrite(true).run().unwrap();
    });
    let run = Run::with(config("CartPole-v1")).out(folder.path()).observe(other);
    let error = run.run().unwrap_err();
    assert!(matches!(error, agilerl::Error::LockLost { .. }), "{error}");
    let error = error.to_string();
    assert!(error.contains("another run has worked there since (process "), "{error}");
    // The checkpoints are those of the other one, and whole.
    let again = Run::resume(folder.path()).unwrap().run().unwrap();
    assert_eq!(again.signature, Run::with(config("probe/TwoSteps")).seed(3).run().unwrap().signature);
}

#[test]
fn a_broken_checkpoint_is_passed_over_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    Run::with(config("CartPole-v1")).out(&whole).run().unwrap();
    let _ = Run::with(config("CartPole-v1")).out(&broken).observe(PauseEvery(10, 0)).run();
    let newest = newest_checkpoint(&broken);
    let path = newest.join("agents.bin");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[1_000] ^= 4;
    std::fs::write(&path, bytes).unwrap();
    let mut training = Run::resume(&broken).unwrap().start().unwrap();
    let said = training.passed_over().join("\n");
    assert!(said.contains("agents.bin is not what this run wrote: its digest is another one"), "{said}");
    training.run().unwrap();
    assert!(end(&whole) == end(&broken));
}

fn newest_checkpoint(folder: &Path) -> PathBuf {
    let names = std::fs::read_dir(folder.join("checkpoints")).unwrap().map(|entry| entry.unwrap().path());
    names.max().unwrap()
}

/// The variable that makes a test process run `child_process`, which the tests below start and kill.
const CHILD: &str = "AGILERL_TEST_CHILD";

#[test]
fn child_process() {
    let Some(folder) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    let run = match Run::resume(&folder) {
        Ok(run) => run,
        Err(agilerl::Error::NoRun(_)) => Run::with(killed_config()).out(&folder),
        Err(error) => panic!("{error}"),
    };
    let interrupt = Interrupt::on_signals().unwrap();
    match run.observe(interrupt.clone()).run() {
        Ok(_) => {}
        Err(agilerl::Error::Interrupted { .. }) => std::process::exit(interrupt.exit_code().into()),
        Err(error) => panic!("{error:?}"),
    }
}

/// Some hundred milliseconds, with a checkpoint after every generation.
fn killed_config() -> RunConfig {
    let mut config = config("CartPole-v1");
    config.evolution.generations = 40;
    config.off_policy.memory_size = 5_000;
    config
}

fn child(folder: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "resume::child_process", "--nocapture"])
        .env(CHILD, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The same child, from a shell that does something before: the process is the child's own.
#[cfg(unix)]
fn child_in_shell(first: &str, folder: &Path) -> std::process::Child {
    let script = format!("{first}; exec \"$0\" --exact resume::child_process --nocapture");
    Command::new("bash")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// `AGILERL_KILLS` sets how often, 50 if it is not set. Every fifth process is halted for a moment before that (SIGSTOP,
/// SIGCONT), like a laptop that is closed; and for every seventh the disk is full: the system refuses to write files above a
/// size, and the run must name the file.
#[cfg(unix)]
#[test]
fn a_run_killed_at_random_moments_ends_as_the_undisturbed_one() {
    let kills: u32 = std::env::var("AGILERL_KILLS").map_or(50, |kills| kills.parse().expect("a number of kills"));
    let folder = tempfile::tempdir().unwrap();
    let undisturbed = folder.path().join("undisturbed");
    let since = Instant::now();
    assert!(child(&undisturbed).wait().unwrap().success());
    let whole = since.elapsed();
    let expected = end(&undisturbed);
    // Any numbers will do, as long as they are spread: the moments are random enough by themselves.
    let mut state = 88_172_645_463_325_252_u64;
    let mut draw = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let (mut done, mut halts, mut full, mut started, mut finished) = (0, 0, 0, 0, 0);
    while done < kills {
        let place = folder.path().join(format!("killed-{finished}"));
        loop {
            started += 1;
            let disk_is_full = started % 7 == 0;
            let mut process = if disk_is_full {
                // Kilobytes: from none to the size of the whole run.
                child_in_shell(&format!("trap '' XFSZ; ulimit -f {}", draw(250)), &place)
            } else {
                child(&place)
            };
            std::thread::sleep(whole.mul_f64(draw(1_000) as f64 / 2_000.0));
            if started % 5 == 0 {
                signal_to("-STOP", &process);
                std::thread::sleep(Duration::from_millis(draw(40)));
                signal_to("-CONT", &process);
                std::thread::sleep(Duration::from_millis(draw(40)));
                halts += 1;
            }
            let over = process.try_wait().unwrap();
            if over.is_none() && done < kills {
                process.kill().unwrap(); // SIGKILL
                process.wait().unwrap();
                done += 1;
                continue;
            }
            let output = process.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            if !output.status.success() && disk_is_full {
                let too_large = said.contains("FileTooLarge") || said.contains("File too large");
                assert!(too_large && said.contains(&format!("killed-{finished}/")), "after {done} kills: {said}");
                full += 1;
                continue;
            }
            assert!(output.status.success(), "after {done} kills: {said}");
            break;
        }
        assert!(end(&place) == expected, "after {done} kills the run ended in other files");
        let _ = std::fs::remove_dir_all(&place);
        finished += 1;
    }
    let seconds = since.elapsed().as_secs_f64();
    eprintln!("{done} kills, {halts} halts and {full} full disks in {finished} runs, {seconds:.0} s");
}

/// Waits for the first checkpoint of a child, and sends it a signal.
#[cfg(unix)]
fn send(signal: &str, process: &mut std::process::Child, place: &Path) {
    let checkpoints = place.join("checkpoints");
    while !checkpoints.is_dir() || std::fs::read_dir(&checkpoints).unwrap().count() == 0 {
        assert!(process.try_wait().unwrap().is_none(), "the run was over too soon");
        std::thread::sleep(Duration::from_millis(2));
    }
    signal_to(signal, process);
}

#[cfg(unix)]
fn signal_to(signal: &str, process: &std::process::Child) {
    // It may be over by now.
    let _ = Command::new("kill").args([signal, &process.id().to_string()]).stderr(Stdio::null()).status().unwrap();
}

#[cfg(unix)]
#[test]
fn an_interrupt_saves_the_run_and_says_which_by_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    assert!(child(&whole).wait().unwrap().success());
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let place = folder.path().join(signal);
        let mut process = child(&place);
        send(signal, &mut process, &place);
        let status = process.wait().unwrap();
        assert!([Some(code), Some(0)].contains(&status.code()), "{signal}: {status}");
        assert!(child(&place).wait().unwrap().success());
        assert!(end(&place) == end(&whole), "{signal}");
    }
}

/// As with `nohup`: the handler does not end a run that is to outlive the terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_run_that_was_started_to_ignore_a_hangup_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("run");
    let mut process = child_in_shell("trap '' HUP", &place);
    send("-HUP", &mut process, &place);
    assert_eq!(process.wait().unwrap().code(), Some(0));
    // It ended by itself: there is nothing left to train.
    assert!(Run::resume(&place).unwrap().start().unwrap().trainer().ending().is_some());
}

/// A limit on the size of a file is a disk that is full, for real: the system refuses the write.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_checkpoint_and_says_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("run");
    // 140 blocks of 1,024 bytes: enough for the first checkpoints, too little for the log of the whole run. The signal that
    // the system sends with the refusal is ignored, as it is not sent for a disk.
    let output = child_in_shell("trap '' XFSZ; ulimit -f 140", &place).wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("File too large") || said.contains("FileTooLarge"), "{said}");
    assert!(said.contains("action: \"write\"") && said.contains("/run/"), "which file: {said}");
    assert!(said.contains("Stopped"), "it says that there is a checkpoint: {said}");
    assert!(child(&place).wait().unwrap().success(), "resumed once there is room");
    let whole = folder.path().join("whole");
    assert!(child(&whole).wait().unwrap().success());
    assert!(end(&place) == end(&whole));
}
