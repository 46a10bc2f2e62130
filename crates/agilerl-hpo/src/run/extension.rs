//! Extends a finished run by more generations.

use crate::error::{HpoError, out_of_range};
use crate::run::event::{Ending, Event};
use crate::run::task::Task;
use crate::run::trainer::Trainer;
use crate::selection::selector::Selector as _;

impl<T: Task> Trainer<T> {
    /// Checks whether a finished run can be [extended](Self::extend) to this number of generations and this target.
    ///
    /// # Errors
    /// [`HpoError::Config`] if that many generations are done already, or if the elite has already confirmed the
    /// target; [`HpoError::NotOver`] if the run has not ended.
    pub fn check_extension(&self, generations: u64, target: Option<f64>) -> Result<(), HpoError> {
        let Some(verdict) = &self.progress.verdict else { return Err(HpoError::NotOver) };
        let done = self.progress.generation;
        if generations <= done {
            let expected = format!("more than the {done} that are done");
            return Err(out_of_range("generations", generations, expected));
        }
        let confirmed = self.progress.ending == Some(Ending::TargetConfirmed);
        match target {
            Some(target) if !target.is_finite() => Err(out_of_range("target", target, "finite")),
            // The run would end again at once, or continue without a use.
            Some(target) if confirmed && target <= verdict.estimate => {
                let (id, mean) = (verdict.individual.id, verdict.estimate);
                let expected = format!(
                    "more than {mean}, or none: this run is over, because individual {id} scored that on fresh episodes"
                );
                Err(out_of_range("target", target, expected))
            }
            _ => Ok(()),
        }
    }

    /// Extends a finished run to `generations` generations in all, with this target. The next generation is bred at
    /// once, and the elite that the run ended with is the best individual so far. The lineage records the extension, so
    /// the signature differs from now on; equal extensions of equal runs have equal signatures.
    ///
    /// ```
    /// use agilerl_hpo::{Trainer, TrainerConfig, toy::{Guess, GuessTheNumber}};
    ///
    /// let config = TrainerConfig { generations: 2, ..TrainerConfig::default() };
    /// let mut trainer = Trainer::new(GuessTheNumber { number: 7.5 }, vec![Guess::new(); 4], config)?;
    /// let two = trainer.run()?;
    /// trainer.extend(5, None)?;
    /// let five = trainer.run()?;
    /// assert_eq!((two.generations, five.generations), (2, 5));
    /// assert_ne!(two.signature, five.signature);
    /// # Ok::<(), agilerl_hpo::HpoError>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`check_extension`](Self::check_extension), which leave the run as it was; or if the task or an
    /// observer fails.
    pub fn extend(&mut self, generations: u64, target: Option<f64>) -> Result<(), HpoError> {
        self.check_extension(generations, target)?;
        if std::mem::replace(&mut self.broken, true) {
            return Err(HpoError::Broken);
        }
        if self.began.is_none() {
            self.begin()?;
        }
        let Self { config, progress, audience, .. } = self;
        (config.generations, config.target) = (generations, target);
        progress.lineage.add_extension(generations, target);
        (progress.ending, progress.announced_end) = (None, false);
        // Its estimate comes from fresh episodes, and is better than any fitness.
        progress.champion = progress.verdict.take();
        let champion = progress.champion.as_ref().expect("a run that is over has a verdict");
        audience.stop = false;
        audience.tell(&Event::Extended {
            generation: progress.generation,
            generations,
            target,
            elite: &champion.individual,
            confirmed_mean: champion.estimate,
        })?;
        self.breed(&self.config.selection.scores(&self.progress.population))?;
        self.broken = false;
        Ok(())
    }
}
