//! Tournament selection.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{HpoError, out_of_range};
use crate::selection::selector::{Origin, Selection, Selector, best};
use crate::streams::StreamRng;

/// Tournament selection.
///
/// For every place of the next generation `size` individuals are drawn and the best of them becomes the parent. They
/// are drawn *with* replacement, as AgileRL does, so even the worst can win, against itself: with six individuals and
/// tournaments of two, the best wins 30.6 % and the worst 2.8 % of them. With elitism place 0 keeps the best individual
/// itself; all other places get children.
///
/// ```
/// use agilerl_hpo::{Origin, Purpose, Selector, Streams, Tournament};
///
/// let mut rng = Streams::new(1).get(Purpose::Selection, 1, 0, 0);
/// let selection = Tournament::default().select(1, &[10.0, 30.0, f64::NAN, 20.0], &mut rng)?;
/// assert_eq!((selection.elite, selection.origins[0]), (1, Origin::Kept(1)));
/// assert!(!selection.origins.contains(&Origin::ChildOf(2)));
/// # Ok::<(), agilerl_hpo::HpoError>(())
/// ```
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

impl Selector for Tournament {
    fn validate(&self, population: usize) -> Result<(), HpoError> {
        if population == 0 {
            return Err(out_of_range("population", 0, "at least 1 individual"));
        }
        if !(1..=population).contains(&self.size) {
            let expected = format!("between 1 and the size of the population, {population}");
            return Err(out_of_range("selection.size", self.size, expected));
        }
        if self.window == 0 {
            return Err(out_of_range("selection.window", 0, "at least 1"));
        }
        Ok(())
    }

    fn window(&self) -> usize {
        self.window
    }

    /// Among equal scores the first place wins; an individual whose score is not finite takes part in no tournament.
    fn select(&self, _generation: u64, scores: &[f64], rng: &mut StreamRng) -> Result<Selection, HpoError> {
        let eligible: Vec<usize> = (0..scores.len()).filter(|&place| scores[place].is_finite()).collect();
        let elite = best(&eligible, scores).ok_or(HpoError::NoneFinite { population: scores.len() })?;
        let mut origins = Vec::with_capacity(scores.len());
        for place in 0..scores.len() {
            if self.elitism && place == 0 {
                origins.push(Origin::Kept(elite));
                continue;
            }
            let drawn: Vec<usize> =
                (0..self.size.max(1)).map(|_| eligible[rng.random_range(0..eligible.len())]).collect();
            origins.push(Origin::ChildOf(best(&drawn, scores).expect("at least one is drawn")));
        }
        Ok(Selection { elite, origins })
    }
}
