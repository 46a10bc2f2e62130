//! What holds for every environment of the catalogue: threads change no bit, nonsense is refused or clipped.

use agilerl_env::{
    ActionElement, Actions, Element, EnvError, Number, NumpyRng, Observations, Space, VecEnv, catalogue,
    make_vec_threaded,
};

const LANES: usize = 7;

/// A check of one environment, whatever its observations and actions are. `make` takes the number of threads.
trait Check {
    fn check<O: Element, A: Drawn>(&self, name: &str, make: &dyn Fn(usize) -> Lanes<O, A>);
}

type Lanes<O, A> = Box<dyn VecEnv<Obs = O, Action = A>>;

fn check_all(check: &impl Check) {
    for info in catalogue() {
        let name = info.name;
        match (info.observations, info.actions) {
            (Observations::Pixels, _) => {
                check.check(name, &|threads| make_vec_threaded::<u8, u32>(name, LANES, threads).unwrap())
            }
            (_, Actions::Choice) => {
                check.check(name, &|threads| make_vec_threaded::<f32, u32>(name, LANES, threads).unwrap())
            }
            (_, Actions::Continuous) => {
                check.check(name, &|threads| make_vec_threaded::<f32, f32>(name, LANES, threads).unwrap());
            }
        }
    }
}

/// An action element that can be drawn at random, and spoiled.
trait Drawn: ActionElement {
    /// Actions of all lanes: legal choices, or components some of which are out of bounds.
    fn draw<O: Element>(envs: &Lanes<O, Self>, rng: &mut NumpyRng) -> Vec<Self>;
    /// What no environment takes.
    fn nonsense(space: &Space) -> Vec<Self>;
    /// What is out of bounds but has a meaning.
    const WILD: &'static [Self];
}

impl Drawn for u32 {
    fn draw<O: Element>(envs: &Lanes<O, u32>, rng: &mut NumpyRng) -> Vec<u32> {
        let choices = envs.action_space().choices().unwrap();
        let draw = |lane: usize| loop {
            let choice = rng.integers(0, choices as i64) as usize;
            if envs.action_masks().is_none_or(|masks| masks[lane * choices + choice]) {
                break choice as u32;
            }
        };
        (0..LANES).map(draw).collect()
    }

    fn nonsense(space: &Space) -> Vec<u32> {
        let choices = space.choices().unwrap() as u32;
        vec![choices, choices + 1, 1 << 31, u32::MAX]
    }

    const WILD: &'static [u32] = &[];
}

impl Drawn for f32 {
    fn draw<O: Element>(envs: &Lanes<O, f32>, rng: &mut NumpyRng) -> Vec<f32> {
        (0..LANES * envs.action_space().row_len()).map(|_| rng.uniform(-3.0, 3.0) as f32).collect()
    }

    fn nonsense(_: &Space) -> Vec<f32> {
        vec![f32::NAN, -f32::NAN]
    }

    const WILD: &'static [f32] = &[f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -1e30, 1e-45, -0.0];
}

/// All bits that some hundred steps return, in order.
fn transcript<O: Element, A: Drawn>(mut envs: Lanes<O, A>) -> Vec<u64> {
    fn push<N: Number>(bits: &mut Vec<u64>, numbers: &[N]) {
        bits.extend(numbers.iter().map(|number| number.to_f64().to_bits()));
    }
    let mut rng = NumpyRng::new(3);
    let mut bits = Vec::new();
    push(&mut bits, envs.reset(Some(11)));
    for _ in 0..300 {
        let actions = A::draw(&envs, &mut rng);
        let step = envs.step(&actions).unwrap();
        push(&mut bits, step.obs);
        push(&mut bits, step.next_obs);
        bits.extend(step.rewards.iter().map(|reward| reward.to_bits()));
        for flags in [step.terminated, step.truncated, step.next_action_masks.unwrap_or_default()] {
            bits.extend(flags.iter().map(|&flag| u64::from(flag)));
        }
        bits.extend(envs.action_masks().unwrap_or_default().iter().map(|&flag| u64::from(flag)));
    }
    push(&mut bits, envs.reset(None));
    bits
}

#[test]
fn one_two_and_five_threads_give_the_same_bits() {
    struct Threads;
    impl Check for Threads {
        fn check<O: Element, A: Drawn>(&self, name: &str, make: &dyn Fn(usize) -> Lanes<O, A>) {
            let alone = transcript(make(1));
            for threads in [2, 5] {
                assert!(transcript(make(threads)) == alone, "{name} on {threads} threads");
            }
        }
    }
    check_all(&Threads);
}

#[test]
fn nonsense_is_an_error_of_its_lane_and_a_reset_mends_it() {
    struct Nonsense;
    impl Check for Nonsense {
        fn check<O: Element, A: Drawn>(&self, name: &str, make: &dyn Fn(usize) -> Lanes<O, A>) {
            for threads in [1, 2] {
                let mut envs = make(threads);
                let row_len = envs.action_space().row_len();
                let mut rng = NumpyRng::new(5);
                envs.reset(Some(40));
                for nonsense in A::nonsense(&envs.action_space().clone()) {
                    for component in 0..row_len {
                        let mut actions = A::draw(&envs, &mut rng);
                        actions[4 * row_len + component] = nonsense;
                        let outcome = envs.step(&actions).map(|_| ());
                        let place = format!("{name}, {nonsense:?}: {outcome:?}");
                        assert!(matches!(outcome, Err(EnvError::Lane { lane: 4, seed: Some(44), .. })), "{place}");
                        envs.reset(None);
                        let actions = A::draw(&envs, &mut rng);
                        envs.step(&actions).unwrap();
                    }
                }
            }
        }
    }
    check_all(&Nonsense);
}

#[test]
fn no_action_makes_an_observation_that_is_not_finite_or_a_reward_that_is_not_a_number() {
    struct Wild;
    impl Check for Wild {
        fn check<O: Element, A: Drawn>(&self, name: &str, make: &dyn Fn(usize) -> Lanes<O, A>) {
            let mut envs = make(1);
            let mut rng = NumpyRng::new(9);
            envs.reset(Some(0));
            for t in 0..2000 {
                let mut actions = A::draw(&envs, &mut rng);
                for action in &mut actions {
                    if !A::WILD.is_empty() && rng.random() < 0.3 {
                        *action = A::WILD[rng.integers(0, A::WILD.len() as i64) as usize];
                    }
                }
                let step = envs.step(&actions).unwrap();
                let finite = step.obs.iter().chain(step.next_obs).all(|number| number.to_f64().is_finite());
                assert!(finite, "{name}, step {t}, {actions:?}: {:?}", step.next_obs);
                assert!(step.rewards.iter().all(|reward| !reward.is_nan()), "{name}, step {t}, {actions:?}");
            }
        }
    }
    check_all(&Wild);
}
