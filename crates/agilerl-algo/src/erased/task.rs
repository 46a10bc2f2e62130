//! A task of any algorithm on any environment.

use std::any::Any;
use std::ops::Range;

use agilerl_hpo::{
    BoxError, Evaluation, Evolve, Origin, PersistTask, RoundContext, RoundStats, Streams, Task, Trainee,
};

use crate::erased::agent::AnyAgent;

/// A task of any algorithm on any environment: it trains [`AnyAgent`]s, which must be of the algorithm that it was made for.
pub struct AnyTask(Box<dyn ErasedTask>);

/// The shared state of a population, of any type.
pub type AnyShared = Box<dyn Any + Send + Sync>;
/// The state of a place of the population, of any type.
pub type AnySlot = Box<dyn Any + Send>;

impl AnyTask {
    /// Wraps a task.
    pub fn new<T>(task: T) -> Self
    where
        T: PersistTask<Agent: 'static, Shared: 'static, Slot: 'static> + Send + 'static,
    {
        Self(Box::new(task))
    }
}

impl Task for AnyTask {
    type Agent = AnyAgent;
    type Shared = AnyShared;
    type Slot = AnySlot;

    fn shared(&self) -> Result<AnyShared, BoxError> {
        self.0.shared()
    }

    fn slot(&self, place: usize, streams: &Streams) -> Result<AnySlot, BoxError> {
        self.0.slot(place, streams)
    }

    fn train(
        &self,
        agent: &mut AnyAgent,
        slot: &mut AnySlot,
        shared: &AnyShared,
        context: &RoundContext,
    ) -> Result<RoundStats, BoxError> {
        self.0.train(agent, slot, shared, context)
    }

    fn train_all(
        &self,
        trainees: Vec<Trainee<'_, AnyAgent, AnySlot>>,
        shared: &AnyShared,
    ) -> Vec<Result<RoundStats, BoxError>> {
        self.0.train_all(trainees, shared)
    }

    fn merge(&self, shared: &mut AnyShared, slots: &mut [&mut AnySlot]) {
        self.0.merge(shared, slots);
    }

    fn inherit(&self, slots: &mut [&mut AnySlot], origins: &[Origin]) -> Result<(), BoxError> {
        self.0.inherit(slots, origins)
    }

    fn evaluate(&self, agent: &AnyAgent, seeds: &[u64]) -> Result<Evaluation, BoxError> {
        self.0.evaluate(agent, seeds)
    }
}

impl PersistTask for AnyTask {
    fn save_slot(&self, slot: &AnySlot) -> Result<Vec<u8>, BoxError> {
        self.0.save_slot(slot)
    }

    fn restore_slot(&self, slot: &mut AnySlot, bytes: &[u8]) -> Result<(), BoxError> {
        self.0.restore_slot(slot, bytes)
    }

    fn items(&self, shared: &AnyShared) -> Range<u64> {
        self.0.items(shared)
    }

    fn save_items(&self, shared: &AnyShared, items: Range<u64>) -> Result<Vec<u8>, BoxError> {
        self.0.save_items(shared, items)
    }

    fn restore_items(&self, shared: &mut AnyShared, items: Range<u64>, bytes: &[u8]) -> Result<(), BoxError> {
        self.0.restore_items(shared, items, bytes)
    }
}

/// The traits of a task without its types.
trait ErasedTask: Send + Sync {
    fn shared(&self) -> Result<AnyShared, BoxError>;
    fn slot(&self, place: usize, streams: &Streams) -> Result<AnySlot, BoxError>;
    fn train(
        &self,
        agent: &mut AnyAgent,
        slot: &mut AnySlot,
        shared: &AnyShared,
        context: &RoundContext,
    ) -> Result<RoundStats, BoxError>;
    fn train_all(
        &self,
        trainees: Vec<Trainee<'_, AnyAgent, AnySlot>>,
        shared: &AnyShared,
    ) -> Vec<Result<RoundStats, BoxError>>;
    fn merge(&self, shared: &mut AnyShared, slots: &mut [&mut AnySlot]);
    fn inherit(&self, slots: &mut [&mut AnySlot], origins: &[Origin]) -> Result<(), BoxError>;
    fn evaluate(&self, agent: &AnyAgent, seeds: &[u64]) -> Result<Evaluation, BoxError>;
    fn save_slot(&self, slot: &AnySlot) -> Result<Vec<u8>, BoxError>;
    fn restore_slot(&self, slot: &mut AnySlot, bytes: &[u8]) -> Result<(), BoxError>;
    fn items(&self, shared: &AnyShared) -> Range<u64>;
    fn save_items(&self, shared: &AnyShared, items: Range<u64>) -> Result<Vec<u8>, BoxError>;
    fn restore_items(&self, shared: &mut AnyShared, items: Range<u64>, bytes: &[u8]) -> Result<(), BoxError>;
}

impl<T> ErasedTask for T
where
    T: PersistTask<Agent: 'static, Shared: 'static, Slot: 'static> + Send + 'static,
{
    fn shared(&self) -> Result<AnyShared, BoxError> {
        Ok(Box::new(Task::shared(self)?))
    }

    fn slot(&self, place: usize, streams: &Streams) -> Result<AnySlot, BoxError> {
        Ok(Box::new(Task::slot(self, place, streams)?))
    }

    fn train(
        &self,
        agent: &mut AnyAgent,
        slot: &mut AnySlot,
        shared: &AnyShared,
        context: &RoundContext,
    ) -> Result<RoundStats, BoxError> {
        Task::train(self, agent_mut(agent), slot_mut(slot), shared_ref(shared), context)
    }

    fn train_all(
        &self,
        trainees: Vec<Trainee<'_, AnyAgent, AnySlot>>,
        shared: &AnyShared,
    ) -> Vec<Result<RoundStats, BoxError>> {
        let known =
            |Trainee { agent, slot, context }| Trainee { agent: agent_mut(agent), slot: slot_mut(slot), context };
        Task::train_all(self, trainees.into_iter().map(known).collect(), shared_ref(shared))
    }

    fn merge(&self, shared: &mut AnyShared, slots: &mut [&mut AnySlot]) {
        let shared = shared.downcast_mut().expect(OTHER_TASK);
        Task::merge(self, shared, &mut slots.iter_mut().map(|slot| slot_mut(slot)).collect::<Vec<_>>());
    }

    fn inherit(&self, slots: &mut [&mut AnySlot], origins: &[Origin]) -> Result<(), BoxError> {
        Task::inherit(self, &mut slots.iter_mut().map(|slot| slot_mut(slot)).collect::<Vec<_>>(), origins)
    }

    fn evaluate(&self, agent: &AnyAgent, seeds: &[u64]) -> Result<Evaluation, BoxError> {
        Task::evaluate(self, agent.downcast_ref().expect(OTHER_TASK), seeds)
    }

    fn save_slot(&self, slot: &AnySlot) -> Result<Vec<u8>, BoxError> {
        PersistTask::save_slot(self, slot.downcast_ref().expect(OTHER_TASK))
    }

    fn restore_slot(&self, slot: &mut AnySlot, bytes: &[u8]) -> Result<(), BoxError> {
        PersistTask::restore_slot(self, slot_mut(slot), bytes)
    }

    fn items(&self, shared: &AnyShared) -> Range<u64> {
        PersistTask::items(self, shared_ref(shared))
    }

    fn save_items(&self, shared: &AnyShared, items: Range<u64>) -> Result<Vec<u8>, BoxError> {
        PersistTask::save_items(self, shared_ref(shared), items)
    }

    fn restore_items(&self, shared: &mut AnyShared, items: Range<u64>, bytes: &[u8]) -> Result<(), BoxError> {
        PersistTask::restore_items(self, shared.downcast_mut().expect(OTHER_TASK), items, bytes)
    }
}

/// The panic of agents, slots and memories that another task has made.
const OTHER_TASK: &str = "made by another task";

fn agent_mut<A: Evolve + 'static>(agent: &mut AnyAgent) -> &mut A {
    agent.downcast_mut().expect(OTHER_TASK)
}

fn slot_mut<S: 'static>(slot: &mut AnySlot) -> &mut S {
    slot.downcast_mut().expect(OTHER_TASK)
}

fn shared_ref<S: 'static>(shared: &AnyShared) -> &S {
    shared.downcast_ref().expect(OTHER_TASK)
}
