"""Plays a trained elite in Gymnasium's own environment. Knows numpy and Gymnasium, and nothing of agilerl:

    python examples/python/play_elite.py runs/LunarLander-v3-seed-1 --episodes 100

Prints the mean return. `cargo run --release -p agilerl --example play` with the same arguments prints the same lines.
"""

import argparse
import json
import math
import pathlib

import gymnasium
import numpy as np

# In float32 throughout. Those up to prelu equal the library's to the bit; the others up to the maths library's last one.
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


def read_safetensors(path):
    """The file is the length of a header in 8 bytes, the header in JSON, then the numbers."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    numbers = {}
    for name, tensor in json.loads(data[8:start]).items():
        if name != "__metadata__":
            first, last = tensor["data_offsets"]
            numbers[name] = np.frombuffer(data[start + first : start + last], "<f4").reshape(tensor["shape"])
    return numbers


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
    """The return of one episode, the first of the highest values chosen at every step."""
    categories, total, ended = record["one_hot"], 0.0, False
    obs, _ = env.reset(seed=seed)
    while not ended:
        x = np.eye(categories, dtype=np.float32)[obs] if categories else np.asarray(obs, np.float32)
        if record["env"].startswith("MinAtar/"):
            x = x.transpose(2, 0, 1).reshape(-1)  # the library's boards are [channels, 10, 10]
        obs, reward, terminated, truncated, _ = env.step(int(np.argmax(forward(record["layers"], weights, x))))
        total += float(reward)
        ended = terminated or truncated
    return total


def main():
    parser = argparse.ArgumentParser(description="Plays a trained elite in Gymnasium's own environment.")
    parser.add_argument("elite", type=pathlib.Path, help="folder with elite.json and elite.safetensors")
    parser.add_argument("--episodes", type=int, default=100, help="episodes to play (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first episode; the others follow (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the returns instead, as one JSON list")
    args = parser.parse_args()

    record = json.loads((args.elite / "elite.json").read_text())
    weights = read_safetensors(args.elite / "elite.safetensors")
    # The one name of the catalogue that Gymnasium spells as a keyword.
    slips = {} if record["env"] != "FrozenLakeNotSlippery-v1" else {"is_slippery": False}
    if record["env"].startswith("MinAtar/"):
        import minatar.gym  # the package `minatar` 1.0.15 tells Gymnasium of its games when it is asked to

        minatar.gym.register_envs()
    env = gymnasium.make("FrozenLake-v1" if slips else record["env"], **slips)
    returns = [play(env, record, weights, args.seed + episode) for episode in range(args.episodes)]
    if args.json:
        return print(json.dumps(returns, separators=(",", ":")))
    mean = sum(returns) / len(returns)
    deviation = math.sqrt(sum((total - mean) ** 2 for total in returns) / len(returns))
    last = args.seed + args.episodes - 1
    print(f"{record['env']}: {args.episodes} episodes, seeds {args.seed} to {last}")
    print(f"mean return {mean:.4f}, standard deviation {deviation:.4f}")


if __name__ == "__main__":
    main()
