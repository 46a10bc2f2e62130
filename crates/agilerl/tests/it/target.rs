//! How runs end.

use agilerl::hpo::BoxError;
use agilerl::prelude::*;

use crate::short_run;

#[test]
fn a_target_ends_the_run_when_fresh_episodes_confirm_it() {
    let mut config = short_run("probe/ObsActionReward");
    config.evolution.generations = 50;
    config.evolution.target = Some(1.0);
    config.dqn().lr = 3e-3;
    config.dqn().epsilon = Epsilon { start: 1.0, end: 0.1, decay_steps: 400 };
    let outcome = Run::with(config).run().unwrap();
    assert_eq!(outcome.ending, Ending::TargetConfirmed);
    assert_eq!(outcome.confirmed_mean, 1.0);
    assert!(outcome.generations < 50);
}

#[test]
fn steps_are_transitions_over_all_individuals_and_evaluation_is_apart() {
    let outcome = Run::with(short_run("probe/TwoSteps")).run().unwrap();
    assert_eq!(outcome.ending, Ending::GenerationsDone);
    assert_eq!(outcome.env_steps, 4 * 4 * 400);
    // Two steps in each of 3 episodes of 4 individuals in 4 generations, and 5 confirming ones of one or two candidates.
    let closing = outcome.eval_steps - 2 * 3 * 4 * 4;
    assert!(closing == 2 * 5 || closing == 2 * 5 * 2, "{closing}");
}

#[test]
fn an_observer_can_stop_the_run() {
    struct StopAtOnce;
    impl<A> Observer<A> for StopAtOnce {
        fn observe(&mut self, event: &Event<'_, A>) -> Result<Flow, BoxError> {
            Ok(if matches!(event, Event::Evaluated(_)) { Flow::Stop } else { Flow::Continue })
        }
    }
    let outcome = Run::with(short_run("CartPole-v1")).observe(StopAtOnce).run().unwrap();
    assert_eq!((outcome.ending, outcome.generations), (Ending::Stopped, 1));
}
