//! The elite on disk is the one that was evaluated.

use agilerl::hpo::{Disk, Evolve};
use agilerl::prelude::*;
use agilerl::{load_elite, nets};

use crate::short_run;

#[test]
fn the_saved_elite_is_the_individual_of_the_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = Run::with(short_run("CartPole-v1")).out(folder.path()).run().unwrap();
    let saved = load_elite(&Disk, folder.path()).unwrap();
    assert_eq!(saved.record.env, "CartPole-v1");
    assert_eq!(saved.record.run["id"], outcome.elite.id);
    assert_eq!(saved.record.run["confirmed_mean"], outcome.confirmed_mean);
    let agent = saved.agent(&parse_device("cpu").unwrap()).unwrap();
    assert_eq!(agent.weights(), outcome.elite.agent.weights());
    assert_eq!(agent.hyperparameters(), outcome.elite.agent.hyperparameters());
}

/// The elite is saved before selection and mutation: what lies on disk scores, on the generation's own episodes, exactly
/// the fitness that it was selected for.
#[test]
fn what_is_saved_during_the_run_scores_its_fitness_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = short_run("CartPole-v1");
    config.evolution.mutation.mutate_elite = true;
    let (seed, episodes) = (config.evolution.seed, config.evolution.eval_episodes);
    let mut trainer = Run::with(config).out(folder.path()).build().unwrap();
    let mut generation = 0;
    while trainer.generation().unwrap().is_continue() {
        let saved = load_elite(&Disk, folder.path()).unwrap();
        if saved.record.run["generation"] == generation + 1 {
            let mut agent = saved.agent(&parse_device("cpu").unwrap()).unwrap();
            let seeds = Streams::new(seed).seeds(Purpose::Evaluation, generation, 0, episodes);
            let again = agilerl::algo::evaluate(&mut agent, || make("CartPole-v1"), &seeds, 1000).unwrap();
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
    let saved = load_elite(&Disk, folder.path()).unwrap();
    assert_eq!(saved.record.one_hot, Some(16));
    assert_eq!(saved.record.spec.inputs(), 16);
    let weights = nets::Weights::from_safetensors(&saved.record.spec, &saved.weights).unwrap();
    for layer in &saved.record.layers {
        if let nets::Layer::Linear { weight, bias, inputs, outputs } = layer {
            assert_eq!(weights.get(weight).unwrap().len(), inputs * outputs);
            assert_eq!(weights.get(bias).unwrap().len(), *outputs);
        }
    }
}
