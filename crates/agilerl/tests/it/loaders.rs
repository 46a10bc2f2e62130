//! Hostile and broken files are errors, and never a panic, an abort or the use of all memory.

#[expect(unreachable_pub, reason = "the fuzz targets are made of this file too")]
mod targets;

use std::path::PathBuf;

use agilerl::prelude::*;
use targets::{TARGETS, seeds};

use crate::is_packaged;

/// Mutations of each target: `AGILERL_MUTATIONS`, or 10,000.
fn mutations() -> usize {
    std::env::var("AGILERL_MUTATIONS").map_or(10_000, |text| text.parse().expect("a number of mutations"))
}

/// Marsaglia's xorshift: the same cases every time, on every machine.
struct Cases(u64);

impl Cases {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }

    /// The bytes cut off, with bits flipped, numbers that lie, pieces moved or repeated.
    fn mutate(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.next(3) {
            let (kind, place) = (self.next(7), self.next(bytes.len()));
            match kind {
                0 => bytes.truncate(place),
                1 if !bytes.is_empty() => bytes[place] ^= 1 << self.next(8),
                2 if !bytes.is_empty() => bytes[place] = self.next(256) as u8,
                3 if bytes.len() >= place + 8 => {
                    let lie = [u64::MAX, 1 << 62, 1 << 40, 1 << 31, 0, u64::from(u32::MAX)][self.next(6)];
                    bytes[place..place + 8].copy_from_slice(&lie.to_le_bytes());
                }
                4 => {
                    let end = (place + self.next(64)).min(bytes.len());
                    let piece = bytes[place.min(end)..end].to_vec();
                    let at = self.next(bytes.len());
                    bytes.splice(at..at, piece);
                }
                5 => drop(bytes.drain(place..(place + self.next(64)).min(bytes.len()).max(place))),
                _ => {
                    // A number in a text, made larger.
                    if let Some(digit) = bytes.iter().skip(place).position(u8::is_ascii_digit) {
                        bytes.splice(place + digit..place + digit, *b"99999999");
                    }
                }
            }
        }
        bytes
    }
}

/// Reads it, and holds the reader to a bound on memory that only a lie could break.
#[track_caller]
fn check(name: &str, read: fn(&[u8]), bytes: &[u8]) {
    let used = allocation_counter::measure(|| read(bytes)).bytes_max;
    let bound = 4 * 1024 * 1024 + 64 * bytes.len() as u64;
    assert!(
        used <= bound,
        "{name} took {used} bytes of memory for {} bytes: {:?}",
        bytes.len(),
        &bytes[..40.min(bytes.len())]
    );
}

#[test]
fn mutated_files_are_errors_and_nothing_worse() {
    for ((name, read), seed) in TARGETS.into_iter().zip(seeds()) {
        check(name, read, &seed);
        let mut cases = Cases(0x9E37_79B9_7F4A_7C15);
        // The state of a trainer is large, and each of its cases takes a thousand times that of a manifest.
        let share = if name == "trainer_state" { 10 } else { 1 };
        for _ in 0..mutations() / share {
            check(name, read, &cases.mutate(&seed));
        }
    }
}

#[test]
fn what_the_search_has_found_stays_harmless() {
    if is_packaged() {
        return;
    }
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, read) in TARGETS {
        let folder = corpus.join(name);
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            check(name, read, &std::fs::read(entry.unwrap().path()).unwrap());
        }
    }
}

#[test]
fn deep_nesting_and_empty_files_are_errors() {
    for (name, read) in TARGETS {
        for text in ["[".repeat(100_000), "{\"a\":".repeat(100_000), "a = ".to_owned() + &"[".repeat(100_000)] {
            check(name, read, text.as_bytes());
            check(name, read, &[&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat());
        }
        check(name, read, b"");
        check(name, read, &[0; 4096]);
        check(name, read, &[255; 4096]);
    }
}

/// With its digest, no changed file is taken for a good one.
#[test]
fn a_changed_elite_is_never_loaded() {
    let [_, _, _, elite, ..] = seeds();
    let length = u32::from_le_bytes(elite[..4].try_into().unwrap()) as usize;
    let (record, weights) = elite[4..].split_at(length);
    assert!(Elite::from_bytes(record, weights).is_ok());
    let mut cases = Cases(7);
    for _ in 0..mutations() {
        let changed = cases.mutate(weights);
        assert!(changed == weights || Elite::from_bytes(record, &changed).is_err());
    }
}

/// Writes the inputs that the search begins with: `AGILERL_WRITE_CORPUS=1 cargo test -p agilerl corpus`.
#[test]
fn the_corpus_begins_with_what_is_valid() {
    if std::env::var_os("AGILERL_WRITE_CORPUS").is_none() {
        return;
    }
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for ((name, _), seed) in TARGETS.into_iter().zip(seeds()) {
        std::fs::create_dir_all(corpus.join(name)).unwrap();
        std::fs::write(corpus.join(name).join("valid"), seed).unwrap();
    }
}
