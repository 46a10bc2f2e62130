"""Records play of the Python package `minatar` 1.0.15 for the tests of MinAtar.

    pip install --no-deps minatar==1.0.15 numpy
    python minatar_runs.py      # writes ../golden/minatar/<game>.jsonl.gz, in some minutes

Each line of a file is one run: an environment seeded once, and reset without a seed whenever a game ends. README.md
there describes the fields. The policies look a few steps ahead in copies of the game, so that games last and their
difficulty ramps up; copies draw from generators of their own.
"""

import copy
import gzip
import json
import random
from pathlib import Path

import numpy as np
from minatar import Environment

GAMES = ["breakout", "asterix", "freeway", "seaquest", "space_invaders"]


def flips(before, after):
    """Cells that changed, as indices into [channels, 10, 10]."""
    return np.flatnonzero((before != after).transpose(2, 0, 1)).tolist()


def play(game, seed, steps, policy, sticky=0.1, ramping=True):
    env = Environment(game, sticky_action_prob=sticky, difficulty_ramping=ramping)
    moves = env.minimal_action_set()
    choices = random.Random(seed)
    env.seed(seed)
    env.reset()
    state = np.zeros_like(env.state())
    run = dict(game=game, seed=seed, policy=policy.__name__, sticky_action_prob=sticky, difficulty_ramping=ramping)
    run |= dict(actions="", rewards=[], terminated=[], flips=[])

    def see():
        nonlocal state
        run["flips"].append(flips(state, env.state()))
        state = env.state()

    see()
    ramps = []
    for step in range(steps):
        action = policy(env, moves, choices)
        reward, over = env.act(moves[action])
        run["actions"] += str(action)
        run["rewards"].append(int(reward))
        see()
        ramps.append(env.env.difficulty_ramp() or 0)
        if over:
            run["terminated"].append(step)
            env.reset()
            see()
    print(game, policy.__name__, seed, f"return {sum(run['rewards'])}, {len(run['terminated'])} ends",
          f"ramp {max(ramps)}", flush=True)
    return run


def uniform(env, moves, choices):
    return choices.randrange(len(moves))


def still(env, moves, choices):
    return 0


def planned(env, moves, choices):
    """The first action of the best of some random plans, each tried in a copy of the game."""
    best = None
    own = env.env.random
    env.env.random = None
    for _ in range(16):
        copied = copy.deepcopy(env.env)
        copied.random = np.random.RandomState(choices.randrange(2**32))
        held = choices.randrange(len(moves))
        actions, value, weight = [], 0.0, 1.0
        for step in range(10):
            held = choices.randrange(len(moves)) if choices.random() < 0.5 else held
            actions.append(held)
            reward, over = copied.act(moves[held])
            value += weight * (reward - 20 * over)
            weight *= 0.95
            if over:
                break
        value += worth(env.game_name(), copied)
        if best is None or value > best[0]:
            best = (value, actions[0])
    env.env.random = own
    return best[1]


def evading(env, moves, choices):
    """Lives as long as it can, without firing; in the middle of the board there is time to get out of the way."""
    best = None
    own = env.env.random
    env.env.random = None
    for _ in range(40):
        copied = copy.deepcopy(env.env)
        copied.random = np.random.RandomState(choices.randrange(2**32))
        held, first, value = choices.randrange(len(moves)), None, 0.0
        for step in range(12):
            held = choices.randrange(len(moves)) if choices.random() < 0.6 else held
            held = 0 if moves[held] == 5 else held
            first = held if first is None else first
            if copied.act(moves[held])[1]:
                value = -20 * 0.9**step
                break
        if env.game_name() == "asterix":
            value -= 0.05 * abs(copied.player_x - 4.5)
        if best is None or value > best[0]:
            best = (value, first)
    env.env.random = own
    return best[1]


def trapped(env, moves, choices):
    """Space Invaders: evades until the aliens have come down, then runs into them."""
    return choices.choice([1, 2]) if env.env.alien_map[9].any() else evading(env, moves, choices)


def catching(env, moves, choices):
    """Breakout: the paddle goes where the ball comes down, so that walls are cleared."""
    ball = copy.deepcopy(env.env)
    for _ in range(20):
        if ball.terminal or (ball.ball_y == 8 and ball.ball_dir >= 2):
            break
        ball.act(0)
    away = ball.ball_x - env.env.pos
    return 0 if away == 0 else 1 if away < 0 else 2


def hurried(env, moves, choices):
    """Seaquest: up and down while surfacing is free, until it is as hard as it gets; else as planned."""
    game = env.env
    if game.diver_count < 0 and game.ramp_index < 19:
        return moves.index(2 if game.sub_y > 0 else 4)
    return planned(env, moves, choices)


def worth(name, game):
    """What the place of the player is worth beside the rewards."""
    if name == "freeway":
        return -0.02 * game.pos
    if name == "breakout":
        return -0.05 * abs(game.pos - game.ball_x)
    if name == "asterix":
        gold = [x for x in game.entities if x is not None and x[3]]
        return -0.05 * min((abs(x[0] - game.player_x) + abs(x[1] - game.player_y) for x in gold), default=10)
    if name == "seaquest":
        if game.diver_count and (game.diver_count >= 6 or game.oxygen < 30):
            return 2 * game.diver_count - 0.5 * game.sub_y
        near = (abs(d[0] - game.sub_x) + abs(d[1] - game.sub_y) for d in game.divers)
        return 2 * game.diver_count - 0.05 * min(near, default=15) + (game.oxygen == 200)
    return 0


def runs(game):
    yield play(game, 0, 1000, uniform)
    yield play(game, 1, 300, uniform, sticky=0.0, ramping=False)
    yield play(game, 2**32 - 1, 200, uniform, sticky=0.5)
    yield play(game, 2, 5200 if game == "freeway" else 300, still)
    yield play(game, 3, 2000, planned)
    yield play(game, 4, 3000, planned, sticky=0.0)
    yield play(game, 5, 1000, planned, ramping=False)
    if game == "breakout":
        yield play(game, 6, 2000, catching, sticky=0.0)
        yield play(game, 7, 2000, catching, sticky=0.02)
    if game == "asterix":
        yield play(game, 0, 1500, evading, sticky=0.0)
        yield play(game, 3, 1500, evading, sticky=0.0)
    if game == "seaquest":
        yield play(game, 6, 3000, hurried, sticky=0.0)
        yield play(game, 7, 2000, hurried)
        yield play(game, 8, 4000, uniform)
    if game == "space_invaders":
        yield play(game, 6, 800, evading)
        for seed in range(7, 11):
            yield play(game, seed, 500, trapped)


for game in GAMES:
    lines = [json.dumps(run, separators=(",", ":")) + "\n" for run in runs(game)]
    path = Path(__file__).parents[1] / "golden" / "minatar" / f"{game}.jsonl.gz"
    # No time stamp: the same recording is the same file.
    path.write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))
    print(path.name, path.stat().st_size, "bytes")
