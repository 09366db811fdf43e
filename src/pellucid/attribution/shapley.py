"""Shapley values of a game: from all coalitions, or by regression on some."""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

from pellucid.attribution.coalitions import Masks

Array = NDArray[np.float64]


def exact(values: Array) -> Array:
    """Return the Shapley values, shape (part, target).

    phi_i = sum over S without i of |S|! (n - 1 - |S|)! / n! (v(S + i) - v(S))

    Parameters
    ----------
    values
        Shape (2^part, target): row r is the worth of the parts whose bit is set in r.
    """
    count = len(values).bit_length() - 1
    rows = np.arange(len(values))
    sizes = np.bitwise_count(rows)
    share = np.array([factorial(s) * factorial(count - 1 - s) / factorial(count) for s in range(count)])
    found = []
    for part in range(count):
        without = rows[rows >> part & 1 == 0]
        found.append(share[sizes[without]] @ (values[without | 1 << part] - values[without]))
    return np.stack(found)


def regressed(masks: Masks, weights: Array, values: Array, empty: Array, whole: Array) -> tuple[Array, bool]:
    """Return the Shapley values by weighted regression, their sum held at v(all) - v(none).

    phi = argmin sum over S of w(S) (v(none) + sum over i in S of phi_i - v(S))^2

    Parameters
    ----------
    masks, weights, values
        Shapes (row, part), (row,), (row, target): coalitions that are neither empty nor whole.
    empty, whole
        Their worth, shape (target,).

    Returns
    -------
    values
        Shape (part, target). Where the coalitions leave a direction open, the shares in it are equal.
    determined
        Whether they leave none open.
    """
    count, total = masks.shape[1], whole - empty
    inside = masks.mean(1, keepdims=True)
    root = np.sqrt(weights)[:, None]
    # What is left of equal shares; rows without their mean keep the smallest solution at a sum of zero.
    rest, _, rank, _ = np.linalg.lstsq(root * (masks - inside), root * (values - empty - inside * total), rcond=None)
    return total / count + rest, bool(rank == count - 1)
