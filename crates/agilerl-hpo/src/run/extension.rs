//! More generations for a run that is over.

use crate::error::{HpoError, out_of_range};
use crate::run::event::{Ending, Event};
use crate::run::task::Task;
use crate::run::trainer::Trainer;
use crate::selection::selector::Selector as _;

impl<T: Task> Trainer<T> {
    /// Whether a run that is over can [go on](Self::extend) like this.
    ///
    /// # Errors
    /// [`HpoError::Config`] if there are no more generations than are done, or if the target is one that the elite has
    /// confirmed; [`HpoError::NotOver`].
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
            // It would be over again at once, or go on in vain.
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

    /// Has a run that is over go on, to so many generations in all and to this target: it breeds the generation that comes
    /// next, and what it has of an elite is the one that it ended with. The digest of the lineage takes this in, so the
    /// signature is another from here on, and the same for all that do the same.
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
    /// What [`check_extension`](Self::check_extension) says, and nothing has changed then; or if an observer fails.
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
        // It is known from fresh episodes how good it is: better than any fitness tells.
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
