"""Whether numbers are finite, asked of every input, gradient and map."""

from __future__ import annotations

from torch import Tensor


def all_finite(tensor: Tensor) -> bool:
    """Return whether no number is NaN or infinite.

    Cost: a sum, which is finite only if all are; for one that is not, which may be that of many large numbers, a look
    at each.
    """
    return bool(tensor.sum().isfinite()) or bool(tensor.isfinite().all())
