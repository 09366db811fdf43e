"""What the networks of the zoo are made of, and what is known of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pellucid.core.randomness import torch_generator

CLASSES = 3
SHAPES = {1: (4, 24), 2: (2, 12, 12)}
WIDTH = 6


def conv(dim: int, before: int, after: int, kernel: int = 3, **more: object) -> nn.Module:
    kind = nn.Conv1d if dim == 1 else nn.Conv2d
    return kind(before, after, kernel, **{"padding": kernel // 2, **more})


def norm(dim: int, width: int = WIDTH) -> nn.Module:
    return nn.BatchNorm1d(width) if dim == 1 else nn.BatchNorm2d(width)


def pooled(x: Tensor) -> Tensor:
    return x.flatten(2).mean(-1)


def channels_last(layer: nn.Module, x: Tensor) -> Tensor:
    """Apply a layer that reads channels from the last axis."""
    return layer(x.movedim(1, -1)).movedim(-1, 1)


def as_it_is(module: nn.Module) -> nn.Module:
    return module


@dataclass(frozen=True)
class Animal:
    """A network of the zoo: what its head is decides which methods can answer.

    `mean` ends in mean pooling and one linear layer, `space` in some pooling, `none` in nothing that a map can be
    drawn of. `finish` is done when weights and dtype are in: scripting, freezing. `output` is the field that holds the
    logits; `several` networks take a signal and an age, (batch, 1); `rectified` tells whether there is a ReLU.
    """

    build: Callable[[int], nn.Module]
    head: str
    dims: tuple[int, ...] = (1, 2)
    finish: Callable[[nn.Module], nn.Module] = as_it_is
    output: str | int | None = None
    several: bool = False
    rectified: bool = True


def seeded(module: nn.Module, seed: int = 0) -> nn.Module:
    """Fill a module's weights and statistics from a seed, in eval mode."""
    draw = torch_generator(seed)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(_values(name, tensor, draw))
            elif tensor.is_complex():
                tensor.copy_(torch.complex(_values(name, tensor, draw), _values(name, tensor, draw)))
    return module.eval()


def _values(name: str, tensor: Tensor, draw: torch.Generator) -> Tensor:
    values = torch.randn(tensor.shape, generator=draw, dtype=torch.float64)
    fan = max(1, tensor[0].numel()) if tensor.ndim > 1 else 4
    scaled = values.abs() + 0.5 if "running_var" in name else values * (1.5 / fan**0.5)
    return scaled + (1.0 if "norm" in name and name.endswith("weight") else 0.0)


def in_dtype(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Return the module in a dtype, its complex tensors in the complex dtype that belongs to it."""
    return module._apply(
        lambda t: t.to(dtype) if t.is_floating_point() else t.to(dtype.to_complex()) if t.is_complex() else t
    )
