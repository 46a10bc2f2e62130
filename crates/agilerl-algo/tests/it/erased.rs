//! Agents and tasks of any algorithm do what they do under their own types.

use agilerl_algo::{AnyAgent, AnyTask, Dqn, DqnConfig, NetConfig, OffPolicyConfig, OffPolicyTask};
use agilerl_env::{Probe, ProbeEnv, SyncVec};
use agilerl_hpo::{Evolve, Mutation, PersistTask, Streams, Task, Trainer, TrainerConfig};
use agilerl_nets::parse_device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn task() -> OffPolicyTask<Dqn, f32, u32> {
    OffPolicyTask::new(
        OffPolicyConfig { lanes: 4, memory_size: 1_000, ..OffPolicyConfig::default() },
        64,
        |lanes| Ok(Box::new(SyncVec::from_fn(lanes, |_| ProbeEnv::new(Probe::TwoSteps)))),
        || Ok(Box::new(ProbeEnv::new(Probe::TwoSteps))),
    )
    .unwrap()
}

fn agent() -> Dqn {
    let net = NetConfig { hidden: vec![16], ..NetConfig::default() };
    let config = DqnConfig { net, batch_size: 16, ..DqnConfig::default() };
    Dqn::new(config, 1, 2, &parse_device("cpu").unwrap(), &mut ChaCha8Rng::seed_from_u64(1)).unwrap()
}

fn config() -> TrainerConfig {
    TrainerConfig {
        generations: 3,
        generation_env_steps: 128,
        round_env_steps: 64,
        eval_episodes: 2,
        confirm_episodes: 2,
        mutation: Mutation { no_mutation: 0.0, ..Mutation::default() },
        ..TrainerConfig::default()
    }
}

#[test]
fn a_run_of_erased_agents_has_the_signature_of_their_own_type() {
    let own = Trainer::new(task(), vec![agent(); 3], config()).unwrap().run().unwrap();
    let agents = vec![AnyAgent::new(agent()); 3];
    let erased = Trainer::new(AnyTask::new(task()), agents, config()).unwrap().run().unwrap();
    assert_eq!(erased.signature, own.signature);
    let elite = erased.elite.agent.downcast_ref::<Dqn>().unwrap();
    assert_eq!(elite.weights(), own.elite.agent.weights());
}

#[test]
fn a_clone_of_an_erased_agent_is_another_agent() {
    let agent = AnyAgent::new(agent());
    let mut clone = agent.clone();
    clone.set_hyperparameter("lr", 0.5);
    let lr = |agent: &AnyAgent| agent.downcast_ref::<Dqn>().unwrap().config().lr;
    assert_eq!((lr(&agent), lr(&clone)), (1e-3, 0.5));
}

#[test]
fn an_erased_slot_is_saved_as_the_slot_itself() {
    let (own, erased, streams) = (task(), AnyTask::new(task()), Streams::new(1));
    let saved = erased.save_slot(&erased.slot(0, &streams).unwrap()).unwrap();
    assert_eq!(saved, own.save_slot(&own.slot(0, &streams).unwrap()).unwrap());
    erased.restore_slot(&mut erased.slot(0, &streams).unwrap(), &saved).unwrap();
}
