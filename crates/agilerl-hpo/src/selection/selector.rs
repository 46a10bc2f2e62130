//! The trait of selectors, and their decision.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::error::HpoError;
use crate::evolution::evolve::Evolve;
use crate::evolution::individual::{Individual, new_ids};
use crate::streams::StreamRng;

/// Chooses the origin of each individual of the next generation.
///
/// A selector only decides; [`Selection::reproduce`] carries the decision out.
pub trait Selector {
    /// Checks the settings for a population of this size.
    ///
    /// # Errors
    /// Names the setting, its value and its range.
    fn validate(&self, population: usize) -> Result<(), HpoError>;

    /// Returns the number of an individual's own last fitnesses that its score averages.
    fn window(&self) -> usize;

    /// Returns the origin of every place of generation `generation`. An individual whose score is not finite is never a
    /// parent.
    ///
    /// # Errors
    /// [`HpoError::NoneFinite`] if no score is finite.
    fn select(&self, generation: u64, scores: &[f64], rng: &mut StreamRng) -> Result<Selection, HpoError>;

    /// Returns the scores that [`select`](Self::select) compares: each individual's own mean over the window, NaN where it
    /// must not be a parent.
    fn scores<A: Evolve>(&self, population: &[Individual<A>]) -> Vec<f64>
    where
        Self: Sized,
    {
        population.iter().map(|individual| individual.score(self.window())).collect()
    }
}

/// The origin of an individual: a place of the generation before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The individual of this place itself, exactly as it was evaluated.
    Kept(usize),
    /// A child of the individual of this place.
    ChildOf(usize),
}

impl Origin {
    /// Returns the place of the generation before, of the individual itself or of its parent.
    pub fn place(self) -> usize {
        match self {
            Self::Kept(place) | Self::ChildOf(place) => place,
        }
    }
}

/// The decision of a selector, as data: print it, save it, or carry it out with [`reproduce`](Self::reproduce).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Place of the fittest individual of the old generation.
    pub elite: usize,
    /// For each place of the next generation, its origin.
    pub origins: Vec<Origin>,
}

impl Selection {
    /// Returns the next generation before its mutation: kept individuals exactly as they are, and children with new ids.
    pub fn reproduce<A: Evolve>(&self, population: &[Individual<A>]) -> Vec<Individual<A>> {
        let mut ids = new_ids(population);
        let mut next = Vec::with_capacity(self.origins.len());
        for origin in &self.origins {
            next.push(match *origin {
                Origin::Kept(place) => population[place].clone(),
                Origin::ChildOf(place) => population[place].child(ids.next().expect("ids do not run out")),
            });
        }
        next
    }
}

/// Returns the first of the places with the greatest score; NaN is less than any number.
pub(crate) fn best(places: &[usize], scores: &[f64]) -> Option<usize> {
    places.iter().copied().min_by(|&a, &b| descending(scores, a, b))
}

/// Orders places by their scores, the greatest first and NaN last, and equal scores by place.
pub(crate) fn descending(scores: &[f64], a: usize, b: usize) -> Ordering {
    nan_last(scores[b], scores[a]).then(a.cmp(&b))
}

/// Orders numbers upwards, with NaN below them all.
fn nan_last(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}
