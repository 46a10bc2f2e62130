//! Two programs play an elite: `play`, and `play_elite.py` where AGILERL_PYTHON names a Python with Gymnasium. They refuse
//! the same files, with the reason.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use agilerl::algo::{Normalizer, Output};
use agilerl::prelude::*;
use agilerl::storage::{Digest, Disk, MemoryStorage, Storage, StorageFile};

use crate::programs::{Ended, example, play_elite, run};

/// An untrained agent; with another seed it acts in other ways.
fn untrained(env: &str, inputs: usize, actions: usize, seed: u64) -> Elite {
    let mut config = DqnConfig::default();
    (config.net.hidden, config.net.output_scale) = (vec![16], 1.0);
    let mut rng = Streams::new(seed).get(Purpose::Weights, 0, 0, 0);
    let agent = Dqn::new(config, inputs, actions, &parse_device("cpu").unwrap(), &mut rng).unwrap();
    Elite::new(&agent, env)
}

fn lake_elite() -> Elite {
    let mut elite = untrained("FrozenLake-v1", 16, 4, 1);
    elite.record.one_hot = Some(16);
    elite
}

/// Whose episodes have different lengths, and returns.
fn pole_elite(seed: u64) -> Elite {
    untrained("CartPole-v1", 4, 2, seed)
}

fn saved(elite: &Elite, folder: &Path) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    elite.save(&Disk, folder).unwrap();
    folder.to_owned()
}

/// Plays a folder with both programs.
fn both(folder: &Path) -> Vec<Ended> {
    let there = play_elite().map(|mut there| run(&mut there, &[&folder]));
    std::iter::once(run(&mut example("play"), &[&folder])).chain(there).collect()
}

#[test]
fn both_players_refuse_an_elite_that_does_not_agree_with_itself() {
    type Change = fn(&mut Elite);
    let broken_weight: Change = |elite| {
        let last = elite.weights.len() - 4;
        elite.weights[last..].copy_from_slice(&f32::INFINITY.to_le_bytes());
        elite.record.weights = Digest::of(&elite.weights);
    };
    let swapped_layers: Change = |elite| elite.record.layers.swap(1, 2);
    let squashed: Change = |elite| elite.record.output = Output::Squashed { low: vec![0.0; 4], high: vec![1.0; 4] };
    let unknown_statistics: Change = |elite| elite.record.normalizer = Some(Normalizer::new(15));
    let changes: [(Change, &str); 10] = [
        (|elite| elite.record.format = 5, "format 5"),
        (squashed, "cannot play FrozenLake-v1"),
        (unknown_statistics, "normalizer"),
        (|elite| elite.record.one_hot = Some(64), "one_hot"),
        (|elite| elite.record.one_hot = None, "one_hot is null"),
        (|elite| elite.record.step_limit = 0, "step_limit is 0"),
        (|elite| elite.weights[200] ^= 1, "the file that elite.json was written with"),
        (broken_weight, "holds a weight that is not a finite number"),
        (swapped_layers, "layers"),
        (|elite| elite.record.env = "CartPole-v1".to_owned(), "CartPole-v1"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for played in both(&saved(&lake_elite(), folder.path())) {
        played.success();
    }
    for (change, expected) in changes {
        let mut elite = lake_elite();
        change(&mut elite);
        for refused in both(&saved(&elite, folder.path())) {
            refused.failure(1, &[expected]);
        }
    }
}

/// `play` computes by the spec, and the script by the layers.
#[test]
fn both_players_refuse_layers_that_are_not_those_of_the_spec() {
    let folder = tempfile::tempdir().unwrap();
    saved(&lake_elite(), folder.path());
    let path = folder.path().join("elite.json");
    let json = std::fs::read_to_string(&path).unwrap();
    for (from, to) in
        [("\"function\": \"relu\"", "\"function\": \"tanh\""), ("\"activation\": \"relu\"", "\"activation\": \"elu\"")]
    {
        assert!(json.contains(from), "{json}");
        std::fs::write(&path, json.replace(from, to)).unwrap();
        for refused in both(folder.path()) {
            refused.failure(1, &["layers"]);
        }
    }
}

#[test]
fn the_file_that_policy_names_is_the_one_that_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = [1, 2].map(|seed| saved(&pole_elite(seed), &folder.path().join(seed.to_string())));
    let play = |args: &[&dyn AsRef<std::ffi::OsStr>]| run(example("play").arg("--json"), args);
    let expected = [&one, &two].map(|folder| play(&[folder]).success());
    assert_ne!(expected[0], expected[1], "the two must be told apart");

    let renamed = folder.path().join("1/of another name");
    std::fs::copy(two.join("elite.safetensors"), &renamed).unwrap();
    play(&[&"--policy", &renamed]).failure(1, &["of another name", "elite.json", "weights are not the file"]);
    assert_eq!(play(&[&"--policy", &renamed, &"--record", &two.join("elite.json")]).success(), expected[1]);
    assert_eq!(play(&[&"--policy", &one.join("elite.safetensors")]).success(), expected[0]);
    play(&[&"--policy", &one.join("no such file")]).failure(1, &["cannot read", "no such file"]);
    play(&[&one, &"--record", &two.join("elite.json")]).failure(2, &["--record", "cannot be used with"]);
}

#[test]
fn numbers_beyond_their_range_are_wrong_flags() {
    let folder = tempfile::tempdir().unwrap();
    saved(&lake_elite(), folder.path());
    let largest = u64::MAX.to_string();
    let flags = ["--seed", "--episodes", "--gif-episodes", "--gif-width"];
    let values = [largest.as_str(), "-1", "1e3", "99999999999999999999", ""];
    for (flag, value) in flags.iter().flat_map(|flag| values.map(|value| (flag, value))) {
        run(&mut example("play"), &[&folder.path(), flag, &value]).failure(2, &[flag, "a whole number from"]);
    }
    run(&mut example("play"), &[&folder.path(), &"--episodes", &"0"]).failure(2, &["from 1 to 1000000"]);
    let last = "--seed=9223372036854775807";
    let said = run(&mut example("play"), &[&folder.path(), &last, &"--episodes", &"2"]).success();
    assert!(said.contains("seeds 9223372036854775807 to 9223372036854775808"), "{said}");
    if let Some(mut there) = play_elite() {
        assert_eq!(run(&mut there, &[&folder.path(), &last, &"--episodes", &"2"]).success(), said);
    }
}

/// More than run side by side: the same returns, whatever the seed that is the first.
#[test]
fn many_episodes_are_played_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    saved(&pole_elite(1), folder.path());
    let play = |seed: &str, episodes: &str| {
        let json = run(&mut example("play"), &[&folder.path(), &"--json", &"--seed", &seed, &"--episodes", &episodes]);
        serde_json::from_str::<Vec<f64>>(&json.success()).unwrap()
    };
    let all = play("0", "2500");
    assert_eq!(all.len(), 2_500);
    assert!(all.iter().any(|total| *total != all[0]), "the order must show");
    assert_eq!(all[900..1_900], play("900", "1000"));
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    saved(&lake_elite(), folder.path());
    let there = play_elite().map(|there| (there, "No space left"));
    for (mut program, expected) in [(example("play"), "cannot write to the standard output")].into_iter().chain(there) {
        program.stdout(std::fs::File::create("/dev/full").unwrap());
        run(&mut program, &[&folder.path()]).failure(1, &[expected]);
    }
}

#[test]
fn the_elite_of_an_environment_of_ones_own_says_what_it_takes_to_play_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut elite = lake_elite();
    elite.record.env = "Catch".to_owned();
    saved(&elite, folder.path());
    let expected = ["\"Catch\"", "not in the catalogue", "`Elite::load(folder)?.policy()?`", "--env"];
    run(&mut example("play"), &[&folder.path()]).failure(1, &expected);
    run(&mut example("play"), &[&folder.path(), &"--env", &"FrozenLake-v1"]).success();
    run(&mut example("play"), &[&folder.path(), &"--env", &"Catch"]).failure(2, &["unknown environment \"Catch\""]);
    if let Some(mut there) = play_elite() {
        run(&mut there, &[&folder.path()]).failure(1, &["'Catch'"]);
    }

    // Its name is one of the catalogue's, but a wrapper may have changed everything.
    elite.record.env = "FrozenLake-v1".to_owned();
    elite.record.own_env = Some("Patched<FrozenLake>".to_owned());
    saved(&elite, folder.path());
    for refused in both(folder.path()) {
        refused.failure(1, &["Patched<FrozenLake>", "own"]);
    }
    run(&mut example("play"), &[&folder.path(), &"--env", &"FrozenLake-v1"]).success();
}

#[test]
fn a_run_in_its_first_generation_has_no_elite_to_play() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), "").unwrap();
    run(&mut example("play"), &[&folder.path()]).failure(1, &["no elite yet", "first generation"]);
    let empty = folder.path().join("nothing");
    run(&mut example("play"), &[&empty]).failure(1, &["cannot read", "nothing/elite.json"]);
}

/// The weights of a new elite are written before its record.
#[test]
fn an_elite_that_is_being_written_is_read_again() {
    let [old, new] = [1, 2].map(pole_elite);
    let torn =
        BeingWritten { old: old.record_json().into_bytes(), storage: MemoryStorage::new(), reads: AtomicU32::new(0) };
    new.save(&torn.storage, Path::new("")).unwrap();
    let [record, weights] = Elite::FILES.map(Path::new);
    assert_eq!(Elite::load_files(&torn, record, weights).unwrap(), new);
    assert_eq!(torn.reads.into_inner(), 4, "three times the old record, and then the new one");
}

/// Returns the record of another elite to the first three readers.
struct BeingWritten {
    old: Vec<u8>,
    storage: MemoryStorage,
    reads: AtomicU32,
}

#[rustfmt::skip]
impl Storage for BeingWritten {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        let is_record = path.ends_with("elite.json");
        if is_record && self.reads.fetch_add(1, Ordering::Relaxed) < 3 { Ok(self.old.clone()) } else { self.storage.read(path) }
    }
    fn create(&self, _: &Path) -> std::io::Result<Box<dyn StorageFile>> { unreachable!() }
    fn open_at(&self, _: &Path, _: u64) -> std::io::Result<Box<dyn StorageFile>> { unreachable!() }
    fn size(&self, _: &Path) -> std::io::Result<u64> { unreachable!() }
    fn list(&self, _: &Path) -> std::io::Result<Vec<String>> { unreachable!() }
    fn rename(&self, _: &Path, _: &Path) -> std::io::Result<()> { unreachable!() }
    fn remove(&self, _: &Path) -> std::io::Result<()> { unreachable!() }
    fn remove_dir(&self, _: &Path) -> std::io::Result<()> { unreachable!() }
    fn create_dir(&self, _: &Path) -> std::io::Result<()> { unreachable!() }
    fn sync_dir(&self, _: &Path) -> std::io::Result<()> { unreachable!() }
}
