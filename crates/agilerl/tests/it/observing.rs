//! Closures and logs that watch a run.

use std::sync::{Arc, Mutex};

use agilerl::prelude::*;

use crate::short_run;

#[test]
fn a_closure_hears_of_every_event_and_can_stop_the_run() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let events = Arc::clone(&heard);
    let run = Run::with(short_run("probe/TwoSteps")).on_event(move |event| {
        events.lock().unwrap().push(match event {
            Event::Started { population, .. } => format!("started with {}", population.len()),
            Event::Evaluated(report) => format!("evaluated {}", report.generation),
            Event::Ended { .. } => "ended".to_owned(),
            _ => return Ok(Flow::Continue),
        });
        Ok(if matches!(event, Event::Evaluated(report) if report.generation == 1) {
            Flow::Stop
        } else {
            Flow::Continue
        })
    });
    let outcome = run.run().unwrap();
    assert_eq!((outcome.ending, outcome.generations), (Ending::Stopped, 2));
    assert_eq!(*heard.lock().unwrap(), ["started with 4", "evaluated 0", "evaluated 1", "ended"]);
}

#[test]
fn an_error_of_a_closure_stops_the_run_and_is_told() {
    let run = Run::with(short_run("probe/TwoSteps")).on_event(|event| match event {
        Event::Evaluated(_) => Err("the plotter is out of ink".into()),
        _ => Ok(Flow::Continue),
    });
    let error = crate::message(&run.run().unwrap_err());
    assert!(error.contains("the plotter is out of ink"), "{error}");
}

#[test]
fn a_checkpoint_names_every_log_of_the_list() {
    let folder = tempfile::tempdir().unwrap();
    Run::with(short_run("probe/TwoSteps")).out(folder.path()).run().unwrap();
    let newest = std::fs::read_dir(folder.path().join("checkpoints")).unwrap().map(|entry| entry.unwrap().path()).max();
    let manifest = std::fs::read_to_string(newest.unwrap().join("manifest.json")).unwrap();
    for log in ["events.jsonl", "metrics.csv"] {
        assert!(manifest.contains(&format!("\"{log}\"")), "{manifest}");
        assert!(folder.path().join(log).exists());
    }
}
