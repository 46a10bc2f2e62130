"""Prints the literals of tests/it/toy_text.rs: what Gymnasium's toy text does under fixed and under drawn actions.

    pip install gymnasium==1.4.0 numpy==2.4.6
    python toy_text.py
"""

import gymnasium as gym
import numpy as np

ENVS = [
    ("FrozenLake-v1", {}),
    ("FrozenLake-v1", {"is_slippery": False}),
    ("FrozenLake8x8-v1", {}),
    ("FrozenLake8x8-v1", {"is_slippery": False}),
    ("CliffWalking-v1", {}),
    ("CliffWalkingSlippery-v1", {}),
    ("Taxi-v4", {}),
]


def begun(name, kwargs, seed, steps):
    """Observations of the first steps under the actions (t * 7 + t // 3) % n, resets included."""
    env = gym.make(name, **kwargs)
    seen = [int(env.reset(seed=seed)[0])]
    for t in range(steps):
        obs, _, terminated, truncated, _ = env.step((t * 7 + t // 3) % env.action_space.n)
        seen.append(int(obs))
        if terminated or truncated:
            seen.append(int(env.reset()[0]))
    return seen


def digest(name, kwargs, seed, steps):
    """Everything that many steps under drawn actions return, mixed into 64 bits; and the sum of the rewards.

    Of masked environments every other action is drawn from the legal ones.
    """
    env = gym.make(name, **kwargs)
    draws = np.random.default_rng(seed + 1)
    n = int(env.action_space.n)
    mixed, total = 0xCBF29CE484222325, 0.0

    def mix(number):
        nonlocal mixed
        mixed = ((mixed ^ (int(number) & 0xFFFFFFFFFFFFFFFF)) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF

    obs, info = env.reset(seed=seed)
    mix(obs)
    for t in range(steps):
        mask = info.get("action_mask")
        if mask is not None and t % 2 == 0:
            legal = np.flatnonzero(mask)
            action = int(legal[draws.integers(0, len(legal))])
        else:
            action = int(draws.integers(0, n))
        obs, reward, terminated, truncated, info = env.step(action)
        for number in [obs, reward, terminated, truncated, *(info.get("action_mask", []))]:
            mix(number)
        total += reward
        if terminated or truncated:
            obs, info = env.reset()
            mix(obs)
    return f"0x{mixed:016x}, {total}"


if __name__ == "__main__":
    for name, kwargs in ENVS:
        print(name, kwargs)
        for seed in range(2):
            print("  begun", seed, begun(name, kwargs, seed, 30))
        print("  digest", digest(name, kwargs, 7, 50_000))
