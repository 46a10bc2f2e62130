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
    /// Bytes of an observation.
    obs: u128,
    /// Bytes of an environment.
    env: u128,
}

impl Sizes {
    /// Of an environment that takes so many bytes itself, and of what an agent sees of it.
    pub(crate) fn of<O>(config: &RunConfig, env_bytes: usize, observations: &Space, choices: usize) -> Self {
        let obs = observations.row_len() as u128 * size_of::<O>() as u128;
        // A network that cannot be is refused when the agents are made, with its reasons.
        Self { net: config.dqn.net(observations, choices).ok(), obs, env: env_bytes as u128 + ENV_HEAP }
    }

    /// The least that any environment asks for: it observes one byte, and chooses the one choice that there is.
    pub(crate) fn least(config: &RunConfig) -> Self {
        Self { net: config.dqn.convs.is_empty().then(|| config.dqn.spec(1, 1).into()), obs: 1, env: 1 }
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
            bytes: in_units(bytes(part)),
            total: in_units(total),
            limit: in_units(limit),
        })
    }

    fn parts(&self, sizes: &Sizes) -> Vec<Part> {
        let off_policy = &self.off_policy;
        // Two observations, a choice, a reward, two flags.
        let row = 2 * sizes.obs + 4 + 4 + 2;
        // What it is, what it shows before and after a step, and what is acted on.
        let lane = sizes.env + 3 * sizes.obs;
        let (batch_setting, batch_size) = self.largest_batch();
        let round = self.evolution.round_env_steps.next_multiple_of(off_policy.lanes.max(1) as u64);
        let mut parts = vec![
            part("off_policy.memory_size", off_policy.memory_size as u128, row, false, "transitions in the memory"),
            part("evolution.round_env_steps", round.into(), row, true, "transitions of a round"),
            part("off_policy.lanes", off_policy.lanes as u128, lane, true, "environments to train in"),
            part(batch_setting, batch_size, row + self.activations(sizes), true, "rows of a batch"),
            self.largest_evaluation(lane),
        ];
        if let Some(net) = &sizes.net {
            let weights = net.layout().len();
            let (setting, value) = ("dqn.hidden", format!("{:?}", self.dqn.hidden));
            let what = format!("{weights} weights of 4 bytes, in {VECTORS} vectors and {GENERATIONS} generations");
            let bytes = GENERATIONS * VECTORS * 4 * weights as u128;
            parts.push(Part { setting, value, of_each: true, bytes, what });
        }
        parts
    }

    /// The largest batch that is drawn: evolution may change its size.
    fn largest_batch(&self) -> (&'static str, u128) {
        let mutation = &self.evolution.mutation;
        let evolves = (mutation.rl_hp > 0.0 || self.evolution.initial_diversity)
            && mutation.rl_hp_selection.iter().any(|name| name == "batch_size");
        let most = mutation.bounds.get("batch_size").filter(|_| evolves).map_or(0, |bounds| bounds.max as u128);
        let now = self.dqn.batch_size as u128;
        if most > now { ("evolution.mutation.bounds.batch_size.max", most) } else { ("dqn.batch_size", now) }
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

/// In the largest unit that leaves something before the point.
fn in_units(bytes: u128) -> String {
    let units = [(1_u128 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(size, _)| bytes >= *size);
    unit.map_or_else(|| format!("{bytes} bytes"), |(size, name)| format!("{:.1} {name}", bytes as f64 / size as f64))
}
