//! One run, from its settings to the trained elite.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agilerl_algo::AnyAgent;
use agilerl_env::{Env, Observations, env_info};
use agilerl_hpo::{BoxError, Event, Flow, Observer, OnEvent, Outcome};
use agilerl_storage::Storage;

use crate::config::run_config::{CheckpointConfig, RunConfig};
use crate::error::Error;
use crate::run::envs::OwnEnv;
use crate::run::folder::CONFIG;
use crate::run::founder::Founder;

/// Describes a run; [`run`](Run::run) trains it, [`start`](Run::start) prepares it.
///
/// ```no_run
/// use agilerl::prelude::*;
///
/// let outcome = Run::on("LunarLander-v3").population(6).target(200.0).out("runs/lander").run()?;
/// println!("{:.1} over 100 episodes", outcome.confirmed_mean);
/// # Ok::<(), agilerl::Error>(())
/// ```
pub struct Run {
    pub(super) config: RunConfig,
    /// When resuming: the settings that the run started with.
    pub(super) started_with: Option<RunConfig>,
    pub(super) out: Option<PathBuf>,
    pub(super) existing: Existing,
    pub(super) storage: Option<Arc<dyn Storage>>,
    pub(super) observers: Vec<Box<dyn Observer<AnyAgent> + Send>>,
    /// The elite that all founders are copies of, if they are not drawn.
    pub(super) founder: Option<Founder>,
    /// The program's own environment; none for an environment of the catalogue.
    pub(super) own_env: Option<OwnEnv>,
}

/// The treatment of a run that the folder already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    Refuse,
    Overwrite,
    Resume,
}

impl Run {
    /// A run on an environment of the catalogue: with the default settings for rows of numbers, and for pixels, which need
    /// convolutions, with those of [`RunConfig::recommended`].
    ///
    /// ```no_run
    /// use agilerl::prelude::*;
    ///
    /// // Solves CartPole: a mean return of 475 over 100 fresh episodes.
    /// Run::on("CartPole-v1").target(475.0).run()?;
    /// // A game of MinAtar, with settings of your own.
    /// Run::on("MinAtar/Breakout-v1").configure(|config| config.dqn().lr = 3e-4).out("runs/breakout").run()?;
    /// # Ok::<(), agilerl::Error>(())
    /// ```
    pub fn on(env: &str) -> Self {
        let has_pixels = env_info(env).is_ok_and(|info| info.observations == Observations::Pixels);
        Self::with(match has_pixels {
            true => RunConfig::recommended(env),
            false => RunConfig { env: env.to_owned(), ..RunConfig::default() },
        })
    }

    /// A run with these settings.
    pub fn with(config: RunConfig) -> Self {
        Self {
            config,
            started_with: None,
            out: None,
            existing: Existing::Refuse,
            storage: None,
            observers: Vec::new(),
            founder: None,
            own_env: None,
        }
    }

    /// Resumes the run of a folder with its own settings, from its newest whole checkpoint, as if it had never been stopped.
    /// A run that was stopped before its first checkpoint begins again, with the same result.
    ///
    /// Only `threads`, `memory_limit_gib` and `checkpoints` may differ from the original run; any other change is an error when
    /// the run starts, with one exception: more [`generations`](Run::generations) extend the run. After its own generations it
    /// goes on to this number in all, with another signature from there on; a [`target`](Run::target) given with them
    /// holds from there on, too. A run that ended because its target was confirmed needs a higher target, or none.
    ///
    /// The program's own environment is given again, with [`on_env`](Run::on_env).
    ///
    /// ```no_run
    /// use agilerl::prelude::*;
    ///
    /// let outcome = Run::resume("runs/lander")?.observe(Console::stdout()).run()?;
    /// # Ok::<(), agilerl::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoRun`] if the folder holds no run, or an error of its settings.
    pub fn resume(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        let path = folder.join(CONFIG);
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(Error::NoRun(folder.to_owned())),
            // In a folder that may not be read there may be a run.
            Err(source) => return Err(Error::Read { path, source }),
            Ok(_) => {}
        }
        let config = RunConfig::read(&path)?;
        let run = Self::with(config.clone()).out(folder);
        Ok(Self { existing: Existing::Resume, started_with: Some(config), ..run })
    }

    /// A new run whose founders are all the elite of a folder: with its network and its evolved settings, and a fresh
    /// optimiser. Epsilon starts at its end, since random actions would undo what the elite has learned. All other settings are
    /// those of the elite's run, if its `config.toml` is in the folder, and otherwise those of [`RunConfig::recommended`];
    /// [`configure`](Run::configure) changes them. `initial_diversity` applies to these founders as to others.
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
    /// If the folder holds no elite, or an elite that cannot be used.
    pub fn from_elite(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let founder = Founder::read(folder.as_ref())?;
        let run = Self::with(founder.config()?);
        Ok(Self { founder: Some(founder), ..run })
    }

    /// Trains on the program's own environment. `make` makes one, with its time limit. Observations are rows of `f32` or pixels,
    /// `u8`; the algorithm must take its actions. A discrete observation is encoded as a one-hot vector.
    ///
    /// An environment without [`save`](Env::save) and [`restore`](Env::restore) is trained too, but the run then has no
    /// checkpoints, and says so.
    ///
    /// The folder of the run records the type `E`, wrappers included, and the run is resumed with the same type only. A
    /// box hides its content, so return the environment itself.
    ///
    /// ```
    /// use agilerl::env::{MinAtar, MinAtarGame, MinAtarOptions};
    /// use agilerl::prelude::*;
    ///
    /// let breakout = || TimeLimit::new(MinAtar::new(MinAtarGame::Breakout, MinAtarOptions::default()), 500);
    /// let run = Run::with(RunConfig::recommended("MinAtar/Breakout-v1")).on_env(breakout);
    /// # let run = run.population(2).generations(1).configure(|config| {
    /// #     config.evolution.generation_env_steps = 64;
    /// #     config.evolution.round_env_steps = 32;
    /// #     (config.evolution.eval_episodes, config.evolution.confirm_episodes) = (1, 1);
    /// # });
    /// run.run()?;
    /// # Ok::<(), agilerl::Error>(())
    /// ```
    #[must_use]
    pub fn on_env<E>(mut self, make: impl Fn() -> E + Clone + Send + Sync + 'static) -> Self
    where
        E: Env + 'static,
    {
        let own_env = OwnEnv::new(make);
        self.config.env.clone_from(&own_env.name);
        self.own_env = Some(own_env);
        self
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

    /// Mean return that ends the run, once fresh episodes confirm it.
    #[must_use]
    pub fn target(mut self, target: f64) -> Self {
        self.config.evolution.target = Some(target);
        self
    }

    /// The greatest number of generations.
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

    /// Number of worker threads; 0 takes one for each processor. Results do not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.config.evolution.threads = threads;
        self
    }

    /// When the run is saved. Results do not depend on it.
    #[must_use]
    pub fn checkpoints(mut self, checkpoints: CheckpointConfig) -> Self {
        self.config.checkpoints = checkpoints;
        self
    }

    /// Keeps the run in this folder, which is created if it is missing: settings, log, table, elite and checkpoints
    /// (`docs/runs.md`).
    #[must_use]
    pub fn out(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out = Some(folder.into());
        self
    }

    /// Whether a run that the folder already holds is overwritten (false).
    #[must_use]
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.existing = if overwrite { Existing::Overwrite } else { Existing::Refuse };
        self
    }

    /// Writes into a storage other than the disk, without a lock: for tests in which writing fails. A run of such a storage is
    /// resumed with `resume`, and not with [`Run::resume`].
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
    pub fn observe(mut self, observer: impl Observer<AnyAgent> + Send + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Calls a closure at every event.
    ///
    /// ```no_run
    /// use agilerl::prelude::*;
    ///
    /// let run = Run::on("CartPole-v1").on_event(|event| {
    ///     if let Event::Evaluated(report) = event {
    ///         println!("generation {}: {:?}", report.generation, report.elite().latest_fitness());
    ///     }
    ///     Ok(Flow::Continue)
    /// });
    /// run.run()?;
    /// # Ok::<(), agilerl::Error>(())
    /// ```
    #[must_use]
    pub fn on_event<F>(self, closure: F) -> Self
    where
        F: FnMut(&Event<'_, AnyAgent>) -> Result<Flow, BoxError> + Send + 'static,
    {
        self.observe(OnEvent(closure))
    }

    /// The settings.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// Trains to the end.
    ///
    /// # Errors
    /// Those of [`start`](Run::start), before anything is trained; later, those of [`Training::run`](crate::Training::run).
    pub fn run(self) -> Result<Outcome<AnyAgent>, Error> {
        self.start()?.run()
    }
}
