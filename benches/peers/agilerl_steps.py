"""Environment steps per second of AgileRL's training loop on LunarLander-v3, evaluation excluded.

    OMP_NUM_THREADS=1 python benches/peers/agilerl_steps.py --threads 1
    python benches/peers/agilerl_steps.py

AgileRL's own agents and memory in its own loop's order, with the schedule of its online-training page: six agents take
turns on 16 environments, and every vector step is followed by one update of 128 transitions. Of the clock on
the wall and the processor's the shorter time counts. Prints the rate of each turn and the best.
"""

import argparse
import time

import gymnasium
import numpy as np
import torch
from agilerl.algorithms import DQN
from agilerl.components.replay_buffer import ReplayBuffer
from agilerl.modules.mlp import EvolvableMLP
from tensordict import TensorDict

POPULATION, LANES, BATCH = 6, 16, 128
HIDDEN = [32, 32]


def turn(agent, envs, memory, vector_steps, epsilon):
    """One agent's turn: act, step, store, sample and learn; and how many updates it made."""
    obs, _ = envs.reset()
    updates = 0
    for _ in range(vector_steps):
        action = agent.get_action(obs, epsilon)
        next_obs, reward, terminated, _truncated, _ = envs.step(action)
        rows = {"obs": obs, "action": action, "reward": reward, "next_obs": next_obs, "done": terminated}
        rows = {name: torch.as_tensor(np.asarray(row, np.float32)) for name, row in rows.items()}
        memory.add(TensorDict(rows, batch_size=[LANES]))
        if len(memory) >= BATCH:
            agent.learn(memory.sample(BATCH))
            updates += 1
        obs = next_obs
    return updates


def main():
    parser = argparse.ArgumentParser(description="Times AgileRL's training loop on LunarLander-v3.")
    parser.add_argument("--threads", type=int, help="threads of PyTorch (its default)")
    parser.add_argument("--vector-steps", type=int, default=100, help="of an agent's turn (%(default)s)")
    parser.add_argument("--repetitions", type=int, default=5, help="of six turns; the best turn counts (%(default)s)")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)

    envs = gymnasium.vector.SyncVectorEnv([lambda: gymnasium.make("LunarLander-v3")] * LANES)
    spaces = (envs.single_observation_space, envs.single_action_space)
    population = []
    for index in range(POPULATION):
        # The page's network and no more: by default this version adds a layer of 32 and layer normalisation.
        net = EvolvableMLP(num_inputs=8, num_outputs=4, hidden_size=HIDDEN, layer_norm=False)
        population.append(DQN(*spaces, index=index, actor_network=net, batch_size=BATCH, lr=1e-3, learn_step=1, double=True))
    for agent in population:
        agent.set_training_mode(True)
    memory = ReplayBuffer(max_size=10_000)
    turn(population[0], envs, memory, 20, 1.0)

    rates = []
    for _ in range(args.repetitions):
        for agent in population:
            wall, processor = time.perf_counter(), time.process_time()
            updates = turn(agent, envs, memory, args.vector_steps, 0.5)
            seconds = min(time.perf_counter() - wall, time.process_time() - processor)
            rates.append(args.vector_steps * LANES / seconds)
            print(f"{rates[-1]:8.0f} environment steps per second ({updates} updates in {seconds:.2f} s)")
    print(f"best {max(rates):.0f} environment steps per second, {torch.get_num_threads()} threads of PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
