"""An oracle for the rules of LRP at weighted operations: whole matrices, and every share written out.

A layer is turned into the matrix that it is (its Jacobian), so that nothing is shared with the code under test: no
transposed convolution, no halves of the input, no folding.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn


def matrix(layer: nn.Module, x: Tensor, change: Callable[[Tensor], Tensor] = lambda weight: weight) -> Tensor:
    """Return the matrix (out, in) of a layer with changed weights, for one sample x (1, *input)."""
    twin = deepcopy(layer)
    with torch.no_grad():
        twin.weight.copy_(change(twin.weight))
    jacobian = torch.autograd.functional.jacobian(lambda v: twin(v).flatten(), x)
    return jacobian.reshape(len(jacobian), -1)


def sign(z: Tensor) -> Tensor:
    return torch.where(z < 0, -1.0, 1.0).to(z)


def back(layer: nn.Module, x: Tensor, R: Tensor, rule: str, settings: dict) -> tuple[Tensor, float]:
    """Return the relevance of x (1, *input) and what the bias took, of the relevance of the layer's result."""
    relevance, taken = _shares(layer, x, R.flatten(), rule, settings)
    return relevance.reshape(x.shape), taken


def _shares(layer: nn.Module, x: Tensor, R: Tensor, rule: str, settings: dict) -> tuple[Tensor, float]:
    eps, gamma = settings.get("eps", 1e-6), settings.get("gamma", 0.25)

    def stable(z: Tensor) -> Tensor:
        own = eps if not settings.get("relative_eps") else settings["relative_eps"] * float(z.square().mean()) ** 0.5
        return z + own * sign(z)

    z = layer(x).flatten()
    contributions = matrix(layer, x) * x.flatten()
    b = z - contributions.sum(1)
    up, down = contributions.clamp(min=0), contributions.clamp(max=0)
    more, less = b.clamp(min=0), b.clamp(max=0)
    if rule == "epsilon":
        return contributions.T @ (R / stable(z)), float((b * R / stable(z)).sum())
    if rule in ("zplus", "alpha2beta1"):
        alpha, beta = {"zplus": (1, 0), "alpha2beta1": (2, 1)}[rule]
        positive, negative = R / stable(up.sum(1) + more), R / stable(down.sum(1) + less)
        taken = alpha * more @ positive - beta * less @ negative
        return alpha * up.T @ positive - beta * down.T @ negative, float(taken)
    if rule == "gamma":
        above = (z >= 0)[:, None]
        favoured = contributions + gamma * torch.where(above, up, down)
        own = b + gamma * torch.where(above[:, 0], more, less)
        share = R / stable(favoured.sum(1) + own)
        return favoured.T @ share, float(own @ share)
    if rule in ("flat", "w_square"):
        weights = matrix(layer, x, torch.ones_like if rule == "flat" else torch.square)
        return weights.T @ (R / stable(weights.sum(1))), 0.0
    if rule == "zbox":
        low, high = settings["low"], settings["high"]
        positive = matrix(layer, x, lambda weight: weight.clamp(min=0))
        negative = matrix(layer, x, lambda weight: weight.clamp(max=0))
        distance = contributions - low * positive - high * negative
        return distance.T @ (R / stable(distance.sum(1))), 0.0
    raise ValueError(rule)


def relevance(layers: list[tuple[nn.Module, str | None]], x: Tensor, target: int, settings: dict) -> Tensor:
    """Return the relevance of one sample (1, *input) for a row of layers: (layer, rule), rule None where R passes."""
    values = [x]
    with torch.no_grad():
        for layer, _ in layers:
            values.append(layer(values[-1]))
    R = torch.zeros_like(values[-1])
    R[0, target] = values[-1][0, target]
    for (layer, rule), value in zip(reversed(layers), reversed(values[:-1]), strict=True):
        with torch.no_grad():
            R = R.reshape(value.shape) if rule is None else back(layer, value, R, rule, settings)[0]
    return R
