"""Steps per second of Gymnasium's and EnvPool's vector environments: the peers in the table of docs/environments.md.

    python -m venv peers-env
    peers-env/bin/pip install "gymnasium[box2d]==1.4.0" envpool==1.2.5
    peers-env/bin/pip install --no-deps minatar==1.0.15 # or without MinAtar
    peers-env/bin/python env_speed.py                   # all environments, some minutes
    peers-env/bin/python env_speed.py CartPole          # those whose name contains this
    peers-env/bin/python env_speed.py --ours ours.txt   # with the ratios to the table of our env_speed example

Gymnasium: its own vectorised environment where it has one (CartPole), else SyncVectorEnv. EnvPool: num_threads=1. Actions
are drawn beforehand, and the lander's heuristic is not counted: the clock runs while `step` does. Resets are included.
Of the clock on the wall and that of the processor the shorter time counts, and each number is the best of several:
what else the machine does can only make a peer look slower than it is, so the best of it is taken.
"""

import sys
import time

import gymnasium as gym
import numpy as np

try:
    import envpool
except ImportError:
    envpool = None
try:
    import minatar.gym as minatar

    minatar.register_envs()
except ImportError:
    minatar = None

# Our name: Gymnasium's name and keywords, EnvPool's name or none.
ENVS = {
    "CartPole-v1": ("CartPole-v1", {}, "CartPole-v1"),
    "Acrobot-v1": ("Acrobot-v1", {}, "Acrobot-v1"),
    "MountainCar-v0": ("MountainCar-v0", {}, "MountainCar-v0"),
    "MountainCarContinuous-v0": ("MountainCarContinuous-v0", {}, "MountainCarContinuous-v0"),
    "Pendulum-v1": ("Pendulum-v1", {}, "Pendulum-v1"),
    "LunarLander-v3": ("LunarLander-v3", {}, "LunarLander-v3"),
    "LunarLanderContinuous-v3": ("LunarLanderContinuous-v3", {}, "LunarLanderContinuous-v3"),
    "FrozenLake-v1": ("FrozenLake-v1", {}, "FrozenLake-v1"),
    "FrozenLakeNotSlippery-v1": ("FrozenLake-v1", {"is_slippery": False}, None),
    "FrozenLake8x8-v1": ("FrozenLake8x8-v1", {}, "FrozenLake8x8-v1"),
    "FrozenLake8x8NotSlippery-v1": ("FrozenLake8x8-v1", {"is_slippery": False}, None),
    "CliffWalking-v1": ("CliffWalking-v1", {}, "CliffWalking-v1"),
    "CliffWalkingSlippery-v1": ("CliffWalkingSlippery-v1", {}, "CliffWalkingSlippery-v1"),
    "Taxi-v4": ("Taxi-v4", {}, "Taxi-v3"),
}
# The package `minatar` gives these to Gymnasium.
if minatar is not None:
    games = ["Breakout", "Asterix", "Freeway", "Seaquest", "SpaceInvaders"]
    ENVS |= {f"MinAtar/{game}-v1": (f"MinAtar/{game}-v1", {}, None) for game in games}
ROWS = 509
REPETITIONS = 5
SECONDS = 0.4


def random_actions(space, lanes):
    rng = np.random.default_rng(0)
    if isinstance(space, gym.spaces.Discrete):
        return rng.integers(0, space.n, size=(ROWS, lanes)).astype(np.int32)
    return rng.uniform(-1.0, 1.0, size=(ROWS, lanes, *space.shape)).astype(np.float32)


def heuristic(obs):
    """The controller that Gymnasium ships with the lander, for all lanes at once."""
    x, y, vx, vy, angle, spin, leg0, leg1 = obs.T
    target = np.clip(x * 0.5 + vx, -0.4, 0.4)
    down = (leg0 > 0) | (leg1 > 0)
    turn = np.where(down, 0.0, (target - angle) * 0.5 - spin)
    hover = np.where(down, -vy * 0.5, (0.55 * np.abs(x) - y) * 0.5 - vy * 0.5)
    action = np.where(turn < -0.05, 3, np.where(turn > 0.05, 1, 0))
    return np.where((hover > np.abs(turn)) & (hover > 0.05), 2, action).astype(np.int32)


def rate(envs, obs, lanes, policy):
    """Best rate of some windows of time."""
    best, row = 0.0, 0
    for _ in range(REPETITIONS):
        calls, wall, cpu = 0, 0.0, 0.0
        began = time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            actions = policy(row, obs)
            row = (row + 1) % ROWS
            wall_start, cpu_start = time.perf_counter(), time.process_time()
            obs = envs.step(actions)[0]
            cpu += time.process_time() - cpu_start
            wall += time.perf_counter() - wall_start
            calls += 1
        best = max(best, calls * lanes / min(wall, cpu))
    return best


def measure(name, lanes, heuristic_policy):
    gym_name, kwargs, pool_name = ENVS[name]
    mode = "vector_entry_point" if gym_name == "CartPole-v1" else "sync"
    envs = gym.make_vec(gym_name, num_envs=lanes, vectorization_mode=mode, **kwargs)
    actions = random_actions(envs.single_action_space, lanes)
    policy = (lambda _, obs: heuristic(obs)) if heuristic_policy else (lambda row, _: actions[row])
    gymnasium_rate = rate(envs, envs.reset(seed=0)[0], lanes, policy)
    envs.close()
    pool_rate = None
    if envpool is not None and pool_name is not None:
        envs = envpool.make(pool_name, env_type="gymnasium", num_envs=lanes, num_threads=1, seed=0)
        pool_rate = rate(envs, envs.reset()[0], lanes, policy)
        envs.close()
    return gymnasium_rate, pool_rate


def ours_of(path):
    """Rates of `cargo run --release -p agilerl-env --example env_speed`, by name, policy and lanes."""
    rates = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) == 4 and cells[3].isdigit():
                rates[cells[0], cells[1], int(cells[2])] = float(cells[3])
    return rates


def main():
    arguments = sys.argv[1:]
    ours = {}
    if "--ours" in arguments:
        at = arguments.index("--ours")
        ours = ours_of(arguments[at + 1])
        del arguments[at : at + 2]
    wanted = arguments[0] if arguments else ""
    pool = envpool.__version__ if envpool else "not installed"
    print(f"Gymnasium {gym.__version__}, EnvPool {pool}, numpy {np.__version__}, Python {sys.version.split()[0]}\n")
    print("| environment | policy | lanes | Gymnasium | EnvPool | agilerl-env | x Gymnasium | x EnvPool |")
    print("|---|---|---|---|---|---|---|---|")
    for name in ENVS:
        if wanted not in name:
            continue
        cases = [("random", 16)]
        cases += [("random", 1024)] if name == "CartPole-v1" else []
        cases += [("heuristic", 16)] if name == "LunarLander-v3" else []
        for policy, lanes in cases:
            gymnasium_rate, pool_rate = measure(name, lanes, policy == "heuristic")
            own = ours.get((name, policy, lanes))
            times = lambda peer: f"{own / peer:,.1f}" if own and peer else "-"
            number = lambda value: f"{value:,.0f}" if value else "-"
            cells = [name, policy, lanes, number(gymnasium_rate), number(pool_rate), number(own)]
            print("|", *(f"{cell} |" for cell in [*cells, times(gymnasium_rate), times(pool_rate)]), flush=True)


if __name__ == "__main__":
    main()
