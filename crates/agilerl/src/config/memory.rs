//! The bytes that a configuration asks for, counted before any of them is allocated.

use agilerl_env::Space;
use agilerl_hpo::TrainerConfig;
use agilerl_nets::NetSpec;

use crate::config::machine_memory::machine_memory;
use crate::config::paths::setting_paths;
use crate::config::run_config::RunConfig;
use crate::error::Error;

/// The limit where the system does not tell how much memory there is: 64 GiB.
const WHERE_UNKNOWN: u64 = 1 << 36;
const GIB: f64 = (1_u64 << 30) as f64;

/// Vectors of weights in a network that learns: online network, target network, Adam's two moments, gradient, and the copy
/// that acts.
const VECTORS: u128 = 6;
/// While the next generation is bred, the old one is still in memory.
const GENERATIONS: u128 = 2;
/// Bytes of an environment on the heap beside its own fields, mostly its spaces: 140 (CartPole) to 18,000 (Seaquest) were
/// measured, and the least is counted.
const ENV_HEAP: u128 = 140;
/// Bytes of a component of an action, or of a choice.
const ACTION_NUMBER: u128 = 4;

/// The sizes that depend on the environment.
pub(crate) struct Sizes {
    /// The networks of an agent; none if they are impossible.
    nets: Vec<NetSpec>,
    /// Bytes of an observation as it is stored.
    stored: u128,
    /// Bytes of an observation as the network reads it.
    seen: u128,
    /// Bytes of an action.
    action: u128,
    /// Bytes of an environment.
    env: u128,
}

/// The sizes of an environment.
pub(crate) struct EnvSizes<'a> {
    /// Bytes of its own fields.
    pub(crate) bytes: usize,
    /// Numbers of an observation as it is stored.
    pub(crate) stored: usize,
    /// Frames that wrappers keep beside the environment, in numbers of an observation.
    pub(crate) kept: usize,
    /// Observations as the network reads them.
    pub(crate) observations: &'a Space,
    /// Actions.
    pub(crate) actions: &'a Space,
}

impl Sizes {
    /// Returns the sizes for an environment with observations of `O`.
    pub(crate) fn of<O>(config: &RunConfig, env: &EnvSizes<'_>) -> Self {
        let bytes = |numbers: usize| numbers as u128 * size_of::<O>() as u128;
        Self {
            // An impossible network is refused when the agents are made, with the reasons.
            nets: config.algorithm.specs(&config.env, env.observations, env.actions).unwrap_or_default(),
            stored: bytes(env.stored),
            seen: bytes(env.observations.row_len()),
            action: env.actions.row_len() as u128 * ACTION_NUMBER,
            env: env.bytes as u128 + ENV_HEAP + bytes(env.kept),
        }
    }

    /// Returns the sizes of the smallest environment: an observation of one byte, and one choice or component.
    pub(crate) fn least(config: &RunConfig) -> Self {
        let number = Space::bounded(&[0.0], &[1.0]);
        let specs = |actions: &Space| config.algorithm.specs(&config.env, &number, actions);
        let nets = specs(&Space::discrete(1)).or_else(|_| specs(&number)).unwrap_or_default();
        Self { nets, stored: 1, seen: 1, action: ACTION_NUMBER, env: 1 }
    }
}

/// A part of the memory that a run asks for.
struct Part {
    /// The setting that it grows with.
    setting: String,
    value: String,
    /// Whether each individual has one.
    of_each: bool,
    /// Bytes, of one individual if each has one.
    bytes: u128,
    /// Its content, in words.
    what: String,
}

impl RunConfig {
    /// Compares the sum of all counts with the memory of the machine.
    ///
    /// Trying to allocate would not do: Linux grants memory that it does not have, and finds out at the first use. So the
    /// bytes are counted. The count is a lower bound: a run that passes may still ask for more than is free.
    ///
    /// # Errors
    /// [`Error::TooLarge`], which names the setting that asks for most.
    pub(crate) fn refuse_too_many_bytes(&self, sizes: &Sizes) -> Result<(), Error> {
        let limit = match self.memory_limit_gib {
            Some(gib) => (gib * GIB) as u128,
            None => u128::from(machine_memory().unwrap_or(WHERE_UNKNOWN)),
        };
        let population = self.population as u128;
        let parts = self.parts(sizes);
        let times = |part: &Part| if part.of_each { population } else { 1 };
        let bytes = |part: &Part| part.bytes.saturating_mul(times(part));
        let total = parts.iter().fold(0_u128, |sum, part| sum.saturating_add(bytes(part)));
        let largest = parts.iter().max_by_key(|part| bytes(part)).filter(|_| total > limit);
        let Some(part) = largest else { return Ok(()) };
        // If a population of the default size would fit, the population is too large.
        let usual = RunConfig::default().population as u128;
        let many = part.of_each && population > usual && part.bytes.saturating_mul(usual) <= limit;
        let (setting, value) = if many {
            ("population".to_owned(), population.to_string())
        } else {
            (part.setting.clone(), part.value.clone())
        };
        let of = if part.of_each { format!(", for {population} individuals") } else { String::new() };
        Err(Error::TooLarge {
            setting,
            value,
            what: format!("{}{of}", part.what),
            bytes: at_most_64_bits(bytes(part)),
            total: at_most_64_bits(total),
            limit: at_most_64_bits(limit),
        })
    }

    fn parts(&self, sizes: &Sizes) -> Vec<Part> {
        let off_policy = &self.off_policy;
        // Two observations, an action, a reward, two flags.
        let row = |obs: u128| 2 * obs + sizes.action + 4 + 2;
        // The environment, its observations before and after a step, and the one to act on.
        let lane = sizes.env + 3 * sizes.stored;
        let (row, batch_row) = (row(sizes.stored), row(sizes.seen) + self.activations(sizes));
        let round = self.evolution.round_env_steps.next_multiple_of(off_policy.lanes.max(1) as u64);
        let mut parts = vec![
            part("off_policy.memory_size", off_policy.memory_size as u128, row, false, "transitions in the memory"),
            part("evolution.round_env_steps", round.into(), row, true, "transitions of a round"),
            part("off_policy.lanes", off_policy.lanes as u128, lane, true, "environments to train in"),
            part("algorithm.batch_size", self.algorithm.batch_size() as u128, batch_row, true, "rows of a batch"),
            self.largest_evaluation(lane),
        ];
        if let Some(most) = self.largest_batch() {
            let setting = "evolution.mutation.bounds.batch_size.max";
            parts.push(part(setting, most, batch_row, false, "rows of the largest batch"));
        }
        if !sizes.nets.is_empty() {
            let weights: usize = sizes.nets.iter().map(|net| net.layout().len()).sum();
            let (setting, value) = self.widths();
            let what = format!("{weights} weights of 4 bytes, in {VECTORS} vectors and {GENERATIONS} generations");
            let bytes = GENERATIONS * VECTORS * 4 * weights as u128;
            parts.push(Part { setting, value, of_each: true, bytes, what });
        }
        parts
    }

    /// The setting that the networks grow with: the widths of the first of them.
    fn widths(&self) -> (String, String) {
        let mut settings = setting_paths(self).into_iter();
        let widths = settings.find(|(path, _)| path.starts_with("algorithm.") && path.ends_with(".hidden"));
        let widths = widths.map(|(path, widths)| (path, widths.to_string().replace(',', ", ")));
        widths.unwrap_or_else(|| ("algorithm".to_owned(), self.algorithm.name().to_owned()))
    }

    /// The largest batch, if evolution may reach larger ones than the first: at least one individual may have it.
    fn largest_batch(&self) -> Option<u128> {
        let mutation = &self.evolution.mutation;
        let evolves = (mutation.rl_hp > 0.0 || self.evolution.initial_diversity)
            && mutation.rl_hp_selection.iter().any(|name| name == "batch_size");
        let most = mutation.bounds.get("batch_size").filter(|_| evolves)?.max as u128;
        (most > self.algorithm.batch_size() as u128).then_some(most)
    }

    /// Bytes that an update keeps for one row: the outputs of every layer, before and after its activation.
    fn activations(&self, sizes: &Sizes) -> u128 {
        sizes.nets.iter().map(activations).sum()
    }

    /// All episodes of an evaluation are played side by side, each in an environment of its own, and several individuals
    /// play at once; those of a confirmation are played by one individual after another.
    fn largest_evaluation(&self, lane: u128) -> Part {
        let TrainerConfig { eval_episodes, confirm_episodes, threads, .. } = self.evolution;
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        let at_once = if threads == 0 { processors() } else { threads }.min(self.population) as u128;
        // Its seed and its return; the returns of all individuals are kept until the generation is over.
        let (playing, kept) = (lane + 16, 8);
        let evaluation = at_once * playing + self.population as u128 * kept;
        let evaluation =
            part("evolution.eval_episodes", eval_episodes as u128, evaluation, false, "episodes of an evaluation");
        let confirmation =
            part("evolution.confirm_episodes", confirm_episodes as u128, playing, false, "episodes of a confirmation");
        if confirmation.bytes > evaluation.bytes { confirmation } else { evaluation }
    }
}

fn activations(net: &NetSpec) -> u128 {
    let nodes: u128 = net.head.hidden.iter().map(|nodes| *nodes as u128).sum();
    let windows: u128 = net.encoder.as_ref().map_or(0, |encoder| {
        let maps = encoder.maps().unwrap_or_default();
        let windows = encoder.convs.iter().zip(maps.windows(2)).map(|(conv, maps)| {
            let [before, after] = [maps[0], maps[1]];
            (after[1] * after[2]) as u128 * (before[0] * conv.kernel * conv.kernel) as u128
        });
        windows.sum()
    });
    4 * (2 * nodes + windows)
}

fn part(setting: &'static str, count: u128, bytes_of_one: u128, of_each: bool, what: &str) -> Part {
    let bytes = count.saturating_mul(bytes_of_one);
    let what = format!("{count} {what} of {bytes_of_one} bytes");
    Part { setting: setting.to_owned(), value: count.to_string(), of_each, bytes, what }
}

/// Larger numbers make no difference in a message.
fn at_most_64_bits(bytes: u128) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use agilerl_nets::{ConvSpec, MlpSpec};

    use super::*;

    /// One of three choices is observed, four bytes that are spelled out as twelve; two choices; environments of 100
    /// bytes; 3 x 16 + 16 + 16 x 2 + 2 = 98 weights.
    fn sizes() -> Sizes {
        Sizes { nets: vec![MlpSpec::new(3, &[16], 2).into()], stored: 4, seen: 12, action: 4, env: 100 }
    }

    fn config() -> RunConfig {
        let mut config = RunConfig { population: 2, ..RunConfig::default() };
        config.dqn().net.hidden = vec![16];
        config.dqn().batch_size = 32;
        (config.off_policy.lanes, config.off_policy.memory_size) = (3, 1_000);
        let evolution = &mut config.evolution;
        (evolution.round_env_steps, evolution.threads, evolution.mutation.rl_hp) = (100, 1, 0.0);
        (evolution.eval_episodes, evolution.confirm_episodes) = (10, 5);
        config
    }

    /// The least limit under which the configuration passes.
    #[track_caller]
    fn check_total(config: &RunConfig, bytes: u64) {
        let limited = |bytes: u64| RunConfig { memory_limit_gib: Some(bytes as f64 / GIB), ..config.clone() };
        let refused = |bytes| limited(bytes).refuse_too_many_bytes(&sizes()).is_err();
        assert!(!refused(bytes), "more than {bytes}");
        assert!(refused(bytes - 1), "less than {bytes}");
    }

    #[test]
    fn every_count_is_held_against_the_memory() {
        // A row: two observations of 4, a choice, a reward, two flags: 18. In the memory 1,000 x 18 = 18,000.
        // A round of 100 steps of three lanes: 102 x 18 = 1,836, for each of the two individuals, as all of the following.
        // A lane: an environment of 100 and three observations: 3 x 112 = 336.
        // A row of a batch: two observations of 12 and the rest, 34, and sixteen nodes before and after their activation:
        // 32 x (34 + 128) = 5,184.
        // Weights: 98 x 4 bytes x 6 vectors x 2 generations = 4,704.
        // Evaluation, one individual at once: 10 x (112 + 16), and the returns of both, 10 x 2 x 8: 1,440. The five
        // episodes of a confirmation take less: 640.
        let each = 1_836 + 336 + 5_184 + 4_704;
        check_total(&config(), 18_000 + 2 * each + 1_440);
        let mut threads = config();
        threads.evolution.threads = 2;
        check_total(&threads, 18_000 + 2 * each + 1_440 + 1_280);
        let mut confirming = config();
        confirming.evolution.confirm_episodes = 1_000;
        check_total(&confirming, 18_000 + 2 * each + 128_000);
        // A batch may grow to 512 rows: 512 x 162 = 82,944.
        let mut evolving = config();
        evolving.evolution.mutation.rl_hp = 0.2;
        check_total(&evolving, 18_000 + 2 * each + 1_440 + 82_944);
        let mut drawn = config();
        drawn.evolution.initial_diversity = true;
        check_total(&drawn, 18_000 + 2 * each + 1_440 + 82_944);
    }

    #[test]
    fn windows_of_convolutions_are_counted() {
        // On 4 x 4 pixels a kernel of 3 has four places, and sees nine numbers of one channel at each: 36. With two times
        // sixteen nodes of the head, of 4 bytes: 272.
        let boards = Space::Box { shape: vec![1, 4, 4], low: vec![0.0; 16], high: vec![1.0; 16] };
        let mut config = config();
        config.dqn().net.convs = vec![ConvSpec::new(8, 3, 1)];
        let nets = config.algorithm.specs("boards", &boards, &Space::discrete(2)).unwrap();
        let sizes = Sizes { nets, stored: 16, seen: 16, action: 4, env: 0 };
        assert_eq!(config.activations(&sizes), 4 * (2 * 16 + 36));
    }

    #[test]
    fn frames_that_wrappers_keep_are_counted_with_the_environment() {
        let (observations, actions) = (Space::bounded(&[0.0; 12], &[1.0; 12]), Space::discrete(2));
        let env = EnvSizes { bytes: 100, stored: 12, kept: 12, observations: &observations, actions: &actions };
        // 100 bytes of its own fields, 140 of its spaces, and twelve numbers of four bytes.
        assert_eq!(Sizes::of::<f32>(&config(), &env).env, 100 + 140 + 48);
    }

    #[test]
    fn the_population_is_named_where_six_individuals_would_fit() {
        let named = |population, limit: f64| {
            let memory_limit_gib = Some(limit / GIB);
            let config = RunConfig { population, memory_limit_gib, ..config() };
            match config.refuse_too_many_bytes(&sizes()) {
                Err(Error::TooLarge { setting, value, .. }) => (setting, value),
                other => panic!("{other:?}"),
            }
        };
        // Batches take most, 5,184 bytes for each individual.
        assert_eq!(named(100, 6.0 * 5_184.0), ("population".to_owned(), "100".to_owned()));
        assert_eq!(named(100, 6.0 * 5_184.0 - 1.0), ("algorithm.batch_size".to_owned(), "32".to_owned()));
        // The memory takes 18,000, and three batches less.
        assert_eq!(named(3, 18_000.0), ("off_policy.memory_size".to_owned(), "1000".to_owned()));
    }
}
