//! What mutates, and how often.

use agilerl_hpo::{
    Bounds, Change, Evolve, Hyperparameter, Individual, Mutated, Mutation, MutationKind, Purpose, StreamRng, Streams,
};

use crate::gene_pool::Genes;

/// How often each kind takes hold in so many mutations.
fn rates(mutation: &Mutation, mutations: usize) -> Vec<(MutationKind, usize)> {
    let mut counts: Vec<_> = MutationKind::all().map(|kind| (kind, 0)).collect();
    for number in 0..mutations {
        let mut rng = Streams::new(3).get(Purpose::Mutation, 0, number, 0);
        let Mutated { kind, .. } = mutation.apply(&mut Genes::usual(), &mut rng);
        counts.iter_mut().find(|(counted, _)| *counted == kind).expect("one of all").1 += 1;
    }
    counts
}

#[track_caller]
fn check(counts: Vec<(MutationKind, usize)>, shares: [f64; 6]) {
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    for ((kind, count), share) in counts.into_iter().zip(shares) {
        let sigma = (total as f64 * share * (1.0 - share)).sqrt();
        assert!((count as f64 - total as f64 * share).abs() <= 3.0 * sigma, "{kind}: {count} of {total}");
    }
}

#[test]
fn the_rates_of_the_seed_are_its_weights() {
    check(rates(&Mutation::default(), 20_000), [0.4, 0.2, 0.2, 0.0, 0.2, 0.0]);
}

#[test]
fn weights_are_normalised() {
    // They sum to 0.5.
    let half = Mutation {
        no_mutation: 0.1,
        architecture: 0.05,
        parameters: 0.05,
        activation: 0.1,
        rl_hp: 0.1,
        dormant: 0.1,
        ..Mutation::default()
    };
    check(rates(&half, 20_000), [0.2, 0.1, 0.1, 0.2, 0.2, 0.2]);
}

#[test]
fn a_weight_of_zero_never_happens() {
    check(rates(&Mutation::none(), 1_000), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn a_mutation_that_changed_nothing_is_none() {
    let always = Mutation { no_mutation: 0.0, rl_hp: 0.0, activation: 0.5, ..Mutation::default() };
    let mut genes = Genes { rigid: true, ..Genes::usual() };
    let untouched = genes.clone();
    for place in 0..100 {
        let mutated = always.apply(&mut genes, &mut Streams::new(1).get(Purpose::Mutation, 0, place, 0));
        assert_eq!(mutated, Mutated::default());
    }
    assert_eq!(genes, untouched);
}

#[test]
fn the_kept_elite_is_not_mutated_and_children_are() {
    let always = Mutation { no_mutation: 0.0, ..Mutation::default() };
    let mut population = Individual::founders(vec![Genes::usual(); 3]);
    population[0].fitness.push(1.0);
    let before = population.clone();
    always.mutate(&mut population, &Streams::new(1), 1);
    assert_eq!(population[0], before[0]);
    assert!(population[1..].iter().all(|child| child.mutated.kind != MutationKind::None));

    let elite_too = Mutation { mutate_elite: true, ..always };
    let mut population = before;
    elite_too.mutate(&mut population, &Streams::new(1), 1);
    assert_eq!((population[0].id, population[0].parents.as_slice()), (3, &[0][..]));
    assert!(population[0].fitness.is_empty());
    assert_ne!(population[0].mutated.kind, MutationKind::None);
}

#[test]
fn what_an_individual_becomes_does_not_depend_on_the_others() {
    let mutate = |population: usize| {
        let mut population = Individual::founders(vec![Genes::usual(); population]);
        Mutation::default().mutate(&mut population, &Streams::new(9), 4);
        population
    };
    assert_eq!(mutate(3), mutate(6)[..3]);
}

#[test]
fn each_kind_of_mutation_hears_its_own_setting() {
    /// Tells what it was told.
    #[derive(Clone)]
    struct Echo;
    fn told(what: &str, setting: f64) -> Option<Change> {
        Some(Change { what: what.to_owned(), before: 0.into(), after: setting.into() })
    }
    impl Evolve for Echo {
        fn hyperparameters(&self) -> Vec<Hyperparameter> {
            Vec::new()
        }
        fn set_hyperparameter(&mut self, _: &str, _: f64) {}
        fn mutate(&mut self, kind: MutationKind, settings: &Mutation, _: &mut StreamRng) -> Option<Change> {
            match kind {
                MutationKind::Architecture => told("architecture", settings.new_layer_prob),
                MutationKind::Parameters => told("parameters", settings.mutation_sd),
                MutationKind::Dormant => told("dormant", settings.dormant_tau),
                _ => None,
            }
        }
    }
    let silent =
        Mutation { new_layer_prob: 0.75, mutation_sd: 0.5, dormant_tau: 0.25, no_mutation: 0.0, ..Mutation::none() };
    for (mutation, kind, expected) in [
        (Mutation { architecture: 0.25, ..silent.clone() }, MutationKind::Architecture, told("architecture", 0.75)),
        (Mutation { parameters: 0.25, ..silent.clone() }, MutationKind::Parameters, told("parameters", 0.5)),
        (Mutation { dormant: 0.5, ..silent }, MutationKind::Dormant, told("dormant", 0.25)),
    ] {
        let mut rng = Streams::new(1).get(Purpose::Mutation, 0, 0, 0);
        assert_eq!(mutation.apply(&mut Echo, &mut rng), Mutated { kind, change: expected });
    }
}

#[test]
fn a_hyperparameter_that_is_selected_already_is_drawn_no_more_often() {
    let bounds = Bounds { min: 1e-3, max: 1.0, factor: 2.0 };
    let mutation = Mutation::default().with_hyperparameter("lr", bounds).with_hyperparameter("gamma", bounds);
    assert_eq!(mutation.rl_hp_selection, ["lr", "batch_size", "gamma"]);
    assert_eq!((mutation.bounds["lr"], mutation.bounds["gamma"]), (bounds, bounds));
}

#[test]
fn every_kind_has_one_name_in_tables_logs_and_signatures() {
    // These names are part of every signature.
    let names = ["none", "architecture", "parameters", "activation", "hyperparameter", "dormant"];
    assert_eq!(MutationKind::all().map(|kind| kind.to_string()).collect::<Vec<_>>(), names);
    for (kind, name) in MutationKind::all().zip(names) {
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{name}\""));
    }
}

#[test]
fn a_kind_with_a_row_in_the_table_reaches_the_agents_and_the_lineage() {
    let dormant = Mutation { dormant: 0.5, no_mutation: 0.0, ..Mutation::none() };
    let mut population = Individual::founders(vec![Genes::usual(); 3]);
    dormant.mutate(&mut population, &Streams::new(1), 1);
    for individual in &population {
        assert_eq!(individual.agent, Genes { dormant: 1, ..Genes::usual() });
        let record = serde_json::to_string(&individual.record()).unwrap();
        let expected = r#""mutation":{"kind":"dormant","change":{"what":"dormant","before":0,"after":1}}"#;
        assert!(record.contains(expected), "{record}");
    }
}

#[test]
fn an_agent_without_anything_but_hyperparameters_has_no_other_kind_of_mutation() {
    #[derive(Clone, Debug, PartialEq)]
    struct Bare;
    impl Evolve for Bare {
        fn hyperparameters(&self) -> Vec<Hyperparameter> {
            Vec::new()
        }
        fn set_hyperparameter(&mut self, _: &str, _: f64) {}
    }
    let all = Mutation { architecture: 0.25, parameters: 0.25, activation: 0.25, dormant: 0.25, ..Mutation::none() };
    let mut rng = Streams::new(1).get(Purpose::Mutation, 0, 0, 0);
    for _ in 0..20 {
        assert_eq!(all.apply(&mut Bare, &mut rng), Mutated::default());
    }
}
