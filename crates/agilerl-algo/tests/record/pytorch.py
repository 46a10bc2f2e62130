"""Records whole updates of deep Q-learning as PyTorch makes them, for tests/it/pytorch.rs.

    pip install torch==2.9.0 numpy==2.4.6      # any build of it: it computes on the processor, in float64
    python pytorch.py                          # writes ../pytorch/updates.json, in seconds

Every input is a float32, and all that follows is computed in float64 and rounded to float32 at the end: a test's difference
from these numbers is the rounding of the crate, and none of PyTorch's. Parameters lie in one vector, in the order of the
crate's layout.
"""

import copy
import itertools
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

OBS_LEN, CHOICES, ROWS, BATCHES, UPDATES = 3, 4, 8, 4, 100
LR, GAMMA, TAU = 1e-3, 0.9, 0.01


def network():
    net = nn.Sequential(nn.Linear(OBS_LEN, 6), nn.Tanh(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, CHOICES)).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(parameter.float())
    return net


def drawn(*shape, size=1.0):
    """Uniform numbers of at most this size, as float32 has them."""
    return ((2 * torch.rand(shape) - 1) * size).float().double()


def batch():
    terminated = torch.rand(ROWS) < 0.3
    masks = torch.rand(ROWS, CHOICES) < 0.6
    masks[torch.arange(ROWS), torch.randint(CHOICES, (ROWS,))] = True
    masks[terminated] = False
    return {
        "obs": drawn(ROWS, OBS_LEN),
        "actions": torch.randint(CHOICES, (ROWS,)),
        "rewards": drawn(ROWS, size=3.0),
        "next_obs": drawn(ROWS, OBS_LEN),
        "terminated": terminated,
        "steps": torch.randint(1, 6, (ROWS,)),
        "weights": drawn(ROWS, size=0.5) + 1,
        "masks": masks,
    }


def update(online, target, optimiser, batch, double, loss, max_grad_norm, extras):
    """One update, with masks, weights and n-step discounts if they are asked for. What it says of itself."""
    masks = batch["masks"] if extras else torch.ones(ROWS, CHOICES, dtype=torch.bool)
    weights = batch["weights"] if extras else torch.ones(ROWS).double()
    steps = batch["steps"] if extras else torch.ones(ROWS, dtype=torch.int64)
    with torch.no_grad():
        evaluated = target(batch["next_obs"])
        selecting = online(batch["next_obs"]) if double else evaluated
        best = selecting.masked_fill(~masks, -torch.inf).argmax(1, keepdim=True)
        bootstrap = evaluated.gather(1, best).squeeze(1)
        targets = batch["rewards"] + torch.where(batch["terminated"], 0.0, GAMMA**steps * bootstrap)
    values = online(batch["obs"]).gather(1, batch["actions"].unsqueeze(1)).squeeze(1)
    function = {"mse": nn.MSELoss, "huber": nn.HuberLoss}[loss](reduction="none")
    mean = (weights * function(values, targets)).mean()
    optimiser.zero_grad()
    mean.backward()
    norm = nn.utils.clip_grad_norm_(online.parameters(), torch.inf if max_grad_norm is None else max_grad_norm)
    optimiser.step()
    with torch.no_grad():
        for lagging, leading in zip(target.parameters(), online.parameters()):
            lagging.mul_(1 - TAU).add_(leading, alpha=TAU)
    return [mean.item(), values.mean().item(), norm.item()]


def flat(tensors):
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def state(said, online, target, optimiser):
    moments = {name: flat(optimiser.state[p][name] for p in online.parameters()) for name in ("exp_avg", "exp_avg_sq")}
    return {"said": said, "online": flat(online.parameters()), "target": flat(target.parameters())} | moments


def case(online, target, batches, double, loss, max_grad_norm, extras):
    online, target = copy.deepcopy(online), copy.deepcopy(target)
    optimiser = torch.optim.Adam(online.parameters(), lr=LR)
    recorded = {"double": double, "loss": loss, "max_grad_norm": max_grad_norm, "extras": extras}
    for number in range(1, UPDATES + 1):
        said = update(online, target, optimiser, batches[(number - 1) % BATCHES], double, loss, max_grad_norm, extras)
        if number in (1, UPDATES):
            recorded[f"after_{number}"] = state(said, online, target, optimiser)
    return recorded


def text(value, indent=0):
    """JSON with a line for each list of numbers, and these as short as a float32 can be told by."""
    value = value.tolist() if isinstance(value, torch.Tensor) else value
    pad = " " * (indent + 1)
    if isinstance(value, dict):
        items = [f"{pad}{json.dumps(key)}: {text(item, indent + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
    if isinstance(value, list) and isinstance(value[0], (dict, list)):
        return "[\n" + ",\n".join(pad + text(item, indent + 1) for item in value) + "\n" + " " * indent + "]"
    if isinstance(value, list):
        return "[" + ", ".join(text(item) for item in value) + "]"
    return str(np.float32(value)) if isinstance(value, float) else json.dumps(value)


torch.manual_seed(1)
online, target, batches = network(), network(), [batch() for _ in range(BATCHES)]
# Clipped at a norm that some gradients of either loss have. All with masks, weights and n steps, and two without.
settings = [*itertools.product([False, True], ["mse", "huber"], [None, 0.3], [True])]
settings += [(double, "mse", 0.3, False) for double in (False, True)]
written = {"torch": torch.__version__, "lr": LR, "gamma": GAMMA, "tau": TAU}
written |= {"online": flat(online.parameters()), "target": flat(target.parameters()), "batches": batches}
written["cases"] = [case(online, target, batches, *setting) for setting in settings]
path = Path(__file__).parent.parent / "pytorch" / "updates.json"
path.write_text(text(written) + "\n")
