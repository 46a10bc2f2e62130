//! An environment of your own, checked and then learned: catch the falling ball with the paddle.
//!
//! ```text
//! cargo run --release -p agilerl --example custom_env
//! ```
//!
//! Prints the findings of `check_env`, then a table for each generation; after some seconds the paddle catches every ball.
use std::io::Write as _;
use std::process::ExitCode;

use agilerl::env::{NumpyRng, check_env};
use agilerl::prelude::*;

/// A ball falls ten rows, drifting sideways; the paddle below moves left, stays or moves right. Caught: 1, missed: -1.
#[derive(Clone)]
struct Catch {
    observations: Space,
    actions: Space,
    rng: NumpyRng,
    ball: [i32; 2],
    drift: i32,
    paddle: i32,
}

const WIDTH: i32 = 9;
const HEIGHT: i32 = 10;

impl Catch {
    fn new() -> Self {
        let observations = Space::bounded(&[-1.0; 4], &[1.0; 4]);
        let actions = Space::discrete(3);
        Self { observations, actions, rng: NumpyRng::new(0), ball: [0, 0], drift: 0, paddle: 0 }
    }

    fn observe(&self, obs: &mut [f32]) {
        let unit = |place: i32, size: i32| 2.0 * place as f32 / (size - 1) as f32 - 1.0;
        let [x, y] = self.ball;
        obs.copy_from_slice(&[unit(x, WIDTH), unit(y, HEIGHT), self.drift as f32, unit(self.paddle, WIDTH)]);
    }
}

impl Env for Catch {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        "Catch"
    }

    fn observation_space(&self) -> &Space {
        &self.observations
    }

    fn action_space(&self) -> &Space {
        &self.actions
    }

    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        if let Some(seed) = seed {
            self.rng = NumpyRng::new(seed); // the environment owns its randomness
        }
        let mut draw = |low: i32, high: i32| self.rng.integers(low.into(), high.into()) as i32;
        self.ball = [draw(0, WIDTH), HEIGHT - 1];
        self.drift = draw(-1, 2);
        self.paddle = draw(0, WIDTH);
        self.observe(obs);
    }

    fn step(&mut self, action: &[u32], obs: &mut [f32]) -> Step {
        self.paddle = (self.paddle + action[0] as i32 - 1).clamp(0, WIDTH - 1);
        let [x, y] = self.ball;
        let bounces = !(0..WIDTH).contains(&(x + self.drift));
        self.drift = if bounces { -self.drift } else { self.drift };
        self.ball = [x + self.drift, y - 1];
        self.observe(obs);
        let landed = self.ball[1] == 0;
        let caught = if self.ball[0] == self.paddle { 1.0 } else { -1.0 };
        Step { reward: if landed { caught } else { 0.0 }, terminated: landed, truncated: false }
    }
}

fn main() -> ExitCode {
    match train() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn train() -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    let report = check_env(&mut Catch::new())?;
    writeln!(stdout, "check_env: {} episodes, {} steps", report.episodes, report.env_steps)?;
    for warning in &report.warnings {
        writeln!(stdout, "  worth knowing: {warning}")?;
    }
    let run = Run::with(RunConfig::recommended("Catch")).on_env(Catch::new);
    let outcome = run.population(4).generations(20).target(1.0).observe(Console::stdout()).run()?;
    writeln!(stdout, "mean return over 100 fresh episodes: {:.2}", outcome.confirmed_mean)?;
    Ok(())
}
