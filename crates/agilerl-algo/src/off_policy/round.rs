//! One individual in the middle of a round.

use agilerl_buffer::{Batch, Memory, Replay, RoundView, Stored};
use agilerl_env::{ActionElement, Element};
use agilerl_hpo::{BoxError, Purpose, RoundContext, RoundStats, StreamRng};

use crate::agent::{ActRequest, Mode};
use crate::metrics::LearnedSum;
use crate::off_policy::learner::OffPolicy;
use crate::off_policy::slot::Slot;

/// An agent with its slot, its streams for this round, and its counts so far. One that trains alone and one of a
/// [`Stack`](crate::Stack) take the same steps; they differ in who computes actions and updates.
pub(crate) struct RoundInProgress<'a, A, O: Element, C: ActionElement> {
    pub(crate) agent: &'a mut A,
    slot: &'a mut Slot<O, C>,
    context: RoundContext,
    exploration: StreamRng,
    replay: StreamRng,
    learning: StreamRng,
    stats: RoundStats,
}

impl<'a, A, O, C> RoundInProgress<'a, A, O, C>
where
    A: OffPolicy<O, C>,
    O: Element + Stored,
    C: ActionElement,
{
    pub(crate) fn begin(agent: &'a mut A, slot: &'a mut Slot<O, C>, context: &RoundContext) -> Self {
        let stream = |purpose| context.streams.get(purpose, context.generation, context.individual, context.round);
        slot.batch.resize(agent.batch_size());
        Self {
            agent,
            slot,
            context: *context,
            exploration: stream(Purpose::Exploration),
            replay: stream(Purpose::Replay),
            learning: stream(Purpose::Learning),
            stats: RoundStats::default(),
        }
    }

    pub(crate) fn has_steps_left(&self) -> bool {
        self.stats.env_steps < self.context.env_steps
    }

    /// The agent, and the request for its next actions.
    pub(crate) fn acting(&mut self) -> (&mut A, ActRequest<'_, O, C>) {
        let clock = self.context.clock + self.stats.env_steps;
        let request = self.slot.collector.request(Mode::Explore { clock }, &mut self.exploration);
        (self.agent, request)
    }

    /// Takes one step of all lanes with the actions that were chosen.
    pub(crate) fn step(&mut self) -> Result<(), BoxError> {
        let Slot { collector, fresh_rows, steps_owed, .. } = &mut *self.slot;
        for episode in collector.step(|transitions| fresh_rows.extend(transitions))? {
            self.stats.episodes += 1;
            self.stats.return_sum += episode.total;
        }
        let lanes = collector.lanes();
        self.stats.env_steps += lanes as u64;
        *steps_owed += lanes as f64;
        Ok(())
    }

    /// Draws a batch if an update is due, one for every [`learn_step`](OffPolicy::learn_step) environment steps. Updates that
    /// fall due while the memory is too small for a batch or for `learning_starts` are skipped.
    pub(crate) fn draw_batch(&mut self, shared: &Replay<O, C>, learning_starts: usize) -> bool {
        let Slot { fresh_rows, batch, steps_owed, .. } = &mut *self.slot;
        while *steps_owed >= self.agent.learn_step() {
            *steps_owed -= self.agent.learn_step();
            let view = RoundView::new(shared, fresh_rows);
            if view.len() >= self.agent.batch_size().max(learning_starts) {
                view.sample_into(&mut self.replay, batch);
                return true;
            }
        }
        false
    }

    /// Learns from the batch that was drawn.
    pub(crate) fn learn(&mut self, learned: &mut LearnedSum) {
        learned.add(self.agent.learn(&self.slot.batch, &mut self.learning));
    }

    /// The agent, the batch to learn from if one was drawn, and the stream for what an update draws.
    pub(crate) fn learning(&mut self, drawn: bool) -> (&mut A, Option<&Batch<O, C>>, &mut StreamRng) {
        (self.agent, drawn.then_some(&self.slot.batch), &mut self.learning)
    }

    /// The counts of the round, with the metrics of its updates.
    pub(crate) fn end(self, learned: LearnedSum) -> RoundStats {
        let (updates, metrics) = learned.read();
        RoundStats { updates, metrics, ..self.stats }
    }
}
