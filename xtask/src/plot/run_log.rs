//! Reads a run from its log.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The parts of a run that the picture shows.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct RunLog {
    /// The environment's name, if the folder holds an elite that names it.
    pub(crate) env: Option<String>,
    pub(crate) seed: u64,
    pub(crate) population: usize,
    /// The mean return that the run had as its target.
    pub(crate) target: Option<f64>,
    pub(crate) generations: usize,
    /// One dot for each individual and generation, in the order of the log.
    pub(crate) dots: Vec<Dot>,
    pub(crate) tests: Vec<Test>,
    pub(crate) end: Option<End>,
}

/// An individual in a generation.
#[derive(Debug, PartialEq)]
pub(crate) struct Dot {
    pub(crate) id: u64,
    pub(crate) generation: u64,
    /// Its place in the population.
    pub(crate) place: usize,
    /// Transitions trained by then, over all individuals.
    pub(crate) env_steps: u64,
    /// NaN if the log has none.
    pub(crate) fitness: f64,
    /// The number of episodes whose mean return is the fitness.
    pub(crate) episodes: usize,
    /// The kind of mutation that made it; a survivor of an earlier generation is unchanged.
    pub(crate) kind: Kind,
    pub(crate) hyperparameters: BTreeMap<String, f64>,
    pub(crate) hidden_nodes: Option<usize>,
    /// The dots of the generation before that it comes from: itself as a survivor, or its parents.
    pub(crate) from: Vec<usize>,
}

/// Kinds of mutation, in the order of the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    #[serde(rename = "none")]
    Unchanged,
    Architecture,
    Parameters,
    Activation,
    Hyperparameter,
}

/// An evaluation on fresh episodes.
#[derive(Debug, PartialEq)]
pub(crate) struct Test {
    pub(crate) id: u64,
    pub(crate) env_steps: u64,
    pub(crate) episodes: usize,
    pub(crate) mean: f64,
    pub(crate) reached: bool,
}

/// The outcome of the run.
#[derive(Debug, PartialEq)]
pub(crate) struct End {
    pub(crate) elite: u64,
    pub(crate) env_steps: u64,
    pub(crate) wall_seconds: f64,
}

/// The lines of the log that matter here.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Started {
        seed: u64,
        population: usize,
        target: Option<f64>,
    },
    Individual {
        generation: u64,
        id: u64,
        parents: Vec<u64>,
        mutation: Mutation,
        hyperparameters: BTreeMap<String, f64>,
        architecture: String,
        fitness: Option<f64>,
        returns: Vec<Option<f64>>,
    },
    Generation {
        generation: u64,
        env_steps: u64,
    },
    Confirmed {
        id: u64,
        episodes: usize,
        mean: Option<f64>,
        reached: bool,
    },
    Ended {
        elite: u64,
        env_steps: u64,
        wall_seconds: f64,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Mutation {
    kind: Kind,
}

impl RunLog {
    /// Reads the log in the folder of a run, and the environment's name from the elite beside it.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("events.jsonl");
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut log = Self::parse(&text).with_context(|| format!("{} is not the log of a run", path.display()))?;
        log.env = std::fs::read(folder.join("elite.json")).ok().and_then(|json| {
            #[derive(Deserialize)]
            struct Elite {
                env: String,
            }
            Some(serde_json::from_slice::<Elite>(&json).ok()?.env)
        });
        Ok(log)
    }

    /// Reads a log's text. A last line that is cut off, as a killed run leaves it, is left out, and so are the
    /// individuals of a generation that the log does not finish.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut log = Self::default();
        let mut unfinished = Vec::new();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        for (number, line) in whole.lines().enumerate() {
            match serde_json::from_str(line).with_context(|| format!("line {}", number + 1))? {
                Line::Started { seed, population, target } => {
                    (log.seed, log.population, log.target) = (seed, population, target);
                }
                Line::Individual {
                    generation,
                    id,
                    parents,
                    mutation,
                    hyperparameters,
                    architecture,
                    fitness,
                    returns,
                } => {
                    let before = |id: u64| {
                        let earlier = |dot: &Dot| dot.id == id && dot.generation + 1 == generation;
                        log.dots.iter().position(earlier)
                    };
                    let survivor = before(id);
                    unfinished.push(Dot {
                        id,
                        generation,
                        place: unfinished.len(),
                        env_steps: 0,
                        fitness: fitness.unwrap_or(f64::NAN),
                        episodes: returns.len(),
                        kind: if survivor.is_some() { Kind::Unchanged } else { mutation.kind },
                        hyperparameters,
                        hidden_nodes: hidden_nodes(&architecture),
                        from: survivor
                            .map_or_else(|| parents.into_iter().filter_map(before).collect(), |dot| vec![dot]),
                    });
                }
                Line::Generation { generation, env_steps } => {
                    log.generations = generation as usize + 1;
                    log.dots.extend(unfinished.drain(..).map(|dot| Dot { env_steps, ..dot }));
                }
                Line::Confirmed { id, episodes, mean, reached } => {
                    let env_steps = log.dots.last().map_or(0, |dot| dot.env_steps);
                    log.tests.push(Test { id, env_steps, episodes, mean: mean.unwrap_or(f64::NAN), reached });
                }
                Line::Ended { elite, env_steps, wall_seconds } => {
                    log.end = Some(End { elite, env_steps, wall_seconds })
                }
                Line::Other => {}
            }
        }
        ensure!(!log.dots.is_empty(), "it holds no generation that was trained and evaluated");
        Ok(log)
    }

    /// The dots that lead to the elite of the run, the last first; of an unfinished run, to the best of its last
    /// generation.
    pub(crate) fn ancestry(&self) -> Vec<usize> {
        let last = self.dots.iter().map(|dot| dot.generation).max();
        let best = || {
            let latest = (0..self.dots.len()).filter(|&dot| Some(self.dots[dot].generation) == last);
            latest
                .filter(|&dot| self.dots[dot].fitness.is_finite())
                .max_by(|&a, &b| self.dots[a].fitness.total_cmp(&self.dots[b].fitness))
        };
        let elite = match &self.end {
            Some(end) => self.dots.iter().rposition(|dot| dot.id == end.elite),
            None => best(),
        };
        std::iter::successors(elite, |&dot| self.dots[dot].from.first().copied()).collect()
    }
}

/// The number of nodes between the inputs and the outputs: 80 of `8-[64, 16]-4 relu`.
fn hidden_nodes(architecture: &str) -> Option<usize> {
    let (_, rest) = architecture.split_once('[')?;
    let (layers, _) = rest.split_once(']')?;
    layers.split(',').map(|nodes| nodes.trim().parse::<usize>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = include_str!("../../tests/run/events.jsonl");

    #[test]
    fn dots_know_their_steps_their_origin_and_what_made_them() {
        let log = RunLog::parse(LOG).unwrap();
        assert_eq!((log.seed, log.population, log.generations), (7, 2, 3));
        let dots: Vec<_> =
            log.dots.iter().map(|dot| (dot.id, dot.place, dot.env_steps, dot.kind, dot.from.clone())).collect();
        let expected = [
            (0, 0, 1000, Kind::Unchanged, vec![]),
            (1, 1, 1000, Kind::Unchanged, vec![]),
            (1, 0, 2000, Kind::Unchanged, vec![1]),
            (2, 1, 2000, Kind::Architecture, vec![1]),
            // The log repeats what once made a survivor; it has not been mutated again.
            (2, 0, 3000, Kind::Unchanged, vec![3]),
            (3, 1, 3000, Kind::Hyperparameter, vec![2]),
        ];
        assert_eq!(dots, expected);
        assert_eq!((log.dots[5].hyperparameters["lr"], log.dots[5].hidden_nodes), (0.0012, Some(96)));
    }

    #[test]
    fn the_ancestry_leads_from_the_elite_to_its_founder() {
        assert_eq!(RunLog::parse(LOG).unwrap().ancestry(), [4, 3, 1]);
    }

    #[test]
    fn the_confirmation_stands_where_the_run_stood() {
        let log = RunLog::parse(LOG).unwrap();
        assert_eq!(log.tests, [Test { id: 2, env_steps: 3000, episodes: 100, mean: 20.5, reached: true }]);
        assert_eq!(log.end, Some(End { elite: 2, env_steps: 3000, wall_seconds: 1.5 }));
    }

    #[test]
    fn a_log_that_was_cut_off_gives_its_finished_generations() {
        let cut = LOG.find(r#""generation":2"#).unwrap() + 5;
        let log = RunLog::parse(&LOG[..cut]).unwrap();
        assert_eq!((log.generations, log.dots.len(), log.end.is_none()), (2, 4, true));
        assert_eq!(log.ancestry(), [3, 1], "the best of the last generation");
    }

    #[test]
    fn fitness_that_is_not_finite_is_no_best() {
        let log = RunLog::parse(&LOG.replace(r#""fitness":12.0"#, r#""fitness":null"#)).unwrap();
        assert!(log.dots[3].fitness.is_nan());
        let log = RunLog { end: None, ..RunLog { dots: log.dots.into_iter().take(4).collect(), ..RunLog::default() } };
        assert_eq!(log.ancestry(), [2, 1]);
    }

    #[test]
    fn another_file_is_refused_with_the_line() {
        let error = RunLog::parse("{\"event\":\"started\"}\n").unwrap_err();
        assert!(format!("{error:#}").starts_with("line 1: missing field"), "{error:#}");
        assert!(RunLog::parse("").unwrap_err().to_string().contains("no generation"));
    }

    #[test]
    fn nodes_are_counted_over_all_hidden_layers() {
        assert_eq!(hidden_nodes("8-[64, 64, 16]-4 relu norm"), Some(144));
        assert_eq!(hidden_nodes("8-[32]-4 relu"), Some(32));
        assert_eq!(hidden_nodes("a toy"), None);
    }
}
