//! The training loop written out, without a trainer: six agents take turns in sixteen CartPoles, share one memory, and evolve
//! after every generation, as on AgileRL's online-training page.
//!
//! ```text
//! cargo run --release -p agilerl --example custom_loop
//! ```
//!
//! Prints one line for each generation; after some seconds the best of the six balances for 500 steps.
use agilerl::prelude::*;

#[expect(clippy::print_stdout, reason = "an example talks to its reader")]
fn main() -> anyhow::Result<()> {
    let (generations, vector_steps, lanes) = (30, 500, 16);
    let streams = Streams::new(1); // each random draw comes from a named stream
    let config = RunConfig::recommended("CartPole-v1").dqn().clone();
    let updates = lanes / config.learn_step; // for each step of all lanes
    let device = parse_device("cpu")?;
    let rows = RowLayout::new(4, 1); // numbers of an observation and of an action
    let agent = |i| Dqn::new(config.clone(), 4, 2, &device, &mut streams.get(Purpose::Weights, 0, i, 0));
    let mut population = Individual::founders((0..6).map(agent).collect::<Result<_, _>>()?);
    let mut memory = Replay::<f32, u32>::new(100_000, rows)?;
    let mut batch = Batch::new(config.batch_size, &rows);
    let (tournament, mutation) = (Tournament::default(), Mutation::default());

    for generation in 0..generations {
        for (place, individual) in population.iter_mut().enumerate() {
            let stream = |purpose| streams.get(purpose, generation, place, 0);
            let (mut exploration, mut replay) = (stream(Purpose::Exploration), stream(Purpose::Replay));
            let (mut learning, seed) =
                (stream(Purpose::Learning), streams.seed(Purpose::Environment, generation, place));
            let mut collector = Collector::new(make_vec("CartPole-v1", lanes)?, rows, seed)?;
            for _ in 0..vector_steps {
                let ask = collector.request(Mode::Explore { clock: individual.env_steps }, &mut exploration);
                individual.agent.act(ask.obs, ask.masks, ask.mode, ask.rng, ask.actions);
                collector.step(|transitions| memory.extend(transitions))?;
                individual.env_steps += lanes as u64;
                batch.resize(individual.agent.batch_size());
                for _ in 0..if memory.len() >= batch.size() { updates } else { 0 } {
                    memory.sample_into(&mut replay, &mut batch);
                    individual.agent.learn(&batch, &mut learning);
                }
            }
        }
        // All individuals are evaluated on the same ten episodes.
        let seeds = streams.seeds(Purpose::Evaluation, generation, 0, 10);
        for individual in &mut population {
            let score = evaluate(&mut individual.agent, || make::<f32, u32>("CartPole-v1"), &seeds, 1_000)?;
            individual.fitness.push(score.mean());
        }
        let scores = tournament.scores(&population);
        println!("generation {:2}: {scores:6.1?}", generation + 1);
        if scores.iter().any(|score| *score >= 500.0) {
            break;
        }
        let mut rng = streams.get(Purpose::Selection, generation, 0, 0);
        population = tournament.select(generation, &scores, &mut rng)?.reproduce(&population);
        mutation.mutate(&mut population, &streams, generation);
    }
    Ok(())
}
