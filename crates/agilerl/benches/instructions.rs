//! One piece of a run, so many times: what `cargo xtask bench` starts under valgrind to count instructions, and what
//! `benches/peers/run.sh` starts beside the peers.
//!
//! ```text
//! instructions --list             # the pieces, and for each how often it takes to be counted
//! instructions --time             # nanoseconds of one iteration of each: the least of several stretches
//! instructions --time learn       # of those whose name contains this
//! instructions --run NAME TIMES   # that piece so often, and nothing else
//! ```

#![allow(clippy::print_stdout, reason = "it is a program, and what it prints is what it is for")]

mod pieces;

use std::time::{Duration, Instant};

use pieces::{Piece, pieces};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let full_name = |piece: &Piece| format!("{}/{}", piece.group, piece.name);
    match arguments[..] {
        ["--list"] => pieces().iter().for_each(|piece| println!("{}\t{}", full_name(piece), piece.iterations)),
        ["--time", ref filter @ ..] => {
            let wanted = |piece: &Piece| filter.iter().all(|part| full_name(piece).contains(part));
            for piece in pieces().into_iter().filter(wanted) {
                println!("{}\t{:.0}", full_name(&piece), 1e9 * least_seconds((piece.build)()));
            }
        }
        ["--run", name, times] => {
            let times: u64 = times.parse().expect("TIMES is a whole number");
            let piece = pieces().into_iter().find(|piece| full_name(piece) == name).expect("a name from --list");
            let mut iteration = (piece.build)();
            (0..times).for_each(|_| iteration());
        }
        // `cargo bench` starts every benchmark: there is nothing to say without a question.
        _ => println!("instructions --list | --time [NAME] | --run NAME TIMES"),
    }
}

/// Seconds of one iteration, the least of many stretches of about 2 ms: what else the machine does only adds, and
/// between two slices of time that others take there is room for one.
fn least_seconds(mut iteration: impl FnMut()) -> f64 {
    let mut times = 1;
    loop {
        let start = Instant::now();
        (0..times).for_each(|_| iteration());
        if start.elapsed() >= Duration::from_millis(2) {
            break;
        }
        times *= 2;
    }
    let mut stretch = || {
        let start = Instant::now();
        (0..times).for_each(|_| iteration());
        start.elapsed().as_secs_f64() / times as f64
    };
    (0..300).map(|_| stretch()).fold(f64::INFINITY, f64::min)
}
