//! A round as its agent sees it: an agent that writes down what it is asked for.

use agilerl_algo::{
    ActRequest, Agent, Learned, LearnedSum, Learner, Mode, Numbers, OffPolicy, OffPolicyConfig, OffPolicyTask, Slot,
    Stack,
};
use agilerl_buffer::{Batch, Memory, Replay, RowLayout, Transitions};
use agilerl_env::{Probe, ProbeEnv, SyncVec, VecEnv};
use agilerl_hpo::{
    Evolve, Hyperparameter, PersistTask, Purpose, RoundContext, RoundStats, StreamRng, Streams, Task, Trainee,
};
use rand::Rng;

/// Takes action 0, and says 1, 2 and 3 of every update.
#[derive(Clone, Debug)]
struct Recorder {
    batch_size: usize,
    learn_step: f64,
    key: Option<String>,
    acts: Vec<Act>,
    /// The ordinals of the rows of each batch.
    batches: Vec<Vec<u64>>,
    /// The first draw of the stream that each update got.
    learnt_with: Vec<u64>,
    /// How many it was stacked with, itself among them.
    stacked: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Act {
    clock: u64,
    obs: Vec<f32>,
    drawn: u64,
}

impl Recorder {
    fn new(batch_size: usize, learn_step: usize) -> Self {
        let (acts, batches, learnt_with) = (Vec::new(), Vec::new(), Vec::new());
        Self { batch_size, learn_step: learn_step as f64, key: None, acts, batches, learnt_with, stacked: 0 }
    }

    fn with_key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }
}

impl Agent<f32, u32> for Recorder {
    fn act(&mut self, obs: &[f32], _: Option<&[bool]>, mode: Mode, rng: &mut StreamRng, actions: &mut [u32]) {
        let Mode::Explore { clock } = mode else { panic!("a round explores") };
        self.acts.push(Act { clock, obs: obs.to_vec(), drawn: rng.next_u64() });
        actions.fill(0);
    }
}

const METRICS: [&str; 3] = ["loss", "value", "grad_norm"];

impl Learner for Recorder {
    fn batch_size(&self) -> usize {
        self.batch_size
    }
    fn learn_step(&self) -> f64 {
        self.learn_step
    }
    fn metrics(&self) -> &'static [&'static str] {
        &METRICS
    }
    fn stacks_with(&self, other: &Self) -> bool {
        self.key.is_some() && self.key == other.key
    }
}

impl OffPolicy<f32, u32> for Recorder {
    fn learn(&mut self, batch: &Batch<f32, u32>, rng: &mut StreamRng) -> Learned<'_> {
        self.batches.push(batch.ordinals().to_vec());
        self.learnt_with.push(rng.next_u64());
        Learned { names: &METRICS, metrics: Numbers::Host(&[1.0, 2.0, 3.0]), td_errors: Numbers::Host(&[]) }
    }
    fn stack(agents: &[&mut Self]) -> Option<Box<dyn Stack<Self, f32, u32>>> {
        Some(Box::new(RecorderStack { updates: vec![0; agents.len()] }))
    }
}

impl Evolve for Recorder {
    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        Vec::new()
    }
    fn set_hyperparameter(&mut self, name: &str, _: f64) {
        panic!("no hyperparameter {name:?}")
    }
}

struct RecorderStack {
    updates: Vec<u64>,
}

impl Stack<Recorder, f32, u32> for RecorderStack {
    fn act(&mut self, agents: &mut [&mut Recorder], requests: &mut [ActRequest<'_, f32, u32>]) {
        for (agent, request) in agents.iter_mut().zip(requests) {
            agent.act(request.obs, request.masks, request.mode, request.rng, request.actions);
        }
    }
    fn learn(
        &mut self,
        agents: &mut [&mut Recorder],
        batches: &[Option<&Batch<f32, u32>>],
        rngs: &mut [&mut StreamRng],
    ) {
        for (i, batch) in batches.iter().enumerate().filter(|(_, batch)| batch.is_some()) {
            self.updates[i] += u64::from(batch.is_some());
            agents[i].learnt_with.push(rngs[i].next_u64());
        }
    }
    fn unstack(self: Box<Self>, agents: &mut [&mut Recorder]) -> Vec<LearnedSum> {
        let stacked = agents.len();
        agents.iter_mut().for_each(|agent| agent.stacked = stacked);
        self.updates.iter().map(|&updates| LearnedSum::of(updates, &METRICS, vec![updates as f64; 3])).collect()
    }
}

const LANES: usize = 2;

fn task_of(probe: Probe, lanes: usize) -> OffPolicyTask<Recorder, f32, u32> {
    OffPolicyTask::new(
        OffPolicyConfig { lanes, memory_size: 64, ..Default::default() },
        32,
        move |lanes| Ok(Box::new(SyncVec::from_fn(lanes, |_| ProbeEnv::new(probe)))),
        move || Ok(Box::new(ProbeEnv::new(probe))),
    )
    .unwrap()
}

fn task() -> OffPolicyTask<Recorder, f32, u32> {
    task_of(Probe::FinalObs, LANES)
}

fn context(individual: usize, env_steps: u64) -> RoundContext {
    RoundContext { streams: Streams::new(1), generation: 0, round: 0, individual, env_steps, clock: 0 }
}

/// The lanes of a place, as they begin.
fn lanes(place: usize) -> SyncVec<ProbeEnv> {
    let mut envs = SyncVec::from_fn(LANES, |_| ProbeEnv::new(Probe::FinalObs));
    envs.reset(Some(Streams::new(1).get(Purpose::Environment, 0, place, 0).next_u64()));
    envs
}

fn slots(task: &OffPolicyTask<Recorder, f32, u32>, count: usize) -> Vec<Slot<f32, u32>> {
    (0..count).map(|place| task.slot(place, &Streams::new(1)).unwrap()).collect()
}

fn shared(task: &OffPolicyTask<Recorder, f32, u32>) -> Replay<f32, u32> {
    task.shared().unwrap()
}

/// Of two lanes each step is two transitions. 100 came before the round.
#[test]
fn the_clock_of_schedules_runs_within_a_round() {
    let (task, mut agent) = (task(), Recorder::new(4, 8));
    let context = RoundContext { clock: 100, ..context(0, 6) };
    task.train(&mut agent, &mut slots(&task, 1)[0], &shared(&task), &context).unwrap();
    assert_eq!(agent.acts.iter().map(|act| act.clock).collect::<Vec<_>>(), [100, 102, 104]);
}

#[test]
fn what_is_drawn_in_a_round_is_named_by_generation_individual_and_round() {
    let task = task();
    let names = [(0, 0, 0), (7, 0, 0), (0, 1, 0), (0, 0, 5), (7, 1, 5)];
    for (generation, individual, round) in names {
        let mut agent = Recorder::new(16, 8);
        let context = RoundContext { generation, round, ..context(individual, 8) };
        let (mut slots, mut shared) = (slots(&task, 2), shared(&task));
        task.train(&mut agent, &mut slots[individual], &shared, &context).unwrap();
        assert!(agent.batches.is_empty(), "8 rows are no batch of 16");
        let stream = |purpose| Streams::new(1).get(purpose, generation, individual, round);
        let mut exploration = stream(Purpose::Exploration);
        assert!(agent.acts.iter().all(|act| act.drawn == exploration.next_u64()));
        // The one update of a second such round draws from all 16 rows: with the same stream, the same of them.
        task.merge(&mut shared, &mut slots.iter_mut().collect::<Vec<_>>());
        task.train(&mut agent, &mut slots[individual], &shared, &context).unwrap();
        task.merge(&mut shared, &mut slots.iter_mut().collect::<Vec<_>>());
        let mut batch = Batch::new(16, shared.layout());
        shared.sample_into(&mut stream(Purpose::Replay), &mut batch);
        assert_eq!(agent.batches, [batch.ordinals()]);
        assert_eq!(agent.learnt_with, [stream(Purpose::Learning).next_u64()], "a stream of its own");
    }
}

#[test]
fn every_place_has_lanes_of_its_own() {
    let task = task_of(Probe::FinalObs, LANES);
    let mut first = Vec::new();
    for place in 0..8 {
        let mut agent = Recorder::new(4, 8);
        let mut slot = task.slot(place, &Streams::new(1)).unwrap();
        task.train(&mut agent, &mut slot, &shared(&task), &context(place, 2)).unwrap();
        assert_eq!(agent.acts[0].obs, lanes(place).obs(), "place {place}");
        first.push(agent.acts[0].obs.clone());
    }
    assert!(first.iter().any(|obs| *obs != first[0]), "all begin alike: {first:?}");
}

/// An episode has two steps and begins anywhere on a ring of four.
#[test]
fn after_an_end_the_next_episode_is_acted_on() {
    let (task, mut agent, mut envs) = (task(), Recorder::new(4, 8), lanes(0));
    task.train(&mut agent, &mut slots(&task, 1)[0], &shared(&task), &context(0, 20)).unwrap();
    let mut differed = false;
    for act in &agent.acts {
        assert_eq!(act.obs, envs.obs());
        let step = envs.step(&[0; LANES]).unwrap();
        differed |= step.obs != step.next_obs;
    }
    assert!(differed && agent.acts.len() == 10);
}

#[test]
fn an_update_gets_the_batch_it_asks_for_and_what_it_says_is_summed() {
    let (task, mut agent) = (task(), Recorder::new(5, 4));
    let mut slot = slots(&task, 1).pop().unwrap();
    let stats = task.train(&mut agent, &mut slot, &shared(&task), &context(0, 20)).unwrap();
    // Of five times four steps the first come too early: 4 rows are no batch of 5.
    assert_eq!(agent.batches.iter().map(Vec::len).collect::<Vec<_>>(), [5; 4]);
    assert_eq!(stats.updates, 4);
    assert_eq!(stats.metrics.iter().collect::<Vec<_>>(), [("loss", 4.0), ("value", 8.0), ("grad_norm", 12.0)]);
    agent.batch_size = 7;
    let stats = task.train(&mut agent, &mut slot, &shared(&task), &context(0, 4)).unwrap();
    assert_eq!((stats.updates, agent.batches.last().unwrap().len()), (1, 7));
}

/// Two places, two rounds of four transitions each: the first place's rows lie before the second's, and each once.
#[test]
fn rows_are_handed_over_once_and_in_the_order_of_the_places() {
    let task = task_of(Probe::FinalObs, LANES);
    let (mut slots, mut shared) = (slots(&task, 2), shared(&task));
    let (mut agent, mut expected) = (Recorder::new(4, 8), Vec::new());
    let mut envs = [lanes(0), lanes(1)];
    for _ in 0..2 {
        for (place, slot) in slots.iter_mut().enumerate() {
            task.train(&mut agent, slot, &shared, &context(place, 4)).unwrap();
            for _ in 0..2 {
                expected.extend_from_slice(envs[place].obs());
                envs[place].step(&[0; LANES]).unwrap();
            }
        }
        task.merge(&mut shared, &mut slots.iter_mut().collect::<Vec<_>>());
    }
    assert_eq!(shared.total(), 16);
    let found: Vec<f32> = (0..16).map(|ordinal| shared.row(ordinal).unwrap().obs[0]).collect();
    assert_eq!(found, expected);
}

/// A round of all, with these transitions to take.
fn train_all(
    task: &OffPolicyTask<Recorder, f32, u32>,
    agents: &mut [Recorder],
    env_steps: &[u64],
) -> Vec<Result<RoundStats, String>> {
    let (mut slots, shared) = (slots(task, agents.len()), shared(task));
    let trainees = agents.iter_mut().zip(&mut slots).enumerate().map(|(place, (agent, slot))| Trainee {
        agent,
        slot,
        context: context(place, env_steps[place]),
    });
    let results = task.train_all(trainees.collect(), &shared);
    results.into_iter().map(|result| result.map_err(|error| error.to_string())).collect()
}

/// In lockstep all take as many steps.
#[test]
fn agents_of_one_key_and_as_many_steps_are_stacked_and_answered_in_their_places() {
    let keys = ["a", "b", "a", "a", "b"];
    let mut agents = keys.map(|key| Recorder::new(4, 4).with_key(key));
    let results = train_all(&task(), &mut agents, &[8, 12, 8, 16, 12]);
    assert_eq!(agents.each_ref().map(|agent| agent.stacked), [2, 2, 2, 0, 2]);
    let stats = results.into_iter().map(|result| result.unwrap());
    let found: Vec<_> =
        stats.map(|stats| (stats.env_steps, stats.updates, stats.metrics.get("loss").unwrap())).collect();
    // An update for every four transitions, the stack's too.
    assert_eq!(found, [(8, 2, 2.0), (12, 3, 3.0), (8, 2, 2.0), (16, 4, 4.0), (12, 3, 3.0)]);
}

#[test]
fn agents_without_a_key_train_alone() {
    let mut agents = [0; 3].map(|_| Recorder::new(4, 4));
    let results = train_all(&task(), &mut agents, &[8, 8, 8]);
    assert!(results.iter().all(Result::is_ok) && agents.iter().all(|agent| agent.stacked == 0));
}

/// The memory holds 64 transitions. Whoever asks for more is the one to be named, and nobody is trained.
#[test]
fn one_of_a_stack_that_cannot_train_is_named_alone() {
    let mut agents = [4, 65, 4].map(|batch_size| Recorder::new(batch_size, 4).with_key("a"));
    let results = train_all(&task(), &mut agents, &[8, 8, 8]);
    assert!(results[1].as_ref().unwrap_err().contains("batch_size = 65"), "{results:?}");
    assert!(results[0].is_ok() && results[2].is_ok() && agents.iter().all(|agent| agent.acts.is_empty()));
}

/// The longest round that was asked for, and a batch of the whole memory.
#[test]
fn a_round_and_a_batch_may_be_as_large_as_was_agreed() {
    let task = task();
    let mut agent = Recorder::new(64, 4);
    task.train(&mut agent, &mut slots(&task, 1)[0], &shared(&task), &context(0, 32)).unwrap();
    let error = task.train(&mut agent, &mut slots(&task, 1)[0], &shared(&task), &context(0, 34)).unwrap_err();
    assert!(error.to_string().contains("round_env_steps = 34"), "{error}");
}

/// Five transitions an update, and episodes of three steps that return 1 in each. After one step of two lanes two transitions
/// are owed, and the next are acted on in place 1: four steps more make ten, two updates, and end an episode in each lane.
#[test]
fn a_slot_is_saved_with_what_it_owes_and_what_it_is_to_act_on() {
    let task = task_of(Probe::Terminated, LANES);
    let (mut agent, mut shared) = (Recorder::new(2, 5), shared(&task));
    let mut slots = slots(&task, 2);
    assert_eq!(task.train(&mut agent, &mut slots[0], &shared, &context(0, 2)).unwrap().updates, 0);
    task.merge(&mut shared, &mut slots.iter_mut().collect::<Vec<_>>());
    let saved = task.save_slot(&slots[0]).unwrap();
    // A slot that has come to the end of its first episodes, with rows that were never handed over: all that is forgotten.
    task.train(&mut agent, &mut slots[1], &shared, &context(1, 6)).unwrap();
    for slot in &mut slots {
        task.restore_slot(slot, &saved).unwrap();
        agent.acts.clear();
        let stats = task.train(&mut agent, slot, &shared, &context(0, 8)).unwrap();
        assert_eq!((stats.updates, stats.episodes, stats.return_sum), (2, 2, 6.0));
        let seen: Vec<_> = agent.acts.iter().map(|act| act.obs.as_slice()).collect();
        assert_eq!(seen, [[1.0; 2], [2.0; 2], [0.0; 2], [1.0; 2]]);
    }
    task.merge(&mut shared, &mut slots.iter_mut().collect::<Vec<_>>());
    assert_eq!(shared.total(), 2 + 8 + 8);
}

#[test]
fn a_slot_in_the_middle_of_a_round_is_not_saved() {
    let (task, mut agent) = (task(), Recorder::new(4, 8));
    let mut slot = slots(&task, 1).pop().unwrap();
    task.train(&mut agent, &mut slot, &shared(&task), &context(0, 4)).unwrap();
    let error = task.save_slot(&slot).unwrap_err().to_string();
    assert!(error.contains("not handed over"), "{error}");
}

#[test]
fn a_slot_of_other_lanes_is_refused() {
    let (task, other) = (task(), task_of(Probe::FinalObs, 3));
    let saved = other.save_slot(&slots(&other, 1)[0]).unwrap();
    let mut slots = slots(&task, 1);
    let error = task.restore_slot(&mut slots[0], &saved).unwrap_err().to_string();
    assert!(error.contains("other lanes"), "{error}");
}

#[test]
fn rows_come_back_under_the_numbers_they_had() {
    let task = task();
    let mut memory = shared(&task);
    for k in 0..6_u32 {
        memory.extend(&Transitions {
            obs: &[k as f32],
            actions: &[k % 2],
            rewards: &[f64::from(k)],
            next_obs: &[k as f32 + 1.0],
            terminated: &[k == 2],
            truncated: &[k == 3],
            next_masks: None,
        });
    }
    assert_eq!(task.items(&memory), 0..6);
    let bytes = task.save_items(&memory, 0..4).unwrap();
    let mut again = shared(&task);
    task.restore_items(&mut again, 0..4, &bytes).unwrap();
    assert_eq!(again.total(), 4);
    assert!((0..4).all(|ordinal| again.row(ordinal).unwrap().reward == ordinal as f32));
    // 64 is all it holds: of 70 the first six are gone.
    for k in 6..70_u32 {
        memory.extend(&Transitions {
            obs: &[k as f32],
            actions: &[0],
            rewards: &[f64::from(k)],
            next_obs: &[0.0],
            terminated: &[false],
            truncated: &[false],
            next_masks: None,
        });
    }
    assert_eq!(task.items(&memory), 6..70);
    let error = task.restore_items(&mut shared(&task), 0..5, &bytes).unwrap_err().to_string();
    assert!(error.contains("the rows 0..4 of a memory, and 0..5 were asked for"), "{error}");
}

/// 13 transitions in steps of two are seven steps: the last goes beyond, and the slot has room for it.
#[test]
fn an_odd_round_has_room_for_its_last_step() {
    let probe = || ProbeEnv::new(Probe::FinalObs);
    let task = OffPolicyTask::new(
        OffPolicyConfig { lanes: LANES, memory_size: 64, ..Default::default() },
        13,
        move |lanes| Ok(Box::new(SyncVec::from_fn(lanes, |_| probe()))),
        move || Ok(Box::new(probe())),
    )
    .unwrap();
    let (mut slots, mut shared, mut envs) = (slots(&task, 1), shared(&task), lanes(0));
    task.train(&mut Recorder::new(4, 8), &mut slots[0], &shared, &context(0, 13)).unwrap();
    task.merge(&mut shared, &mut slots.iter_mut().collect::<Vec<_>>());
    assert_eq!(shared.total(), 14);
    assert_eq!(shared.row(0).unwrap().obs, &envs.obs()[..1], "the first row is not overwritten");
    envs.step(&[0; LANES]).unwrap();
}

#[test]
fn the_rows_of_a_masked_environment_have_masks() {
    assert_eq!(task_of(Probe::Masked, LANES).rows(), &RowLayout::new(1, 1).with_mask(3));
    assert_eq!(task_of(Probe::Truncated, LANES).rows(), &RowLayout::new(1, 1));
}

/// Two updates on the host, two on a device: (1, 2, 3) + (10, 20, 30) from each.
#[cfg(feature = "burn")]
#[test]
fn what_updates_say_is_added_wherever_it_was_computed() {
    use burn::tensor::{Tensor, TensorData};
    let device = agilerl_nets::parse_device("flex").unwrap().burn();
    let mut sum = LearnedSum::new(&METRICS);
    fn learned(metrics: Numbers<'_>) -> Learned<'_> {
        Learned { names: &METRICS, metrics, td_errors: Numbers::Host(&[]) }
    }
    for values in [[1.0_f32, 2.0, 3.0], [10.0, 20.0, 30.0]] {
        sum.add(learned(Numbers::Host(&values)));
        sum.add(learned(Numbers::Device(Tensor::from_data(TensorData::from(values), &device))));
    }
    assert_eq!(crate::read(sum), (4, [22.0, 44.0, 66.0]));
    assert_eq!(crate::read(LearnedSum::of(3, &METRICS, vec![1.0, 2.0, 3.0])), (3, [1.0, 2.0, 3.0]));
    assert_eq!(crate::read(LearnedSum::new(&METRICS)), (0, [0.0; 3]));
}
