//! How speed and memory change with the size of a run: one setting at a time, the others at the online-training page's.
//!
//! ```text
//! cargo bench -p agilerl --bench scaling              # all, a minute
//! cargo bench -p agilerl --bench scaling -- lanes     # one setting
//! ```
//!
//! Speed is in environment steps per second of *processor time* on one thread (act, step, store, sample, learn; no
//! evaluation to speak of), so that what else the machine does counts little; memory is the most that the process held.
//! Each case is a process of its own. Linux only, since it is the kernel that knows both.

#![allow(clippy::print_stdout, reason = "it is a program, and what it prints is what it is for")]

use std::process::Command;

use agilerl::prelude::*;

/// The settings of a case.
#[derive(Clone, Copy)]
struct Case {
    population: usize,
    lanes: usize,
    width: usize,
    memory: usize,
    round: u64,
}

const PAGE: Case = Case { population: 6, lanes: 16, width: 32, memory: 100_000, round: 1_000 };

/// Steps of a case that are timed, over all individuals, about a second's work; and those before, which allocate.
const TIMED: u64 = 192_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let Some(("--case", numbers)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return measure(numbers);
    }
    let mut cases = Vec::new();
    let mut add = |name, values: &[usize], with: fn(usize) -> Case| {
        if arguments.iter().all(|filter| filter == name) {
            cases.extend(values.iter().map(|&value| (name, value, with(value))));
        }
    };
    add("population", &[1, 6, 16, 64], |population| Case { population, ..PAGE });
    add("lanes", &[4, 16, 64, 256], |lanes| Case { lanes, ..PAGE });
    add("width", &[32, 64, 128, 256], |width| Case { width, ..PAGE });
    add("memory", &[10_000, 100_000, 1_000_000], |memory| Case { memory, ..PAGE });
    add("round", &[64, 256, 1_000, 4_000], |round| Case { round: round as u64, ..PAGE });
    println!("| setting | value | steps per second of one thread | microseconds of a step | MiB |");
    println!("|---|---:|---:|---:|---:|");
    for (name, value, case) in cases {
        let Case { population, lanes, width, memory, round } = case;
        let numbers = [population, lanes, width, memory, round as usize].map(|number| number.to_string());
        let mut child = Command::new(std::env::current_exe().expect("this program"));
        let output = child.arg("--case").args(numbers).output().expect("this program again");
        print!("| {name} | {value} | {}", String::from_utf8_lossy(&output.stdout));
    }
}

fn measure(numbers: &[String]) {
    let numbers: Vec<usize> = numbers.iter().map(|number| number.parse().expect("a number")).collect();
    let [population, lanes, width, memory, round] = numbers[..] else { panic!("five numbers") };
    let mut config = RunConfig { population, ..RunConfig::default() };
    config.dqn().net.hidden = vec![width, width];
    config.off_policy.lanes = lanes;
    config.off_policy.memory_size = memory;
    // Long enough that the one episode after it does not count.
    let steps = (TIMED / population as u64 / 2).max(8_000).next_multiple_of(lanes as u64);
    config.evolution = TrainerConfig {
        generations: 1 << 50,
        generation_env_steps: steps,
        round_env_steps: (round as u64).min(steps),
        eval_episodes: 1,
        threads: 1,
        mutation: Mutation::none(),
        ..TrainerConfig::default()
    };
    config.evolution.selection = Tournament { size: 2.min(population), ..Tournament::default() }.into();
    let mut trainer = Run::with(config).start().map(Training::into_trainer).expect("a valid configuration");
    // The first generation, half of what is timed, allocates.
    let _ = trainer.generation().expect("the environments work");
    let start = processor_seconds();
    for _ in 0..2 {
        let _ = trainer.generation().expect("the environments work");
    }
    let seconds = processor_seconds() - start;
    let steps = (2 * steps * population as u64) as f64;
    println!("{:.0} | {:.2} | {:.0} |", steps / seconds, 1e6 * seconds / steps, peak_mebibytes());
}

/// User and system time of this process so far, to a hundredth of a second.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit_once(')').expect("a name in parentheses").1;
    let ticks = after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("ticks"));
    ticks.sum::<f64>() / 100.0
}

fn peak_mebibytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the most memory held");
    peak.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
}
