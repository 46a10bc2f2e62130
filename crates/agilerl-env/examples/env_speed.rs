//! Steps per second of the environments on one thread, resets included: the table of docs/environments.md.
//!
//! ```text
//! cargo run --release -p agilerl-env --example env_speed            # all of them, about a minute
//! cargo run --release -p agilerl-env --example env_speed -- CartPole
//! ```
//!
//! Actions are drawn uniformly before the clock starts; the lander's heuristic is computed while it runs. The seconds are
//! those that the thread was running (on Linux; elsewhere those of the clock on the wall), and each number is the best of
//! ten: whatever else the machine does can only make it smaller.
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::hint::black_box;
use std::time::Instant;

use agilerl_env::{
    ActionElement, Actions, Element, NumpyRng, Observations, VecEnv, catalogue, make_vec, make_vec_threaded,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    println!("| environment | policy | lanes | steps per second |\n|---|---|---|---|");
    for info in catalogue().filter(|info| info.name.contains(&wanted) && !info.name.starts_with("probe/")) {
        let lanes: &[usize] = if info.name == "CartPole-v1" { &[16, 1024] } else { &[16] };
        for &lanes in lanes {
            let rate = match (info.observations, info.actions) {
                (Observations::Pixels, _) => measure(make_vec_threaded::<u8, u32>(info.name, lanes, 1)?, choice),
                (_, Actions::Choice) => measure(make_vec::<f32, u32>(info.name, lanes)?, choice),
                // Within the bounds of all that there are.
                (_, Actions::Continuous) => {
                    measure(make_vec_threaded::<f32, f32>(info.name, lanes, 1)?, |_, rng| rng.uniform(-1.0, 1.0) as f32)
                }
            };
            println!("| {} | random | {lanes} | {rate:.0} |", info.name);
        }
        if info.name == "LunarLander-v3" {
            let mut envs = make_vec::<f32, u32>(info.name, 16)?;
            let mut actions = [0; 16];
            envs.reset(Some(0));
            let rate = best(16, || {
                for (action, obs) in actions.iter_mut().zip(envs.obs().as_chunks().0) {
                    *action = heuristic(obs);
                }
                black_box(envs.step(&actions).expect("legal actions"));
            });
            println!("| {} | heuristic | 16 | {rate:.0} |", info.name);
        }
    }
    Ok(())
}

fn choice(choices: usize, rng: &mut NumpyRng) -> u32 {
    rng.integers(0, choices as i64) as u32
}

fn measure<O: Element, A: ActionElement>(
    mut envs: Box<dyn VecEnv<Obs = O, Action = A>>,
    draw: fn(usize, &mut NumpyRng) -> A,
) -> f64 {
    // A prime number of rows, so that no lane sees the same actions in every episode.
    const ROWS: usize = 509;
    let (lanes, row) = (envs.num_envs(), envs.num_envs() * envs.action_space().row_len());
    let choices = envs.action_space().choices().unwrap_or(0);
    let mut rng = NumpyRng::new(0);
    let actions: Vec<A> = (0..ROWS * row).map(|_| draw(choices, &mut rng)).collect();
    let mut rows = actions.chunks_exact(row).cycle();
    envs.reset(Some(0));
    best(lanes, || {
        let actions = rows.next().expect("a cycle has no end");
        black_box(envs.step(actions).expect("legal actions"));
    })
}

/// Steps per second of all lanes together, best of ten.
fn best(lanes: usize, mut step: impl FnMut()) -> f64 {
    let began = Instant::now();
    // Seconds that this thread has been running: the first number of the file, in nanoseconds.
    let seconds = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        let nanoseconds = text.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
        nanoseconds.map_or_else(|| began.elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
    };
    // As many calls as take a fifth of a second.
    let mut calls = 100_u32;
    let mut rate = || {
        loop {
            let start = seconds();
            for _ in 0..calls {
                step();
            }
            let spent = seconds() - start;
            if spent > 0.2 {
                return f64::from(calls) * lanes as f64 / spent;
            }
            calls *= 2;
        }
    };
    (0..10).map(|_| rate()).fold(0.0, f64::max)
}

/// The controller that Gymnasium ships with the lander.
fn heuristic(&[x, y, vx, vy, angle, spin, leg0, leg1]: &[f32; 8]) -> u32 {
    let (turn, hover) = if leg0 > 0.0 || leg1 > 0.0 {
        (0.0, -vy * 0.5)
    } else {
        let target = (x * 0.5 + vx).clamp(-0.4, 0.4);
        ((target - angle) * 0.5 - spin, (0.55 * x.abs() - y) * 0.5 - vy * 0.5)
    };
    match () {
        () if hover > turn.abs() && hover > 0.05 => 2,
        () if turn < -0.05 => 3,
        () if turn > 0.05 => 1,
        () => 0,
    }
}
