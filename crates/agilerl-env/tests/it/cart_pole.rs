//! CartPole against Gymnasium's recordings, inside and out.

use agilerl_env::{CartPole, Env, TimeLimit};
use proptest::prelude::*;

use crate::golden;

#[test]
fn the_state_is_gymnasiums_to_the_last_bit() {
    if golden::is_left_out() {
        return;
    }
    let recordings = golden::recordings();
    for recording in recordings.iter().filter(|recording| recording.env == "CartPole-v1") {
        let mut env = TimeLimit::new(CartPole::new(), 500);
        for episode in &recording.episodes {
            golden::replay(episode, &mut env, |env, t| {
                let expected = if t == 0 { &episode.initial_state } else { &episode.states[t - 1] };
                assert_eq!(env.inner().state()[..], expected[..], "episode {}, state after step {t}", episode.episode);
            });
        }
    }
}

/// As Gymnasium has it: a step after the fall is possible, still terminated, and pays nothing.
#[test]
fn the_step_that_falls_pays_and_no_later_one_does() {
    let mut env = CartPole::new();
    let mut obs = [0.0; 4];
    env.reset(Some(0), &mut obs);
    let fall = (0..100).map(|_| env.step(&[1], &mut obs)).find(|step| step.terminated).expect("it falls");
    assert_eq!(fall.reward, 1.0);
    let after = env.step(&[1], &mut obs);
    assert_eq!((after.reward, after.terminated), (0.0, true));
}

#[test]
#[should_panic(expected = "reset was never called")]
fn a_step_before_the_first_reset_is_a_bug() {
    CartPole::new().step(&[0], &mut [0.0; 4]);
}

#[test]
#[should_panic(expected = "action 2 is not 0 or 1")]
fn an_action_out_of_range_is_a_bug() {
    let mut env = CartPole::new();
    env.reset(Some(1), &mut [0.0; 4]);
    env.step(&[2], &mut [0.0; 4]);
}

proptest! {
    /// Whatever is done to it, an episode stays within its bounds, ends, and pays 1 a step.
    #[test]
    fn any_actions_keep_the_promises(seed: u64, actions in prop::collection::vec(0_u32..2, 500)) {
        let mut env = TimeLimit::new(CartPole::new(), 500);
        let mut obs = [f32::NAN; 4];
        env.reset(Some(seed), &mut obs);
        prop_assert!(obs.iter().all(|x| x.abs() <= 0.05));
        let ended = actions.iter().any(|&action| {
            let step = env.step(&[action], &mut obs);
            assert_eq!(step.reward, 1.0);
            assert!(obs[0].abs() <= 4.8 && obs[2].abs() <= 0.418_879_03, "{obs:?}");
            step.ended()
        });
        prop_assert!(ended);
    }
}
