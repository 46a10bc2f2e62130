//! Whatever stops a run, it is resumed to the same end.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use agilerl::hpo::{Observer, ObserverError, without_clock};
use agilerl::prelude::*;

use crate::short_run;

/// All that must be equal at the end: log, table, elite.
#[derive(PartialEq)]
struct End {
    log: String,
    rest: Vec<Vec<u8>>,
}

fn end(folder: &Path) -> End {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let rest = ["metrics.csv", "elite.json", "elite.safetensors", "config.toml"].map(read).into();
    End { log: without_clock(&String::from_utf8(read("events.jsonl")).unwrap()), rest }
}

fn config(env: &str) -> RunConfig {
    let mut config = short_run(env);
    config.checkpoints = CheckpointConfig { seconds: 0.0, ..CheckpointConfig::default() };
    config
}

/// Asks for a pause at the end of every so many rounds.
struct PauseEvery(usize, usize);

impl<A> Observer<A> for PauseEvery {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, ObserverError> {
        self.1 += usize::from(matches!(event, Event::Round { .. }));
        Ok(if self.1 == self.0 { Flow::Pause } else { Flow::Continue })
    }
}

#[test]
fn a_run_resumed_with_other_threads_ends_in_the_same_bits() {
    for (env, device) in
        [("CartPole-v1", "cpu"), ("LunarLander-v3", "cpu"), ("FrozenLake-v1", "cpu"), ("CartPole-v1", "flex")]
    {
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
    config.dqn.convs = vec![agilerl::nets::ConvSpec::new(8, 3, 1)];
    config.evolution.generations = 2;
    let outcome = Run::with_pixels(config.clone()).out(&whole).run().unwrap();
    let mut run = Run::with_pixels(config).out(&pieces);
    let resumed = loop {
        match run.observe(PauseEvery(3, 0)).run() {
            Ok(outcome) => break outcome,
            Err(agilerl::Error::Interrupted { .. }) => run = Run::resume_pixels(&pieces).unwrap(),
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
    assert!(error.contains("config.toml is not what this run wrote"), "{error}");
}

#[test]
fn a_setting_that_is_changed_at_resume_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let _ = Run::with(config("CartPole-v1")).out(folder.path()).observe(PauseEvery(5, 0)).run();
    type Change = fn(Run) -> Run;
    let gone: Change = |run| run.configure(|c| c.evolution.mutation.bounds.retain(|name, _| name != "lr"));
    let changes: [(Change, &str); 6] = [
        (|run| run.seed(2), "evolution.seed is 2, but must be 7, with which the run began"),
        (|run| run.generations(9), "evolution.generations is 9, but must be 4"),
        (|run| run.target(1e9), "evolution.target is 1000000000.0, but must be null"),
        (|run| run.configure(|c| c.dqn.hidden = vec![17]), "dqn.hidden is [17], but must be [32,32]"),
        (|run| run.configure(|c| c.env = "Acrobot-v1".into()), "env is \"Acrobot-v1\", but must be \"CartPole-v1\""),
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

/// What the process does that the tests below start and kill.
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

/// `AGILERL_KILLS` sets how often, 50 if it is not set.
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
    let (mut done, mut finished) = (0, 0);
    while done < kills {
        let place = folder.path().join(format!("killed-{finished}"));
        loop {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let mut process = child(&place);
            std::thread::sleep(whole.mul_f64((state % 1_000) as f64 / 2_000.0));
            let over = process.try_wait().unwrap();
            if over.is_none() && done < kills {
                process.kill().unwrap(); // SIGKILL
                process.wait().unwrap();
                done += 1;
                continue;
            }
            let output = process.wait_with_output().unwrap();
            assert!(output.status.success(), "after {done} kills: {}", String::from_utf8_lossy(&output.stderr));
            break;
        }
        assert!(end(&place) == expected, "after {done} kills the run ended in other files");
        finished += 1;
    }
    eprintln!("{done} kills in {finished} runs, {:.0} s", since.elapsed().as_secs_f64());
}

#[cfg(unix)]
#[test]
fn an_interrupt_saves_the_run_and_says_130() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("run");
    let mut process = child(&place);
    while !place.join("checkpoints").is_dir() || std::fs::read_dir(place.join("checkpoints")).unwrap().count() == 0 {
        assert!(process.try_wait().unwrap().is_none(), "the run was over too soon");
        std::thread::sleep(Duration::from_millis(2));
    }
    let sent = Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let status = process.wait().unwrap();
    assert!([Some(130), Some(0)].contains(&status.code()), "{status}");
    assert!(child(&place).wait().unwrap().success());
    let whole = folder.path().join("whole");
    assert!(child(&whole).wait().unwrap().success());
    assert!(end(&place) == end(&whole));
}

/// A limit on the size of a file is a disk that is full, for real: the system refuses the write.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_checkpoint_and_says_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("run");
    let program = std::env::current_exe().unwrap();
    // 140 blocks of 1,024 bytes: enough for the first checkpoints, too little for the log of the whole run. The signal that
    // the system sends with the refusal is ignored, as it is not sent for a disk.
    let script = "trap '' XFSZ; ulimit -f 140; exec \"$0\" --exact resume::child_process --nocapture";
    let output = Command::new("bash").args(["-c", script]).arg(&program).env(CHILD, &place).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("File too large") || said.contains("FileTooLarge"), "{said}");
    assert!(said.contains("Stopped"), "it says that there is a checkpoint: {said}");
    assert!(child(&place).wait().unwrap().success(), "resumed once there is room");
    let whole = folder.path().join("whole");
    assert!(child(&whole).wait().unwrap().success());
    assert!(end(&place) == end(&whole));
}
