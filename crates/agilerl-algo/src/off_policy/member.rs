//! One individual in the middle of a round.

use agilerl_buffer::{Batch, Memory, Replay, RoundView, RowLayout, Transitions};
use agilerl_env::{ActionElement, Element, VecEnv};
use agilerl_hpo::{Purpose, RoundContext, RoundStats, StreamRng, TaskError};

use super::{Slot, lanes_seed};
use crate::step_check::{check_masks, check_step};
use crate::{Acting, LearnedSum, Mode, OffPolicy};

/// An agent with what its place owns, its streams for this round, and what it did so far. One that trains alone and one
/// of a [`Stack`](crate::Stack) take the same steps; they differ in who computes actions and updates.
pub(super) struct Member<'a, A, C: ActionElement, O: Element> {
    pub(super) agent: &'a mut A,
    pub(super) slot: &'a mut Slot<C, O>,
    context: RoundContext,
    rows: &'a RowLayout,
    /// Name of the environments, and the seed that they were first reset with: for errors.
    env: String,
    seed: u64,
    exploration: StreamRng,
    replay: StreamRng,
    stats: RoundStats,
}

impl<'a, A, C, O> Member<'a, A, C, O>
where
    A: OffPolicy<Obs = O, Action = C>,
    C: ActionElement,
    O: Element,
{
    pub(super) fn begin(
        agent: &'a mut A,
        slot: &'a mut Slot<C, O>,
        context: &RoundContext,
        rows: &'a RowLayout,
    ) -> Self {
        let stream = |purpose| context.streams.get(purpose, context.generation, context.individual, context.round);
        slot.batch.resize(agent.batch_size());
        Self {
            env: slot.envs.name().to_owned(),
            agent,
            slot,
            context: *context,
            rows,
            seed: lanes_seed(&context.streams, context.individual),
            exploration: stream(Purpose::Exploration),
            replay: stream(Purpose::Replay),
            stats: RoundStats::default(),
        }
    }

    pub(super) fn has_steps_left(&self) -> bool {
        self.stats.env_steps < self.context.env_steps
    }

    /// The agent, and what it is to act on.
    pub(super) fn acting(&mut self) -> (&mut A, Acting<'_, O, C>) {
        let clock = self.context.clock + self.stats.env_steps;
        let Slot { envs, obs, actions, .. } = &mut *self.slot;
        let masks = envs.action_masks();
        let mode = Mode::Explore { clock };
        (self.agent, Acting { obs, masks, mode, rng: &mut self.exploration, actions })
    }

    /// Takes one step of all lanes with the actions that were chosen.
    pub(super) fn step(&mut self) -> Result<(), TaskError> {
        let Slot { envs, obs, actions, own, episodes, debt, .. } = &mut *self.slot;
        let step = envs.step(actions)?;
        check_step(&self.env, &step, self.rows, episodes, self.seed)?;
        own.extend(&Transitions {
            obs,
            actions,
            rewards: step.rewards,
            // The true successor, not the first observation of the next episode: bootstrapping needs s'.
            next_obs: step.next_obs,
            terminated: step.terminated,
            truncated: step.truncated,
            next_masks: step.next_action_masks,
        });
        for episode in episodes.record(&step) {
            self.stats.episodes += 1;
            self.stats.return_sum += episode.total;
        }
        obs.copy_from_slice(step.obs);
        let lanes = step.rewards.len();
        self.stats.env_steps += lanes as u64;
        *debt += lanes as f64;
        check_masks(&self.env, envs.action_masks(), self.rows, episodes, self.seed)?;
        Ok(())
    }

    /// Pays for one update out of the steps taken and fills the slot's batch for it. False once nothing is owed; while the
    /// memory is too small for a batch or for `learning_starts`, what is owed lapses.
    pub(super) fn draw_batch(&mut self, shared: &Replay<O, C>, learning_starts: usize) -> bool {
        let Slot { own, batch, debt, .. } = &mut *self.slot;
        while *debt >= self.agent.learn_step() {
            *debt -= self.agent.learn_step();
            let view = RoundView::new(shared, own);
            if view.len() >= self.agent.batch_size().max(learning_starts) {
                view.sample_into(&mut self.replay, batch);
                return true;
            }
        }
        false
    }

    /// The agent, and the batch to learn from if one was drawn.
    pub(super) fn learning(&self, drawn: bool) -> (&A, Option<&Batch<O, C>>) {
        (self.agent, drawn.then_some(&self.slot.batch))
    }

    /// What was done in the round, with what its updates said.
    pub(super) fn end(self, learned: LearnedSum) -> RoundStats {
        let (updates, [loss_sum, value_sum, grad_norm_sum]) = learned.read();
        RoundStats { updates, loss_sum, value_sum, grad_norm_sum, ..self.stats }
    }
}
