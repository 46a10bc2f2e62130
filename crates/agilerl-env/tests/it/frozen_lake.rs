//! FrozenLake against literals from Gymnasium 1.4.0 (`gymnasium.make`, numpy 2.4).

use agilerl_env::{Env, FrozenLake, make};

/// Plays `action(t)` for `steps` steps from `reset(seed=seed)`, with an unseeded reset after each end. The squares seen.
fn squares(env: &mut dyn Env<Obs = f32, Action = u32>, seed: u64, steps: u32, action: fn(u32) -> u32) -> Vec<u32> {
    let mut obs = [f32::NAN];
    env.reset(Some(seed), &mut obs);
    let mut seen = vec![obs[0] as u32];
    for t in 0..steps {
        let step = env.step(&[action(t)], &mut obs);
        seen.push(obs[0] as u32);
        if step.ended() {
            env.reset(None, &mut obs);
            seen.push(obs[0] as u32);
        }
    }
    seen
}

#[test]
fn slippery_steps_are_gymnasiums() {
    let mut env = make::<f32, u32>("FrozenLake-v1").unwrap();
    let mut check = |seed, expected: &[u32]| assert_eq!(squares(&mut env, seed, 30, |t| (t * 7 + t / 3) % 4), expected);
    #[rustfmt::skip]
    check(0, &[0, 0, 1, 5, 0, 0, 4, 8, 8, 8, 4, 8, 9, 5, 0, 0, 0, 1, 5, 0, 0, 0, 4, 0, 1, 2, 3, 7, 0, 0, 0, 1, 5, 0, 4, 0]);
    #[rustfmt::skip]
    check(1, &[0, 4, 5, 0, 4, 5, 0, 4, 4, 0, 0, 1, 5, 0, 0, 0, 0, 0, 4, 8, 9, 5, 0, 4, 4, 0, 1, 0, 0, 4, 0, 4, 5, 0, 4, 8]);
    #[rustfmt::skip]
    check(2, &[0, 0, 0, 4, 5, 0, 0, 0, 0, 0, 1, 5, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 5, 0, 4, 0, 1, 5, 0, 0, 1, 0]);
}

/// A map of one's own with two starts: where an episode begins is a draw as well.
#[test]
fn the_start_is_drawn_as_gymnasium_draws_it() {
    let mut env = FrozenLake::with_map(&["SF", "HS", "FG"], true);
    #[rustfmt::skip]
    let expected = [
        3, 1, 3, 1, 0, 2, 3, 3, 5, 0, 0, 0, 0, 0, 0, 2, 0, 1, 3, 2, 0, 2, 3, 3, 1, 0, 2, 3, 3, 5, 0, 0, 0, 1, 3, 3, 1, 1,
    ];
    assert_eq!(squares(&mut env, 9, 30, |t| t % 4), expected);
}

/// The best policy over 1,000 episodes from seed 5 does in Gymnasium: 739 goals, 102 episodes cut at 100 steps, in 3
/// of them the task ended in that very step, and 44,653 steps.
#[test]
fn the_best_policy_scores_what_it_scores_in_gymnasium() {
    const BEST: [u32; 16] = [0, 3, 3, 3, 0, 0, 0, 0, 3, 1, 0, 0, 0, 2, 1, 0];
    let mut env = make::<f32, u32>("FrozenLake-v1").unwrap();
    let mut obs = [f32::NAN];
    env.reset(Some(5), &mut obs);
    let (mut goals, mut truncated, mut both, mut steps, mut episodes) = (0.0, 0, 0, 0, 0);
    while episodes < 1000 {
        let step = env.step(&[BEST[obs[0] as usize]], &mut obs);
        goals += step.reward;
        steps += 1;
        if step.ended() {
            episodes += 1;
            truncated += u32::from(step.truncated);
            both += u32::from(step.truncated && step.terminated);
            env.reset(None, &mut obs);
        }
    }
    assert_eq!((goals, truncated, both, steps), (739.0, 102, 3, 44_653));
}
