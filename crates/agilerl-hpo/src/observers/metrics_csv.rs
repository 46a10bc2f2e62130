//! The table of a run for spreadsheets and plots.

use std::path::Path;

use agilerl_storage::{Digest, LogFile, Storage, StorageError};

use crate::error::BoxError;
use crate::evolution::evolve::Evolve;
use crate::observers::run_log::{RunLog, RunLogKind};
use crate::run::event::{Event, Flow, GenerationReport, Observer};

/// The columns before the metrics of learning.
const FIRST: [&str; 11] = [
    "generation",
    "env_steps",
    "eval_steps",
    "id",
    "parent",
    "elite",
    "fitness",
    "spread",
    "train_episodes",
    "train_return",
    "updates",
];
/// The columns between the metrics of learning and the hyperparameters.
const MIDDLE: [&str; 2] = ["mutation", "architecture"];

/// Writes one line for each individual and generation, with these columns:
///
/// | column | content |
/// |---|---|
/// | `generation` | from 0 |
/// | `env_steps`, `eval_steps` | of the whole population so far |
/// | `id`, `parent` | of the individual; no parent in the first generation |
/// | `elite` | 1 for the fittest of the generation |
/// | `fitness`, `spread` | mean and standard deviation of the evaluation's returns |
/// | `train_episodes`, `train_return` | complete training episodes of the generation, and their mean return |
/// | `updates` | gradient updates of the generation |
/// | one for each metric: `loss`, `value`, `grad_norm` | its mean over these updates |
/// | `mutation`, `architecture` | the mutation at its birth, and a description of its network |
/// | all others | its hyperparameters by name |
///
/// The columns of metrics are those of the first generation in the table; a metric that comes later has none. A mean
/// over nothing is an empty cell, and numbers that are not finite are written as `NaN` or `inf`. The table has no
/// times: two runs with one seed write the same table.
pub struct MetricsCsv {
    file: LogFile,
    /// The metrics that have a column; none before the header is written.
    metrics: Vec<String>,
}

impl MetricsCsv {
    /// Creates the file; one of that name is overwritten. The folder must exist.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(storage: &dyn Storage, path: &Path) -> Result<Self, StorageError> {
        Ok(Self { file: LogFile::create(storage, path)?, metrics: Vec::new() })
    }

    /// Continues the table from the state with this [`digest`](RunLog::digest).
    ///
    /// # Errors
    /// If the file is missing, or if its content up to that state has changed.
    pub fn resume(storage: &dyn Storage, path: &Path, digest: &Digest) -> Result<Self, StorageError> {
        let file = LogFile::resume(storage, path, digest)?;
        let content = storage.read(path).map_err(StorageError::at("read", path))?;
        let header = first_record(&String::from_utf8_lossy(&content));
        let behind_first = header.get(FIRST.len()..).unwrap_or_default();
        let metrics = behind_first.windows(MIDDLE.len()).take_while(|columns| *columns != MIDDLE);
        Ok(Self { file, metrics: metrics.map(|columns| columns[0].clone()).collect() })
    }

    fn header<A: Evolve>(&mut self, report: &GenerationReport<'_, A>) -> Result<(), StorageError> {
        for (name, _) in report.training.iter().flat_map(|stats| stats.metrics.iter()) {
            if !self.metrics.iter().any(|known| known == name) {
                self.metrics.push(name.to_owned());
            }
        }
        let hyperparameters = report.population[0].agent.hyperparameters();
        let columns = (FIRST.into_iter())
            .chain(self.metrics.iter().map(String::as_str))
            .chain(MIDDLE)
            .chain(hyperparameters.iter().map(|hyperparameter| hyperparameter.name.as_str()));
        let columns: Vec<String> = columns.map(quoted).collect();
        self.file.write(format!("{}\n", columns.join(",")).as_bytes())
    }

    fn rows<A: Evolve>(&mut self, report: &GenerationReport<'_, A>) -> Result<(), StorageError> {
        let rows: String = (0..report.population.len()).map(|place| row(report, place, &self.metrics)).collect();
        self.file.write(rows.as_bytes())
    }
}

impl<A: Evolve> Observer<A> for MetricsCsv {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
        if let Event::Evaluated(report) = event {
            if self.file.is_empty() {
                self.header(report)?;
            }
            self.rows(report)?;
        }
        Ok(Flow::Continue)
    }
}

impl<A: Evolve> RunLog<A> for MetricsCsv {
    fn file_name(&self) -> &str {
        self.file.name()
    }

    fn digest(&mut self) -> Result<Digest, StorageError> {
        self.file.sync()?;
        Ok(self.file.digest())
    }
}

impl<A: Evolve> RunLogKind<A> {
    /// Returns the kind of [`MetricsCsv`] with this file name.
    pub fn metrics_csv(file_name: &'static str) -> Self {
        Self {
            file_name,
            create: |storage, path| Ok(Box::new(MetricsCsv::create(storage, path)?)),
            resume: |storage, path, digest| Ok(Box::new(MetricsCsv::resume(storage, path, digest)?)),
        }
    }
}

fn row<A: Evolve>(report: &GenerationReport<'_, A>, place: usize, metrics: &[String]) -> String {
    let (individual, training, evaluation) =
        (&report.population[place], &report.training[place], &report.evaluations[place]);
    let mean = |sum: f64, count: u64| if count == 0 { String::new() } else { (sum / count as f64).to_string() };
    let mut cells = vec![
        report.generation.to_string(),
        report.env_steps.to_string(),
        report.eval_steps.to_string(),
        individual.id.to_string(),
        individual.parents.first().map(u64::to_string).unwrap_or_default(),
        u8::from(place == report.elite).to_string(),
        individual.latest_fitness().map(|fitness| fitness.to_string()).unwrap_or_default(),
        evaluation.spread().to_string(),
        training.episodes.to_string(),
        mean(training.return_sum, training.episodes),
        training.updates.to_string(),
    ];
    for name in metrics {
        cells.push(training.metrics.get(name).map(|sum| mean(sum, training.updates)).unwrap_or_default());
    }
    cells.push(individual.mutated.change.as_ref().map_or(String::new(), |change| quoted(&change.what)));
    cells.push(quoted(&individual.agent.architecture()));
    cells.extend(individual.agent.hyperparameters().iter().map(|hyperparameter| hyperparameter.value.to_string()));
    format!("{}\n", cells.join(","))
}

/// Quotes a cell as in RFC 4180.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// Returns the cells of the first record of a table.
fn first_record(table: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut letters = table.chars().peekable();
    let mut is_quoted = false;
    while let Some(letter) = letters.next() {
        match letter {
            // Two of them within quotes stand for one.
            '"' if is_quoted && letters.next_if_eq(&'"').is_some() => cells.last_mut().expect("one at least").push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            '\n' if !is_quoted => break,
            letter => cells.last_mut().expect("one at least").push(letter),
        }
    }
    cells
}
