//! One run, from its settings to the trained elite.

use std::path::{Path, PathBuf};

use agilerl_algo::dqn::Loss;
use agilerl_algo::{AlgoError, Dqn, DqnConfig, Epsilon, OffPolicyConfig, OffPolicyTask};
use agilerl_env::{
    BoxEnv, BoxVecEnv, Element, Env, EnvError, Observations, SyncVec, env_info, make, make_pixels, make_vec,
    make_vec_pixels, one_hot, one_hot_env,
};
use agilerl_hpo::{Disk, HpoError, JsonLines, Observer, Outcome, Purpose, Storage, Streams, Trainer, TrainerConfig};
use agilerl_nets::{ConvSpec, InputNumber};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::saved_elite::{RECORD, SaveElite, WEIGHTS};

/// The settings of a run. Those of the parts stand in their own documentation; the defaults are those of AgileRL's
/// online-training page, and [`recommended`](RunConfig::recommended) has better ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// Name of the environment in the catalogue (LunarLander-v3).
    pub env: String,
    /// Individuals (6).
    pub population: usize,
    /// Where the networks learn: `cpu`; or through burn `flex`, `ndarray`, `tch`, `tch:cuda:0` (cpu).
    pub device: String,
    /// The agents at the start.
    pub dqn: DqnConfig,
    /// Lanes and memory.
    pub off_policy: OffPolicyConfig,
    /// Generations, selection and mutation.
    pub evolution: TrainerConfig,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            env: "LunarLander-v3".to_owned(),
            population: 6,
            device: "cpu".to_owned(),
            dqn: DqnConfig::default(),
            off_policy: OffPolicyConfig::default(),
            evolution: TrainerConfig::default(),
        }
    }
}

/// A run in the making.
///
/// ```no_run
/// use agilerl::prelude::*;
///
/// let outcome = Run::on("LunarLander-v3").population(6).target(200.0).out("runs/lander").run()?;
/// println!("{:.1} over 100 episodes", outcome.confirmed_mean);
/// # Ok::<(), agilerl::Error>(())
/// ```
///
/// Environments that show pixels have a run of their own type, since their observations stay bytes:
///
/// ```no_run
/// use agilerl::prelude::*;
///
/// let outcome = Run::with_pixels(RunConfig::recommended("MinAtar/Breakout-v1")).target(8.0).run()?;
/// # Ok::<(), agilerl::Error>(())
/// ```
pub struct Run<O: Element = f32> {
    config: RunConfig,
    out: Option<PathBuf>,
    overwrite: bool,
    observers: Vec<Box<dyn Observer<Dqn<O>> + Send>>,
    /// The user's own environments; without them those of the catalogue.
    envs: Option<Factories<O>>,
    catalogue: fn(&str) -> Factories<O>,
}

type MakeLanes<O> = dyn Fn(usize) -> Result<BoxVecEnv<u32, O>, EnvError> + Send + Sync;
type MakeEnv<O> = dyn Fn() -> Result<BoxEnv<u32, O>, EnvError> + Send + Sync;

/// How environments are made.
struct Factories<O: Element = f32> {
    lanes: Box<MakeLanes<O>>,
    one: Box<MakeEnv<O>>,
    /// How an index becomes a row: as a one-hot vector. Other observations pass as they are.
    encode_lanes: fn(BoxVecEnv<u32, O>) -> BoxVecEnv<u32, O>,
    encode_one: fn(BoxEnv<u32, O>) -> BoxEnv<u32, O>,
}

impl Factories {
    fn catalogue(name: &str) -> Self {
        let (lanes_name, one_name) = (name.to_owned(), name.to_owned());
        let lanes = Box::new(move |lanes| make_vec(&lanes_name, lanes));
        Self { lanes, one: Box::new(move || make(&one_name)), encode_lanes: one_hot, encode_one: one_hot_env }
    }
}

impl Factories<u8> {
    fn catalogue_of_pixels(name: &str) -> Self {
        let (lanes_name, one_name) = (name.to_owned(), name.to_owned());
        let lanes = Box::new(move |lanes| make_vec_pixels(&lanes_name, lanes, 1));
        let one = Box::new(move || make_pixels(&one_name));
        Self { lanes, one, encode_lanes: |lanes| lanes, encode_one: |env| env }
    }
}

impl Run {
    /// A run on an environment of the catalogue, with the defaults.
    pub fn on(env: &str) -> Self {
        Self::with(RunConfig { env: env.to_owned(), ..RunConfig::default() })
    }

    /// A run with these settings.
    pub fn with(config: RunConfig) -> Self {
        Self::new(config, Factories::catalogue)
    }

    /// Trains on an environment of one's own; `make` makes one, its time limit included. A discrete observation is
    /// encoded as a one-hot vector.
    #[must_use]
    pub fn on_env<E>(mut self, make: impl Fn() -> E + Clone + Send + Sync + 'static) -> Self
    where
        E: Env<Obs = f32, Action = u32> + 'static,
    {
        self.config.env = make().name().to_owned();
        let single = make.clone();
        self.envs = Some(Factories {
            lanes: Box::new(move |lanes| Ok(Box::new(SyncVec::from_fn(lanes, |_| make())))),
            one: Box::new(move || Ok(Box::new(single()))),
            encode_lanes: one_hot,
            encode_one: one_hot_env,
        });
        self
    }
}

impl Run<u8> {
    /// A run with these settings on an environment of the catalogue that shows pixels: MinAtar's games.
    pub fn with_pixels(config: RunConfig) -> Self {
        Self::new(config, Factories::catalogue_of_pixels)
    }
}

impl<O: Element + InputNumber> Run<O> {
    fn new(config: RunConfig, catalogue: fn(&str) -> Factories<O>) -> Self {
        Self { config, out: None, overwrite: false, observers: Vec::new(), envs: None, catalogue }
    }

    /// Number of individuals.
    #[must_use]
    pub fn population(mut self, individuals: usize) -> Self {
        self.config.population = individuals;
        self
    }

    /// Root seed of every random draw.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.evolution.seed = seed;
        self
    }

    /// Mean return that ends the run once fresh episodes confirm it.
    #[must_use]
    pub fn target(mut self, target: f64) -> Self {
        self.config.evolution.target = Some(target);
        self
    }

    /// Generations at most.
    #[must_use]
    pub fn generations(mut self, generations: u64) -> Self {
        self.config.evolution.generations = generations;
        self
    }

    /// Changes any setting.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut RunConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Leaves `events.jsonl`, `elite.safetensors` and `elite.json` in this folder, which is made if need be.
    #[must_use]
    pub fn out(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out = Some(folder.into());
        self
    }

    /// Whether the folder may already hold a run, which is then overwritten (false).
    #[must_use]
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Adds an observer, such as [`Console`](agilerl_hpo::Console).
    #[must_use]
    pub fn observe(mut self, observer: impl Observer<Dqn<O>> + Send + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// The settings.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// Trains to the end.
    ///
    /// # Errors
    /// Before anything is trained, if a setting makes no sense or the folder cannot be written; later, if an environment
    /// or an observer fails.
    pub fn run(self) -> Result<Outcome<Dqn<O>>, Error> {
        Ok(self.build()?.run()?)
    }

    /// The trainer of this run, for those who want to step it by hand.
    ///
    /// # Errors
    /// If a setting makes no sense or the folder cannot be written.
    pub fn build(self) -> Result<Trainer<Dqn<O>, OffPolicyTask<u32, O>>, Error> {
        let Self { mut config, out, overwrite, observers, envs, catalogue } = self;
        config.round_to_lanes();
        config.validate()?;
        let envs = envs.unwrap_or_else(|| catalogue(&config.env));
        let device = agilerl_nets::parse_device(&config.device)?;
        let example = (envs.one)()?;
        let one_hot_categories = example.observation_space().choices();
        let example = (envs.encode_one)(example);
        let observations = example.observation_space();
        let choices = example.action_space().choices().ok_or_else(|| AlgoError::Space {
            agent: "DQN",
            env: config.env.clone(),
            why: "it chooses among actions, and this environment wants numbers".to_owned(),
        })?;
        let task = OffPolicyTask::new(
            config.off_policy,
            config.evolution.round_env_steps as usize,
            move |lanes| (envs.lanes)(lanes).map(envs.encode_lanes),
            move || (envs.one)().map(envs.encode_one),
        )?;
        let streams = Streams::new(config.evolution.seed);
        let agent = |i| {
            let mut rng = streams.get(Purpose::Weights, 0, i, 0);
            Dqn::for_space(config.dqn.clone(), observations, choices, &device, &mut rng)
        };
        let agents = (0..config.population).map(agent).collect::<Result<Vec<_>, _>>()?;
        let seed = config.evolution.seed;
        let mut trainer = Trainer::new(task, agents, config.evolution)?;
        if let Some(folder) = out {
            let log = open(&Disk, &folder, overwrite)?;
            let save = SaveElite {
                storage: Disk,
                folder,
                env: config.env,
                one_hot: one_hot_categories,
                seed,
                best: f64::NEG_INFINITY,
                saved: None,
            };
            trainer = trainer.with_observer(log).with_observer(save);
        }
        for observer in observers {
            trainer = trainer.with_observer(observer);
        }
        Ok(trainer)
    }
}

impl RunConfig {
    /// Settings that solved CartPole-v1 and LunarLander-v3 with every seed tried (`docs/benchmarks.md`): those of the page,
    /// but for what is named here; and for MinAtar's games those of [`recommended_for_boards`](Self::recommended_for_boards).
    ///
    /// Where it differs from the default, and why: two hidden layers of 64 nodes instead of 32; `learn_step` 8 instead of
    /// 16, so that a transition is learnt from 16 times instead of 8; tau 5e-3 instead of 1e-3, so that the target network
    /// follows within some hundred updates; Huber loss, which a crash's -100 does not dominate; epsilon down to 0.02 within
    /// 30,000 steps, since the population explores by its differences too.
    pub fn recommended(env: &str) -> Self {
        if env_info(env).is_ok_and(|info| info.observations == Observations::Pixels) {
            return Self::recommended_for_boards(env);
        }
        let mut config = Self { env: env.to_owned(), ..Self::default() };
        config.dqn.hidden = vec![64, 64];
        config.dqn.learn_step = 8;
        config.dqn.tau = 5e-3;
        config.dqn.loss = Loss::Huber;
        config.dqn.epsilon = Epsilon { start: 1.0, end: 0.02, decay_steps: 30_000 };
        config
    }

    /// Settings for MinAtar: the network of Young and Tian (2019), one convolution of 16 channels, 3 x 3, and 128 nodes.
    fn recommended_for_boards(env: &str) -> Self {
        let mut config = Self { env: env.to_owned(), population: 4, ..Self::default() };
        config.dqn.convs = vec![ConvSpec::new(16, 3, 1)];
        config.dqn.hidden = vec![128];
        config.dqn.batch_size = 32;
        config.dqn.learn_step = 4;
        config.dqn.lr = 5e-4;
        config.dqn.tau = 5e-3;
        config.dqn.loss = Loss::Huber;
        config.dqn.epsilon = Epsilon { start: 1.0, end: 0.02, decay_steps: 100_000 };
        config.off_policy.memory_size = 300_000;
        config.off_policy.learning_starts = 5_000;
        config.evolution.generation_env_steps = 25_000;
        config.evolution.generations = 20;
        config
    }

    /// Checks what concerns several parts at once; each part checks itself when it is made.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting, its value and what it must be.
    pub fn validate(&self) -> Result<(), Error> {
        let memory = self.off_policy.memory_size;
        let room = |field, batch_size: usize| {
            let expected = format!("at most off_policy.memory_size, {memory}: a batch must fit into the memory");
            if batch_size <= memory {
                Ok(())
            } else {
                Err(Error::Config { field, value: batch_size.to_string(), expected })
            }
        };
        room("dqn.batch_size", self.dqn.batch_size)?;
        let mutation = &self.evolution.mutation;
        let moves = mutation.rl_hp > 0.0 || self.evolution.initial_diversity;
        let selected = mutation.rl_hp_selection.iter().filter_map(|name| Some((name, mutation.bounds.get(name)?)));
        let known = |name: &str| DqnConfig::HYPERPARAMETERS.contains(&name);
        for (name, bounds) in selected.filter(|(name, _)| moves && known(name)) {
            if name == "batch_size" {
                room("evolution.mutation.bounds.batch_size.max", bounds.max as usize)?;
            }
            // Wherever evolution may go, the agent must be able to follow.
            for end in [bounds.min, bounds.max] {
                let mut config = self.dqn.clone();
                config.set_hyperparameter(name, end);
                config.validate()?;
            }
        }
        let round = self.evolution.round_env_steps.saturating_mul(self.population as u64);
        if (memory as u64) < round {
            let expected =
                format!("at least {round}: one round of every individual, or some would never be remembered");
            return Err(Error::Config { field: "off_policy.memory_size", value: memory.to_string(), expected });
        }
        if mutation.activation > 0.0 && self.dqn.activations_to_mutate_to().next().is_none() {
            let value = format!("{:?}", self.dqn.activation_selection);
            let expected = format!(
                "another than {} (and not prelu) for evolution.mutation.activation = {} to draw",
                self.dqn.activation, mutation.activation
            );
            return Err(Error::Config { field: "dqn.activation_selection", value, expected });
        }
        Ok(())
    }
}

impl RunConfig {
    /// All lanes step together, so rounds and generations are whole steps of all of them: rounded up.
    fn round_to_lanes(&mut self) {
        let lanes = self.off_policy.lanes.max(1) as u64;
        let evolution = &mut self.evolution;
        evolution.round_env_steps = evolution.round_env_steps.next_multiple_of(lanes);
        evolution.generation_env_steps = evolution.generation_env_steps.next_multiple_of(lanes);
    }
}

/// Makes the folder and begins the log in it: the proof, before training starts, that it can be written.
fn open(storage: &dyn Storage, folder: &Path, overwrite: bool) -> Result<JsonLines, Error> {
    let log = folder.join("events.jsonl");
    let elite = [RECORD, WEIGHTS].map(|name| folder.join(name));
    if !overwrite && elite.iter().chain([&log]).any(|path| storage.read(path).is_ok()) {
        return Err(Error::Occupied(folder.to_owned()));
    }
    let failed = |source| HpoError::Storage { action: "create", path: folder.to_owned(), source };
    storage.create_dir(folder).map_err(failed)?;
    let log = JsonLines::create(storage, &log)?;
    for path in elite.iter().filter(|path| storage.read(path).is_ok()) {
        // The elite of another run has no place beside this one's log.
        let failed = |source| HpoError::Storage { action: "remove", path: path.clone(), source };
        storage.remove(path).map_err(failed)?;
    }
    Ok(log)
}
