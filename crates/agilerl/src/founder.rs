//! An elite that a new run begins with.

use std::path::{Path, PathBuf};

use agilerl_algo::{AlgoError, Dqn, Elite};
use agilerl_env::Space;
use agilerl_hpo::Disk;
use agilerl_nets::{Device, InputNumber, NetSpec};

use crate::run_record::Origin;
use crate::{Error, RunConfig, load_elite};

/// What every founder of a run is, instead of a network that is drawn.
pub(crate) struct Founder {
    folder: PathBuf,
    pub(crate) elite: Elite,
}

impl Founder {
    /// # Errors
    /// If the folder holds no elite that can be used.
    pub(crate) fn read(folder: &Path) -> Result<Self, Error> {
        Ok(Self { folder: folder.to_owned(), elite: load_elite(&Disk, folder)? })
    }

    /// The settings of the run that the elite comes from, as far as they are known, with those that the elite has itself.
    ///
    /// # Errors
    /// If there are some, and they cannot be read.
    pub(crate) fn config(&self) -> Result<RunConfig, Error> {
        let record = &self.elite.record;
        let config = match RunConfig::read(&self.folder.join(crate::run_folder::CONFIG)) {
            Err(Error::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                RunConfig::recommended(&record.env)
            }
            config => config?,
        };
        let mut dqn = record.config.clone();
        // Exploration goes on where it would have ended: actions at random would show it nothing but other policies.
        dqn.epsilon.start = dqn.epsilon.end;
        Ok(RunConfig { env: record.env.clone(), dqn, ..config })
    }

    /// An elite of one environment does not begin a run on another that is only called the same.
    ///
    /// # Errors
    /// [`Error::OtherEnv`] with the cure.
    pub(crate) fn check_env(&self, config: &RunConfig, given: Option<&str>) -> Result<(), Error> {
        let record = &self.elite.record;
        match (&record.own_env, given) {
            (Some(own), None) if record.env == config.env => {
                let why = format!(
                    "holds an elite of an environment of the program's own, {own}, which calls itself {}: give it too \
                     (`Run::from_elite(..)?.on_env(..)`), or name another `env`",
                    record.env
                );
                Err(Error::OtherEnv { folder: self.folder.clone(), why })
            }
            _ => Ok(()),
        }
    }

    /// A founder with the network of the elite and with these settings, where an agent observes `observations`, of which
    /// `one_hot` are an index, and chooses among so many actions.
    ///
    /// # Errors
    /// If the network was made for another environment, or if the settings describe another one than it has.
    pub(crate) fn agent<O: InputNumber>(
        &self,
        config: &RunConfig,
        observations: &Space,
        one_hot: Option<usize>,
        choices: usize,
        device: &Device,
    ) -> Result<Dqn<O>, Error> {
        let record = &self.elite.record;
        let refuse = |why: String| {
            let folder = self.folder.display();
            Error::Algo(AlgoError::Elite(format!("the elite of {folder} cannot begin this run: {why}")))
        };
        let net = |dqn: &agilerl_algo::DqnConfig| dqn.net(observations, choices);
        let (drawn, kind) = (net(&config.dqn)?, std::mem::discriminant::<NetSpec>);
        let sizes = |spec: &NetSpec| (spec.inputs(), spec.outputs());
        if one_hot != record.one_hot || sizes(&drawn) != sizes(&record.spec) || kind(&drawn) != kind(&record.spec) {
            return Err(refuse(format!(
                "its network, {}, was made for {}, and {} would have one of {drawn}",
                record.spec, record.env, config.env
            )));
        }
        if drawn != net(&record.config)? {
            return Err(refuse(format!(
                "its network stays as it is, {}, so the settings of the network in [dqn] must be those of its elite.json",
                record.spec
            )));
        }
        let elite = self.elite.agent_of::<O>(device)?;
        Ok(Dqn::of_weights(config.dqn.clone(), record.spec.clone(), &elite.weights(), device)?)
    }

    /// Where it comes from, for the record of the run.
    pub(crate) fn origin(&self) -> Origin {
        let record = &self.elite.record;
        Origin { folder: self.folder.clone(), weights: record.weights.clone(), run: record.run.clone() }
    }

    /// In words.
    pub(crate) fn notice(&self) -> String {
        format!("every founder is the elite of {}, {}", self.folder.display(), self.elite.record.spec)
    }
}
