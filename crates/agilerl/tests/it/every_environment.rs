//! Every environment of the catalogue that an agent can learn, from the command line: trained, interrupted, resumed and
//! played; and in Gymnasium with the same returns, where AGILERL_PYTHON names a Python that has it.

use std::path::Path;

use agilerl::algo::Output;
use agilerl::env::{Actions, EnvInfo, NumpyRng, catalogue};
use agilerl::nets::{MlpSpec, NetSpec, Weights};
use agilerl::prelude::*;
use agilerl::storage::Disk;

use crate::programs::{example, play_elite, run};

#[test]
fn every_environment_is_trained_saved_resumed_and_played() {
    let folder = tempfile::tempdir().unwrap();
    for info in catalogue().filter(|info| info.actions == Actions::Choice) {
        let place = folder.path().join(info.name.replace('/', "-"));
        train_in_two_parts(info, &place);
        let here = run(&mut example("play"), &[&place, &"--json", &"--episodes", &"4", &"--seed", &"3"]).success();
        assert_eq!(returns(&here).len(), 4, "{}", info.name);
        let said = run(&mut example("play"), &[&place, &"--episodes", &"4", &"--seed", &"3"]).success();
        assert!(said.starts_with(&format!("{}: 4 episodes, seeds 3 to 6\nmean return ", info.name)), "{said}");
        if let Some(mut there) = play_elite().filter(|_| !info.name.starts_with("probe/")) {
            let there = run(&mut there, &[&place, &"--json", &"--episodes", &"4", &"--seed", &"3"]).success();
            assert_eq!(returns(&here), returns(&there), "{} in Gymnasium", info.name);
            eprintln!("{} in Gymnasium too: {}", info.name, here.trim_end());
        }
    }
}

/// Trains two generations. The output of the first part is closed, so it ends as by Ctrl-C.
fn train_in_two_parts(info: &EnvInfo, place: &Path) {
    let mut first = example("dqn");
    first.args(["--env", info.name, "--population", "2", "--generations", "2", "--steps", "512", "--threads", "2"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let first = run(first.stdout(writer), &[&"--out", &place]);
    assert_eq!(first.code, Some(130), "{first:?}");
    let rest = run(&mut example("dqn"), &[&"--resume", &place]).success();
    assert!(rest.contains("generation 2 of 2") && rest.contains("play it: "), "{rest}");
}

#[test]
fn a_run_on_pixels_needs_no_settings() {
    let run = Run::on("MinAtar/Breakout-v1");
    assert_eq!(*run.config(), RunConfig::recommended("MinAtar/Breakout-v1"));
    let small = |config: &mut RunConfig| {
        config.off_policy.learning_starts = 0;
        (config.evolution.generation_env_steps, config.evolution.round_env_steps) = (256, 256);
        (config.evolution.eval_episodes, config.evolution.confirm_episodes) = (2, 2);
    };
    let outcome = run.population(2).generations(2).configure(small).run().unwrap();
    let dqn = crate::dqn(&outcome.elite.agent);
    assert!(dqn.spec().encoder.is_some(), "{}", dqn.spec());
    // Rows of numbers have the defaults.
    assert_eq!(*Run::on("Acrobot-v1").config(), RunConfig { env: "Acrobot-v1".to_owned(), ..RunConfig::default() });
}

/// Policies that arrive, so that their returns tell more than that an episode was cut: the action values of each state,
/// learnt here, as the weights of a network.
#[test]
fn what_solves_a_world_of_few_states_returns_the_same_in_gymnasium() {
    let folder = tempfile::tempdir().unwrap();
    // The worst mean that a policy has which arrives as often as its world allows.
    let worlds = [
        ("FrozenLake-v1", 0.5),
        ("FrozenLakeNotSlippery-v1", 1.0),
        ("FrozenLake8x8-v1", 0.5),
        ("FrozenLake8x8NotSlippery-v1", 1.0),
        ("CliffWalking-v1", -13.0),
        ("CliffWalkingSlippery-v1", -100.0),
        ("Taxi-v3", 6.0),
        ("Taxi-v4", 6.0),
    ];
    for (env, least) in worlds {
        table_elite(env).save(&Disk, folder.path()).unwrap();
        let here = run(&mut example("play"), &[&folder.path(), &"--json", &"--episodes", &"20"]).success();
        let mean = returns(&here).iter().sum::<f64>() / 20.0;
        assert!(mean >= least, "{env}: {here}");
        if let Some(mut there) = play_elite() {
            let there = run(&mut there, &[&folder.path(), &"--json", &"--episodes", &"20"]).success();
            assert_eq!(returns(&here), returns(&there), "{env} in Gymnasium");
            eprintln!("{env} in Gymnasium too: {}", here.trim_end());
        }
    }
}

/// A network whose hidden layer passes the one-hot state on, and whose output layer is the table.
fn table_elite(env: &str) -> Elite {
    let (states, table) = action_values(env);
    let choices = table.len() / states;
    let spec = NetSpec::from(MlpSpec::new(states, &[states], choices));
    let mut weights = Weights::zeros(spec.layout());
    for state in 0..states {
        weights.get_mut("hidden.0.weight").unwrap()[state * states + state] = 1.0;
        for choice in 0..choices {
            weights.get_mut("output.weight").unwrap()[choice * states + state] = table[state * choices + choice] as f32;
        }
    }
    let policy = Policy::new(spec, weights, Output::Greedy);
    let mut elite = Elite::of_policy(&policy, "DQN", serde_json::json!({}), env);
    elite.record.one_hot = Some(states);
    elite
}

/// The number of states, and `[states, choices]` by Q-learning, from above all that can be had so that all is tried.
fn action_values(name: &str) -> (usize, Vec<f64>) {
    let mut env = make::<f32, u32>(name).unwrap();
    let [states, choices] = [env.observation_space(), env.action_space()].map(|space| space.choices().unwrap());
    let mut table = vec![20.0; states * choices];
    let best = |table: &[f64], state: usize| {
        let row = &table[state * choices..][..choices];
        (0..choices).fold(0, |best, choice| if row[choice] > row[best] { choice } else { best })
    };
    let (mut rng, mut obs) = (NumpyRng::new(1), [0.0]);
    for seed in 0..20_000 {
        env.reset(Some(seed), &mut obs);
        for _ in 0..200 {
            let state = obs[0] as usize;
            let explores = rng.random() < 0.05;
            let action = if explores { rng.integers(0, choices as i64) as usize } else { best(&table, state) };
            let step = env.step(&[action as u32], &mut obs);
            let next = obs[0] as usize;
            let later = if step.terminated { 0.0 } else { table[next * choices + best(&table, next)] };
            let value = &mut table[state * choices + action];
            *value += 0.1 * (step.reward + 0.99 * later - *value);
            if step.ended() {
                break;
            }
        }
    }
    (states, table)
}

fn returns(json: &str) -> Vec<f64> {
    let list = json.trim().strip_prefix('[').and_then(|list| list.strip_suffix(']')).expect("a list");
    // By the standard library, whose reading of decimals is exact.
    list.split(',').map(|number| number.parse().unwrap()).collect()
}
