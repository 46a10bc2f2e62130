"""Records what PyTorch computes, for tests/it/pytorch.rs: activations, layer normalisation, perceptrons, convolutions,
Adam, clipping and soft updates.

    pip install torch==2.9.0 numpy==2.4.6      # any build of it: it computes on the processor, in float64
    python pytorch.py                          # writes ../pytorch/*.json, in seconds

Every input is a float32, all that follows is computed in float64 and rounded to float32 at the end: a test's difference
from these numbers is the rounding of the crate, and none of PyTorch's. Parameters lie in one vector, in the order of the
crate's layout. "wrong" is what the same gives with a constant that is not PyTorch's: a tolerance must tell it.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from torch.nn.utils import clip_grad_norm_

FOLDER = Path(__file__).parent.parent / "pytorch"
LR, BETAS, EPSILON = 1e-3, (0.9, 0.999), 1e-8

ACTIVATIONS = {
    "relu": F.relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "tanh": torch.tanh,
    "linear": lambda x: x,
    "softsign": F.softsign,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "lrelu": F.leaky_relu,
}


def drawn(*shape, size=1.0):
    """Uniform numbers of at most this size, as float32 has them."""
    return ((2 * torch.rand(shape) - 1) * size).float().double()


def plain(value):
    """Tensors as nested lists."""
    return value.detach().tolist() if isinstance(value, torch.Tensor) else value


def text(value, indent=0):
    """JSON with a line for each list of numbers, and these as short as a float32 can be told by."""
    value = plain(value)
    pad = " " * (indent + 1)
    if isinstance(value, dict):
        items = [f"{pad}{json.dumps(key)}: {text(item, indent + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
    if isinstance(value, list) and value and isinstance(value[0], (dict, list, torch.Tensor)):
        return "[\n" + ",\n".join(pad + text(item, indent + 1) for item in value) + "\n" + " " * indent + "]"
    if isinstance(value, list):
        return "[" + ", ".join(text(item) for item in value) + "]"
    return str(np.float32(value)) if isinstance(value, float) else json.dumps(value)


def write(name, value):
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(text({"torch": torch.__version__} | value) + "\n")


class Parameters:
    """Cuts one vector into parameters, one after another."""

    def __init__(self, flat):
        self.flat, self.used = flat, 0

    def next(self, *shape):
        begin, self.used = self.used, self.used + int(np.prod(shape))
        return self.flat[begin:self.used].reshape(shape)

    def activate(self, name, x):
        return F.prelu(x, self.next(1)) if name == "prelu" else ACTIVATIONS[name](x)


def perceptron(parameters, x, spec):
    def hidden(x, width):
        y = F.linear(x, parameters.next(width, x.shape[1]), parameters.next(width))
        if spec["layer_norm"]:
            y = F.layer_norm(y, (width,), parameters.next(width), parameters.next(width))
        return parameters.activate(spec["activation"], y)

    for stage, width in enumerate(spec["hidden"]):
        x = hidden(x, width)
        for _ in range(spec["residual"][stage]):
            y = hidden(x, width)
            x = x + parameters.next(1) * y
    y = F.linear(x, parameters.next(spec["outputs"], x.shape[1]), parameters.next(spec["outputs"]))
    if spec["dueling"]:
        value = F.linear(x, parameters.next(1, x.shape[1]), parameters.next(1))
        y = value + y - y.mean(dim=1, keepdim=True)
    return y


def convolutional(parameters, rows, spec):
    channels, height, width = spec["input"]
    x = rows * spec["scale"]
    if spec["channels_last"]:
        x = x.reshape(-1, height, width, channels).permute(0, 3, 1, 2)
    else:
        x = x.reshape(-1, channels, height, width)
    for conv in spec["convs"]:
        kernels = parameters.next(conv["channels"], x.shape[1], conv["kernel"], conv["kernel"])
        x = F.conv2d(x, kernels, parameters.next(conv["channels"]), conv["stride"], conv["padding"])
        # PReLU has one slope for all channels here; F.prelu takes a tensor of one number as such.
        y = parameters.activate(spec["activation"], x)
        x = x + parameters.next(1) * (y - x) if conv["gated"] else y
    return perceptron(parameters, x.flatten(1), spec["head"])


def count(network, spec, inputs):
    """Number of parameters: as many as a pass takes from a vector that is long enough."""
    parameters = Parameters(torch.zeros(100_000))
    network(parameters, torch.zeros(1, inputs), spec)
    return parameters.used


def losses(network, spec, weights, rows, wanted):
    """Values; loss and gradient of both losses, each the mean over all values."""
    recorded = {"weights": weights, "rows": rows, "wanted": wanted}
    for name, loss in [("mse", F.mse_loss), ("huber", lambda a, b: F.smooth_l1_loss(a, b, beta=1.0))]:
        flat = weights.clone().requires_grad_()
        parameters = Parameters(flat)
        values = network(parameters, rows, spec)
        assert parameters.used == len(flat)
        error = loss(values, wanted)
        error.backward()
        recorded |= {"values": values, name: error.item(), f"{name}_gradient": flat.grad}
    return recorded


def activations():
    points = [-100.0, -30.0, -5.0, -1.5, -0.5, -(2.0**-10), 0.0, 2.0**-10, 0.5, 1.5, 5.0, 25.0, 100.0]
    recorded = {}
    for name in [*ACTIVATIONS, "prelu"]:
        x, slope = torch.tensor(points, requires_grad=True), torch.tensor([0.25], requires_grad=True)
        values = F.prelu(x, slope) if name == "prelu" else ACTIVATIONS[name](x)
        values.sum().backward()
        recorded[name] = {"values": values, "derivatives": x.grad}
        if name == "prelu":
            recorded[name]["slope_derivative"] = slope.grad.item()
    write("activations", {"points": points, "activations": recorded})


def layer_norm():
    """The second row is so flat that the epsilon decides, the third wholly."""
    rows = torch.tensor([[1.0, -2.0, 0.5, 3.0], [0.25, 0.251, 0.248, 0.25], [5.0, 5.0, 5.0, 5.0], [-20.0, -21.0, -20.5, -19.0]])
    rows = rows.float().double().requires_grad_()
    gain, shift, factors = drawn(4).requires_grad_(), drawn(4).requires_grad_(), drawn(4, 4)
    values = F.layer_norm(rows, (4,), gain, shift)
    (values * factors).sum().backward()
    gradients = {"rows_gradient": rows.grad, "gain_gradient": gain.grad, "shift_gradient": shift.grad}
    wrong = F.layer_norm(rows, (4,), gain, shift, eps=1e-6)
    inputs = {"rows": rows, "gain": gain, "shift": shift, "factors": factors}
    write("layer_norm", inputs | {"values": values} | gradients | {"wrong": {"epsilon 1e-6": wrong}})


def spec(activation, hidden=(4, 3), residual=(0, 0), outputs=2, layer_norm=False, dueling=False):
    network = {"hidden": list(hidden), "residual": list(residual), "outputs": outputs, "activation": activation}
    return network | {"layer_norm": layer_norm, "dueling": dueling}


def perceptrons():
    specs = [
        spec("relu"),
        spec("relu", layer_norm=True),
        spec("gelu", residual=[1, 0], layer_norm=True, dueling=True),
        spec("prelu", residual=[0, 2], dueling=True),
    ]
    recorded = []
    for network in specs:
        weights = drawn(count(perceptron, network, 3))
        # Some errors are below 1 and some above: the Huber loss has both of its sides.
        rows, wanted = drawn(4, 3, size=2.0), drawn(4, 2, size=3.0)
        recorded.append({"spec": network} | losses(perceptron, network, weights, rows, wanted))
    write("perceptrons", {"inputs": 3, "networks": recorded})


def convolutions():
    conv = {"channels": 3, "kernel": 3, "stride": 2, "padding": 1, "gated": False}
    last = {"channels": 2, "kernel": 2, "stride": 1, "padding": 1, "gated": False}
    head = dict(hidden=[3], residual=[0])
    images = {"input": [2, 5, 4], "channels_last": False, "scale": 1.0, "activation": "relu"}
    pixels = {"input": [2, 5, 4], "channels_last": True, "scale": float(np.float32(1 / 255)), "activation": "prelu"}
    specs = [
        images | {"convs": [conv, last], "head": spec("relu", **head)},
        pixels | {"convs": [conv, last | {"gated": True}], "head": spec("prelu", dueling=True, **head)},
    ]
    recorded = []
    for network in specs:
        weights = drawn(count(convolutional, network, 40))
        rows = torch.randint(0, 256, (2, 40)).double() if network["channels_last"] else drawn(2, 40)
        recorded.append({"spec": network} | losses(convolutional, network, weights, rows, drawn(2, 2, size=3.0)))
    write("convolutions", {"networks": recorded})


def moved(start, gradients, steps, lr=LR, betas=BETAS, eps=EPSILON):
    """Weights and moments after so many updates of Adam: the gradients in turn, a second time half as long, a third time a
    third, and so on. So it matters how long the moments last."""
    weights = start.clone().requires_grad_()
    adam = torch.optim.Adam([weights], lr=lr, betas=betas, eps=eps)
    for step in range(steps):
        weights.grad = (gradients[step % len(gradients)] / (1 + step // len(gradients))).float().double()
        adam.step()
    state = adam.state[weights]
    return {"weights": weights.detach(), "first": state["exp_avg"], "second": state["exp_avg_sq"]}


def adam():
    """Each weight's gradients are of another size, from 1 to below the epsilon, and the last one's are zero."""
    sizes = torch.tensor([1.0, 0.1, 1e-3, 1e-5, 1e-7, 1e-8, 3e-9, 0.0])
    gradients = (drawn(7, 8) * sizes + 0.5 * sizes).float().double()
    start = torch.tensor([0.5, -0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.75])
    wrong = {
        "first beta 0.89": dict(betas=(0.89, 0.999)),
        "second beta 0.998": dict(betas=(0.9, 0.998)),
        "second beta 0.99": dict(betas=(0.9, 0.99)),
        "epsilon 1.1e-8": dict(eps=1.1e-8),
        "epsilon 1e-5": dict(eps=1e-5),
        "rate 1.01e-3": dict(lr=1.01e-3),
    }
    after = {str(steps): moved(start, gradients, steps) for steps in (1, 2, 100)}
    others = {name: moved(start, gradients, 100, **constants)["weights"] for name, constants in wrong.items()}
    write("adam", {"lr": LR, "start": start, "gradients": gradients, "after": after, "wrong": others})


def clipping():
    """A gradient that is too long, and one that is not."""
    recorded = []
    for size in (4.0, 0.1):
        gradient = drawn(6, size=size)
        weights = torch.zeros(6, requires_grad=True)
        weights.grad = gradient.clone()
        norm = clip_grad_norm_([weights], 1.0)
        recorded.append({"gradient": gradient, "norm": norm.item(), "clipped": weights.grad})
    write("clipping", {"most": 1.0, "gradients": recorded})


def training():
    """A perceptron and its target: the mean squared error, clipped by norm, Adam, then the soft update."""
    network, most, tau = spec("tanh"), 0.75, 0.01
    start = drawn(count(perceptron, network, 3))
    rows, wanted = drawn(6, 3, size=2.0), drawn(6, 2, size=2.0)
    weights, target = start.clone().requires_grad_(), drawn(len(start))
    optimiser = torch.optim.Adam([weights], lr=LR, betas=BETAS, eps=EPSILON)
    recorded, norms = {"target": target.clone()}, []
    for update in range(1, 101):
        optimiser.zero_grad()
        F.mse_loss(perceptron(Parameters(weights), rows, network), wanted).backward()
        norms.append(clip_grad_norm_([weights], most).item())
        optimiser.step()
        target.lerp_(weights.detach(), tau)
        if update in (1, 100):
            recorded[f"after_{update}"] = {"weights": weights.detach().clone(), "target": target.clone()}
    assert norms[0] > most > norms[-1], "some gradients are clipped, and some are not"
    data = {"spec": network, "start": start, "rows": rows, "wanted": wanted}
    write("training", data | {"lr": LR, "most": most, "tau": tau} | recorded)


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(10)
    for record in [activations, layer_norm, perceptrons, convolutions, adam, clipping, training]:
        record()
