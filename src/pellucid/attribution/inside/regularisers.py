"""What keeps an input that gradient ascent makes from becoming noise: four regularisers, each a plain function.

Inputs have the shape (channel, *space). Source: Yosinski et al. 2015, arXiv 1506.06579, section 3.
"""

from __future__ import annotations

from math import floor

import torch
from torch import Tensor

from pellucid.attribution import baseline


def decayed(x: Tensor, share: float) -> Tensor:
    """Return x drawn towards zero, x (1 - share)."""
    return x * (1 - share)


def blurred(x: Tensor, sigma: float) -> Tensor:
    """Return x blurred along every axis of space by a Gaussian of `sigma` cells; the edge values go on beyond it."""
    return baseline.blurred(x, [sigma] * (x.ndim - 1))


def without_small_norms(x: Tensor, percentile: float) -> Tensor:
    """Return x with zeros at positions whose norm over the channels lies below that percentile of all positions."""
    return _clipped(x, x.norm(dim=0), percentile)


def without_small_contributions(x: Tensor, gradient: Tensor, percentile: float) -> Tensor:
    """Return x with zeros where |sum over channels of x * gradient| lies below that percentile of all positions."""
    return _clipped(x, (x * gradient).sum(0).abs(), percentile)


def _clipped(x: Tensor, worth: Tensor, percentile: float) -> Tensor:
    ordered = worth.flatten().sort().values
    place = percentile / 100 * (len(ordered) - 1)
    below = floor(place)
    least = torch.lerp(ordered[below], ordered[min(below + 1, len(ordered) - 1)], place - below)
    return torch.where(worth >= least, x, torch.zeros_like(x))
