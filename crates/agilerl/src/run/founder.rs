//! An elite that a new run begins with.

use std::path::{Path, PathBuf};

use agilerl_algo::{AlgoError, Algorithm, Elite};
use agilerl_env::Space;
use agilerl_nets::Device;

use crate::algorithm::AlgorithmConfig;
use crate::config::run_config::RunConfig;
use crate::error::Error;
use crate::run::envs::observation_wrappers;
use crate::run::folder::CONFIG;
use crate::run::record::Origin;

/// The elite that every founder of a run is a copy of.
pub(crate) struct Founder {
    folder: PathBuf,
    elite: Elite,
}

impl Founder {
    /// Reads the elite of a folder.
    ///
    /// # Errors
    /// If the folder holds no elite that can be used.
    pub(crate) fn read(folder: &Path) -> Result<Self, Error> {
        Ok(Self { folder: folder.to_owned(), elite: Elite::load(folder)? })
    }

    /// Returns the settings of the run that the elite comes from, as far as they are known, with the elite's own settings.
    ///
    /// # Errors
    /// If the settings cannot be read.
    pub(crate) fn config(&self) -> Result<RunConfig, Error> {
        let record = &self.elite.record;
        let mut config = match RunConfig::read(&self.folder.join(CONFIG)) {
            Err(Error::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                RunConfig { wrappers: record.wrappers.clone(), ..RunConfig::recommended(&record.env) }
            }
            config => config?,
        };
        config.algorithm = AlgorithmConfig::of_elite(&self.elite)?;
        config.env.clone_from(&record.env);
        Ok(config)
    }

    /// Checks that the run is on the environment that the elite was trained in, and not on another one of the same name.
    ///
    /// # Errors
    /// [`Error::OtherEnv`] with the way out.
    pub(crate) fn check_env(&self, config: &RunConfig, own_env: Option<&str>) -> Result<(), Error> {
        let record = &self.elite.record;
        let other_env = |why| Err(Error::OtherEnv { folder: self.folder.clone(), why });
        if let (Some(own), None) = (&record.own_env, own_env)
            && record.env == config.env
        {
            return other_env(format!(
                "holds an elite of an environment of the program's own, {own}, whose name is {}: give it too \
                 (`Run::from_elite(..)?.on_env(..)`), or name another `env`",
                record.env
            ));
        }
        let wrappers = observation_wrappers(&config.wrappers);
        if wrappers != record.wrappers {
            let [wanted, found] =
                [&record.wrappers, &wrappers].map(|list| serde_json::to_string(list).expect("settings"));
            return other_env(format!(
                "holds an elite that observes through the wrappers {wanted}, and `wrappers` has {found}: take the elite's; \
                 wrappers that change rewards may be others"
            ));
        }
        Ok(())
    }

    /// Returns an agent with the network of the elite and the settings of the run, for these observations, encoded out of
    /// an index of `one_hot` categories if there are some, and these actions.
    ///
    /// # Errors
    /// If the network was made for another environment, or if the settings describe another network.
    pub(crate) fn agent<A: Algorithm>(
        &self,
        algorithm: &A,
        config: &RunConfig,
        [observations, actions]: [&Space; 2],
        one_hot: Option<usize>,
        device: &Device,
    ) -> Result<A::Agent, Error> {
        let record = &self.elite.record;
        let refuse = |why: String| {
            let folder = self.folder.display();
            Error::Algo(AlgoError::Elite(format!("the elite of {folder} cannot begin this run: {why}")))
        };
        if one_hot != record.one_hot {
            let encoding = |one_hot: Option<usize>| match one_hot {
                Some(categories) => format!("an index of {categories} categories"),
                None => "numbers".to_owned(),
            };
            let [wanted, found] = [record.one_hot, one_hot].map(encoding);
            return Err(refuse(format!(
                "its network was made for {}, which shows {wanted}, and {} shows {found}",
                record.env, config.env
            )));
        }
        match algorithm.founder(&self.elite, &config.env, observations, actions, device) {
            Err(AlgoError::Elite(why)) => Err(refuse(why)),
            agent => Ok(agent?),
        }
    }

    /// The origin of the founders, for the record of the run.
    pub(crate) fn origin(&self) -> Origin {
        let record = &self.elite.record;
        Origin { folder: self.folder.clone(), weights: record.weights.clone(), run: record.run.clone() }
    }

    /// A notice about the founders.
    pub(crate) fn notice(&self) -> String {
        format!("every founder is the elite of {}, {}", self.folder.display(), self.elite.record.spec)
    }
}
