//! What the signature of a run covers.

use std::sync::{Arc, Mutex};

use agilerl_hpo::{Ending, Event, Evolve, Flow, RoundContext, RoundStats, TrainerConfig, toy::Guess};

use crate::{
    population::{guesses, short},
    scripted,
};

/// Numbers in every field, so that none of them can be missed.
fn train(agent: &mut Guess, context: &RoundContext) -> RoundStats {
    agent.value += 0.25 * (context.individual + context.round) as f64;
    RoundStats {
        env_steps: context.env_steps,
        updates: 2,
        metrics: [("loss", agent.value)].into(),
        ..RoundStats::default()
    }
}

#[test]
fn a_signature_is_the_digest_of_every_evaluation_every_confirmation_and_all_that_was_learnt() {
    // Each line is a digest over the one before and its own content.
    let lineage = Arc::new(Mutex::new(([0; 32], 0, 0)));
    let heard = Arc::clone(&lineage);
    // Few episodes always promise the target, and many never confirm it.
    let evaluate = |agent: &Guess, episodes: usize| if episodes == 3 { agent.value } else { -agent.value - 1.0 };
    let config = TrainerConfig { generations: 3, target: Some(0.0), ..short(2) };
    let mut trainer = scripted::trainer(guesses(), config, train, evaluate).on_event(move |event| {
        let (lineage, evaluations, confirmations) = &mut *heard.lock().unwrap();
        let mut link = |line: &[u8]| *lineage = *blake3::hash(&[&lineage[..], line].concat()).as_bytes();
        match event {
            Event::Evaluated(report) => {
                for (place, individual) in report.population.iter().enumerate() {
                    let (evaluation, training) = (&report.evaluations[place], &report.training[place]);
                    link(&serde_json::to_vec(&(report.generation, individual.record(), evaluation, training))?);
                    *evaluations += 1;
                }
            }
            Event::Confirmed { individual, mean, .. } => {
                link(&[individual.id.to_le_bytes(), mean.to_bits().to_le_bytes()].concat());
                *confirmations += 1;
            }
            _ => {}
        }
        Ok(Flow::Continue)
    });
    let outcome = trainer.run().expect("it runs");
    assert_eq!(outcome.ending, Ending::GenerationsDone);
    let (lineage, evaluations, confirmations) = *lineage.lock().unwrap();
    // Everybody of each generation; everybody again on fresh episodes, and one or two to end the run.
    assert_eq!(evaluations, 3 * 6);
    assert!((3 * 6 + 1..=3 * 6 + 2).contains(&confirmations), "{confirmations}");
    let mut bytes = lineage.to_vec();
    for individual in outcome.population.iter().chain([&outcome.elite]) {
        bytes.extend(individual.id.to_le_bytes());
        bytes.extend(individual.agent.fingerprint());
    }
    bytes.extend(outcome.confirmed_mean.to_bits().to_le_bytes());
    assert_eq!(outcome.signature, blake3::hash(&bytes).to_hex()[..32]);
}

#[test]
fn a_run_with_the_metrics_loss_value_and_grad_norm_has_the_signature_that_it_had_before_metrics_had_names() {
    let train = |agent: &mut Guess, context: &RoundContext| {
        agent.value += 0.25 * (context.individual + context.round) as f64;
        let metrics = [("loss", agent.value / 3.0), ("value", -agent.value), ("grad_norm", 0.1 * agent.lr)].into();
        RoundStats { env_steps: context.env_steps, updates: 2, episodes: 1, return_sum: 1.5, metrics }
    };
    let evaluate = |agent: &Guess, episodes: usize| -(agent.value - 4.0).abs() - 0.01 * episodes as f64;
    let outcome = scripted::trainer(guesses(), short(11), train, evaluate).run().expect("it runs");
    // Computed when the sums were three fields: no draw and no byte of the lineage has changed since.
    assert_eq!(outcome.signature, "82125726f3138e53cafea1dffb24bd21");
}
