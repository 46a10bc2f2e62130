//! What somebody may have meant by a name or a value that no setting has.

use crate::RunConfig;
use crate::setting_paths::setting_paths;

/// Python's names, those of AgileRL's page above all, in lower case; and the setting here. Names that are the same here are
/// not listed.
const PYTHON: &[(&str, &str)] = &[
    ("learning_rate", "dqn.lr"),
    ("alpha", "dqn.lr"),
    ("batchsize", "dqn.batch_size"),
    ("discount", "dqn.gamma"),
    ("discount_factor", "dqn.gamma"),
    ("soft_update", "dqn.tau"),
    ("double_dqn", "dqn.double"),
    ("target_update_interval", "dqn.tau"),
    ("train_freq", "dqn.learn_step"),
    ("h_size", "dqn.hidden"),
    ("hidden_size", "dqn.hidden"),
    ("hidden_sizes", "dqn.hidden"),
    ("net_arch", "dqn.hidden"),
    ("net_config", "dqn.hidden"),
    ("c_size", "dqn.convs"),
    ("k_size", "dqn.convs"),
    ("s_size", "dqn.convs"),
    ("output_vanish", "dqn.output_scale"),
    ("eps_start", "dqn.epsilon.start"),
    ("eps_end", "dqn.epsilon.end"),
    ("eps_decay", "dqn.epsilon.decay_steps"),
    ("epsilon_start", "dqn.epsilon.start"),
    ("epsilon_end", "dqn.epsilon.end"),
    ("epsilon_decay", "dqn.epsilon.decay_steps"),
    ("env_name", "env"),
    ("env_id", "env"),
    ("pop_size", "population"),
    ("population_size", "population"),
    ("init_pop_size", "population"),
    ("num_envs", "off_policy.lanes"),
    ("n_envs", "off_policy.lanes"),
    ("num_vec_envs", "off_policy.lanes"),
    ("buffer_size", "off_policy.memory_size"),
    ("replay_size", "off_policy.memory_size"),
    ("learning_delay", "off_policy.learning_starts"),
    ("n_episodes", "evolution.generations"),
    ("max_episodes", "evolution.generations"),
    ("max_steps", "evolution.generations"),
    ("total_timesteps", "evolution.generations"),
    ("evo_epochs", "evolution.generation_env_steps"),
    ("evo_steps", "evolution.generation_env_steps"),
    ("eval_loop", "evolution.eval_episodes"),
    ("evo_loop", "evolution.eval_episodes"),
    ("target_score", "evolution.target"),
    ("random_seed", "evolution.seed"),
    ("rand_seed", "evolution.seed"),
    ("tourn_size", "evolution.tournament.size"),
    ("tournament_size", "evolution.tournament.size"),
    ("no_mut", "evolution.mutation.no_mutation"),
    ("arch_mut", "evolution.mutation.architecture"),
    ("new_layer", "evolution.mutation.new_layer_prob"),
    ("params_mut", "evolution.mutation.parameters"),
    ("parameters_mutation", "evolution.mutation.parameters"),
    ("act_mut", "evolution.mutation.activation"),
    ("rl_hp_mut", "evolution.mutation.rl_hp"),
    ("mut_sd", "evolution.mutation.mutation_sd"),
];

/// How alike two names must be for one to be a mistyped other.
const ALIKE: f64 = 0.8;

/// The setting that is meant by a key that is none, if that can be told: its section and its name. `known` are the keys
/// that could stand there.
pub(crate) fn meant(key: &str, known: &[&str]) -> Option<String> {
    let lower = key.to_lowercase();
    if let Some((_, path)) = PYTHON.iter().find(|(python, _)| *python == lower) {
        return Some(in_its_section(path, known));
    }
    // The name of a setting in another section, or in capitals.
    if known.contains(&lower.as_str()) {
        return Some(format!("`{lower}`"));
    }
    let settings = setting_paths(&RunConfig::default());
    let of_that_name = |path: &&String| path.rsplit('.').next() == Some(&lower);
    if let Some(path) = settings.iter().map(|(path, _)| path).find(of_that_name) {
        return Some(in_its_section(path, known));
    }
    let alike = known.iter().map(|known| (strsim::jaro_winkler(known, &lower), known));
    let (likeness, nearest) = alike.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= ALIKE).then(|| format!("`{nearest}`"))
}

/// The name alone where it could stand, and where it belongs otherwise.
fn in_its_section(path: &str, known: &[&str]) -> String {
    match path.rsplit_once('.') {
        Some((section, name)) if !known.contains(&name) => format!("`{name}` in [{section}]"),
        Some((_, name)) => format!("`{name}`"),
        None if known.contains(&path) => format!("`{path}`"),
        None => format!("`{path}` at the top of the file"),
    }
}

/// A type of Rust in words; what is no such type stays.
pub(crate) fn type_in_words(expected: &str) -> &str {
    const WORDS: &[(&[&str], &str)] = &[
        (&["usize", "u64", "u32", "u16", "u8"], "a whole number from 0 on"),
        (&["isize", "i64", "i32"], "a whole number"),
        (&["f64", "f32"], "a number"),
        (&["a string", "string"], "a text in quotation marks"),
        (&["a boolean"], "true or false"),
        (&["a sequence"], "a list in square brackets"),
        (&["a map"], "a table of settings"),
    ];
    let words = WORDS.iter().find(|(types, _)| types.contains(&expected)).map(|(_, words)| *words);
    words.unwrap_or(if expected.starts_with("struct ") { "a table of settings" } else { expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_python_name_leads_to_a_setting_that_there_is() {
        let settings = setting_paths(&RunConfig::default());
        let optional = ["evolution.target"];
        for (python, path) in PYTHON {
            let found = settings.iter().any(|(setting, _)| setting == path) || optional.contains(path);
            assert!(found, "{python} leads to {path}");
            assert!(python.chars().all(|c| !c.is_uppercase()), "{python} is compared in lower case");
        }
    }

    #[test]
    fn a_name_of_another_section_is_told_with_it() {
        let check = |key, known: &[&str], expected: Option<&str>| {
            assert_eq!(meant(key, known).as_deref(), expected, "{key}");
        };
        check("LR", &["lr", "tau"], Some("`lr`"));
        check("learning_rate", &["lr", "tau"], Some("`lr`"));
        check("learning_rate", &["env", "dqn"], Some("`lr` in [dqn]"));
        check("GAMMA", &["env", "dqn"], Some("`gamma` in [dqn]"));
        check("POP_SIZE", &["lr", "tau"], Some("`population` at the top of the file"));
        check("populatoin", &["env", "population"], Some("`population`"));
        check("zzz", &["env", "population"], None);
    }
}
