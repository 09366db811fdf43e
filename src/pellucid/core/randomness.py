"""Private generators from explicit seeds; the global state of torch, numpy and random is never touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pellucid.core.errors import InvalidInputError

if TYPE_CHECKING:
    import torch


def generator(seed: int, *stream: int) -> np.random.Generator:
    """Return numpy's generator for `seed`; further integers name independent streams of it.

    Name all streams of a seed by the same number of integers: zeros at the end count for nothing.
    """
    return np.random.default_rng([_checked(seed), *stream])


def torch_generator(seed: int) -> torch.Generator:
    """Return a CPU generator of torch for `seed`; draw on the CPU and move, so that devices agree."""
    import torch

    return torch.Generator().manual_seed(_checked(seed))


def _checked(seed: object) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InvalidInputError(f"seed must be an integer of 0 or more; got {seed!r}.")
    return seed
