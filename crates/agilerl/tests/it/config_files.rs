//! Configuration files: they are read as written, and mistakes in them are errors that name key, line and range.

use std::path::PathBuf;

use agilerl::hpo::TruncationSelection;
use agilerl::prelude::*;

use crate::{is_packaged, message};

/// The text of a file, and parts of the message that refuses it: key, value, range.
pub(crate) const REFUSED: &[(&str, &[&str])] = &[
    ("population = 0", &["population is 0", "at least 1"]),
    ("population = -1", &["line 1", "-1", "population"]),
    ("population = 'six'", &["line 1", "population = 'six'", "invalid type"]),
    ("populatoin = 6", &["line 1", "unknown key `populatoin`", "did you mean `population`?"]),
    ("device = 1", &["device = 1", "expected a text"]),
    ("env = ", &["line 1", "env ="]),
    ("[algoritm]\nlr = 1", &["unknown key `algoritm`", "did you mean `algorithm`?"]),
    (
        "[dqn]\nlr = 1",
        &["line 1", "unknown key `dqn`: ", "in [algorithm] now, below `kind = \"dqn\"`", "[algorithm.net]"],
    ),
    ("[algorithm]\nlr = 1e-3", &["line 1", "[algorithm] needs a `kind`; known are: dqn"]),
    ("[algorithm]\nlr = 1e-3\nkind = 'sac'", &["line 3", "unknown kind `sac`; known are: dqn"]),
    ("[algorithm]\nlr = 1e-3\nkind = 3", &["line 3", "kind = 3"]),
    ("[algorithm]\nhidden = [32]\nkind = 'dqn'", &["line 2", "did you mean `hidden` in [algorithm.net]?"]),
    (
        "[algorithm]\nkind = 'dqn'\n\n[algorithm.net]\nconvs = [\n{ channels = 4, kernel = 'x' },\n]",
        &["line 6", "kernel"],
    ),
    ("[algorithm]\nkind = 'dqn'\nlrr = 1e-3", &["line 3", "unknown key `lrr`", "did you mean `lr`?"]),
    ("[algorithm]\nkind = 'dqn'\nlr = -1.0", &["in [algorithm]: lr = -1", "positive"]),
    ("[algorithm]\nkind = 'dqn'\nlr = 0.0", &["in [algorithm]: lr = 0", "positive"]),
    ("[algorithm]\nkind = 'dqn'\nlr = nan", &["in [algorithm]: lr = NaN", "positive"]),
    ("[algorithm]\nkind = 'dqn'\nlr = inf", &["in [algorithm]: lr = inf", "positive"]),
    ("[algorithm]\nkind = 'dqn'\nlr = 'fast'", &["line 3", "lr = 'fast'", "a number"]),
    ("[algorithm]\nkind = 'dqn'\nbatch_size = 0", &["batch_size = 0", "at least 1"]),
    ("[algorithm]\nkind = 'dqn'\nbatch_size = 1.5", &["batch_size = 1.5", "invalid type"]),
    (
        "[algorithm]\nkind = 'dqn'\nbatch_size = 200000",
        &["algorithm.batch_size is 200000", "off_policy.memory_size, 100000"],
    ),
    ("[algorithm]\nkind = 'dqn'\nlearn_step = 0", &["learn_step = 0", "at least 1"]),
    ("[algorithm]\nkind = 'dqn'\ngamma = 1.5", &["gamma = 1.5", "0 to 1"]),
    ("[algorithm]\nkind = 'dqn'\ngamma = -0.1", &["gamma = -0.1", "0 to 1"]),
    ("[algorithm]\nkind = 'dqn'\ntau = 0.0", &["tau = 0", "above 0, at most 1"]),
    ("[algorithm]\nkind = 'dqn'\ntau = 2.0", &["tau = 2", "above 0, at most 1"]),
    ("[algorithm]\nkind = 'dqn'\nmax_grad_norm = 0.0", &["max_grad_norm = 0", "positive number, or none"]),
    ("[algorithm]\nkind = 'dqn'\nmax_grad_norm = 'never'", &["line 3", "\"never\"", "a number nor \"none\""]),
    ("[algorithm]\nkind = 'dqn'\nloss = 'mae'", &["line 3", "`mae`", "mse", "huber"]),
    ("[algorithm]\nkind = 'dqn'\nnet.activation = 'rellu'", &["line 3", "`rellu`", "relu"]),
    ("[algorithm]\nkind = 'dqn'\nnet.hidden = []", &["hidden = []", "1 to 3 layers"]),
    ("[algorithm]\nkind = 'dqn'\nnet.hidden = [64, 0]", &["hidden = [64, 0]", "16 to 500 nodes"]),
    ("[algorithm]\nkind = 'dqn'\nnet.hidden = [64, -1]", &["line 3", "-1"]),
    ("[algorithm]\nkind = 'dqn'\nnet.output_scale = 0.0", &["output_scale = 0", "positive"]),
    (
        "[algorithm]\nkind = 'dqn'\n[algorithm.net.limits]\nmin_nodes = 600",
        &["limits.min_nodes..=max_nodes = 600..=500", "not be reversed"],
    ),
    ("[algorithm]\nkind = 'dqn'\n[algorithm.net.limits]\nmax_layers = 0", &["limits.min_layers..=max_layers = 1..=0"]),
    (
        "[algorithm]\nkind = 'dqn'\n[algorithm.net.limits]\nmax_width = 9",
        &["line 4", "unknown key `max_width`", "max_nodes"],
    ),
    ("[algorithm]\nkind = 'dqn'\n[algorithm.epsilon]\nstart = 1.5", &["epsilon.start = 1.5", "0 to 1"]),
    ("[algorithm]\nkind = 'dqn'\n[algorithm.epsilon]\nend = -1.0", &["epsilon.end = -1", "0 to 1"]),
    ("[algorithm]\nkind = 'dqn'\n[algorithm.epsilon]\ndecay_steps = -5", &["line 4", "-5"]),
    (
        "[algorithm]\nkind = 'dqn'\n[algorithm.net.parameter_noise]\nshare = 2.0",
        &["parameter_noise.share = 2", "0 to 1"],
    ),
    (
        "[algorithm]\nkind = 'dqn'\n[algorithm.net.parameter_noise]\nsuper_share = 0.7\nreset_share = 0.7",
        &["super_share + reset_share = 1.4", "at most 1"],
    ),
    ("[off_policy]\nlanes = 0", &["lanes = 0", "at least 1"]),
    ("[off_policy]\nmemory_size = 100", &["memory_size = 100", "at least the 1008 transitions"]),
    ("[off_policy]\nlearning_starts = 200000", &["learning_starts = 200000", "at most memory_size, 100000"]),
    ("[evolution]\nseed = -1", &["line 2", "-1"]),
    ("[evolution]\ngenerations = 0", &["generations is 0", "at least 1"]),
    ("[evolution]\ngeneration_env_steps = 0", &["generation_env_steps is 0", "at least 1"]),
    ("[evolution]\nround_env_steps = 20000", &["round_env_steps is 20000", "at most generation_env_steps, 10000"]),
    ("[evolution]\neval_episodes = 0", &["eval_episodes is 0", "at least 1"]),
    ("[evolution]\ntarget = nan", &["target is NaN", "finite"]),
    ("[evolution]\nthread = 2", &["line 2", "unknown key `thread`", "did you mean `threads`?"]),
    (
        "[evolution]\nseed = 1\n[evolution.tournament]\nsize = 2",
        &["line 3", "in [evolution.selection] now, below `kind = \"tournament\"`"],
    ),
    (
        "[evolution.selection]\nsize = 2",
        &["line 1", "[evolution.selection] needs a `kind`; known are: tournament, truncation"],
    ),
    (
        "[evolution.selection]\nkind = 'roulette'",
        &["line 2", "unknown kind `roulette`; known are: tournament, truncation"],
    ),
    ("[evolution.selection]\nkind = 'tournament'\nsizes = 2", &["line 3", "did you mean `size`?"]),
    ("[evolution.selection]\nkind = 'tournament'\nsize = 0", &["selection.size is 0", "between 1 and"]),
    (
        "[evolution.selection]\nkind = 'tournament'\nsize = 7",
        &["selection.size is 7", "between 1 and the size of the population, 6"],
    ),
    ("[evolution.selection]\nkind = 'tournament'\nwindow = 0", &["selection.window is 0", "at least 1"]),
    ("[evolution.selection]\nkind = 'truncation'\nshare = 0.6", &["selection.share is 0.6", "at most 0.5"]),
    (
        "[evolution.selection]\nkind = 'truncation'\nsize = 2",
        &["line 3", "unknown key `size`. Known here: share, window"],
    ),
    (
        "wrappers = [{ kind = 'blur' }]",
        &["line 1", "unknown kind `blur`; known are: frame_stack, reward_scale, reward_clip"],
    ),
    (
        "[[wrappers]]\nkind = 'reward_scale'\nfactor = 2\n[[wrappers]]\nkind = 'frame_stack'\nframs = 4",
        &["line 6", "did you mean `frames`?"],
    ),
    ("wrappers = [{ kind = 'frame_stack', frames = 0 }]", &["in [wrappers]: frame_stack.frames", "from 1 to 256"]),
    ("[evolution.mutation]\narchitecture = 1.5", &["mutation.architecture is 1.5", "between 0 and 1"]),
    ("[evolution.mutation]\nmutation_sd = 0.0", &["mutation.mutation_sd is 0", "above 0"]),
    ("[evolution.mutation]\nrl_hp_selection = []", &["mutation.rl_hp_selection is empty", "at least one"]),
    (
        "[evolution.mutation]\nno_mutation = 0.0\narchitecture = 0.0\nparameters = 0.0\nrl_hp = 0.0",
        &["sum of its weights is 0", "above 0"],
    ),
    ("[evolution.mutation.bounds.lr]\nmin = 0.0\nmax = 1.0\nfactor = 2.0", &["mutation.bounds.lr.min is 0", "above 0"]),
    (
        "[evolution.mutation.bounds.lr]\nmin = 1e-3\nmax = 1e-4\nfactor = 2.0",
        &["mutation.bounds.lr.max is 0.0001", "from min, 0.001"],
    ),
    (
        "[evolution.mutation.bounds.lr]\nmin = 1e-4\nmax = 1e-2\nfactor = 1.0",
        &["mutation.bounds.lr.factor is 1", "above 1"],
    ),
    ("[evolution.mutation.bounds.lr]\nmin = 1e-4", &["missing field `max`"]),
    ("[checkpoints]\nevery = 0", &["checkpoints.every is 0", "at least 1"]),
    ("[checkpoints]\nseconds = -1.0", &["checkpoints.seconds is -1", "from 0"]),
    ("[checkpoints]\nkeep = 0", &["checkpoints.keep is 0", "at least 1"]),
    ("population = 9007199254740993", &["population is 9007199254740993", "at most 65536"]),
    ("[off_policy]\nlanes = 1048577", &["off_policy.lanes is 1048577", "at most 65536"]),
    ("[off_policy]\nlanes = 9223372036854775807", &["off_policy.lanes is 9223372036854775807", "at most 65536"]),
    (
        "[off_policy]\nmemory_size = 1099511627777",
        &["off_policy.memory_size is 1099511627777", "at most 1099511627776"],
    ),
    (
        "[evolution]\ngenerations = 9007199254740993",
        &["evolution.generations is 9007199254740993", "at most 9007199254740992"],
    ),
    (
        "[evolution]\ngeneration_env_steps = 9223372036854775807",
        &["evolution.generation_env_steps is 9223372036854775807", "at most 9007199254740992"],
    ),
    (
        "[evolution]\nround_env_steps = 9223372036854775807",
        &["evolution.round_env_steps is 9223372036854775807", "at most 9007199254740992"],
    ),
    (
        "[checkpoints]\nevery = 9223372036854775807",
        &["checkpoints.every is 9223372036854775807", "at most 9007199254740992"],
    ),
    ("population = 6\npopulation = 7", &["line 2", "duplicate key"]),
];

#[test]
fn mistakes_are_told_with_key_value_and_range() {
    assert!(REFUSED.len() >= 60, "{}", REFUSED.len());
    let mut failures = Vec::new();
    for (text, expected) in REFUSED {
        let result = RunConfig::from_toml(text, "run.toml").and_then(|config| config.validate());
        match result {
            Ok(()) => failures.push(format!("{text:?} was accepted")),
            Err(error) => {
                let said = message(&error);
                for part in expected.iter().filter(|part| !said.contains(**part)) {
                    failures.push(format!("{text:?}: {said:?} does not say {part:?}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn mistakes_are_told_once() {
    for (text, _) in REFUSED {
        let error = RunConfig::from_toml(text, "run.toml").and_then(|config| config.validate()).unwrap_err();
        let said = message(&error);
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            assert_eq!(said.matches(&error.to_string()).count(), 1, "{said:?}");
            cause = error.source();
        }
    }
}

#[test]
fn a_configuration_survives_its_file() {
    let mut configs = vec![RunConfig::default(), RunConfig::recommended("CartPole-v1")];
    configs[0].dqn().max_grad_norm = None;
    configs[1].wrappers = vec![WrapperConfig::FrameStack { frames: 4 }, WrapperConfig::RewardScale { factor: 0.1 }];
    configs[1].evolution.selection = TruncationSelection::default().into();
    configs[0].evolution.target = Some(-0.1);
    configs[0].dqn().lr = 0.1 + 0.2;
    for config in configs {
        let text = config.to_toml();
        assert_eq!(RunConfig::from_toml(&text, "run.toml").unwrap(), config, "{text}");
        assert!(!text.contains("0.10000000149"), "{text}");
    }
}

#[test]
fn every_setting_has_its_description_above_it() {
    let text = RunConfig::default().to_toml();
    let mut before = "";
    for line in text.lines() {
        let own_words = line.contains(" = ") && !line.starts_with('#');
        assert!(!own_words || before.starts_with('#'), "{line:?} stands there without a word");
        assert!(line.len() <= 120, "{line:?}");
        before = line;
    }
}

fn example(name: &str) -> RunConfig {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/configs");
    RunConfig::read(&folder.join(name)).unwrap_or_else(|error| panic!("{}", message(&error)))
}

#[test]
fn the_recommended_file_is_the_recommended_configuration() {
    if is_packaged() {
        return;
    }
    let mut recommended = RunConfig::recommended("LunarLander-v3");
    recommended.evolution.target = Some(200.0);
    (recommended.evolution.generations, recommended.evolution.seed) = (60, 1);
    assert_eq!(example("recommended.toml"), recommended);
}

#[test]
fn the_page_of_the_seed_is_reproduced() {
    if is_packaged() {
        return;
    }
    let mut page = example("seed_page.toml");
    let dqn = page.dqn().clone();
    assert_eq!((page.env.as_str(), page.population, page.off_policy.lanes), ("LunarLander-v3", 6, 16));
    assert_eq!((page.off_policy.memory_size, dqn.net.hidden.as_slice()), (10_000, &[32, 32][..]));
    let mutation = page.evolution.mutation.clone();
    let weights =
        [mutation.no_mutation, mutation.architecture, mutation.parameters, mutation.activation, mutation.rl_hp];
    assert_eq!(weights, [0.4, 0.2, 0.2, 0.0, 0.2]);
    assert_eq!(mutation.rl_hp_selection, ["lr", "batch_size"]);
    assert_eq!((dqn.batch_size, dqn.lr, dqn.gamma, dqn.tau), (128, 1e-3, 0.99, 1e-3));
    assert_eq!(page.evolution.selection, Tournament { size: 2, elitism: true, window: 1 }.into());
    assert_eq!(page.evolution.target, Some(200.0));
    assert_eq!(page.evolution.eval_episodes, 1);
}
