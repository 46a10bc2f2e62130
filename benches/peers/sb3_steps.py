"""Environment steps per second of stable-baselines3's DQN on LunarLander-v3.

    OMP_NUM_THREADS=1 python benches/peers/sb3_steps.py --threads 1
    python benches/peers/sb3_steps.py

Its whole `learn` with the schedule of agilerl_steps.py: 16 environments, and after each step of all of them one update of
128 transitions; two hidden layers of 32. It trains one agent, and several would take turns, at the same rate. Of the
clock on the wall and the processor's the shorter time counts. Prints the rate of each repetition and the best.
"""

import argparse
import time

import torch
from stable_baselines3 import DQN
from stable_baselines3.common.env_util import make_vec_env

LANES, BATCH = 16, 128


def main():
    parser = argparse.ArgumentParser(description="Times stable-baselines3's DQN on LunarLander-v3.")
    parser.add_argument("--threads", type=int, help="threads of PyTorch (its default)")
    parser.add_argument("--vector-steps", type=int, default=100, help="of a repetition (%(default)s)")
    parser.add_argument("--repetitions", type=int, default=30, help="the best counts (%(default)s)")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)

    model = DQN(
        "MlpPolicy", make_vec_env("LunarLander-v3", LANES), policy_kwargs={"net_arch": [32, 32]}, learning_rate=1e-3,
        batch_size=BATCH, buffer_size=10_000, learning_starts=BATCH, train_freq=1, gradient_steps=1,
        target_update_interval=LANES, tau=1e-3, exploration_initial_eps=0.5, exploration_final_eps=0.5, device="cpu",
    )
    model.learn(20 * LANES)
    rates = []
    for _ in range(args.repetitions):
        wall, processor = time.perf_counter(), time.process_time()
        model.learn(args.vector_steps * LANES, reset_num_timesteps=False)
        seconds = min(time.perf_counter() - wall, time.process_time() - processor)
        rates.append(args.vector_steps * LANES / seconds)
        print(f"{rates[-1]:8.0f} environment steps per second")
    print(f"best {max(rates):.0f} environment steps per second, {torch.get_num_threads()} threads of PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
