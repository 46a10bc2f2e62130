//! The bytes that a configuration asks for, counted before any of them is asked for.

use agilerl_env::Space;
use agilerl_hpo::TrainerConfig;
use agilerl_nets::NetSpec;

use crate::machine_memory::machine_memory;
use crate::{Error, RunConfig};

/// What a run may ask for where the system does not say how much memory there is: 64 GiB.
const WHERE_UNKNOWN: u64 = 1 << 36;
const GIB: f64 = (1_u64 << 30) as f64;

/// Vectors of weights that an agent consists of: the online network, the target network, Adam's two moments, the
/// gradient, and the copy that acts.
const VECTORS: u128 = 6;
/// While the next generation is bred, the old one is still there.
const GENERATIONS: u128 = 2;
/// What an environment takes on the heap beside its own fields, its spaces above all: some 140 bytes (CartPole) to 18,000
/// (Seaquest) were measured, and the least is counted.
const ENV_HEAP: u128 = 140;

/// What a run is about, as far as sizes depend on it.
pub(crate) struct Sizes {
    /// The network, if it can be made.
    net: Option<NetSpec>,
    /// Bytes of an observation as it is stored.
    stored: u128,
    /// Bytes of an observation as the network sees it.
    seen: u128,
    /// Bytes of an environment.
    env: u128,
}

impl Sizes {
    /// Of an environment that takes `env` bytes itself and shows rows of `stored` numbers, and of what an agent sees of
    /// it.
    pub(crate) fn of<O>(config: &RunConfig, env: usize, stored: usize, seen: &Space, choices: usize) -> Self {
        let bytes = |numbers: usize| numbers as u128 * size_of::<O>() as u128;
        Self {
            // A network that cannot be is refused when the agents are made, with its reasons.
            net: config.dqn.net(seen, choices).ok(),
            stored: bytes(stored),
            seen: bytes(seen.row_len()),
            env: env as u128 + ENV_HEAP,
        }
    }

    /// The least that any environment asks for: it observes one byte, and chooses the one choice that there is.
    pub(crate) fn least(config: &RunConfig) -> Self {
        Self { net: config.dqn.convs.is_empty().then(|| config.dqn.spec(1, 1).into()), stored: 1, seen: 1, env: 1 }
    }
}

/// What asks for memory.
struct Part {
    /// The setting that it grows with.
    setting: &'static str,
    value: String,
    /// Whether each individual has one.
    of_each: bool,
    /// Bytes, of one individual if each has one.
    bytes: u128,
    /// What it is.
    what: String,
}

impl RunConfig {
    /// Holds the sum of all counts against the memory that there is.
    ///
    /// The system does not refuse what it cannot give (Linux grants memory that it only looks for at its first use), so
    /// asking is no answer: the bytes are counted. They are the least that a run needs, and a run that passes may still
    /// ask for more than is free.
    ///
    /// # Errors
    /// [`Error::TooLarge`], naming the setting that asks for most.
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
        // If a population of the usual size would fit, the population is what is too large.
        let usual = RunConfig::default().population as u128;
        let many = part.of_each && population > usual && part.bytes.saturating_mul(usual) <= limit;
        let (setting, value) =
            if many { ("population", population.to_string()) } else { (part.setting, part.value.clone()) };
        let of = if part.of_each { format!(", for {population} individuals") } else { String::new() };
        Err(Error::TooLarge {
            setting: setting.to_owned(),
            value,
            what: format!("{}{of}", part.what),
            bytes: at_most_64_bits(bytes(part)),
            total: at_most_64_bits(total),
            limit: at_most_64_bits(limit),
        })
    }

    fn parts(&self, sizes: &Sizes) -> Vec<Part> {
        let off_policy = &self.off_policy;
        // Two observations, a choice, a reward, two flags.
        let row = |obs: u128| 2 * obs + 4 + 4 + 2;
        // What it is, what it shows before and after a step, and what is acted on.
        let lane = sizes.env + 3 * sizes.stored;
        let (row, batch_row) = (row(sizes.stored), row(sizes.seen) + self.activations(sizes));
        let round = self.evolution.round_env_steps.next_multiple_of(off_policy.lanes.max(1) as u64);
        let mut parts = vec![
            part("off_policy.memory_size", off_policy.memory_size as u128, row, false, "transitions in the memory"),
            part("evolution.round_env_steps", round.into(), row, true, "transitions of a round"),
            part("off_policy.lanes", off_policy.lanes as u128, lane, true, "environments to train in"),
            part("dqn.batch_size", self.dqn.batch_size as u128, batch_row, true, "rows of a batch"),
            self.largest_evaluation(lane),
        ];
        if let Some(most) = self.largest_batch() {
            let setting = "evolution.mutation.bounds.batch_size.max";
            parts.push(part(setting, most, batch_row, false, "rows of the largest batch"));
        }
        if let Some(net) = &sizes.net {
            let weights = net.layout().len();
            let (setting, value) = ("dqn.hidden", format!("{:?}", self.dqn.hidden));
            let what = format!("{weights} weights of 4 bytes, in {VECTORS} vectors and {GENERATIONS} generations");
            let bytes = GENERATIONS * VECTORS * 4 * weights as u128;
            parts.push(Part { setting, value, of_each: true, bytes, what });
        }
        parts
    }

    /// The largest batch, if evolution may come to larger ones than the first: one individual at least may have it.
    fn largest_batch(&self) -> Option<u128> {
        let mutation = &self.evolution.mutation;
        let evolves = (mutation.rl_hp > 0.0 || self.evolution.initial_diversity)
            && mutation.rl_hp_selection.iter().any(|name| name == "batch_size");
        let most = mutation.bounds.get("batch_size").filter(|_| evolves)?.max as u128;
        (most > self.dqn.batch_size as u128).then_some(most)
    }

    /// Bytes that an update keeps of one row: what comes out of every layer, before and after its activation.
    fn activations(&self, sizes: &Sizes) -> u128 {
        let Some(net) = &sizes.net else { return 0 };
        let head = net.head();
        let nodes: u128 = head.hidden.iter().map(|nodes| *nodes as u128).sum();
        let windows = match net {
            NetSpec::Mlp(_) => 0,
            NetSpec::Cnn(spec) => {
                let maps = spec.maps().unwrap_or_default();
                let windows = spec.convs.iter().zip(maps.windows(2)).map(|(conv, maps)| {
                    let [before, after] = [maps[0], maps[1]];
                    (after[1] * after[2]) as u128 * (before[0] * conv.kernel * conv.kernel) as u128
                });
                windows.sum()
            }
        };
        4 * (2 * nodes + windows)
    }

    /// All episodes of an evaluation are played side by side, each in an environment of its own, and several individuals
    /// at once; those of a confirmation by one individual after another.
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

fn part(setting: &'static str, count: u128, bytes_of_one: u128, of_each: bool, what: &str) -> Part {
    let bytes = count.saturating_mul(bytes_of_one);
    Part { setting, value: count.to_string(), of_each, bytes, what: format!("{count} {what} of {bytes_of_one} bytes") }
}

/// More than that is the same to whoever reads it.
fn at_most_64_bits(bytes: u128) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// In the largest unit that leaves something before the point.
pub(crate) fn in_units(bytes: u64) -> String {
    let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(size, _)| bytes >= *size);
    unit.map_or_else(|| format!("{bytes} bytes"), |(size, name)| format!("{:.1} {name}", bytes as f64 / size as f64))
}

#[cfg(test)]
mod tests {
    use agilerl_nets::{CnnSpec, ConvSpec, MlpSpec};

    use super::*;

    /// One of three choices is observed, four bytes that are spelled out as twelve; two choices; environments of 100
    /// bytes; 3 x 16 + 16 + 16 x 2 + 2 = 98 weights.
    fn sizes() -> Sizes {
        Sizes { net: Some(MlpSpec::new(3, &[16], 2).into()), stored: 4, seen: 12, env: 100 }
    }

    fn config() -> RunConfig {
        let mut config = RunConfig { population: 2, ..RunConfig::default() };
        (config.dqn.hidden, config.dqn.batch_size) = (vec![16], 32);
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
        let net = CnnSpec::new([1, 4, 4], &[ConvSpec::new(8, 3, 1)], &[16], 2);
        let sizes = Sizes { net: Some(NetSpec::Cnn(net)), stored: 16, seen: 16, env: 0 };
        assert_eq!(config().activations(&sizes), 4 * (2 * 16 + 36));
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
        assert_eq!(named(100, 6.0 * 5_184.0 - 1.0), ("dqn.batch_size".to_owned(), "32".to_owned()));
        // The memory takes 18,000, and three batches less.
        assert_eq!(named(3, 18_000.0), ("off_policy.memory_size".to_owned(), "1000".to_owned()));
    }

    #[test]
    fn bytes_are_told_in_the_unit_that_fits() {
        let told = [1_023, 1_024, 1_536 << 10, 3 << 30, 1 << 40].map(in_units);
        assert_eq!(told, ["1023 bytes", "1.0 KiB", "1.5 MiB", "3.0 GiB", "1.0 TiB"]);
    }
}
