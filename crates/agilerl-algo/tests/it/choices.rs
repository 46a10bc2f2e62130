//! Observations that are one of n choices: the memory keeps the index, the agent sees n numbers.

use agilerl_algo::{AlgoError, Dqn, DqnConfig, NetConfig, OffPolicyConfig, OffPolicyTask, Slot};
use agilerl_buffer::Replay;
use agilerl_env::{BoxVecEnv, Env, EnvError, Space, Step, SyncVec, make, make_vec, one_hot, one_hot_env};
use agilerl_hpo::{BoxError, Evolve, PersistTask, Purpose, RoundContext, RoundStats, Streams, Task};
use agilerl_nets::parse_device;

const LANES: usize = 4;

type MakeLanes = fn(&'static str, usize) -> Result<BoxVecEnv, EnvError>;

/// Lanes as they come: an index.
const INDICES: MakeLanes = |env, lanes| make_vec(env, lanes);
/// Lanes that spell the index out before anybody sees it.
const SPELLED: MakeLanes = |env, lanes| make_vec(env, lanes).map(one_hot);

fn task(env: &'static str, lanes: MakeLanes) -> OffPolicyTask<Dqn, f32, u32> {
    let config = OffPolicyConfig { lanes: LANES, memory_size: 1_000, ..OffPolicyConfig::default() };
    OffPolicyTask::new(config, 200, move |n| lanes(env, n), move || make(env).map(one_hot_env)).unwrap()
}

fn agent(task: &OffPolicyTask<Dqn, f32, u32>, choices: usize) -> Dqn {
    let config = DqnConfig {
        net: NetConfig { hidden: vec![16], ..Default::default() },
        batch_size: 16,
        learn_step: 4,
        ..Default::default()
    };
    let mut rng = Streams::new(1).get(Purpose::Weights, 0, 0, 0);
    Dqn::new(config, task.rows().input_len(), choices, &parse_device("cpu").unwrap(), &mut rng).unwrap()
}

fn start(task: &OffPolicyTask<Dqn, f32, u32>) -> (Slot<f32, u32>, Replay<f32, u32>) {
    (task.slot(0, &Streams::new(1)).unwrap(), task.shared().unwrap())
}

fn train(
    task: &OffPolicyTask<Dqn, f32, u32>,
    agent: &mut Dqn,
    slot: &mut Slot<f32, u32>,
    shared: &mut Replay<f32, u32>,
) -> Result<RoundStats, BoxError> {
    let context =
        RoundContext { streams: Streams::new(1), generation: 0, round: 0, individual: 0, env_steps: 200, clock: 0 };
    let stats = task.train(agent, slot, shared, &context)?;
    task.merge(shared, &mut [slot]);
    Ok(stats)
}

/// 200 steps of 4 lanes with 50 updates each, with masks (Taxi) and without: what is kept makes no difference to any number.
#[test]
fn an_agent_learns_from_indices_what_it_learns_from_one_hot_rows() {
    for (env, observations, actions) in [("FrozenLake-v1", 16, 4), ("Taxi-v3", 500, 6)] {
        let tasks = [INDICES, SPELLED].map(|lanes| task(env, lanes));
        let [one, other] = tasks.each_ref().map(|task| {
            let (mut slot, mut shared) = start(task);
            let mut agent = agent(task, actions);
            let stats = [(); 2].map(|()| train(task, &mut agent, &mut slot, &mut shared).unwrap());
            (stats, agent, shared)
        });
        assert!(one.0[1].updates == 50 && one.0 == other.0, "{env}: {:?} and {:?}", one.0, other.0);
        assert_eq!(one.1.fingerprint(), other.1.fingerprint(), "{env}");
        assert_eq!((one.2.layout().obs_len, other.2.layout().obs_len), (1, observations));
        for ordinal in 0..one.2.total() {
            let (row, spelled) = (one.2.row(ordinal).unwrap(), other.2.row(ordinal).unwrap());
            assert_eq!(spelled.obs[row.obs[0] as usize], 1.0);
            assert_eq!(spelled.next_obs[row.next_obs[0] as usize], 1.0);
            assert_eq!((row.next_mask, row.action), (spelled.next_mask, spelled.action));
        }
        let score =
            |task: &OffPolicyTask<Dqn, f32, u32>, agent: &Dqn| task.evaluate(agent, &[1, 2, 3]).unwrap().returns;
        assert_eq!(score(&tasks[0], &one.1), score(&tasks[1], &other.1));
    }
}

/// Two indices of 4 bytes, action 4, reward 4, two flags, a mask of 6: 24 bytes. 500 numbers for each index were 4,016.
#[test]
fn a_transition_of_the_taxi_takes_24_bytes() {
    let task = task("Taxi-v3", INDICES);
    assert_eq!(task.shared().unwrap().bytes(), 1_000 * 24);
    let slot = task.slot(0, &Streams::new(1)).unwrap();
    let saved = task.save_slot(&slot).unwrap();
    // Of four lanes: one-hot rows alone were 8,000 bytes.
    assert!(saved.len() < 1_000, "{} bytes", saved.len());
}

#[test]
fn what_was_saved_with_one_hot_rows_is_refused() {
    let (old, new) = (task("FrozenLake-v1", SPELLED), task("FrozenLake-v1", INDICES));
    let ((mut slot, mut shared), (mut old_slot, mut old_shared)) = (start(&new), start(&old));
    train(&old, &mut agent(&old, 4), &mut old_slot, &mut old_shared).unwrap();
    let bytes = old.save_slot(&old_slot).unwrap();
    let error = new.restore_slot(&mut slot, &bytes).unwrap_err().to_string();
    assert!(error.contains("acts on 64 numbers, and these on 4"), "{error}");
    let items = old.items(&old_shared);
    let bytes = old.save_items(&old_shared, items.clone()).unwrap();
    let error = new.restore_items(&mut shared, items, &bytes).unwrap_err().to_string();
    assert!(error.contains("another layout; here an observation is the index of one of 16 choices"), "{error}");
}

/// Three squares, and one beyond them after the second step.
struct Beyond(f32, [Space; 2]);

impl Env for Beyond {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        "Beyond"
    }

    fn observation_space(&self) -> &Space {
        &self.1[0]
    }

    fn action_space(&self) -> &Space {
        &self.1[1]
    }

    fn reset(&mut self, _: Option<u64>, obs: &mut [f32]) {
        self.0 = 1.0;
        obs[0] = self.0;
    }

    fn step(&mut self, _: &[u32], obs: &mut [f32]) -> Step {
        self.0 += 1.0;
        obs[0] = self.0;
        Step::default()
    }
}

fn beyond() -> Beyond {
    Beyond(0.0, [Space::discrete(3), Space::discrete(2)])
}

fn beyond_task(encode: fn(Beyond) -> agilerl_env::BoxEnv) -> Result<OffPolicyTask<Dqn, f32, u32>, AlgoError> {
    let config = OffPolicyConfig { lanes: LANES, memory_size: 1_000, ..OffPolicyConfig::default() };
    let lanes = |n| -> Result<BoxVecEnv, EnvError> { Ok(Box::new(SyncVec::from_fn(n, |_| beyond()))) };
    OffPolicyTask::new(config, 200, lanes, move || Ok(encode(beyond())))
}

#[test]
fn an_observation_beyond_the_choices_is_an_error_before_anything_is_stored() {
    let task = beyond_task(|env| one_hot_env(Box::new(env))).unwrap();
    let (mut slot, mut shared) = start(&task);
    let error = train(&task, &mut agent(&task, 2), &mut slot, &mut shared).unwrap_err().to_string();
    assert!(error.contains("Beyond returned the observation 3 in lane 0") && error.contains("3 choices"), "{error}");
}

#[test]
fn environments_of_an_evaluation_that_show_something_else_are_refused() {
    let error = beyond_task(|env| Box::new(env)).err().expect("refused").to_string();
    assert!(error.contains("cannot learn Beyond") && error.contains("a row of 1; `one_hot_env` makes 3"), "{error}");
}
