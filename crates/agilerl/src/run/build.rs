//! How the trainer of a run is built: the environment decides which number observations are made of, the algorithm which
//! number actions are made of.

use agilerl_algo::{AlgoError, Algorithm, AnyAgent, AnyTask, OffPolicy, OffPolicyTask, PolicySource};
use agilerl_buffer::Stored;
use agilerl_env::{ActionElement, Actions, Element, Env, Observations, env_info, one_hot_env};
use agilerl_hpo::{Purpose, Streams, Trainer};

use crate::algorithm::Visitor;
use crate::config::memory::{EnvSizes, Sizes};
use crate::config::run_config::RunConfig;
use crate::error::Error;
use crate::run::envs::{EnvMakers, OwnEnv};
use crate::run::founder::Founder;

/// A trainer of any algorithm, and the encoding of its observations.
pub(crate) struct Built {
    pub(crate) trainer: Trainer<AnyTask>,
    /// Number of categories that index observations are encoded in, if they are.
    pub(crate) one_hot: Option<usize>,
}

/// Builds the trainer of a run on an environment of the program's own, or else of the catalogue.
///
/// # Errors
/// If a setting makes no sense together with the environment, or more memory would be needed than there is.
pub(crate) fn build(config: &RunConfig, own_env: Option<OwnEnv>, founder: Option<&Founder>) -> Result<Built, Error> {
    config.algorithm.visit(Build { config, own_env, founder })
}

struct Build<'a> {
    config: &'a RunConfig,
    own_env: Option<OwnEnv>,
    founder: Option<&'a Founder>,
}

impl Visitor for Build<'_> {
    type Output = Result<Built, Error>;

    fn visit<A: Algorithm>(self, algorithm: &A) -> Self::Output {
        let observations = match &self.own_env {
            Some(own) => own.observations,
            None => env_info(&self.config.env)?.observations,
        };
        match observations {
            Observations::Numbers => self.build::<A, f32>(algorithm),
            Observations::Pixels => self.build::<A, u8>(algorithm),
        }
    }
}

impl Build<'_> {
    fn build<A, O>(self, algorithm: &A) -> Result<Built, Error>
    where
        A: Algorithm<Agent: OffPolicy<O, A::Action>>,
        O: Element + Stored,
    {
        let Self { config, own_env, founder } = self;
        let envs = makers::<A, O>(config, own_env)?.wrapped(&config.wrappers);
        let device = agilerl_nets::parse_device(&config.device)?;
        let example = (envs.one)()?;
        let (one_hot, stored) = (example.observation_space().choices(), example.observation_space().row_len());
        let bytes = size_of_val(&*example);
        let example = one_hot_env(example);
        let (observations, actions) = (example.observation_space(), example.action_space());
        algorithm.specs(&config.env, observations, actions)?;
        let kept = if config.wrappers.iter().any(|wrapper| wrapper.changes_observations()) { stored } else { 0 };
        // Before the first of the lanes is made.
        let sizes = Sizes::of::<O>(config, &EnvSizes { bytes, stored, kept, observations, actions });
        config.refuse_too_many_bytes(&sizes)?;
        let (lanes, one) = (envs.lanes, envs.one);
        let task = OffPolicyTask::<A::Agent, O, A::Action>::new(
            config.off_policy,
            config.evolution.round_env_steps as usize,
            lanes,
            move || one().map(one_hot_env),
        )?;
        let streams = Streams::new(config.evolution.seed);
        let agent = |place| match founder {
            Some(founder) => founder.agent(algorithm, config, [observations, actions], one_hot, &device),
            None => {
                let mut rng = streams.get(Purpose::Weights, 0, place, 0);
                Ok(algorithm.agent(&config.env, observations, actions, &device, &mut rng)?)
            }
        };
        let agents = (0..config.population).map(|place| Ok(AnyAgent::new(agent(place)?)));
        let agents = agents.collect::<Result<Vec<_>, Error>>()?;
        let trainer = Trainer::new(AnyTask::new(task), agents, config.evolution.clone())?;
        Ok(Built { trainer, one_hot })
    }
}

fn makers<A: Algorithm, O: Element>(
    config: &RunConfig,
    own_env: Option<OwnEnv>,
) -> Result<EnvMakers<O, A::Action>, Error> {
    let Some(own_env) = own_env else { return Ok(EnvMakers::of_catalogue(&config.env)) };
    let (agent, env) = (<A::Agent as PolicySource>::ALGORITHM, own_env.name.clone());
    own_env.into_makers().ok_or_else(|| {
        let why = match A::Action::ACTIONS {
            Actions::Choice => {
                "its actions are components (f32), and this algorithm chooses among n: give the run an environment whose \
                 actions are choices (u32), such as a wrapper with one choice for each of a few actions"
            }
            Actions::Continuous => {
                "its actions are choices (u32), and this algorithm sets components: give the run an environment whose \
                 actions are numbers (f32), or take an algorithm that chooses among n"
            }
        };
        Error::Algo(AlgoError::Space { agent, env, why: why.to_owned() })
    })
}
