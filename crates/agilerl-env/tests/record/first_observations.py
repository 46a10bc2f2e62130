"""Records the first observation after reset(seed=...) of 200 seeds of every Gymnasium environment of the crate.

    pip install "gymnasium[box2d]==1.4.0" numpy==2.4.6
    python first_observations.py > ../golden-seeds/first-observations.txt

One line for each environment: its name, then the bits of all observations as hexadecimal digits (f32, eight digits
each, row by row; for a discrete observation its number as an f32).
"""

import gymnasium as gym
import numpy as np

ENVS = {
    "CartPole-v1": {},
    "Acrobot-v1": {},
    "MountainCar-v0": {},
    "MountainCarContinuous-v0": {},
    "Pendulum-v1": {},
    "LunarLander-v3": {},
    "LunarLanderContinuous-v3": {},
    "FrozenLake-v1": {},
    "FrozenLake8x8-v1": {},
    "CliffWalking-v1": {},
    "CliffWalkingSlippery-v1": {},
    "Taxi-v4": {},
}
# Small seeds, and some beyond 32 bits: numpy splits a seed into words of 32.
SEEDS = list(range(150)) + [2**31 + 7 * i for i in range(25)] + [2**40 + 11 * i for i in range(24)] + [2**63 - 1]

if __name__ == "__main__":
    print(f"# gymnasium {gym.__version__}, numpy {np.__version__}; seeds, then environments")
    print("seeds", " ".join(map(str, SEEDS)))
    for name, kwargs in ENVS.items():
        env = gym.make(name, **kwargs)
        rows = [np.atleast_1d(env.reset(seed=seed)[0]).astype(np.float32) for seed in SEEDS]
        print(name, np.concatenate(rows).astype(">f4").tobytes().hex())
