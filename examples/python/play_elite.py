"""Plays a trained elite in Gymnasium's own environment. Knows numpy and Gymnasium, and nothing of agilerl:

    python examples/python/play_elite.py runs/LunarLander-v3-seed-1 --episodes 100

Prints the mean return. `cargo run --release -p agilerl --example play` with the same arguments prints the same lines.
`elite.py` beside it reads the files. Exit codes: 0 if all episodes were played, 2 wrong flags, 1 otherwise.
"""

import argparse
import collections
import json
import math
import pathlib
import sys

import gymnasium
import numpy as np

import elite

# In float32 throughout. The functions up to prelu equal the library's to the bit, the others to the last bit of the maths
# library.
ACTIVATIONS = {
    "relu": lambda x, slope: np.maximum(x, 0),
    "linear": lambda x, slope: x,
    "softsign": lambda x, slope: x / (1 + abs(x)),
    "lrelu": lambda x, slope: np.where(x > 0, x, np.float32(0.01) * x),
    "prelu": lambda x, slope: np.where(x > 0, x, slope * x),
    "elu": lambda x, slope: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "gelu": lambda x, slope: np.vectorize(lambda v: 0.5 * v * (1 + math.erf(v / math.sqrt(2))), [np.float32])(x),
    "tanh": lambda x, slope: np.tanh(x),
    "sigmoid": lambda x, slope: 1 / (1 + np.exp(-x)),
    "softplus": lambda x, slope: np.maximum(x, 0) + np.log1p(np.exp(-abs(x))),
}


def add_up(rows):
    """Adds row after row: numpy's own sum takes another order, and float32 sums depend on it."""
    return np.add.accumulate(rows)[-1]


def convolve(image, kernels, bias, stride, padding):
    """Every output starts from the bias and adds product after product: channel by channel, each row by row."""
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    channels, size = kernels.shape[1:3]
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size), (1, 2))[:, ::stride, ::stride]
    sums = np.broadcast_to(bias[:, None, None], (len(bias), *windows.shape[1:3]))
    for channel, y, x in np.ndindex(channels, size, size):
        sums = sums + kernels[:, channel, y, x, None, None] * windows[channel, :, :, y, x]
    return sums


def forward(layers, weights, x):
    for layer in layers:
        if layer["kind"] == "linear":
            products = weights[layer["weight"]].T * x[:, None]
            x = add_up(np.vstack((weights[layer["bias"]], products)))
        elif layer["kind"] == "layer_norm":
            count = np.float32(len(x))
            x = x - add_up(x) / count
            deviation = np.sqrt(add_up(x * x) / count + np.float32(layer["epsilon"]))
            x = x / deviation * weights[layer["weight"]] + weights[layer["bias"]]
        elif layer["kind"] == "activation":
            y = ACTIVATIONS[layer["function"]](x, weights.get(layer.get("slope")))
            x = x + weights[layer["gate"]] * (y - x) if layer.get("gate") else y
        elif layer["kind"] == "normalize":
            scaled = (np.asarray(x, np.float64) - layer["mean"]) / layer["std"]
            x = np.clip(scaled, -layer["clip"], layer["clip"]).astype(np.float32)
        elif layer["kind"] == "image":
            shape = layer["channels"], layer["height"], layer["width"]
            x = x.reshape(shape[1:] + shape[:1]).transpose(2, 0, 1) if layer["channels_last"] else x.reshape(shape)
        elif layer["kind"] == "scale":
            x = np.float32(layer["factor"]) * x
        elif layer["kind"] == "conv":
            x = convolve(x, weights[layer["weight"]], weights[layer["bias"]], layer["stride"], layer["padding"])
        elif layer["kind"] == "flatten":
            x = x.reshape(-1)
        elif layer["kind"] == "residual":
            x = x + weights[layer["gate"]] * forward(layer["layers"], weights, x)
        elif layer["kind"] == "dueling":
            advantages = forward(layer["advantages"], weights, x)
            centred = advantages - add_up(advantages) / np.float32(len(advantages))
            x = centred + forward(layer["value"], weights, x)
        else:
            raise SystemExit(f"unknown layer kind {layer['kind']!r}")
    return x


def play(env, record, weights, seed):
    """The return of one episode, and whether it was cut. The first of the highest values is chosen at every step, among the
    legal actions if the environment has a mask of them."""
    categories, total = record["one_hot"], 0.0
    obs, info = env.reset(seed=seed)
    # One frame stack inside another one: the inner one's frames are the outer one's observations.
    stacks = [collections.deque(maxlen=wrapper["frames"]) for wrapper in record.get("wrappers", [])]
    for _ in range(record["step_limit"]):
        x = np.eye(categories, dtype=np.float32)[obs] if categories else np.asarray(obs, np.float32)
        if record["env"].startswith("MinAtar/"):
            x = x.transpose(2, 0, 1).reshape(-1)  # the library's boards are [channels, 10, 10]
        for stack in stacks:
            # The first observation of an episode is repeated.
            stack.extend([x] * (1 if stack else stack.maxlen))
            x = np.concatenate(stack)
        values = forward(record["layers"], weights, x)
        if "action_mask" in info:
            values = np.where(info["action_mask"], values, -np.inf)
        obs, reward, terminated, truncated, info = env.step(int(np.argmax(values)))
        total += float(reward)
        if terminated or truncated:
            return total, False
    return total, True


def make(record):
    """The environment of an elite, if the elite can act in it."""
    name = record["env"]
    if record["output"]["kind"] != "greedy":
        raise elite.EliteError(f"cannot play {name}: this program makes choices, and the output is {record['output']['kind']}")
    for wrapper in record.get("wrappers", []):
        if wrapper["kind"] != "frame_stack":
            raise elite.EliteError(f"elite.json: wrappers: this program does not know {wrapper['kind']!r}")
    if record.get("own_env"):
        raise elite.EliteError(f"the elite was trained in an environment of a program's own: {record['own_env']}")
    if name.startswith("MinAtar/"):
        import minatar.gym  # the package `minatar` 1.0.15 tells Gymnasium of its games when it is asked to

        minatar.gym.register_envs()
    try:
        env = gymnasium.make(gymnasium_name(name), **({"is_slippery": False} if "NotSlippery" in name else {}))
    except gymnasium.error.Error as error:
        raise elite.EliteError(f"Gymnasium {gymnasium.__version__} cannot make {name!r}: {error}") from error
    observations, choices = env.observation_space, getattr(env.action_space, "n", None)
    categories = getattr(observations, "n", None)
    frames = math.prod(wrapper["frames"] for wrapper in record.get("wrappers", []))
    fits = (categories or math.prod(observations.shape)) * frames, choices
    if fits != (elite.inputs(record["spec"]), elite.outputs(record["spec"])):
        raise elite.EliteError(f"the network does not fit {name}, which has {fits[0]} observations and {choices} actions")
    if categories != record["one_hot"]:
        found, wanted = json.dumps(record["one_hot"]), json.dumps(None if categories is None else int(categories))
        raise elite.EliteError(f"elite.json: one_hot is {found}, but for {name} it must be {wanted}")
    return env


def gymnasium_name(name):
    """Gymnasium's name: the firm lakes have a keyword, and the taxi its newest version."""
    if name in ("Taxi-v3", "Taxi-v4"):
        return "Taxi-v4" if "Taxi-v4" in gymnasium.registry else "Taxi-v3"
    return name.replace("NotSlippery", "")


def number(first, last):
    """Returns a parser of whole numbers for flags."""

    def read(text):
        if not (text.isdecimal() and first <= int(text) <= last):
            raise argparse.ArgumentTypeError(f"a whole number from {first} to {last} is needed, not {text}")
        return int(text)

    return read


def main():
    parser = argparse.ArgumentParser(description="Plays a trained elite in Gymnasium's own environment.")
    parser.add_argument("elite", type=pathlib.Path, help="folder with elite.json and elite.safetensors")
    parser.add_argument("--episodes", type=number(1, 10**6), default=100, help="episodes to play (%(default)s)")
    seed = "seed of the first episode; the others follow (%(default)s)"
    parser.add_argument("--seed", type=number(0, 2**63 - 1), default=0, help=seed)
    parser.add_argument("--json", action="store_true", help="print the returns instead, as one JSON list")
    args = parser.parse_args()
    try:
        record, weights = elite.load(args.elite)
        env = make(record)
        episodes = [play(env, record, weights, args.seed + episode) for episode in range(args.episodes)]
        returns, cut = [total for total, _ in episodes], sum(is_cut for _, is_cut in episodes)
        print(json.dumps(returns, separators=(",", ":")) if args.json else summary(args, record, returns, cut), flush=True)
    except (elite.EliteError, ImportError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyError as error:
        sys.exit(f"error: elite.json lacks {error}, or names it and this script does not know it")


def summary(args, record, returns, cut):
    mean = sum(returns) / len(returns)
    deviation = math.sqrt(sum((total - mean) ** 2 for total in returns) / len(returns))
    text = f"{record['env']}: {args.episodes} episodes, seeds {args.seed} to {args.seed + args.episodes - 1}\n"
    text += f"mean return {mean:.4f}, standard deviation {deviation:.4f}"
    if cut:
        text += f"\n{cut} of the episodes had not ended after {record['step_limit']} steps, and were cut there"
    return text


if __name__ == "__main__":
    main()
