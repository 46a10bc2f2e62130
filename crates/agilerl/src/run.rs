//! One run, from its settings to the trained elite.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agilerl_algo::{AlgoError, Dqn, OffPolicyTask};
use agilerl_buffer::Stored;
use agilerl_env::{
    BoxEnv, BoxVecEnv, Element, Env, EnvError, SyncVec, make, make_pixels, make_vec, make_vec_pixels, one_hot_env,
};
use agilerl_hpo::{Observer, Outcome, Purpose, Storage, Streams, Trainer};
use agilerl_nets::InputNumber;

use crate::founder::Founder;
use crate::memory_use::Sizes;
use crate::run_folder::CONFIG;
use crate::run_record::short_type_name;
use crate::{CheckpointConfig, Error, RunConfig};

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
    pub(crate) config: RunConfig,
    /// The settings that a run began with which is gone on with.
    pub(crate) begun_with: Option<RunConfig>,
    pub(crate) out: Option<PathBuf>,
    pub(crate) existing: Existing,
    pub(crate) storage: Option<Arc<dyn Storage>>,
    pub(crate) observers: Vec<Box<dyn Observer<Dqn<O>> + Send>>,
    /// What the founders are, if they are not drawn.
    pub(crate) founder: Option<Founder>,
    /// The user's own environments; without them those of the catalogue.
    envs: Option<Factories<O>>,
    /// The type of those, wrappers included.
    pub(crate) own_env: Option<String>,
    catalogue: fn(&str) -> Factories<O>,
}

/// What observations of a run can be made of: `f32`, or `u8` for pixels.
pub trait Observation: Element + InputNumber + Stored {}

impl<O: Element + InputNumber + Stored> Observation for O {}

/// What is done with a run that the folder already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    Refuse,
    Overwrite,
    Resume,
}

type MakeLanes<O> = dyn Fn(usize) -> Result<BoxVecEnv<u32, O>, EnvError> + Send + Sync;
type MakeEnv<O> = dyn Fn() -> Result<BoxEnv<u32, O>, EnvError> + Send + Sync;

/// How environments are made.
struct Factories<O: Element = f32> {
    lanes: Box<MakeLanes<O>>,
    one: Box<MakeEnv<O>>,
    /// How an index becomes a row where episodes are played one by one: as a one-hot vector, which the memory of the lanes
    /// makes at the draw. Other observations pass as they are.
    encode_one: fn(BoxEnv<u32, O>) -> BoxEnv<u32, O>,
}

impl Factories {
    fn catalogue(name: &str) -> Self {
        let (lanes_name, one_name) = (name.to_owned(), name.to_owned());
        let lanes = Box::new(move |lanes| make_vec(&lanes_name, lanes));
        Self { lanes, one: Box::new(move || make(&one_name)), encode_one: one_hot_env }
    }
}

impl Factories<u8> {
    fn catalogue_of_pixels(name: &str) -> Self {
        let (lanes_name, one_name) = (name.to_owned(), name.to_owned());
        let lanes = Box::new(move |lanes| make_vec_pixels(&lanes_name, lanes, 1));
        let one = Box::new(move || make_pixels(&one_name));
        Self { lanes, one, encode_one: |env| env }
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

    /// Goes on with a run that was stopped, in its folder, with its own settings: from its newest whole checkpoint, as if
    /// nothing had happened. A run that was stopped before its first checkpoint begins again, which comes to the same.
    /// The number of threads and how often it is saved may be others than before; any other setting that is changed is
    /// refused when the run starts, but for these:
    ///
    /// More [`generations`](Run::generations) extend the run. When those that it has are over, it goes on to that many in
    /// all, with another signature from there on; a [`target`](Run::target) given with them holds from there on, too. A run
    /// that is over because its target was confirmed needs a higher one, or none, to go on.
    ///
    /// An environment of one's own is given again, with [`on_env`](Run::on_env).
    ///
    /// ```no_run
    /// use agilerl::prelude::*;
    ///
    /// let outcome = Run::resume("runs/lander")?.observe(Console::stdout()).run()?;
    /// # Ok::<(), agilerl::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoRun`] if the folder holds none, or what is wrong with its settings.
    pub fn resume(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::in_folder(folder.as_ref(), Factories::catalogue)
    }

    /// A new run in which every individual begins as the elite that a folder holds: with its network and with its settings
    /// as evolution left them, and a fresh optimiser. Epsilon starts where it ended, so that exploration does not throw away
    /// what the elite can do. All other settings are those of the run that the elite comes from, if
    /// they lie beside it ([`configure`](Run::configure) changes them), and otherwise those of
    /// [`RunConfig::recommended`]. What founders get in any run (`initial_diversity`), these get too.
    ///
    /// ```no_run
    /// use agilerl::prelude::*;
    ///
    /// let run = Run::from_elite("runs/lander")?.seed(2).target(250.0).out("runs/lander-again");
    /// let outcome = run.run()?;
    /// # Ok::<(), agilerl::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the folder holds no elite, or one that cannot be used.
    pub fn from_elite(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_founder(folder.as_ref(), Factories::catalogue)
    }

    /// Trains on an environment of one's own; `make` makes one, its time limit included. A discrete observation is
    /// encoded as a one-hot vector. One that does not implement [`save`](Env::save) and [`restore`](Env::restore) is
    /// trained too, but the run then has no checkpoints, which it says.
    ///
    /// The run's folder records the type `E`, wrappers included, and is resumed with the same type only. A box hides what is
    /// in it, so return the environment itself.
    #[must_use]
    pub fn on_env<E>(mut self, make: impl Fn() -> E + Clone + Send + Sync + 'static) -> Self
    where
        E: Env<Obs = f32, Action = u32> + 'static,
    {
        self.config.env = make().name().to_owned();
        self.own_env = Some(short_type_name::<E>());
        let single = make.clone();
        self.envs = Some(Factories {
            lanes: Box::new(move |lanes| Ok(Box::new(SyncVec::from_fn(lanes, |_| make())))),
            one: Box::new(move || Ok(Box::new(single()))),
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

    /// A new run on pixels that begins with an elite: see [`Run::from_elite`].
    ///
    /// # Errors
    /// If the folder holds no elite, or one that cannot be used.
    pub fn from_elite_of_pixels(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_founder(folder.as_ref(), Factories::catalogue_of_pixels)
    }

    /// Goes on with a run on pixels: see [`Run::resume`].
    ///
    /// # Errors
    /// [`Error::NoRun`] if the folder holds none, or what is wrong with its settings.
    pub fn resume_pixels(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::in_folder(folder.as_ref(), Factories::catalogue_of_pixels)
    }
}

impl<O: Observation> Run<O> {
    fn new(config: RunConfig, catalogue: fn(&str) -> Factories<O>) -> Self {
        Self {
            config,
            begun_with: None,
            out: None,
            existing: Existing::Refuse,
            storage: None,
            observers: Vec::new(),
            founder: None,
            envs: None,
            own_env: None,
            catalogue,
        }
    }

    /// A run whose founders are an elite.
    fn from_founder(folder: &Path, catalogue: fn(&str) -> Factories<O>) -> Result<Self, Error> {
        let founder = Founder::read(folder)?;
        let run = Self::new(founder.config()?, catalogue);
        Ok(Self { founder: Some(founder), ..run })
    }

    /// The run that a folder holds, to go on with.
    fn in_folder(folder: &Path, catalogue: fn(&str) -> Factories<O>) -> Result<Self, Error> {
        let path = folder.join(CONFIG);
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(Error::NoRun(folder.to_owned())),
            // Whoever may not look into the folder does not know whether there is one.
            Err(source) => return Err(Error::Read { path, source }),
            Ok(_) => {}
        }
        let config = RunConfig::read(&path)?;
        let run = Self::new(config.clone(), catalogue).out(folder);
        Ok(Self { existing: Existing::Resume, begun_with: Some(config), ..run })
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

    /// Worker threads; 0 takes one for each processor. The results are the same.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.config.evolution.threads = threads;
        self
    }

    /// How often the run is saved. The results are the same.
    #[must_use]
    pub fn checkpoints(mut self, checkpoints: CheckpointConfig) -> Self {
        self.config.checkpoints = checkpoints;
        self
    }

    /// Keeps the run in this folder, which is made if need be: settings, log, table, elite and checkpoints
    /// (`docs/runs.md`).
    #[must_use]
    pub fn out(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out = Some(folder.into());
        self
    }

    /// Whether the folder may already hold a run, which is then overwritten (false).
    #[must_use]
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.existing = if overwrite { Existing::Overwrite } else { Existing::Refuse };
        self
    }

    /// Writes into another storage than the disk, where nobody else works: for tests of what happens when writing fails.
    /// Together with [`resume`](Run::resume) only for runs whose settings lie on the disk.
    #[doc(hidden)]
    #[must_use]
    pub fn storage(mut self, storage: Arc<dyn Storage>, resume: bool) -> Self {
        self.storage = Some(storage);
        if resume {
            self.existing = Existing::Resume;
        }
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
    /// Before anything is trained, if a setting makes no sense or the folder cannot be written; later, what
    /// [`Training::run`](crate::Training::run) says.
    pub fn run(self) -> Result<Outcome<Dqn<O>>, Error> {
        self.start()?.run()
    }

    /// The trainer of this run, for those who want to step it by hand: log and elite are written, checkpoints are not.
    ///
    /// # Errors
    /// If a setting makes no sense or the folder cannot be written.
    pub fn build(self) -> Result<Trainer<Dqn<O>, OffPolicyTask<u32, O>>, Error> {
        Ok(self.start()?.trainer)
    }

    /// The trainer of these settings, and the number of categories that its observations are encoded by, if they are.
    pub(crate) fn make_trainer(&mut self, config: &RunConfig) -> Result<Made<O>, Error> {
        if let Some(founder) = &self.founder {
            founder.check_env(config, self.own_env.as_deref())?;
        }
        let envs = self.envs.take().unwrap_or_else(|| (self.catalogue)(&config.env));
        make_trainer(config, envs, self.founder.as_ref())
    }
}

/// The trainer of a run, and the number of categories that its observations are encoded by, if they are.
fn make_trainer<O: Observation>(
    config: &RunConfig,
    envs: Factories<O>,
    founder: Option<&Founder>,
) -> Result<Made<O>, Error> {
    let device = agilerl_nets::parse_device(&config.device)?;
    let example = (envs.one)()?;
    let (one_hot_categories, env_bytes) = (example.observation_space().choices(), size_of_val(&*example));
    let example = (envs.encode_one)(example);
    let observations = example.observation_space();
    let choices = example.action_space().choices().ok_or_else(|| AlgoError::Space {
        agent: "DQN",
        env: config.env.clone(),
        why: "it chooses among actions, and this environment wants numbers".to_owned(),
    })?;
    // Before the first of the lanes is made.
    let stored = one_hot_categories.map_or(observations.row_len(), |_| 1);
    config.refuse_too_many_bytes(&Sizes::of::<O>(config, env_bytes, stored, observations, choices))?;
    let task =
        OffPolicyTask::new(config.off_policy, config.evolution.round_env_steps as usize, envs.lanes, move || {
            (envs.one)().map(envs.encode_one)
        })?;
    let streams = Streams::new(config.evolution.seed);
    let agent = |i| {
        if let Some(founder) = founder {
            return founder.agent(config, observations, one_hot_categories, choices, &device);
        }
        let mut rng = streams.get(Purpose::Weights, 0, i, 0);
        Ok(Dqn::for_space(config.dqn.clone(), observations, choices, &device, &mut rng)?)
    };
    let agents = (0..config.population).map(agent).collect::<Result<Vec<_>, Error>>()?;
    Ok((Trainer::new(task, agents, config.evolution.clone())?, one_hot_categories))
}

pub(crate) type Made<O> = (Trainer<Dqn<O>, OffPolicyTask<u32, O>>, Option<usize>);
