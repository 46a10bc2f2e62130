//! A task whose population shares a memory: noisy readings of a number.

use std::ops::Range;

use agilerl_hpo::{
    BoxError, Evaluation, PersistTask, Purpose, RoundContext, RoundStats, StreamRng, Streams, Task, toy::Guess,
};
use rand::RngExt;

/// The number to guess. Each transition adds one reading to the memory, and each update averages some of them.
pub(crate) struct Readings {
    pub(crate) number: f64,
}

impl Task for Readings {
    type Agent = Guess;
    type Shared = Vec<f64>;
    type Slot = Vec<f64>;

    fn shared(&self) -> Result<Self::Shared, BoxError> {
        Ok(Vec::new())
    }

    fn slot(&self, _place: usize, _streams: &Streams) -> Result<Self::Slot, BoxError> {
        Ok(Vec::new())
    }

    fn train(
        &self,
        agent: &mut Guess,
        slot: &mut Self::Slot,
        shared: &Self::Shared,
        context: &RoundContext,
    ) -> Result<RoundStats, BoxError> {
        let stream = |purpose| context.streams.get(purpose, context.generation, context.individual, context.round);
        let (mut readings, mut replay) = (stream(Purpose::Environment), stream(Purpose::Replay));
        for _ in 0..context.env_steps {
            slot.push(self.number + noise(&mut readings));
            // What the others gathered in earlier rounds, and what this one gathered in this round.
            let row = |index: usize| if index < shared.len() { shared[index] } else { slot[index - shared.len()] };
            let rows = shared.len() + slot.len();
            let sum: f64 = (0..agent.batch_size).map(|_| row(replay.random_range(0..rows))).sum();
            agent.value += agent.lr * (sum / agent.batch_size as f64 - agent.value);
        }
        Ok(RoundStats { env_steps: context.env_steps, updates: context.env_steps, ..RoundStats::default() })
    }

    fn merge(&self, shared: &mut Self::Shared, slots: &mut [&mut Self::Slot]) {
        for slot in slots {
            shared.append(slot);
        }
    }

    fn evaluate(&self, agent: &Guess, seeds: &[u64]) -> Result<Evaluation, BoxError> {
        let luck = |&seed| 0.01 * noise(&mut Streams::new(seed).get(Purpose::Environment, 0, 0, 0));
        let returns = seeds.iter().map(|seed| luck(seed) - (agent.value - self.number).abs()).collect();
        Ok(Evaluation { returns, env_steps: seeds.len() as u64, cut: 0 })
    }
}

impl PersistTask for Readings {
    fn save_slot(&self, _slot: &Self::Slot) -> Result<Vec<u8>, BoxError> {
        Ok(Vec::new()) // what it gathered was handed over
    }

    fn restore_slot(&self, slot: &mut Self::Slot, _bytes: &[u8]) -> Result<(), BoxError> {
        slot.clear();
        Ok(())
    }

    fn items(&self, shared: &Self::Shared) -> Range<u64> {
        0..shared.len() as u64
    }

    fn save_items(&self, shared: &Self::Shared, items: Range<u64>) -> Result<Vec<u8>, BoxError> {
        let readings = &shared[items.start as usize..items.end as usize];
        Ok(readings.iter().flat_map(|reading| reading.to_le_bytes()).collect())
    }

    fn restore_items(&self, shared: &mut Self::Shared, items: Range<u64>, bytes: &[u8]) -> Result<(), BoxError> {
        let (readings, rest) = bytes.as_chunks();
        if !rest.is_empty() || items.start != shared.len() as u64 || items.end - items.start != readings.len() as u64 {
            return Err("not these readings".into());
        }
        shared.extend(readings.iter().map(|reading| f64::from_le_bytes(*reading)));
        Ok(())
    }
}

/// Symmetric around 0, with standard deviation 1: uniform, for a toy needs no more.
fn noise(rng: &mut StreamRng) -> f64 {
    (2.0 * rng.random::<f64>() - 1.0) * 3f64.sqrt()
}
