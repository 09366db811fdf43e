"""Whether numbers are finite, asked of every input, gradient and map."""

from __future__ import annotations

from torch import Tensor


def all_finite(tensor: Tensor) -> bool:
    """Return whether no number is NaN or infinite.

    Cost: one sum, which is finite only if all numbers are. Where it is not, which large finite numbers may bring about
    too, each is looked at.
    """
    return bool(tensor.sum().isfinite()) or bool(tensor.isfinite().all())
