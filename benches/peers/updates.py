"""Microseconds of one update of PyTorch, stable-baselines3 and AgileRL: the peers in the table of docs/benchmarks.md.

    OMP_NUM_THREADS=1 python benches/peers/updates.py --threads 1
    python benches/peers/updates.py

The networks are 8-[n, n]-4 with ReLU, the batch 128 transitions, the optimiser Adam.

- `torch`: double Q-learning written by hand in eager PyTorch, as a careful reader of its tutorial would: one batch that
  is there already, Adam with its default implementation, the target network moved by one `_foreach_lerp_`.
- `sb3`: `DQN.train`, which draws the batch, uses no double Q-learning and a Huber loss, clips the gradient, and moves the
  target elsewhere. It is there for scale.
- `agilerl`: `DQN.learn` on one batch that is there already.

Each number is the least of many stretches of about 3 ms: what else the machine does can only add, and
between two slices of time that others take there is room for one. Prints
`peer<TAB>threads<TAB>network<TAB>microseconds`.
"""

import argparse
import time
import warnings

import gymnasium
import numpy as np
import torch

warnings.filterwarnings("ignore")
BATCH, STRETCHES = 128, 300


def rows(rng):
    obs = torch.as_tensor(rng.standard_normal((2, BATCH, 8)), dtype=torch.float32)
    actions = torch.as_tensor(rng.integers(0, 4, (BATCH, 1)))
    rewards = torch.as_tensor(rng.standard_normal((BATCH, 1)), dtype=torch.float32)
    terminated = torch.as_tensor(rng.random((BATCH, 1)) < 0.01, dtype=torch.float32)
    return obs[0], actions, rewards, obs[1], terminated


def eager_torch(hidden, rng):
    def network():
        sizes = [8, *hidden, 4]
        layers = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
        return torch.nn.Sequential(*layers[:-1])

    online, target = network(), network()
    target.load_state_dict(online.state_dict())
    optimizer = torch.optim.Adam(online.parameters(), lr=1e-3)
    obs, actions, rewards, next_obs, terminated = rows(rng)
    weights, target_weights = list(online.parameters()), list(target.parameters())

    def update():
        with torch.no_grad():
            best = online(next_obs).argmax(1, keepdim=True)
            wanted = rewards + 0.99 * (1.0 - terminated) * target(next_obs).gather(1, best)
        loss = torch.nn.functional.mse_loss(online(obs).gather(1, actions), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(target_weights, weights, 1e-3)

    return update


def sb3(hidden, rng):
    from stable_baselines3 import DQN
    from stable_baselines3.common.logger import configure

    model = DQN("MlpPolicy", "LunarLander-v3", policy_kwargs={"net_arch": list(hidden)}, buffer_size=10_000, device="cpu")
    model.set_logger(configure(None, []))
    obs, actions, rewards, next_obs, terminated = (tensor.numpy() for tensor in rows(rng))
    for i in range(10_000):
        k = i % BATCH
        model.replay_buffer.add(obs[k : k + 1], next_obs[k : k + 1], actions[k], rewards[k], terminated[k], [{}])
    return lambda: model.train(gradient_steps=1, batch_size=BATCH)


def agilerl(hidden, rng):
    from agilerl.algorithms import DQN
    from agilerl.modules.mlp import EvolvableMLP
    from tensordict import TensorDict

    env = gymnasium.make("LunarLander-v3")
    # The network and no more: by default this version adds a layer of 32 and layer normalisation.
    net = EvolvableMLP(num_inputs=8, num_outputs=4, hidden_size=list(hidden), layer_norm=False)
    agent = DQN(env.observation_space, env.action_space, actor_network=net, batch_size=BATCH, lr=1e-3, double=True)
    agent.set_training_mode(True)
    names = ["obs", "action", "reward", "next_obs", "done"]
    batch = TensorDict(dict(zip(names, rows(rng))), batch_size=[BATCH])
    return lambda: agent.learn(batch)


def least_microseconds(update):
    def stretch(times):
        start = time.perf_counter()
        for _ in range(times):
            update()
        return (time.perf_counter() - start) / times

    stretch(20)
    times = max(1, round(0.003 / min(stretch(1) for _ in range(20))))
    return 1e6 * min(stretch(times) for _ in range(STRETCHES))


def main():
    parser = argparse.ArgumentParser(description="Times one update of the peers.")
    parser.add_argument("--threads", type=int, help="threads of PyTorch (its default)")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    threads = args.threads or "default"
    for hidden in [(32, 32), (64, 64), (256, 256)]:
        for name, make in [("torch", eager_torch), ("sb3", sb3), ("agilerl", agilerl)]:
            microseconds = least_microseconds(make(hidden, np.random.default_rng(1)))
            print(f"{name}\t{threads}\t{hidden[0]}x{hidden[1]}\t{microseconds:.1f}", flush=True)


if __name__ == "__main__":
    main()
