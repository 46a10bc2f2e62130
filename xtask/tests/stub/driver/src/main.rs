//! Trains the stub algorithm on a probe environment whose best actions are known, and plays its elite.

use agilerl::env::{EnvError, NumpyRng, decode_state, encode_state};
use agilerl::prelude::*;

/// One step: the observation is drawn from -1 to 1, and the reward is highest for half of it, -(action - obs / 2)^2.
#[derive(Clone)]
struct Half {
    spaces: [Space; 2],
    rng: NumpyRng,
    obs: f32,
}

impl Half {
    fn new() -> Self {
        let space = || Space::bounded(&[-1.0], &[1.0]);
        Self { spaces: [space(), space()], rng: NumpyRng::new(0), obs: 0.0 }
    }
}

impl Env for Half {
    type Obs = f32;
    type Action = f32;
    fn name(&self) -> &str {
        "Half"
    }
    fn observation_space(&self) -> &Space {
        &self.spaces[0]
    }
    fn action_space(&self) -> &Space {
        &self.spaces[1]
    }
    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        if let Some(seed) = seed {
            self.rng = NumpyRng::new(seed);
        }
        self.obs = 2.0 * self.rng.random() as f32 - 1.0;
        obs[0] = self.obs;
    }
    fn step(&mut self, action: &[f32], obs: &mut [f32]) -> Step {
        let distance = f64::from(action[0] - 0.5 * self.obs);
        obs[0] = self.obs;
        Step { reward: -distance * distance, terminated: true, truncated: false }
    }
    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state("Half", &(&self.rng, self.obs))
    }
    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        (self.rng, self.obs) = decode_state("Half", state)?;
        Ok(())
    }
}

const SETTINGS: &str = "
population = 2
[algorithm]
kind = 'stub'
noise = 0.5
[algorithm.critic]
hidden = [64, 64]
[off_policy]
lanes = 4
memory_size = 20_000
[evolution]
seed = 1
generations = 4
generation_env_steps = 4_000
eval_episodes = 20
";

fn main() {
    let folder = std::env::args().nth(1).expect("the folder of the run");
    let config = RunConfig::from_toml(SETTINGS, "the settings of this program").unwrap();
    let run = || Run::with(config.clone()).on_env(Half::new);

    // On an environment of the catalogue with choices it says why not.
    let error = Run::with(RunConfig { env: "CartPole-v1".to_owned(), ..config.clone() }).start().err().unwrap();
    assert!(error.to_string().contains("needs continuous actions"), "{error}");

    let signature = run().run().unwrap().signature;
    let mut rounds = 0;
    let paused = run().out(&folder).overwrite(true).on_event(move |event| {
        rounds += u32::from(matches!(event, Event::Round { .. }));
        Ok(if rounds == 9 { Flow::Pause } else { Flow::Continue })
    });
    assert!(matches!(paused.run(), Err(Error::Interrupted { saved: Some(_) })));
    let outcome = Run::resume(&folder).unwrap().on_env(Half::new).run().unwrap();
    assert_eq!(outcome.signature, signature, "the resumed run is another one");

    let mut policy = Elite::load(&folder).unwrap().policy().unwrap();
    for obs in [-1.0_f32, -0.5, 0.0, 0.5, 1.0] {
        let action: Vec<f32> = policy.act(&[obs]);
        println!("{obs} -> {:.3}", action[0]);
        assert!((action[0] - 0.5 * obs).abs() < 0.1, "the best action is {}", 0.5 * obs);
    }
}
