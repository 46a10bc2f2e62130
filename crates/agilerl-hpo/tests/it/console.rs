//! What a person sees.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use agilerl_hpo::{
    Bounds, Console, Evaluation, Evolve, Hyperparameter, Mutation, RoundContext, RoundStats, StreamRng, Streams, Task,
    TaskError, Trainer, TrainerConfig,
};

use crate::population::{short, trainer};

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).expect("UTF-8")
    }
}

#[test]
fn a_generation_is_a_header_and_a_line_per_individual() {
    let paper = Paper::default();
    trainer(TrainerConfig { generations: 2, ..short(4) })
        .with_observer(Console::new(paper.clone()))
        .run()
        .expect("it runs");
    let text = paper.text();
    let blocks: Vec<Vec<&str>> = text.split("\n\n").map(|block| block.lines().collect()).collect();
    assert_eq!(blocks[0], ["population of 6 | 2 generations of 150 steps at most | no target | seed 4"]);
    assert!(blocks[1][0].starts_with("generation 1 of 2 | 150 steps | "), "{text}");
    assert_eq!(
        blocks[1][1].split_whitespace().collect::<Vec<_>>().join(" "),
        "id from fitness spread lr batch_size architecture born by"
    );
    for block in &blocks[1..3] {
        assert!(block.len() >= 2 + 6, "{text}");
        assert_eq!(block[2..8].iter().filter(|line| line.starts_with('*')).count(), 1, "one is the best\n{text}");
    }
    assert!(blocks[1][2..8].iter().all(|line| line.ends_with("start")), "{text}");
    assert!(blocks[2][2].ends_with("kept"), "{text}");
    assert!(blocks[3][0].starts_with("all generations done; the elite, individual "), "{text}");
}

/// As much to say as an individual can have.
#[derive(Clone)]
struct Verbose(f64);

impl Evolve for Verbose {
    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        let names = ["lr", "batch_size", "learn_step", "gamma", "tau"];
        names.map(|name| Hyperparameter { name: name.to_owned(), value: self.0, integer: false }).into()
    }

    fn set_hyperparameter(&mut self, _: &str, value: f64) {
        self.0 = value;
    }

    fn mutate_architecture(&mut self, _: f64, _: &mut StreamRng) -> Option<agilerl_hpo::Change> {
        let [before, after] = [vec![64; 9], vec![64; 10]].map(Into::into);
        Some(agilerl_hpo::Change { what: "add_layer".to_owned(), before, after })
    }

    fn architecture(&self) -> String {
        "8-[64, 64, 64, 64, 64, 64, 64, 64, 64]-4 leaky_relu layer_norm".to_owned()
    }
}

struct Still;

impl Task<Verbose> for Still {
    type Shared = ();
    type Slot = ();
    fn shared(&self) -> Result<(), TaskError> {
        Ok(())
    }
    fn slot(&self, _: usize, _: &Streams) -> Result<(), TaskError> {
        Ok(())
    }
    fn train(&self, _: &mut Verbose, _: &mut (), _: &(), _: &RoundContext) -> Result<RoundStats, TaskError> {
        Ok(RoundStats::default())
    }
    fn merge(&self, (): &mut (), _: &mut [()]) {}
    fn evaluate(&self, _: &Verbose, seeds: &[u64]) -> Result<Evaluation, TaskError> {
        Ok(Evaluation { returns: vec![-1.23e12; seeds.len()], env_steps: 0, cut: 0 })
    }
}

#[test]
fn no_line_is_wider_than_100_columns() {
    let paper = Paper::default();
    let bounds = Bounds { min: 1e-9, max: 1.0, factor: 1.2345 };
    let mutation = Mutation { no_mutation: 0.0, ..Mutation::default() }.with_hyperparameter("batch_size", bounds);
    let config = TrainerConfig { mutation, ..short(4) };
    let agents = vec![Verbose(1.234_567_89e-3); 4];
    let mut trainer = Trainer::new(Still, agents, config).expect("sound").with_observer(Console::new(paper.clone()));
    trainer.run().expect("it runs");
    let text = paper.text();
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{text}");
    assert!(text.contains("add_la"), "what mutated it is readable\n{text}");
}
