//! The elite on disk is the one that was evaluated.

use agilerl::nets;
use agilerl::prelude::*;

use crate::short_run;

#[test]
fn the_saved_elite_is_the_individual_of_the_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = Run::with(short_run("CartPole-v1")).out(folder.path()).run().unwrap();
    let saved = Elite::load(folder.path()).unwrap();
    assert_eq!(saved.record.env, "CartPole-v1");
    assert_eq!(saved.record.run["id"], outcome.elite.id);
    assert_eq!(saved.record.run["confirmed_mean"], outcome.confirmed_mean);
    assert_eq!(saved.policy().unwrap().weights(), outcome.elite.agent.policy().weights());
    assert_eq!(saved.record.config, outcome.elite.agent.settings());
}

/// The elite is saved before selection and mutation: on the episodes of its generation, the saved policy scores exactly the
/// fitness that it was selected for.
#[test]
fn the_elite_saved_during_the_run_scores_its_fitness_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = short_run("CartPole-v1");
    config.evolution.mutation.mutate_elite = true;
    let (seed, episodes) = (config.evolution.seed, config.evolution.eval_episodes);
    let mut trainer = Run::with(config).out(folder.path()).start().unwrap().into_trainer();
    let mut generation = 0;
    while trainer.generation().unwrap().is_continue() {
        let saved = Elite::load(folder.path()).unwrap();
        if saved.record.run["generation"] == generation + 1 {
            let mut policy = saved.policy().unwrap();
            let seeds = Streams::new(seed).seeds(Purpose::Evaluation, generation, 0, episodes);
            let again = evaluate(&mut policy, || make::<f32, u32>("CartPole-v1"), &seeds, 1000).unwrap();
            assert_eq!(saved.record.run["fitness"], again.mean());
        }
        generation += 1;
    }
    assert_eq!(generation, 3, "the last of four generations ends the run");
}

#[test]
fn the_record_lists_the_layers_by_the_names_of_the_saved_tensors() {
    let folder = tempfile::tempdir().unwrap();
    Run::with(short_run("FrozenLake-v1")).out(folder.path()).run().unwrap();
    let saved = Elite::load(folder.path()).unwrap();
    assert_eq!(saved.record.one_hot, Some(16));
    assert_eq!(saved.record.spec.inputs(), 16);
    let weights = nets::Weights::from_safetensors(&saved.record.spec.layout(), &saved.weights).unwrap();
    for layer in &saved.record.layers {
        if let nets::Layer::Linear { weight, bias, inputs, outputs } = layer {
            assert_eq!(weights.get(weight).unwrap().len(), inputs * outputs);
            assert_eq!(weights.get(bias).unwrap().len(), *outputs);
        }
    }
}
