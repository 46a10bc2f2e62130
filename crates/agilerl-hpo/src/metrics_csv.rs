//! The table that spreadsheets and plots read.

use std::path::Path;

use crate::{
    Digest, Event, Evolve, Flow, GenerationReport, HpoError, Individual, LogFile, Observer, ObserverError, Storage,
};

/// The columns before the hyperparameters.
const COLUMNS: &str = "generation,env_steps,eval_steps,id,parent,elite,fitness,spread,train_episodes,train_return,updates,\
                       loss,value,grad_norm,mutation,architecture";

/// Writes one line per individual and generation, in columns:
///
/// | column | content |
/// |---|---|
/// | `generation` | from 0 |
/// | `env_steps`, `eval_steps` | of the whole population so far |
/// | `id`, `parent` | of the individual; no parent in the first generation |
/// | `elite` | 1 for the fittest of the generation |
/// | `fitness`, `spread` | mean and standard deviation of the evaluation's returns |
/// | `train_episodes`, `train_return` | complete training episodes of the generation, and their mean return |
/// | `updates`, `loss`, `value`, `grad_norm` | gradient updates of the generation, and means over them |
/// | `mutation`, `architecture` | what changed it at birth, and what its network is |
/// | the rest | its hyperparameters by name |
///
/// A mean over nothing is empty, and what is not finite reads `NaN` or `inf`. There is no clock in it: two runs with one
/// seed leave the same table.
pub struct MetricsCsv {
    file: LogFile,
}

impl MetricsCsv {
    /// Opens the file; one of that name is overwritten. The folder must be there.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(storage: &dyn Storage, path: &Path) -> Result<Self, HpoError> {
        Ok(Self { file: LogFile::create(storage, path)? })
    }

    /// Goes on where the table stood when [`digest`](Self::digest) was taken.
    ///
    /// # Errors
    /// If the file is not there, or if what it held then has been changed.
    pub fn resume(storage: &dyn Storage, path: &Path, digest: &Digest) -> Result<Self, HpoError> {
        Ok(Self { file: LogFile::resume(storage, path, digest)? })
    }

    /// What the table holds, made to survive a loss of power.
    ///
    /// # Errors
    /// If it cannot be synced.
    pub fn digest(&mut self) -> Result<Digest, HpoError> {
        self.file.sync()?;
        Ok(self.file.digest())
    }

    fn header<A: Evolve>(&mut self, population: &[Individual<A>]) -> Result<(), HpoError> {
        let names = population.first().map(|individual| individual.agent.hyperparameters()).unwrap_or_default();
        let names: String = names.iter().map(|hyperparameter| format!(",{}", quoted(&hyperparameter.name))).collect();
        self.file.write(format!("{COLUMNS}{names}\n").as_bytes())
    }

    fn rows<A: Evolve>(&mut self, report: &GenerationReport<'_, A>) -> Result<(), HpoError> {
        let rows: String = (0..report.population.len()).map(|place| row(report, place)).collect();
        self.file.write(rows.as_bytes())
    }
}

impl<A: Evolve> Observer<A> for MetricsCsv {
    fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, ObserverError> {
        match event {
            Event::Started { population, .. } => self.header(population)?,
            // The table of the run so far is elsewhere: this one needs titles of its own.
            Event::Resumed { population, .. } if self.file.is_empty() => self.header(population)?,
            Event::Evaluated(report) => self.rows(report)?,
            _ => {}
        }
        Ok(Flow::Continue)
    }
}

fn row<A: Evolve>(report: &GenerationReport<'_, A>, place: usize) -> String {
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
        mean(training.loss_sum, training.updates),
        mean(training.value_sum, training.updates),
        mean(training.grad_norm_sum, training.updates),
        individual.mutated.change.as_ref().map_or(String::new(), |change| quoted(&change.what)),
        quoted(&individual.agent.architecture()),
    ];
    cells.extend(individual.agent.hyperparameters().iter().map(|hyperparameter| hyperparameter.value.to_string()));
    format!("{}\n", cells.join(","))
}

/// A cell as RFC 4180 wants it.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
