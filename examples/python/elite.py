"""Reads the two files of a trained elite with numpy alone, and refuses files that do not agree with each other."""

import json
import math
import time

import numpy as np

FORMAT = 4
# Added to the variance of a normalised observation, and its largest size.
EPSILON, CLIP = 1e-8, 10.0


class EliteError(Exception):
    """A mistake in the files."""


def load(folder):
    """The record of an elite and its weights, by name. A run that is training may be between the writing of the two files,
    so they are read again for half a second."""
    for _ in range(11):
        text, data = (folder / "elite.json").read_bytes(), (folder / "elite.safetensors").read_bytes()
        try:
            record = json.loads(text)
            if record["format"] != FORMAT:
                raise EliteError(f"elite.json has format {record['format']}, this program reads format {FORMAT}")
            if record["weights"] == {"bytes": len(data), "blake3": blake3(data)}:
                return record, checked(record, tensors(data))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise EliteError(f"the elite in {folder} cannot be understood: {error!r}") from error
        time.sleep(0.05)
    raise EliteError("elite.safetensors is not the file that elite.json was written with")


def tensors(data):
    """The file is the length of a header in 8 bytes, the header in JSON, then the numbers."""
    start = 8 + int.from_bytes(data[:8], "little")
    numbers = {}
    for name, tensor in json.loads(data[8:start]).items():
        if name != "__metadata__":
            if tensor["dtype"] != "F32":
                raise EliteError(f"{name} is of {tensor['dtype']}, not F32")
            first, last = tensor["data_offsets"]
            numbers[name] = np.frombuffer(data[start + first : start + last], "<f4").reshape(tensor["shape"])
    return numbers


def checked(record, weights):
    """The weights, if they and the layers are those of the spec and of the statistics."""
    layers, shapes = network(record["spec"])
    if record["layers"] != normalizer(record) + layers:
        raise EliteError("elite.json: its layers are not those of its spec")
    if record["one_hot"] not in (None, inputs(record["spec"])):
        raise EliteError(f"elite.json: one_hot is {record['one_hot']}, but the network has {inputs(record['spec'])} inputs")
    if record["step_limit"] < 1:
        raise EliteError(f"elite.json: step_limit is {record['step_limit']}, but must be at least 1")
    found = {name: tensor.shape for name, tensor in weights.items()}
    if found != shapes:
        wrong = sorted(name for name in found.keys() | shapes.keys() if found.get(name) != shapes.get(name))[0]
        raise EliteError(f"elite.safetensors: {wrong} is {found.get(wrong)}, but the spec says {shapes.get(wrong)}")
    for name, tensor in weights.items():
        if not np.isfinite(tensor).all():
            raise EliteError(f"elite.safetensors: {name} holds a weight that is not a finite number")
    return weights


def inputs(spec):
    """Length of an observation."""
    encoder = spec.get("encoder")
    return math.prod(encoder["input"]) if encoder else spec["head"]["inputs"]


def outputs(spec):
    """Number of actions."""
    return spec["head"]["outputs"]


def normalizer(record):
    """The layer in front of the network that scales observations, if the record has statistics of them."""
    if record.get("normalizer") is None:
        return []
    statistics = record["normalizer"]["statistics"]
    mean, variance = statistics["mean"], statistics["variance"]
    if len(mean) != inputs(record["spec"]) or len(variance) != len(mean):
        raise EliteError(f"elite.json: normalizer has {len(mean)} means, but the network has {inputs(record['spec'])} inputs")
    return [{"kind": "normalize", "mean": mean, "std": [math.sqrt(v + EPSILON) for v in variance], "clip": CLIP}]


def network(spec):
    """The layers of a spec, and the shapes of their tensors."""
    shapes = {}
    layers = convolutions(spec["encoder"], spec["head"], shapes) if spec.get("encoder") else []
    return layers + perceptron(spec["head"], shapes), shapes


def perceptron(spec, shapes):
    layers, width = [], spec["inputs"]
    residual = spec.get("residual", [])
    for stage, nodes in enumerate(spec["hidden"]):
        layers += linear(f"hidden.{stage}", width, nodes, shapes, spec)
        for i in range(residual[stage] if stage < len(residual) else 0):
            name = f"hidden.{stage}.residual.{i}"
            branch = linear(name, nodes, nodes, shapes, spec)
            layers.append({"kind": "residual", "layers": branch, "gate": f"{name}.gate"})
            shapes[f"{name}.gate"] = (1,)
        width = nodes
    values = linear("output", width, spec["outputs"], shapes)
    if not spec["dueling"]:
        return layers + values
    return [*layers, {"kind": "dueling", "advantages": values, "value": linear("value", width, 1, shapes)}]


def linear(name, width, nodes, shapes, spec=None):
    """A linear layer; with a spec a hidden one, and what follows it."""
    weight, bias = f"{name}.weight", f"{name}.bias"
    shapes[weight], shapes[bias] = (nodes, width), (nodes,)
    layers = [{"kind": "linear", "weight": weight, "bias": bias, "inputs": width, "outputs": nodes}]
    if spec and spec["layer_norm"]:
        weight, bias = f"{name}.norm.weight", f"{name}.norm.bias"
        shapes[weight] = shapes[bias] = (nodes,)
        layers.append({"kind": "layer_norm", "weight": weight, "bias": bias, "features": nodes, "epsilon": 1e-5})
    return layers + ([activation(name, spec["activation"], shapes)] if spec else [])


def activation(name, function, shapes, gated=False):
    layer = {"kind": "activation", "function": function}
    for part, present in (("slope", function == "prelu"), ("gate", gated)):
        if present:
            layer[part] = f"{name}.{part}"
            shapes[layer[part]] = (1,)
    return layer


def convolutions(spec, head, shapes):
    channels, height, width = spec["input"]
    image = {"channels": channels, "height": height, "width": width, "channels_last": spec["channels_last"]}
    layers = [{"kind": "image", **image}]
    if spec["scale"] != 1.0:
        layers.append({"kind": "scale", "factor": spec["scale"]})
    for i, conv in enumerate(spec["convs"]):
        name, kernel, stride, padding = f"conv.{i}", conv["kernel"], conv["stride"], conv["padding"]
        weight, bias = f"{name}.weight", f"{name}.bias"
        shapes[weight], shapes[bias] = (conv["channels"], channels, kernel, kernel), (conv["channels"],)
        layers.append({"kind": "conv", "weight": weight, "bias": bias, "stride": stride, "padding": padding})
        layers.append(activation(name, spec["activation"], shapes, conv.get("gated", False)))
        channels = conv["channels"]
        height, width = ((edge + 2 * padding - kernel) // stride + 1 for edge in (height, width))
    if head["inputs"] != channels * height * width:
        raise EliteError(f"elite.json: the head of the spec has {head['inputs']} inputs, not {channels * height * width}")
    return [*layers, {"kind": "flatten"}]


def blake3(data):
    """BLAKE3 (O'Connor and others, 2020) in hexadecimal, all blocks of one depth together: 1 MB takes some 50 ms."""
    chunks = max(1, -(-len(data) // 1024))
    nodes = [chunk_values(data[: 1024 * (chunks - 1)], np.arange(chunks - 1), False)] if chunks > 1 else []
    nodes = np.hstack([*nodes, chunk_values(data[1024 * (chunks - 1) :], np.array([chunks - 1]), chunks == 1)])
    while (count := nodes.shape[1]) > 1:
        pairs = np.vstack((nodes[:, 0 : count - 1 : 2], nodes[:, 1:count:2]))
        parents = compress(IV[:, None], pairs, np.zeros(1, np.uint64), 64, PARENT | (ROOT if count == 2 else 0))
        nodes = np.hstack((parents, nodes[:, count:] if count % 2 == 0 else nodes[:, -1:]))
    return nodes[:, 0].astype("<u4").tobytes().hex()


IV = np.array("6A09E667 BB67AE85 3C6EF372 A54FF53A 510E527F 9B05688C 1F83D9AB 5BE0CD19".split())
IV = np.array([int(word, 16) for word in IV], np.uint32)
ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
START, END, PARENT, ROOT = 1, 2, 4, 8


def chunk_values(data, numbers, is_root):
    """The values of chunks of one length, `[8, chunks]`."""
    length = len(data) // len(numbers)
    blocks = max(1, -(-length // 64))
    rows = np.frombuffer(data, np.uint8).reshape(len(numbers), length)
    words = np.pad(rows, ((0, 0), (0, 64 * blocks - length))).copy().view("<u4").astype(np.uint32)
    values = np.repeat(IV[:, None], len(numbers), 1)
    for block in range(blocks):
        last = block == blocks - 1
        flags = (START if block == 0 else 0) | (END | (ROOT if is_root else 0) if last else 0)
        block_words = words[:, 16 * block : 16 * (block + 1)].T
        values = compress(values, block_words, numbers, min(64, length - 64 * block), flags)
    return values


def compress(values, words, counter, length, flags):
    """The compression function on `[8, nodes]` and `[16, nodes]`: seven rounds over columns, then diagonals."""
    count = words.shape[1]
    state = np.zeros((16, count), np.uint32)
    state[:8], state[8:12], state[12], state[13] = values, IV[:4, None], counter & 0xFFFFFFFF, counter >> 32
    state[14], state[15] = length, flags
    a, b, c, d = state.reshape(4, 4, count)
    for _ in range(7):
        for half, turn in ((words[:8], 1), (words[8:], -1)):
            for word, (first, second) in ((half[0::2], (16, 12)), (half[1::2], (8, 7))):
                a = a + b + word
                d = rotate(d ^ a, first)
                c = c + d
                b = rotate(b ^ c, second)
            b, c, d = (np.roll(row, -turn * by, 0) for row, by in ((b, 1), (c, 2), (d, 3)))
        words = words[ORDER]
    return np.vstack((a ^ c, b ^ d))


def rotate(words, by):
    return words >> np.uint32(by) | words << np.uint32(32 - by)
