//! The environments of a run: the catalogue's or the program's own, inside the wrappers of the configuration.

use std::any::Any;

use agilerl_env::{
    ActionElement, BoxEnv, BoxVecEnv, Element, Env, EnvError, Observations, SyncVec, WrapperConfig, make, make_vec,
    wrap_env, wrap_vec_env,
};

use crate::run::record::short_type_name;

/// Makes the environments of a run, with observations of `O` and actions of `C`.
pub(crate) struct EnvMakers<O: Element, C: ActionElement> {
    /// Makes this number of environments, to train in.
    pub(crate) lanes: Box<MakeLanes<O, C>>,
    /// Makes one environment, for an episode of an evaluation.
    pub(crate) one: Box<MakeOne<O, C>>,
}

type MakeLanes<O, C> = dyn Fn(usize) -> Result<BoxVecEnv<C, O>, EnvError> + Send + Sync;
type MakeOne<O, C> = dyn Fn() -> Result<BoxEnv<C, O>, EnvError> + Send + Sync;

impl<O: Element, C: ActionElement> EnvMakers<O, C> {
    /// Returns the makers for an environment of the catalogue.
    pub(crate) fn of_catalogue(name: &str) -> Self {
        let (lanes_name, name) = (name.to_owned(), name.to_owned());
        Self { lanes: Box::new(move |lanes| make_vec(&lanes_name, lanes)), one: Box::new(move || make(&name)) }
    }

    /// Puts wrappers around the environments, in order from the inside out. Evaluations are without the wrappers that
    /// change rewards: they score the environment's own returns.
    pub(crate) fn wrapped(self, wrappers: &[WrapperConfig]) -> Self {
        let Self { lanes, one } = self;
        let all = wrappers.to_vec();
        let of_observations = observation_wrappers(wrappers);
        Self {
            lanes: Box::new(move |number| wrap_vec_env(lanes(number)?, &all)),
            one: Box::new(move || wrap_env(one()?, &of_observations)),
        }
    }
}

/// The wrappers that change observations: a policy needs them wherever it acts.
pub(crate) fn observation_wrappers(wrappers: &[WrapperConfig]) -> Vec<WrapperConfig> {
    wrappers.iter().filter(|wrapper| wrapper.changes_observations()).copied().collect()
}

/// An environment of the program's own.
pub(crate) struct OwnEnv {
    /// Its name.
    pub(crate) name: String,
    /// Its type, with its own wrappers.
    pub(crate) type_name: String,
    /// The number type of its observations.
    pub(crate) observations: Observations,
    /// [`EnvMakers`] for its number types.
    makers: Box<dyn Any + Send + Sync>,
}

impl OwnEnv {
    pub(crate) fn new<E: Env + 'static>(make: impl Fn() -> E + Clone + Send + Sync + 'static) -> Self {
        let name = make().name().to_owned();
        let make_one = make.clone();
        let makers = EnvMakers::<E::Obs, E::Action> {
            lanes: Box::new(move |lanes| Ok(Box::new(SyncVec::from_fn(lanes, |_| make())))),
            one: Box::new(move || Ok(Box::new(make_one()))),
        };
        let (type_name, observations) = (short_type_name::<E>(), E::Obs::OBSERVATIONS);
        Self { name, type_name, observations, makers: Box::new(makers) }
    }

    /// Its makers; none if its observations or actions are of other numbers.
    pub(crate) fn into_makers<O: Element, C: ActionElement>(self) -> Option<EnvMakers<O, C>> {
        self.makers.downcast().ok().map(|makers| *makers)
    }
}
