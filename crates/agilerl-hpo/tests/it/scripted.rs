//! A task that does what two closures say, and what it takes to save one.

use agilerl_hpo::{
    BoxError, Evaluation, PersistTask, RoundContext, RoundStats, Streams, Task, Trainer, TrainerConfig, toy::Guess,
};

pub(crate) type Train = fn(&mut Guess, &RoundContext) -> RoundStats;

/// Trains by one closure, and scores by another: from an agent and the number of episodes to the return of each.
pub(crate) struct Scripted<E, T = Train> {
    pub(crate) train: T,
    pub(crate) evaluate: E,
}

/// Counts the rounds of an agent in its value, and takes all transitions.
pub(crate) fn count_rounds(agent: &mut Guess, context: &RoundContext) -> RoundStats {
    agent.value += 1.0;
    RoundStats { env_steps: context.env_steps, ..RoundStats::default() }
}

pub(crate) fn trainer<E: Fn(&Guess, usize) -> f64 + Sync, T: Fn(&mut Guess, &RoundContext) -> RoundStats + Sync>(
    agents: Vec<Guess>,
    config: TrainerConfig,
    train: T,
    evaluate: E,
) -> Trainer<Scripted<E, T>> {
    Trainer::new(Scripted { train, evaluate }, agents, config).expect("a sound configuration")
}

impl<E: Fn(&Guess, usize) -> f64 + Sync, T: Fn(&mut Guess, &RoundContext) -> RoundStats + Sync> Task
    for Scripted<E, T>
{
    type Agent = Guess;
    type Shared = ();
    type Slot = ();

    fn shared(&self) -> Result<(), BoxError> {
        Ok(())
    }

    fn slot(&self, _: usize, _: &Streams) -> Result<(), BoxError> {
        Ok(())
    }

    fn train(&self, agent: &mut Guess, (): &mut (), (): &(), context: &RoundContext) -> Result<RoundStats, BoxError> {
        Ok((self.train)(agent, context))
    }

    fn evaluate(&self, agent: &Guess, seeds: &[u64]) -> Result<Evaluation, BoxError> {
        let returns = vec![(self.evaluate)(agent, seeds.len()); seeds.len()];
        Ok(Evaluation { returns, env_steps: 2 * seeds.len() as u64, cut: 0 })
    }
}

impl<E: Fn(&Guess, usize) -> f64 + Sync, T: Fn(&mut Guess, &RoundContext) -> RoundStats + Sync> PersistTask
    for Scripted<E, T>
{
    fn save_slot(&self, (): &()) -> Result<Vec<u8>, BoxError> {
        Ok(Vec::new())
    }

    fn restore_slot(&self, (): &mut (), _: &[u8]) -> Result<(), BoxError> {
        Ok(())
    }
}
