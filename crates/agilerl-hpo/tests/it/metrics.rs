//! Named sums.

use agilerl_hpo::{MetricSums, RoundStats};

#[test]
fn sums_keep_the_order_in_which_their_names_came_first() {
    let mut metrics = MetricSums::from([("loss", 1.0), ("value", 2.0)]);
    metrics.add("value", 0.5);
    metrics.add(format!("critic_{}", 2), 4.0);
    metrics.add("loss", 0.25);
    let sums = [("loss", 1.25), ("value", 2.5), ("critic_2", 4.0)];
    assert_eq!(metrics.iter().collect::<Vec<_>>(), sums);
    assert_eq!(metrics, MetricSums::from(sums));
    assert_eq!([metrics.get("value"), metrics.get("norm")], [Some(2.5), None]);
}

#[test]
fn merging_adds_by_name_and_appends_new_names() {
    let mut metrics = MetricSums::from([("loss", 1.0), ("value", 2.0)]);
    metrics.merge(&MetricSums::from([("norm", 8.0), ("value", 0.5)]));
    assert_eq!(metrics, MetricSums::from([("loss", 1.0), ("value", 2.5), ("norm", 8.0)]));
    // The order is part of the value: it is the order of the columns, and of the bytes under a signature.
    assert_ne!(MetricSums::from([("a", 1.0), ("b", 2.0)]), MetricSums::from([("b", 2.0), ("a", 1.0)]));
}

#[test]
fn a_first_term_of_minus_0_is_0_as_it_would_be_behind_others() {
    assert_eq!(MetricSums::from([("loss", -0.0)]).get("loss").map(f64::to_bits), Some(0.0_f64.to_bits()));
    let mut metrics = MetricSums::default();
    metrics.merge(&MetricSums::from([("loss", -0.0)]));
    assert_eq!(metrics.get("loss").map(f64::to_bits), Some(0.0_f64.to_bits()));
}

#[test]
fn a_round_is_written_in_the_bytes_that_signatures_are_made_of() {
    // These bytes are part of every signature: they have been the same since before the metrics had names.
    let round = RoundStats {
        env_steps: 1000,
        updates: 250,
        episodes: 3,
        return_sum: -1.5,
        metrics: [("loss", 0.1), ("value", 1e-7), ("grad_norm", 12.0)].into(),
    };
    let text = r#"{"env_steps":1000,"updates":250,"episodes":3,"return_sum":-1.5,"loss_sum":0.1,"value_sum":1e-7,"grad_norm_sum":12.0}"#;
    assert_eq!(serde_json::to_string(&round).unwrap(), text);
    assert_eq!(serde_json::from_str::<RoundStats>(text).unwrap(), round);
    // The fields of a round without metrics; and JSON has no NaN.
    let empty = r#"{"env_steps":0,"updates":0,"episodes":0,"return_sum":0.0}"#;
    assert_eq!(serde_json::to_string(&RoundStats::default()).unwrap(), empty);
    let nan = RoundStats { metrics: [("loss", f64::NAN)].into(), ..RoundStats::default() };
    assert!(serde_json::to_string(&nan).unwrap().ends_with(r#""return_sum":0.0,"loss_sum":null}"#));
}

#[test]
fn a_field_that_is_no_sum_is_refused() {
    let text = r#"{"env_steps":0,"updates":0,"episodes":0,"return_sum":0.0,"loss":1.0}"#;
    let error = serde_json::from_str::<RoundStats>(text).unwrap_err().to_string();
    assert!(error.contains("unknown field \"loss\"; sums are named <name>_sum"), "{error}");
}
