//! Who becomes a parent.

use std::cmp::Ordering;

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Evolve, HpoError, Individual, error::out_of_range};

/// Tournament selection.
///
/// For every place of the next generation `size` individuals are drawn and the best of them becomes the parent. They
/// are drawn *with* replacement, as AgileRL does, so even the worst can win, against itself: with six individuals and
/// tournaments of two, the best wins 30.6 % and the worst 2.8 % of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tournament {
    /// Individuals per tournament (2, as in AgileRL's documentation).
    pub size: usize,
    /// Whether the best individual goes on in place 0 (true).
    pub elitism: bool,
    /// Number of an individual's own last fitnesses that its score averages (1).
    pub window: usize,
}

impl Default for Tournament {
    fn default() -> Self {
        Self { size: 2, elitism: true, window: 1 }
    }
}

impl Tournament {
    /// Whether the settings make sense for this many individuals.
    ///
    /// # Errors
    /// Names the setting, its value and its range.
    pub fn validate(&self, population: usize) -> Result<(), HpoError> {
        if population == 0 {
            return Err(out_of_range("population", 0, "at least 1 individual"));
        }
        if !(1..=population).contains(&self.size) {
            let expected = format!("between 1 and the size of the population, {population}");
            return Err(out_of_range("tournament.size", self.size, expected));
        }
        if self.window == 0 {
            return Err(out_of_range("tournament.window", 0, "at least 1"));
        }
        Ok(())
    }

    /// The scores that [`select`](Self::select) compares: each individual's own mean over the window, NaN where it
    /// must not be a parent.
    pub fn scores<A: Evolve>(&self, population: &[Individual<A>]) -> Vec<f64> {
        population.iter().map(|individual| individual.score(self.window)).collect()
    }

    /// Chooses a parent for every place, and carries nothing out. Among equal scores the first place wins; an
    /// individual whose score is not finite takes part in no tournament.
    ///
    /// ```
    /// use agilerl_hpo::{Purpose, Streams, Tournament};
    ///
    /// let mut rng = Streams::new(1).get(Purpose::Selection, 1, 0, 0);
    /// let selection = Tournament::default().select(&[10.0, 30.0, f64::NAN, 20.0], &mut rng)?;
    /// assert_eq!(selection.elite, 1);
    /// assert_eq!(selection.parents.len(), 4);
    /// assert!(!selection.parents.contains(&2));
    /// # Ok::<(), agilerl_hpo::HpoError>(())
    /// ```
    ///
    /// # Errors
    /// [`HpoError::NoneFinite`] if no score is finite.
    pub fn select(&self, scores: &[f64], rng: &mut impl Rng) -> Result<Selection, HpoError> {
        let eligible: Vec<usize> = (0..scores.len()).filter(|&place| scores[place].is_finite()).collect();
        let elite = best(&eligible, scores).ok_or(HpoError::NoneFinite { population: scores.len() })?;
        let tournament = |place| {
            if self.elitism && place == 0 {
                return elite;
            }
            let drawn: Vec<usize> =
                (0..self.size.max(1)).map(|_| eligible[rng.random_range(0..eligible.len())]).collect();
            best(&drawn, scores).expect("at least one is drawn")
        };
        let parents = (0..scores.len()).map(tournament).collect();
        Ok(Selection { elite, keep_elite: self.elitism, parents })
    }
}

/// The decision of a tournament, as data: print it, save it, or carry it out with [`reproduce`](Self::reproduce).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Place of the best.
    pub elite: usize,
    /// Whether place 0 of the next generation is the elite itself, rather than its child.
    pub keep_elite: bool,
    /// For each place of the next generation, the place of its parent.
    pub parents: Vec<usize>,
}

impl Selection {
    /// The next generation before its mutation: the elite exactly as it is, if it is kept, and children with new ids.
    pub fn reproduce<A: Evolve>(&self, population: &[Individual<A>]) -> Vec<Individual<A>> {
        let mut ids = new_ids(population);
        let occupy = |(place, &parent): (usize, &usize)| {
            let parent = &population[parent];
            if place == 0 && self.keep_elite {
                parent.clone()
            } else {
                parent.child(ids.next().expect("ids do not run out"))
            }
        };
        self.parents.iter().enumerate().map(occupy).collect()
    }
}

/// Ids that nobody has had in this run: a generation always holds the greatest id given so far.
pub(crate) fn new_ids<A>(population: &[Individual<A>]) -> impl Iterator<Item = u64> + use<A> {
    population.iter().map(|individual| individual.id + 1).max().unwrap_or(0)..
}

/// The first of the places with the greatest score; NaN is less than any number.
pub(crate) fn best(places: &[usize], scores: &[f64]) -> Option<usize> {
    places.iter().copied().min_by(|&a, &b| nan_last(scores[b], scores[a]).then(a.cmp(&b)))
}

/// Orders numbers upwards, with NaN below them all.
pub(crate) fn nan_last(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}
