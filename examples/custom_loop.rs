//! The training loop written out: a population takes turns in sixteen CartPoles, shares one memory, and evolves after
//! every generation. This is the loop of AgileRL's online-training page, without a trainer:
//!
//! ```text
//! cargo run --release -p agilerl --example custom_loop
//! ```
//!
//! One line per generation; after some seconds the best of the six balances for 500 steps.
use std::io::Write as _;
use std::process::ExitCode;

use agilerl::algo::evaluate;
use agilerl::prelude::*;

fn main() -> ExitCode {
    match train() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn train() -> anyhow::Result<()> {
    let (generations, vector_steps, lanes) = (30, 500, 16);
    let streams = Streams::new(1); // every random draw of the run has a name here
    let device = parse_device("cpu")?;

    let mut envs = make_vec("CartPole-v1", lanes)?;
    let rows = RowLayout::new(envs.observation_space().row_len(), 1);
    let config = RunConfig::recommended("CartPole-v1").dqn;
    let updates = lanes / config.learn_step; // for each step of all lanes
    let agent = |i| Dqn::new(config.clone(), rows.obs_len, 2, &device, &mut streams.get(Purpose::Weights, 0, i, 0));
    let mut population = Individual::founders((0..6).map(agent).collect::<Result<_, _>>()?);
    let mut memory = Replay::new(100_000, rows)?;
    let tournament = Tournament::default(); // size 2, the elite survives
    let mutation = Mutation::default(); // AgileRL's probabilities

    let (mut obs, mut actions) = (vec![0.0; lanes * rows.obs_len], vec![0; lanes]);
    let mut batch = Batch::new(config.batch_size, &rows);
    for generation in 0..generations {
        for (place, individual) in population.iter_mut().enumerate() {
            let mut exploration = streams.get(Purpose::Exploration, generation, place, 0);
            let mut replay = streams.get(Purpose::Replay, generation, place, 0);
            let seed = streams.seeds(Purpose::Environment, generation, place, 1)[0];
            obs.copy_from_slice(envs.reset(Some(seed)));
            for _ in 0..vector_steps {
                let mode = Mode::Explore { clock: individual.env_steps };
                individual.agent.act(&obs, None, mode, &mut exploration, &mut actions);
                let step = envs.step(&actions)?;
                memory.extend(&Transitions {
                    obs: &obs,
                    actions: &actions,
                    rewards: step.rewards,
                    next_obs: step.next_obs, // the true successor, also where an episode ended
                    terminated: step.terminated,
                    truncated: step.truncated,
                    next_masks: None,
                });
                obs.copy_from_slice(step.obs);
                individual.env_steps += lanes as u64;
                batch.resize(individual.agent.batch_size());
                for _ in 0..if memory.len() >= batch.size() { updates } else { 0 } {
                    memory.sample_into(&mut replay, &mut batch);
                    individual.agent.learn(&batch);
                }
            }
        }

        // Everybody faces the same ten episodes.
        let seeds = streams.seeds(Purpose::Evaluation, generation, 0, 10);
        for individual in &mut population {
            let evaluation = evaluate(&mut individual.agent, || make("CartPole-v1"), &seeds, 1_000)?;
            individual.fitness.push(evaluation.mean());
        }
        let scores = tournament.scores(&population);
        writeln!(std::io::stdout(), "generation {:2}: {scores:6.1?}", generation + 1)?;
        if scores.iter().any(|&score| score >= 500.0) {
            break;
        }

        // Select, then mutate.
        let selection = tournament.select(&scores, &mut streams.get(Purpose::Selection, generation, 0, 0))?;
        population = selection.reproduce(&population);
        mutation.mutate(&mut population, &streams, generation);
    }
    Ok(())
}
