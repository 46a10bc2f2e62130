//! Truncation selection.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{HpoError, out_of_range};
use crate::selection::selector::{Origin, Selection, Selector, descending};
use crate::streams::StreamRng;

/// Truncation selection, as in population-based training (Jaderberg et al., 2017, section 4.1.1).
///
/// The individuals are ranked. Each of the lowest `share` is replaced by a child of a parent that is drawn uniformly from
/// the best `share`; every other individual is kept in its place and goes on learning. An individual whose score is not
/// finite is replaced even if it is not among the lowest `share`: it would never recover.
///
/// ```
/// use agilerl_hpo::{Origin, Purpose, Selector, Streams, TruncationSelection};
///
/// let mut rng = Streams::new(1).get(Purpose::Selection, 1, 0, 0);
/// let truncation = TruncationSelection { share: 0.25, window: 1 };
/// let selection = truncation.select(1, &[10.0, 40.0, 20.0, 30.0], &mut rng)?;
/// // A quarter of four is one: the worst is replaced by a child of the best.
/// assert_eq!(selection.origins, [Origin::ChildOf(1), Origin::Kept(1), Origin::Kept(2), Origin::Kept(3)]);
/// # Ok::<(), agilerl_hpo::HpoError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TruncationSelection {
    /// Share of the population that is replaced, and share from which the parents are drawn, rounded down to whole
    /// individuals but at least one (0.2, as in Jaderberg et al., 2017).
    pub share: f64,
    /// Number of an individual's own last fitnesses that its score averages (1).
    pub window: usize,
}

impl Default for TruncationSelection {
    fn default() -> Self {
        Self { share: 0.2, window: 1 }
    }
}

impl TruncationSelection {
    /// Returns the number of individuals that `share` stands for.
    fn count(&self, population: usize) -> usize {
        // A share of 0.29 of 100 is 29, though 0.29 * 100 is less as an f64.
        let count = (self.share * population as f64 + 1e-9) as usize;
        // An individual alone cannot replace itself.
        count.max(1).min(population / 2)
    }
}

impl Selector for TruncationSelection {
    fn validate(&self, population: usize) -> Result<(), HpoError> {
        if population == 0 {
            return Err(out_of_range("population", 0, "at least 1 individual"));
        }
        // With more than half, an individual could be replaced and a parent.
        if !(self.share > 0.0 && self.share <= 0.5) {
            return Err(out_of_range("selection.share", self.share, "a number above 0 and at most 0.5"));
        }
        if self.window == 0 {
            return Err(out_of_range("selection.window", 0, "at least 1"));
        }
        Ok(())
    }

    fn window(&self) -> usize {
        self.window
    }

    /// Among equal scores the first place ranks higher.
    fn select(&self, _generation: u64, scores: &[f64], rng: &mut StreamRng) -> Result<Selection, HpoError> {
        let population = scores.len();
        let mut ranking: Vec<usize> = (0..population).filter(|&place| scores[place].is_finite()).collect();
        ranking.sort_by(|&a, &b| descending(scores, a, b));
        let Some(&elite) = ranking.first() else { return Err(HpoError::NoneFinite { population }) };
        let count = self.count(population);
        // Individuals that are not finite count among the lowest, and all of them are replaced.
        let kept = ranking.len().min(population - count);
        let parents = &ranking[..count.clamp(1, kept)];
        let mut origins = Vec::with_capacity(population);
        for place in 0..population {
            if ranking[..kept].contains(&place) {
                origins.push(Origin::Kept(place));
            } else {
                origins.push(Origin::ChildOf(parents[rng.random_range(0..parents.len())]));
            }
        }
        Ok(Selection { elite, origins })
    }
}
