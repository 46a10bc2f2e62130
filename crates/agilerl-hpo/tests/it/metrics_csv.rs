//! The table that spreadsheets read.

use agilerl_hpo::{
    Change, Evaluation, Event, GenerationReport, Hyperparameter, Individual, MetricsCsv, Mutated, MutationKind,
    Observer, RoundStats,
};
use agilerl_storage::{MemoryStorage, Storage};

use crate::gene_pool::Genes;

#[test]
fn every_number_stands_in_its_own_column() {
    let storage = MemoryStorage::new();
    let mut table = MetricsCsv::create(&storage, "metrics.csv".as_ref()).expect("it is memory");
    let lr = Hyperparameter { name: "lr".to_owned(), value: 0.5, integer: false };
    let odd = Hyperparameter { name: "a \"b\", c".to_owned(), value: 64.0, integer: true };
    let mut population = Individual::founders(vec![Genes { hyperparameters: vec![lr, odd], ..Genes::default() }; 2]);
    population[0].fitness = vec![3.0, -1.5];
    let change = Change { what: "add, layer".to_owned(), before: 1.into(), after: 2.into() };
    let mutated = Mutated { kind: MutationKind::Architecture, change: Some(change) };
    population[1] = Individual { id: 17, parents: vec![4], fitness: vec![2.5], mutated, ..population[1].clone() };
    let (generations, generation_env_steps) = (9, 50);
    let started = Event::Started {
        seed: 1,
        generations,
        generation_env_steps,
        target: None,
        evolving: &[],
        population: &population,
    };
    table.observe(&started).expect("it is memory");
    let training = RoundStats {
        env_steps: 25,
        updates: 4,
        episodes: 2,
        return_sum: 3.0,
        metrics: [("loss", 1.0), ("value", 6.0), ("grad_norm", 10.0)].into(),
    };
    let report = GenerationReport {
        generation: 7,
        population: &population,
        training: &[RoundStats::default(), training],
        evaluations: &[
            Evaluation { returns: vec![-1.0, -2.0], env_steps: 5, cut: 0 },
            Evaluation { returns: vec![1.0, 4.0], env_steps: 6, cut: 0 },
        ],
        elite: 1,
        env_steps: 350,
        eval_steps: 77,
        wall: std::time::Duration::ZERO,
    };
    table.observe(&Event::Evaluated(&report)).expect("it is memory");
    let text = String::from_utf8(storage.read("metrics.csv".as_ref()).expect("it was written")).expect("text");
    // A mean over nothing is empty: the first trained nothing. The second: 3 / 2, 1 / 4, 6 / 4 and 10 / 4.
    assert_eq!(
        text,
        "generation,env_steps,eval_steps,id,parent,elite,fitness,spread,train_episodes,train_return,updates,loss,value,\
         grad_norm,mutation,architecture,lr,\"a \"\"b\"\", c\"\n\
         7,350,77,0,,0,-1.5,0.5,0,,0,,,,,,0.5,64\n\
         7,350,77,17,4,1,2.5,1.5,2,1.5,4,0.25,1.5,2.5,\"add, layer\",,0.5,64\n"
    );
}
