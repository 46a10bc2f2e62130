//! The state of a run.

use std::time::Duration;

use crate::evolution::evolve::Evolve;
use crate::evolution::individual::Individual;
use crate::run::event::{Ending, GenerationReport};
use crate::run::stats::RoundStats;

/// The whole state of a run beside the shared state and the slots. Random streams have no position that would belong to
/// it.
pub(crate) struct Progress<A> {
    /// Generations done, which is also the number of the current generation, from 0.
    pub(crate) generation: u64,
    /// Rounds done of the current generation.
    pub(crate) round: usize,
    pub(crate) training: Vec<RoundStats>,
    pub(crate) population: Vec<Individual<A>>,
    /// Place of the elite of the last evaluation.
    pub(crate) elite: usize,
    pub(crate) champion: Option<Judged<A>>,
    pub(crate) env_steps: u64,
    pub(crate) eval_steps: u64,
    pub(crate) fitness_history: Vec<Vec<f64>>,
    pub(crate) lineage: Lineage,
    pub(crate) announced_start: bool,
    pub(crate) ending: Option<Ending>,
    pub(crate) verdict: Option<Judged<A>>,
    pub(crate) announced_end: bool,
    /// Time that the run took before it was last resumed. For logs only.
    pub(crate) earlier: Duration,
}

impl<A> Progress<A> {
    pub(crate) fn new(population: Vec<Individual<A>>) -> Self {
        Self {
            generation: 0,
            round: 0,
            training: vec![RoundStats::default(); population.len()],
            population,
            elite: 0,
            champion: None,
            env_steps: 0,
            eval_steps: 0,
            fitness_history: Vec::new(),
            lineage: Lineage::default(),
            announced_start: false,
            ending: None,
            verdict: None,
            announced_end: false,
            earlier: Duration::ZERO,
        }
    }
}

impl<A: Evolve> Progress<A> {
    /// Returns the digest of the lineage and of the learned state, in 32 hexadecimal digits.
    pub(crate) fn signature(&self, elite: &Judged<A>) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.lineage.0);
        for individual in self.population.iter().chain([&elite.individual]) {
            hasher.update(&individual.id.to_le_bytes());
            hasher.update(&individual.agent.fingerprint());
        }
        hasher.update(&elite.estimate.to_bits().to_le_bytes());
        hasher.finalize().to_hex()[..32].to_owned()
    }
}

/// A snapshot of an individual with the best estimate of its mean return.
pub(crate) struct Judged<A> {
    pub(crate) generation: u64,
    pub(crate) individual: Individual<A>,
    pub(crate) estimate: f64,
}

/// A digest of all evaluations so far; each line is hashed with the digest before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lineage(pub(crate) [u8; 32]);

impl Lineage {
    /// Adds an evaluated generation.
    pub(crate) fn add<A: Evolve>(&mut self, report: &GenerationReport<'_, A>) {
        for (place, individual) in report.population.iter().enumerate() {
            let evaluation = &report.evaluations[place];
            let line = (report.generation, individual.record(), evaluation, &report.training[place]);
            self.link(&serde_json::to_vec(&line).expect("records have text keys only"));
        }
    }

    /// Adds the mean of an individual on fresh episodes.
    pub(crate) fn add_confirmation(&mut self, id: u64, mean: f64) {
        self.link(&[id.to_le_bytes(), mean.to_bits().to_le_bytes()].concat());
    }

    /// Adds the extension of a finished run.
    pub(crate) fn add_extension(&mut self, generations: u64, target: Option<f64>) {
        self.link(&serde_json::to_vec(&("extended", generations, target)).expect("numbers can be written"));
    }

    fn link(&mut self, line: &[u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0);
        hasher.update(line);
        self.0 = *hasher.finalize().as_bytes();
    }
}
