//! Bad settings are refused before anything runs, in words that say what to do.

use agilerl_hpo::{
    Bounds, HpoError, Mutation, SelectionConfig, Tournament, Trainer, TrainerConfig, TruncationSelection,
    toy::{Guess, GuessTheNumber},
};

use crate::{
    gene_pool::Genes,
    population::{guesses, short},
};

fn refusal(agents: Vec<Guess>, change: impl FnOnce(&mut TrainerConfig)) -> String {
    let mut config = short(1);
    change(&mut config);
    let error = Trainer::new(GuessTheNumber { number: 1.0 }, agents, config).err();
    error.expect("the configuration is refused").to_string()
}

#[track_caller]
fn check(change: impl FnOnce(&mut TrainerConfig), expected: &str) {
    assert_eq!(refusal(guesses(), change), expected);
}

#[test]
fn the_tournament_must_fit_the_population() {
    let tournament = |size, window| {
        move |c: &mut TrainerConfig| c.selection = Tournament { size, window, ..Tournament::default() }.into()
    };
    check(tournament(0, 1), "selection.size is 0, but must be between 1 and the size of the population, 6");
    check(tournament(7, 1), "selection.size is 7, but must be between 1 and the size of the population, 6");
    check(tournament(2, 0), "selection.window is 0, but must be at least 1");
    assert_eq!(refusal(Vec::new(), |_| {}), "population is 0, but must be at least 1 individual");
}

#[test]
fn the_share_of_truncation_is_at_most_a_half() {
    let truncation =
        |share, window| move |c: &mut TrainerConfig| c.selection = TruncationSelection { share, window }.into();
    check(truncation(0.0, 1), "selection.share is 0, but must be a number above 0 and at most 0.5");
    check(truncation(0.51, 1), "selection.share is 0.51, but must be a number above 0 and at most 0.5");
    check(truncation(f64::NAN, 1), "selection.share is NaN, but must be a number above 0 and at most 0.5");
    check(truncation(0.5, 0), "selection.window is 0, but must be at least 1");
    let error = TrainerConfig { selection: TruncationSelection::default().into(), ..short(1) }.validate(0);
    assert_eq!(error.unwrap_err().to_string(), "population is 0, but must be at least 1 individual");
    for share in [0.01, 0.5] {
        let config = TrainerConfig { selection: TruncationSelection { share, window: 1 }.into(), ..short(1) };
        config.validate(1).expect("a sound share");
    }
    check(
        |c| {
            c.selection = TruncationSelection::default().into();
            c.mutation.mutate_elite = true;
        },
        "mutation.mutate_elite is true, but must be false where selection.kind is truncation: most individuals are kept, \
         and only children mutate",
    );
}

#[test]
fn a_selection_is_named_by_its_kind() {
    let parse = |text: &str| serde_json::from_str::<SelectionConfig>(text).map_err(|error| error.to_string());
    let truncation = TruncationSelection { share: 0.25, ..TruncationSelection::default() };
    assert_eq!(parse(r#"{"kind": "truncation", "share": 0.25}"#), Ok(truncation.clone().into()));
    assert_eq!(parse(r#"{"kind": "tournament"}"#), Ok(SelectionConfig::default()));
    let text = serde_json::to_string(&SelectionConfig::from(truncation)).expect("it is plain data");
    assert_eq!(text, r#"{"kind":"truncation","share":0.25,"window":1}"#);
    for (text, expected) in [
        (r#"{"size": 3}"#, "missing field `kind`"),
        (r#"{"kind": "roulette"}"#, "unknown variant `roulette`, expected `tournament` or `truncation`"),
        // The settings of one kind are none of the other's.
        (r#"{"kind": "truncation", "size": 3}"#, "unknown field `size`, expected `share` or `window`"),
        (r#"{"kind": "tournament", "share": 0.1}"#, "unknown field `share`"),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(TruncationSelection::default(), TruncationSelection { share: 0.2, window: 1 });
}

#[test]
fn the_schema_knows_each_kind_of_selection_with_its_settings() {
    let schema = serde_json::to_value(schemars::schema_for!(SelectionConfig)).expect("JSON");
    let kinds = schema["oneOf"].as_array().expect("one schema for each kind");
    for (kind, own, foreign) in [("tournament", "size", "share"), ("truncation", "share", "size")] {
        let of_kind = kinds.iter().find(|schema| schema["properties"]["kind"]["const"] == kind);
        let properties = &of_kind.unwrap_or_else(|| panic!("{kind} in {schema:#}"))["properties"];
        assert!(properties.get(own).is_some() && properties.get(foreign).is_none(), "{schema:#}");
    }
}

#[test]
fn probabilities_lie_between_0_and_1() {
    check(|c| c.mutation.dormant = 1.5, "mutation.dormant is 1.5, but must be a probability between 0 and 1");
    check(|c| c.mutation.dormant_tau = -0.1, "mutation.dormant_tau is -0.1, but must be a number between 0 and 1");
    check(|c| c.mutation.dormant_tau = f64::NAN, "mutation.dormant_tau is NaN, but must be a number between 0 and 1");
    check(|c| c.mutation.no_mutation = 1.5, "mutation.no_mutation is 1.5, but must be a probability between 0 and 1");
    check(
        |c| c.mutation.architecture = -0.1,
        "mutation.architecture is -0.1, but must be a probability between 0 and 1",
    );
    check(
        |c| c.mutation.parameters = f64::NAN,
        "mutation.parameters is NaN, but must be a probability between 0 and 1",
    );
    check(|c| c.mutation.activation = 2.0, "mutation.activation is 2, but must be a probability between 0 and 1");
    check(|c| c.mutation.rl_hp = f64::INFINITY, "mutation.rl_hp is inf, but must be a probability between 0 and 1");
    check(
        |c| c.mutation.new_layer_prob = 1.01,
        "mutation.new_layer_prob is 1.01, but must be a probability between 0 and 1",
    );
    check(
        |c| c.mutation = Mutation { no_mutation: 0.0, ..Mutation::none() },
        "mutation: the sum of its weights is 0, but must be above 0; the weights are no_mutation, architecture, \
         parameters, activation, rl_hp, dormant",
    );
    check(|c| c.mutation.mutation_sd = 0.0, "mutation.mutation_sd is 0, but must be a number above 0");
    check(|c| c.mutation.mutation_sd = f64::NAN, "mutation.mutation_sd is NaN, but must be a number above 0");
}

#[test]
fn hyperparameters_are_known_bounded_and_start_inside() {
    check(
        |c| c.mutation.rl_hp_selection.push("lrr".to_owned()),
        "unknown hyperparameter \"lrr\" in mutation.rl_hp_selection; this agent has: lr, batch_size",
    );
    // Whoever brings genes of their own has selected nothing.
    let error = Mutation::default().validate_agent(&Genes::new(&[("gamma", 0.9, false)])).unwrap_err().to_string();
    assert_eq!(
        error,
        "unknown hyperparameter \"lr\" in mutation.rl_hp_selection; this agent has: gamma (lr and batch_size are \
         selected by default: set mutation.rl_hp_selection to names that this agent has, each with bounds in \
         mutation.bounds, or mutation.rl_hp to 0)"
    );
    check(
        |c| c.mutation.rl_hp_selection.clear(),
        "mutation.rl_hp_selection is empty, but must be a list of at least one hyperparameter, or mutation.rl_hp must \
         be 0",
    );
    check(
        |c| c.mutation.bounds.retain(|name, _| name != "lr"),
        "hyperparameter \"lr\" has no bounds; add \"lr\" with min, max and factor to mutation.bounds, or take it out \
         of mutation.rl_hp_selection",
    );
    let bounded = |min, max, factor| {
        move |c: &mut TrainerConfig| {
            c.mutation.bounds.insert("lr".to_owned(), Bounds { min, max, factor });
        }
    };
    check(
        bounded(1e-5, 5e-4, 1.2),
        "lr starts at 0.001, outside its bounds 0.00001 to 0.0005; start inside them, widen mutation.bounds, or take \
         \"lr\" out of mutation.rl_hp_selection",
    );
    check(bounded(0.0, 1.0, 1.2), "mutation.bounds.lr.min is 0, but must be a number above 0: steps are factors");
    check(bounded(0.1, 0.01, 1.2), "mutation.bounds.lr.max is 0.01, but must be a number from min, 0.1, to 2^53");
    check(bounded(0.1, f64::NAN, 1.2), "mutation.bounds.lr.max is NaN, but must be a number from min, 0.1, to 2^53");
    check(bounded(0.1, 1.0, 1.0), "mutation.bounds.lr.factor is 1, but must be a number above 1");
    check(
        bounded(5e-3, 1e-2, 1.2),
        "lr starts at 0.001, outside its bounds 0.005 to 0.01; start inside them, widen mutation.bounds, or take \
         \"lr\" out of mutation.rl_hp_selection",
    );
    let astray = vec![Guess::new(), Guess { batch_size: 1024, ..Guess::new() }];
    assert_eq!(
        refusal(astray, |_| {}),
        "batch_size starts at 1024, outside its bounds 8 to 512; start inside them, widen mutation.bounds, or take \
         \"batch_size\" out of mutation.rl_hp_selection"
    );
}

#[test]
fn an_agent_without_hyperparameters_is_fine_unless_they_are_to_mutate() {
    check(
        |c| {
            c.mutation.rl_hp = 0.0;
            c.mutation.rl_hp_selection = vec!["gamma".to_owned()];
            c.initial_diversity = true;
        },
        "unknown hyperparameter \"gamma\" in mutation.rl_hp_selection; this agent has: lr, batch_size",
    );
    let config = TrainerConfig { mutation: Mutation { rl_hp: 0.0, ..Mutation::default() }, ..short(1) };
    Trainer::new(GuessTheNumber { number: 1.0 }, guesses(), config).expect("what never mutates need not be bounded");
}

#[test]
fn counts_are_at_least_1_and_agree_with_each_other() {
    check(|c| c.generations = 0, "generations is 0, but must be at least 1");
    check(|c| c.generation_env_steps = 0, "generation_env_steps is 0, but must be at least 1");
    check(|c| c.round_env_steps = 0, "round_env_steps is 0, but must be at least 1");
    check(|c| c.eval_episodes = 0, "eval_episodes is 0, but must be at least 1");
    check(|c| c.confirm_episodes = 0, "confirm_episodes is 0, but must be at least 1");
    check(|c| c.round_env_steps = 26, "round_env_steps is 26, but must be at most generation_env_steps, 25");
    check(|c| c.target = Some(f64::NAN), "target is NaN, but must be a finite number, or left out");
    check(
        |c| {
            c.initial_diversity = true;
            c.mutation.rl_hp = 0.0;
            c.mutation.rl_hp_selection.clear();
        },
        "initial_diversity is true, but must be false where mutation.rl_hp_selection is empty: it draws the \
         hyperparameters in that list",
    );
}

#[test]
fn settings_survive_json_and_unknown_keys_are_refused() {
    let config = TrainerConfig { target: Some(200.0), ..short(7) };
    let text = serde_json::to_string(&config).expect("it is plain data");
    assert_eq!(serde_json::from_str::<TrainerConfig>(&text).expect("it is its own text"), config);
    // What is left out is the default.
    let partial: TrainerConfig =
        serde_json::from_str(r#"{"seed": 7, "selection": {"kind": "tournament", "size": 3}}"#).expect("a part");
    assert_eq!(partial.selection, Tournament { size: 3, ..Tournament::default() }.into());
    for text in [r#"{"sed": 7}"#, r#"{"selection": {"kind": "tournament", "siz": 3}}"#, r#"{"mutation": {"lr": 3}}"#] {
        let error = serde_json::from_str::<TrainerConfig>(text).expect_err("a typo").to_string();
        assert!(error.contains("unknown field"), "{error}");
    }
}

#[test]
fn the_defaults_are_the_seeds() {
    let Mutation { no_mutation, architecture, new_layer_prob, parameters, activation, rl_hp, .. } = Mutation::default();
    assert_eq!(
        [no_mutation, architecture, new_layer_prob, parameters, activation, rl_hp],
        [0.4, 0.2, 0.2, 0.2, 0.0, 0.2]
    );
    let Mutation { dormant, dormant_tau, .. } = Mutation::default();
    assert_eq!((dormant, dormant_tau), (0.0, 0.1));
    let Mutation { rl_hp_selection, mutation_sd, mutate_elite, .. } = Mutation::default();
    assert_eq!((rl_hp_selection, mutation_sd, mutate_elite), (vec!["lr".into(), "batch_size".into()], 0.1, false));
    assert_eq!(Tournament::default(), Tournament { size: 2, elitism: true, window: 1 });
    TrainerConfig::default().validate(6).expect("the defaults are sound");
}

#[test]
fn what_the_task_cannot_make_is_an_error_before_training() {
    use agilerl_hpo::{BoxError, Evaluation, RoundContext, RoundStats, Streams, Task};
    /// Fails to make its memory, or the slot of one place.
    struct Poor {
        slot: Option<usize>,
    }
    impl Task for Poor {
        type Agent = Guess;
        type Shared = ();
        type Slot = ();
        fn shared(&self) -> Result<(), BoxError> {
            if self.slot.is_none() { Err("a memory of 10 TB does not fit".into()) } else { Ok(()) }
        }
        fn slot(&self, index: usize, _: &Streams) -> Result<(), BoxError> {
            if self.slot == Some(index) { Err("no environment".into()) } else { Ok(()) }
        }
        fn train(&self, _: &mut Guess, _: &mut (), _: &(), _: &RoundContext) -> Result<RoundStats, BoxError> {
            unreachable!("nothing runs")
        }
        fn evaluate(&self, _: &Guess, _: &[u64]) -> Result<Evaluation, BoxError> {
            unreachable!("nothing runs")
        }
    }
    for (slot, message, cause) in [
        (None, "cannot create the shared state of the population", "a memory of 10 TB does not fit"),
        (Some(2), "cannot create the slot of place 2", "no environment"),
    ] {
        let error = Trainer::new(Poor { slot }, guesses(), short(1)).err().expect("it is refused");
        assert_eq!(error.to_string(), message);
        assert!(matches!(error, HpoError::Setup { source, .. } if source.to_string() == cause));
    }
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let TrainerConfig { seed, generations, generation_env_steps, round_env_steps, eval_episodes, .. } =
        TrainerConfig::default();
    assert_eq!((seed, generations, generation_env_steps, round_env_steps), (0, 100, 10_000, 1_000));
    let TrainerConfig { target, confirm_episodes, threads, initial_diversity, .. } = TrainerConfig::default();
    assert_eq!((eval_episodes, target, confirm_episodes, threads, initial_diversity), (10, None, 100, 0, false));
    let bounds =
        Mutation::default().bounds.into_iter().map(|(name, Bounds { min, max, factor })| (name, [min, max, factor]));
    let expected = [("batch_size", [8.0, 512.0, 1.2]), ("learn_step", [1.0, 16.0, 2.0]), ("lr", [1e-4, 1e-2, 1.2])];
    assert_eq!(bounds.collect::<Vec<_>>(), expected.map(|(name, bounds)| (name.to_owned(), bounds)));
}
