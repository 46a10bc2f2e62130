//! Advice for names that no setting has.

use crate::config::paths::setting_paths;
use crate::config::run_config::RunConfig;
use crate::config::tagged::KIND;

/// Tables of earlier versions, and where their settings are now.
const MOVED: &[(&str, &str)] = &[
    (
        "dqn",
        "the settings of [dqn] are in [algorithm] now, below `kind = \"dqn\"`, and those of its network (hidden, convs, \
         activation, ..) in [algorithm.net]",
    ),
    (
        "tournament",
        "the settings of [evolution.tournament] are in [evolution.selection] now, below `kind = \"tournament\"`",
    ),
];

/// Python's names, those of AgileRL's online-training page above all, in lower case, and the setting here. Names that are the
/// same here are not listed.
const PYTHON: &[(&str, &str)] = &[
    ("learning_rate", "algorithm.lr"),
    ("alpha", "algorithm.lr"),
    ("batchsize", "algorithm.batch_size"),
    ("discount", "algorithm.gamma"),
    ("discount_factor", "algorithm.gamma"),
    ("soft_update", "algorithm.tau"),
    ("double_dqn", "algorithm.double"),
    ("target_update_interval", "algorithm.tau"),
    ("train_freq", "algorithm.learn_step"),
    ("h_size", "algorithm.net.hidden"),
    ("hidden_size", "algorithm.net.hidden"),
    ("hidden_sizes", "algorithm.net.hidden"),
    ("net_arch", "algorithm.net.hidden"),
    ("net_config", "algorithm.net.hidden"),
    ("c_size", "algorithm.net.convs"),
    ("k_size", "algorithm.net.convs"),
    ("s_size", "algorithm.net.convs"),
    ("output_vanish", "algorithm.net.output_scale"),
    ("eps_start", "algorithm.epsilon.start"),
    ("eps_end", "algorithm.epsilon.end"),
    ("eps_decay", "algorithm.epsilon.decay_steps"),
    ("epsilon_start", "algorithm.epsilon.start"),
    ("epsilon_end", "algorithm.epsilon.end"),
    ("epsilon_decay", "algorithm.epsilon.decay_steps"),
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
    ("tourn_size", "evolution.selection.size"),
    ("tournament_size", "evolution.selection.size"),
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

/// The place of the settings of a table that earlier versions had.
pub(crate) fn moved(key: &str) -> Option<&'static str> {
    MOVED.iter().find(|(table, _)| *table == key).map(|(_, place)| *place)
}

/// The setting whose name or Python name is most similar to an unknown key, with its section if that is another one; none if
/// no name is similar. `known` are the keys of the table that the unknown key is in.
pub(crate) fn nearest(key: &str, known: &[&str]) -> Option<String> {
    let lower = key.to_lowercase();
    if let Some((_, path)) = PYTHON.iter().find(|(python, _)| *python == lower) {
        return Some(in_its_section(path, known));
    }
    // In capitals, or in another section.
    if known.contains(&lower.as_str()) {
        return Some(format!("`{lower}`"));
    }
    let settings = setting_paths(&RunConfig::default());
    // A section with a known key is this very table, with another kind.
    let is_here = |section: &str| {
        let mut keys = settings.iter().filter_map(|(path, _)| path.strip_prefix(section)?.strip_prefix('.'));
        keys.any(|key| key != KIND && known.contains(&key))
    };
    let of_that_name = |path: &&String| match path.rsplit_once('.') {
        Some((section, name)) => name == lower && !is_here(section),
        None => **path == lower,
    };
    if let Some(path) = settings.iter().map(|(path, _)| path).find(of_that_name) {
        return Some(in_its_section(path, known));
    }
    let alike = known.iter().map(|known| (strsim::jaro_winkler(known, &lower), known));
    let (likeness, nearest) = alike.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= ALIKE).then(|| format!("`{nearest}`"))
}

/// The name, with its section unless it is a key of this table.
fn in_its_section(path: &str, known: &[&str]) -> String {
    match path.rsplit_once('.') {
        Some((section, name)) if !known.contains(&name) => format!("`{name}` in [{section}]"),
        Some((_, name)) => format!("`{name}`"),
        None if known.contains(&path) => format!("`{path}`"),
        None => format!("`{path}` at the top of the file"),
    }
}

/// A type of Rust in words; other text stays.
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
    let is_table = ["struct ", "internally tagged enum "].iter().any(|start| expected.starts_with(start));
    words.unwrap_or(if is_table { "a table of settings" } else { expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_python_name_leads_to_an_existing_setting() {
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
            assert_eq!(nearest(key, known).as_deref(), expected, "{key}");
        };
        check("LR", &["lr", "tau"], Some("`lr`"));
        check("learning_rate", &["lr", "tau"], Some("`lr`"));
        check("learning_rate", &["env", "algorithm"], Some("`lr` in [algorithm]"));
        check("h_size", &["lr", "net"], Some("`hidden` in [algorithm.net]"));
        check("GAMMA", &["env", "algorithm"], Some("`gamma` in [algorithm]"));
        check("POP_SIZE", &["lr", "tau"], Some("`population` at the top of the file"));
        check("populatoin", &["env", "population"], Some("`population`"));
        check("zzz", &["env", "population"], None);
    }
}
