//! The table of a run for people.

use std::{
    io::{self, IsTerminal as _, Stdout, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use crate::error::{BoxError, HpoError};
use crate::evolution::evolve::{Change, Evolve, Hyperparameter, Mutated};
use crate::evolution::individual::Individual;
use crate::evolution::mutation::MutationKind;
use crate::run::event::{Ending, Event, Flow, GenerationReport, Observer};

/// The width of the widest line, in columns.
const WIDTH: usize = 100;

/// Prints a table for each generation, with one line for each individual, in at most 100 columns:
///
/// ```text
/// generation 2 of 100 | 120,000 steps | 18,230 steps/s | 0:00:06
///   id from fitness spread     lr batch_size architecture      origin
///    3    -   -62.1   40.3  0.001        128 8-[64, 64]-4 relu kept
/// *  7    3    13.4   88.0 0.0012        128 8-[64, 64]-4 relu lr 0.001 -> 0.0012
/// ```
///
/// `*` marks the best individual, `!` one that is not finite. `from` is the id of the parent, `spread` the standard
/// deviation of the returns of the evaluation. `origin` is the mutation that made the individual differ from its
/// parent; `kept` is an individual of the generation before that selection kept, and `copy` a child without a mutation.
///
/// Without a terminal that shows a progress bar, a line is printed every ten seconds while a generation trains:
///
/// ```text
/// generation 3 of 100 trains | 7,000 of 60,000 steps | 0:00:16
/// ```
pub struct Console<W> {
    out: W,
    /// The name of the writer, for errors.
    name: &'static str,
    bar: ProgressBar,
    generations: u64,
    generation_env_steps: u64,
    pulse: Option<Pulse>,
    /// Names of the hyperparameters that have a column: those that evolution may change.
    evolving: Vec<String>,
    /// Whether the reader of the output has closed it.
    deaf: bool,
}

impl Console<Stdout> {
    /// Prints to the standard output, with a progress bar on the standard error if that is a terminal. If one of them
    /// is no terminal, a line is printed every ten seconds instead.
    pub fn stdout() -> Self {
        let bar = ProgressBar::no_length().with_style(style());
        let console = Self { name: "the standard output", bar, ..Self::new(io::stdout()) };
        let is_watched = io::stdout().is_terminal() && !console.bar.is_hidden();
        if is_watched { console } else { console.with_pulse(Duration::from_secs(10)) }
    }
}

impl<W: Write> Console<W> {
    /// Prints to any writer, without a progress bar.
    pub fn new(out: W) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let (name, pulse) = ("its writer", None);
        Self { out, name, bar, generations: 0, generation_env_steps: 0, pulse, evolving: Vec::new(), deaf: false }
    }

    /// Prints a line at the end of a round if nothing was printed for this time, measured by the clock of the run: a
    /// log then shows that a long generation is training.
    #[must_use]
    pub fn with_pulse(self, every: Duration) -> Self {
        Self { pulse: Some(Pulse { every, last: Some(Duration::ZERO) }), ..self }
    }

    /// Prints a line above the progress bar.
    fn print(&mut self, text: &str) -> Result<Flow, HpoError> {
        let Self { out, bar, deaf, .. } = self;
        if *deaf {
            return Ok(Flow::Continue);
        }
        match bar.suspend(|| out.write_all(text.as_bytes()).and_then(|()| out.flush())) {
            Ok(()) => Ok(Flow::Continue),
            // The reader of the output has closed it: pause, so that the run is saved and does not go on unseen.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe || is_of_a_closed_terminal(&error) => {
                *deaf = true;
                Ok(Flow::Pause)
            }
            Err(source) => Err(HpoError::Print { to: self.name, source }),
        }
    }

    /// Restarts the time until the next line of the pulse, from `wall` or from the next round.
    fn printed_at(&mut self, wall: Option<Duration>) {
        if let Some(pulse) = &mut self.pulse {
            pulse.last = wall;
        }
    }

    /// Shows the progress of a generation.
    fn progress(&mut self, generation: u64, env_steps: u64, wall: Duration) -> Result<Flow, HpoError> {
        let done = env_steps.saturating_sub(generation * self.generation_env_steps);
        self.bar.set_message(format!("generation {}", generation + 1));
        self.bar.set_position(done);
        if !self.pulse.as_mut().is_some_and(|pulse| pulse.beats(wall)) {
            return Ok(Flow::Continue);
        }
        let (number, generations, wall) = (generation + 1, self.generations, clock(wall));
        let (done, all) = (thousands(done), thousands(self.generation_env_steps));
        self.print(&format!("generation {number} of {generations} trains | {done} of {all} steps | {wall}\n"))
    }
}

/// Decides when a line shows that the run is training.
struct Pulse {
    every: Duration,
    /// The time of the last output, by the clock of the run; none between a resume and its first round.
    last: Option<Duration>,
}

impl Pulse {
    /// Returns whether a line is due, and restarts the time if so.
    fn beats(&mut self, wall: Duration) -> bool {
        let last = *self.last.get_or_insert(wall);
        let is_due = wall.saturating_sub(last) >= self.every;
        if is_due {
            self.last = Some(wall);
        }
        is_due
    }
}

impl<A: Evolve, W: Write> Observer<A> for Console<W> {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
        let printed = match event {
            Event::Started { seed, generations, generation_env_steps, target, evolving, population } => {
                self.evolving = evolving.to_vec();
                (self.generations, self.generation_env_steps) = (*generations, *generation_env_steps);
                self.bar.set_length(*generation_env_steps);
                let (individuals, steps) = (population.len(), thousands(*generation_env_steps));
                let until = format!("{generations} generations of {steps} steps at most");
                let aim = aim(*target);
                self.print(&format!("population of {individuals} | {until} | {aim} | seed {seed}\n"))
            }
            Event::Resumed { generation, generations, generation_env_steps, env_steps, evolving, population } => {
                self.evolving = evolving.to_vec();
                (self.generations, self.generation_env_steps) = (*generations, *generation_env_steps);
                self.bar.set_length(*generation_env_steps);
                let (individuals, steps) = (population.len(), thousands(*env_steps));
                let at = format!("{generation} of {generations} generations and {steps} steps");
                self.printed_at(None);
                self.print(&format!("population of {individuals} | resumed after {at}\n"))
            }
            Event::Extended { generation, generations, target, .. } => {
                self.generations = *generations;
                let (more, aim) = (generations - generation, aim(*target));
                self.print(&format!(
                    "\nextended by {more} generations, to {generations} | {aim} | from here on with another signature\n"
                ))
            }
            Event::Notice { text } => self.print(&format!("note: {text}\n")),
            Event::Round { generation, env_steps, wall } => self.progress(*generation, *env_steps, *wall),
            Event::Evaluated(report) => {
                self.printed_at(Some(report.wall));
                let text = format!("\n{}\n{}", header(report, self.generations), table(report, &self.evolving));
                self.print(&text)
            }
            Event::Confirmed { generation, individual, episodes, mean, reached } => {
                let (id, generation) = (individual.id, generation + 1);
                let (fitness, mean) = (result(individual.latest_fitness().unwrap_or(f64::NAN)), result(*mean));
                let verdict = if *reached { ": the target is confirmed" } else { "" };
                self.print(&format!(
                    "individual {id} of generation {generation}, fitness {fitness}: {mean} on {episodes} fresh \
                     episodes{verdict}\n"
                ))
            }
            Event::Ended { ending, elite, confirmed_mean, env_steps, eval_steps, signature, wall } => {
                self.bar.finish_and_clear();
                let mean = result(*confirmed_mean);
                let (trained, evaluated) = (thousands(*env_steps), thousands(*eval_steps));
                let (id, wall) = (elite.id, clock(*wall));
                let why = match ending {
                    Ending::TargetConfirmed => "target confirmed",
                    Ending::GenerationsDone => "all generations done",
                    Ending::Stopped => "stopped",
                };
                self.print(&format!(
                    "\n{why}; the elite, individual {id}, scores {mean} on fresh episodes\n\
                     {trained} steps trained, {evaluated} to evaluate | {wall} | signature {signature}\n"
                ))
            }
            // Not-finite individuals are marked in the table, and the next generation shows in its own.
            Event::NotFinite { .. } | Event::Evolved { .. } => Ok(Flow::Continue),
        };
        Ok(printed?)
    }
}

/// Returns whether the error is EIO, which Unix gives for a closed terminal.
fn is_of_a_closed_terminal(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    cfg!(unix) && error.raw_os_error() == Some(EIO)
}

fn aim(target: Option<f64>) -> String {
    target.map_or("no target".to_owned(), |target| format!("target {}", result(target)))
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg} {wide_bar} {human_pos} of {human_len} steps, {eta} left")
        .expect("a template without mistakes")
}

fn header<A>(report: &GenerationReport<'_, A>, generations: u64) -> String {
    let speed = report.env_steps as f64 / report.wall.as_secs_f64().max(1e-9);
    format!(
        "generation {} of {generations} | {} steps | {} steps/s | {}",
        report.generation + 1,
        thousands(report.env_steps),
        thousands(speed as u64),
        clock(report.wall)
    )
}

fn table<A: Evolve>(report: &GenerationReport<'_, A>, evolving: &[String]) -> String {
    let mut rows = vec![titles(&report.population[0], evolving)];
    // Returns of a few units need more digits than returns of hundreds.
    let small = report.evaluations.iter().all(|evaluation| evaluation.mean().abs() < 10.0);
    rows.extend((0..report.population.len()).map(|place| row(report, place, evolving, if small { 3 } else { 1 })));
    let columns = rows[0].len();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    // The two columns of words share the width that the numbers leave: architecture is shortened first, to no less than
    // 12.
    let (architecture, origin) = (columns - 2, columns - 1);
    let excess = |widths: &[usize]| (widths.iter().sum::<usize>() + columns - 1).saturating_sub(WIDTH);
    for (column, least) in [(architecture, 12), (origin, 8)] {
        widths[column] -= excess(&widths).min(widths[column].saturating_sub(least));
    }
    for row in &rows {
        let cell = |(column, cell): (usize, &String)| {
            let (cell, width) = (shortened(cell, widths[column]), widths[column]);
            // Words to the left, numbers to the right.
            if column >= architecture || column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        };
        let line = row.iter().enumerate().map(cell).collect::<Vec<_>>().join(" ");
        text.push_str(&shortened(line.trim_end(), WIDTH));
        text.push('\n');
    }
    text
}

/// Returns the hyperparameters of an individual that have a column.
fn columns<'a, A: Evolve>(
    individual: &Individual<A>,
    evolving: &'a [String],
) -> impl Iterator<Item = Hyperparameter> + use<'a, A> {
    individual.agent.hyperparameters().into_iter().filter(|hyperparameter| evolving.contains(&hyperparameter.name))
}

fn titles<A: Evolve>(individual: &Individual<A>, evolving: &[String]) -> Vec<String> {
    let mut titles: Vec<String> = ["", "id", "from", "fitness", "spread"].map(str::to_owned).into();
    titles.extend(columns(individual, evolving).map(|hyperparameter| hyperparameter.name));
    titles.extend(["architecture", "origin"].map(str::to_owned));
    titles
}

fn row<A: Evolve>(report: &GenerationReport<'_, A>, place: usize, evolving: &[String], digits: usize) -> Vec<String> {
    let individual = &report.population[place];
    let mark = match place {
        place if place == report.elite => "*",
        _ if individual.score(1).is_nan() => "!",
        _ => "",
    };
    let parents: Vec<String> = individual.parents.iter().map(u64::to_string).collect();
    let from = if parents.is_empty() { "-".to_owned() } else { parents.join("+") };
    let fitness = number(individual.latest_fitness().unwrap_or(f64::NAN), digits);
    let spread = number(report.evaluations[place].spread(), digits);
    let mut cells = vec![mark.to_owned(), individual.id.to_string(), from, fitness, spread];
    cells.extend(columns(individual, evolving).map(|hyperparameter| value(&hyperparameter.to_json())));
    cells.push(individual.agent.architecture());
    cells.push(origin(individual));
    cells
}

fn origin<A>(individual: &Individual<A>) -> String {
    match &individual.mutated {
        _ if individual.fitness.len() > 1 => "kept".to_owned(),
        _ if individual.parents.is_empty() => "start".to_owned(),
        Mutated { change: Some(Change { what, before: Value::Null, after }), .. } => {
            format!("{what}: {}", value(after))
        }
        // The new architecture is in the column beside.
        Mutated { kind: MutationKind::Architecture, change: Some(Change { what, before, .. }) } => {
            format!("{what}, was {}", value(before))
        }
        Mutated { change: Some(Change { what, before, after }), .. } => {
            format!("{what} {} -> {}", value(before), value(after))
        }
        Mutated { change: None, .. } => "copy".to_owned(),
    }
}

/// Formats a value of a change, short enough for a table.
fn value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(count) if count.is_u64() || count.is_i64() => count.to_string(),
        Value::Number(real) => significant(real.as_f64().unwrap_or(f64::NAN)),
        Value::Array(items) => format!("[{}]", items.iter().map(self::value).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// Formats a number with three significant digits, without an exponent between 0.0001 and a million.
fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let rounded: f64 = format!("{value:.2e}").parse().expect("a number that was just printed");
    if (1e-4..1e6).contains(&rounded.abs()) { rounded.to_string() } else { format!("{rounded:e}") }
}

/// Formats a return outside a table.
fn result(value: f64) -> String {
    number(value, if value.abs() < 10.0 { 3 } else { 1 })
}

fn number(value: f64, digits: usize) -> String {
    if value.is_finite() && value.abs() >= 1e7 { format!("{value:.2e}") } else { format!("{value:.digits$}") }
}

fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap_or("")).collect();
    groups.join(",")
}

fn clock(wall: Duration) -> String {
    let seconds = wall.as_secs();
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}
