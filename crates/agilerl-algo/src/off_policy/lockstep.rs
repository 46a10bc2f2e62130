//! Training of agents that act and learn as one program.

use agilerl_buffer::{Replay, Stored};
use agilerl_env::{ActionElement, Element};
use agilerl_hpo::{BoxError, Evolve, RoundStats, Trainee, guard};
use rayon::prelude::*;

use crate::off_policy::learner::OffPolicy;
use crate::off_policy::round::RoundInProgress;
use crate::off_policy::slot::Slot;
use crate::off_policy::task::OffPolicyTask;

/// Trains agents in lockstep. If one cannot go on, none does, and it alone has the error.
pub(crate) fn train_stack<A, O, C>(
    task: &OffPolicyTask<A, O, C>,
    trainees: Vec<Trainee<'_, A, Slot<O, C>>>,
    shared: &Replay<O, C>,
) -> Vec<Result<RoundStats, BoxError>>
where
    A: OffPolicy<O, C> + Evolve,
    O: Element + Stored,
    C: ActionElement,
{
    let fits = |trainee: &Trainee<'_, A, Slot<O, C>>| Ok(task.check_fit(trainee.agent, &trainee.context)?);
    let checked: Vec<Result<(), BoxError>> = trainees.iter().map(fits).collect();
    if checked.iter().any(Result::is_err) {
        return unfinished(checked);
    }
    let mut trainees = trainees;
    let Some(mut stack) = A::stack(&trainees.iter_mut().map(|trainee| &mut *trainee.agent).collect::<Vec<_>>()) else {
        return trainees.into_iter().map(|trainee| trainee.train(task, shared)).collect();
    };
    let mut rounds = Vec::with_capacity(trainees.len());
    for trainee in trainees {
        rounds.push(RoundInProgress::begin(trainee.agent, trainee.slot, &trainee.context));
    }
    while rounds.iter().any(RoundInProgress::has_steps_left) {
        let (mut agents, mut requests): (Vec<_>, Vec<_>) = rounds.iter_mut().map(RoundInProgress::acting).unzip();
        stack.act(&mut agents, &mut requests);
        let step = |round: &mut RoundInProgress<'_, A, O, C>| guard(|| round.step());
        let stepped: Vec<_> = rounds.par_iter_mut().with_max_len(1).map(step).collect();
        if stepped.iter().any(Result::is_err) {
            return unfinished(stepped);
        }
        loop {
            let draw =
                |round: &mut RoundInProgress<'_, A, O, C>| round.draw_batch(shared, task.config().learning_starts);
            let drawn: Vec<bool> = rounds.iter_mut().map(draw).collect();
            if !drawn.contains(&true) {
                break;
            }
            let (mut agents, mut batches, mut rngs) = (Vec::new(), Vec::new(), Vec::new());
            for (round, drawn) in rounds.iter_mut().zip(drawn) {
                let (agent, batch, rng) = round.learning(drawn);
                agents.push(agent);
                batches.push(batch);
                rngs.push(rng);
            }
            stack.learn(&mut agents, &batches, &mut rngs);
        }
    }
    let learned = stack.unstack(&mut rounds.iter_mut().map(|round| &mut *round.agent).collect::<Vec<_>>());
    rounds.into_iter().zip(learned).map(|(round, learned)| Ok(round.end(learned))).collect()
}

/// Results of a round that is not finished, because one individual failed: the run ends with that error.
fn unfinished(checked: Vec<Result<(), BoxError>>) -> Vec<Result<RoundStats, BoxError>> {
    checked.into_iter().map(|checked| checked.map(|()| RoundStats::default())).collect()
}
