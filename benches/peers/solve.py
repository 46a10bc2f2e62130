"""Time until a peer solves LunarLander-v3: 100 fresh greedy episodes with a mean return of at least 200.

    OMP_NUM_THREADS=1 nice python benches/peers/solve.py sb3 --seed 1
    OMP_NUM_THREADS=1 nice python benches/peers/solve.py agilerl --seed 1

`sb3`: stable-baselines3's DQN with the settings that rl-baselines3-zoo tuned for LunarLander. `agilerl`: AgileRL's own
`train_off_policy` with the settings of its online-training page and one update for each step of the 16 environments.
Both are judged often and generously: as soon as one evaluation reaches 200, the agent is confirmed on 100 episodes, and
the clock stops when that succeeds. Prints one line of JSON: seconds on the wall and of the processor, evaluation
included, and the steps trained.
"""

import argparse
import json
import time

import gymnasium
import numpy as np
import torch

ENV, TARGET = "LunarLander-v3", 200.0


class Solved(Exception):
    pass


class Clock:
    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        self.evaluation = 0.0

    def read(self):
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        return {"wall_s": round(wall, 1), "cpu_s": round(cpu, 1), "evaluation_cpu_s": round(self.evaluation, 1)}


def mean_return(act, episodes, seed, clock, lanes=20):
    """Mean return of complete greedy episodes, played side by side: the first of each lane after a reset counts."""
    start = time.process_time()
    envs = gymnasium.vector.SyncVectorEnv([lambda: gymnasium.make(ENV)] * min(lanes, episodes))
    returns = []
    while len(returns) < episodes:
        obs, _ = envs.reset(seed=seed + len(returns))
        sums, running = np.zeros(envs.num_envs), np.ones(envs.num_envs, bool)
        while running.any():
            obs, rewards, terminated, truncated, _ = envs.step(act(obs))
            sums += np.where(running, rewards, 0.0)
            running &= ~(terminated | truncated)
        returns += sums.tolist()
    envs.close()
    clock.evaluation += time.process_time() - start
    return float(np.mean(returns[:episodes]))


def sb3(args, clock):
    from stable_baselines3 import DQN
    from stable_baselines3.common.callbacks import BaseCallback

    class Judge(BaseCallback):
        """Ten episodes every 5,000 steps; a hundred when they reach the target."""

        def _on_step(self):
            if self.num_timesteps % 5_000:
                return True
            act = lambda obs: self.model.predict(obs, deterministic=True)[0]
            mean = mean_return(act, 10, 1_000_000 + self.num_timesteps, clock, 10)
            if args.verbose:
                print(self.num_timesteps, round(mean, 1), clock.read(), flush=True)
            if mean >= TARGET:
                confirmed = mean_return(act, 100, 2_000_000 + self.num_timesteps, clock)
                if confirmed >= TARGET:
                    raise Solved({"steps": self.num_timesteps, "mean": round(confirmed, 1)})
            return True

    model = DQN(
        "MlpPolicy", ENV, seed=args.seed, device="cpu",
        learning_rate=6.3e-4, batch_size=128, buffer_size=50_000, learning_starts=0, gamma=0.99,
        target_update_interval=250, train_freq=4, gradient_steps=-1,
        exploration_fraction=0.12, exploration_final_eps=0.1, policy_kwargs={"net_arch": [256, 256]},
    )
    model.learn(100_000, callback=Judge())
    while model.num_timesteps < args.most_steps:
        # Beyond the zoo's 100,000 steps epsilon stays at its end.
        model.learn(100_000, callback=Judge(), reset_num_timesteps=False)
    return {"steps": model.num_timesteps, "mean": None}


def agilerl(args, clock):
    from agilerl.algorithms import DQN
    from agilerl.components.replay_buffer import ReplayBuffer
    from agilerl.hpo.mutation import Mutations
    from agilerl.hpo.tournament import TournamentSelection
    from agilerl.population import Population
    from agilerl.training.train_off_policy import train_off_policy

    def judge(population, _target):
        """In place of AgileRL's own rule, which waits until the last ten scores of every agent are high."""
        best = max(population.agents, key=lambda agent: agent.fitness[-1])
        steps = sum(agent.metrics.steps for agent in population.agents)
        if args.verbose:
            print(steps, round(best.fitness[-1], 1), clock.read(), flush=True)
        if best.fitness[-1] >= TARGET:
            best.set_training_mode(False)
            confirmed = mean_return(lambda obs: best.get_action(obs, epsilon=0.0), 100, 2_000_000 + steps, clock)
            best.set_training_mode(True)
            if confirmed >= TARGET:
                raise Solved({"steps": steps, "mean": round(confirmed, 1)})
        if steps >= args.most_steps:
            raise Solved({"steps": steps, "mean": None})
        return False

    Population.should_stop = judge
    envs = gymnasium.vector.SyncVectorEnv([lambda: gymnasium.make(ENV)] * 16)
    envs.reset(seed=args.seed)
    settings = {
        "net_config": {"encoder_config": {"hidden_size": [32, 32]}},
        "batch_size": 128, "lr": 1e-3, "gamma": 0.99, "tau": 1e-3, "double": True, "learn_step": args.learn_step,
    }
    population = DQN.population(6, envs.single_observation_space, envs.single_action_space, **settings)
    mutation = Mutations(
        no_mutation=0.4, architecture=0.2, new_layer_prob=0.2, parameters=0.2, activation=0, rl_hp=0.2, mutation_sd=0.1,
        rand_seed=args.seed,
    )
    train_off_policy(
        env=envs, env_name=ENV, algo="DQN", pop=population, memory=ReplayBuffer(max_size=10_000),
        max_steps=10**9, evo_steps=10_000, eval_steps=None, eval_loop=1,
        eps_start=1.0, eps_end=0.1, eps_decay=0.995, target=TARGET,
        selection_strategy=TournamentSelection(tournament_size=2, elitism=True, population_size=6), mutation=mutation,
        verbose=False,
    )


def main():
    parser = argparse.ArgumentParser(description="Time until a peer solves LunarLander-v3.")
    parser.add_argument("peer", choices=["sb3", "agilerl"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--learn-step", type=int, default=16, help="agilerl: environment steps per update (%(default)s)")
    parser.add_argument("--most-steps", type=int, default=None, help="give up then (sb3 500,000, agilerl 6,000,000)")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    args.most_steps = args.most_steps or (500_000 if args.peer == "sb3" else 6_000_000)
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)
    clock = Clock()
    try:
        result = {"sb3": sb3, "agilerl": agilerl}[args.peer](args, clock)
    except Solved as solved:
        result = solved.args[0]
    threads = torch.get_num_threads()
    print(json.dumps({"peer": args.peer, "seed": args.seed, **result, **clock.read(), "torch_threads": threads}), flush=True)


if __name__ == "__main__":
    main()
