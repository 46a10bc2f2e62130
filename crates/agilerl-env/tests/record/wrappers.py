"""Records what Gymnasium's wrappers make of CartPole: the literals of tests/it/wrappers.rs.

    pip install gymnasium==1.4.0 numpy==2.4.6
    python wrappers.py
"""

import gymnasium as gym
import numpy as np
from gymnasium.wrappers import FrameStackObservation, NormalizeObservation
from gymnasium.wrappers.utils import RunningMeanStd
from gymnasium.wrappers.vector import NormalizeObservation as NormalizeObservations


def show(label, values):
    print(label, ", ".join(repr(value.item()) if value.dtype == np.float64 else str(value) for value in values.ravel()))


def counted(statistics, obs):
    """The same sums in f64, over rows of raw observations."""
    statistics.update(np.atleast_2d(obs).astype(np.float64))


def show_statistics(statistics):
    print("count", statistics.count)
    show("mean", statistics.mean)
    show("variance", statistics.var)


def stacks():
    env = FrameStackObservation(gym.make("CartPole-v1"), 3)
    show("stack", env.reset(seed=123)[0])
    for action in [1, 0, 1]:
        show("stack", env.step(action)[0])
    env.reset(seed=123)
    ended, steps = False, 0
    while not ended:
        obs, _, terminated, truncated, _ = env.step(1)
        ended, steps = terminated or truncated, steps + 1
    show(f"stack after {steps} steps", obs)
    show("stack of the next reset", env.reset()[0])


def normalised():
    env, raw = NormalizeObservation(gym.make("CartPole-v1")), gym.make("CartPole-v1")
    statistics = RunningMeanStd(shape=(4,), dtype=np.float64)
    show("normalised", env.reset(seed=123)[0])
    counted(statistics, raw.reset(seed=123)[0])
    ended = False
    while not ended:
        obs, _, terminated, truncated, _ = env.step(1)
        counted(statistics, raw.step(1)[0])
        show("normalised", obs)
        ended = terminated or truncated
    show_statistics(statistics)
    show("normalised, next reset", env.reset()[0])
    counted(statistics, raw.reset()[0])
    show_statistics(statistics)


def normalised_lanes():
    def make():
        return gym.make_vec("CartPole-v1", num_envs=3, vectorization_mode="sync")

    envs, raw = NormalizeObservations(make()), make()
    statistics = RunningMeanStd(shape=(4,), dtype=np.float64)
    show("lanes", envs.reset(seed=7)[0])
    counted(statistics, raw.reset(seed=7)[0])
    for actions in [[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 0]]:
        obs = envs.step(np.array(actions))[0]
        counted(statistics, raw.step(np.array(actions))[0])
    show("lanes after 5 steps", obs)
    show_statistics(statistics)


stacks()
normalised()
normalised_lanes()
