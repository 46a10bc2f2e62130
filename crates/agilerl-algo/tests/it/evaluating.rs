//! What an agent scores, and which environments can be scored in.

use agilerl_algo::{Agent, Dqn, DqnConfig, Epsilon, Mode, NetConfig, OffPolicyConfig, OffPolicyTask, evaluate};
use agilerl_env::{Env, EnvError, Probe, ProbeEnv, Space, Step, TimeLimit, make, make_vec, one_hot, one_hot_env};
use agilerl_hpo::{Purpose, RoundContext, Streams, Task};
use agilerl_nets::{Weights, parse_device};

/// An agent whose values are `q`, whatever it sees.
fn agent(obs_len: usize, q: &[f32]) -> Dqn {
    let config =
        DqnConfig { net: NetConfig { hidden: vec![16], ..Default::default() }, batch_size: 16, ..Default::default() };
    let spec = config.net.head(obs_len, q.len());
    let mut weights = Weights::zeros(spec.layout());
    weights.get_mut("output.bias").unwrap().copy_from_slice(q);
    Dqn::with_weights(config, spec, &weights, &parse_device("cpu").unwrap()).unwrap()
}

#[test]
fn an_evaluation_plays_one_whole_episode_for_each_seed() {
    let make = || Ok(TimeLimit::new(agilerl_env::CartPole::new(), 500));
    let config = DqnConfig { net: NetConfig { hidden: vec![16], ..Default::default() }, ..Default::default() };
    let device = parse_device("cpu").unwrap();
    let mut agent = Dqn::new(config, 4, 2, &device, &mut Streams::new(1).get(Purpose::Weights, 0, 0, 0)).unwrap();
    let together = evaluate(&mut agent, make, &[3, 1, 4, 1, 5], 500).unwrap();
    assert_eq!(together.returns[1], together.returns[3], "one seed, one episode");
    assert_eq!(together.returns.iter().sum::<f64>(), together.env_steps as f64, "one point a step");
    for (seed, total) in [3, 1, 4, 1, 5].into_iter().zip(&together.returns) {
        assert_eq!(evaluate(&mut agent, make, &[seed], 500).unwrap().returns, [*total], "alone as among others");
    }
}

/// The seed says how many steps an episode has (0: it never ends) and what each of them returns. A mask is `masks[step]`, if
/// there is one.
struct Scripted {
    spaces: (Space, Space),
    seed: u64,
    step: u64,
    /// An observation and a reward that are not as they should be, at the step of that number.
    odd: Option<(u64, f32, f64)>,
    masks: Vec<Vec<bool>>,
}

impl Scripted {
    fn new() -> Self {
        let spaces = (Space::bounded(&[0.0], &[1.0]), Space::discrete(2));
        Self { spaces, seed: 0, step: 0, odd: None, masks: Vec::new() }
    }
}

impl Env for Scripted {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        "Scripted"
    }
    fn observation_space(&self) -> &Space {
        &self.spaces.0
    }
    fn action_space(&self) -> &Space {
        &self.spaces.1
    }
    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        (self.seed, self.step) = (seed.expect("an evaluation seeds every episode"), 0);
        obs[0] = self.odd.filter(|odd| odd.0 == 0).map_or(0.0, |odd| odd.1);
    }
    fn step(&mut self, _action: &[u32], obs: &mut [f32]) -> Step {
        self.step += 1;
        let (_, odd_obs, odd_reward) = self.odd.filter(|odd| odd.0 == self.step).unwrap_or((0, 0.5, 1.0));
        obs[0] = odd_obs;
        // Ends of both kinds.
        let ends = self.step == self.seed;
        let (terminated, truncated) = (ends && self.seed.is_multiple_of(2), ends && !self.seed.is_multiple_of(2));
        Step { reward: odd_reward * self.seed as f64, terminated, truncated }
    }
    fn action_mask(&self) -> Option<&[bool]> {
        self.masks.get(self.step as usize).map(Vec::as_slice)
    }
}

/// Episodes of 3, 8 and 2 steps, which return 3, 8 and 2 in each, and one without end that returns 0 in each: a limit of
/// 5 steps cuts the second after 5 * 8, and the last.
#[test]
fn an_episode_is_cut_at_the_limit_and_scores_what_it_has_returned() {
    let mut agent = agent(1, &[0.0, 1.0]);
    let cut = evaluate(&mut agent, || Ok::<_, EnvError>(Scripted::new()), &[3, 8, 2, 0], 5).unwrap();
    assert_eq!((cut.returns, cut.env_steps, cut.cut), (vec![9.0, 40.0, 4.0, 0.0], 3 + 5 + 2 + 5, 2));
    let whole = evaluate(&mut agent, || Ok::<_, EnvError>(Scripted::new()), &[3, 8, 2], 8).unwrap();
    assert_eq!(
        (whole.returns, whole.env_steps, whole.cut),
        (vec![9.0, 64.0, 4.0], 13, 0),
        "the limit is reached, not cut"
    );
}

/// A run's signature is made of evaluations as they are written: where nothing was cut, as they always were.
#[test]
fn an_evaluation_whose_episodes_all_end_is_written_without_a_word_of_cuts() {
    let mut agent = agent(1, &[0.0, 1.0]);
    let mut written = |limit| {
        let evaluation = evaluate(&mut agent, || Ok::<_, EnvError>(Scripted::new()), &[3], limit).unwrap();
        serde_json::to_string(&evaluation).unwrap()
    };
    assert_eq!(written(3), r#"{"returns":[9.0],"env_steps":3}"#);
    assert_eq!(written(2), r#"{"returns":[6.0],"env_steps":2,"cut":1}"#);
}

/// CliffWalking ends at the goal alone. Up from the start, and against the wall for ever: -1 a step, the default of 10,000
/// steps. Training needs no end.
#[test]
fn an_environment_without_a_time_limit_is_trained_and_scored() {
    let config = OffPolicyConfig { memory_size: 1_000, ..Default::default() };
    let lanes = |lanes| make_vec("CliffWalking-v1", lanes).map(one_hot);
    let task =
        OffPolicyTask::<Dqn, f32, u32>::new(config, 320, lanes, || make("CliffWalking-v1").map(one_hot_env)).unwrap();
    let mut agent = agent(48, &[1.0, 0.0, 0.0, 0.0]);
    let scored = task.evaluate(&agent, &[1, 2]).unwrap();
    assert_eq!((scored.returns, scored.env_steps, scored.cut), (vec![-10_000.0; 2], 20_000, 2));
    let streams = Streams::new(1);
    let context = RoundContext { streams, generation: 0, round: 0, individual: 0, env_steps: 320, clock: 0 };
    let mut slot = task.slot(0, &streams).unwrap();
    let stats = task.train(&mut agent, &mut slot, &task.shared().unwrap(), &context).unwrap();
    assert_eq!((stats.env_steps, stats.updates), (320, 20));
}

/// Episodes of 4 steps at random would be longer: with epsilon 1 the agent would toss coins, greedy it takes action 1.
#[test]
fn an_evaluation_does_not_explore() {
    let mut agent = agent(1, &[0.0, 1.0]);
    agent = {
        let config = DqnConfig { epsilon: Epsilon { start: 1.0, end: 1.0, decay_steps: 1 }, ..agent.config().clone() };
        Dqn::with_weights(config, agent.spec().clone(), &agent.weights(), &parse_device("cpu").unwrap()).unwrap()
    };
    let make = || Ok::<_, EnvError>(ProbeEnv::new(Probe::ActionReward));
    assert_eq!(evaluate(&mut agent, make, &[1; 32], 100).unwrap().returns, [1.0; 32]);
}

#[test]
fn an_environment_that_panics_in_an_evaluation_is_named_with_its_seed() {
    let make = || Ok::<_, EnvError>(ProbeEnv::new(Probe::Masked));
    // It prefers the action that is masked at first.
    let config = DqnConfig { net: NetConfig { hidden: vec![16], ..Default::default() }, ..Default::default() };
    let spec = config.net.head(1, 3);
    let mut weights = Weights::zeros(spec.layout());
    weights.get_mut("output.bias").unwrap().copy_from_slice(&[0.0, 0.0, 1.0]);
    let agent = Dqn::with_weights(config, spec, &weights, &parse_device("cpu").unwrap()).unwrap();
    let error = evaluate(&mut Blind(agent), make, &[5, 6, 7], 100).unwrap_err().to_string();
    assert!(error.contains("probe/Masked with seed 5 panicked") && error.contains("masked"), "{error}");
}

/// An agent that does not look at masks.
struct Blind(Dqn);

impl Agent<f32, u32> for Blind {
    fn act(
        &mut self,
        obs: &[f32],
        _: Option<&[bool]>,
        mode: Mode,
        rng: &mut agilerl_hpo::StreamRng,
        actions: &mut [u32],
    ) {
        self.0.act(obs, None, mode, rng, actions);
    }
}

#[track_caller]
fn check_refused(change: impl Fn(&mut Scripted), expected: &str) {
    let make = || {
        let mut env = Scripted::new();
        change(&mut env);
        Ok::<_, EnvError>(env)
    };
    let error = evaluate(&mut agent(1, &[0.0, 1.0]), make, &[9, 7], 100).unwrap_err().to_string();
    assert!(error.contains(expected), "{error:?} does not say {expected:?}");
}

#[test]
fn odd_numbers_in_an_evaluation_are_told_with_environment_seed_and_step() {
    let place = "in step 0 of the evaluation episode with seed 9";
    check_refused(|env| env.odd = Some((0, f32::NAN, 1.0)), &format!("Scripted returned the observation NaN {place}"));
    let place = "in step 4 of the evaluation episode with seed 9";
    check_refused(|env| env.odd = Some((4, f32::NAN, 1.0)), &format!("Scripted returned the observation NaN {place}"));
    check_refused(|env| env.odd = Some((4, 0.5, f64::NAN)), &format!("Scripted returned the reward NaN {place}"));
    // 9 * 1e38 is finite, but no f32.
    check_refused(|env| env.odd = Some((4, 0.5, 1e38)), "a reward an f32");
}

/// Once the agent would have panicked over them, far from where they came from.
#[test]
fn masks_that_do_not_fit_are_told_with_environment_seed_and_step() {
    let masks = |masks: [&[bool]; 3]| masks.map(<[bool]>::to_vec).to_vec();
    let both: &[bool] = &[true, true];
    let place = |step| format!("in step {step} of the evaluation episode with seed 9");
    check_refused(
        |env| env.masks = masks([both, both, &[true]]),
        &format!("Scripted returned a mask of 1 flags for 2 choices {}", place(2)),
    );
    check_refused(
        |env| env.masks = masks([&[true; 3], both, both]),
        &format!("Scripted returned a mask of 3 flags for 2 choices {}", place(0)),
    );
    check_refused(
        |env| env.masks = masks([both, &[false; 2], both]),
        &format!("Scripted returned a mask without a legal choice {}", place(1)),
    );
}

/// The mask of the last observation is acted on by nobody. The masked episodes run beside one that has no mask any more.
#[test]
fn a_mask_after_the_end_need_not_leave_a_choice() {
    let make = || {
        let masks = vec![vec![false, true], vec![true, false], vec![false; 2]];
        Ok::<_, EnvError>(Scripted { masks, ..Scripted::new() })
    };
    assert_eq!(evaluate(&mut agent(1, &[0.0, 1.0]), make, &[2], 100).unwrap().returns, [4.0]);
}
