//! Bad input is refused before training starts, by name, with the way out.

use agilerl::prelude::*;

use crate::{message, short_run};

#[track_caller]
fn check_refused(change: impl FnOnce(&mut RunConfig), expected: &[&str]) {
    let mut config = short_run("CartPole-v1");
    change(&mut config);
    let message = message(&Run::with(config).start().err().expect("refused"));
    for part in expected {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}

#[test]
fn unknown_names_are_refused_with_those_known() {
    check_refused(
        |c| c.env = "CartPole-v0".into(),
        &["\"CartPole-v0\"", "did you mean \"CartPole-v1\"", "LunarLander-v3"],
    );
    check_refused(|c| c.env = "LunarLanderContinuous-v3".into(), &["LunarLanderContinuous-v3", "continuous"]);
    check_refused(|c| c.device = "gpu".into(), &["unknown device \"gpu\"", "cpu"]);
    check_refused(
        |c| c.evolution.mutation.rl_hp_selection = vec!["lrr".into()],
        &["\"lrr\"", "lr, batch_size, learn_step"],
    );
}

#[test]
fn impossible_networks_are_refused() {
    check_refused(|c| c.dqn().net.hidden = vec![], &["hidden = []", "1 to 3 layers"]);
    check_refused(|c| c.dqn().net.hidden = vec![32, 0], &["hidden = [32, 0]", "16 to 500 nodes"]);
    check_refused(|c| c.dqn().net.hidden = vec![32; 4], &["4 layers", "limits"]);
    let convs = vec![agilerl::nets::ConvSpec::new(16, 3, 1)];
    check_refused(|c| c.dqn().net.convs = convs, &["convs = a list of 1", "no images of three axes but [4]"]);
}

#[test]
fn numbers_out_of_range_are_refused() {
    check_refused(|c| c.evolution.mutation.architecture = 1.5, &["architecture", "1.5"]);
    check_refused(|c| c.evolution.mutation.parameters = -0.1, &["parameters", "-0.1"]);
    check_refused(|c| c.dqn().epsilon.start = 1.2, &["epsilon.start = 1.2", "0 to 1"]);
    check_refused(|c| c.dqn().gamma = f64::NAN, &["gamma = NaN"]);
    check_refused(|c| c.dqn().lr = 0.5, &["lr starts at 0.5", "0.0001 to 0.01"]);
    let gamma = Bounds { min: 0.9, max: 2.0, factor: 1.1 };
    let evolving = |c: &mut RunConfig| c.evolution.mutation = Mutation::default().with_hyperparameter("gamma", gamma);
    check_refused(evolving, &["gamma = 2", "0 to 1"]);
    check_refused(
        |c| c.dqn().net.activation_selection.clear(),
        &["net.activation_selection = []", "another than relu"],
    );
    check_refused(|c| c.dqn().net.parameter_noise.super_sd = f64::NAN, &["parameter_noise.super_sd = NaN"]);
    check_refused(|c| c.population = 0, &["population", "0"]);
    let selection = Tournament { size: 9, ..Tournament::default() };
    check_refused(|c| c.evolution.selection = selection.into(), &["selection.size", "9"]);
    check_refused(|c| c.off_policy.lanes = 0, &["lanes = 0"]);
    check_refused(|c| c.evolution.generations = 0, &["generations", "0"]);
}

#[test]
fn a_batch_must_fit_into_the_memory() {
    check_refused(|c| c.dqn().batch_size = 2_001, &["algorithm.batch_size is 2001", "memory_size, 2000"]);
    let smaller = |c: &mut RunConfig| c.off_policy.memory_size = 400;
    check_refused(smaller, &["bounds.batch_size.max is 512", "memory_size, 400"]);
    let drawn = |c: &mut RunConfig| {
        c.off_policy.memory_size = 400;
        (c.evolution.mutation.rl_hp, c.evolution.initial_diversity) = (0.0, true);
    };
    check_refused(drawn, &["bounds.batch_size.max is 512", "memory_size, 400"]);
    let tight = |c: &mut RunConfig| {
        (c.population, c.off_policy.memory_size, c.evolution.mutation.rl_hp) = (4, 1_500, 0.0);
        c.evolution.round_env_steps = 400;
    };
    check_refused(tight, &["off_policy.memory_size is 1500", "at least 1600"]);
}

#[test]
fn a_batch_and_a_round_that_just_fit_are_not_refused() {
    let mut config = short_run("probe/TwoSteps");
    // Four individuals with rounds of 100 steps of 3 lanes, which are 102.
    (config.off_policy.lanes, config.off_policy.memory_size) = (3, 408);
    config.dqn().batch_size = 408;
    config.evolution.mutation.rl_hp = 0.0;
    config.validate().unwrap();
    config.off_policy.memory_size = 407;
    config.dqn().batch_size = 32;
    let message = message(&config.validate().unwrap_err());
    assert!(message.contains("memory_size is 407, but must be at least 408"), "{message}");
}

#[test]
fn a_number_that_cannot_be_counted_with_is_an_error_and_not_a_panic() {
    check_refused(
        |c| c.off_policy.memory_size = usize::MAX / 2,
        &["off_policy.memory_size is ", "at most 1099511627776"],
    );
    let largest = "18446744073709551615, but must be at most 9007199254740992";
    check_refused(|c| c.evolution.generations = u64::MAX, &["evolution.generations is", largest]);
    check_refused(|c| c.evolution.generation_env_steps = u64::MAX, &["evolution.generation_env_steps is", largest]);
    check_refused(|c| c.evolution.round_env_steps = u64::MAX, &["evolution.round_env_steps is", largest]);
    check_refused(|c| c.checkpoints.every = u64::MAX, &["checkpoints.every is", largest]);
    check_refused(|c| c.evolution.threads = usize::MAX, &["evolution.threads is", "at most 4096"]);
    check_refused(|c| c.dqn().epsilon.decay_steps = u64::MAX, &["algorithm.epsilon.decay_steps is", largest]);
    check_refused(|c| c.off_policy.lanes = usize::MAX, &["off_policy.lanes is", "at most 65536"]);
    check_refused(|c| c.evolution.seed = u64::MAX, &["evolution.seed is", "at most 9223372036854775807"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_before_training() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let error = Run::with(short_run("CartPole-v1")).out(file.join("run")).start().err().unwrap();
    assert!(message(&error).contains("file/run"), "{}", message(&error));
}

#[test]
fn a_run_is_not_overwritten_unless_told() {
    let folder = tempfile::tempdir().unwrap();
    let run = || Run::with(short_run("probe/TwoSteps")).out(folder.path());
    run().run().unwrap();
    let before = std::fs::read(folder.path().join("events.jsonl")).unwrap();
    let error = run().start().err().unwrap();
    assert!(error.to_string().contains("already holds a run"), "{error}");
    assert_eq!(std::fs::read(folder.path().join("events.jsonl")).unwrap(), before, "nothing was lost by asking");
    run().overwrite(true).run().unwrap();
}
