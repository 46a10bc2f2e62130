//! One run, from its settings to the trained elite.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agilerl_algo::{AlgoError, Dqn, OffPolicyTask};
use agilerl_buffer::Stored;
use agilerl_env::{
    BoxEnv, BoxVecEnv, Element, Env, EnvError, SyncVec, make, make_pixels, make_vec, make_vec_pixels, one_hot,
    one_hot_env,
};
use agilerl_hpo::{Checkpoints, Disk, Observer, Outcome, Purpose, Storage, Streams, Trainer, create_dir_synced};
use agilerl_nets::InputNumber;

use crate::memory_use::Sizes;
use crate::run_folder::{CONFIG, RunFolder, RunLock, is_occupied};
use crate::training::{Saving, Training};
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
    config: RunConfig,
    /// The settings that a run began with which is gone on with.
    begun_with: Option<RunConfig>,
    out: Option<PathBuf>,
    existing: Existing,
    storage: Option<Arc<dyn Storage>>,
    observers: Vec<Box<dyn Observer<Dqn<O>> + Send>>,
    /// The user's own environments; without them those of the catalogue.
    envs: Option<Factories<O>>,
    catalogue: fn(&str) -> Factories<O>,
}

/// What observations of a run can be made of: `f32`, or `u8` for pixels.
pub trait Observation: Element + InputNumber + Stored {}

impl<O: Element + InputNumber + Stored> Observation for O {}

/// What is done with a run that the folder already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Existing {
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

    /// Goes on with a run that was stopped, in its folder, with its own settings: from its newest whole checkpoint, as if
    /// nothing had happened. A run that was stopped before its first checkpoint begins again, which comes to the same.
    /// The number of threads and how often it is saved may be others than before; any other setting that is changed is
    /// refused when the run starts.
    ///
    /// An environment that is not in the catalogue is given again, with [`on_env`](Run::on_env).
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
        let existing = Existing::Refuse;
        let (begun_with, observers) = (None, Vec::new());
        Self { config, begun_with, out: None, existing, storage: None, observers, envs: None, catalogue }
    }

    /// The run that a folder holds, to go on with.
    fn in_folder(folder: &Path, catalogue: fn(&str) -> Factories<O>) -> Result<Self, Error> {
        let path = folder.join(CONFIG);
        if !path.exists() {
            return Err(Error::NoRun(folder.to_owned()));
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
    /// [`Training::run`] says.
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

    /// The run with everything that it needs; or with its state as it was saved, if it is [resumed](Run::resume).
    ///
    /// # Errors
    /// If a setting makes no sense, the folder cannot be written, another run works there, or, where the run is resumed,
    /// no checkpoint is whole.
    pub fn start(self) -> Result<Training<O>, Error> {
        let Self { mut config, begun_with, out, existing, storage, observers, envs, catalogue } = self;
        config.validate()?;
        if let Some(begun_with) = begun_with.filter(|_| existing == Existing::Resume) {
            config.refuse_changes(&begun_with)?;
        }
        config.round_to_lanes();
        let envs = envs.unwrap_or_else(|| catalogue(&config.env));
        let (mut trainer, one_hot) = make_trainer(&config, envs)?;
        let mut saving = None;
        if let Some(folder) = out {
            let (opened, checkpoint) = open(&config, folder, existing, storage, one_hot)?;
            if let Some(checkpoint) = checkpoint {
                let segments = checkpoint.segments.iter().map(|(items, bytes)| (items.clone(), &bytes[..]));
                trainer.restore(&checkpoint.saved, segments)?;
            }
            trainer = trainer.with_observer(Arc::clone(&opened.folder));
            saving = Some(opened);
        }
        for observer in observers {
            trainer = trainer.with_observer(observer);
        }
        if let Some(saving) = &mut saving {
            saving.last = trainer.wall();
        }
        Ok(Training { trainer, saving })
    }
}

/// The trainer of a run, and the number of categories that its observations are encoded by, if they are.
fn make_trainer<O: Observation>(config: &RunConfig, envs: Factories<O>) -> Result<Made<O>, Error> {
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
    let stored = observations.row_len();
    config.refuse_too_many_bytes(&Sizes::of::<O>(config, env_bytes, stored, observations, choices))?;
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
    Ok((Trainer::new(task, agents, config.evolution.clone())?, one_hot_categories))
}

type Made<O> = (Trainer<Dqn<O>, OffPolicyTask<u32, O>>, Option<usize>);

/// Opens the folder of a run that begins or goes on.
fn open(
    config: &RunConfig,
    folder: PathBuf,
    existing: Existing,
    storage: Option<Arc<dyn Storage>>,
    one_hot: Option<usize>,
) -> Result<(Saving, Option<agilerl_hpo::Checkpoint>), Error> {
    let on_disk = storage.is_none();
    let storage = storage.unwrap_or_else(|| Arc::new(Disk));
    create_dir_synced(&*storage, &folder)?;
    let lock = on_disk.then(|| RunLock::take(&folder)).transpose()?;
    let (keep, shared) = (config.checkpoints.keep, Arc::clone(&storage));
    let (run_folder, checkpoints, checkpoint) = if existing == Existing::Resume {
        let (checkpoints, checkpoint) = Checkpoints::resume(shared, &folder, keep)?;
        let run_folder = match &checkpoint {
            Some(checkpoint) => RunFolder::resume(storage, folder, config, one_hot, lock, checkpoint)?,
            None => RunFolder::begin(storage, folder, config, one_hot, lock)?,
        };
        (run_folder, checkpoints, checkpoint)
    } else {
        if existing == Existing::Refuse && is_occupied(&*storage, &folder) {
            return Err(Error::Occupied(folder));
        }
        // Before anything is written: a checkpoint never stands beside the settings of another run.
        let checkpoints = Checkpoints::begin(shared, &folder, keep)?;
        (RunFolder::begin(storage, folder, config, one_hot, lock)?, checkpoints, None)
    };
    let passed_over = checkpoint.as_ref().map(|checkpoint| checkpoint.passed_over.clone()).unwrap_or_default();
    let folder = Arc::new(Mutex::new(run_folder));
    let (last, cost) = (Duration::ZERO, (0, Duration::ZERO));
    let saving = Saving { folder, checkpoints, config: config.checkpoints, last, passed_over, cost };
    Ok((saving, checkpoint))
}
